/*
 * SecBufferDesc to struct step and back. Between the checks of context.c and the package.
 */
#include "api/buffers.h"

#include <string.h>

#include "api/context_buffer.h"
#include "base/cursor.h"
#include "base/secret.h"

bool buffers_well_formed(const SecBufferDesc *desc)
{
    if (!desc)
        return true;
    return desc->ulVersion == SECBUFFER_VERSION && (desc->pBuffers || desc->cBuffers == 0);
}

/* The first buffer of a type, attribute bits aside; NULL where there is none. */
static SecBuffer *desc_find(const SecBufferDesc *desc, ULONG type)
{
    for (ULONG i = 0; desc && i < desc->cBuffers; i++)
        if (buffer_type(&desc->pBuffers[i]) == type)
            return &desc->pBuffers[i];
    return NULL;
}

/* The first buffer of a type that may be written to. */
static SecBuffer *desc_find_writable(const SecBufferDesc *desc, ULONG type)
{
    for (ULONG i = 0; desc && i < desc->cBuffers; i++)
        if (buffer_type(&desc->pBuffers[i]) == type
            && !(desc->pBuffers[i].BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM)))
            return &desc->pBuffers[i];
    return NULL;
}

/* Where the output token goes. Programs that let it be allocated also give an EMPTY buffer, which becomes a TOKEN. */
static SecBuffer *output_token(const struct step *step, const SecBufferDesc *output)
{
    SecBuffer *token = desc_find_writable(output, SECBUFFER_TOKEN);

    return token || !(step->requested & ASC_REQ_ALLOCATE_MEMORY) ? token : desc_find_writable(output, SECBUFFER_EMPTY);
}

/* One offset and length of a SEC_CHANNEL_BINDINGS. Absent data may have any offset. */
static bool bindings_part(struct bytes whole, uint32_t size, uint32_t offset, struct bytes *part)
{
    *part = (struct bytes){0};
    return size == 0 || bytes_slice(whole, offset, size, part);
}

/* The eight members of SEC_CHANNEL_BINDINGS; offsets count from the start of `whole`. */
static bool bindings_members(struct step *step, struct bytes whole, struct cursor *in)
{
    uint32_t type[2], size[3], offset[3];

    for (int i = 0; i < 2; i++)
        if (!cursor_u32le(in, &type[i]) || !cursor_u32le(in, &size[i]) || !cursor_u32le(in, &offset[i]))
            return false;
    if (!cursor_u32le(in, &size[2]) || !cursor_u32le(in, &offset[2]))
        return false;
    step->bindings = whole;
    step->bindings_initiator_type = type[0];
    step->bindings_acceptor_type = type[1];
    return bindings_part(whole, size[0], offset[0], &step->bindings_initiator)
           && bindings_part(whole, size[1], offset[1], &step->bindings_acceptor)
           && bindings_part(whole, size[2], offset[2], &step->bindings_application);
}

/* SEC_CHANNEL_BINDINGS, or SEC_CHANNEL_BINDINGS_EX told by its magic number. Windows runs on little-endian machines
 * alone. */
static bool bindings_decode(struct step *step, struct bytes blob)
{
    struct cursor in = cursor_over(blob);
    struct cursor ex = in;
    uint32_t magic, flags, header, total;

    if (!cursor_u32le(&ex, &magic))
        return false;
    if (magic != SEC_CHANNEL_BINDINGS_EX_MAGIC)
        return bindings_members(step, blob, &in);
    if (!cursor_u32le(&ex, &flags) || !cursor_u32le(&ex, &header) || !cursor_u32le(&ex, &total)
        || header < sizeof(SEC_CHANNEL_BINDINGS_EX) || total < header || total > blob.size)
        return false;
    step->bindings_audit = (flags & SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS) != 0;
    return bindings_members(step, bytes_of(blob.data, total), &ex);
}

bool buffers_bindings(struct step *step, struct bytes blob)
{
    step->has_bindings = true;
    return bindings_decode(step, blob);
}

static bool input_to_step(struct step *step, const SecBufferDesc *input)
{
    const SecBuffer *token = desc_find(input, SECBUFFER_TOKEN);
    const SecBuffer *bindings = desc_find(input, SECBUFFER_CHANNEL_BINDINGS);

    for (ULONG i = 0; input && i < input->cBuffers; i++)
        if (!input->pBuffers[i].pvBuffer && input->pBuffers[i].cbBuffer
            && buffer_type(&input->pBuffers[i]) != SECBUFFER_EMPTY)
            return false;
    if (token) {
        step->has_token = true;
        step->token = bytes_of(token->pvBuffer, token->cbBuffer);
    }
    return !bindings || buffers_bindings(step, bytes_of(bindings->pvBuffer, bindings->cbBuffer));
}

SECURITY_STATUS buffers_to_step(struct step *step, SecBufferDesc *input, SecBufferDesc *output)
{
    const SecBuffer *token;

    step->input = input;
    step->output_desc = output;
    if (!buffers_well_formed(input) || !buffers_well_formed(output))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "a SecBufferDesc is malformed: its version is not %d, or it has no buffers",
                           SECBUFFER_VERSION);
    if (!input_to_step(step, input))
        return failure_set(
            step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
            "an input buffer is malformed: no memory behind it, or offsets of channel bindings that leave it");
    token = output_token(step, output);
    if (token) {
        step->output.present = true;
        step->output.allocate = (step->requested & ASC_REQ_ALLOCATE_MEMORY) != 0;
        if (!step->output.allocate && token->pvBuffer) {
            step->output.data = token->pvBuffer;
            step->output.size = token->cbBuffer;
        }
    }
    return SEC_E_OK;
}

