/*
 * InitializeSecurityContext for NTLM ([MS-NLMP] 3.1.5.1): NEGOTIATE out, then CHALLENGE in and AUTHENTICATE out.
 * Nothing of the context changes before the token is in the caller's hands, so a leg can be repeated.
 */
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"
#include "crypto/random.h"
#include "ntlm/ntlm.h"

/* Drawn at once, each call costs. */
struct nonces {
    uint8_t client_challenge[NTLM_CHALLENGE_SIZE];
    uint8_t session_key[NTLM_KEY_SIZE];
};

/* The second leg, from the challenge to the token. */
struct leg {
    struct ntlm_context *context;
    const struct ntlm_credential *credential;
    struct step *step;
    struct ntlm_challenge challenge;
    struct ntlm_av_pairs av;
    uint32_t flags;
    struct nonces nonces;
    uint8_t bindings[16];
    uint8_t *target, *workstation; /* UTF-16LE */
    size_t target_size, workstation_size;
    struct ntlm_answer answer;
    uint8_t session_key[NTLM_KEY_SIZE];
    uint8_t sealed_key[NTLM_KEY_SIZE]; /* EncryptedRandomSessionKey */
    char *client_name, *target_name;
};

static SECURITY_STATUS no_memory(struct step *step)
{
    return failure_set(step->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory to initiate");
}

static SECURITY_STATUS no_crypto(struct step *step)
{
    return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                       "OpenSSL failed while answering a challenge");
}

/* 3.1.5.1.1. Sealing includes signing; a null session has no key to protect anything with. */
static uint32_t flags_wanted(const struct settings *settings, ULONG requested)
{
    const ULONG integrity = ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
    uint32_t flags = NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_ESS | NTLM_VERSION;

    if (requested & ISC_REQ_IDENTIFY)
        flags |= NTLM_IDENTIFY;
    if (requested & ISC_REQ_NULL_SESSION)
        return flags;
    if ((requested & integrity) && !(requested & ISC_REQ_NO_INTEGRITY))
        flags |= NTLM_SIGN;
    if (requested & ISC_REQ_CONFIDENTIALITY)
        flags |= NTLM_SIGN | NTLM_SEAL;
    if (ntlm_protects(flags))
        flags |= NTLM_KEY_EXCH | NTLM_128 | (settings->allow_insecure_56bit ? NTLM_56 : 0);
    return flags;
}

static SECURITY_STATUS credential_check(const struct ntlm_credential *credential, struct step *step)
{
    if (step->requested & ISC_REQ_DATAGRAM)
        return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "datagram style is not supported");
    if (step->requested & ISC_REQ_NULL_SESSION)
        return SEC_E_OK;
    if (!credential->has_user)
        return failure_set(step->failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                           "the credential names no user, and there are no default credentials");
    if (!credential->has_hash)
        return failure_set(step->failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                           "the credential of %s has neither a password nor an NT hash", credential->name);
    return SEC_E_OK;
}

static SECURITY_STATUS negotiate_send(struct ntlm_context *context, struct step *step)
{
    const struct ntlm_negotiate message = {.flags = context->flags, .version = NTLM_OUR_VERSION};
    struct writer out = writer_over(NULL, 0);
    SECURITY_STATUS status;
    uint8_t *token;

    ntlm_negotiate_encode(&message, &out);
    context->negotiate_size = out.used;
    context->transcript = mem_alloc(out.used);
    if (!context->transcript)
        return no_memory(step);
    out = writer_over(context->transcript, out.used);
    ntlm_negotiate_encode(&message, &out);
    status = step_reserve(step, context->negotiate_size, &token);
    if (status == SEC_E_OK)
        memcpy(token, context->transcript, context->negotiate_size);
    return status;
}

