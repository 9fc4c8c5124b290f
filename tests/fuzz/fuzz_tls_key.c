/*
 * A private key of any content, PEM or DER, behind a byte that says whether there is a password ("Zebra9", as in the
 * corpus).
 */
#include "certificate_rig.h"
#include "openssl_memory.h"

static int run(const uint8_t *data, size_t size)
{
    static const uint8_t password[] = {'Z', 'e', 'b', 'r', 'a', '9'};
    struct failure failure = {0};
    EVP_PKEY *key = NULL;
    SECURITY_STATUS status;

    if (!size)
        return 0;
    keys_the_short_way();
    openssl_enter();
    status = load_key("fuzzed", bytes_of(data + 1, size - 1),
                      data[0] & 1 ? bytes_of(password, sizeof password) : (struct bytes){0}, &key, &failure);
    openssl_leave();
    expect((status == SEC_E_OK) == (key != NULL));
    expect(status == SEC_E_OK || (failure.reason && failure.text[0]));
    EVP_PKEY_free(key);
    expect_nothing_left(0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return openssl_run(run, data, size);
}
