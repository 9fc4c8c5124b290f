/*
 * AcceptSecurityContext for Kerberos ([MS-KILE] 3.4.5): AP-REQ in, AP-REP out if wanted; in DCE style the client's
 * AP-REP closes. Nothing changes before the token is in the caller's hands; keeping the authenticator is the last act.
 */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "crypto/hash.h"
#include "crypto/random.h"
#include "kerberos/kerberos.h"

/* Drawn at once, each call costs. */
struct nonces {
    uint8_t sequence[4];
    uint8_t subkey[KRB_KEY_MAX];
    uint8_t confounder[KRB_CONFOUNDER_MAX];
};

/* One AP-REQ on its way to be accepted. */
struct arrival {
    struct krb_credential *credential;
    struct step *step;
    struct krb_opened opened;
    struct krb_gss_checksum checksum;
    struct krb_client_options options;
    struct krb_context *made; /* filled in beside the caller's context, and put in its place at the end */
    struct krb_key subkey;    /* ours; etype NULL: none */
    bool mutual;
};

static SECURITY_STATUS malformed(struct step *step, const char *what)
{
    return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "%s", what);
}

static SECURITY_STATUS no_memory(struct step *step)
{
    return failure_set(step->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory to accept");
}

static SECURITY_STATUS no_crypto(struct step *step)
{
    return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "OpenSSL failed while answering a ticket");
}

/* ---- What the client asked for ---- */

static SECURITY_STATUS checksum_take(struct arrival *arrival)
{
    const struct krb_authenticator *authenticator = &arrival->opened.authenticator;

    arrival->opened.error = KRB_ERR_INAPP_CKSUM;
    if (authenticator->has_checksum
        && (authenticator->checksum_type != KRB_GSS_CHECKSUM
            || !krb_gss_checksum_decode(authenticator->checksum, &arrival->checksum)))
        return malformed(arrival->step, "the authenticator's checksum is not that of GSS-API");
    if (!krb_client_options_decode(authenticator->authorization_data, &arrival->options))
        return malformed(arrival->step, "the authenticator's authorization data is malformed");
    arrival->mutual = arrival->checksum.present ? (arrival->checksum.flags & (KRB_GSS_MUTUAL | KRB_GSS_DCE_STYLE)) != 0
                                                : (arrival->opened.request.options & KRB_AP_MUTUAL_REQUIRED) != 0;
    return SEC_E_OK;
}

static SECURITY_STATUS bindings_check(struct arrival *arrival)
{
    static const uint8_t none[16];
    const struct krb_gss_checksum *checksum = &arrival->checksum;

    arrival->opened.error = KRB_ERR_GENERIC;
    if (!checksum->present)
        return step_bindings_decide(arrival->step, CLIENT_BINDINGS_NONE, none);
    if (!secret_equal(checksum->bindings.data, none, sizeof none))
        return step_bindings_decide(arrival->step, CLIENT_BINDINGS_VALUE, checksum->bindings.data);
    return step_bindings_decide(
        arrival->step, arrival->options.options & KRB_AP_OPTIONS_CBT ? CLIENT_BINDINGS_EMPTY : CLIENT_BINDINGS_NONE,
        none);
}

/* ---- Who the client is ---- */

static SECURITY_STATUS pac_refuse(struct arrival *arrival, const char *why)
{
    return failure_set(arrival->step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_WRONG,
                       "login of %s@%s refused: the PAC %s", arrival->opened.client, arrival->opened.client_realm, why);
}

static SECURITY_STATUS pac_take(struct arrival *arrival, struct bytes data)
{
    struct krb_pac pac;
    bool signed_by_key;
    SECURITY_STATUS status;

    if (!krb_pac_decode(data, &pac))
        return pac_refuse(arrival, "is malformed");
    status = krb_pac_verify(&pac, &arrival->opened.service_key->key, &signed_by_key);
    if (status != SEC_E_OK)
        return no_crypto(arrival->step);
    if (!signed_by_key)
        return pac_refuse(arrival, "is not signed with the service's key");
    status = krb_pac_client_check(&pac, arrival->opened.client, arrival->opened.ticket.auth_time);
    if (status == SEC_E_LOGON_DENIED)
        return pac_refuse(arrival, "was made for another client or login");
    if (status == SEC_E_OK)
        status = krb_pac_identity(&pac, &arrival->made->identity);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return no_memory(arrival->step);
    return status == SEC_E_OK ? SEC_E_OK : pac_refuse(arrival, "is signed, but its logon information is malformed");
}

