/*
 * PEM (RFC 7468): certificates and private keys, also the encrypted forms. Block by block, so that the explanation can
 * tell a wrong password from a damaged file.
 */
#include "certificate/load.h"
#include "certificate/pem.h"

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
        return load_key_block(reading->source->where, block, reading->source->password, &reading->parts->key, failure);
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

SECURITY_STATUS load_key(const char *where, struct bytes content, struct bytes password, EVP_PKEY **key,
                         struct failure *failure)
{
    const struct certificate_source source = {.where = where, .content = content, .password = password};
    struct certificate_parts parts = {0};
    SECURITY_STATUS status;

    *key = NULL;
    if (!content_is_pem(content))
        return load_key_der(where, content, password, key, failure);
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
