/*
 * Digests over the contexts that the thread keeps, and the CRC-32 of non-extended NTLM signatures.
 */
#include "crypto/hash.h"

#include "base/secret.h"
#include "crypto/library.h"

bool crypto_update(EVP_MD_CTX *context, const struct bytes *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (EVP_DigestUpdate(context, parts[i].data, parts[i].size) != 1)
            return false;
    }
    return true;
}

static bool digest(enum crypto_digest which, const struct bytes *parts, size_t count, uint8_t *out, size_t size)
{
    EVP_MD_CTX *context = crypto_thread_digest(which);
    bool ok = context && crypto_update(context, parts, count) && EVP_DigestFinal_ex(context, out, NULL) == 1;

    ok = crypto_thread_restart(which, ok);
    if (!ok)
        secret_wipe(out, size);
    return ok;
}

bool md4_digest(const struct bytes *parts, size_t count, uint8_t out[MD4_SIZE])
{
    return digest(CRYPTO_MD4, parts, count, out, MD4_SIZE);
}

bool md5_digest(const struct bytes *parts, size_t count, uint8_t out[MD5_SIZE])
{
    return digest(CRYPTO_MD5, parts, count, out, MD5_SIZE);
}

bool sha256_digest(const struct bytes *parts, size_t count, uint8_t out[SHA256_SIZE])
{
    return digest(CRYPTO_SHA256, parts, count, out, SHA256_SIZE);
}

/* The reflected polynomial 0xEDB88320 over four bits at a time. */
static const uint32_t crc32_nibbles[16] = {
    0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
    0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
};

uint32_t crc32_digest(const struct bytes *parts, size_t count)
{
    uint32_t crc = 0xFFFFFFFF;

    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < parts[i].size; j++) {
            crc ^= parts[i].data[j];
            crc = crc >> 4 ^ crc32_nibbles[crc & 15];
            crc = crc >> 4 ^ crc32_nibbles[crc & 15];
        }
    }
    return ~crc;
}
