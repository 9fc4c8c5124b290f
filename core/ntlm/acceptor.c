/*
 * AcceptSecurityContext for NTLM ([MS-NLMP] 3.2.5.1): NEGOTIATE in and CHALLENGE out, then AUTHENTICATE in and
 * nothing out. A refused AUTHENTICATE uses the challenge up; only a lack of memory leaves the leg repeatable.
 */
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"
#include "ntlm/ntlm.h"

static SECURITY_STATUS no_memory(struct step *step)
{
    return failure_set(step->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory to accept");
}

static SECURITY_STATUS malformed(struct step *step, const char *what)
{
    return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "%s", what);
}

static SECURITY_STATUS no_crypto(struct step *step)
{
    return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "OpenSSL failed while accepting a login");
}

static struct bytes transcript_negotiate(const struct ntlm_context *context)
{
    return bytes_of(context->transcript, context->negotiate_size);
}

static struct bytes transcript_challenge(const struct ntlm_context *context)
{
    return bytes_of(context->transcript + context->negotiate_size, context->challenge_size);
}

/* CHALLENGE into the transcript, and from there to the caller. */
static SECURITY_STATUS challenge_send(struct ntlm_context *context, struct step *step)
{
    SECURITY_STATUS status = ntlm_challenge_make(context, step->token, step->failure);
    uint8_t *token;

    if (status == SEC_E_OK)
        status = step_reserve(step, context->challenge_size, &token);
    if (status == SEC_E_OK)
        memcpy(token, context->transcript + context->negotiate_size, context->challenge_size);
    return status;
}

static SECURITY_STATUS negotiate_check(const struct credential *credential, struct step *step, uint32_t *offer)
{
    struct ntlm_negotiate negotiate;

    if (step->token.size > NTLM_MAX_NEGOTIATE || !ntlm_negotiate_decode(step->token, &negotiate))
        return malformed(step, "the first token is not a NEGOTIATE message of NTLM");
    if (!(negotiate.flags & (NTLM_UNICODE | NTLM_OEM)))
        return malformed(step, "the NEGOTIATE message names no character set");
    if ((step->requested & ASC_REQ_DATAGRAM) || (negotiate.flags & NTLM_DATAGRAM))
        return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "datagram style is not supported");
    *offer = ntlm_flags_offer(negotiate.flags);
    return ntlm_flags_check_policy(*offer, &credential->settings, step->failure);
}

static SECURITY_STATUS accept_negotiate(struct credential *credential, struct context **out, struct step *step)
{
    struct ntlm_context *context;
    uint32_t offer = 0;
    SECURITY_STATUS status = negotiate_check(credential, step, &offer);

    if (status != SEC_E_OK)
        return status;
    context = ntlm_context_new(credential, true);
    if (!context)
        return no_memory(step);
    context->flags = offer;
    status = challenge_send(context, step);
    if (status != SEC_E_OK) {
        ntlm_context_free(&context->base);
        return status;
    }
    ntlm_outstanding_add(context);
    step->attributes = ntlm_flags_to_asc(context->flags);
    *out = &context->base;
    return SEC_I_CONTINUE_NEEDED;
}

/* Shape of the message against what was offered: nothing here depends on any account. */
static SECURITY_STATUS authenticate_check(const struct ntlm_context *context, const struct ntlm_authenticate *message,
                                          struct step *step)
{
    const bool sealed_key = (message->flags & NTLM_KEY_EXCH) && ntlm_protects(message->flags);
    SECURITY_STATUS status = ntlm_flags_check_answer(context->flags, message->flags, step->failure);

    if (status != SEC_E_OK)
        return status;
    if (sealed_key && message->session_key.size != NTLM_KEY_SIZE)
        return malformed(step, "the encrypted session key does not have 16 bytes");
    return SEC_E_OK;
}

static bool is_anonymous(const struct ntlm_authenticate *message)
{
    return message->user.size == 0 && message->nt.size == 0
           && (message->lm.size == 0 || (message->lm.size == 1 && message->lm.data[0] == 0));
}

/* 3.4.5.1, KXKEY's last step: the key that both sides export. */
static bool session_key_take(struct ntlm_context *context, const struct ntlm_authenticate *message,
                             const uint8_t key_exchange_key[16])
{
    if ((context->flags & NTLM_KEY_EXCH) && ntlm_protects(context->flags))
        return rc4_once(bytes_of(key_exchange_key, NTLM_KEY_SIZE), message->session_key.data, context->session_key,
                        NTLM_KEY_SIZE);
    for (size_t i = 0; i < NTLM_KEY_SIZE; i++)
        context->session_key[i] = key_exchange_key[i];
    return true;
}

