/*
 * A connection's memory: made on the first leg, freed with the handle.
 */
#include <string.h>

#include "base/memory.h"
#include "schannel/engine.h"

struct schannel_context *schannel_context_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

X509 *schannel_peer(const struct schannel_context *context)
{
    return context->peer_in_doubt ? NULL : SSL_get0_peer_certificate(context->ssl);
}

void *schannel_answer(struct schannel_context *context, size_t size)
{
    void *answer = mem_zalloc(size);

    if (!answer)
        return NULL;
    mem_free_secret(context->answer, context->answer_size);
    context->answer = answer;
    context->answer_size = size;
    return answer;
}

void schannel_context_free(struct context *base)
{
    struct schannel_context *context = (struct schannel_context *)base;

    if (!context)
        return;
    /* Without close_notify OpenSSL would spoil the session, which only a failure shall. */
    if (context->ssl && !context->broken && !context->no_reconnects)
        SSL_set_shutdown(context->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    schannel_buffers_end(context);
    SSL_free(context->ssl);
    wire_drop(&context->wire);
    mem_free(context->target);
    mem_free((void *)context->protocols.data);
    mem_free(context->material.label);
    mem_free(context->material.context);
    mem_free(context->session_data);
    mem_free_secret(context->answer, context->answer_size);
    mem_free(context->peer_name);
    mem_free(context->nameless);
    X509_free(context->first_peer);
    X509_free(context->refused);
    mem_free((void *)context->protocol.data);
    mem_free(context);
}

/* What holds for every connection, whatever the credential says. */
static void ssl_settle(struct schannel_context *context)
{
    /* An empty record before each one of TLS 1.0 would not fit into STREAM_HEADER; 1.0 is off unless asked for. */
    SSL_set_options(context->ssl, SSL_OP_DONT_INSERT_EMPTY_FRAGMENTS | SSL_OP_NO_COMPRESSION);
    SSL_set_info_callback(context->ssl, schannel_alert_watch);
    if (context->base.acceptor)
        SSL_set_accept_state(context->ssl);
    else
        SSL_set_connect_state(context->ssl);
}

static SECURITY_STATUS ssl_make(struct schannel_context *context, SSL_CTX *tls)
{
    BIO *bio;

    context->ssl = SSL_new(tls);
    if (!context->ssl)
        return SEC_E_INSUFFICIENT_MEMORY;
    bio = wire_bio_new(&context->wire);
    if (!bio)
        return SEC_E_INSUFFICIENT_MEMORY;
    SSL_set_bio(context->ssl, bio, bio);
    if (!SSL_set_app_data(context->ssl, context))
        return SEC_E_INSUFFICIENT_MEMORY;
    ssl_settle(context);
    return SEC_E_OK;
}

SECURITY_STATUS schannel_context_new(struct credential *credential, bool acceptor, struct step *step,
                                     struct schannel_context **out)
{
    struct schannel_context *context;
    SSL_CTX *tls = NULL;
    SECURITY_STATUS status =
        schannel_credential_tls((struct schannel_credential *)credential, acceptor, &tls, step->failure);

    *out = NULL;
    if (status != SEC_E_OK)
        return status;
    context = mem_zalloc(sizeof *context);
    if (!context)
        return SEC_E_INSUFFICIENT_MEMORY;
    context->base.credential = credential;
    context->base.acceptor = acceptor;
    context->alert_sent = context->alert_received = SCHANNEL_NO_ALERT;
    status = ssl_make(context, tls);
    if (status == SEC_E_OK && !acceptor && step->target) {
        context->target = mem_strdup(step->target);
        status = context->target ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
    }
    if (status == SEC_E_OK)
        status = schannel_alpn_take(context, step);
    if (status != SEC_E_OK) {
        schannel_context_free(&context->base);
        return status;
    }
    *out = context;
    return SEC_E_OK;
}
