/* Windows sources spell it <Sspi.h>; file names matter here. */
#include "../sspi.h"
