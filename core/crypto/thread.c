/*
 * The contexts that each thread keeps, so that a digest allocates nothing once warm; freed when the thread ends.
 */
#include <pthread.h>

#include "base/memory.h"
#include "crypto/library.h"

struct thread_contexts {
    EVP_MD_CTX *digests[CRYPTO_DIGESTS];
    EVP_CIPHER_CTX *cipher;
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
