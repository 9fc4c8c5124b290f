/* Windows sources spell it <Wincrypt.h>; file names matter here. */
#include "wincrypt.h"
