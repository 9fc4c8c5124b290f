/*
 * Reading the files that certificates, keys and passwords are in. Part of the folder's insides, and of packages that
 * have files of that kind.
 */
#ifndef SSPI_CERTIFICATE_FILE_H
#define SSPI_CERTIFICATE_FILE_H

#include "base/attributes.h"
#include "base/failure.h"
#include "base/secret.h"

/* Whether a file with this content must be closed to others. */
typedef bool file_is_secret(struct bytes content);
bool file_always_secret(struct bytes content);
bool file_never_secret(struct bytes content);

/*
 * The whole of a regular file, at most `limit` bytes. One with secrets must belong to root or to this user and be
 * closed to others (0600, or 0640 for a group). SEC_E_NO_CREDENTIALS naming the file and the reason;
 * SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS certificate_file_read(const char *path, size_t limit, file_is_secret *is_secret,
                                                 struct secret *content, struct failure *failure);

#endif
