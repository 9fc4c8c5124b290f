/*
 * A stapled OCSP response of any content for one certificate: number 1002, the first that pki.c makes.
 */
#include "certificate_rig.h"

#include "pki.h"

static struct certificate *certificate;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct failure failure = {0};
    SECURITY_STATUS status;
    uint8_t *copy;
    size_t copied;

    if (!certificate) {
        const struct pki_spec spec = {.name = "www.example.com", .key = PKI_ED25519};
        X509 *x509 = pki_certificate(&spec);

        expect(certificate_new(x509, NULL, NULL, NULL, &certificate, NULL) == SEC_E_OK);
        X509_free(x509);
        keys_the_short_way();
    }
    status = certificate_ocsp_set(certificate, bytes_of(data, size), &failure);
    expect(status == SEC_E_OK || failure.text[0]);
    copy = certificate_ocsp_copy(certificate, &copied);
    if (status == SEC_E_OK && copy)
        expect(copied == size && memcmp(copy, data, size) == 0);
    OPENSSL_free(copy);
    expect_nothing_left(1);
    return 0;
}
