/*
 * A PKCS#12 file of any content, with its password ("Zebra9"). What the password protects is changed by a second way:
 * behind a first byte that is not 0 the MAC is made to fit again, so that what lies behind it is reached.
 */
#include "certificate_rig.h"

#include <openssl/pkcs12.h>

#include "openssl_memory.h"

#define PASSWORD "Zebra9"

static void load(struct bytes input)
{
    load_and_read(&(struct certificate_source){.content = input, .password = bytes_of(PASSWORD, sizeof PASSWORD - 1)});
}

static void load_with_mac(struct bytes input)
{
    const uint8_t *place = input.data;
    PKCS12 *archive = d2i_PKCS12(NULL, &place, (long)input.size);
    uint8_t *again = NULL;
    int size = 0;

    if (archive && PKCS12_mac_present(archive) && PKCS12_set_mac(archive, PASSWORD, -1, NULL, 8, 1, EVP_sha1()) == 1)
        size = i2d_PKCS12(archive, &again);
    PKCS12_free(archive);
    ERR_clear_error();
    if (size > 0)
        load(bytes_of(again, (size_t)size));
    OPENSSL_free(again);
}

static int run(const uint8_t *data, size_t size)
{
    const struct bytes input = size ? bytes_of(data + 1, size - 1) : (struct bytes){0};

    keys_the_short_way();
    if (!content_is_pkcs12(input) || content_is_pem(input))
        return 0;
    if (data[0])
        load_with_mac(input);
    else
        load(input);
    expect_nothing_left(0);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return openssl_run(run, data, size);
}
