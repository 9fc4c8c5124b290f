/*
 * Trust anchors, stores and stapled responses: trust.c, store.c, store_load.c, ocsp.c.
 */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/live.h"
#include "certificate/store.h"
#include "certificate/trust.h"
#include "certificate_rig.h"
#include "doubles.h"

#define NAME "www.example.com"

static struct bytes authority(void)
{
    static const char *text;

    if (!text)
        text = pki_pem(pki_authority(), NULL);
    return rig_text(text);
}

static bool trusts(X509_STORE *store, X509 *x509)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool good = X509_STORE_CTX_init(check, store, x509, NULL) == 1 && X509_verify_cert(check) == 1;

    X509_STORE_CTX_free(check);
    ERR_clear_error();
    return good;
}

static void refused(struct bytes content, const char *words)
{
    X509_STORE *store = trust_new();
    struct failure failure = {0};

    assert_status(trust_add_bytes(store, content, "/etc/ca.pem", &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, words), "%s", failure.text);
    cr_assert_not_null(strstr(failure.text, "/etc/ca.pem"));
    X509_STORE_free(store);
}

Test(trust, bytes)
{
    X509_STORE *store = trust_new();

    cr_assert_not(trusts(store, rig_x509(NAME, PKI_P256)));
    assert_status(trust_add_bytes(store, authority(), "here", NULL), SEC_E_OK);
    cr_assert(trusts(store, rig_x509(NAME, PKI_P256)));
    cr_assert_eq(trust_crls(store), 0);
    X509_STORE_free(store);
    refused(rig_text("nonsense"), "damaged");
    refused(rig_key_pem(PKI_P256, NULL, false), "holds no certificate");
    refused(rig_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), "damaged");
    refused(rig_text("-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"), "CRL in it is damaged");
    refused(rig_text("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n"), "damaged");
}

Test(trust, crls_are_counted)
{
    X509_STORE *store = trust_new();
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    long size;

    X509_CRL_set_version(crl, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki_authority()));
    X509_CRL_set1_lastUpdate(crl, now);
    cr_assert_gt(X509_CRL_sign(crl, pki_private(PKI_P256), EVP_sha256()), 0);
    cr_assert_eq(PEM_write_bio_X509_CRL(out, crl), 1);
    size = BIO_get_mem_data(out, &text);
    assert_status(trust_add_bytes(store, bytes_of(text, (size_t)size), "here", NULL), SEC_E_OK);
    cr_assert_eq(trust_crls(store), 1);
    ASN1_TIME_free(now);
    X509_CRL_free(crl);
    BIO_free(out);
    X509_STORE_free(store);
}

Test(trust, path)
{
    char folder[128];
    X509_STORE *store = trust_new();
    struct failure failure = {0};

    snprintf(folder, sizeof folder, "%s/anchors", rig_folder());
    cr_assert_eq(mkdir(folder, 0755), 0);
    assert_status(trust_add_path(store, folder, &failure), SEC_E_NO_CREDENTIALS);
    rig_file("anchors/ca.pem", authority(), 0644);
    assert_status(trust_add_path(store, folder, &failure), SEC_E_OK);
    cr_assert(trusts(store, rig_x509(NAME, PKI_P256)));
    X509_STORE_free(store);
    store = trust_new();
    assert_status(trust_add_path(store, rig_file("ca.pem", authority(), 0644), &failure), SEC_E_OK);
    cr_assert(trusts(store, rig_x509(NAME, PKI_P256)));
    assert_status(trust_add_path(store, "/tmp/there/is/nothing", &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "/tmp/there/is/nothing"));
    X509_STORE_free(store);
    store = trust_new();
    assert_status(trust_add_system(store, &failure), SEC_E_OK);
    cr_assert_not(trusts(store, rig_x509(NAME, PKI_P256)));
    X509_STORE_free(store);
}

Test(store, keeps_and_finds)
{
    struct certificate_store *store = certificate_store_new();
    struct certificate *certificate;
    X509_STORE *anchors = trust_new();
    size_t index = 0;

    assert_status(certificate_store_load(store, authority(), NULL, (struct bytes){0}, NULL), SEC_E_OK);
    assert_status(certificate_store_load(store, rig_pkcs12(NAME, PKI_P256, "Zebra9"), NULL, rig_text("Zebra9"), NULL),
                  SEC_E_OK);
    cr_assert_eq(store->count, 3);
    certificate = certificate_store_find(store, NULL, NULL, &index);
    cr_assert_eq(index, 0);
    cr_assert_null(certificate->key);
    certificate_release(certificate);
    index = 1;
    certificate = certificate_store_find(store, NULL, NULL, &index);
    cr_assert_not_null(certificate->key);
    cr_assert(certificate_store_index(store, certificate, &index));
    cr_assert_eq(index, 1);
    index = 3;
    cr_assert_null(certificate_store_find(store, NULL, NULL, &index));
    assert_status(trust_add_store(anchors, store, NULL), SEC_E_OK);
    cr_assert(trusts(anchors, rig_x509("other.example.com", PKI_P256)));
    X509_STORE_free(anchors);
    cr_assert_null(certificate_store_hold(certificate));
    cr_assert_eq(certificate_store_hold(store), store);
    certificate_store_release(store);
    cr_assert(certificate_store_close(store));
    cr_assert_not(certificate_store_close(store));
    cr_assert_not(certificate_store_close(NULL));
    certificate_release(certificate);
    cr_assert_eq(live_count(), 0);
}

