/*
 * RC4 streams of NTLM (and later of Digest and Kerberos).
 */
#ifndef SSPI_CRYPTO_RC4_H
#define SSPI_CRYPTO_RC4_H

#include "base/attributes.h"
#include "base/bytes.h"

struct rc4;
MUST_CHECK struct rc4 *rc4_new(struct bytes key); /* 1 to 256 bytes; NULL: no memory, or another size */
/* Two streams with keys of 16 bytes, for little more than one. False: no memory; both are NULL then. */
MUST_CHECK bool rc4_new_pair(const uint8_t first[16], const uint8_t second[16], struct rc4 *states[2]);
MUST_CHECK struct rc4 *rc4_copy(const struct rc4 *state); /* a snapshot, to restore a stream; NULL: no memory */
void rc4_free(struct rc4 *state);                         /* wipes; NULL is legal */
void rc4_apply(struct rc4 *state, const void *in, void *out, size_t size); /* in place is legal; size 0 too */

/* One short message with a fresh key. False, with `out` zeroed: the key has another size than 1 to 256 bytes. */
MUST_CHECK bool rc4_once(struct bytes key, const void *in, void *out, size_t size);

#endif
