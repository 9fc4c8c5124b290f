/*
 * RC4 over OpenSSL's legacy provider: streams that last as long as a security context, and single short messages.
 */
#include "crypto/rc4.h"

#include <limits.h>

#include "base/memory.h"
#include "base/secret.h"
#include "crypto/library.h"

#define RC4_DEFAULT_KEY 16

struct rc4 {
    EVP_CIPHER_CTX *cipher;
};

static bool rc4_set_key(EVP_CIPHER_CTX *cipher, struct bytes key)
{
    const EVP_CIPHER *algorithm = crypto_library()->rc4;

    if (!algorithm || !key.size || key.size > INT_MAX)
        return false;
    if (key.size == RC4_DEFAULT_KEY)
        return EVP_EncryptInit_ex2(cipher, algorithm, key.data, NULL, NULL) == 1;
    return EVP_EncryptInit_ex2(cipher, algorithm, NULL, NULL, NULL) == 1
           && EVP_CIPHER_CTX_set_key_length(cipher, (int)key.size) == 1
           && EVP_EncryptInit_ex2(cipher, NULL, key.data, NULL, NULL) == 1;
}

static bool rc4_update(EVP_CIPHER_CTX *cipher, const void *in, void *out, size_t size)
{
    const uint8_t *from = in;
    uint8_t *to = out;

    while (size) {
        int piece = size < INT_MAX ? (int)size : INT_MAX, written;

        if (EVP_EncryptUpdate(cipher, to, &written, from, piece) != 1)
            return false;
        from += piece;
        to += piece;
        size -= (size_t)piece;
    }
    return true;
}

/* Takes the cipher over, also when it fails. */
static struct rc4 *rc4_wrap(EVP_CIPHER_CTX *cipher)
{
    struct rc4 *state = mem_alloc(sizeof *state);

    if (state)
        state->cipher = cipher;
    else
        EVP_CIPHER_CTX_free(cipher);
    return state;
}

struct rc4 *rc4_new(struct bytes key)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

    if (cipher && rc4_set_key(cipher, key))
        return rc4_wrap(cipher);
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

struct rc4 *rc4_copy(const struct rc4 *state)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

    if (cipher && EVP_CIPHER_CTX_copy(cipher, state->cipher) == 1)
        return rc4_wrap(cipher);
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

void rc4_free(struct rc4 *state)
{
    if (!state)
        return;
    EVP_CIPHER_CTX_free(state->cipher);
    mem_free(state);
}

bool rc4_apply(struct rc4 *state, const void *in, void *out, size_t size)
{
    return rc4_update(state->cipher, in, out, size);
}

bool rc4_once(struct bytes key, const void *in, void *out, size_t size)
{
    EVP_CIPHER_CTX *cipher = crypto_thread_cipher();
    bool ok = cipher && rc4_set_key(cipher, key) && rc4_update(cipher, in, out, size);

    if (cipher)
        EVP_CIPHER_CTX_reset(cipher);
    if (!ok)
        secret_wipe(out, size);
    return ok;
}
