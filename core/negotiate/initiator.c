/*
 * The initiator of Negotiate ([MS-SPNG] 3.1, RFC 4178 5): tries its packages in order, sends the first that has
 * something to say, and follows the acceptor's choice.
 */
#include <string.h>

#include "base/memory.h"
#include "negotiate/negotiate.h"

/* ---- The first token ---- */

static bool keep_offers(struct nego_context *context, enum nego_package first)
{
    const struct nego_mechanism *mechanisms[NEGO_OFFERS_MAX];
    size_t count = nego_mechanisms_of((const struct nego_credential *)context->base.credential, first, mechanisms);
    uint8_t list[128];
    struct der_writer out = der_writer_over(list, sizeof list);

    nego_list_encode(&out, mechanisms, count);
    return nego_context_keep_list(context, der_writer_result(&out));
}

static bool may_retry(SECURITY_STATUS status)
{
    return status == SEC_E_BUFFER_TOO_SMALL || status == SEC_E_INSUFFICIENT_MEMORY;
}

/* One package's first token. A package that has nothing for this target (no ticket) leaves the field to the next. */
static SECURITY_STATUS begin_with(struct nego_context *context, struct step *step, enum nego_package package)
{
    const struct nego_mechanism *mechanisms[NEGO_OFFERS_MAX];
    struct bytes token;
    SECURITY_STATUS status;

    if (!nego_mechanisms_of((const struct nego_credential *)context->base.credential, package, mechanisms))
        return failure_set(step->failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL, "not to be used here");
    nego_context_choose(context, mechanisms[0]);
    if (!keep_offers(context, package))
        return SEC_E_INSUFFICIENT_MEMORY;
    status = nego_child_step(context, step, (struct bytes){0}, false, NEGO_FRAME_INIT, &token);
    if (status < 0) {
        nego_child_drop(context);
        return status;
    }
    context->phase = NEGO_PHASE_MECHANISM;
    nego_output_init(step, context, token);
    return SEC_I_CONTINUE_NEEDED;
}

/* Why each package that was tried could not begin: the last one alone would tell of NTLM where a ticket is missing. */
static void explain_one_more(struct failure *all, const struct failure *one, enum nego_package package)
{
    const struct failure before = *all;

    if (!one || !one->text[0])
        return;
    if (before.text[0])
        failure_set(all, SEC_E_OK, one->reason, "%.165s; %s: %.75s", before.text, nego_package_name(package),
                    one->text);
    else
        failure_set(all, SEC_E_OK, one->reason, "%s: %s", nego_package_name(package), one->text);
}

static SECURITY_STATUS initiate_first(struct nego_context *context, struct step *step)
{
    const struct nego_credential *credential = (const struct nego_credential *)context->base.credential;
    SECURITY_STATUS status = SEC_E_NO_CREDENTIALS;
    struct failure all = {0};
    struct nego_init hints;

    if (step->token.size && !nego_init_decode(step->token, &hints))
        return nego_malformed(step, "the server's first token is not a NegTokenInit2");
    for (size_t i = 0; i < NEGO_CHILDREN; i++) {
        if (!nego_package_allowed(credential, (enum nego_package)i))
            continue;
        status = begin_with(context, step, (enum nego_package)i);
        if (status >= 0 || may_retry(status))
            return status;
        explain_one_more(&all, step->failure, (enum nego_package)i);
    }
    return failure_set(step->failure, status, all.text[0] ? all.reason : SSPI_REASON_NO_CREDENTIAL, "%s",
                       all.text[0] ? all.text : "Negotiate has no package that is allowed");
}

/* ---- The acceptor's answers ---- */

/* The acceptor chose another of our offers: begin anew with that package, and insist on the MIC. */
static SECURITY_STATUS switch_to(struct nego_context *context, const struct nego_mechanism *mechanism,
                                 struct step *step)
{
    const struct nego_credential *credential = (const struct nego_credential *)context->base.credential;
    struct cursor list = cursor_over(bytes_of(context->mech_list, context->mech_list_size)), in;
    struct bytes oid;
    bool offered = false;

    if (der_enter(&list, DER_SEQUENCE, &in)) {
        while (der_read(&in, DER_OID, &oid))
            offered = offered || nego_mechanism_find(oid) == mechanism;
    }
    if (!offered || !nego_package_allowed(credential, mechanism->package))
        return nego_malformed(step, "the server chose a mechanism that was not offered");
    if (mechanism->package != context->mechanism->package) {
        nego_child_drop(context);
        context->mic_required = true;
    }
    nego_context_choose(context, mechanism);
    return SEC_E_OK;
}

static SECURITY_STATUS first_answer(struct nego_context *context, struct step *step, const struct nego_response *in)
{
    const struct nego_mechanism *mechanism =
        in->has_mechanism ? nego_mechanism_find(in->mechanism) : context->mechanism;

    context->answered = true;
    if (in->state == NEGO_REQUEST_MIC)
        context->mic_required = true;
    if (!mechanism)
        return nego_malformed(step, "the server chose a mechanism that was not offered");
    return mechanism == context->mechanism ? SEC_E_OK : switch_to(context, mechanism, step);
}

/* Room for a last token is made before the child makes one, since after that there may be no memory. */
static bool pending_open(struct nego_context *context)
{
    if (context->pending || !context->child)
        return true;
    context->pending_room = context->child_credential->provider->max_token;
    context->pending = mem_alloc(context->pending_room);
    return context->pending != NULL;
}

