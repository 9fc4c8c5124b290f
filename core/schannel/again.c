/*
 * Legs on a connection that is open, or that the program ends: the answer to what DecryptMessage met, a request of ours
 * for the client's certificate, close_notify and alerts.
 */
#include <openssl/err.h>
#include <string.h>

#include "schannel/engine.h"

static SECURITY_STATUS settle(struct schannel_context *context, struct step *step, SECURITY_STATUS outcome, size_t used)
{
    context->eaten = used;
    context->outcome = outcome;
    context->settled = true;
    return schannel_engine_settle(context, step);
}

/* What ApplyControlToken prepared. A handshake that is cut off is ended without a word if none can be said. */
static SECURITY_STATUS control_run(struct schannel_context *context, struct step *step)
{
    const bool ends = context->control == CONTROL_SHUTDOWN || context->control_alert[0] == SSL3_AL_FATAL;
    SECURITY_STATUS made = schannel_own_alert(context, context->control_alert, step->failure);

    if (made == SEC_E_INSUFFICIENT_MEMORY)
        return made;
    context->control = CONTROL_NONE;
    context->closed = ends;
    if (made != SEC_E_OK && (context->broken || !ends)) {
        schannel_alert_out(context, step);
        return made;
    }
    return settle(context, step,
                  ends                                         ? SEC_I_CONTEXT_EXPIRED
                  : context->base.phase == CONTEXT_ESTABLISHED ? SEC_E_OK
                                                               : SEC_I_CONTINUE_NEEDED,
                  step->token.size);
}

/* DecryptMessage stopped here: its answer waits, or more of the peer's handshake has to be read. */
static SECURITY_STATUS renegotiate_run(struct schannel_context *context, struct step *step)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (context->interrupted || (SSL_in_init(context->ssl) && !context->wire.used))
        return schannel_engine_step(context, step);
    if (SSL_in_init(context->ssl))
        return settle(context, step, SEC_I_CONTINUE_NEEDED, 0);
    if (context->finished_again)
        status = schannel_engine_done(context, step); /* who the peer is may be known only now */
    if (status != SEC_E_OK)
        return status;
    context->stage = STAGE_OPEN;
    return settle(context, step, SEC_E_OK, 0);
}

/* A further handshake of TLS 1.2 at our own request. The peer's answer comes through DecryptMessage. */
static SECURITY_STATUS renegotiation_begin(struct schannel_context *context, struct step *step)
{
    SECURITY_STATUS status = schannel_renegotiate_begin(context, step->failure);

    context->control = CONTROL_NONE;
    return status == SEC_E_OK ? settle(context, step, SEC_I_CONTINUE_NEEDED, 0) : status;
}

/* Whether this leg asks for one: by ApplyControlToken before, or by a client's call without any input. */
static bool renegotiation_wanted(const struct schannel_context *context, const struct step *step)
{
    return schannel_renegotiate_allowed(context)
           && (context->control == CONTROL_RENEGOTIATE || (!context->base.acceptor && !step->has_token));
}

static SECURITY_STATUS certificate_unasked(struct step *step)
{
    step->unchanged = true;
    return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                       "this client cannot be asked for a certificate after the handshake");
}

/* TLS 1.3 asks by a message of its own, which goes only to clients that offered to answer it (RFC 8446 4.2.6). */
static SECURITY_STATUS certificate_request(struct schannel_context *context, struct step *step)
{
    ERR_clear_error();
    context->wire.no_memory = false;
    if (SSL_do_handshake(context->ssl) != 1)
        return schannel_alert_failure(context, step->failure);
    schannel_peer_watch(context);
    context->stage = STAGE_ASKED;
    return settle(context, step, SEC_I_CONTINUE_NEEDED, 0);
}

/* The server wants the client's certificate after all. The answer comes through DecryptMessage. */
static SECURITY_STATUS certificate_ask(struct schannel_context *context, struct step *step)
{
    struct schannel_credential *credential = (struct schannel_credential *)context->base.credential;
    const bool anew = schannel_renegotiate_allowed(context);
    const bool asked_before = SSL_get_verify_mode(context->ssl) != SSL_VERIFY_NONE;
    SECURITY_STATUS status;

    if (!anew && SSL_version(context->ssl) < TLS1_3_VERSION)
        return certificate_unasked(step);
    status = schannel_credential_attach(credential, context->ssl, true, true, NULL, step->failure);
    if (status != SEC_E_OK)
        return status;
    if (anew)
        return renegotiation_begin(context, step);
    if (SSL_verify_client_post_handshake(context->ssl) == 1)
        return certificate_request(context, step);
    ERR_clear_error();
    status = schannel_credential_attach(credential, context->ssl, true, asked_before, NULL, step->failure);
    return status == SEC_E_OK ? certificate_unasked(step) : status;
}

SECURITY_STATUS schannel_again_step(struct schannel_context *context, struct step *step)
{
    context->requested = step->requested;
    if (context->settled && context->stage != STAGE_HANDSHAKE)
        return schannel_engine_settle(context, step);
    if (context->broken || context->closed)
        context->control = CONTROL_NONE;
    if (context->broken && context->failure != SEC_E_CONTEXT_EXPIRED) /* that is an end of our own */
        return schannel_engine_step(context, step);
    if (context->closed)
        return settle(context, step, SEC_I_CONTEXT_EXPIRED, step->token.size);
    if (context->control == CONTROL_RENEGOTIATE && !schannel_renegotiate_allowed(context))
        context->control = CONTROL_NONE; /* the peer was quicker */
    if (context->control != CONTROL_NONE && context->control != CONTROL_RENEGOTIATE)
        return control_run(context, step);
    if (context->stage == STAGE_RENEGOTIATE)
        return renegotiate_run(context, step);
    if (context->stage == STAGE_OPEN && context->base.acceptor && (step->requested & ASC_REQ_MUTUAL_AUTH)
        && step->token.size == 0)
        return certificate_ask(context, step);
    if (renegotiation_wanted(context, step))
        return renegotiation_begin(context, step);
    return settle(context, step, SEC_E_OK, 0);
}
