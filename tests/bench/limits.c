/*
 * What the cryptography alone costs with OpenSSL: algorithms fetched once, contexts kept, keyed digests copied. Nothing
 * of a protocol is parsed, so no acceptor over OpenSSL can be faster.
 */
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "limits_kerberos.h"

static OSSL_LIB_CTX *library;
static EVP_MD_CTX *md5, *inner, *outer;
static EVP_CIPHER_CTX *rc4_one, *rc4_two;
static unsigned char in[16384 + 64], out[16384 + 64], key[64], digest[64], challenge[8];

static int md5_digest(const unsigned char *data, size_t size, unsigned char *to)
{
    return EVP_DigestInit_ex2(md5, NULL, NULL) == 1 && EVP_DigestUpdate(md5, data, size) == 1
           && EVP_DigestFinal_ex(md5, to, NULL) == 1;
}

static int hmac_md5(const unsigned char *with, const unsigned char *data, size_t size, unsigned char *to)
{
    unsigned char pad[64];

    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < 16; i++)
        pad[i] ^= with[i];
    if (EVP_DigestInit_ex2(md5, NULL, NULL) != 1 || EVP_DigestUpdate(md5, pad, sizeof pad) != 1
        || EVP_DigestUpdate(md5, data, size) != 1 || EVP_DigestFinal_ex(md5, to, NULL) != 1)
        return 0;
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    return EVP_DigestInit_ex2(md5, NULL, NULL) == 1 && EVP_DigestUpdate(md5, pad, sizeof pad) == 1
           && EVP_DigestUpdate(md5, to, 16) == 1 && EVP_DigestFinal_ex(md5, to, NULL) == 1;
}

static int rc4_key(EVP_CIPHER_CTX *cipher, const unsigned char *with)
{
    return EVP_EncryptInit_ex2(cipher, NULL, with, NULL, NULL) == 1;
}

/*
 * NTLMv2 accept: NTOWFv2 (32 bytes), NTProofStr (200), session base key (16), RC4 of the exported key, MIC (720), two
 * signing and two sealing keys (MD5 of 76), two sealing states, eight random bytes.
 */
static int ntlm_accept(void *argument)
{
    int size;

    (void)argument;
    if (RAND_bytes_ex(library, challenge, sizeof challenge, 0) != 1 || !hmac_md5(key, in, 32, digest)
        || !hmac_md5(digest, in, 200, out) || !hmac_md5(digest, out, 16, digest) || !rc4_key(rc4_one, digest)
        || EVP_EncryptUpdate(rc4_one, out, &size, in, 16) != 1 || !hmac_md5(out, in, 720, digest))
        return 1;
    for (int i = 0; i < 4; i++) {
        if (!md5_digest(in, 76, out))
            return 2;
    }
    return rc4_key(rc4_one, digest) && rc4_key(rc4_two, out) ? 0 : 3;
}

static size_t message_size;

static int ntlm_message(void)
{
    int size;

    return EVP_MD_CTX_copy_ex(md5, inner) == 1 && EVP_DigestUpdate(md5, in, message_size + 4) == 1
           && EVP_DigestFinal_ex(md5, digest, NULL) == 1 && EVP_MD_CTX_copy_ex(md5, outer) == 1
           && EVP_DigestUpdate(md5, digest, 16) == 1 && EVP_DigestFinal_ex(md5, digest, NULL) == 1
           && EVP_EncryptUpdate(rc4_one, out, &size, in, (int)message_size) == 1
           && EVP_EncryptUpdate(rc4_one, digest, &size, digest, 8) == 1;
}

static int seal_unseal(void *argument)
{
    (void)argument;
    return ntlm_message() && ntlm_message() ? 0 : 1;
}

static EVP_CIPHER_CTX *rc4_new(EVP_CIPHER *rc4)
{
    EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

    if (!cipher || EVP_EncryptInit_ex2(cipher, rc4, key, NULL, NULL) != 1)
        bench_die("rc4", 0);
    return cipher;
}

static EVP_MD_CTX *md5_new(EVP_MD *algorithm, size_t taken_in)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    if (!context || EVP_DigestInit_ex2(context, algorithm, NULL) != 1 || EVP_DigestUpdate(context, in, taken_in) != 1)
        bench_die("md5", 0);
    return context;
}

int main(void)
{
    static const size_t sizes[] = {64, 1024, 16384};
    EVP_CIPHER *rc4;
    EVP_MD *algorithm;

    library = OSSL_LIB_CTX_new();
    if (!OSSL_PROVIDER_load(library, "default") || !OSSL_PROVIDER_load(library, "legacy"))
        bench_die("providers", 0);
    algorithm = EVP_MD_fetch(library, "MD5", NULL);
    rc4 = EVP_CIPHER_fetch(library, "RC4", NULL);
    md5 = md5_new(algorithm, 0);
    inner = md5_new(algorithm, 64);
    outer = md5_new(algorithm, 64);
    rc4_one = rc4_new(rc4);
    rc4_two = rc4_new(rc4);
    bench_case("accept", ntlm_accept, NULL);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];

        message_size = sizes[i];
        snprintf(name, sizeof name, "seal+unseal %zu", sizes[i]);
        bench_case(name, seal_unseal, NULL);
    }
    limits_kerberos(library);
    return 0;
}
