/*
 * Certificates from PEM, PKCS#12 and DER: load.c, load_pem.c, load_pkcs12.c, pem.c.
 */
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include "base/live.h"
#include "certificate_rig.h"
#include "doubles.h"

#define NAME "www.example.com"

static struct certificate *loaded(const struct certificate_source *source)
{
    struct certificate *certificate = NULL;
    struct failure failure = {0};

    cr_assert_eq(certificate_load(source, &certificate, &failure), SEC_E_OK, "%s", failure.text);
    cr_assert_not_null(certificate);
    return certificate;
}

static void is_ours(const struct certificate_source *source, int chain, bool key)
{
    struct certificate *certificate = loaded(source);
    struct bytes der = rig_der(NAME, PKI_P256);

    cr_assert_eq(certificate->context.cbCertEncoded, der.size);
    assert_mem_eq(certificate->context.pbCertEncoded, der.data, der.size);
    cr_assert_eq(certificate->chain ? sk_X509_num(certificate->chain) : 0, chain);
    cr_assert_eq(certificate->key != NULL, key);
    certificate_release(certificate);
}

Test(load, pem_with_chain_and_key)
{
    for (enum pki_key key = 0; key < PKI_KEYS; key++) {
        struct certificate *certificate =
            loaded(&(struct certificate_source){.content = rig_pem(NAME, key, true, true)});

        cr_assert_eq(sk_X509_num(certificate->chain), 1);
        cr_assert_eq(EVP_PKEY_eq(certificate->key, pki_private(key)), 1);
        certificate_release(certificate);
    }
    cr_assert_eq(live_count(), 0);
}

Test(load, key_apart_in_every_form)
{
    const struct bytes keys[] = {rig_key_pem(PKI_P256, NULL, false), rig_key_pem(PKI_P256, NULL, true),
                                 rig_key_der(PKI_P256)};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        is_ours(&(struct certificate_source){.content = rig_pem(NAME, PKI_P256, false, true),
                                             .key = keys[i],
                                             .key_wanted = true},
                1, true);
        is_ours(&(struct certificate_source){.content = rig_der(NAME, PKI_P256), .key = keys[i]}, 0, true);
    }
    is_ours(&(struct certificate_source){.content = rig_der(NAME, PKI_P256)}, 0, false);
}

Test(load, password_of_a_key)
{
    for (int old = 0; old < 2; old++) {
        struct certificate_source source = {.where = "/etc/web.pem",
                                            .content = rig_pem(NAME, PKI_P256, false, false),
                                            .key_where = "/etc/web.key",
                                            .key = rig_key_pem(PKI_P256, "Zebra9", old),
                                            .password = rig_text("Zebra9")};
        struct certificate_source wrong = source;

        is_ours(&source, 0, true);
        wrong.where = wrong.key_where;
        wrong.password = rig_text("zebra9");
        rig_refused(&wrong, "password of the private key is wrong");
        wrong.password = rig_text("");
        rig_refused(&wrong, "password of the private key is wrong");
        wrong.password = (struct bytes){0};
        rig_refused(&wrong, "encrypted and no password was given");
    }
}

Test(load, pkcs12)
{
    struct certificate_source source = {.where = "/etc/web.p12",
                                        .content = rig_pkcs12(NAME, PKI_P256, "Zebra9"),
                                        .password = rig_text("Zebra9"),
                                        .key_wanted = true};

    is_ours(&source, 1, true);
    source.password = rig_text("zebra9");
    rig_refused(&source, "password of the PKCS#12 file is wrong");
    source.password = (struct bytes){0};
    rig_refused(&source, "password of the PKCS#12 file is wrong");
    source.content.size--;
    rig_refused(&source, "neither PEM nor PKCS#12");
    source.content = rig_pkcs12(NAME, PKI_P256, NULL);
    is_ours(&source, 1, true);
}

/* As Windows exported them for long: RC2 and triple DES, which need OpenSSL's legacy provider. */
Test(load, pkcs12_of_old_ciphers)
{
    OSSL_LIB_CTX *old = OSSL_LIB_CTX_new();
    OSSL_PROVIDER *providers[] = {OSSL_PROVIDER_load(old, "legacy"), OSSL_PROVIDER_load(old, "default")};
    PKCS12 *archive = PKCS12_create_ex("Zebra9", NAME, pki_private(PKI_P256), rig_x509(NAME, PKI_P256), NULL,
                                       NID_pbe_WithSHA1And3_Key_TripleDES_CBC, NID_pbe_WithSHA1And40BitRC2_CBC, 100,
                                       100, 0, old, NULL);
    struct certificate_source source = {.where = "/etc/old.p12", .password = rig_text("Zebra9"), .key_wanted = true};
    uint8_t *der = NULL;

    cr_assert(archive && i2d_PKCS12(archive, &der) > 0);
    source.content = bytes_of(der, (size_t)i2d_PKCS12(archive, NULL));
    is_ours(&source, 0, true);
    OPENSSL_free(der);
    PKCS12_free(archive);
    OSSL_PROVIDER_unload(providers[0]);
    OSSL_PROVIDER_unload(providers[1]);
    OSSL_LIB_CTX_free(old);
}

