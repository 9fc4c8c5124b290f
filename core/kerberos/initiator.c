/*
 * InitializeSecurityContext for Kerberos (RFC 4121 4.1): AP-REQ with a ticket from libkrb5 and a checksum of our own,
 * then the server's AP-REP; in DCE style an AP-REP of ours closes. A server with another clock is answered once more.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "crypto/random.h"
#include "kerberos/kerberos.h"

/* Room around names, target and checksum in an authenticator, and around ticket and authenticator in an AP-REQ. */
#define FRAMING 512

/* Drawn at once, each call costs. */
struct nonces {
    uint8_t sequence[4];
    uint8_t subkey[KRB_KEY_MAX];
};

/* One AP-REQ on its way out. */
struct request {
    struct krb_context *context; /* made or waiting; changed only at the end */
    struct step *step;
    struct krb_client_ticket ticket;
    uint32_t gss_flags;
    uint8_t bindings[16];
    struct secret delegated; /* KRB-CRED */
    uint8_t *target;         /* UTF-16LE, for the server's eyes; NULL: not said */
    size_t target_size;
    int64_t time;
    uint32_t microseconds, sequence;
    struct krb_key subkey;
    uint8_t *room; /* plain authenticator, secret; then the sealed one and the token */
    size_t room_size;
    struct bytes token;
};

static SECURITY_STATUS malformed(struct step *step, const char *what)
{
    return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "%s", what);
}

static SECURITY_STATUS no_memory(struct step *step)
{
    return failure_set(step->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory to initiate");
}

static SECURITY_STATUS no_crypto(struct step *step)
{
    return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "OpenSSL failed while making an AP-REQ");
}

/* ---- AP-REQ ---- */

static SECURITY_STATUS target_tell(struct request *request)
{
    const struct step *step = request->step;
    SECURITY_STATUS status;

    if (!step->target)
        return SEC_E_OK;
    status = utf16le_from_utf8(bytes_of(step->target, strlen(step->target)), &request->target, &request->target_size);
    if (status == SEC_E_INVALID_PARAMETER)
        return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET,
                           "the target name is not valid text");
    return status == SEC_E_OK ? SEC_E_OK : no_memory(request->step);
}

static SECURITY_STATUS secrets_draw(struct request *request)
{
    const struct krb_etype *etype = request->ticket.key.etype;
    const int64_t now = clock_now() + request->context->peer_offset;
    struct nonces nonces;
    bool ok = random_bytes(&nonces, sizeof nonces);

    if (ok) {
        memcpy(&request->sequence, nonces.sequence, sizeof nonces.sequence);
        request->sequence = krb_sequence_fit(request->sequence);
        ok = krb_key_set(&request->subkey, etype->number, bytes_of(nonces.subkey, etype->key_size));
    }
    secret_wipe(&nonces, sizeof nonces);
    if (ok && request->step->has_bindings)
        ok = step_bindings_hash(request->step, request->bindings);
    request->time = now - now % CLOCK_TICKS_PER_SECOND;
    request->microseconds = krb_microseconds_fit((uint32_t)(now % CLOCK_TICKS_PER_SECOND / 10));
    return ok ? SEC_E_OK : no_crypto(request->step);
}

/* What goes into the authenticator beside names, time and keys: checksum and authorization data, encoded. */
static bool extras_encode(const struct request *request, struct krb_authenticator *authenticator,
                          struct der_writer *checksum_out, struct der_writer *options_out)
{
    const struct step *step = request->step;
    const struct krb_gss_checksum checksum = {
        .flags = request->gss_flags,
        .bindings = bytes_of(request->bindings, sizeof request->bindings),
        .delegated = bytes_of(request->delegated.data, request->delegated.size),
    };
    const struct krb_client_options options = {
        .options = KRB_AP_OPTIONS_CBT /* we know bindings, also where the caller gave none */
                   | (step->requested & ISC_REQ_UNVERIFIED_TARGET_NAME ? KRB_AP_OPTIONS_UNVERIFIED_TARGET : 0),
        .target = bytes_of(request->target, request->target_size),
    };

