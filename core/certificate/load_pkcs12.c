/*
 * PKCS#12 (RFC 7292): certificate, chain and key in one file that a password protects.
 */
#include <openssl/pkcs12.h>

#include "base/memory.h"
#include "certificate/load.h"
#include "certificate/openssl.h"
#include "certificate/work.h"
#include "crypto/library.h"

static PKCS12 *decode(struct bytes content)
{
    PKCS12 *archive = PKCS12_init_ex(NID_pkcs7_data, crypto_library_widest(), NULL);
    BIO *bytes = BIO_new_mem_buf(content.data, (int)content.size);

    if (archive && bytes && !d2i_PKCS12_bio(bytes, &archive))
        archive = NULL; /* freed by the decoder */
    BIO_free(bytes);
    return archive;
}

/*
 * What opening an archive would cost is looked at part by part before OpenSSL opens all of it: each encrypted part
 * names its own count of iterations, and a key may lie inside another encrypted part.
 */
struct survey {
    const char *password;
    struct work work;
    const char *refusal; /* NULL: none yet */
};

static const char too_much[] = "the PKCS#12 file wants too many iterations of its password";
static const char wrong[] = "the password of the PKCS#12 file is wrong, or it is damaged";

static void refuse(struct survey *survey, const char *why)
{
    if (!survey->refusal)
        survey->refusal = why;
}

static void key_survey(struct survey *survey, const PKCS8_PRIV_KEY_INFO *plain)
{
    if (!plain)
        refuse(survey, wrong);
    else if (!load_kind_known(plain))
        refuse(survey, "the private key of the PKCS#12 file is not RSA, EC, Ed25519 or Ed448");
}

static void sealed_key_survey(struct survey *survey, const PKCS12_SAFEBAG *bag)
{
    const X509_ALGOR *algorithm;
    PKCS8_PRIV_KEY_INFO *plain;

    X509_SIG_get0(PKCS12_SAFEBAG_get0_pkcs8(bag), &algorithm, NULL);
    if (!work_take_of(&survey->work, algorithm)) {
        refuse(survey, too_much);
        return;
    }
    plain = PKCS12_decrypt_skey_ex(bag, survey->password, -1, crypto_library_widest(), NULL);
    key_survey(survey, plain);
    PKCS8_PRIV_KEY_INFO_free(plain);
}

/* Bags in bags end where OpenSSL's decoder ends: 30 levels. */
static void bags_survey(struct survey *survey, const STACK_OF(PKCS12_SAFEBAG) * bags)
{
    for (int i = 0; !survey->refusal && i < sk_PKCS12_SAFEBAG_num(bags); i++) {
        const PKCS12_SAFEBAG *bag = sk_PKCS12_SAFEBAG_value(bags, i);

        switch (PKCS12_SAFEBAG_get_nid(bag)) {
        case NID_keyBag:
            key_survey(survey, PKCS12_SAFEBAG_get0_p8inf(bag));
            break;
        case NID_pkcs8ShroudedKeyBag:
            sealed_key_survey(survey, bag);
            break;
        case NID_safeContentsBag:
            bags_survey(survey, PKCS12_SAFEBAG_get0_safes(bag));
            break;
        default:
            break;
        }
    }
}

static void part_survey(struct survey *survey, PKCS7 *part)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = NULL;

    if (PKCS7_type_is_data(part))
        bags = PKCS12_unpack_p7data(part);
    else if (!PKCS7_type_is_encrypted(part))
        return;
    else if (!part->d.encrypted || !work_take_of(&survey->work, part->d.encrypted->enc_data->algorithm))
        refuse(survey, too_much);
    else
        bags = PKCS12_unpack_p7encdata(part, survey->password, -1);
    if (!bags)
        refuse(survey, wrong);
    bags_survey(survey, bags);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
}

static void parts_survey(struct survey *survey, const PKCS12 *archive)
{
    STACK_OF(PKCS7) *parts = PKCS12_unpack_authsafes(archive);

    if (!parts)
        refuse(survey, wrong);
    for (int i = 0; !survey->refusal && i < sk_PKCS7_num(parts); i++)
        part_survey(survey, sk_PKCS7_value(parts, i));
    sk_PKCS7_pop_free(parts, PKCS7_free);
}

