/*
 * DES for LM and NTLMv1 responses, over OpenSSL's legacy provider. Rare, so nothing is kept.
 */
#include "crypto/des.h"

#include "base/secret.h"
#include "crypto/library.h"

#define DES_BLOCK 8
#define DES_KEY_PART 7

/* Spreads 56 bits over the upper seven bits of eight bytes; DES ignores the lowest, the parity. */
static void des_expand(const uint8_t key[DES_KEY_PART], uint8_t expanded[DES_BLOCK])
{
    uint64_t bits = 0;

    for (size_t i = 0; i < DES_KEY_PART; i++)
        bits = bits << 8 | key[i];
    for (size_t i = 0; i < DES_BLOCK; i++)
        expanded[i] = (uint8_t)(bits >> (49 - 7 * i) << 1);
    secret_wipe(&bits, sizeof bits);
}

bool des_encrypt(const uint8_t key[7], const uint8_t in[8], uint8_t out[8])
{
    const EVP_CIPHER *algorithm = crypto_library()->des;
    EVP_CIPHER_CTX *cipher = algorithm ? crypto_thread_cipher() : NULL;
    uint8_t expanded[DES_BLOCK];
    int written;
    bool ok;

    des_expand(key, expanded);
    ok = cipher && EVP_EncryptInit_ex2(cipher, algorithm, expanded, NULL, NULL) == 1
         && EVP_CIPHER_CTX_set_padding(cipher, 0) == 1 && EVP_EncryptUpdate(cipher, out, &written, in, DES_BLOCK) == 1
         && written == DES_BLOCK;
    if (cipher)
        EVP_CIPHER_CTX_reset(cipher);
    secret_wipe(expanded, sizeof expanded);
    if (!ok)
        secret_wipe(out, DES_BLOCK);
    return ok;
}

/* Three keys of seven bytes: the sixteen of `key`, filled up with zeros. */
bool desl_encrypt(const uint8_t key[16], const uint8_t in[8], uint8_t out[24])
{
    uint8_t keys[3 * DES_KEY_PART] = {0};
    bool ok = true;

    for (size_t i = 0; i < 16; i++)
        keys[i] = key[i];
    for (size_t i = 0; ok && i < 3; i++)
        ok = des_encrypt(keys + i * DES_KEY_PART, in, out + i * DES_BLOCK);
    secret_wipe(keys, sizeof keys);
    if (!ok)
        secret_wipe(out, 3 * DES_BLOCK);
    return ok;
}