    krb_gss_checksum_encode(checksum_out, &checksum);
    authenticator->checksum = der_writer_result(checksum_out);
    krb_client_options_encode(options_out, &options);
    authenticator->authorization_data = der_writer_result(options_out);
    return der_writer_ok(checksum_out) && der_writer_ok(options_out);
}

static bool authenticator_encode(const struct request *request, struct der_writer *out)
{
    const struct krb_etype *etype = request->subkey.etype;
    struct krb_authenticator authenticator = {
        .client_realm = request->ticket.client_realm,
        .client = request->ticket.client,
        .has_checksum = true,
        .checksum_type = KRB_GSS_CHECKSUM,
        .microseconds = request->microseconds,
        .time = request->time,
        .has_subkey = true,
        .subkey = {etype->number, bytes_of(request->subkey.data, etype->key_size)},
        .has_sequence = true,
        .sequence = request->sequence,
    };
    const size_t checksum_size = FRAMING + request->delegated.size, options_size = FRAMING + request->target_size;
    uint8_t *room = mem_alloc(checksum_size + options_size);
    struct der_writer checksum_out, options_out;
    bool ok;

    if (!room)
        return false;
    checksum_out = der_writer_over(room, checksum_size);
    options_out = der_writer_over(room + checksum_size, options_size);
    ok = extras_encode(request, &authenticator, &checksum_out, &options_out);
    if (ok)
        krb_authenticator_encode(out, &authenticator);
    mem_free_secret(room, checksum_size + options_size);
    return ok && der_writer_ok(out);
}

/* The room: [plain authenticator][sealed authenticator][token]. */
static SECURITY_STATUS token_make(struct request *request)
{
    const struct krb_client_ticket *ticket = &request->ticket;
    const size_t plain_size = 2 * FRAMING + 2 * KRB_TEXT_MAX + request->target_size + request->delegated.size;
    const size_t cipher_size = plain_size + KRB_OVERHEAD_MAX, token_size = cipher_size + ticket->ticket.size + FRAMING;
    struct krb_encrypted sealed = {.etype = ticket->key.etype->number};
    struct der_writer plain, out;
    struct krb_usage usage;
    struct bytes text;
    bool ok;

    request->room_size = plain_size + cipher_size + token_size;
    request->room = mem_alloc(request->room_size);
    if (!request->room)
        return no_memory(request->step);
    plain = der_writer_over(request->room, plain_size);
    out = der_writer_over(request->room + plain_size + cipher_size, token_size);
    if (!authenticator_encode(request, &plain))
        return no_memory(request->step);
    text = der_writer_result(&plain);
    if (!krb_usage_derive(&ticket->key, KRB_USAGE_AUTHENTICATOR, &usage))
        return no_crypto(request->step);
    ok = krb_encrypt(&usage, text, request->room + plain_size);
    krb_usage_wipe(&usage);
    if (!ok)
        return no_crypto(request->step);
    sealed.cipher = bytes_of(request->room + plain_size, krb_cipher_size(ticket->key.etype, text.size));
    krb_ap_req_encode(&out, request->gss_flags & KRB_GSS_MUTUAL ? KRB_AP_MUTUAL_REQUIRED : 0, ticket->ticket, &sealed);
    if (!(request->gss_flags & KRB_GSS_DCE_STYLE))
        krb_frame_close(&out, KRB_TOKEN_AP_REQ);
    request->token = der_writer_result(&out);
    return request->token.size ? SEC_E_OK : no_memory(request->step);
}

/* ---- The context ---- */

static char *join(const char *first, char between, const char *second)
{
    size_t size = strlen(first) + 1 + strlen(second) + 1;
    char *text = mem_alloc(size);

    if (text)
        snprintf(text, size, "%s%c%s", first, between, second);
    return text;
}