static SECURITY_STATUS identity_take(struct arrival *arrival)
{
    struct bytes pac;

    if (!krb_pac_find(arrival->opened.ticket.authorization_data, &pac))
        return malformed(arrival->step, "the ticket's authorization data is malformed");
    if (pac.size)
        return pac_take(arrival, pac);
    if (arrival->credential->base.settings.require_pac)
        return failure_set(arrival->step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_PAC_MISSING,
                           "login of %s@%s refused: the ticket has no PAC (option require_pac)", arrival->opened.client,
                           arrival->opened.client_realm);
    return SEC_E_OK;
}

static char *join(const char *first, char between, const char *second)
{
    size_t size = strlen(first) + 1 + strlen(second) + 1;
    char *text = mem_alloc(size);

    if (text)
        snprintf(text, size, "%s%c%s", first, between, second);
    return text;
}

/* The service that the client meant; nothing where it took the name from somewhere it does not trust. */
static SECURITY_STATUS target_take(struct arrival *arrival)
{
    SECURITY_STATUS status;

    if (!arrival->options.target.size || (arrival->options.options & KRB_AP_OPTIONS_UNVERIFIED_TARGET))
        return SEC_E_OK;
    status = utf8_from_utf16le(arrival->options.target, &arrival->made->target);
    if (status == SEC_E_INVALID_PARAMETER)
        return malformed(arrival->step, "the client's target name is not valid text");
    return status == SEC_E_OK ? SEC_E_OK : no_memory(arrival->step);
}

static SECURITY_STATUS names_take(struct arrival *arrival)
{
    const struct krb_opened *opened = &arrival->opened;
    struct krb_context *made = arrival->made;
    const struct krb_identity *identity = made->identity;

    made->realm = mem_strdup(opened->client_realm);
    made->native_client = join(opened->client, '@', opened->client_realm);
    /* What the ticket says outside is anybody's word; what its key is kept for is ours. */
    made->service = join(opened->service_key->any_version ? opened->service : opened->service_key->name, '@',
                         opened->service_key->realm);
    if (identity && identity->user && identity->user[0] && identity->domain && identity->domain[0])
        made->account = join(identity->domain, '\\', identity->user);
    else
        made->account = mem_strdup(made->native_client);
    if (!made->realm || !made->native_client || !made->service || !made->account)
        return no_memory(arrival->step);
    return target_take(arrival);
}

/* A ticket that the client lends is only opened for a caller who asks for it. */
static SECURITY_STATUS delegated_take(struct arrival *arrival)
{
    const struct krb_opened *opened = &arrival->opened;

    if (!arrival->checksum.delegated.size || !(arrival->step->requested & ASC_REQ_DELEGATE))
        return SEC_E_OK;
    return krb_forward_open(&opened->session_key, opened->subkey.etype ? &opened->subkey : NULL,
                            arrival->checksum.delegated, arrival->made->native_client, &arrival->made->delegated,
                            arrival->step->failure);
}

/* The KDC wants to see the client's ticket again before it lets us act as the client elsewhere. */
static SECURITY_STATUS evidence_take(struct arrival *arrival)
{
    const struct bytes ticket = arrival->opened.request.ticket.whole;
    struct krb_context *made = arrival->made;

    if (arrival->credential->base.settings.constrained_delegation == DELEGATION_NONE)
        return SEC_E_OK;
    made->evidence = mem_alloc(ticket.size);
    if (!made->evidence)
        return no_memory(arrival->step);
    memcpy(made->evidence, ticket.data, ticket.size);
    made->evidence_size = ticket.size;
    return SEC_E_OK;
}

