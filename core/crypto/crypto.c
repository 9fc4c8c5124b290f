/*
 * Opens OpenSSL once: library contexts of our own, so that MD4 and DES stay invisible to the host program.
 */
#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>

#include "crypto/library.h"

static struct crypto_library library;
static pthread_once_t library_once = PTHREAD_ONCE_INIT;

/* The default provider comes last, or all of its algorithms would be taken in with the two. */
static void legacy_open(void)
{
    OSSL_LIB_CTX *made = OSSL_LIB_CTX_new();

    if (!made || !OSSL_PROVIDER_load(made, "legacy")) {
        OSSL_LIB_CTX_free(made);
        return;
    }
    library.digests[CRYPTO_MD4] = EVP_MD_fetch(made, "MD4", NULL);
    library.des = EVP_CIPHER_fetch(made, "DES-ECB", NULL);
    if (OSSL_PROVIDER_load(made, "default"))
        library.legacy = made;
}

static void library_open(void)
{
    /* What is missing here is reported by crypto_ready(); the host's own error queue stays as it was. */
    ERR_set_mark();
    library.context = OSSL_LIB_CTX_new();
    if (library.context && OSSL_PROVIDER_load(library.context, "default")) {
        library.digests[CRYPTO_MD5] = EVP_MD_fetch(library.context, "MD5", NULL);
        library.digests[CRYPTO_SHA1] = EVP_MD_fetch(library.context, "SHA1", NULL);
        library.digests[CRYPTO_SHA256] = EVP_MD_fetch(library.context, "SHA2-256", NULL);
        library.digests[CRYPTO_SHA384] = EVP_MD_fetch(library.context, "SHA2-384", NULL);
        library.aes128_ecb = EVP_CIPHER_fetch(library.context, "AES-128-ECB", NULL);
        library.aes256_ecb = EVP_CIPHER_fetch(library.context, "AES-256-ECB", NULL);
        library.aes128_cts = EVP_CIPHER_fetch(library.context, "AES-128-CBC-CTS", NULL);
        library.aes256_cts = EVP_CIPHER_fetch(library.context, "AES-256-CBC-CTS", NULL);
        legacy_open();
    }
    ERR_pop_to_mark();
}

const struct crypto_library *crypto_library(void)
{
    pthread_once(&library_once, library_open);
    return &library;
}

OSSL_LIB_CTX *crypto_library_widest(void)
{
    const struct crypto_library *opened = crypto_library();

    return opened->legacy ? opened->legacy : opened->context;
}

bool crypto_ready(void)
{
    const struct crypto_library *opened = crypto_library();

    return opened->digests[CRYPTO_MD5] && opened->digests[CRYPTO_SHA256];
}

bool crypto_legacy_ready(void)
{
    const struct crypto_library *opened = crypto_library();

    return crypto_ready() && opened->digests[CRYPTO_MD4] && opened->des;
}

const char *crypto_legacy_advice(void)
{
    return "Install OpenSSL's legacy provider (legacy.so: part of libssl3 on Debian, of openssl-libs on Fedora), or "
           "point "
           "OPENSSL_MODULES at the folder that holds it: NTLM needs MD4 and DES.";
}
