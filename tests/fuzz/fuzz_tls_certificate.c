/*
 * Certificates, keys, PKCS#12, trust anchors, OCSP responses and names of any content: core/certificate/.
 */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base/live.h"
#include "base/memory.h"
#include "certificate/certificate.h"
#include "certificate/name.h"
#include "certificate/store.h"
#include "certificate/trust.h"

static void expect(bool good)
{
    if (!good)
        abort();
}

static void read_all(struct certificate *certificate, struct bytes input)
{
    static const DWORD types[] = {CERT_NAME_EMAIL_TYPE,          CERT_NAME_RDN_TYPE, CERT_NAME_ATTR_TYPE,
                                  CERT_NAME_SIMPLE_DISPLAY_TYPE, CERT_NAME_DNS_TYPE, CERT_NAME_UPN_TYPE};
    const CERT_INFO *info = certificate->context.pCertInfo;
    uint8_t hash[CERTIFICATE_HASH_SIZE];
    size_t sum = 0;

    expect(certificate_hold(&certificate->context) == certificate);
    certificate_release(certificate);
    for (size_t i = 0; i < 2 * sizeof types / sizeof types[0]; i++) {
        char *name = certificate_name(certificate, types[i / 2], i % 2, "2.5.4.3");

        sum += name ? strlen(name) : 0;
        mem_free(name);
    }
    for (DWORD i = 0; i < info->cExtension; i++)
        for (DWORD j = 0; j < info->rgExtension[i].Value.cbData; j++)
            sum += info->rgExtension[i].Value.pbData[j];
    for (DWORD i = 0; i < info->SerialNumber.cbData; i++)
        sum += info->SerialNumber.pbData[i];
    expect(certificate_hash(certificate, hash) && sum != SIZE_MAX);
    (void)!certificate_ocsp_set(certificate, input, NULL);
}

static void load(struct bytes input, struct bytes key, const char *password)
{
    const struct certificate_source source = {
        .content = input,
        .key = key,
        .password = password ? bytes_of(password, strlen(password)) : (struct bytes){0},
    };
    struct certificate *certificate;
    struct failure failure = {0};
    SECURITY_STATUS status = certificate_load(&source, &certificate, &failure);

    expect((status == SEC_E_OK) == (certificate != NULL));
    expect(status == SEC_E_OK || (failure.reason && failure.text[0]));
    if (certificate)
        read_all(certificate, input);
    certificate_release(certificate);
}

/* The first byte chooses where a key of its own begins, and whether there is a password ("Zebra9", as in the corpus).
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct certificate_store *store;
    X509_STORE *trust;
    struct bytes input, front = {0}, back = {0};
    size_t cut;

    if (!size)
        return 0;
    store = certificate_store_new();
    trust = trust_new();
    expect(store && trust);
    input = bytes_of(data + 1, size - 1);
    cut = input.size * (data[0] & 0x7F) / 128;
    expect(bytes_slice(input, 0, cut, &front) && bytes_slice(input, cut, input.size - cut, &back));
    load(input, (struct bytes){0}, data[0] & 0x80 ? "Zebra9" : NULL);
    load(front, back, data[0] & 0x80 ? "Zebra9" : NULL);
    (void)!trust_add_bytes(trust, input, "fuzzed", NULL);
    (void)!certificate_store_load(store, input, NULL, (struct bytes){0}, NULL);
    X509_STORE_free(trust);
    certificate_store_release(store);
    expect(live_count() == 0 && ERR_peek_error() == 0);
    return 0;
}
