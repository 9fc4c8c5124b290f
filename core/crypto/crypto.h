/*
 * The door to OpenSSL: private library contexts, one with the default provider and one with the legacy provider too,
 * each algorithm fetched once. Nothing of the host program's OpenSSL configuration is used or changed.
 */
#ifndef SSPI_CRYPTO_CRYPTO_H
#define SSPI_CRYPTO_CRYPTO_H

#include <stdbool.h>

#include "base/attributes.h"

/* True when the private context, its default provider, MD5, SHA-256, HMAC work. Thread-safe, done once. */
MUST_CHECK bool crypto_ready(void);

/* True when MD4 and DES work as well: needs OpenSSL's legacy provider. NTLM is unavailable without. */
MUST_CHECK bool crypto_legacy_ready(void);

/* What the operator must do when crypto_legacy_ready() is false: one sentence. */
const char *crypto_legacy_advice(void);

#endif
