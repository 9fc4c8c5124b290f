/*
 * One leg of a handshake: whole records go in, the flight for the peer comes out. A leg whose output did not fit is
 * repeated by the caller with the same bytes, so what OpenSSL consumed already is remembered and skipped.
 */
#include <string.h>

#include "base/secret.h"
#include "schannel/engine.h"

#define ACCEPTOR_RET (ASC_RET_STREAM | ASC_RET_CONFIDENTIALITY | ASC_RET_REPLAY_DETECT | ASC_RET_SEQUENCE_DETECT)
#define INITIATOR_RET (ISC_RET_STREAM | ISC_RET_CONFIDENTIALITY | ISC_RET_REPLAY_DETECT | ISC_RET_SEQUENCE_DETECT)

SECURITY_STATUS schannel_engine_check(struct step *step, ULONG refused, bool token_wanted)
{
    const SecBufferDesc *input = step->input;

    if (step->requested & refused) {
        step->unchanged = true;
        return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "Schannel knows no flag 0x%x", (unsigned)(step->requested & refused));
    }
    if (!token_wanted)
        return SEC_E_OK;
    if (!input || !input->cBuffers || buffer_type(&input->pBuffers[0]) != SECBUFFER_TOKEN)
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "the first buffer of pInput is not a SECBUFFER_TOKEN");
    return SEC_E_OK;
}

SECURITY_STATUS schannel_engine_credential(const struct schannel_context *context, const struct credential *credential,
                                           const struct step *step)
{
    if (credential == context->base.credential || credential == context->supplied || context->awaits_certificate)
        return SEC_E_OK;
    return failure_set(step->failure, SEC_E_WRONG_CREDENTIAL_HANDLE, SSPI_REASON_USAGE,
                       "phCredential is not the credential that the context was begun with");
}

/* What was agreed, for pfContextAttr. */
static ULONG attributes_of(const struct schannel_context *context, ULONG requested)
{
    ULONG verified = SSL_get_verify_mode(context->ssl) & SSL_VERIFY_PEER;

    if (context->base.acceptor)
        return ACCEPTOR_RET | (requested & ASC_REQ_CONNECTION ? ASC_RET_CONNECTION : 0)
               | (requested & ASC_REQ_EXTENDED_ERROR ? ASC_RET_EXTENDED_ERROR : 0)
               | (context->peer_name ? ASC_RET_MUTUAL_AUTH : 0);
    return INITIATOR_RET | (requested & ISC_REQ_CONNECTION ? ISC_RET_CONNECTION : 0)
           | (requested & ISC_REQ_EXTENDED_ERROR ? ISC_RET_EXTENDED_ERROR : 0)
           | (verified && (requested & ISC_REQ_MUTUAL_AUTH) ? ISC_RET_MUTUAL_AUTH : 0)
           | (requested & ISC_REQ_MANUAL_CRED_VALIDATION ? ISC_RET_MANUAL_CRED_VALIDATION : 0)
           | (requested & ISC_REQ_USE_SUPPLIED_CREDS ? ISC_RET_USED_SUPPLIED_CREDS : 0);
}

/* Whether records for the peer are encrypted from here on: change_cipher_spec or something unreadable is among them. */
static bool out_protects(const struct schannel_context *context)
{
    const struct schannel_wire *wire = &context->wire;
    /* With HelloRetryRequest change_cipher_spec changes nothing, RFC 8446 D.4. */
    const bool hollow =
        SSL_version(context->ssl) >= TLS1_3_VERSION || SSL_get_state(context->ssl) == TLS_ST_CW_CLNT_HELLO;
    size_t at = 0;

    while (wire->used - at >= RECORD_HEADER) {
        if ((wire->out[at] == SSL3_RT_CHANGE_CIPHER_SPEC && !hollow) || wire->out[at] == SSL3_RT_APPLICATION_DATA)
            return true;
        at += RECORD_HEADER + ((size_t)wire->out[at + 3] << 8 | wire->out[at + 4]);
        if (at > wire->used)
            return true;
    }
    return false;
}

/* Outputs of a leg that goes well, its token among them. BUFFER_TOO_SMALL and INSUFFICIENT_MEMORY change nothing. */
static SECURITY_STATUS leg_deliver(struct schannel_context *context, struct step *step)
{
    struct schannel_wire *wire = &context->wire;
    uint8_t *data;
    SECURITY_STATUS status = step_reserve(step, wire->used, &data);

    if (status != SEC_E_OK)
        return status;
    if (wire->used)
        memcpy(data, wire->out, wire->used);
    context->protects = context->protects || out_protects(context);
    wire_drop(wire);
    step->attributes = attributes_of(context, step->requested);
    step->expiry = schannel_validate_expiry(context->ssl);
    if (context->peer_name)
        BIO_snprintf(step->login->client, sizeof step->login->client, "%s", context->peer_name);
    return SEC_E_OK;
}

static bool has_empty(const struct step *step)
{
    for (ULONG i = 0; step->input && i < step->input->cBuffers; i++)
        if (buffer_type(&step->input->pBuffers[i]) == SECBUFFER_EMPTY)
            return true;
    return false;
}

SECURITY_STATUS schannel_engine_settle(struct schannel_context *context, struct step *step)
{
    SECURITY_STATUS status;

    if (step->token.size > context->eaten && !has_empty(step))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "%zu bytes are left over, and pInput has no SECBUFFER_EMPTY to say so",
                           step->token.size - context->eaten);
    status = leg_deliver(context, step);
    if (status != SEC_E_OK)
        return status;
    step->extra = step->token.size - context->eaten;
    context->settled = false;
    context->eaten = 0;
    return context->outcome;
}