static SECURITY_STATUS names_take(struct request *request, struct krb_context *context)
{
    const struct krb_client_ticket *ticket = &request->ticket;

    if (context->service)
        return SEC_E_OK;
    context->realm = mem_strdup(ticket->realm_text);
    context->native_client = join(ticket->client_text, '@', ticket->realm_text);
    context->account = context->native_client ? mem_strdup(context->native_client) : NULL;
    context->target = mem_strdup(request->step->target);
    context->service = mem_strdup(ticket->service_text);
    return context->realm && context->account && context->target && context->service ? SEC_E_OK
                                                                                     : no_memory(request->step);
}

static void session_fill(struct krb_context *context, const struct krb_key *key, bool acceptor_subkey,
                         uint32_t their_sequence)
{
    struct krb_session *session = &context->session;

    session->key = *key;
    session->acceptor_subkey = acceptor_subkey && key->etype->number != KRB_ETYPE_RC4;
    session->dce_style = (context->gss_flags & KRB_GSS_DCE_STYLE) != 0;
    session->detect_replay = (context->gss_flags & KRB_GSS_REPLAY) != 0;
    session->detect_sequence = (context->gss_flags & KRB_GSS_SEQUENCE) != 0;
    session->send_sequence = context->own_sequence;
    session->receive_sequence = their_sequence;
}

static void request_commit(const struct request *request, struct krb_context *context)
{
    context->gss_flags = request->gss_flags;
    context->framed = !(request->gss_flags & KRB_GSS_DCE_STYLE);
    context->authenticator_time = request->time;
    context->authenticator_microseconds = request->microseconds;
    context->own_sequence = request->sequence;
    context->start = request->ticket.start;
    context->expiry = request->ticket.end;
    context->ticket_key = request->ticket.key;
    session_fill(context, &request->subkey, false, request->sequence);
    context->state = request->gss_flags & KRB_GSS_MUTUAL ? KRB_STATE_REPLY : KRB_STATE_ESTABLISHED;
    if (context->state == KRB_STATE_ESTABLISHED)
        krb_context_forget_exchange(context);
}

/* [MS-KILE] 3.2.5.2: only to a server that the KDC trusts with it, and that proves itself. What cannot be lent is not.
 */
static SECURITY_STATUS delegate(struct request *request)
{
    SECURITY_STATUS status = SEC_E_NO_CREDENTIALS;

    if (!(request->gss_flags & KRB_GSS_DELEGATE))
        return SEC_E_OK;
    if ((request->gss_flags & KRB_GSS_MUTUAL) && (request->ticket.flags & KRB_TICKET_OK_AS_DELEGATE))
        status = krb_forward_make(krb_credential_of(request->context), &request->ticket, &request->delegated, NULL);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return no_memory(request->step);
    if (status != SEC_E_OK || request->delegated.size > UINT16_MAX) {
        secret_clear(&request->delegated);
        request->gss_flags &= ~KRB_GSS_DELEGATE;
    }
    return SEC_E_OK;
}

static SECURITY_STATUS request_make(struct request *request, const char *target)
{
    struct krb_credential *credential = krb_credential_of(request->context);
    SECURITY_STATUS status = krb_client_ticket_get(credential, target, &request->ticket, request->step->failure);

    if (status == SEC_E_OK)
        status = target_tell(request);
    if (status == SEC_E_OK)
        status = delegate(request);
    if (status == SEC_E_OK)
        status = secrets_draw(request);
    if (status == SEC_E_OK)
        status = token_make(request);
    return status == SEC_E_OK ? names_take(request, request->context) : status;
}

static SECURITY_STATUS request_send(struct krb_context *context, const char *target, uint32_t gss_flags,
                                    struct step *step)
{
    struct request request = {.context = context, .step = step, .gss_flags = gss_flags};
    SECURITY_STATUS status = request_make(&request, target);
    uint8_t *token;