static SECURITY_STATUS initiate_first(struct credential *credential, struct context **out, struct step *step)
{
    struct ntlm_context *context;
    SECURITY_STATUS status = credential_check((struct ntlm_credential *)credential, step);

    if (status != SEC_E_OK)
        return status;
    context = ntlm_context_new(credential, false);
    if (!context)
        return no_memory(step);
    context->flags = flags_wanted(&credential->settings, step->requested);
    status = negotiate_send(context, step);
    if (status != SEC_E_OK) {
        ntlm_context_free(&context->base);
        return status;
    }
    step->attributes = ntlm_flags_to_isc(context->flags);
    *out = &context->base;
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS refuse_altered(struct step *step, const char *what)
{
    return failure_set(step->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_FLAGS_ALTERED,
                       "the server's challenge lacks %s, which was asked for", what);
}

/* What the server must not take away. Signing and sealing themselves it may decline: the result flags tell. */
static SECURITY_STATUS flags_agree(struct leg *leg)
{
    const struct settings *settings = &leg->credential->base.settings;
    const uint32_t offered = leg->challenge.flags;

    leg->flags = (leg->context->flags | NTLM_TARGET_INFO) & offered;
    if (!(offered & NTLM_UNICODE))
        return refuse_altered(leg->step, "Unicode");
    if (!(offered & NTLM_ESS) && !settings->allow_insecure_ntlmv1)
        return refuse_altered(leg->step, "extended session security");
    if (ntlm_protects(leg->flags) && !(offered & NTLM_128) && !settings->allow_insecure_56bit)
        return refuse_altered(leg->step, "128-bit keys");
    if (leg->step->requested & ISC_REQ_NULL_SESSION)
        leg->flags |= NTLM_ANONYMOUS;
    return SEC_E_OK;
}

static SECURITY_STATUS challenge_read(struct leg *leg)
{
    static const uint8_t eol[4];
    struct step *step = leg->step;
    const bool decoded = step->token.size <= NTLM_MAX_TOKEN && ntlm_challenge_decode(step->token, &leg->challenge);

    if (decoded && !leg->challenge.target_info.size)
        leg->challenge.target_info = bytes_of(eol, sizeof eol);
    if (!decoded || !ntlm_av_decode(leg->challenge.target_info, &leg->av))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "the server's token is not a CHALLENGE message of NTLM");
    if (ntlm_outstanding_find(ntlm_credential_of(&leg->context->base), leg->challenge.server_challenge))
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_REFLECTION,
                           "the challenge is one that this credential issued itself: somebody reflects it");
    return flags_agree(leg);
}

static SECURITY_STATUS text_to_wire(struct step *step, const char *text, uint8_t **out, size_t *size)
{
    SECURITY_STATUS status = utf16le_from_utf8(bytes_of(text, strlen(text)), out, size);

    if (status == SEC_E_OK)
        return SEC_E_OK;
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return no_memory(step);
    return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET, "a name is not valid UTF-8");
}

/* Everything that takes memory and is not secret. */
static SECURITY_STATUS names_prepare(struct leg *leg)
{
    const char *workstation = leg->credential->base.settings.netbios_computer_name;
    const char *target = leg->step->target ? leg->step->target : "";
    SECURITY_STATUS status = text_to_wire(leg->step, target, &leg->target, &leg->target_size);

    if (status == SEC_E_OK)
        status = text_to_wire(leg->step, workstation ? workstation : "", &leg->workstation, &leg->workstation_size);
    if (status != SEC_E_OK)
        return status;
    leg->client_name = mem_strdup(leg->flags & NTLM_ANONYMOUS ? "" : leg->credential->name);
    leg->target_name = mem_strdup(leg->step->target);
    if (!leg->client_name || (leg->step->target && !leg->target_name))
        return no_memory(leg->step);
    return SEC_E_OK;
}

