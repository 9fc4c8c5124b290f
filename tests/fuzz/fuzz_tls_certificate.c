/*
 * A certificate in DER of any content: what programs see of it, its names.
 */
#include "certificate_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes input = bytes_of(data, size);

    keys_the_short_way();
    if (content_is_pem(input) || content_is_pkcs12(input))
        return 0;
    load_and_read(&(struct certificate_source){.content = input});
    expect_nothing_left(0);
    return 0;
}