    if (status == SEC_E_OK)
        status = step_reserve(step, request.token.size, &token);
    if (status == SEC_E_OK) {
        memcpy(token, request.token.data, request.token.size);
        request_commit(&request, context);
        step->attributes = krb_flags_to_isc(context->gss_flags);
        step->expiry = context->expiry;
        status = context->state == KRB_STATE_REPLY ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;
    }
    krb_client_ticket_clear(&request.ticket);
    mem_free(request.target);
    secret_clear(&request.delegated);
    mem_free_secret(request.room, request.room_size);
    krb_key_wipe(&request.subkey);
    return status;
}

static SECURITY_STATUS request_check(const struct step *step)
{
    if (!step->target || !step->target[0])
        return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET,
                           "pszTargetName must name the service, such as HTTP/www.example.com");
    if (step->requested & (ISC_REQ_DATAGRAM | ISC_REQ_USE_SESSION_KEY | ISC_REQ_NULL_SESSION))
        return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "datagram style, user-to-user and null sessions are not supported");
    return SEC_E_OK;
}

static SECURITY_STATUS initiate_first(struct credential *credential, struct context **out, struct step *step)
{
    struct krb_context *context;
    SECURITY_STATUS status = request_check(step);

    if (status != SEC_E_OK)
        return status;
    context = krb_context_new(credential, false);
    if (!context)
        return no_memory(step);
    status = request_send(context, step->target, krb_flags_from_isc(step->requested), step);
    if (status < 0)
        krb_context_free(&context->base);
    else
        *out = &context->base;
    return status;
}

/* ---- The server's answer ---- */

static const struct {
    int32_t code;
    SECURITY_STATUS status;
    const char *sense;
} refusals[] = {
    {KRB_ERR_TKT_EXPIRED, SEC_E_CONTEXT_EXPIRED, "the ticket expired"},
    {KRB_ERR_TKT_NYV, SEC_E_TIME_SKEW, "the ticket is not yet valid"},
    {KRB_ERR_REPEAT, SEC_E_LOGON_DENIED, "the login was seen before"},
    {KRB_ERR_NOT_US, SEC_E_WRONG_PRINCIPAL, "the ticket is for another service"},
    {KRB_ERR_BADMATCH, SEC_E_LOGON_DENIED, "the ticket is another client's"},
    {KRB_ERR_SKEW, SEC_E_TIME_SKEW, "our clocks are too far apart"},
    {KRB_ERR_MODIFIED, SEC_E_WRONG_PRINCIPAL, "it cannot open the ticket"},
    {KRB_ERR_BADKEYVER, SEC_E_WRONG_PRINCIPAL, "it has no key of the ticket's version"},
    {KRB_ERR_NOKEY, SEC_E_WRONG_PRINCIPAL, "it has no key for the ticket"},
    {KRB_ERR_INAPP_CKSUM, SEC_E_LOGON_DENIED, "it does not take our checksum"},
};

/* Not authenticated: it can make us fail, or try once more, nothing else. */
static SECURITY_STATUS error_take(struct krb_context *context, struct bytes message, struct step *step)
{
    const int64_t limit = (int64_t)INT32_MAX * CLOCK_TICKS_PER_SECOND;
    struct krb_error error;
    int64_t offset;
    SECURITY_STATUS status = SEC_E_LOGON_DENIED;
    const char *sense = "no reason that we know";

    if (!krb_error_decode(message, &error))
        return malformed(step, "the server's KRB-ERROR is malformed");
    offset = error.server_time - clock_now();
    if (error.code == KRB_ERR_SKEW && !context->retried && offset < limit && -offset < limit) {
        context->peer_offset = offset;
        status = request_send(context, context->service, context->gss_flags, step);
        context->retried = status >= 0;
        return status;
    }
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        if (refusals[i].code == error.code) {
            status = refusals[i].status;
            sense = refusals[i].sense;
        }
    }
    return failure_set(step->failure, status, SSPI_REASON_PEER_REFUSED, "%s refused with Kerberos error %d: %s",
                       context->service, (int)error.code, sense);
}

