/*
 * RC4 streams of NTLM (and later of Digest and Kerberos).
 */
#ifndef SSPI_CRYPTO_RC4_H
#define SSPI_CRYPTO_RC4_H

#include "base/attributes.h"
#include "base/bytes.h"

struct rc4;
MUST_CHECK struct rc4 *rc4_new(struct bytes key);         /* 1 to 256 bytes; NULL: no memory, or another size */
MUST_CHECK struct rc4 *rc4_copy(const struct rc4 *state); /* a snapshot, to restore a stream; NULL: no memory */
void rc4_free(struct rc4 *state);                         /* wipes; NULL is legal */
void rc4_apply(struct rc4 *state, const void *in, void *out, size_t size); /* in place is legal; size 0 too */

/* One short message with a fresh key. False, with `out` zeroed: the key has another size than 1 to 256 bytes. */
MUST_CHECK bool rc4_once(struct bytes key, const void *in, void *out, size_t size);

#endif
