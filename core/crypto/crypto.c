/*
 * Opens OpenSSL once: library contexts of our own, so that MD4 and DES stay invisible to the host program.
 */
#include "crypto/crypto.h"

#include <openssl/err.h>
#include <openssl/provider.h>
#include <pthread.h>
#include <stdatomic.h>

#include "crypto/library.h"

#define ATTEMPTS_MAX 16 /* an OpenSSL that fails in a way that we do not know is not asked for ever */

static struct crypto_library library;
static _Atomic(const struct crypto_library *) opened;
static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned attempts;

static void fork_prepare(void)
{
    pthread_mutex_lock(&opening);
}

static void fork_finish(void)
{
    pthread_mutex_unlock(&opening);
}

static void once_run(void)
{
    (void)pthread_atfork(fork_prepare, fork_finish, fork_finish);
}

static bool base_open(struct crypto_library *made)
{
    made->context = OSSL_LIB_CTX_new();
    if (!made->context || !(made->providers[0] = OSSL_PROVIDER_load(made->context, "default")))
        return false;
    made->digests[CRYPTO_MD5] = EVP_MD_fetch(made->context, "MD5", NULL);
    made->digests[CRYPTO_SHA1] = EVP_MD_fetch(made->context, "SHA1", NULL);
    made->digests[CRYPTO_SHA256] = EVP_MD_fetch(made->context, "SHA2-256", NULL);
    made->digests[CRYPTO_SHA384] = EVP_MD_fetch(made->context, "SHA2-384", NULL);
    made->aes128_ecb = EVP_CIPHER_fetch(made->context, "AES-128-ECB", NULL);
    made->aes256_ecb = EVP_CIPHER_fetch(made->context, "AES-256-ECB", NULL);
    made->aes128_cts = EVP_CIPHER_fetch(made->context, "AES-128-CBC-CTS", NULL);
    made->aes256_cts = EVP_CIPHER_fetch(made->context, "AES-256-CBC-CTS", NULL);
    return made->digests[CRYPTO_MD5] && made->digests[CRYPTO_SHA1] && made->digests[CRYPTO_SHA256]
           && made->digests[CRYPTO_SHA384] && made->aes128_ecb && made->aes256_ecb && made->aes128_cts
           && made->aes256_cts;
}

/*
 * True also where this OpenSSL has no such provider: asking again would not change that. The default provider comes
 * last, or all of its algorithms would be taken in with the two.
 */
static bool legacy_open(struct crypto_library *made)
{
    bool missing;

    made->legacy = OSSL_LIB_CTX_new();
    if (!made->legacy)
        return false;
    made->providers[1] = OSSL_PROVIDER_load(made->legacy, "legacy");
    if (!made->providers[1]) {
        missing = ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_DSO_LIB;
        OSSL_LIB_CTX_free(made->legacy);
        made->legacy = NULL;
        return missing;
    }
    made->digests[CRYPTO_MD4] = EVP_MD_fetch(made->legacy, "MD4", NULL);
    made->des = EVP_CIPHER_fetch(made->legacy, "DES-ECB", NULL);
    made->providers[2] = OSSL_PROVIDER_load(made->legacy, "default");
    return made->digests[CRYPTO_MD4] && made->des && made->providers[2];
}

static void library_close(struct crypto_library *made)
{
    EVP_CIPHER *const ciphers[] = {made->des, made->aes128_ecb, made->aes256_ecb, made->aes128_cts, made->aes256_cts};

    for (size_t i = 0; i < CRYPTO_DIGESTS; i++)
        EVP_MD_free(made->digests[i]);
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++)
        EVP_CIPHER_free(ciphers[i]);
    for (size_t i = 0; i < sizeof made->providers / sizeof made->providers[0]; i++)
        if (made->providers[i])
            (void)OSSL_PROVIDER_unload(made->providers[i]);
    OSSL_LIB_CTX_free(made->legacy);
    OSSL_LIB_CTX_free(made->context);
    *made = (struct crypto_library){0};
}

/* Whatever fails for want of memory is tried again with the next use. */
static const struct crypto_library *library_open(void)
{
    static const struct crypto_library nothing;
    const struct crypto_library *result;

    pthread_once(&once, once_run);
    pthread_mutex_lock(&opening);
    result = atomic_load(&opened);
    if (!result) {
        /* What is missing here is reported by crypto_ready(); the host's own error queue stays as it was. */
        ERR_set_mark();
        if ((base_open(&library) && legacy_open(&library)) || ++attempts >= ATTEMPTS_MAX)
            atomic_store(&opened, &library);
        else
            library_close(&library);
        ERR_pop_to_mark();
        result = atomic_load(&opened);
    }
    pthread_mutex_unlock(&opening);
    return result ? result : &nothing;
}

const struct crypto_library *crypto_library(void)
{
    const struct crypto_library *result = atomic_load_explicit(&opened, memory_order_acquire);

    return result ? result : library_open();
}

OSSL_LIB_CTX *crypto_library_widest(void)
{
    const struct crypto_library *found = crypto_library();

    return found->legacy ? found->legacy : found->context;
}

bool crypto_ready(void)
{
    const struct crypto_library *found = crypto_library();

    return found->digests[CRYPTO_MD5] && found->digests[CRYPTO_SHA256];
}

bool crypto_legacy_ready(void)
{
    const struct crypto_library *found = crypto_library();

    return crypto_ready() && found->digests[CRYPTO_MD4] && found->des;
}

const char *crypto_legacy_advice(void)
{
    return "Install OpenSSL's legacy provider (legacy.so: part of libssl3 on Debian, of openssl-libs on Fedora), or "
           "point "
           "OPENSSL_MODULES at the folder that holds it: NTLM needs MD4 and DES.";
}
