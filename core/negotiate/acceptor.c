/*
 * The acceptor of Negotiate ([MS-SPNG] 3.2, RFC 4178 5): one function for each thing a client may send.
 */
#include <string.h>

#include "base/memory.h"
#include "negotiate/negotiate.h"

/* ---- Answers ---- */

static bool may_retry(SECURITY_STATUS status)
{
    return status == SEC_E_BUFFER_TOO_SMALL || status == SEC_E_INCOMPLETE_MESSAGE
           || status == SEC_E_INSUFFICIENT_MEMORY;
}

static void name_mechanism(const struct nego_context *context, struct nego_response *reply)
{
    reply->has_mechanism = context->mechanism && !context->answered;
    if (reply->has_mechanism)
        reply->mechanism = context->mechanism->oid;
}

/* Tells the peer, with the mechanism's own error if it has one. Where there is no room for that, nothing is sent. */
static SECURITY_STATUS answer_reject(const struct nego_context *context, struct step *step, struct bytes token,
                                     SECURITY_STATUS status)
{
    struct nego_response reply = {.state = NEGO_REJECT, .has_token = token.size != 0, .token = token};
    struct failure why = *step->failure;

    name_mechanism(context, &reply);
    if (nego_output_reserve(step, &reply) == SEC_E_OK) {
        nego_output_response(step, &reply);
        step->output.for_peer = true;
    } else {
        step->output.used = 0;
    }
    *step->failure = why;
    return status;
}

/* Sends a reply, with our MIC where asked for. Nothing has changed when there is no room. */
static SECURITY_STATUS answer(struct nego_context *context, struct step *step, struct nego_response *reply,
                              bool with_mic, SECURITY_STATUS status)
{
    uint8_t mic[NEGO_MIC_MAX];
    SECURITY_STATUS reserved;

    name_mechanism(context, reply);
    reply->has_mic = with_mic;
    reply->mic = bytes_of(mic, with_mic ? context->mechanism->mic_size : 0);
    reserved = nego_output_reserve(step, reply);
    if (reserved == SEC_E_OK && with_mic)
        reserved = nego_mic_make(context, mic, &reply->mic.size, step->failure);
    if (reserved != SEC_E_OK)
        return reserved;
    context->answered = true;
    nego_output_response(step, reply);
    return status;
}

/* The mechanism is done: what remains is the MIC. `out` is the mechanism's last token. */
static SECURITY_STATUS finish(struct nego_context *context, struct step *step, struct bytes out,
                              const struct nego_response *in)
{
    struct nego_response reply = {.state = NEGO_COMPLETED, .has_token = out.size != 0, .token = out};
    bool required = nego_mic_required(context), client_speaks_last = out.size == 0;
    SECURITY_STATUS status = in->has_mic ? nego_mic_verify(context, in->mic, step->failure) : SEC_E_OK;

    if (status == SEC_E_OK && required && !in->has_mic && client_speaks_last)
        status = failure_set(step->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MIC_MISSING,
                             "Negotiate: the client had to protect its list of mechanisms (mechListMIC) and did not");
    if (status == SEC_E_OK && required && !context->mic_verified) {
        reply.state = NEGO_INCOMPLETE;
        status = answer(context, step, &reply, true, SEC_I_CONTINUE_NEEDED);
        if (status >= 0)
            context->phase = NEGO_PHASE_MIC;
    } else if (status == SEC_E_OK) {
        status = answer(context, step, &reply, context->mic_verified, SEC_E_OK);
    }
    if (status >= 0 || (may_retry(status) && !out.size))
        return status;
    return answer_reject(context, step, (struct bytes){0}, may_retry(status) ? SEC_E_INTERNAL_ERROR : status);
}

/* ---- The chosen mechanism at work ---- */

