/*
 * Inside crypto/ only: the private library contexts with their algorithms, and what each thread keeps of them.
 */
#ifndef SSPI_CRYPTO_LIBRARY_H
#define SSPI_CRYPTO_LIBRARY_H

#include <openssl/evp.h>
#include <openssl/provider.h>

#include "base/attributes.h"
#include "base/bytes.h"

enum crypto_digest { CRYPTO_MD4, CRYPTO_MD5, CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA384, CRYPTO_DIGESTS };

enum crypto_aes { CRYPTO_AES_BLOCK, CRYPTO_AES_CTS_ENCRYPT, CRYPTO_AES_CTS_DECRYPT, CRYPTO_AES_MODES };

/*
 * Made once, kept to the end of the process. NULL members are algorithms that this OpenSSL lacks; where memory ran out
 * all are NULL, and the next use tries again.
 */
struct crypto_library {
    OSSL_LIB_CTX *context; /* the default provider alone: OpenSSL goes through all that is in it at each certificate */
    OSSL_LIB_CTX *legacy;  /* both providers, for files with old ciphers; NULL: no legacy provider */
    OSSL_PROVIDER *providers[3];
    EVP_MD *digests[CRYPTO_DIGESTS];
    EVP_CIPHER *des;
    EVP_CIPHER *aes128_ecb, *aes256_ecb;
    EVP_CIPHER *aes128_cts, *aes256_cts; /* CBC with ciphertext stealing; the variant is set at use */
};

const struct crypto_library *crypto_library(void);

/* The context that knows most algorithms, to decrypt files. Objects that stay belong into the other one. */
OSSL_LIB_CTX *crypto_library_widest(void);

/*
 * This thread's context of a digest, freshly initialised and without input. NULL: no memory, or no such algorithm.
 * Whoever takes it gives it back with crypto_thread_restart() before any other function of crypto/ runs.
 */
MUST_CHECK EVP_MD_CTX *crypto_thread_digest(enum crypto_digest digest);

/*
 * Gives a context back in its initial state, so that neither input nor result stays in memory. After a failure
 * (`ok` false, or OpenSSL refuses) it is dropped in place of being reused. Returns whether all went well.
 */
MUST_CHECK bool crypto_thread_restart(enum crypto_digest digest, bool ok);

/* This thread's cipher context, empty. Give it back with EVP_CIPHER_CTX_reset(), which wipes it. NULL: no memory. */
MUST_CHECK EVP_CIPHER_CTX *crypto_thread_cipher(void);

/*
 * This thread's AES context of a mode, with the direction set; it takes whole messages, which are never padded. `wide`
 * for keys of 32 bytes. Its key is whatever was set last: set one before use and a zero key after. NULL: no memory, or
 * no such algorithm.
 */
MUST_CHECK EVP_CIPHER_CTX *crypto_thread_aes(enum crypto_aes mode, bool wide);

/* Feeds every part. */
MUST_CHECK bool crypto_update(EVP_MD_CTX *context, const struct bytes *parts, size_t count);

#endif
