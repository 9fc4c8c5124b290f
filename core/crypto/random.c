/*
 * Randomness from the private library context's generator. Alone in its object, so that a test can link a script in
 * its place.
 */
#include "crypto/random.h"

#include <openssl/rand.h>

#include "base/secret.h"
#include "crypto/library.h"

bool random_bytes(void *out, size_t size)
{
    OSSL_LIB_CTX *context = crypto_library()->context;
    /* Not RAND_bytes_ex(): a host may have set its own method there. The generator notices a fork by itself. */
    EVP_RAND_CTX *generator = context ? RAND_get0_private(context) : NULL;

    if (generator && EVP_RAND_generate(generator, out, size, 0, 0, NULL, 0) == 1)
        return true;
    secret_wipe(out, size);
    return false;
}
