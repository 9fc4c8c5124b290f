/*
 * AES over contexts that each thread keeps; a key stays in them only for the length of a call.
 */
#include "crypto/aes.h"

#include <limits.h>
#include <string.h>

#include "base/secret.h"
#include "crypto/library.h"

static const uint8_t zeros[32];

/* The context of (key size, mode, direction), keyed and with a zero IV. NULL: OpenSSL failed. */
static EVP_CIPHER_CTX *aes_keyed(enum crypto_aes mode, struct bytes key)
{
    EVP_CIPHER_CTX *cipher = crypto_thread_aes(mode, key.size == 32);
    const uint8_t *iv = mode == CRYPTO_AES_BLOCK ? NULL : zeros;

    if (!cipher || (key.size != 16 && key.size != 32))
        return NULL;
    return EVP_CipherInit_ex2(cipher, NULL, key.data, iv, -1, NULL) == 1 ? cipher : NULL;
}

/* The key schedule would hold the key: overwrite it. The IV is set with the next key. */
static bool aes_forget(EVP_CIPHER_CTX *cipher)
{
    return cipher && EVP_CipherInit_ex2(cipher, NULL, zeros, NULL, -1, NULL) == 1;
}

static bool aes_update(EVP_CIPHER_CTX *cipher, const uint8_t *in, uint8_t *out, size_t size)
{
    int written = 0;

    return cipher && size <= INT_MAX && EVP_CipherUpdate(cipher, out, &written, in, (int)size) == 1
           && (size_t)written == size;
}

static bool aes_run(enum crypto_aes mode, struct bytes key, const uint8_t *in, uint8_t *out, size_t size)
{
    EVP_CIPHER_CTX *cipher = aes_keyed(mode, key);
    bool ok = aes_update(cipher, in, out, size);

    return aes_forget(cipher) && ok;
}

/* All chains side by side, since each call of OpenSSL costs more than a block. */
bool aes_chains_encrypt(struct bytes key, const uint8_t *in, size_t count, bool twice, uint8_t *out)
{
    uint8_t links[2][AES_CHAINS_MAX * AES_BLOCK_SIZE_BYTES];
    const size_t size = count * AES_BLOCK_SIZE_BYTES, rounds = twice ? 2 : 1;
    EVP_CIPHER_CTX *cipher = count <= AES_CHAINS_MAX ? aes_keyed(CRYPTO_AES_BLOCK, key) : NULL;
    bool ok = aes_update(cipher, in, links[0], size) && (!twice || aes_update(cipher, links[0], links[1], size));

    ok = aes_forget(cipher) && ok;
    for (size_t i = 0; ok && i < count * rounds; i++)
        memcpy(out + i * AES_BLOCK_SIZE_BYTES, links[i % rounds] + i / rounds * AES_BLOCK_SIZE_BYTES,
               AES_BLOCK_SIZE_BYTES);
    secret_wipe(links, sizeof links);
    return ok;
}

bool aes_cts_encrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size)
{
    return size >= AES_BLOCK_SIZE_BYTES && aes_run(CRYPTO_AES_CTS_ENCRYPT, key, in, out, size);
}

bool aes_cts_decrypt(struct bytes key, const uint8_t *in, uint8_t *out, size_t size)
{
    return size >= AES_BLOCK_SIZE_BYTES && aes_run(CRYPTO_AES_CTS_DECRYPT, key, in, out, size);
}
