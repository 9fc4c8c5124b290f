/* Windows sources spell it <WinCrypt.h>; file names matter here. */
#include "wincrypt.h"
