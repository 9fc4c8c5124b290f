/*
 * AES as Kerberos uses it: blocks for deriving keys, and CBC with ciphertext stealing (RFC 3962 5, variant CS3) and a
 * zero IV.
 */
#ifndef SSPI_CRYPTO_AES_H
#define SSPI_CRYPTO_AES_H

#include "base/attributes.h"
#include "base/bytes.h"

#define AES_BLOCK_SIZE_BYTES 16

/* `key` is 16 or 32 bytes. In place is legal. False: OpenSSL failed; nothing useful is in `out`. */

/*
 * `count` blocks (at most AES_CHAINS_MAX) encrypted, each on its own; with `twice` what came out is encrypted once
 * more, and `out` gets the two results of each block next to each other.
 */
#define AES_CHAINS_MAX 4
MUST_CHECK bool aes_chains_encrypt(struct bytes key, const uint8_t *in, size_t count, bool twice, uint8_t *out);

/* At least one block. */
MUST_CHECK bool aes_cts_encrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size);
MUST_CHECK bool aes_cts_decrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size);

#endif
