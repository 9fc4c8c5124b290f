/*
 * What a plain OpenSSL client sees of a credential: the stapled response, the chain, the authorities. tls.c.
 */
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>

#include "own_rig.h"
#include "raw_peer.h"

#define NAME "www.example.com"

static struct tls_pair pair;
static struct raw_peer peer;
static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

static X509 *from_pem(const char *pem)
{
    BIO *text = BIO_new_mem_buf(pem, -1);
    X509 *x509 = PEM_read_bio_X509(text, NULL, NULL, NULL);

    BIO_free(text);
    cr_assert_not_null(x509);
    return x509;
}

/* Good, for an hour. */
static uint8_t *response(const char *pem, int *size)
{
    X509 *x509 = from_pem(pem);
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), x509, pki_authority());
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *later = X509_gmtime_adj(NULL, 3600);
    OCSP_RESPONSE *whole;
    uint8_t *der = NULL;

    cr_assert_not_null(OCSP_basic_add1_status(basic, id, V_OCSP_CERTSTATUS_GOOD, 0, now, now, later));
    cr_assert_eq(OCSP_basic_sign(basic, x509, pki_private(PKI_P256), EVP_sha256(), NULL, 0), 1);
    whole = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
    *size = i2d_OCSP_RESPONSE(whole, &der);
    cr_assert_gt(*size, 0);
    OCSP_RESPONSE_free(whole);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    ASN1_TIME_free(now);
    ASN1_TIME_free(later);
    X509_free(x509);
    return der;
}

static void shake(int version)
{
    raw_begin(&peer, false, version);
    raw_start(&peer);
    SSL_set_tlsext_status_type(peer.ssl, TLSEXT_STATUSTYPE_ocsp);
    raw_handshake(&peer, &pair.server);
    assert_status(pair.server.status, SEC_E_OK);
}

Test(stapling, response_goes_along)
{
    const char *pem = own_pem(&(struct pki_spec){.name = NAME});
    int size;
    uint8_t *der = response(pem, &size);

    for (int i = 0; i < 4; i++) {
        const uint8_t *got = NULL;

        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, pem, false);
        if (i < 2)
            assert_status(SspiCredentialSetOcspResponse(&pair.server.credential, der, (ULONG)size), SEC_E_OK);
        shake(versions[i % 2]);
        if (i < 2) {
            cr_assert_eq(SSL_get_tlsext_status_ocsp_resp(peer.ssl, &got), size);
            assert_mem_eq(got, der, (size_t)size);
        } else {
            cr_assert_leq(SSL_get_tlsext_status_ocsp_resp(peer.ssl, &got), 0);
        }
        raw_end(&peer);
        tls_end(&pair);
    }
    OPENSSL_free(der);
}

/* A response may be renewed while the credential is in use. */
Test(stapling, response_is_renewed)
{
    const char *pem = own_pem(&(struct pki_spec){.name = NAME});
    PCCERT_CONTEXT certificate = NULL;
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .cCreds = 1, .paCred = &certificate};
    const uint8_t *got = NULL;
    int size;
    uint8_t *der = response(pem, &size);

    assert_status(SspiCertificateFromBytes(pem, (ULONG)strlen(pem), NULL, 0, NULL, &certificate), SEC_E_OK);
    own_begin(&pair, &given, NULL);
    shake(TLS1_3_VERSION);
    cr_assert_leq(SSL_get_tlsext_status_ocsp_resp(peer.ssl, &got), 0);
    raw_end(&peer);
    tls_again(&pair);
    assert_status(SspiCertificateSetOcspResponse(certificate, der, (ULONG)size), SEC_E_OK);
    shake(TLS1_3_VERSION);
    cr_assert_eq(SSL_get_tlsext_status_ocsp_resp(peer.ssl, &got), size);
    raw_end(&peer);
    tls_end(&pair);
    cr_assert(CertFreeCertificateContext(certificate));
    OPENSSL_free(der);
}

Test(stapling, root_stays_at_home)
{
    const char *leaf = own_pem(&(struct pki_spec){.name = NAME}), *root = pki_pem(pki_authority(), NULL);
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwFlags = SCH_SEND_ROOT_CERT};
    const size_t size = strlen(leaf) + strlen(root) + 1;
    char *both = malloc(size);

    snprintf(both, size, "%s%s", leaf, root);
    for (int with = 0; with < 2; with++) {
        own_begin(&pair, with ? &given : NULL, NULL);
        own_certificate(&pair.server, both, false);
        shake(TLS1_3_VERSION);
        cr_assert_eq(sk_X509_num(SSL_get_peer_cert_chain(peer.ssl)), 1 + with);
        raw_end(&peer);
        tls_end(&pair);
    }
    free(both);
}

Test(stapling, authorities_are_named)
{
    for (int i = 0; i < 2; i++) {
        const STACK_OF(X509_NAME) * names;

        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME}), false);
        own_trust(&pair.server);
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        shake(versions[i]);
        names = SSL_get0_peer_CA_list(peer.ssl);
        cr_assert_eq(sk_X509_NAME_num(names), 1);
        cr_assert_eq(X509_NAME_cmp(sk_X509_NAME_value(names, 0), X509_get_subject_name(pki_authority())), 0);
        raw_end(&peer);
        tls_end(&pair);
    }
}