static void pending_keep(struct nego_context *context, struct bytes token)
{
    if (!token.size || token.data == context->pending || token.size > context->pending_room)
        return;
    memcpy(context->pending, token.data, token.size);
    context->pending_size = token.size;
}

/* The child is done and has a last token, or the acceptor waits for our MIC: send both. */
static SECURITY_STATUS send_last(struct nego_context *context, struct step *step, struct bytes token, bool final)
{
    struct nego_response reply = {
        .state = final ? NEGO_COMPLETED : NEGO_NO_STATE, .has_token = token.size != 0, .token = token};
    uint8_t mic[NEGO_MIC_MAX];
    SECURITY_STATUS status;

    reply.has_mic = nego_mic_possible(context);
    reply.mic = bytes_of(mic, reply.has_mic ? context->mechanism->mic_size : 0);
    status = nego_output_reserve(step, &reply);
    if (status == SEC_E_OK && reply.has_mic)
        status = nego_mic_make(context, mic, &reply.mic.size, step->failure);
    if (status != SEC_E_OK) {
        pending_keep(context, token);
        return status;
    }
    context->phase = NEGO_PHASE_MIC;
    nego_output_response(step, &reply);
    return final ? SEC_E_OK : SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS mic_missing(struct step *step)
{
    return failure_set(step->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MIC_MISSING,
                       "Negotiate: the server had to protect the list of mechanisms (mechListMIC) and did not");
}

/* The acceptor spoke the mechanism's last word: what it says of the MIC decides. */
static SECURITY_STATUS settle(struct nego_context *context, struct step *step, const struct nego_response *in)
{
    bool completed = in->state == NEGO_COMPLETED || in->state == NEGO_NO_STATE;

    if (completed && nego_mic_required(context) && !context->mic_verified)
        return mic_missing(step);
    if (completed)
        return SEC_E_OK;
    return send_last(context, step, (struct bytes){0}, context->mic_verified);
}

static SECURITY_STATUS child_finished(struct nego_context *context, struct step *step, struct bytes out,
                                      const struct nego_response *in)
{
    SECURITY_STATUS status = in->has_mic ? nego_mic_verify(context, in->mic, step->failure) : SEC_E_OK;

    if (status != SEC_E_OK)
        return status;
    return out.size ? send_last(context, step, out, false) : settle(context, step, in);
}

static SECURITY_STATUS send_token(struct step *step, struct bytes token)
{
    struct nego_response reply = {.state = NEGO_NO_STATE, .has_token = true, .token = token};

    nego_output_response(step, &reply);
    return SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS mechanism_step(struct nego_context *context, struct step *step, const struct nego_response *in)
{
    bool has_input = in->has_token && in->token.size != 0;
    struct bytes out;
    SECURITY_STATUS status;

    /* Done at once, or a last leg that is tried again: the mechanism has had its token. */
    if (context->child_done)
        return child_finished(context, step, bytes_of(context->pending, context->pending_size), in);
    if (context->child && !has_input)
        return nego_malformed(step, "the server's answer holds no token");
    if (!pending_open(context))
        return SEC_E_INSUFFICIENT_MEMORY;
    status = nego_child_step(context, step, in->token, has_input,
                             context->child ? NEGO_FRAME_RESPONSE_WITH_MIC : NEGO_FRAME_RESPONSE, &out);
    if (status < 0)
        return status;
    return status == SEC_E_OK ? child_finished(context, step, out, in) : send_token(step, out);
}

/* The last word of an acceptor that has all it needs. */
static SECURITY_STATUS accept_final(struct nego_context *context, struct step *step, const struct nego_response *in)
{
    SECURITY_STATUS status = in->has_mic ? nego_mic_verify(context, in->mic, step->failure) : SEC_E_OK;

    if (status != SEC_E_OK)
        return status;
    if (in->state != NEGO_COMPLETED && in->state != NEGO_NO_STATE)
        return nego_malformed(step, "the server goes on after the last token");
    return nego_mic_required(context) && !context->mic_verified ? mic_missing(step) : SEC_E_OK;
}

static SECURITY_STATUS initiate_response(struct nego_context *context, struct step *step)
{
    struct nego_response in;
    SECURITY_STATUS status;

    if (!nego_response_decode(step->token, &in))
        return nego_malformed(step, "the server's answer is not a NegTokenResp");
    if (in.state == NEGO_REJECT)
        return failure_set(step->failure, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY, "Negotiate: the server refused");
    if (context->phase == NEGO_PHASE_MIC)
        return accept_final(context, step, &in);
    if (!context->answered) {
        status = first_answer(context, step, &in);
        if (status != SEC_E_OK)
            return status;
    }
    return mechanism_step(context, step, &in);
}

SECURITY_STATUS nego_initiate(struct credential *credential, struct context **context, struct step *step)
{
    bool first = !*context;
    struct nego_context *own = first ? nego_context_new(credential, false) : (struct nego_context *)*context;
    SECURITY_STATUS status;

    if (!own)
        return SEC_E_INSUFFICIENT_MEMORY;
    step->attributes = first ? 0 : own->base.attributes;
    status = first ? initiate_first(own, step) : initiate_response(own, step);
    if (first && status < 0)
        nego_context_free(&own->base);
    else if (first)
        *context = &own->base;
    return status;
}
