/* The name under which Windows sources also include the string types of sspi.h. */
#include "../sspi_types.h"