/* 3.2.5.1.2: a MIC that the AV pairs announce must be there; the pairs are covered by the proof of the password. */
static SECURITY_STATUS mic_check(struct ntlm_context *context, const struct ntlm_verdict *verdict, struct step *step)
{
    const bool strict = context->base.credential->settings.ntlm_policy == NTLM_POLICY_STRICT;
    uint8_t mic[NTLM_MIC_SIZE];
    struct bytes sent;

    if (!verdict->extended || !(verdict->response.av.flags & NTLM_AV_FLAG_MIC))
        return !strict ? SEC_E_OK
                       : failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_MISSING,
                                     "login of %s refused: no message integrity code, and ntlm_policy is strict",
                                     step->login->client);
    if (!bytes_slice(step->token, NTLM_MIC_OFFSET, NTLM_MIC_SIZE, &sent))
        return malformed(step, "the message integrity code is announced but not there");
    if (!ntlm_mic_compute(context->session_key, transcript_negotiate(context), transcript_challenge(context),
                          step->token, mic))
        return no_crypto(step);
    if (!secret_equal(mic, sent.data, sizeof mic))
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_WRONG,
                           "login of %s refused: the message integrity code is wrong, the exchange was altered",
                           step->login->client);
    context->mic_verified = true;
    return SEC_E_OK;
}

/* A client repeats our target information: without a MIC this shows what was altered on the way to it. */
static SECURITY_STATUS target_info_check(const struct ntlm_context *context, const struct ntlm_verdict *verdict,
                                         struct step *step)
{
    struct ntlm_challenge challenge;
    struct ntlm_av_pairs sent;

    if (!ntlm_challenge_decode(transcript_challenge(context), &challenge)
        || !ntlm_av_decode(challenge.target_info, &sent))
        return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL, "our own CHALLENGE is malformed");
    if (!ntlm_av_repeated(&sent, &verdict->response.av))
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_FLAGS_ALTERED,
                           "login of %s refused: the target information of our challenge was altered on the way",
                           step->login->client);
    return SEC_E_OK;
}

static SECURITY_STATUS age_check(const struct ntlm_context *context, const struct ntlm_verdict *verdict,
                                 struct step *step)
{
    const uint64_t limit = (uint64_t)context->base.credential->settings.ntlm_max_age_seconds * CLOCK_TICKS_PER_SECOND;
    const uint64_t now = (uint64_t)clock_now(), then = verdict->response.time;
    const uint64_t age = now > then ? now - then : then - now;

    if (limit == 0 || age <= limit)
        return SEC_E_OK;
    return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_STALE,
                       "login of %s refused: its time stamp is %" PRIu64 " seconds away from this server's clock",
                       step->login->client, age / (uint64_t)CLOCK_TICKS_PER_SECOND);
}

/* What an NTLMv2 response says of channel bindings; older responses cannot say anything. */
static SECURITY_STATUS bindings_check(const struct ntlm_av_pairs *av, struct step *step)
{
    static const uint8_t none[16];
    const struct bytes value = av->value[NTLM_AV_BINDINGS];

    if (!av->present[NTLM_AV_BINDINGS])
        return step_bindings_decide(step, CLIENT_BINDINGS_NONE, none);
    if (memcmp(value.data, none, sizeof none) == 0)
        return step_bindings_decide(step, CLIENT_BINDINGS_EMPTY, none);
    return step_bindings_decide(step, CLIENT_BINDINGS_VALUE, value.data);
}

/* The service that the client meant; nothing where it took the name from somewhere it does not trust. */
static SECURITY_STATUS target_take(struct ntlm_context *context, const struct ntlm_av_pairs *av, struct step *step)
{
    const struct bytes name = av->value[NTLM_AV_TARGET_NAME];
    SECURITY_STATUS status;

    if (name.size == 0 || (av->flags & NTLM_AV_FLAG_UNVERIFIED_TARGET))
        return SEC_E_OK;
    mem_free(context->target);
    status = utf8_from_utf16le(name, &context->target);
    if (status == SEC_E_INVALID_PARAMETER)
        return malformed(step, "the client's target name is not valid text");
    return status == SEC_E_OK ? SEC_E_OK : no_memory(step);
}

static SECURITY_STATUS names_take(struct ntlm_context *context, const char *user, const char *domain, struct step *step)
{
    mem_free(context->client);
    mem_free(context->authority);
    context->client = ntlm_text_join(domain, user);
    context->authority = mem_strdup(domain);
    return context->client && context->authority ? SEC_E_OK : no_memory(step);
}

/* An account without a domain of its own belongs to this server's. */
static const char *domain_shown(const struct ntlm_context *context, const struct ntlm_verdict *verdict)
{
    const char *own = context->base.credential->settings.netbios_domain_name;

    if (verdict->domain && verdict->domain[0])
        return verdict->domain;
    return own ? own : "";
}

/* Everything that a proven password does not settle, in the order of 3.2.5.1.2. */
static SECURITY_STATUS verdict_check(struct ntlm_context *context, const struct ntlm_verdict *verdict,
                                     struct step *step)
{
    SECURITY_STATUS status = mic_check(context, verdict, step);

    if (status == SEC_E_OK && verdict->extended)
        status = age_check(context, verdict, step);
    if (status == SEC_E_OK && verdict->extended)
        status = target_info_check(context, verdict, step);
    if (status == SEC_E_OK)
        status = bindings_check(&verdict->response.av, step);
    if (status == SEC_E_OK)
        status = target_take(context, &verdict->response.av, step);
    if (status == SEC_E_OK)
        status = names_take(context, verdict->user ? verdict->user : "", domain_shown(context, verdict), step);
    return status;
}

