/*
 * The SEC_WINNT_AUTH_IDENTITY family as a program hands it to AcquireCredentialsHandle, turned into UTF-8.
 */
#ifndef SSPI_API_IDENTITY_H
#define SSPI_API_IDENTITY_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/failure.h"

/* Owned but for the keytab, which borrows; NULL where absent. identity_clear() wipes the password. */
struct identity {
    char *user;
    char *domain;
    char *password;
    char *package_list;
    struct bytes keytab; /* of packed credentials */
};

/*
 * Decodes the plain, EX or EX2 form; `wide` is the entry point's form, which counts where Flags names neither ANSI nor
 * UNICODE. SEC_E_UNKNOWN_CREDENTIALS for a malformed or encrypted one, SEC_E_INSUFFICIENT_MEMORY. `out` is cleared on
 * failure.
 */
MUST_CHECK SECURITY_STATUS identity_decode(const void *auth_data, bool wide, struct identity *out,
                                           struct failure *failure);
void identity_clear(struct identity *identity);

#endif
