/*
 * Folders of certificates: the visible files in them, in alphabetical order, so that nothing depends on the file
 * system.
 */
#ifndef SSPI_CERTIFICATE_FOLDER_H
#define SSPI_CERTIFICATE_FOLDER_H

#include "base/attributes.h"
#include "base/failure.h"

#define FOLDER_FILES_LIMIT 1000

/* SEC_E_OK goes on; anything else ends the walk and is its result. */
typedef SECURITY_STATUS folder_visit(void *argument, const char *path, struct failure *failure);

/*
 * Visits each regular file of the folder whose name begins with no dot; links are followed. For a path that is no
 * folder visits the path itself. SEC_E_NO_CREDENTIALS: it cannot be read, or holds no file.
 */
MUST_CHECK SECURITY_STATUS folder_each(const char *path, folder_visit *visit, void *argument, struct failure *failure);

#endif
