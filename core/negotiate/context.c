/*
 * The context of Negotiate: its child, its output, and the MIC that protects the choice of mechanism.
 */
#include "negotiate/negotiate.h"

#include <string.h>

#include "base/memory.h"

#define MIC_HEADERS 4 /* [3] and OCTET STRING; a MIC is shorter than 124 bytes */

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
    mem_free_secret(context->pending, context->pending_room);
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

/* A frame to be: everything its size depends on, but the token. */
struct nego_frame {
    struct step_frame base;
    const struct nego_context *context;
    enum nego_frame_kind kind;
};

/* Of a message without content, which the peer does not need either, nothing is sent: 0. */
static size_t frame_measure(const struct step_frame *base, size_t size, size_t *offset)
{
    const struct nego_frame *frame = (const struct nego_frame *)base;
    const struct nego_context *context = frame->context;
    struct der_writer out = der_writer_over(NULL, 0);
    struct nego_response response = {.state = context->base.acceptor ? NEGO_INCOMPLETE : NEGO_NO_STATE,
                                     .has_mechanism = context->base.acceptor && !context->answered,
                                     .mechanism = context->mechanism->oid,
                                     .has_token = true,
                                     .token = bytes_of(NULL, size)};
    struct nego_init init = {.has_token = true, .token = bytes_of(NULL, size)};
    size_t tail = 0;

    *offset = 0;
    if (size == 0)
        return 0;
    if (frame->kind == NEGO_FRAME_INIT) {
        nego_init_encode(&out, bytes_of(context->mech_list, context->mech_list_size), &init, false);
    } else {
        response.has_mic = frame->kind == NEGO_FRAME_RESPONSE_WITH_MIC;
        response.mic = bytes_of(NULL, response.has_mic ? context->mechanism->mic_size : 0);
        tail = response.has_mic ? response.mic.size + MIC_HEADERS : 0;
        nego_response_encode(&out, &response);
    }
    *offset = out.used - tail - size;
    return out.used;
}

SECURITY_STATUS nego_child_step(struct nego_context *context, struct step *step, struct bytes token, bool has_token,
                                enum nego_frame_kind kind, struct bytes *out)
{
    const struct nego_frame frame = {.base = {.measure = frame_measure}, .context = context, .kind = kind};
    struct step inner = *step;
    SECURITY_STATUS status;

    *out = (struct bytes){0};
    inner.token = token;
    inner.has_token = has_token;
    inner.requested |= context->base.acceptor ? ASC_REQ_INTEGRITY : ISC_REQ_INTEGRITY;
    inner.output.frame = &frame.base;
    status = child_run(context, &inner);
    step->attributes = inner.attributes;
    step->bindings_result = inner.bindings_result;
    step->expiry = inner.expiry;
    step->output = inner.output;
    step->output.frame = NULL;
    step->output.for_peer = false;
    if ((status >= 0 || inner.output.for_peer) && inner.output.inner)
        *out = bytes_of(inner.output.data + inner.output.offset, inner.output.inner);
    else if (status != SEC_E_BUFFER_TOO_SMALL)
        step->output.used = 0;
    return status;
}

SECURITY_STATUS nego_output_reserve(struct step *step, const struct nego_response *value)
{
    struct der_writer counted = der_writer_over(NULL, 0);
    uint8_t *data;

    if (value->has_token && step->output.inner)
        return SEC_E_OK;
    nego_response_encode(&counted, value);
    return step_reserve(step, counted.used, &data);
}

/* The message may have become shorter than it was measured: then its token moves. The rest is written around it. */
void nego_output_response(struct step *step, const struct nego_response *value)
{
    struct nego_response final = *value;
    struct der_writer counted = der_writer_over(NULL, 0), out;
    size_t tail = value->has_mic ? value->mic.size + MIC_HEADERS : 0;

    nego_response_encode(&counted, value);
    if (value->has_token) {
        uint8_t *place = step->output.data + (counted.used - tail - value->token.size);

        memmove(place, value->token.data, value->token.size);
        final.token.data = place;
    }
    out = der_writer_over(step->output.data, counted.used);
    nego_response_encode(&out, &final);
    step->output.used = counted.used;
}

void nego_output_init(struct step *step, const struct nego_context *context, struct bytes token)
{
    struct nego_init init = {.has_token = true, .token = token};
    struct der_writer out = der_writer_over(step->output.data, step->output.used);

    nego_init_encode(&out, bytes_of(context->mech_list, context->mech_list_size), &init, false);
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
        return status == SEC_E_INSUFFICIENT_MEMORY ? status
                                                   : failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                                                                 "Negotiate could not protect its list of mechanisms");
    *size = token.cbBuffer;
    context->mic_sent = true;
    return SEC_E_OK;
}

SECURITY_STATUS nego_mic_verify(struct nego_context *context, struct bytes mic, struct failure *failure)
{
    uint8_t copy[NEGO_MIC_MAX];
    SecBuffer token = {(ULONG)mic.size, SECBUFFER_TOKEN, copy};
    SECURITY_STATUS status = SEC_E_MESSAGE_ALTERED;

    /* A leg that is tried again has verified it already. */
    if (!nego_mic_possible(context) || context->mic_verified)
        return SEC_E_OK;
    if (mic.size <= sizeof copy && mic.size) {
        memcpy(copy, mic.data, mic.size);
        status = mic_run(context, &token, false, failure);
    }
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return status;
    if (status < 0)
        return failure_set(failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MIC_WRONG,
                           "Negotiate: the list of mechanisms was altered on the way (mechListMIC does not verify)");
    context->mic_verified = true;
    return SEC_E_OK;
}
