/*
 * What the cryptography of Kerberos with aes256-cts-hmac-sha1-96 costs with OpenSSL alone, for limits.c: contexts kept,
 * keys of the ticket derived already, nothing of ASN.1.
 */
#include "limits_kerberos.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

static OSSL_LIB_CTX *library;
static EVP_CIPHER_CTX *block, *encrypt, *decrypt;
static EVP_MD_CTX *sha1;
static unsigned char in[16384 + 64], out[16384 + 64], key[64], digest[32], random_room[48];

/* Two AES blocks over a folded constant: one key of 32 bytes. */
static int derive(const unsigned char *with, unsigned char *to)
{
    int size;

    return EVP_CipherInit_ex2(block, NULL, with, NULL, -1, NULL) == 1 && EVP_CipherUpdate(block, to, &size, in, 16) == 1
           && EVP_CipherUpdate(block, to + 16, &size, to, 16) == 1;
}

static int hmac(const unsigned char *with, const unsigned char *data, size_t size)
{
    unsigned char pad[64];

    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < 32; i++)
        pad[i] ^= with[i];
    if (EVP_DigestInit_ex2(sha1, NULL, NULL) != 1 || EVP_DigestUpdate(sha1, pad, sizeof pad) != 1
        || EVP_DigestUpdate(sha1, data, size) != 1 || EVP_DigestFinal_ex(sha1, digest, NULL) != 1)
        return 0;
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    return EVP_DigestInit_ex2(sha1, NULL, NULL) == 1 && EVP_DigestUpdate(sha1, pad, sizeof pad) == 1
           && EVP_DigestUpdate(sha1, digest, 20) == 1 && EVP_DigestFinal_ex(sha1, digest, NULL) == 1;
}

static int protect(const unsigned char *with, const unsigned char *mac_key, size_t size)
{
    static const unsigned char iv[16];
    int written;

    return hmac(mac_key, in, size) && EVP_CipherInit_ex2(encrypt, NULL, with, iv, -1, NULL) == 1
           && EVP_CipherUpdate(encrypt, out, &written, in, (int)size) == 1;
}

static int unprotect(const unsigned char *with, const unsigned char *mac_key, size_t size)
{
    static const unsigned char iv[16];
    int written;

    return EVP_CipherInit_ex2(decrypt, NULL, with, iv, -1, NULL) == 1
           && EVP_CipherUpdate(decrypt, out, &written, in, (int)size) == 1 && hmac(mac_key, out, size);
}

/* The ticket opened, authenticator and AP-REP with two derived keys each, a subkey and a sequence number drawn. */
static int kerberos_accept(void *argument)
{
    unsigned char keys[4][32];

    (void)argument;
    return unprotect(key, key, 256) && derive(key, keys[0]) && derive(key, keys[1]) && unprotect(keys[0], keys[1], 144)
                   && derive(key, keys[2]) && derive(key, keys[3]) && protect(keys[2], keys[3], 112)
                   && RAND_priv_bytes_ex(library, random_room, sizeof random_room, 0) == 1
               ? 0
               : 1;
}

static size_t message_size;

/* Confounder and header beside the text; the confounder drawn. */
static int kerberos_message(void *argument)
{
    (void)argument;
    return RAND_priv_bytes_ex(library, in, 16, 0) == 1 && protect(key, key, message_size + 32)
                   && unprotect(key, key, message_size + 32)
               ? 0
               : 1;
}

static EVP_CIPHER_CTX *cipher_new(const char *name, int encrypting)
{
    OSSL_PARAM variant[] = {OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, (char *)"CS3", 0),
                            OSSL_PARAM_construct_end()};
    EVP_CIPHER *algorithm = EVP_CIPHER_fetch(library, name, NULL);
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

    if (!algorithm || !cipher || EVP_CipherInit_ex2(cipher, algorithm, key, NULL, encrypting, NULL) != 1
        || EVP_CIPHER_CTX_set_padding(cipher, 0) != 1
        || (strstr(name, "CTS") && EVP_CIPHER_CTX_set_params(cipher, variant) != 1))
        bench_die(name, 0);
    return cipher;
}

void limits_kerberos(OSSL_LIB_CTX *context)
{
    static const size_t sizes[] = {64, 1024, 16384};

    library = context;
    block = cipher_new("AES-256-ECB", 1);
    encrypt = cipher_new("AES-256-CBC-CTS", 1);
    decrypt = cipher_new("AES-256-CBC-CTS", 0);
    sha1 = EVP_MD_CTX_new();
    if (!sha1 || EVP_DigestInit_ex2(sha1, EVP_MD_fetch(library, "SHA1", NULL), NULL) != 1)
        bench_die("sha1", 0);
    bench_case("Kerberos accept", kerberos_accept, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];

        message_size = sizes[i];
        snprintf(name, sizeof name, "Kerberos seal+unseal %zu", sizes[i]);
        bench_case(name, kerberos_message, NULL);
    }
}