/* 3.1.5.1.2: with NTLMv2 a server that shall protect messages must have named itself. */
static SECURITY_STATUS server_named_check(const struct leg *leg)
{
    const bool named = leg->av.present[NTLM_AV_NB_COMPUTER] && leg->av.present[NTLM_AV_NB_DOMAIN];

    if (named || !ntlm_protects(leg->flags))
        return SEC_E_OK;
    return failure_set(leg->step->failure, (SECURITY_STATUS)STATUS_LOGON_FAILURE, SSPI_REASON_FLAGS_ALTERED,
                       "the server's challenge names no computer and domain, but messages shall be protected");
}

static SECURITY_STATUS answer_make(struct leg *leg)
{
    const struct settings *settings = &leg->credential->base.settings;
    const struct ntlm_answer_input input = {
        .challenge = &leg->challenge,
        .av = &leg->av,
        .flags = leg->flags,
        .client_challenge = leg->nonces.client_challenge,
        .bindings = leg->bindings,
        .target = bytes_of(leg->target, leg->target_size),
        .target_unverified = (leg->step->requested & ISC_REQ_UNVERIFIED_TARGET_NAME) != 0,
    };
    SECURITY_STATUS status;

    if (leg->flags & NTLM_ANONYMOUS) {
        ntlm_answer_anonymous(&leg->answer);
        return SEC_E_OK;
    }
    if (settings->allow_insecure_ntlmv1 && !(leg->challenge.flags & NTLM_TARGET_INFO)) {
        status = ntlm_answer_v1(leg->credential, &input, &leg->answer);
    } else {
        status = server_named_check(leg);
        if (status != SEC_E_OK)
            return status;
        status = ntlm_answer_v2(leg->credential, &input, &leg->answer);
    }
    return status == SEC_E_INTERNAL_ERROR ? no_crypto(leg->step) : status == SEC_E_OK ? SEC_E_OK : no_memory(leg->step);
}

/* The key that both sides export: a fresh one sent under the key exchange key, or that key itself. */
static bool session_key_make(struct leg *leg)
{
    const bool fresh = (leg->flags & NTLM_KEY_EXCH) && ntlm_protects(leg->flags);
    const uint8_t *key = fresh ? leg->nonces.session_key : leg->answer.key_exchange_key;

    for (size_t i = 0; i < NTLM_KEY_SIZE; i++)
        leg->session_key[i] = key[i];
    return !fresh
           || rc4_once(bytes_of(leg->answer.key_exchange_key, NTLM_KEY_SIZE), leg->session_key, leg->sealed_key,
                       NTLM_KEY_SIZE);
}

static SECURITY_STATUS mic_write(const struct leg *leg, uint8_t *token, size_t size)
{
    const struct bytes negotiate = bytes_of(leg->context->transcript, leg->context->negotiate_size);
    uint8_t mic[NTLM_MIC_SIZE];
    struct writer out;

    if (!leg->answer.with_mic)
        return SEC_E_OK;
    if (!ntlm_mic_compute(leg->session_key, negotiate, leg->step->token, bytes_of(token, size), mic))
        return no_crypto(leg->step);
    out = writer_over(token + NTLM_MIC_OFFSET, sizeof mic);
    writer_bytes(&out, bytes_of(mic, sizeof mic));
    return SEC_E_OK;
}

