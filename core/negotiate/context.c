/*
 * The context of Negotiate: its child, its output, and the MIC that protects the choice of mechanism.
 */
#include "negotiate/negotiate.h"

#include <string.h>

#include "base/memory.h"

struct nego_context *nego_context_new(struct credential *credential, bool acceptor)
{
    struct nego_context *context = mem_zalloc(sizeof *context);

    if (!context)
        return NULL;
    context->base.credential = credential;
    context->base.acceptor = acceptor;
    return context;
}

void nego_child_drop(struct nego_context *context)
{
    if (context->child)
        context->child_credential->provider->context_free(context->child);
    context->child = NULL;
    context->child_done = false;
}

void nego_context_free(struct context *base)
{
    struct nego_context *context = (struct nego_context *)base;

    if (!context)
        return;
    nego_child_drop(context);
    mem_free(context->mech_list);
    mem_free(context);
}

bool nego_context_keep_list(struct nego_context *context, struct bytes list)
{
    uint8_t *copy = mem_dup(list.data, list.size);

    if (!copy)
        return false;
    mem_free(context->mech_list);
    context->mech_list = copy;
    context->mech_list_size = list.size;
    return true;
}

void nego_context_choose(struct nego_context *context, const struct nego_mechanism *mechanism)
{
    const struct nego_credential *credential = (const struct nego_credential *)context->base.credential;

    context->mechanism = mechanism;
    context->child_credential = credential->children[mechanism->package];
}

SECURITY_STATUS nego_malformed(struct step *step, const char *what)
{
    return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "SPNEGO: %s", what);
}

/* Runs the package and keeps for its context what api/ keeps for the outer one. */
static SECURITY_STATUS child_run(struct nego_context *context, struct step *step)
{
    const struct provider *provider = context->child_credential->provider;
    bool first = !context->child;
    SECURITY_STATUS status = context->base.acceptor
                                 ? provider->accept(context->child_credential, &context->child, step)
                                 : provider->initiate(context->child_credential, &context->child, step);

    if (status < 0)
        return status;
    if (first) {
        context->child->provider = provider;
        context->child->acceptor = context->base.acceptor;
    }
    context->child->phase = status == SEC_E_OK ? CONTEXT_ESTABLISHED : CONTEXT_OPEN;
    context->child->attributes = step->attributes;
    context->child_done = status == SEC_E_OK;
    return status;
}

SECURITY_STATUS nego_child_raw(struct nego_context *context, struct step *step)
{
    return child_run(context, step);
}

SECURITY_STATUS nego_output_open(struct step *step, size_t child_room)
{
    uint8_t *data;
    SECURITY_STATUS status = step_reserve(step, child_room + NEGO_OVERHEAD, &data);

    if (status == SEC_E_OK && step->output.allocate)
        step->output.size = step->output.used;
    return status;
}

SECURITY_STATUS nego_child_step(struct nego_context *context, struct step *step, struct bytes token, bool has_token,
                                struct bytes *out)
{
    size_t room = step->output.allocate ? context->child_credential->provider->max_token : 0;
    struct step inner;
    SECURITY_STATUS status = nego_output_open(step, room);

    *out = (struct bytes){0};
    if (status != SEC_E_OK)
        return status;
    inner = *step;
    inner.token = token;
    inner.has_token = has_token;
    inner.requested |= ASC_REQ_INTEGRITY * context->base.acceptor;
    inner.output = (struct step_output){
        .data = step->output.data + NEGO_OVERHEAD / 2, .size = step->output.size - NEGO_OVERHEAD, .present = true};
    status = child_run(context, &inner);
    step->attributes = inner.attributes;
    step->bindings_result = inner.bindings_result;
    step->expiry = inner.expiry;
    step->output.used = status == SEC_E_BUFFER_TOO_SMALL ? inner.output.used + NEGO_OVERHEAD : 0;
    if (status >= 0 || inner.output.for_peer)
        *out = bytes_of(inner.output.data, inner.output.used);
    return status;
}

/*
 * The child's token lies in the middle of the output. The message is counted first, the token moved to its final place,
 * and the rest written around it.
 */
void nego_output_response(struct step *step, const struct nego_response *value)
{
    struct nego_response final = *value;
    struct der_writer counted = der_writer_over(NULL, 0), out;
    size_t tail = value->has_mic ? value->mic.size + 2 + 2 : 0; /* a MIC is shorter than 124 bytes */

    nego_response_encode(&counted, value);
    if (value->has_token && value->token.size) {
        uint8_t *place = step->output.data + (counted.used - tail - value->token.size);

        memmove(place, value->token.data, value->token.size);
        final.token.data = place;
    }
    out = der_writer_over(step->output.data, counted.used);
    nego_response_encode(&out, &final);
    step->output.used = counted.used;
}

bool nego_mic_possible(const struct nego_context *context)
{
    const ULONG integrity = context->base.acceptor ? ASC_RET_INTEGRITY : ISC_RET_INTEGRITY;

    return context->child && (context->child->attributes & integrity);
}

bool nego_mic_required(const struct nego_context *context)
{
    const struct provider *provider = context->child_credential->provider;

    return nego_mic_possible(context)
           && (context->mic_required || (provider->mechlist_mic_due && provider->mechlist_mic_due(context->child)));
}

static SECURITY_STATUS mic_run(struct nego_context *context, SecBuffer *token, bool make, struct failure *failure)
{
    const struct provider *provider = context->child_credential->provider;
    SecBuffer buffers[2] = {*token, {(ULONG)context->mech_list_size, SECBUFFER_DATA, context->mech_list}};
    struct message message = {.buffers = buffers, .count = 2, .failure = failure};
    SECURITY_STATUS status;

    if (provider->mechlist_mic)
        status = provider->mechlist_mic(context->child, &message, make);
    else if (make)
        status = provider->sign ? provider->sign(context->child, &message) : SEC_E_UNSUPPORTED_FUNCTION;
    else
        status = provider->verify ? provider->verify(context->child, &message) : SEC_E_UNSUPPORTED_FUNCTION;
    *token = buffers[0];
    return status;
}

SECURITY_STATUS nego_mic_make(struct nego_context *context, uint8_t mic[NEGO_MIC_MAX], size_t *size,
                              struct failure *failure)
{
    SecBuffer token = {NEGO_MIC_MAX, SECBUFFER_TOKEN, mic};
    SECURITY_STATUS status;

    *size = 0;
    if (!nego_mic_possible(context))
        return SEC_E_OK;
    status = mic_run(context, &token, true, failure);
    if (status < 0)
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                           "Negotiate could not protect its list of mechanisms");
    *size = token.cbBuffer;
    context->mic_sent = true;
    return SEC_E_OK;
}

SECURITY_STATUS nego_mic_verify(struct nego_context *context, struct bytes mic, struct failure *failure)
{
    uint8_t copy[NEGO_MIC_MAX];
    SecBuffer token = {(ULONG)mic.size, SECBUFFER_TOKEN, copy};

    if (!nego_mic_possible(context))
        return SEC_E_OK;
    if (mic.size <= sizeof copy && mic.size)
        memcpy(copy, mic.data, mic.size);
    if (mic.size > sizeof copy || mic_run(context, &token, false, failure) < 0)
        return failure_set(failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MIC_WRONG,
                           "Negotiate: the list of mechanisms was altered on the way (mechListMIC does not verify)");
    context->mic_verified = true;
    return SEC_E_OK;
}
