/*
 * Certificates, files and responses that are rare: what they hold is read, or the refusal says what is wrong. info.c,
 * name.c, load_pkcs12.c, folder.c, store_load.c, trust.c, ocsp.c.
 */
#include <openssl/ocsp.h>
#include <openssl/pkcs12.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/live.h"
#include "base/memory.h"
#include "certificate/name.h"
#include "certificate/store.h"
#include "certificate/trust.h"
#include "certificate_rig.h"
#include "doubles.h"

#define NAME "www.example.com"
#define PASSWORD "Zebra9"

static struct certificate *made(X509 *x509)
{
    struct certificate *certificate = NULL;

    assert_status(certificate_new(x509, NULL, NULL, "here", &certificate, NULL), SEC_E_OK);
    return certificate;
}

static X509 *copy(void)
{
    X509 *x509 = X509_dup(rig_x509(NAME, PKI_P256));

    cr_assert_not_null(x509);
    return x509;
}

static void sign(X509 *x509)
{
    cr_assert_gt(X509_sign(x509, pki_authority_key(), EVP_sha256()), 0);
}

static void extensions_drop(X509 *x509)
{
    while (X509_get_ext_count(x509))
        X509_EXTENSION_free(X509_delete_ext(x509, 0));
}

/* ---- CERT_INFO ---- */

/* Programs read numbers from the last byte to the first, and a high bit must not make them negative. */
Test(odd, serial_with_its_high_bit_set)
{
    static const uint8_t serial[] = {0x80, 0x01, 0x02}, expected[] = {0x02, 0x01, 0x80, 0x00};
    X509 *x509 = copy();
    struct certificate *certificate;

    cr_assert_eq(ASN1_STRING_set(X509_get_serialNumber(x509), serial, sizeof serial), 1);
    sign(x509);
    certificate = made(x509);
    cr_assert_eq(certificate->info.SerialNumber.cbData, sizeof expected);
    assert_mem_eq(certificate->info.SerialNumber.pbData, expected, sizeof expected);
    certificate_release(certificate);
    X509_free(x509);
}

Test(odd, no_extensions)
{
    X509 *x509 = copy();
    struct certificate *certificate;

    extensions_drop(x509);
    sign(x509);
    certificate = made(x509);
    cr_assert_eq(certificate->info.cExtension, 0);
    cr_assert_null(certificate->info.rgExtension);
    certificate_release(certificate);
    X509_free(x509);
}

static size_t put(uint8_t *out, uint8_t tag, const uint8_t *data, size_t size)
{
    const size_t head = size < 128 ? 2 : size < 256 ? 3 : 4;

    memmove(out + head, data, size);
    out[0] = tag;
    out[head - 1] = (uint8_t)size;
    if (head > 2)
        out[1] = (uint8_t)(0x80 + head - 2);
    if (head > 3)
        out[2] = (uint8_t)(size >> 8);
    return head + size;
}

