/*
 * Objects that programs hold: certificate.c, info.c, openssl.c, name.c.
 */
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/live.h"
#include "base/memory.h"
#include "certificate/info.h"
#include "certificate/name.h"
#include "certificate_rig.h"
#include "doubles.h"

#define NAME "www.example.com"

static struct certificate *made(const char *name, enum pki_key key)
{
    struct certificate *certificate = NULL;

    assert_status(certificate_new(rig_x509(name, key), NULL, pki_private(key), "here", &certificate, NULL), SEC_E_OK);
    return certificate;
}

Test(objects, pointers_that_are_none)
{
    struct certificate *certificate = made(NAME, PKI_P256);
    PCCERT_CONTEXT context = &certificate->context;
    CERT_CONTEXT alien = {0};

    cr_assert_null(certificate_hold(&alien));
    cr_assert_null(certificate_hold(NULL));
    cr_assert_null(certificate_hold((PCCERT_CONTEXT)(uintptr_t)0xDEADBEEF));
    cr_assert_not(certificate_context_free(&alien));
    cr_assert_eq(certificate_hold(context), certificate);
    cr_assert(certificate_context_free(context));
    cr_assert(certificate_context_free(context));
    cr_assert_not(certificate_context_free(context));
    cr_assert_null(certificate_hold(context));
    cr_assert_eq(live_count(), 0);
}

Test(objects, key_of_another)
{
    struct certificate *certificate = NULL;
    struct failure failure = {0};

    assert_status(
        certificate_new(rig_x509(NAME, PKI_P256), NULL, pki_private(PKI_RSA), "/etc/a.pem", &certificate, &failure),
        SEC_E_NO_CREDENTIALS);
    cr_assert_null(certificate);
    cr_assert_not_null(strstr(failure.text, "/etc/a.pem"));
    cr_assert_not_null(strstr(failure.text, "another certificate"));
}

static void *churn(void *argument)
{
    struct certificate *certificate = argument;

    for (int i = 0; i < 2000; i++) {
        struct certificate *mine = made(NAME, PKI_P256);

        cr_assert_not_null(certificate_retain(certificate));
        certificate_release(mine);
        certificate_release(certificate);
    }
    return NULL;
}

Test(live, threads, .timeout = 120)
{
    struct certificate *certificate = made(NAME, PKI_P256);
    pthread_t threads[4];

    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, churn, certificate), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_assert_eq(live_count(), 1);
    certificate_release(certificate);
}

static int64_t filetime(FILETIME time)
{
    return (int64_t)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime);
}

Test(info, says_what_the_certificate_says)
{
    struct certificate *certificate = made(NAME, PKI_RSA);
    const CERT_INFO *info = certificate->context.pCertInfo;
    const uint8_t *name;
    size_t size;
    int64_t begins;

    cr_assert_eq(certificate->context.dwCertEncodingType, X509_ASN_ENCODING);
    cr_assert_eq(info->dwVersion, CERT_V3);
    cr_assert_str_eq(info->SignatureAlgorithm.pszObjId, "1.2.840.10045.4.3.2");
    cr_assert_str_eq(info->SubjectPublicKeyInfo.Algorithm.pszObjId, "1.2.840.113549.1.1.1");
    cr_assert_eq(info->SubjectPublicKeyInfo.Algorithm.Parameters.cbData, 2);
    assert_mem_eq(info->SubjectPublicKeyInfo.Algorithm.Parameters.pbData, "\x05\x00", 2);
    cr_assert_eq(info->SubjectPublicKeyInfo.PublicKey.cbData, 270);
    cr_assert_eq(X509_NAME_get0_der(X509_get_subject_name(certificate->x509), &name, &size), 1);
    cr_assert_eq(info->Subject.cbData, size);
    assert_mem_eq(info->Subject.pbData, name, size);
    cr_assert_eq(X509_NAME_get0_der(X509_get_issuer_name(certificate->x509), &name, &size), 1);
    cr_assert_eq(info->Issuer.cbData, size);
    assert_mem_eq(info->Issuer.pbData, name, size);
    cr_assert_eq(info->cExtension, 3);
    cr_assert_str_eq(info->rgExtension[0].pszObjId, "2.5.29.17");
    cr_assert_eq(info->rgExtension[0].Value.pbData[0], 0x30);
    cr_assert(certificate_time(X509_get0_notBefore(certificate->x509), &begins));
    cr_assert_eq(filetime(info->NotBefore), begins);
    cr_assert_eq(filetime(info->NotAfter) - begins, INT64_C(366) * 86400 * 10000000);
    cr_assert_eq(info->SerialNumber.cbData, 2);
    cr_assert_eq(info->SerialNumber.pbData[0] + 256 * info->SerialNumber.pbData[1],
                 ASN1_INTEGER_get(X509_get0_serialNumber(certificate->x509)));
    certificate_release(certificate);
}

