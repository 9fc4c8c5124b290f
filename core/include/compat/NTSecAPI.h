/* Windows sources spell it <NTSecAPI.h>; file names matter here. */
#include "../ntsecapi.h"