static SECURITY_STATUS mechanism_step(struct nego_context *context, struct step *step, const struct nego_response *in)
{
    struct nego_response reply = {.state = NEGO_INCOMPLETE};
    bool with_mic = in->has_mic || (context->mic_required && !in->has_mic);
    struct bytes out;
    SECURITY_STATUS status;

    /* A last leg that is tried again: the mechanism has had its token. */
    if (context->child_done)
        return finish(context, step, (struct bytes){0}, in);
    status = nego_child_step(context, step, in->token, true,
                             with_mic ? NEGO_FRAME_RESPONSE_WITH_MIC : NEGO_FRAME_RESPONSE, &out);
    if (may_retry(status))
        return status;
    if (status < 0)
        return answer_reject(context, step, out, status);
    context->phase = NEGO_PHASE_MECHANISM;
    if (status == SEC_E_OK)
        return finish(context, step, out, in);
    reply.has_token = out.size != 0;
    reply.token = out;
    return answer(context, step, &reply, false, status);
}

/* The client's first choice is not ours, or it sent no token along: tell it what was chosen. */
static SECURITY_STATUS answer_choice(struct nego_context *context, struct step *step, bool first_choice)
{
    struct nego_response reply = {.state = first_choice ? NEGO_INCOMPLETE : NEGO_REQUEST_MIC};
    SECURITY_STATUS status = answer(context, step, &reply, false, SEC_I_CONTINUE_NEEDED);

    if (status < 0)
        return status;
    context->phase = NEGO_PHASE_MECHANISM;
    context->mic_required = context->mic_required || !first_choice;
    return status;
}

/* ---- First messages ---- */

static SECURITY_STATUS no_common_mechanism(struct nego_context *context, struct step *step, const struct failure *why)
{
    failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_POLICY,
                "Negotiate: the client offers no mechanism that is allowed here%s%s",
                why->reason ? "; Kerberos is not offered: " : "", why->reason ? why->text : "");
    return answer_reject(context, step, (struct bytes){0}, SEC_E_INVALID_TOKEN);
}

/* The first mechanism of the client's list that we may use, and have a key for. NULL: none, and `why` says so. */
static const struct nego_mechanism *choose(const struct nego_context *context, const struct nego_init *init,
                                           size_t *index, struct failure *why)
{
    const struct nego_credential *credential = (const struct nego_credential *)context->base.credential;

    for (*index = 0; *index < init->count; ++*index) {
        const struct nego_mechanism *mechanism = nego_mechanism_find(init->mechanisms[*index]);

        if (mechanism && nego_package_allowed(credential, mechanism->package)
            && nego_package_usable(credential, mechanism->package, why))
            return mechanism;
    }
    return NULL;
}

static SECURITY_STATUS accept_init(struct nego_context *context, struct step *step)
{
    const struct nego_credential *credential = (const struct nego_credential *)context->base.credential;
    const struct nego_mechanism *mechanism;
    struct nego_response in = {0};
    struct failure why = credential->reasons[NEGO_KERBEROS];
    struct nego_init init;
    size_t index;

    if (!nego_init_decode(step->token, &init))
        return nego_malformed(step, "the first token is not a NegTokenInit");
    mechanism = choose(context, &init, &index, &why);
    if (!mechanism)
        return no_common_mechanism(context, step, &why);
    if (!nego_context_keep_list(context, init.mech_list))
        return SEC_E_INSUFFICIENT_MEMORY;
    nego_context_choose(context, mechanism);
    if (index > 0 || !init.has_token || !init.token.size)
        return answer_choice(context, step, index == 0);
    in.has_token = init.has_token;
    in.token = init.token;
    in.has_mic = init.has_mic;
    in.mic = init.mic;
    return mechanism_step(context, step, &in);
}

