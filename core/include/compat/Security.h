/* Windows sources spell it <Security.h>; file names matter here. */
#include "../security.h"