static SECURITY_STATUS success_note(const struct ntlm_context *context, const struct ntlm_verdict *verdict,
                                    struct step *step)
{
    const struct credential *credential = context->base.credential;
    const SECURITY_STATUS status = account_store_note_login(
        credential->accounts, verdict->user ? verdict->user : "", verdict->domain ? verdict->domain : "", true,
        credential->settings.lockout_threshold, credential->settings.lockout_seconds, step->failure);

    return status == SEC_E_OK || status == SEC_E_LOGON_DENIED ? status : SEC_E_NO_AUTHENTICATING_AUTHORITY;
}

static SECURITY_STATUS accept_user(struct ntlm_context *context, const struct ntlm_authenticate *message,
                                   const struct ntlm_claim *claim, struct step *step)
{
    struct ntlm_verdict verdict = {0};
    SECURITY_STATUS status = ntlm_verify(context, message, claim, &verdict, step->failure);

    if (status != SEC_E_OK)
        goto out;
    if (!session_key_take(context, message, verdict.key_exchange_key)) {
        status = no_crypto(step);
        goto out;
    }
    status = verdict_check(context, &verdict, step);
    if (status == SEC_E_OK)
        status = success_note(context, &verdict, step);
    context->extended = verdict.extended;
out:
    ntlm_verdict_clear(&verdict);
    return status;
}

/* A null session: allowed twice or not at all, without keys, so without protected messages. */
static SECURITY_STATUS accept_anonymous(struct ntlm_context *context, struct step *step)
{
    static const struct ntlm_av_pairs nothing;
    const struct settings *settings = &context->base.credential->settings;
    SECURITY_STATUS status;

    if (!settings->allow_anonymous || !(step->requested & ASC_REQ_ALLOW_NULL_SESSION)
        || settings->ntlm_policy == NTLM_POLICY_STRICT)
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                           "an anonymous login was refused (option allow_anonymous and ASC_REQ_ALLOW_NULL_SESSION)");
    status = bindings_check(&nothing, step);
    if (status == SEC_E_OK)
        status = names_take(context, "ANONYMOUS LOGON", "NT AUTHORITY", step);
    if (status != SEC_E_OK)
        return status;
    context->anonymous = true;
    context->flags &= ~(NTLM_SIGN | NTLM_SEAL | NTLM_KEY_EXCH);
    step->attributes |= ASC_RET_NULL_SESSION;
    return SEC_E_OK;
}

static SECURITY_STATUS authenticate_decide(struct ntlm_context *context, struct step *step)
{
    struct ntlm_authenticate message;
    struct ntlm_claim claim = {0};
    SECURITY_STATUS status;

    if (step->token.size > NTLM_MAX_TOKEN || !ntlm_authenticate_decode(step->token, &message))
        return malformed(step, "the second token is not an AUTHENTICATE message of NTLM");
    if (is_anonymous(&message))
        return accept_anonymous(context, step);
    status = authenticate_check(context, &message, step);
    if (status == SEC_E_OK)
        status = ntlm_claim_read(&message, &claim, step->failure);
    if (status != SEC_E_OK)
        return status;
    ntlm_text_copy(step->login->client, sizeof step->login->client, claim.name);
    ntlm_text_copy(step->login->workstation, sizeof step->login->workstation, claim.workstation);
    if (message.user.size == 0)
        status = failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_ANONYMOUS,
                             "a login without a user name but with a response was refused");
    else
        status = accept_user(context, &message, &claim, step);
    ntlm_claim_clear(&claim);
    return status;
}

static SECURITY_STATUS accept_authenticate(struct ntlm_context *context, struct step *step)
{
    SECURITY_STATUS status;
    uint8_t *nothing;

    step->attributes = 0;
    status = authenticate_decide(context, step);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return status;
    if (status == SEC_E_OK)
        status = step_reserve(step, 0, &nothing);
    ntlm_context_forget_exchange(context);
    if (status != SEC_E_OK) {
        context->state = NTLM_CLOSED;
        secret_wipe(context->session_key, sizeof context->session_key);
        return status;
    }
    context->state = NTLM_ESTABLISHED;
    ntlm_text_copy(step->login->client, sizeof step->login->client, context->client);
    step->attributes |= ntlm_flags_to_asc(context->flags);
    step->expiry = CLOCK_FOREVER;
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_accept(struct credential *credential, struct context **context, struct step *step)
{
    struct ntlm_context *own = (struct ntlm_context *)*context;

    if (!step->has_token || step->token.size == 0)
        return malformed(step, "there is no token from the client");
    if (!own)
        return accept_negotiate(credential, context, step);
    if (!own->base.acceptor || own->state != NTLM_WAITING)
        return failure_set(step->failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_USAGE,
                           "this context's exchange has ended: its challenge is used up");
    return accept_authenticate(own, step);
}