/* DCE style: what closes the exchange repeats the server's number. */
static SECURITY_STATUS third_send(const struct krb_context *context, uint32_t their_sequence, struct step *step)
{
    const struct krb_reply reply = {
        .time = context->authenticator_time,
        .microseconds = context->authenticator_microseconds,
        .sequence = their_sequence,
    };
    uint8_t room[KRB_REPLY_MAX], *token;
    struct bytes message = {0};
    SECURITY_STATUS status;

    if ((context->gss_flags & KRB_GSS_DCE_STYLE) && !krb_reply_make(&context->ticket_key, &reply, room, &message))
        return no_crypto(step);
    status = step_reserve(step, message.size, &token);
    if (status == SEC_E_OK && message.size)
        memcpy(token, message.data, message.size);
    return status;
}

static SECURITY_STATUS reply_take(struct krb_context *context, struct bytes message, struct step *step)
{
    const struct settings *settings = &context->base.credential->settings;
    uint8_t room[KRB_REPLY_MAX];
    struct krb_ap_rep_part part;
    struct krb_key key = context->session.key;
    SECURITY_STATUS status = SEC_E_OK;

    if (!krb_reply_open(&context->ticket_key, message, room, &part) || part.time != context->authenticator_time
        || part.microseconds != context->authenticator_microseconds)
        status = failure_set(step->failure, SEC_E_MUTUAL_AUTH_FAILED, SSPI_REASON_MESSAGE_ALTERED,
                             "the server did not prove that it is %s", context->service);
    else if (part.has_subkey && !krb_etype_allowed(settings, part.subkey.etype))
        status =
            failure_set(step->failure, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY,
                        "%s chose a key of type %d, which is not allowed", context->service, (int)part.subkey.etype);
    else if (part.has_subkey && !krb_key_set(&key, part.subkey.etype, part.subkey.value))
        status = malformed(step, "the server's subkey has a wrong size");
    secret_wipe(room, sizeof room);
    if (status == SEC_E_OK)
        status = third_send(context, part.sequence, step);
    if (status == SEC_E_OK) {
        session_fill(context, &key, part.has_subkey, part.sequence);
        krb_context_forget_exchange(context);
        context->state = KRB_STATE_ESTABLISHED;
        step->attributes = krb_flags_to_isc(context->gss_flags);
        step->expiry = context->expiry;
    }
    krb_key_wipe(&key);
    return status;
}

static SECURITY_STATUS initiate_next(struct krb_context *context, struct step *step)
{
    struct bytes message;
    enum krb_token kind;
    bool framed;
    SECURITY_STATUS status;

    if (!step->has_token || step->token.size > KRB_TOKEN_LIMIT || !krb_frame_open(step->token, &kind, &message, &framed)
        || kind == KRB_TOKEN_AP_REQ)
        status = malformed(step, "the server's token is no answer of Kerberos");
    else if (kind == KRB_TOKEN_ERROR)
        status = error_take(context, message, step);
    else
        status = reply_take(context, message, step);
    if (status < 0 && status != SEC_E_BUFFER_TOO_SMALL && status != SEC_E_INSUFFICIENT_MEMORY)
        context->state = KRB_STATE_CLOSED;
    return status;
}

SECURITY_STATUS krb_initiate(struct credential *credential, struct context **context, struct step *step)
{
    struct krb_context *own = (struct krb_context *)*context;

    if (!own)
        return initiate_first(credential, context, step);
    if (own->state == KRB_STATE_REPLY)
        return initiate_next(own, step);
    return failure_set(step->failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_USAGE, "this context's exchange has ended");
}
