/* Windows sources spell it <CredSSP.h>; file names matter here. */
#include "../credssp.h"
