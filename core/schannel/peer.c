/*
 * Certificates of both sides as objects of the program's, and what the peer said it takes.
 */
#include <openssl/err.h>
#include <string.h>

#include "certificate/store.h"
#include "schannel/answers.h"

#define NAMES_LIMIT 4096
#define SIGNATURES_LIMIT 256

/* A reference for the caller, as a pointer that api/ copies. */
static SECURITY_STATUS answer_certificate(struct schannel_context *context, struct attribute_value *value, X509 *x509,
                                          STACK_OF(X509) * chain, bool with_store)
{
    struct certificate *made = NULL;
    PCCERT_CONTEXT *place;
    SECURITY_STATUS status;

    place = schannel_answer(context, sizeof *place);
    if (!place)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = certificate_new(x509, chain, NULL, NULL, &made, NULL);
    if (status == SEC_E_OK && with_store)
        status = certificate_store_attach(made);
    if (status != SEC_E_OK) {
        certificate_release(made);
        return status;
    }
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
    X509 *peer = schannel_peer(context);
    STACK_OF(X509) * issuers;
    SECURITY_STATUS status;

    if (!peer)
        return SEC_E_NO_CREDENTIALS;
    issuers = issuers_of(context);
    status = answer_certificate(context, value, peer, issuers, true);
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
    return answer_certificate(context, value, own, chain, false);
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

/* DER tells its own length: the certificates follow each other without anything between them. */
static size_t chain_write(X509 *peer, const STACK_OF(X509) * issuers, uint8_t *out)
{
    size_t size = 0;

    for (int i = -1; i < sk_X509_num(issuers); i++) {
        unsigned char *place = out ? out + size : NULL;
        int part = i2d_X509(i < 0 ? peer : sk_X509_value(issuers, i), out ? &place : NULL);

        if (part <= 0)
            return 0;
        size += (size_t)part;
    }
    return size;
}

SECURITY_STATUS answer_remote_certificates(struct schannel_context *context, struct attribute_value *value)
{
    X509 *peer = schannel_peer(context);
    STACK_OF(X509) *issuers = peer ? issuers_of(context) : NULL;
    size_t size = peer ? chain_write(peer, issuers, NULL) : 0;
    uint8_t *chain = size ? schannel_answer(context, size) : NULL;

    if (chain) {
        value->numbered.content = bytes_of(chain, chain_write(peer, issuers, chain));
        value->numbered.number = 1 + (ULONG)(issuers ? sk_X509_num(issuers) : 0);
    }
    sk_X509_free(issuers);
    return !peer ? SEC_E_NO_CREDENTIALS : chain ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* Both names, each with its terminator. */
static SECURITY_STATUS names_keep(struct schannel_context *context, X509 *x509, struct attribute_value *value)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *text = NULL, *kept = NULL;
    long size;

    if (bio && schannel_name_print(bio, X509_get_subject_name(x509)) && BIO_write(bio, "", 1) == 1
        && schannel_name_print(bio, X509_get_issuer_name(x509)) && BIO_write(bio, "", 1) == 1) {
        size = BIO_get_mem_data(bio, &text);
        kept = schannel_answer(context, (size_t)size);
        if (kept)
            memcpy(kept, text, (size_t)size);
    }
    BIO_free(bio);
    if (!kept)
        return SEC_E_INSUFFICIENT_MEMORY;
    value->certificate.subject = kept;
    value->certificate.issuer = kept + strlen(kept) + 1;
    return SEC_E_OK;
}

SECURITY_STATUS answer_local_info(struct schannel_context *context, struct attribute_value *value)
{
    X509 *own = SSL_get_certificate(context->ssl);
    SECURITY_STATUS status = own ? names_keep(context, own, value) : SEC_E_NO_CREDENTIALS;

    ERR_clear_error();
    if (status == SEC_E_OK)
        value->certificate.bits = (ULONG)EVP_PKEY_get_bits(X509_get0_pubkey(own));
    return status;
}

/* Who vouches for the peer: the issuer in its certificate. */
SECURITY_STATUS answer_authority(struct schannel_context *context, struct attribute_value *value)
{
    X509 *peer = schannel_peer(context);
    SECURITY_STATUS status = peer ? names_keep(context, peer, value) : SEC_E_NO_CREDENTIALS;
    const char *issuer = value->certificate.issuer;

    ERR_clear_error();
    if (status == SEC_E_OK)
        value->text = issuer;
    return status;
}