/* ---- Keys and the answer ---- */

/* RFC 4121 2: our subkey wins. RC4 has no flag to say so, so there the client's own is sent back ([MS-KILE] 3.1.1.2).
 */
static SECURITY_STATUS subkey_make(struct arrival *arrival, const uint8_t random[KRB_KEY_MAX])
{
    const struct krb_opened *opened = &arrival->opened;
    const struct krb_etype *etype = opened->subkey.etype ? opened->subkey.etype : opened->session_key.etype;

    if (!arrival->mutual)
        return SEC_E_OK;
    if (etype->number == KRB_ETYPE_RC4)
        arrival->subkey = opened->subkey;
    else if (!krb_key_set(&arrival->subkey, etype->number, bytes_of(random, etype->key_size)))
        return no_crypto(arrival->step);
    return SEC_E_OK;
}

static void session_fill(struct arrival *arrival, uint32_t sequence)
{
    const struct krb_opened *opened = &arrival->opened;
    struct krb_session *session = &arrival->made->session;
    const uint32_t flags = arrival->made->gss_flags, theirs = opened->authenticator.sequence;

    session->key = arrival->subkey.etype  ? arrival->subkey
                   : opened->subkey.etype ? opened->subkey
                                          : opened->session_key;
    session->acceptor_subkey = arrival->subkey.etype && arrival->subkey.etype->number != KRB_ETYPE_RC4;
    session->dce_style = (flags & KRB_GSS_DCE_STYLE) != 0;
    session->detect_replay = (flags & KRB_GSS_REPLAY) != 0;
    session->detect_sequence = (flags & KRB_GSS_SEQUENCE) != 0;
    session->receive_sequence = theirs;
    session->send_sequence = arrival->mutual ? sequence : theirs;
}

static void context_fill(struct arrival *arrival, uint32_t sequence)
{
    const struct krb_opened *opened = &arrival->opened;
    struct krb_context *made = arrival->made;

    made->gss_flags = arrival->checksum.present ? arrival->checksum.flags : arrival->mutual ? KRB_GSS_MUTUAL : 0;
    if (!made->delegated)
        made->gss_flags &= ~KRB_GSS_DELEGATE;
    made->framed = opened->framed;
    made->state = made->gss_flags & KRB_GSS_DCE_STYLE ? KRB_STATE_THIRD : KRB_STATE_ESTABLISHED;
    made->authenticator_time = opened->authenticator.time;
    made->authenticator_microseconds = opened->authenticator.microseconds;
    made->own_sequence = sequence;
    made->start = opened->ticket.start_time ? opened->ticket.start_time : opened->ticket.auth_time;
    made->expiry = opened->ticket.end_time;
    if (made->state == KRB_STATE_THIRD)
        made->ticket_key = opened->session_key;
    session_fill(arrival, sequence);
}

static SECURITY_STATUS reply_send(struct arrival *arrival, const struct nonces *nonces, uint32_t sequence)
{
    const struct krb_opened *opened = &arrival->opened;
    const struct krb_reply reply = {
        .time = opened->authenticator.time,
        .microseconds = opened->authenticator.microseconds,
        .subkey = arrival->subkey.etype ? &arrival->subkey : NULL,
        .sequence = sequence,
        .framed = opened->framed && !(arrival->made->gss_flags & KRB_GSS_DCE_STYLE),
    };
    uint8_t room[KRB_REPLY_MAX], *token;
    struct bytes message = {0};
    SECURITY_STATUS status;

    if (arrival->mutual && !krb_reply_make_under(&opened->reply, nonces->confounder, &reply, room, &message))
        return no_crypto(arrival->step);
    status = step_reserve(arrival->step, message.size, &token);
    if (status == SEC_E_OK && message.size)
        memcpy(token, message.data, message.size);
    return status;
}