Test(store, damaged_content_and_no_memory)
{
    struct certificate_store *store = certificate_store_new();
    struct failure failure = {0};

    assert_status(certificate_store_load(store, rig_text("nonsense"), "/etc/x", (struct bytes){0}, &failure),
                  SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "/etc/x"));
    assert_status(certificate_store_load_path(store, rig_file("s.pem", authority(), 0644), &failure), SEC_E_OK);
    for (size_t n = 1;; n++) {
        SECURITY_STATUS status;

        memory_fail_at(n);
        status = certificate_store_load(store, authority(), NULL, (struct bytes){0}, NULL);
        if (memory_count() < n)
            break;
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
    }
    memory_fail_at(0);
    cr_assert_eq(store->count, 2);
    certificate_store_release(store);
    cr_assert_eq(live_count(), 0);
}

/* ---- Stapled responses ---- */

static struct bytes response(const char *name, int state, long next)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), rig_x509(name, PKI_P256), pki_authority());
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *later = X509_gmtime_adj(NULL, next);
    OCSP_RESPONSE *whole;
    uint8_t *der = NULL;
    int size;

    cr_assert_not_null(OCSP_basic_add1_status(basic, id, state, OCSP_REVOKED_STATUS_NOSTATUS, now, now, later));
    cr_assert_eq(OCSP_basic_sign(basic, rig_x509(name, PKI_P256), pki_private(PKI_P256), EVP_sha256(), NULL, 0), 1);
    whole = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    size = i2d_OCSP_RESPONSE(whole, &der);
    cr_assert_gt(size, 0);
    OCSP_RESPONSE_free(whole);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(now);
    ASN1_TIME_free(later);
    return bytes_of(der, (size_t)size);
}

static void stapled(struct certificate *certificate, struct bytes der, SECURITY_STATUS expected, const char *words)
{
    struct failure failure = {0};

    assert_status(certificate_ocsp_set(certificate, der, &failure), expected);
    cr_assert_not_null(strstr(failure.text, words), "%s", failure.text);
    OPENSSL_free((void *)der.data);
}

Test(ocsp, only_what_helps_is_taken)
{
    struct certificate *certificate;
    struct bytes good = response(NAME, V_OCSP_CERTSTATUS_GOOD, 3600),
                 cut = response(NAME, V_OCSP_CERTSTATUS_GOOD, 3600);
    uint8_t *copy;
    size_t size;

    assert_status(certificate_new(rig_x509(NAME, PKI_P256), NULL, NULL, "/etc/web.pem", &certificate, NULL), SEC_E_OK);
    cr_assert_null(certificate_ocsp_copy(certificate, &size));
    stapled(certificate, response(NAME, V_OCSP_CERTSTATUS_REVOKED, 3600), SEC_E_NO_CREDENTIALS, "not say");
    stapled(certificate, response(NAME, V_OCSP_CERTSTATUS_GOOD, -10), SEC_E_NO_CREDENTIALS, "too old");
    stapled(certificate, response("other.example.com", V_OCSP_CERTSTATUS_GOOD, 3600), SEC_E_NO_CREDENTIALS,
            "another certificate");
    cut.size--;
    stapled(certificate, cut, SEC_E_NO_CREDENTIALS, "damaged");
    assert_status(certificate_ocsp_set(certificate, bytes_of(NULL, CERTIFICATE_OCSP_LIMIT + 1), NULL),
                  SEC_E_NO_CREDENTIALS);
    cr_assert_null(certificate_ocsp_copy(certificate, &size));
    assert_status(certificate_ocsp_set(certificate, good, NULL), SEC_E_OK);
    copy = certificate_ocsp_copy(certificate, &size);
    cr_assert_eq(size, good.size);
    assert_mem_eq(copy, good.data, size);
    OPENSSL_free(copy);
    memory_fail_at(1);
    stapled(certificate, good, SEC_E_INSUFFICIENT_MEMORY, "");
    memory_fail_at(0);
    certificate_release(certificate);
}
