/*
 * Descriptions of packages for callers.
 */
#ifndef SSPI_API_PACKAGES_H
#define SSPI_API_PACKAGES_H

#include "api/provider.h"

/* One SecPkgInfoA or SecPkgInfoW with its strings, as a context buffer. SEC_E_INSUFFICIENT_MEMORY. */
MUST_CHECK SECURITY_STATUS package_info_make(bool wide, const struct provider *provider, void **info);

#endif
