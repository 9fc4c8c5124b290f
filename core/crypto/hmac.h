/*
 * HMAC: one-shot, and for MD5 with a kept key for many messages.
 */
#ifndef SSPI_CRYPTO_HMAC_H
#define SSPI_CRYPTO_HMAC_H

#include "base/attributes.h"
#include "base/bytes.h"

#define HMAC_MD5_SIZE 16
#define HMAC_SHA1_SIZE 20
#define HMAC_SHA256_SIZE 32
#define HMAC_SHA384_SIZE 48

MUST_CHECK bool hmac_md5(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_MD5_SIZE]);
MUST_CHECK bool hmac_sha1(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_SHA1_SIZE]);
MUST_CHECK bool hmac_sha256(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_SHA256_SIZE]);
MUST_CHECK bool hmac_sha384(struct bytes key, const struct bytes *parts, size_t count, uint8_t out[HMAC_SHA384_SIZE]);

struct hmac_md5_key;
MUST_CHECK struct hmac_md5_key *hmac_md5_key_new(struct bytes key); /* NULL: no memory */
/* Two keys of at most 64 bytes each at once, for little more than one. False: no memory; both are NULL then. */
MUST_CHECK bool hmac_md5_keys_new(struct bytes first, struct bytes second, struct hmac_md5_key *keys[2]);
void hmac_md5_key_free(struct hmac_md5_key *key); /* wipes; NULL is legal */
void hmac_md5_with(const struct hmac_md5_key *key, const struct bytes *parts, size_t count, uint8_t out[HMAC_MD5_SIZE]);

#endif