/* A word on the caller's input goes into a buffer that it left EMPTY for that. */
static void input_retype(SecBufferDesc *input, ULONG type, size_t count)
{
    for (ULONG i = 0; count && input && i < input->cBuffers; i++)
        if (buffer_type(&input->pBuffers[i]) == SECBUFFER_EMPTY) {
            input->pBuffers[i].BufferType = type;
            input->pBuffers[i].cbBuffer = (ULONG)count;
            return;
        }
}

/* Where there is no alert, or no room for it, the buffer comes back empty. */
static void alert_out(const struct step *step, const SecBufferDesc *output)
{
    SecBuffer *buffer = desc_find_writable(output, SECBUFFER_ALERT);
    bool fits;

    if (!buffer)
        return;
    if (step->requested & ASC_REQ_ALLOCATE_MEMORY) {
        buffer->pvBuffer = step->has_alert ? context_buffer_new(sizeof step->alert) : NULL;
        buffer->cbBuffer = buffer->pvBuffer ? (ULONG)sizeof step->alert : 0;
    }
    fits = step->has_alert && buffer->pvBuffer && buffer->cbBuffer >= sizeof step->alert;
    if (fits)
        memcpy(buffer->pvBuffer, step->alert, sizeof step->alert);
    buffer->cbBuffer = fits ? (ULONG)sizeof step->alert : 0;
}

SECURITY_STATUS step_reserve(struct step *step, size_t size, uint8_t **data)
{
    struct step_output *output = &step->output;

    *data = NULL;
    if (output->allocate) {
        context_buffer_free(output->data);
        output->data = NULL;
    }
    output->inner = size;
    output->offset = 0;
    if (output->frame)
        size = output->frame->measure(output->frame, size, &output->offset);
    output->used = size;
    if (size == 0)
        return SEC_E_OK;
    if (!output->present)
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "there is no SECBUFFER_TOKEN in pOutput for a token of %zu bytes", size);
    if (size > UINT32_MAX)
        return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL, "an output token of %zu bytes",
                           size);
    if (output->allocate) {
        output->data = context_buffer_new(size);
        if (!output->data)
            return SEC_E_INSUFFICIENT_MEMORY;
    } else if (size > output->size) {
        return failure_set(step->failure, SEC_E_BUFFER_TOO_SMALL, SSPI_REASON_USAGE,
                           "the output token needs %zu bytes, the buffer has %zu", size, output->size);
    }
    *data = output->data + output->offset;
    return SEC_E_OK;
}

static void result_out(const struct step *step, const SecBufferDesc *output, SECURITY_STATUS status)
{
    SecBuffer *buffer = desc_find_writable(output, SECBUFFER_CHANNEL_BINDINGS_RESULT);
    SEC_CHANNEL_BINDINGS_RESULT result = {0};

    if (!buffer || !buffer->pvBuffer || buffer->cbBuffer < sizeof result)
        return;
    if (status >= 0 || status == SEC_E_BAD_BINDINGS)
        result.flags = step->bindings_result;
    memcpy(buffer->pvBuffer, &result, sizeof result);
    buffer->cbBuffer = sizeof result;
}

/* Nothing of a failed step gets out, except what its contract names. */
static void output_drop(struct step *step, SecBuffer *token, SECURITY_STATUS status)
{
    struct step_output *output = &step->output;

    if (step->requested & ASC_REQ_ALLOCATE_MEMORY) {
        context_buffer_free(output->allocate ? output->data : NULL);
        token->pvBuffer = NULL;
    } else if (output->used <= output->size) { /* room that was refused was not written to: it may be the input */
        secret_wipe(output->data, output->used);
    }
    token->cbBuffer = status == SEC_E_BUFFER_TOO_SMALL ? (ULONG)output->used : 0;
}

void buffers_from_step(struct step *step, SecBufferDesc *output, SECURITY_STATUS status)
{
    SecBuffer *token;

    if (!buffers_well_formed(output))
        return;
    token = output_token(step, output); /* before a buffer of the input, which may be the same, gets another type */
    if (buffers_well_formed(step->input)) {
        input_retype(step->input, SECBUFFER_MISSING, status == SEC_E_INCOMPLETE_MESSAGE ? step->missing : 0);
        input_retype(step->input, SECBUFFER_EXTRA, status >= 0 ? step->extra : 0);
    }
    result_out(step, output, status);
    alert_out(step, output);
    if (!token)
        return;
    if (status < 0 && !(step->output.for_peer && step->output.data)) {
        output_drop(step, token, status);
        return;
    }
    token->cbBuffer = (ULONG)step->output.used;
    if (!step->output.allocate)
        return;
    token->pvBuffer = step->output.data;
    step->attributes |= ASC_RET_ALLOCATED_MEMORY; /* also where there was nothing to send, as programs expect */
    if (step->output.data)
        token->BufferType = (token->BufferType & SECBUFFER_ATTRMASK) | SECBUFFER_TOKEN;
}

SECURITY_STATUS buffers_to_message(const SecBufferDesc *desc, struct message *message)
{
    if (!desc || !buffers_well_formed(desc) || desc->cBuffers == 0)
        return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "the SecBufferDesc of the message is missing or malformed");
    message->buffers = desc->pBuffers;
    message->count = desc->cBuffers;
    for (ULONG i = 0; i < message->count; i++)
        if (!message->buffers[i].pvBuffer && message->buffers[i].cbBuffer
            && buffer_type(&message->buffers[i]) != SECBUFFER_EMPTY)
            return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                               "a buffer of the message has no memory behind it");
    return SEC_E_OK;
}

SecBuffer *message_find(const struct message *message, ULONG type)
{
    for (ULONG i = 0; i < message->count; i++)
        if (buffer_type(&message->buffers[i]) == type)
            return &message->buffers[i];
    return NULL;
}