Test(load, refusals_say_what_is_wrong)
{
    struct certificate_source source = {.where = "/etc/web.pem",
                                        .key_where = "/etc/web.pem",
                                        .content = rig_pem(NAME, PKI_P256, true, true),
                                        .key_wanted = true};
    char text[8192];

    source.key = rig_key_pem(PKI_RSA, NULL, false);
    rig_refused(&source, "private key belongs to another certificate");
    source.key = rig_pem(NAME, PKI_P256, false, false);
    rig_refused(&source, "holds no private key");
    source.key = rig_text("nonsense");
    rig_refused(&source, "no private key in PEM or DER");
    source.key = (struct bytes){0};
    source.content = rig_pem(NAME, PKI_P256, false, true);
    rig_refused(&source, "no private key with it");
    source.content = rig_key_pem(PKI_P256, NULL, false);
    rig_refused(&source, "holds no certificate");
    source.content = rig_text("nonsense");
    rig_refused(&source, "neither PEM nor PKCS#12");
    source.content = rig_text("");
    rig_refused(&source, "neither PEM nor PKCS#12");
    source.content = rig_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    rig_refused(&source, "a certificate in it is damaged");
    source.content = rig_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    rig_refused(&source, "private key is damaged");
    source.content = rig_text("-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n");
    rig_refused(&source, "PEM text is damaged");
    memset(text, 'p', sizeof text);
    source.content = rig_pkcs12(NAME, PKI_P256, "Zebra9");
    source.password = bytes_of(text, CERTIFICATE_PASSWORD_LIMIT + 1);
    rig_refused(&source, "password is longer");
}

Test(load, sizes_have_a_cap)
{
    const size_t size = CERTIFICATE_FILE_LIMIT + 1;
    uint8_t *much = calloc(1, size);
    BIO *many = BIO_new(BIO_s_mem());
    struct certificate_source source = {.where = "/etc/much.pem", .content = bytes_of(much, size)};
    struct bytes one = rig_pem(NAME, PKI_P256, false, false);
    char *data;

    rig_refused(&source, "larger than 1 MiB");
    for (int i = 0; i < CERTIFICATE_CHAIN_LIMIT + 1; i++)
        BIO_write(many, one.data, (int)one.size);
    source.content.size = (size_t)BIO_get_mem_data(many, &data);
    source.content.data = (const uint8_t *)data;
    is_ours(&source, CERTIFICATE_CHAIN_LIMIT, false);
    BIO_write(many, one.data, (int)one.size);
    source.content.size = (size_t)BIO_get_mem_data(many, &data);
    source.content.data = (const uint8_t *)data;
    rig_refused(&source, "more than 32 certificates");
    BIO_free(many);
    free(much);
}

/* Cut and changed content is refused, or loads as what it still is; nothing leaks, nothing stays in the queue. */
static void abuse(struct bytes content, const char *password, size_t step)
{
    uint8_t *copy = malloc(content.size);
    struct certificate_source source = {.password = rig_text(password)};

    memcpy(copy, content.data, content.size);
    for (size_t i = 0; i < content.size; i += step) {
        struct certificate *certificate;

        source.content = bytes_of(content.data, i);
        if (certificate_load(&source, &certificate, NULL) == SEC_E_OK)
            certificate_release(certificate);
        copy[i] ^= (uint8_t)(1 + i % 255);
        source.content = bytes_of(copy, content.size);
        if (certificate_load(&source, &certificate, NULL) == SEC_E_OK)
            certificate_release(certificate);
        copy[i] = content.data[i];
    }
    free(copy);
    cr_assert_eq(live_count(), 0);
    cr_assert_eq(ERR_peek_error(), 0);
}

Test(load, cut_and_changed, .timeout = 120)
{
    abuse(rig_pem(NAME, PKI_P256, true, true), "x", 7);
    abuse(rig_der(NAME, PKI_P256), "x", 3);
    abuse(rig_key_pem(PKI_P256, "Zebra9", true), "Zebra9", 17);
    abuse(rig_pkcs12(NAME, PKI_P256, "Zebra9"), "Zebra9", 31);
}

Test(load, queue_of_the_host_is_left_alone)
{
    struct certificate_source source = {.where = "/etc/web.pem", .content = rig_text("-----BEGIN x")};
    unsigned long before;

    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    before = ERR_peek_last_error();
    rig_refused(&source, "holds no certificate");
    source.content = rig_pem(NAME, PKI_P256, true, true);
    certificate_release(loaded(&source));
    cr_assert_eq(ERR_peek_last_error(), before);
    ERR_clear_error();
}

static void without_memory(const struct certificate_source *source)
{
    for (size_t n = 1;; n++) {
        struct certificate *certificate = NULL;
        const size_t live = memory_live();
        SECURITY_STATUS status;

        memory_fail_at(n);
        status = certificate_load(source, &certificate, NULL);
        if (memory_count() < n) {
            memory_fail_at(0);
            assert_status(status, SEC_E_OK);
            certificate_release(certificate);
            cr_assert_gt(n, 3);
            return;
        }
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert_null(certificate);
        cr_assert_eq(memory_live(), live);
    }
}

Test(load, without_memory)
{
    without_memory(&(struct certificate_source){.content = rig_pem(NAME, PKI_P256, true, true)});
    without_memory(
        &(struct certificate_source){.content = rig_pkcs12(NAME, PKI_P256, "Zebra9"), .password = rig_text("Zebra9")});
}