/* Unique identifiers (RFC 5280, 4.1.2.8), which OpenSSL reads and does not write. */
Test(odd, unique_identifiers)
{
    static const uint8_t both[] = {0x81, 0x03, 0x05, 0xAB, 0xE0, 0x82, 0x02, 0x00, 0xCD};
    X509 *x509 = copy();
    uint8_t *tbs = NULL, inside[2048], whole[2048];
    const ASN1_BIT_STRING *signature;
    const X509_ALGOR *algorithm;
    struct certificate *certificate = NULL;
    int size, skip;
    size_t used;
    uint8_t *place;

    extensions_drop(x509);
    sign(x509);
    size = i2d_re_X509_tbs(x509, &tbs);
    cr_assert(size > 256 || (size > 128 && tbs[1] == 0x81));
    skip = tbs[1] == 0x82 ? 4 : 3;
    memcpy(inside, tbs + skip, (size_t)(size - skip));
    memcpy(inside + size - skip, both, sizeof both);
    used = put(whole, 0x30, inside, (size_t)(size - skip) + sizeof both);
    X509_get0_signature(&signature, &algorithm, x509);
    place = whole + used;
    i2d_X509_ALGOR(algorithm, &place);
    i2d_ASN1_BIT_STRING(signature, &place);
    used = put(inside, 0x30, whole, (size_t)(place - whole));
    assert_status(certificate_load(&(struct certificate_source){.content = bytes_of(inside, used)}, &certificate, NULL),
                  SEC_E_OK);
    cr_assert_eq(certificate->info.IssuerUniqueId.cbData, 2);
    cr_assert_eq(certificate->info.IssuerUniqueId.pbData[0], 0xAB);
    cr_assert_eq(certificate->info.IssuerUniqueId.cUnusedBits, 5);
    cr_assert_eq(certificate->info.SubjectUniqueId.cbData, 1);
    cr_assert_eq(certificate->info.SubjectUniqueId.pbData[0], 0xCD);
    cr_assert_eq(certificate->info.SubjectUniqueId.cUnusedBits, 0);
    certificate_release(certificate);
    OPENSSL_free(tbs);
    X509_free(x509);
}

Test(odd, bytes_behind_a_certificate)
{
    const struct bytes der = rig_der(NAME, PKI_P256);
    uint8_t *longer = calloc(1, der.size + 1);
    struct certificate_source source = {.where = "/etc/odd.cer", .content = bytes_of(longer, der.size + 1)};

    memcpy(longer, der.data, der.size);
    rig_refused(&source, "neither PEM nor PKCS#12");
    free(longer);
}

