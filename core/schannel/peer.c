/*
 * Certificates of both sides as objects of the program's, and what the peer said it takes.
 */
#include <openssl/err.h>
#include <string.h>

#include "certificate/certificate.h"
#include "schannel/answers.h"

#define NAMES_LIMIT 4096
#define SIGNATURES_LIMIT 256

/* A reference for the caller, as a pointer that api/ copies. */
static SECURITY_STATUS answer_certificate(struct schannel_context *context, struct attribute_value *value, X509 *x509,
                                          STACK_OF(X509) * chain)
{
    struct certificate *made = NULL;
    PCCERT_CONTEXT *place;
    SECURITY_STATUS status;

    place = schannel_answer(context, sizeof *place);
    if (!place)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = certificate_new(x509, chain, NULL, NULL, &made, NULL);
    if (status != SEC_E_OK)
        return status;
    *place = &made->context;
    value->blob = bytes_of(place, sizeof *place);
    return SEC_E_OK;
}

/* The issuers that came along. OpenSSL's list begins with the peer's own certificate on a client, but not on a server.
 */
static STACK_OF(X509) * issuers_of(const struct schannel_context *context)
{
    STACK_OF(X509) *came = SSL_get_peer_cert_chain(context->ssl), *issuers;

    if (!came)
        return NULL;
    issuers = sk_X509_dup(came);
    if (issuers && !context->base.acceptor)
        (void)sk_X509_shift(issuers);
    return issuers;
}

SECURITY_STATUS answer_remote_certificate(struct schannel_context *context, struct attribute_value *value)
{
    X509 *peer = SSL_get0_peer_certificate(context->ssl);
    STACK_OF(X509) * issuers;
    SECURITY_STATUS status;

    if (!peer)
        return SEC_E_NO_CREDENTIALS;
    issuers = issuers_of(context);
    status = answer_certificate(context, value, peer, issuers);
    sk_X509_free(issuers);
    return status;
}

SECURITY_STATUS answer_local_certificate(struct schannel_context *context, struct attribute_value *value)
{
    X509 *own = SSL_get_certificate(context->ssl);
    STACK_OF(X509) *chain = NULL;

    if (!own)
        return SEC_E_NO_CREDENTIALS;
    SSL_get0_chain_certs(context->ssl, &chain);
    return answer_certificate(context, value, own, chain);
}

SECURITY_STATUS answer_issuers(struct schannel_context *context, struct attribute_value *value)
{
    const STACK_OF(X509_NAME) *names = SSL_get0_peer_CA_list(context->ssl);
    int count = names ? sk_X509_NAME_num(names) : 0;
    struct bytes *items;

    if (count > NAMES_LIMIT)
        return SEC_E_INTERNAL_ERROR;
    items = schannel_answer(context, (size_t)count * sizeof *items + 1);
    if (!items)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (int i = 0; i < count; i++) {
        const unsigned char *der = NULL;
        size_t size = 0;

        if (!X509_NAME_get0_der(sk_X509_NAME_value(names, i), &der, &size))
            return SEC_E_INTERNAL_ERROR;
        items[i] = bytes_of(der, size);
    }
    value->list.items = items;
    value->list.count = (size_t)count;
    return SEC_E_OK;
}

SECURITY_STATUS answer_signatures(struct schannel_context *context, struct attribute_value *value)
{
    int count = SSL_get_sigalgs(context->ssl, -1, NULL, NULL, NULL, NULL, NULL);
    WORD *codes;

    if (count <= 0 || count > SIGNATURES_LIMIT)
        return SEC_E_UNSUPPORTED_FUNCTION;
    codes = schannel_answer(context, (size_t)count * sizeof *codes);
    if (!codes)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (int i = 0; i < count; i++) {
        unsigned char signature = 0, hash = 0;

        SSL_get_sigalgs(context->ssl, i, NULL, NULL, NULL, &signature, &hash);
        codes[i] = (WORD)(signature << 8 | hash);
    }
    value->blob = bytes_of(codes, (size_t)count * sizeof *codes);
    return SEC_E_OK;
}
