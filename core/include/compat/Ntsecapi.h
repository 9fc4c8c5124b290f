/* Windows sources spell it <Ntsecapi.h>; file names matter here. */
#include "../ntsecapi.h"