/* Without a MAC a wrong password would show as damage. */
static void mac_survey(struct survey *survey, PKCS12 *archive)
{
    const ASN1_OCTET_STRING *mac = NULL;
    const ASN1_INTEGER *count = NULL;
    const X509_ALGOR *algorithm = NULL;
    bool bearable = true;

    PKCS12_get0_mac(&mac, &algorithm, NULL, &count, archive);
    if (!mac) {
        refuse(survey, "the PKCS#12 file has no MAC");
        return;
    }
    if (count) /* absent: one */
        bearable = work_take(&survey->work, count);
    if (bearable && OBJ_obj2nid(algorithm->algorithm) == NID_pbmac1)
        bearable = work_take_of(&survey->work, algorithm);
    if (!bearable) {
        refuse(survey, too_much);
        return;
    }
    /* Empty and absent are two passwords, and files have either. */
    if (!*survey->password && PKCS12_verify_mac(archive, NULL, 0))
        survey->password = NULL;
    else if (!PKCS12_verify_mac(archive, survey->password, -1))
        refuse(survey, wrong);
}

/* What was decrypted moves from the library context that knows old ciphers to the one that TLS uses. */
static bool x509_move(X509 **x509)
{
    uint8_t *der = NULL;
    const int size = i2d_X509(*x509, &der);
    X509 *moved = size > 0 ? load_x509(bytes_of(der, (size_t)size)) : NULL;

    OPENSSL_free(der);
    X509_free(*x509);
    *x509 = moved;
    return moved != NULL;
}

static bool key_move(EVP_PKEY **key)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(*key);
    EVP_PKEY *moved = plain ? EVP_PKCS82PKEY_ex(plain, crypto_library()->context, NULL) : NULL;

    PKCS8_PRIV_KEY_INFO_free(plain);
    EVP_PKEY_free(*key);
    *key = moved;
    return moved != NULL;
}

static bool parts_move(EVP_PKEY **key, X509 **leaf, STACK_OF(X509) * others)
{
    bool ok = (!*key || key_move(key)) && (!*leaf || x509_move(leaf));

    for (int i = 0; ok && i < sk_X509_num(others); i++) {
        X509 *x509 = sk_X509_value(others, i);

        ok = x509_move(&x509);
        (void)sk_X509_set(others, i, x509);
    }
    return ok;
}

static SECURITY_STATUS open_archive(PKCS12 *archive, const char *where, const char *password,
                                    struct certificate_parts *parts, struct failure *failure)
{
    EVP_PKEY *key = NULL;
    STACK_OF(X509) *others = NULL;
    bool moved;
    struct survey survey = {.password = password};

    mac_survey(&survey, archive);
    if (!survey.refusal)
        parts_survey(&survey, archive);
    if (survey.refusal)
        return certificate_unusable(failure, where, survey.refusal);
    if (PKCS12_parse(archive, password, &key, &parts->leaf, &others) != 1)
        return certificate_unusable(failure, where, wrong);
    moved = parts_move(&key, &parts->leaf, others);
    if (parts->key)
        EVP_PKEY_free(key); /* a key of its own file was given */
    else
        parts->key = key;
    parts->chain = others;
    if (!moved)
        return certificate_unusable(failure, where, "the PKCS#12 file holds a damaged certificate or key");
    if (!parts->leaf)
        return certificate_unusable(failure, where, "the PKCS#12 file holds no certificate with its key");
    if (others && sk_X509_num(others) > CERTIFICATE_CHAIN_LIMIT)
        return certificate_unusable(failure, where, "holds more than 32 certificates behind the first");
    return SEC_E_OK;
}

SECURITY_STATUS load_pkcs12(const struct certificate_source *source, struct certificate_parts *parts,
                            struct failure *failure)
{
    struct secret password = {0};
    PKCS12 *archive;
    SECURITY_STATUS status;
    uint8_t *text = mem_zalloc(source->password.size + 1);

    if (!text)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a password");
    for (size_t i = 0; i < source->password.size; i++)
        text[i] = source->password.data[i];
    password = (struct secret){text, source->password.size + 1};
    archive = decode(source->content);
    status = archive ? open_archive(archive, source->where, (const char *)text, parts, failure)
                     : certificate_unusable(failure, source->where, "the PKCS#12 file is damaged");
    PKCS12_free(archive);
    secret_clear(&password);
    return status;
}