Test(info, times)
{
    ASN1_TIME *time = ASN1_TIME_new();
    int64_t filetime;

    ASN1_TIME_set_string(time, "19700101000000Z");
    cr_assert(certificate_time(time, &filetime));
    cr_assert_eq(filetime, INT64_C(116444736000000000));
    ASN1_TIME_set_string(time, "20380119031408Z");
    cr_assert(certificate_time(time, &filetime));
    cr_assert_eq(filetime, INT64_C(116444736000000000) + INT64_C(2147483648) * 10000000);
    ASN1_TIME_set_string(time, "99991231235959Z");
    cr_assert(certificate_time(time, &filetime));
    cr_assert_gt(filetime, 0);
    ASN1_TIME_free(time);
    cr_assert_not(certificate_time(NULL, &filetime));
}

static void named(const struct certificate *certificate, DWORD type, bool issuer, const char *oid, const char *expected)
{
    char *name = certificate_name(certificate, type, issuer, oid);

    cr_assert_str_eq(name, expected);
    mem_free(name);
}

Test(name, kinds)
{
    const struct pki_spec spec = {.name = "Alice", .upn = "alice@EXAMPLE.COM", .client = true};
    X509 *x509 = (pki_authority(), pki_certificate(&spec));
    struct certificate *server = made(NAME, PKI_P256), *client;

    assert_status(certificate_new(x509, NULL, NULL, NULL, &client, NULL), SEC_E_OK);
    named(server, CERT_NAME_SIMPLE_DISPLAY_TYPE, false, NULL, NAME);
    named(server, CERT_NAME_SIMPLE_DISPLAY_TYPE, true, NULL, "Example Authority");
    named(server, CERT_NAME_DNS_TYPE, false, NULL, NAME);
    named(server, CERT_NAME_RDN_TYPE, false, NULL, "O=Example, CN=" NAME);
    named(server, CERT_NAME_ATTR_TYPE, false, "2.5.4.10", "Example");
    named(server, CERT_NAME_ATTR_TYPE, false, "2.5.4.11", "");
    named(server, CERT_NAME_ATTR_TYPE, false, "no number", "");
    named(server, CERT_NAME_EMAIL_TYPE, false, NULL, "");
    named(server, CERT_NAME_UPN_TYPE, false, NULL, "");
    named(server, 4711, false, NULL, "");
    named(client, CERT_NAME_UPN_TYPE, false, NULL, "alice@EXAMPLE.COM");
    named(client, CERT_NAME_DNS_TYPE, false, NULL, "Alice");
    cr_assert(certificate_name_holds(server, false, "WWW.example"));
    cr_assert(certificate_name_holds(server, true, "authority"));
    cr_assert_not(certificate_name_holds(server, false, "authority"));
    certificate_release(server);
    certificate_release(client);
    X509_free(x509);
}

Test(name, hash)
{
    struct certificate *certificate = made(NAME, PKI_P256);
    uint8_t hash[CERTIFICATE_HASH_SIZE], expected[EVP_MAX_MD_SIZE];
    unsigned size;

    cr_assert(certificate_hash(certificate, hash));
    cr_assert_eq(X509_digest(certificate->x509, EVP_sha1(), expected, &size), 1);
    assert_mem_eq(hash, expected, sizeof hash);
    certificate_release(certificate);
}