/* [MS-SPNG] 3.2.5.2: the server speaks first. */
static SECURITY_STATUS accept_nothing(struct nego_context *context, struct step *step)
{
    const struct nego_credential *credential = (const struct nego_credential *)context->base.credential;
    const struct nego_mechanism *mechanisms[NEGO_OFFERS_MAX];
    size_t count = nego_mechanisms_of(credential, NEGO_KERBEROS, mechanisms);
    struct nego_init hints = {0};
    uint8_t list[128], *data;
    struct der_writer list_out = der_writer_over(list, sizeof list), counted = der_writer_over(NULL, 0), out;
    SECURITY_STATUS status;

    if (context->hinted)
        return nego_malformed(step, "an empty token after the server's hints");
    nego_list_encode(&list_out, mechanisms, count);
    nego_init_encode(&counted, der_writer_result(&list_out), &hints, true);
    status = step_reserve(step, counted.used, &data);
    if (status != SEC_E_OK)
        return status;
    out = der_writer_over(data, counted.used);
    nego_init_encode(&out, der_writer_result(&list_out), &hints, true);
    context->hinted = true;
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS accept_raw(struct nego_context *context, struct step *step, enum nego_package package)
{
    const struct nego_credential *credential = (const struct nego_credential *)context->base.credential;
    const struct nego_mechanism *mechanism;

    if (!nego_package_allowed(credential, package))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_POLICY,
                           "Negotiate: the client speaks %s without asking, which is not allowed here",
                           nego_package_name(package));
    for (size_t i = 0; (mechanism = nego_mechanism_at(i)) != NULL; i++) {
        if (mechanism->package == package)
            break;
    }
    nego_context_choose(context, mechanism);
    context->phase = NEGO_PHASE_RAW;
    return nego_child_raw(context, step);
}

static SECURITY_STATUS accept_first(struct nego_context *context, struct step *step)
{
    switch (nego_form_of(step->token)) {
    case NEGO_FORM_NONE:
        return accept_nothing(context, step);
    case NEGO_FORM_RAW_NTLM:
        return accept_raw(context, step, NEGO_NTLM);
    case NEGO_FORM_RAW_KERBEROS:
        return accept_raw(context, step, NEGO_KERBEROS);
    case NEGO_FORM_SPNEGO:
        return accept_init(context, step);
    default:
        return nego_malformed(step, "the first token is none of SPNEGO, NTLM and Kerberos");
    }
}

/* ---- Later messages ---- */

static SECURITY_STATUS accept_response(struct nego_context *context, struct step *step)
{
    struct nego_response in;

    if (!nego_response_decode(step->token, &in))
        return answer_reject(context, step, (struct bytes){0}, nego_malformed(step, "a NegTokenResp is malformed"));
    if (in.state == NEGO_REJECT)
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY, "Negotiate: the client gave up");
    if (context->phase == NEGO_PHASE_MECHANISM && in.has_token && in.token.size)
        return mechanism_step(context, step, &in);
    if (context->phase != NEGO_PHASE_MIC || (in.has_token && in.token.size))
        return answer_reject(context, step, (struct bytes){0},
                             nego_malformed(step, "a NegTokenResp without its token"));
    if (!in.has_mic)
        return failure_set(step->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MIC_MISSING,
                           "Negotiate: the client had to protect its list of mechanisms (mechListMIC) and did not");
    return nego_mic_verify(context, in.mic, step->failure);
}

static SECURITY_STATUS accept_step(struct nego_context *context, struct step *step)
{
    switch (context->phase) {
    case NEGO_PHASE_START:
        return accept_first(context, step);
    case NEGO_PHASE_RAW:
        return nego_child_raw(context, step);
    default:
        return accept_response(context, step);
    }
}

SECURITY_STATUS nego_accept(struct credential *credential, struct context **context, struct step *step)
{
    bool first = !*context;
    struct nego_context *own = first ? nego_context_new(credential, true) : (struct nego_context *)*context;
    ULONG attributes = first ? 0 : own->base.attributes;
    SECURITY_STATUS status;

    if (!own)
        return SEC_E_INSUFFICIENT_MEMORY;
    step->attributes = attributes;
    if (!step->output.present && own->phase != NEGO_PHASE_MIC && own->phase != NEGO_PHASE_RAW)
        status = failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                             "there is no SECBUFFER_TOKEN in pOutput for the answer");
    else
        status = accept_step(own, step);
    if (status == SEC_E_OK) {
        mem_free(own->mech_list);
        own->mech_list = NULL;
    }
    if (first && status < 0)
        nego_context_free(&own->base);
    else if (first)
        *context = &own->base;
    return status;
}