/* What the handshake wrote last does not go out: the peer never learns that it would have been good. */
static SECURITY_STATUS protocol_refused(struct schannel_context *context, struct step *step)
{
    wire_drop(&context->wire);
    context->broken = true;
    context->failure = failure_set(step->failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                                   "the program's TLS_PARAMETERS for the application protocol that was chosen do not "
                                   "allow what was agreed");
    return context->failure;
}

SECURITY_STATUS schannel_engine_done(struct schannel_context *context, struct step *step)
{
    const bool first = context->stage == STAGE_HANDSHAKE;
    SECURITY_STATUS status;

    if (!schannel_alpn_limits_hold((const struct schannel_credential *)context->base.credential, context->ssl,
                                   context->base.acceptor))
        return protocol_refused(context, step);
    status = first ? schannel_renegotiate_settle(context) : schannel_renegotiate_check(context, step->failure);
    if (status == SEC_E_OK)
        status = schannel_validate_peer(context, step->failure);
    if (status != SEC_E_OK)
        return status;
    context->stage = STAGE_OPEN;
    context->peer_in_doubt = false;
    context->certificate_refused = false; /* of that handshake */
    schannel_sizes_settle(context);
    if (first) {
        context->opened = clock_now();
        schannel_buffers_open(context);
    }
    SSL_set_read_ahead(context->ssl, 1); /* messages come record by record: header and content are read in one */
    return SEC_E_OK;
}

static SECURITY_STATUS handshake_failed(struct schannel_context *context, struct step *step, bool malformed)
{
    SECURITY_STATUS status = schannel_alert_failure(context, step->failure);

    if (malformed && context->alert_received == SCHANNEL_NO_ALERT)
        status = context->failure =
            failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "the token is no TLS record");
    schannel_alert_out(context, step);
    return status;
}

/* Lets OpenSSL work. SEC_E_INSUFFICIENT_MEMORY: to be repeated; other failures are final. */
static SECURITY_STATUS handshake_run(struct schannel_context *context, struct step *step, bool malformed)
{
    int result;

    schannel_alert_forget();
    context->wire.no_memory = false;
    result = SSL_do_handshake(context->ssl);
    if (result == 1)
        return schannel_engine_done(context, step);
    switch (SSL_get_error(context->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        if (malformed) /* too short for OpenSSL to see that it is none */
            break;
        return SEC_I_CONTINUE_NEEDED;
    case SSL_ERROR_WANT_WRITE:
        if (context->wire.no_memory)
            return SEC_E_INSUFFICIENT_MEMORY;
        break;
    case SSL_ERROR_WANT_X509_LOOKUP:
        return SEC_I_INCOMPLETE_CREDENTIALS;
    default:
        break;
    }
    return handshake_failed(context, step, malformed);
}

static SECURITY_STATUS incomplete(struct step *step, size_t missing)
{
    step->missing = missing;
    return failure_set(step->failure, SEC_E_INCOMPLETE_MESSAGE, SSPI_REASON_MALFORMED_TOKEN,
                       "a TLS record lacks at least %zu bytes", missing);
}

/* Feeds what is whole of the token's rest. */
static SECURITY_STATUS leg_feed(struct schannel_context *context, struct step *step, struct bytes rest)
{
    const bool opening = !context->base.acceptor && SSL_in_before(context->ssl); /* a ClientHello needs no input */
    const bool hello = context->base.acceptor && SSL_in_before(context->ssl);
    struct record_scan scan = record_scan(rest, SIZE_MAX, hello);
    SECURITY_STATUS status;

    if (opening)
        scan.whole = 0;
    else if (!scan.whole && !scan.malformed && !context->awaits_certificate && !context->interrupted)
        return incomplete(step, scan.missing);
    if (SSL_get_read_ahead(context->ssl))    /* OpenSSL 3.2 crashes where it had no memory before */
        SSL_set_read_ahead(context->ssl, 0); /* what is left over after the handshake must not be taken */
    context->wire.in = bytes_of(rest.data, scan.malformed ? rest.size : scan.whole);
    status = handshake_run(context, step, scan.malformed);
    if (status == SEC_I_CONTINUE_NEEDED)
        schannel_buffers_wait(context);
    else if (status >= 0) /* OpenSSL 3.2 and later have no record layer where the memory for one was missing */
        schannel_buffers_leg(context);
    context->eaten += (scan.malformed ? rest.size : scan.whole) - context->wire.in.size;
    context->wire.in = (struct bytes){0};
    context->awaits_certificate = status == SEC_I_INCOMPLETE_CREDENTIALS;
    context->interrupted = status == SEC_E_INSUFFICIENT_MEMORY;
    return status;
}

SECURITY_STATUS schannel_engine_step(struct schannel_context *context, struct step *step)
{
    SECURITY_STATUS status;
    struct bytes rest;

    context->requested = step->requested;
    if (context->broken) {
        schannel_alert_out(context, step);
        return failure_set(step->failure, context->failure, SSPI_REASON_USAGE, "the TLS connection failed before");
    }
    if (!bytes_slice(step->token, context->eaten, step->token.size - context->eaten, &rest))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "a call that was to be repeated brings fewer bytes than before");
    if (!context->settled) {
        status = leg_feed(context, step, rest);
        if (status < 0 || status == SEC_I_INCOMPLETE_CREDENTIALS)
            return status;
        context->outcome = status;
        context->settled = true;
    }
    return schannel_engine_settle(context, step);
}

SECURITY_STATUS schannel_engine_begin(struct schannel_context *context, SECURITY_STATUS prepared, struct context **out,
                                      struct step *step)
{
    SECURITY_STATUS status = prepared == SEC_E_OK ? schannel_engine_step(context, step) : prepared;

    if (status < 0)
        schannel_context_free(&context->base);
    else
        *out = &context->base;
    return status;
}
