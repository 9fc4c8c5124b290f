/*
 * The names that this server has where the operator gave none. Part of settings.c.
 */
#ifndef SSPI_BASE_SETTINGS_NAMES_H
#define SSPI_BASE_SETTINGS_NAMES_H

#include <stdbool.h>

#include "base/attributes.h"

#define SETTINGS_HOST_SIZE 256
#define SETTINGS_NETBIOS_CHARACTERS 15
#define SETTINGS_NETBIOS_LIMIT (4 * SETTINGS_NETBIOS_CHARACTERS) /* bytes of UTF-8 */

/* The host name, terminated; "localhost" where the system has none that is text. */
void settings_host_name(char host[SETTINGS_HOST_SIZE]);

/* Its first label, upper-cased, cut at 15 characters. Allocated; NULL: no memory. */
MUST_CHECK char *settings_netbios_from_host(const char *host);

/* At most 15 characters and no dot at the start, as [MS-NLMP] 2.2.2.1 and NetBIOS want it. `name` is UTF-8. */
bool settings_netbios_fits(const char *name);

#endif