static SECURITY_STATUS answer_make(struct arrival *arrival)
{
    struct nonces nonces;
    uint32_t sequence;
    SECURITY_STATUS status;

    if (!random_bytes(&nonces, sizeof nonces))
        return no_crypto(arrival->step);
    memcpy(&sequence, nonces.sequence, sizeof sequence);
    sequence = krb_sequence_fit(sequence);
    status = subkey_make(arrival, nonces.subkey);
    if (status == SEC_E_OK) {
        context_fill(arrival, sequence);
        status = reply_send(arrival, &nonces, sequence);
    }
    secret_wipe(&nonces, sizeof nonces);
    return status;
}

/* The same authenticator a second time is refused, whatever frame is around it. */
static SECURITY_STATUS replay_check(struct arrival *arrival, struct replay *replay)
{
    const struct bytes cipher = arrival->opened.request.authenticator.cipher;
    const int64_t skew = (int64_t)arrival->credential->base.settings.allow_clock_skew_seconds * CLOCK_TICKS_PER_SECOND;
    uint8_t digest[REPLAY_DIGEST_SIZE];

    if (!sha256_digest(&cipher, 1, digest))
        return no_crypto(arrival->step);
    arrival->opened.error = KRB_ERR_REPEAT;
    return replay_insert(replay, digest, arrival->opened.authenticator.time, skew, clock_now(), arrival->step->failure);
}

/* ---- Legs ---- */

static SECURITY_STATUS request_decide(struct arrival *arrival)
{
    struct replay *replay;
    SECURITY_STATUS status = krb_ap_req_open(arrival->credential, arrival->step, &arrival->opened);

    if (status == SEC_E_OK)
        status = checksum_take(arrival);
    if (status == SEC_E_OK)
        status = bindings_check(arrival);
    if (status == SEC_E_OK)
        status = identity_take(arrival);
    if (status == SEC_E_OK)
        status = names_take(arrival);
    if (status == SEC_E_OK)
        status = delegated_take(arrival);
    if (status == SEC_E_OK)
        status = evidence_take(arrival);
    if (status == SEC_E_OK)
        status = krb_credential_replay(arrival->credential, &replay, arrival->step->failure);
    if (status == SEC_E_OK)
        status = answer_make(arrival);
    return status == SEC_E_OK ? replay_check(arrival, replay) : status;
}

/* KRB-ERROR into the output, where the caller asked for it and the message was understood at all. */
static bool error_send(struct arrival *arrival)
{
    uint8_t room[KRB_REPLY_MAX], *token;
    struct bytes message;

    if (!(arrival->step->requested & ASC_REQ_EXTENDED_ERROR) || !arrival->opened.request.ticket.realm.size
        || !krb_error_make(&arrival->opened, arrival->opened.error, room, &message)
        || step_reserve(arrival->step, message.size, &token) != SEC_E_OK)
        return false;
    memcpy(token, message.data, message.size);
    arrival->step->output.for_peer = true;
    return true;
}

static bool may_repeat(SECURITY_STATUS status)
{
    return status == SEC_E_INSUFFICIENT_MEMORY || status == SEC_E_BUFFER_TOO_SMALL;
}

/* Puts what was made in the place of the context that waited, or hands it over as the first one. */
static void context_commit(struct arrival *arrival, struct context **context)
{
    struct krb_context *made = arrival->made, *waiting = (struct krb_context *)*context;

    if (waiting) {
        struct krb_context empty = *waiting;

        made->base = waiting->base;
        *waiting = *made;
        *made = empty;
        krb_context_free(&made->base);
        arrival->made = NULL;
        return;
    }
    *context = &made->base;
    arrival->made = NULL;
}

static SECURITY_STATUS request_accepted(struct arrival *arrival, struct context **context)
{
    struct krb_context *made = arrival->made;

    arrival->step->attributes = krb_flags_to_asc(made->gss_flags);
    arrival->step->expiry = made->expiry;
    krb_text_copy(arrival->step->login->client, sizeof arrival->step->login->client, made->account);
    context_commit(arrival, context);
    made = (struct krb_context *)*context;
    return made->state == KRB_STATE_THIRD ? SEC_I_CONTINUE_NEEDED : SEC_E_OK;
}

