/* The header Windows programs include first; everything is in sspi.h. */
#ifndef SSPI_SECURITY_H
#define SSPI_SECURITY_H

#include "sspi.h"

#endif
