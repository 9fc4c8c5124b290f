/*
 * AES over contexts that each thread keeps; a key stays in them only for the length of a call.
 */
#include "crypto/aes.h"

#include <limits.h>
#include <openssl/core_names.h>

#include "crypto/library.h"

static const uint8_t zeros[32];

/* The context of (key size, mode, direction), keyed and with a zero IV. NULL: OpenSSL failed. */
static EVP_CIPHER_CTX *aes_keyed(enum crypto_aes mode, struct bytes key)
{
    EVP_CIPHER_CTX *cipher = crypto_thread_aes(mode, key.size == 32);

    if (!cipher || (key.size != 16 && key.size != 32))
        return NULL;
    return EVP_CipherInit_ex2(cipher, NULL, key.data, zeros, -1, NULL) == 1 ? cipher : NULL;
}

static bool aes_run(enum crypto_aes mode, struct bytes key, const uint8_t *in, uint8_t *out, size_t size)
{
    EVP_CIPHER_CTX *cipher = aes_keyed(mode, key);
    int written = 0;
    bool ok = cipher && size <= INT_MAX && EVP_CipherUpdate(cipher, out, &written, in, (int)size) == 1
              && (size_t)written == size;

    /* The key schedule would hold the key: overwrite it. */
    return (cipher && EVP_CipherInit_ex2(cipher, NULL, zeros, zeros, -1, NULL) == 1) && ok;
}

bool aes_block_encrypt(struct bytes key, const uint8_t in[16], uint8_t out[16])
{
    return aes_run(CRYPTO_AES_BLOCK, key, in, out, AES_BLOCK_SIZE_BYTES);
}

bool aes_cts_encrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size)
{
    return size >= AES_BLOCK_SIZE_BYTES && aes_run(CRYPTO_AES_CTS_ENCRYPT, key, in, out, size);
}

bool aes_cts_decrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size)
{
    return size >= AES_BLOCK_SIZE_BYTES && aes_run(CRYPTO_AES_CTS_DECRYPT, key, in, out, size);
}
