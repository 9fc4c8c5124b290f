/*
 * AES as Kerberos uses it: single blocks, and CBC with ciphertext stealing (RFC 3962 5, variant CS3) and a zero IV.
 */
#ifndef SSPI_CRYPTO_AES_H
#define SSPI_CRYPTO_AES_H

#include "base/attributes.h"
#include "base/bytes.h"

#define AES_BLOCK_SIZE_BYTES 16

/* `key` is 16 or 32 bytes. In place is legal. False: OpenSSL failed; nothing useful is in `out`. */
MUST_CHECK bool aes_block_encrypt(struct bytes key, const uint8_t in[16], uint8_t out[16]);

/* At least one block. */
MUST_CHECK bool aes_cts_encrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size);
MUST_CHECK bool aes_cts_decrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size);

#endif
