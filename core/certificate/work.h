/*
 * What a file with a password may cost before it is known to be worth it: who sends it chooses how often the password
 * is hashed. Part of the folder's insides.
 */
#ifndef SSPI_CERTIFICATE_WORK_H
#define SSPI_CERTIFICATE_WORK_H

#include <openssl/x509.h>
#include <stdbool.h>

#include "base/attributes.h"

/* Iterations of PBKDF2 or of the older ways, of all parts of a file together: a second or two. */
#define WORK_LIMIT INT64_C(2000000)

struct work {
    int64_t done;
};

/* Adds a count that a file names; false: none that can be borne. */
MUST_CHECK bool work_take(struct work *work, const ASN1_INTEGER *count);

/* The same for an encryption or a MAC under a password: PBES1, PBES2 with PBKDF2 or scrypt (RFC 8018, RFC 7914),
 * PBMAC1 (RFC 9579), those of PKCS#12. False also for what cannot be read. */
MUST_CHECK bool work_take_of(struct work *work, const X509_ALGOR *algorithm);

#endif
