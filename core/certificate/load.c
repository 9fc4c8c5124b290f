/*
 * From bytes to a certificate: tells the formats apart, puts certificate and key together, explains what is wrong.
 */
#include "certificate/load.h"

#include <string.h>

#include "base/der.h"
#include "base/memory.h"
#include "certificate/file.h"
#include "certificate/openssl.h"
#include "crypto/library.h"

void certificate_parts_clear(struct certificate_parts *parts)
{
    X509_free(parts->leaf);
    sk_X509_pop_free(parts->chain, X509_free);
    EVP_PKEY_free(parts->key);
    *parts = (struct certificate_parts){0};
}

SECURITY_STATUS certificate_unusable(struct failure *failure, const char *where, const char *why)
{
    if (openssl_no_memory())
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "certificate %s: there is no memory", where);
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE, "certificate %s: %s", where, why);
}

bool content_is_pem(struct bytes content)
{
    return content.size && memmem(content.data, content.size, "-----BEGIN ", 11) != NULL;
}

bool content_is_pkcs12(struct bytes content)
{
    struct cursor in = cursor_over(content);
    struct cursor inner;
    int64_t version;

    return der_enter(&in, DER_SEQUENCE, &inner) && der_integer(&inner, DER_INTEGER, &version) && version == 3;
}

X509 *load_x509(struct bytes der)
{
    X509 *x509 = X509_new_ex(crypto_library()->context, NULL);
    const uint8_t *place = der.data;

    if (x509 && der.size <= CERTIFICATE_FILE_LIMIT && d2i_X509(&x509, &place, (long)der.size)
        && place == der.data + der.size)
        return x509;
    X509_free(x509);
    return NULL;
}

bool certificate_parts_add(struct certificate_parts *parts, X509 *x509)
{
    if (!parts->leaf) {
        parts->leaf = x509;
        return true;
    }
    if (!parts->chain)
        parts->chain = sk_X509_new_null();
    if (parts->chain && sk_X509_push(parts->chain, x509) > 0)
        return true;
    X509_free(x509);
    return false;
}

SECURITY_STATUS load_der(const struct certificate_source *source, struct certificate_parts *parts,
                         struct failure *failure)
{
    parts->leaf = load_x509(source->content);
    if (parts->leaf)
        return SEC_E_OK;
    return certificate_unusable(failure, source->where, "is neither PEM nor PKCS#12 nor a certificate in DER");
}

static SECURITY_STATUS parts_load(const struct certificate_source *source, struct certificate_parts *parts,
                                  struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (source->content.size > CERTIFICATE_FILE_LIMIT || source->key.size > CERTIFICATE_FILE_LIMIT)
        return certificate_unusable(failure, source->where, "is larger than 1 MiB");
    if (source->password.size > CERTIFICATE_PASSWORD_LIMIT)
        return certificate_unusable(failure, source->where, "the password is longer than 1024 bytes");
    if (source->key.data)
        status = load_key(source->key_where ? source->key_where : source->where, source->key, source->password,
                          &parts->key, failure);
    if (status != SEC_E_OK)
        return status;
    if (content_is_pem(source->content))
        status = load_pem(source, parts, failure);
    else if (content_is_pkcs12(source->content))
        status = load_pkcs12(source, parts, failure);
    else
        status = load_der(source, parts, failure);
    if (status != SEC_E_OK)
        return status;
    if (source->key_wanted && !parts->key)
        return certificate_unusable(failure, source->where, "there is no private key with it");
    if (parts->key && EVP_PKEY_get_bits(parts->key) > CERTIFICATE_KEY_BITS_LIMIT)
        return certificate_unusable(failure, source->where, "the private key has more than 16384 bits");
    return SEC_E_OK;
}

SECURITY_STATUS certificate_load(const struct certificate_source *from, struct certificate **out,
                                 struct failure *failure)
{
    struct certificate_source source = *from;
    struct certificate_parts parts = {0};
    SECURITY_STATUS status;

    *out = NULL;
    if (!source.where)
        source.where = "in memory";
    openssl_enter();
    status = parts_load(&source, &parts, failure);
    if (status == SEC_E_OK)
        status = certificate_new(parts.leaf, parts.chain, parts.key, source.where, out, failure);
    certificate_parts_clear(&parts);
    openssl_leave();
    return status;
}

/* A private key in it makes a file one that must be closed to others. */
static bool holds_key(struct bytes content)
{
    if (content_is_pem(content))
        return memmem(content.data, content.size, "PRIVATE KEY-----", 16) != NULL;
    return content_is_pkcs12(content);
}

SECURITY_STATUS certificate_load_file(const char *path, const char *key_path, struct bytes password, bool key_wanted,
                                      struct certificate **out, struct failure *failure)
{
    struct certificate_source source = {.where = path, .key_where = key_path, .password = password};
    struct secret content = {0}, key = {0};
    SECURITY_STATUS status;

    *out = NULL;
    source.key_wanted = key_wanted;
    status = certificate_file_read(path, CERTIFICATE_FILE_LIMIT, holds_key, &content, failure);
    if (status == SEC_E_OK && key_path)
        status = certificate_file_read(key_path, CERTIFICATE_FILE_LIMIT, file_always_secret, &key, failure);
    source.content = bytes_of(content.data, content.size);
    source.key = bytes_of(key.data, key.size);
    if (status == SEC_E_OK)
        status = certificate_load(&source, out, failure);
    secret_clear(&content);
    secret_clear(&key);
    return status;
}
