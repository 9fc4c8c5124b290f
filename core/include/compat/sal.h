/* Windows sources spell it <sal.h>; the annotations are in sspi_sal.h. */
#include "../sspi_sal.h"