static SECURITY_STATUS authenticate_send(const struct leg *leg)
{
    const bool anonymous = (leg->flags & NTLM_ANONYMOUS) != 0;
    const bool fresh = (leg->flags & NTLM_KEY_EXCH) && ntlm_protects(leg->flags);
    struct ntlm_authenticate message = {
        .flags = leg->flags,
        .version = leg->flags & NTLM_VERSION ? NTLM_OUR_VERSION : 0,
        .lm = bytes_of(leg->answer.lm, leg->answer.lm_size),
        .nt = bytes_of(leg->answer.nt, leg->answer.nt_size),
        .workstation = bytes_of(leg->workstation, leg->workstation_size),
        .session_key = bytes_of(leg->sealed_key, fresh ? NTLM_KEY_SIZE : 0),
    };
    struct writer count = writer_over(NULL, 0), out;
    SECURITY_STATUS status;
    uint8_t *token;

    if (!anonymous) {
        message.user = bytes_of(leg->credential->user16, leg->credential->user16_size);
        message.domain = bytes_of(leg->credential->domain16, leg->credential->domain16_size);
    }
    ntlm_authenticate_encode(&message, leg->answer.with_mic, &count);
    if (count.used > NTLM_MAX_TOKEN)
        return failure_set(leg->step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "the answer to this challenge would be longer than any NTLM token");
    status = step_reserve(leg->step, count.used, &token);
    if (status != SEC_E_OK)
        return status;
    out = writer_over(token, count.used);
    ntlm_authenticate_encode(&message, leg->answer.with_mic, &out);
    return mic_write(leg, token, count.used);
}

/* Nothing can fail any more. */
static void leg_commit(struct leg *leg)
{
    struct ntlm_context *context = leg->context;

    ntlm_context_forget_exchange(context);
    context->flags = leg->flags;
    context->anonymous = (leg->flags & NTLM_ANONYMOUS) != 0;
    context->extended = leg->answer.extended;
    context->mic_verified = leg->answer.with_mic;
    for (size_t i = 0; i < NTLM_KEY_SIZE; i++)
        context->session_key[i] = leg->session_key[i];
    context->client = leg->client_name;
    context->target = leg->target_name;
    leg->client_name = leg->target_name = NULL;
    context->state = NTLM_ESTABLISHED;
}

static SECURITY_STATUS leg_run(struct leg *leg)
{
    SECURITY_STATUS status = challenge_read(leg);

    if (status == SEC_E_OK)
        status = names_prepare(leg);
    if (status != SEC_E_OK)
        return status;
    if (!random_bytes(&leg->nonces, sizeof leg->nonces)
        || (leg->step->has_bindings && !step_bindings_hash(leg->step, leg->bindings)))
        return no_crypto(leg->step);
    status = answer_make(leg);
    if (status != SEC_E_OK)
        return status;
    if (!session_key_make(leg))
        return no_crypto(leg->step);
    status = authenticate_send(leg);
    if (status == SEC_E_OK)
        leg_commit(leg);
    return status;
}

static SECURITY_STATUS initiate_answer(struct ntlm_context *context, struct step *step)
{
    struct leg leg = {.context = context, .credential = ntlm_credential_of(&context->base), .step = step};
    SECURITY_STATUS status = leg_run(&leg);

    ntlm_answer_clear(&leg.answer);
    mem_free(leg.target);
    mem_free(leg.workstation);
    mem_free(leg.client_name);
    mem_free(leg.target_name);
    secret_wipe(&leg, sizeof leg);
    if (status == SEC_E_OK) {
        step->attributes = ntlm_flags_to_isc(context->flags);
        if (context->anonymous)
            step->attributes |= ISC_RET_NULL_SESSION;
        step->expiry = CLOCK_FOREVER;
    } else if (status != SEC_E_INSUFFICIENT_MEMORY && status != SEC_E_BUFFER_TOO_SMALL) {
        ntlm_context_forget_exchange(context);
        context->state = NTLM_CLOSED;
    }
    return status;
}

SECURITY_STATUS ntlm_initiate(struct credential *credential, struct context **context, struct step *step)
{
    struct ntlm_context *own = (struct ntlm_context *)*context;
    const bool empty = !step->has_token || step->token.size == 0;

    if (own && (own->base.acceptor || own->state != NTLM_WAITING))
        return failure_set(step->failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_USAGE,
                           "this context's exchange has ended");
    if (own ? empty : !empty)
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           own ? "there is no token from the server" : "NTLM's client speaks first: no token expected");
    return own ? initiate_answer(own, step) : initiate_first(credential, context, step);
}
