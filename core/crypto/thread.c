/*
 * The contexts that each thread keeps, so that a digest allocates nothing once warm; freed when the thread ends.
 */
#include <openssl/core_names.h>
#include <pthread.h>

#include "base/memory.h"
#include "crypto/library.h"

struct thread_contexts {
    EVP_MD_CTX *digests[CRYPTO_DIGESTS];
    EVP_CIPHER_CTX *cipher;
    EVP_CIPHER_CTX *aes[CRYPTO_AES_MODES][2];
};

static pthread_key_t contexts_key;
static bool contexts_key_valid;
static pthread_once_t contexts_once = PTHREAD_ONCE_INIT;

static void contexts_free(void *memory)
{
    struct thread_contexts *contexts = memory;

    for (size_t i = 0; i < CRYPTO_DIGESTS; i++)
        EVP_MD_CTX_free(contexts->digests[i]);
    EVP_CIPHER_CTX_free(contexts->cipher);
    for (size_t i = 0; i < CRYPTO_AES_MODES; i++) {
        EVP_CIPHER_CTX_free(contexts->aes[i][0]);
        EVP_CIPHER_CTX_free(contexts->aes[i][1]);
    }
    mem_free(contexts);
}

static void contexts_open(void)
{
    contexts_key_valid = pthread_key_create(&contexts_key, contexts_free) == 0;
}

static struct thread_contexts *thread_contexts(void)
{
    struct thread_contexts *contexts;

    pthread_once(&contexts_once, contexts_open);
    if (!contexts_key_valid)
        return NULL;
    contexts = pthread_getspecific(contexts_key);
    if (contexts)
        return contexts;
    contexts = mem_zalloc(sizeof *contexts);
    if (contexts && pthread_setspecific(contexts_key, contexts) != 0) {
        mem_free(contexts);
        return NULL;
    }
    return contexts;
}

EVP_MD_CTX *crypto_thread_digest(enum crypto_digest digest)
{
    struct thread_contexts *contexts = thread_contexts();
    const EVP_MD *algorithm;
    EVP_MD_CTX *context;

    if (!contexts)
        return NULL;
    if (contexts->digests[digest])
        return contexts->digests[digest];
    algorithm = crypto_library()->digests[digest];
    context = algorithm ? EVP_MD_CTX_new() : NULL;
    if (context && EVP_DigestInit_ex2(context, algorithm, NULL) != 1) {
        EVP_MD_CTX_free(context);
        return NULL;
    }
    contexts->digests[digest] = context;
    return context;
}

bool crypto_thread_restart(enum crypto_digest digest, bool ok)
{
    struct thread_contexts *contexts = thread_contexts();

    if (!contexts || !contexts->digests[digest])
        return false;
    if (ok && EVP_DigestInit_ex2(contexts->digests[digest], NULL, NULL) == 1)
        return true;
    EVP_MD_CTX_free(contexts->digests[digest]);
    contexts->digests[digest] = NULL;
    return false;
}

EVP_CIPHER_CTX *crypto_thread_cipher(void)
{
    struct thread_contexts *contexts = thread_contexts();

    if (contexts && !contexts->cipher)
        contexts->cipher = EVP_CIPHER_CTX_new();
    return contexts ? contexts->cipher : NULL;
}

static const EVP_CIPHER *aes_algorithm(enum crypto_aes mode, bool wide)
{
    const struct crypto_library *library = crypto_library();

    if (mode == CRYPTO_AES_BLOCK)
        return wide ? library->aes256_ecb : library->aes128_ecb;
    return wide ? library->aes256_cts : library->aes128_cts;
}

static EVP_CIPHER_CTX *aes_new(enum crypto_aes mode, bool wide)
{
    OSSL_PARAM variant[] = {OSSL_PARAM_construct_utf8_string(OSSL_CIPHER_PARAM_CTS_MODE, (char *)"CS3", 0),
                            OSSL_PARAM_construct_end()};
    static const uint8_t zeros[32];
    const EVP_CIPHER *algorithm = aes_algorithm(mode, wide);
    EVP_CIPHER_CTX *cipher = algorithm ? EVP_CIPHER_CTX_new() : NULL;

    if (!cipher)
        return NULL;
    if (EVP_CipherInit_ex2(cipher, algorithm, zeros, mode == CRYPTO_AES_BLOCK ? NULL : zeros,
                           mode != CRYPTO_AES_CTS_DECRYPT, NULL)
            == 1
        && (mode == CRYPTO_AES_BLOCK || EVP_CIPHER_CTX_set_params(cipher, variant) == 1))
        return cipher;
    EVP_CIPHER_CTX_free(cipher);
    return NULL;
}

EVP_CIPHER_CTX *crypto_thread_aes(enum crypto_aes mode, bool wide)
{
    struct thread_contexts *contexts = thread_contexts();

    if (contexts && !contexts->aes[mode][wide])
        contexts->aes[mode][wide] = aes_new(mode, wide);
    return contexts ? contexts->aes[mode][wide] : NULL;
}
