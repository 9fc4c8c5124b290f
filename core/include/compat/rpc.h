/* For sources that include it beside security.h: its authentication constants are in sspi.h. */
#include "windows.h"
