/*
 * PEM (RFC 7468): certificates and private keys, also the encrypted forms. Block by block, so that the explanation can
 * tell a wrong password from a damaged file.
 */
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "certificate/load.h"
#include "certificate/openssl.h"
#include "certificate/pem.h"
#include "crypto/library.h"

/* The password for OpenSSL's callbacks: what it is given must end where `size` says. */
static int password_give(char *out, int size, int writing, void *argument)
{
    const struct bytes *password = argument;

    (void)writing;
    if (!password->data || password->size > (size_t)size)
        return -1;
    for (size_t i = 0; i < password->size; i++)
        out[i] = (char)password->data[i];
    return (int)password->size;
}

/* PBKDF2 inside PBES2, RFC 8018, A.2 and A.4; scrypt has OpenSSL's own bound. */
static bool derivation_bearable(const X509_ALGOR *algorithm)
{
    PBKDF2PARAM *derivation = NULL;
    bool bearable = true;

    if (OBJ_obj2nid(algorithm->algorithm) == NID_id_pbkdf2)
        derivation = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBKDF2PARAM), algorithm->parameter);
    if (derivation)
        bearable = load_iterations_bearable(derivation->iter);
    PBKDF2PARAM_free(derivation);
    return bearable;
}

static bool password_bearable(const X509_ALGOR *algorithm)
{
    const bool modern = OBJ_obj2nid(algorithm->algorithm) == NID_pbes2;
    PBE2PARAM *two = NULL;
    PBEPARAM *one = NULL;
    bool bearable;

    if (modern)
        two = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBE2PARAM), algorithm->parameter);
    else
        one = ASN1_TYPE_unpack_sequence(ASN1_ITEM_rptr(PBEPARAM), algorithm->parameter);
    bearable = two ? derivation_bearable(two->keyfunc) : one && load_iterations_bearable(one->iter);
    PBE2PARAM_free(two);
    PBEPARAM_free(one);
    return bearable;
}

/* "ENCRYPTED PRIVATE KEY", RFC 5958, 3. */
static EVP_PKEY *key_decrypt(const uint8_t *data, long size, struct bytes password)
{
    X509_SIG *sealed = d2i_X509_SIG(NULL, &data, size);
    PKCS8_PRIV_KEY_INFO *plain = NULL;
    const X509_ALGOR *algorithm = NULL;
    EVP_PKEY *key = NULL;

    if (sealed)
        X509_SIG_get0(sealed, &algorithm, NULL);
    if (algorithm && password_bearable(algorithm))
        plain =
            PKCS8_decrypt_ex(sealed, (const char *)password.data, (int)password.size, crypto_library()->context, NULL);
    if (plain)
        key = EVP_PKCS82PKEY_ex(plain, crypto_library()->context, NULL);
    PKCS8_PRIV_KEY_INFO_free(plain);
    X509_SIG_free(sealed);
    return key;
}

static EVP_PKEY *key_plain(const uint8_t *data, long size)
{
    return d2i_AutoPrivateKey_ex(NULL, &data, size, crypto_library()->context, NULL);
}

/* The old form, with its cipher in the block's header (RFC 1421): decrypts in place. */
static bool old_form_decrypt(struct pem_block *block, struct bytes *password)
{
    EVP_CIPHER_INFO cipher;

    return PEM_get_EVP_CIPHER_INFO(block->header, &cipher) == 1
           && PEM_do_header(&cipher, block->data, &block->size, password_give, password) == 1;
}

static SECURITY_STATUS key_read(const char *where, struct pem_block *block, struct bytes password, EVP_PKEY **key,
                                struct failure *failure)
{
    const bool modern = strcmp(block->name, PEM_STRING_PKCS8) == 0;
    const bool sealed = modern || block->header[0];
    char why[OPENSSL_TEXT_SIZE + 64] = "the private key is damaged: ";

    if (sealed && !password.data)
        return certificate_unusable(failure, where, "the private key is encrypted and no password was given");
    if (modern)
        *key = key_decrypt(block->data, block->size, password);
    else if (!sealed || old_form_decrypt(block, &password))
        *key = key_plain(block->data, block->size);
    if (*key)
        return SEC_E_OK;
    if (sealed)
        return certificate_unusable(failure, where, "the password of the private key is wrong, or it is damaged");
    openssl_reason(why + strlen(why));
    return certificate_unusable(failure, where, why);
}

static SECURITY_STATUS certificate_read(const char *where, const struct pem_block *block,
                                        struct certificate_parts *parts, struct failure *failure)
{
    X509 *x509;

    if (parts->chain && sk_X509_num(parts->chain) >= CERTIFICATE_CHAIN_LIMIT)
        return certificate_unusable(failure, where, "holds more than 32 certificates behind the first");
    x509 = load_x509(pem_content(block));
    if (!x509)
        return certificate_unusable(failure, where, "a certificate in it is damaged");
    if (!certificate_parts_add(parts, x509))
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "no memory for a certificate");
    return SEC_E_OK;
}

struct reading {
    const struct certificate_source *source;
    struct certificate_parts *parts;
};

/* Unknown blocks (parameters, requests) are passed over. */
static SECURITY_STATUS block_read(void *argument, struct pem_block *block, struct failure *failure)
{
    const struct reading *reading = argument;

    if (pem_is_certificate(block))
        return certificate_read(reading->source->where, block, reading->parts, failure);
    if (pem_is_key(block) && !reading->parts->key)
        return key_read(reading->source->where, block, reading->source->password, &reading->parts->key, failure);
    return SEC_E_OK;
}

static SECURITY_STATUS text_read(const struct certificate_source *source, struct certificate_parts *parts,
                                 struct failure *failure)
{
    struct reading reading = {source, parts};

    return pem_each(source->content, source->where, block_read, &reading, failure);
}

SECURITY_STATUS load_pem(const struct certificate_source *source, struct certificate_parts *parts,
                         struct failure *failure)
{
    SECURITY_STATUS status = text_read(source, parts, failure);

    if (status == SEC_E_OK && !parts->leaf)
        return certificate_unusable(failure, source->where, "holds no certificate");
    return status;
}

static SECURITY_STATUS key_of_der(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                                  struct failure *failure)
{
    *key = key_plain(content.data, (long)content.size);
    if (!*key && password.data)
        *key = key_decrypt(content.data, (long)content.size, password);
    if (*key)
        return SEC_E_OK;
    return certificate_unusable(failure, where, "is no private key in PEM or DER, or its password is wrong");
}

SECURITY_STATUS load_key(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                         struct failure *failure)
{
    const struct certificate_source source = {.where = where, .content = content, .password = password};
    struct certificate_parts parts = {0};
    SECURITY_STATUS status;

    *key = NULL;
    if (!content_is_pem(content))
        return key_of_der(where, content, password, key, failure);
    status = text_read(&source, &parts, failure);
    if (status == SEC_E_OK && !parts.key)
        status = certificate_unusable(failure, where, "holds no private key");
    if (status == SEC_E_OK) {
        *key = parts.key;
        parts.key = NULL;
    }
    certificate_parts_clear(&parts);
    return status;
}
