/* Windows sources spell it <ntsecapi.h>; it is one folder up. */
#include "../ntsecapi.h"
