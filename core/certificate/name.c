/*
 * Names of certificates as text.
 */
#include "certificate/name.h"

#include <openssl/x509v3.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "certificate/openssl.h"
#include "crypto/library.h"

static X509_NAME *name_of(const struct certificate *certificate, bool issuer)
{
    return issuer ? X509_get_issuer_name(certificate->x509) : X509_get_subject_name(certificate->x509);
}

/* Text without a NUL inside; NULL: none, or no memory. */
static char *text_of(const ASN1_STRING *string)
{
    uint8_t *utf8 = NULL;
    int size = string ? ASN1_STRING_to_UTF8(&utf8, string) : 0;
    char *text = NULL;

    if (size > 0 && utf8_valid(bytes_of(utf8, (size_t)size)))
        text = mem_zalloc((size_t)size + 1);
    if (text)
        memcpy(text, utf8, (size_t)size);
    OPENSSL_free(utf8);
    return text;
}

static char *attribute(X509_NAME *name, int nid)
{
    const int place = X509_NAME_get_index_by_NID(name, nid, -1);

    return place < 0 ? NULL : text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, place)));
}

/* RFC 4514, the most special part last, as Windows writes it. */
static char *whole(X509_NAME *name)
{
    BIO *out = BIO_new(BIO_s_mem());
    char *data, *text = NULL;
    long size;

    if (out
        && X509_NAME_print_ex(out, name, 0, XN_FLAG_SEP_CPLUS_SPC | (ASN1_STRFLGS_RFC2253 & ~ASN1_STRFLGS_ESC_MSB))
               >= 0) {
        size = BIO_get_mem_data(out, &data);
        text = size >= 0 ? mem_zalloc((size_t)size + 1) : NULL;
        if (text)
            memcpy(text, data, (size_t)size);
    }
    BIO_free(out);
    return text;
}

#define UPN_OID "1.3.6.1.4.1.311.20.2.3"

static const ASN1_STRING *general(const GENERAL_NAME *name, int type)
{
    char oid[sizeof UPN_OID + 1];

    if (name->type != type)
        return NULL;
    if (type != GEN_OTHERNAME)
        return type == GEN_DNS ? name->d.dNSName : name->d.rfc822Name;
    if (OBJ_obj2txt(oid, sizeof oid, name->d.otherName->type_id, 1) <= 0 || strcmp(oid, UPN_OID) != 0
        || name->d.otherName->value->type != V_ASN1_UTF8STRING)
        return NULL;
    return name->d.otherName->value->value.utf8string;
}

static char *alternative(const struct certificate *certificate, bool issuer, int type)
{
    const int nid = issuer ? NID_issuer_alt_name : NID_subject_alt_name;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate->x509, nid, NULL, NULL);
    char *text = NULL;

    for (int i = 0; !text && i < sk_GENERAL_NAME_num(names); i++)
        text = text_of(general(sk_GENERAL_NAME_value(names, i), type));
    GENERAL_NAMES_free(names);
    return text;
}

/* The order in which Windows looks for the name to show. */
static char *display(const struct certificate *certificate, bool issuer)
{
    static const int nids[] = {NID_commonName, NID_organizationalUnitName, NID_organizationName,
                               NID_pkcs9_emailAddress};
    char *text = NULL;

    for (size_t i = 0; !text && i < sizeof nids / sizeof nids[0]; i++)
        text = attribute(name_of(certificate, issuer), nids[i]);
    if (!text)
        text = alternative(certificate, issuer, GEN_EMAIL);
    return text ? text : alternative(certificate, issuer, GEN_DNS);
}

static char *first_of(char *a, char *(*other)(X509_NAME *, int), X509_NAME *name, int nid)
{
    return a ? a : other(name, nid);
}

static char *name_of_type(const struct certificate *certificate, DWORD type, bool issuer, const char *oid)
{
    X509_NAME *name = name_of(certificate, issuer);

    switch (type) {
    case CERT_NAME_EMAIL_TYPE:
        return first_of(alternative(certificate, issuer, GEN_EMAIL), attribute, name, NID_pkcs9_emailAddress);
    case CERT_NAME_RDN_TYPE:
        return whole(name);
    case CERT_NAME_ATTR_TYPE:
        return attribute(name, oid ? OBJ_txt2nid(oid) : NID_commonName);
    case CERT_NAME_SIMPLE_DISPLAY_TYPE:
    case CERT_NAME_FRIENDLY_DISPLAY_TYPE:
        return display(certificate, issuer);
    case CERT_NAME_DNS_TYPE:
        return first_of(alternative(certificate, issuer, GEN_DNS), attribute, name, NID_commonName);
    case CERT_NAME_UPN_TYPE:
        return alternative(certificate, issuer, GEN_OTHERNAME);
    default:
        return NULL;
    }
}

char *certificate_name(const struct certificate *certificate, DWORD type, bool issuer, const char *oid)
{
    char *text;

    openssl_enter();
    text = name_of_type(certificate, type, issuer, oid);
    openssl_leave();
    return text ? text : mem_strdup("");
}

bool certificate_name_holds(const struct certificate *certificate, bool issuer, const char *part)
{
    char *name = certificate_name(certificate, CERT_NAME_RDN_TYPE, issuer, NULL);
    char *name_folded = name ? utf8_uppercase(name) : NULL;
    char *part_folded = utf8_uppercase(part);
    const bool holds = name_folded && part_folded && strstr(name_folded, part_folded) != NULL;

    mem_free(name);
    mem_free(name_folded);
    mem_free(part_folded);
    return holds;
}

bool certificate_hash(const struct certificate *certificate, uint8_t hash[CERTIFICATE_HASH_SIZE])
{
    const EVP_MD *sha1 = crypto_library()->digests[CRYPTO_SHA1];
    int done;

    openssl_enter();
    done = sha1 ? EVP_Digest(certificate->context.pbCertEncoded, certificate->context.cbCertEncoded, hash, NULL, sha1,
                             NULL)
                : 0;
    openssl_leave();
    return done == 1;
}
