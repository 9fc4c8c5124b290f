/*
 * Digests over a list of parts. All return false only when OpenSSL fails (no memory, no provider); the output is then
 * zeroed. Per-thread contexts are kept, so a digest allocates nothing once warm.
 */
#ifndef SSPI_CRYPTO_HASH_H
#define SSPI_CRYPTO_HASH_H

#include "base/attributes.h"
#include "base/bytes.h"

#define MD4_SIZE 16
#define MD5_SIZE 16
#define SHA256_SIZE 32

MUST_CHECK bool md4_digest(const struct bytes *parts, size_t count, uint8_t out[MD4_SIZE]);
MUST_CHECK bool md5_digest(const struct bytes *parts, size_t count, uint8_t out[MD5_SIZE]);
MUST_CHECK bool sha256_digest(const struct bytes *parts, size_t count, uint8_t out[SHA256_SIZE]);
/* MD5 of four messages of two parts each, side by side: for key derivation. False: one has not 56 to 119 bytes. */
#define MD5_FOUR_COUNT 4
MUST_CHECK bool md5_four(const struct bytes messages[MD5_FOUR_COUNT][2], uint8_t out[MD5_FOUR_COUNT][MD5_SIZE]);
uint32_t crc32_digest(const struct bytes *parts, size_t count); /* IEEE 802.3, as non-extended NTLM uses */

#endif
