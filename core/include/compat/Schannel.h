/* Windows sources spell it <Schannel.h>; file names matter here. */
#include "../schannel.h"
