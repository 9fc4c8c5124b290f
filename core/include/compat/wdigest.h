/* Windows sources spell it <wdigest.h>; WDIGEST_SP_NAME is in sspi_constants.h. */
#include "../sspi_constants.h"
