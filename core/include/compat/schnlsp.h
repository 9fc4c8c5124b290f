/* The name under which Windows sources also include schannel.h. */
#include "../schannel.h"
