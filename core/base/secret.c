/*
 * Wiping and comparing secrets, by OpenSSL's functions that the compiler cannot optimise away.
 */
#include "base/secret.h"

#include <openssl/crypto.h>

#include "base/memory.h"

void secret_wipe(void *memory, size_t size)
{
    if (size)
        OPENSSL_cleanse(memory, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    return CRYPTO_memcmp(a, b, size) == 0;
}

bool secret_set(struct secret *secret, const void *data, size_t size)
{
    uint8_t *copy = mem_dup(data, size);

    if (!copy)
        return false;
    secret_clear(secret);
    *secret = (struct secret){copy, size};
    return true;
}

void secret_clear(struct secret *secret)
{
    mem_free_secret(secret->data, secret->size);
    *secret = (struct secret){0};
}