/* Not a lack of memory, as which it could be tried again. */
Test(odd, identifier_that_is_too_long_to_say)
{
    X509 *x509 = copy();
    struct certificate *certificate;
    struct failure failure = {0};
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    X509_EXTENSION *extension;
    ASN1_OBJECT *object;
    char oid[400] = "1.2";

    while (strlen(oid) < 300)
        strcat(oid, ".1000");
    cr_assert_eq(ASN1_OCTET_STRING_set(value, (const uint8_t *)"x", 1), 1);
    object = OBJ_txt2obj(oid, 1);
    extension = X509_EXTENSION_create_by_OBJ(NULL, object, 0, value);
    cr_assert_eq(X509_add_ext(x509, extension, -1), 1);
    sign(x509);
    assert_status(certificate_new(x509, NULL, NULL, "here", &certificate, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_null(certificate);
    cr_assert_not_null(strstr(failure.text, "certificate here: a time or an identifier"), "%s", failure.text);
    ASN1_OBJECT_free(object);
    X509_EXTENSION_free(extension);
    ASN1_OCTET_STRING_free(value);
    X509_free(x509);
    cr_assert_eq(live_count(), 0);
}

static void shows(const struct certificate *certificate, DWORD type, const char *expected)
{
    char *text = certificate_name(certificate, type, false, NULL);

    cr_assert_str_eq(text, expected);
    mem_free(text);
}

/* Nothing but alternative names, and first those that are not wanted. */
Test(odd, names_without_a_subject)
{
    X509 *x509 = copy();
    X509_NAME *empty = X509_NAME_new();
    X509V3_CTX context;
    X509_EXTENSION *extension;
    struct certificate *certificate;

    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509V3_set_ctx_nodb(&context);
    extensions_drop(x509);
    cr_assert_eq(X509_set_subject_name(x509, empty), 1);
    extension = X509V3_EXT_conf(NULL, &context, (char *)"subjectAltName",
                                (char *)"IP:1.2.3.4,otherName:1.2.3.4;UTF8:bob,DNS:a.example,email:a@b.example");
    cr_assert(extension && X509_add_ext(x509, extension, -1) == 1);
    sign(x509);
    certificate = made(x509);
    shows(certificate, CERT_NAME_SIMPLE_DISPLAY_TYPE, "a@b.example");
    shows(certificate, CERT_NAME_DNS_TYPE, "a.example");
    shows(certificate, CERT_NAME_UPN_TYPE, "");
    shows(certificate, 99, "");
    certificate_release(certificate);
    X509_EXTENSION_free(extension);
    X509_NAME_free(empty);
    X509_free(x509);
}

/* ---- PKCS#12 ---- */

static struct bytes archive(EVP_PKEY *key, X509 *x509, int chain)
{
    static uint8_t room[65536];
    STACK_OF(X509) *others = sk_X509_new_null();
    PKCS12 *made_of;
    uint8_t *place = room;
    int size;

    for (int i = 0; i < chain; i++)
        sk_X509_push(others, pki_authority());
    made_of = PKCS12_create(PASSWORD, NULL, key, x509, others, 0, 0, 1, 1, 0);
    cr_assert_not_null(made_of);
    size = i2d_PKCS12(made_of, NULL);
    cr_assert(size > 0 && (size_t)size < sizeof room);
    cr_assert_eq(i2d_PKCS12(made_of, &place), size);
    PKCS12_free(made_of);
    sk_X509_free(others);
    return bytes_of(room, (size_t)size);
}

static void archive_refused(struct bytes content, const char *words)
{
    struct certificate_source source = {
        .where = "/etc/odd.p12", .content = content, .password = rig_text(PASSWORD), .key_wanted = true};

    rig_refused(&source, words);
}

Test(odd, archives_that_lack_something)
{
    static const uint8_t empty[] = {0x30, 0x03, 0x02, 0x01, 0x03};

    archive_refused(archive(NULL, rig_x509(NAME, PKI_P256), 0), "holds no certificate with its key");
    archive_refused(archive(pki_private(PKI_P256), NULL, 0), "holds no certificate with its key");
    archive_refused(bytes_of(empty, sizeof empty), "is damaged");
    archive_refused(archive(pki_private(PKI_P256), rig_x509(NAME, PKI_P256), CERTIFICATE_CHAIN_LIMIT + 1),
                    "more than 32 certificates");
}

/* The key that is named beside it counts. */
Test(odd, archive_with_a_key_apart)
{
    struct certificate_source source = {.where = "/etc/odd.p12",
                                        .content = archive(pki_private(PKI_P256), rig_x509(NAME, PKI_P256), 0),
                                        .password = rig_text(PASSWORD),
                                        .key = rig_key_pem(PKI_P256, NULL, false)};
    struct certificate *certificate;

    assert_status(certificate_load(&source, &certificate, NULL), SEC_E_OK);
    cr_assert_eq(EVP_PKEY_eq(certificate->key, pki_private(PKI_P256)), 1);
    certificate_release(certificate);
    source.where = "/etc/odd.p12";
    source.key = rig_key_pem(PKI_RSA, NULL, false);
    rig_refused(&source, "private key belongs to another certificate");
}

/* ---- Stores, trust, folders ---- */

Test(odd, stores_and_trust_have_a_cap)
{
    const size_t size = CERTIFICATE_TRUST_LIMIT + 1;
    const struct bytes much = bytes_of(calloc(1, size), size);
    struct certificate_store *store = certificate_store_new();
    X509_STORE *trust = trust_new();
    struct failure failure = {0};

    assert_status(certificate_store_load(store, much, "/etc/much", (struct bytes){0}, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "/etc/much: is larger than 16 MiB"), "%s", failure.text);
    assert_status(trust_add_bytes(trust, much, "/etc/much", &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "/etc/much: is larger than 16 MiB"), "%s", failure.text);
    free((void *)much.data);
    X509_STORE_free(trust);
    certificate_store_release(store);
}

/* What cannot be read is not left out. */
Test(odd, one_damaged_certificate_refuses_all)
{
    static char text[16384];
    const struct bytes good = rig_pem(NAME, PKI_P256, false, false);
    struct certificate_store *store = certificate_store_new();
    X509_STORE *trust = trust_new();
    struct failure failure = {0};
    int size = snprintf(text, sizeof text, "%.*s-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                        (int)good.size, (const char *)good.data);

    assert_status(certificate_store_load(store, bytes_of(text, (size_t)size), "/etc/half", (struct bytes){0}, &failure),
                  SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "/etc/half: a certificate in it is damaged"), "%s", failure.text);
    assert_status(trust_add_bytes(trust, bytes_of(text, (size_t)size), "/etc/half", &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "/etc/half: a certificate in it is damaged"), "%s", failure.text);
    X509_STORE_free(trust);
    certificate_store_release(store);
}

/* A link to nothing in a folder of authorities: somebody meant it. */
Test(odd, folder_with_a_file_that_is_gone)
{
    char path[256], link[512];
    X509_STORE *trust = trust_new();
    struct certificate_store *store = certificate_store_new();
    struct failure failure = {0};

    snprintf(path, sizeof path, "%s/none", rig_folder());
    cr_assert_eq(mkdir(path, 0700), 0);
    snprintf(link, sizeof link, "%s/gone.pem", path);
    cr_assert_eq(symlink("/nonexistent", link), 0);
    assert_status(trust_add_path(trust, path, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "gone.pem"), "%s", failure.text);
    cr_assert_eq(unlink(link), 0);
    snprintf(link, sizeof link, "%s/empty.pem", path);
    fclose(fopen(link, "w"));
    assert_status(trust_add_path(trust, path, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "is empty"), "%s", failure.text);
    assert_status(certificate_store_load_path(store, path, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "is empty"), "%s", failure.text);
    certificate_store_release(store);
    X509_STORE_free(trust);
}

Test(odd, folder_with_too_many_files)
{
    char path[256], name[512];
    X509_STORE *trust = trust_new();
    struct failure failure = {0};

    snprintf(path, sizeof path, "%s/too-many", rig_folder());
    cr_assert_eq(mkdir(path, 0700), 0);
    for (int i = 0; i < 1001; i++) {
        snprintf(name, sizeof name, "%s/%d", path, i);
        fclose(fopen(name, "w"));
    }
    assert_status(trust_add_path(trust, path, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_not_null(strstr(failure.text, "more than 1000 files"), "%s", failure.text);
    X509_STORE_free(trust);
}

Test(odd, folder_without_memory)
{
    char path[256];
    X509_STORE *trust = trust_new();

    snprintf(path, sizeof path, "%s/one", rig_folder());
    cr_assert_eq(mkdir(path, 0700), 0);
    rig_file("one/authority.pem", rig_pem(NAME, PKI_P256, false, false), 0644);
    for (size_t n = 1;; n++) {
        const size_t live = memory_live();
        SECURITY_STATUS status;

        memory_fail_at(n);
        status = trust_add_path(trust, path, NULL);
        if (memory_count() < n) {
            memory_fail_at(0);
            assert_status(status, SEC_E_OK);
            cr_assert_gt(n, 2);
            break;
        }
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert_eq(memory_live(), live);
    }
    X509_STORE_free(trust);
}

/* ---- Responses ---- */

static uint8_t *response(int state, X509 *of, ASN1_TIME *next, int whole_state, int *size)
{
    OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
    OCSP_CERTID *other = OCSP_cert_to_id(EVP_sha1(), pki_authority(), pki_authority());
    OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), of, pki_authority());
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60);
    OCSP_RESPONSE *whole;
    uint8_t *der = NULL;

    cr_assert_not_null(OCSP_basic_add1_status(basic, other, V_OCSP_CERTSTATUS_REVOKED, 0, now, now, NULL));
    cr_assert_not_null(OCSP_basic_add1_status(basic, id, state, 0, now, now, next));
    cr_assert_eq(OCSP_basic_sign(basic, pki_authority(), pki_authority_key(), EVP_sha256(), NULL, OCSP_NOCERTS), 1);
    whole = OCSP_response_create(whole_state, basic);
    *size = i2d_OCSP_RESPONSE(whole, &der);
    cr_assert_gt(*size, 0);
    OCSP_RESPONSE_free(whole);
    OCSP_BASICRESP_free(basic);
    OCSP_CERTID_free(id);
    OCSP_CERTID_free(other);
    ASN1_TIME_free(now);
    return der;
}

static void response_is(struct certificate *certificate, int state, int whole_state, SECURITY_STATUS expected,
                        const char *words)
{
    struct failure failure = {0};
    int size;
    uint8_t *der = response(state, certificate->x509, NULL, whole_state, &size);

    assert_status(certificate_ocsp_set(certificate, bytes_of(der, (size_t)size), &failure), expected);
    cr_assert_not_null(strstr(failure.text, words), "%s", failure.text);
    OPENSSL_free(der);
}

/* The answer is looked for among several; without an end it holds for good. */
Test(odd, responses)
{
    struct certificate *certificate = made(rig_x509(NAME, PKI_P256));
    OCSP_RESPONSE *bare = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, NULL);
    uint8_t *der = NULL, *longer, *kept;
    size_t kept_size;
    int size;

    response_is(certificate, V_OCSP_CERTSTATUS_GOOD, OCSP_RESPONSE_STATUS_TRYLATER, SEC_E_NO_CREDENTIALS,
                "responder failed");
    response_is(certificate, V_OCSP_CERTSTATUS_UNKNOWN, OCSP_RESPONSE_STATUS_SUCCESSFUL, SEC_E_NO_CREDENTIALS,
                "not say that the certificate is good");
    cr_assert_null(certificate_ocsp_copy(certificate, &kept_size));
    response_is(certificate, V_OCSP_CERTSTATUS_GOOD, OCSP_RESPONSE_STATUS_SUCCESSFUL, SEC_E_OK, "");
    kept = certificate_ocsp_copy(certificate, &kept_size);
    cr_assert_not_null(kept);
    OPENSSL_free(kept);
    size = i2d_OCSP_RESPONSE(bare, &der);
    assert_status(certificate_ocsp_set(certificate, bytes_of(der, (size_t)size), NULL), SEC_E_NO_CREDENTIALS);
    OPENSSL_free(der);
    der = response(V_OCSP_CERTSTATUS_GOOD, certificate->x509, NULL, OCSP_RESPONSE_STATUS_SUCCESSFUL, &size);
    longer = calloc(1, (size_t)size + 1);
    memcpy(longer, der, (size_t)size);
    assert_status(certificate_ocsp_set(certificate, bytes_of(longer, (size_t)size + 1), NULL), SEC_E_NO_CREDENTIALS);
    kept = certificate_ocsp_copy(certificate, &kept_size); /* what was taken before stays */
    cr_assert_not_null(kept);
    OPENSSL_free(kept);
    OPENSSL_free(der);
    free(longer);
    OCSP_RESPONSE_free(bare);
    certificate_release(certificate);
}

/* One that was good when it was given, and is not any more. */
Test(odd, response_that_ends)
{
    struct certificate *certificate = made(rig_x509(NAME, PKI_P256));
    ASN1_TIME *soon = X509_gmtime_adj(NULL, 2);
    int size;
    uint8_t *der = response(V_OCSP_CERTSTATUS_GOOD, certificate->x509, soon, OCSP_RESPONSE_STATUS_SUCCESSFUL, &size),
            *kept;
    size_t kept_size;

    assert_status(certificate_ocsp_set(certificate, bytes_of(der, (size_t)size), NULL), SEC_E_OK);
    certificate->ocsp_ends -= INT64_C(10) * 10000000; /* as if ten seconds had gone by */
    kept = certificate_ocsp_copy(certificate, &kept_size);
    cr_assert_null(kept);
    OPENSSL_free(der);
    ASN1_TIME_free(soon);
    certificate_release(certificate);
}
