/*
 * SspiListIdentity: what the peer's verified certificate says, and the account it maps to.
 */
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "schannel/answers.h"

/* Text of OpenSSL's, kept as the context's answer; NULL: no memory. */
static const char *text_keep(struct schannel_context *context, BIO *bio)
{
    char *text = NULL, *kept = NULL;
    long size = bio ? BIO_get_mem_data(bio, &text) : -1;

    if (size >= 0)
        kept = schannel_answer(context, (size_t)size + 1);
    if (kept && size)
        memcpy(kept, text, (size_t)size);
    BIO_free(bio);
    return kept;
}

bool schannel_name_print(BIO *bio, const X509_NAME *name)
{
    return X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB) >= 0;
}

static const char *name_text(struct schannel_context *context, const X509_NAME *name)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio && !schannel_name_print(bio, name)) {
        BIO_free(bio);
        return NULL;
    }
    return text_keep(context, bio);
}

static const char *subject_text(struct schannel_context *context, X509 *peer)
{
    return name_text(context, X509_get_subject_name(peer));
}

static const char *issuer_text(struct schannel_context *context, X509 *peer)
{
    return name_text(context, X509_get_issuer_name(peer));
}

static const char *serial_text(struct schannel_context *context, X509 *peer)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio)
        i2a_ASN1_INTEGER(bio, X509_get0_serialNumber(peer));
    return text_keep(context, bio);
}

static const char *digest_text(struct schannel_context *context, X509 *peer)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    char *text;

    if (!X509_digest(peer, EVP_sha256(), digest, &size))
        return NULL;
    text = schannel_answer(context, (size_t)size * 2 + 1);
    for (unsigned i = 0; text && i < size; i++)
        (void)snprintf(text + (size_t)i * 2, 3, "%02x", digest[i]);
    return text;
}

static const char *account_text(struct schannel_context *context, X509 *peer)
{
    (void)peer;
    return context->peer_name;
}

bool schannel_identity_at(struct context *base, size_t index, struct identity_field *field)
{
    static const struct {
        const char *name;
        const char *(*text)(struct schannel_context *context, X509 *peer);
    } rows[] = {{"subject", subject_text},
                {"issuer", issuer_text},
                {"serial", serial_text},
                {"sha256", digest_text},
                {"account", account_text}};
    struct schannel_context *context = (struct schannel_context *)base;
    X509 *peer = schannel_peer(context);
    bool checked =
        SSL_get_verify_mode(context->ssl) & SSL_VERIFY_PEER && SSL_get_verify_result(context->ssl) == X509_V_OK;

    if (!peer || !checked || index >= sizeof rows / sizeof *rows)
        return false;
    *field = (struct identity_field){.name = rows[index].name, .value = rows[index].text(context, peer)};
    ERR_clear_error();
    return field->value != NULL;
}
