/*
 * PEM text of any content, behind a byte that says for what: a certificate with its chain, a store, trust anchors and
 * CRLs. Keys have a fuzzer of their own.
 */
#include "certificate_rig.h"

#include "certificate/store.h"
#include "certificate/trust.h"

static void fill_store(struct bytes input)
{
    struct certificate_store *store = certificate_store_new();
    struct certificate *certificate;
    struct failure failure = {0};
    SECURITY_STATUS status;

    expect(store != NULL);
    status = certificate_store_load(store, input, NULL, (struct bytes){0}, &failure);
    expect(status == SEC_E_OK || failure.text[0]);
    for (size_t i = 0; (certificate = certificate_store_find(store, NULL, NULL, &i)) != NULL; i++) {
        read_all(certificate);
        certificate_release(certificate);
    }
    certificate_store_release(store);
}

static void add_trust(struct bytes input)
{
    X509_STORE *trust = trust_new();
    struct failure failure = {0};
    SECURITY_STATUS status;

    expect(trust != NULL);
    status = trust_add_bytes(trust, input, "fuzzed", &failure);
    expect(status == SEC_E_OK ? trust_crls(trust) <= input.size : failure.text[0] != '\0');
    X509_STORE_free(trust);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes input = size ? bytes_of(data + 1, size - 1) : (struct bytes){0};

    keys_the_short_way();
    if (!size || (input.size && memmem(input.data, input.size, "PRIVATE KEY", 11)) || content_is_pkcs12(input))
        return 0;
    if (data[0] % 3 == 0)
        load_and_read(&(struct certificate_source){.content = input});
    else if (data[0] % 3 == 1)
        fill_store(input);
    else
        add_trust(input);
    expect_nothing_left(0);
    return 0;
}
