/*
 * Certificates made with OpenSSL on its default library context: the tests' own, apart from what is tested.
 */
#include "pki.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400L

static EVP_PKEY *keys[PKI_KEYS], *authority_key;
static X509 *authority;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void must(int good)
{
    if (good)
        return;
    ERR_print_errors_fp(stderr);
    abort();
}

static void extension_add(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    must(extension && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static X509 *certificate_begin(const char *name, EVP_PKEY *key, long starts, long ends)
{
    static long serial = 1000;
    X509 *made = X509_new();
    X509_NAME *subject = X509_NAME_new();

    must(made && subject && X509_set_version(made, X509_VERSION_3)
         && ASN1_INTEGER_set(X509_get_serialNumber(made), ++serial)
         && X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const unsigned char *)"Example", -1, -1, 0)
         && X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0)
         && X509_set_subject_name(made, subject) && X509_set_pubkey(made, key)
         && X509_gmtime_adj(X509_getm_notBefore(made), starts) && X509_gmtime_adj(X509_getm_notAfter(made), ends));
    X509_NAME_free(subject);
    return made;
}

static void certificate_sign(X509 *certificate, X509 *issuer, EVP_PKEY *key)
{
    must(X509_set_issuer_name(certificate, X509_get_subject_name(issuer))
         && X509_sign(certificate, key, EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()));
}

static void make(void)
{
    keys[PKI_P256] = EVP_EC_gen("P-256");
    keys[PKI_RSA] = EVP_RSA_gen(2048);
    keys[PKI_ED25519] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    authority_key = EVP_EC_gen("P-256");
    must(keys[PKI_P256] && keys[PKI_RSA] && keys[PKI_ED25519] && authority_key);
    authority = certificate_begin("Example Authority", authority_key, -3660 * DAY, 3660 * DAY);
    extension_add(authority, NID_basic_constraints, "critical,CA:TRUE");
    extension_add(authority, NID_key_usage, "critical,keyCertSign,cRLSign");
    certificate_sign(authority, authority, authority_key);
}

X509 *pki_authority(void)
{
    pthread_once(&once, make);
    return authority;
}

EVP_PKEY *pki_authority_key(void)
{
    pthread_once(&once, make);
    return authority_key;
}

EVP_PKEY *pki_private(enum pki_key key)
{
    pthread_once(&once, make);
    return keys[key];
}

X509 *pki_certificate(const struct pki_spec *spec)
{
    EVP_PKEY *key = pki_private(spec->key);
    bool usual = !spec->starts && !spec->ends;
    X509 *made = certificate_begin(spec->name, key, usual ? -DAY : spec->starts, usual ? 365 * DAY : spec->ends);
    char names[256];

    if (spec->upn)
        snprintf(names, sizeof names, "otherName:1.3.6.1.4.1.311.20.2.3;UTF8:%s", spec->upn);
    else
        snprintf(names, sizeof names, "DNS:%s", spec->name);
    if (spec->upn || !spec->client)
        extension_add(made, NID_subject_alt_name, names);
    extension_add(made, NID_ext_key_usage, spec->client ? "clientAuth" : "serverAuth");
    extension_add(made, NID_key_usage, spec->key == PKI_RSA ? "digitalSignature,keyEncipherment" : "digitalSignature");
    if (spec->self_signed)
        certificate_sign(made, made, key);
    else
        certificate_sign(made, authority, authority_key);
    return made;
}

/* Kept in a list, so that nobody takes them for leaks. */
struct text {
    struct text *next;
    char text[];
};

static struct text *texts;

const char *pki_pem(X509 *certificate, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct text *made;
    char *text;
    long size;

    must(bio && PEM_write_bio_X509(bio, certificate)
         && (!key || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL)));
    size = BIO_get_mem_data(bio, &text);
    made = malloc(sizeof *made + (size_t)size + 1);
    must(made != NULL);
    memcpy(made->text, text, (size_t)size);
    made->text[size] = '\0';
    made->next = texts;
    texts = made;
    BIO_free(bio);
    return made->text;
}
