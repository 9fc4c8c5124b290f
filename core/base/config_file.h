/*
 * Reads sspi.conf (krb5.conf syntax) with Heimdal's parser.
 */
#ifndef SSPI_BASE_CONFIG_FILE_H
#define SSPI_BASE_CONFIG_FILE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/failure.h"

struct config_file;

/*
 * Opens SSPI_CONFIG (secure_getenv) or the built-in path. No file at the built-in path: success and `*file` NULL.
 * A named file that is missing, or any that cannot be read or parsed: SEC_E_INTERNAL_ERROR, the failure names it.
 * Refused as well: a file that everybody may write, a section that is neither [sspi] nor one of krb5.conf, and in
 * section [sspi] a name given twice or a subsection.
 */
MUST_CHECK SECURITY_STATUS config_file_open(struct config_file **file, struct failure *failure);

/* Where the configuration is read from: SSPI_CONFIG or the built-in path. */
const char *config_file_location(void);

/* Value of `name` in section [sspi], borrowed until close; NULL if absent. `file` may be NULL. */
const char *config_file_string(const struct config_file *file, const char *name);

/* Calls `each` for every name in section [sspi]; stops and returns false when it returns false. `file` may be NULL. */
bool config_file_each(const struct config_file *file, bool (*each)(void *argument, const char *name, const char *value),
                      void *argument);

/* The file's name, for explanations; borrowed until close. */
const char *config_file_path(const struct config_file *file);
void config_file_close(struct config_file *file); /* NULL is legal */

#endif