/* The client is told our time and may try once more ([MS-KILE] 3.4.5.3). */
static SECURITY_STATUS skew_answer(struct arrival *arrival, struct context **context)
{
    arrival->made->state = KRB_STATE_AGAIN;
    arrival->step->output.for_peer = false;
    arrival->step->attributes = ASC_RET_EXTENDED_ERROR;
    context_commit(arrival, context);
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS accept_request(struct credential *credential, struct context **context, struct step *step)
{
    struct arrival arrival = {.credential = (struct krb_credential *)credential, .step = step};
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    bool told;

    arrival.made = krb_context_new(credential, true);
    if (!arrival.made)
        return no_memory(step);
    status = request_decide(&arrival);
    told = status != SEC_E_OK && !may_repeat(status) && error_send(&arrival);
    if (status == SEC_E_OK)
        status = request_accepted(&arrival, context);
    else if (told && !*context && step->failure->reason == SSPI_REASON_CLOCK_SKEW)
        status = skew_answer(&arrival, context);
    else if (*context && !may_repeat(status))
        ((struct krb_context *)*context)->state = KRB_STATE_CLOSED;
    if (arrival.made)
        krb_context_free(&arrival.made->base);
    krb_opened_clear(&arrival.opened);
    krb_key_wipe(&arrival.subkey);
    return status;
}

/* Heimdal repeats the authenticator's time, MIT says its own. */
static bool third_in_time(const struct krb_context *context, const struct krb_ap_rep_part *part)
{
    const int64_t limit = (int64_t)context->base.credential->settings.allow_clock_skew_seconds * CLOCK_TICKS_PER_SECOND;
    const int64_t apart = clock_now() - part->time;

    return part->time == context->authenticator_time || (apart <= limit && -apart <= limit);
}

/* Our own answer, sent back to us, would hold our own subkey. */
static bool third_reflected(const struct krb_context *context, const struct krb_ap_rep_part *part)
{
    const struct krb_key *ours = &context->session.key;

    return context->session.acceptor_subkey && part->has_subkey && part->subkey.value.size == ours->etype->key_size
           && secret_equal(part->subkey.value.data, ours->data, ours->etype->key_size);
}

/* DCE style: the client's AP-REP repeats our sequence number, which only the ticket's key can read. */
static SECURITY_STATUS accept_third(struct krb_context *context, struct step *step)
{
    struct krb_ap_rep_part part;
    uint8_t room[KRB_REPLY_MAX], *nothing;
    struct bytes message;
    enum krb_token kind;
    bool framed, ok;

    ok = krb_frame_open(step->token, &kind, &message, &framed) && kind == KRB_TOKEN_AP_REP;
    context->state = KRB_STATE_CLOSED;
    if (!ok)
        return malformed(step, "the third token is not an AP-REP of Kerberos");
    ok = krb_reply_open(&context->ticket_key, message, room, &part) && third_in_time(context, &part)
         && part.has_sequence && part.sequence == context->own_sequence && !third_reflected(context, &part);
    secret_wipe(room, sizeof room);
    krb_context_forget_exchange(context);
    if (!ok)
        return failure_set(step->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
                           "the third token does not answer ours: it was altered, or made for another exchange");
    if (step_reserve(step, 0, &nothing) != SEC_E_OK)
        return SEC_E_INTERNAL_ERROR;
    context->state = KRB_STATE_ESTABLISHED;
    krb_text_copy(step->login->client, sizeof step->login->client, context->account);
    step->attributes = krb_flags_to_asc(context->gss_flags);
    step->expiry = context->expiry;
    return SEC_E_OK;
}

SECURITY_STATUS krb_accept(struct credential *credential, struct context **context, struct step *step)
{
    struct krb_context *own = (struct krb_context *)*context;

    if (!step->has_token || step->token.size == 0)
        return malformed(step, "there is no token from the client");
    if (step->requested & ASC_REQ_DATAGRAM)
        return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "datagram style is not supported");
    if (!own || own->state == KRB_STATE_AGAIN)
        return accept_request(credential, context, step);
    if (own->state == KRB_STATE_THIRD)
        return accept_third(own, step);
    return failure_set(step->failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_USAGE, "this context's exchange has ended");
}
