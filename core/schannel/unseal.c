/*
 * DecryptMessage: one record's data a call, decrypted where it lies. Records that carry no data (tickets, new keys) are
 * passed over; what needs an answer is SEC_I_RENEGOTIATE.
 */
#include <string.h>

#include "schannel/engine.h"

#define EMPTY_MOST 3 /* answers are at most a record's data, its trailer and the rest */

/* One call: the caller's buffers, and how far it is. */
struct unsealing {
    struct message *message;
    SecBuffer *slot;              /* the DATA buffer that came */
    SecBuffer *empty[EMPTY_MOST]; /* those to answer in */
    size_t empties, answers;      /* how many there are, and how many are taken */
    uint8_t *base;
    size_t size, used;                  /* of the input */
    size_t record, content, plain_size; /* where the record with data begins, and its data; its length */
};

/* The buffers that matter, in one pass. */
static void buffers_find(struct unsealing *in)
{
    SecBuffer *buffer = in->message->buffers;

    for (ULONG left = in->message->count; left; left--, buffer++) {
        const ULONG type = buffer_type(buffer);

        if (type == SECBUFFER_DATA && !in->slot)
            in->slot = buffer;
        if (type == SECBUFFER_EMPTY && in->empties < EMPTY_MOST)
            in->empty[in->empties++] = buffer;
    }
}

/* NULL when all are taken. */
static SecBuffer *empty_next(struct unsealing *in)
{
    return in->answers < in->empties ? in->empty[in->answers++] : NULL;
}

static void buffer_put(SecBuffer *buffer, ULONG type, uint8_t *data, size_t size)
{
    if (buffer)
        *buffer = (SecBuffer){(ULONG)size, type, data};
}

/* The record's three parts and the rest into the caller's buffers, as far as there are any: data first, then the rest.
 */
static void unsealing_layout(struct unsealing *in)
{
    const size_t slots = in->empties, rest = in->size - in->used;
    uint8_t *content = in->base + in->content;

    if (slots >= 2) {
        buffer_put(in->slot, SECBUFFER_STREAM_HEADER, in->base + in->record, in->content - in->record);
        buffer_put(empty_next(in), SECBUFFER_DATA, content, in->plain_size);
    } else {
        buffer_put(in->slot, SECBUFFER_DATA, content, in->plain_size);
    }
    if (slots >= 3 || (slots == 2 && rest == 0))
        buffer_put(empty_next(in), SECBUFFER_STREAM_TRAILER, content + in->plain_size,
                   in->used - in->content - in->plain_size);
    if (rest)
        buffer_put(empty_next(in), SECBUFFER_EXTRA, in->base + in->used, rest);
}

static SECURITY_STATUS renegotiate(struct schannel_context *context, struct unsealing *in)
{
    context->stage = STAGE_RENEGOTIATE;
    buffer_put(empty_next(in), SECBUFFER_EXTRA, in->base + in->used, in->size - in->used);
    in->slot->cbBuffer = 0;
    return SEC_I_RENEGOTIATE;
}

static SECURITY_STATUS incomplete(struct unsealing *in, size_t missing)
{
    buffer_put(empty_next(in), SECBUFFER_MISSING, NULL, missing);
    return failure_set(in->message->failure, SEC_E_INCOMPLETE_MESSAGE, SSPI_REASON_USAGE,
                       "a TLS record lacks at least %zu bytes", missing);
}

/* What OpenSSL says when a record brought no data. SEC_E_OK: nothing to report, on to the next one. */
static SECURITY_STATUS record_without_data(struct schannel_context *context, struct unsealing *in, int result,
                                           bool malformed)
{
    switch (SSL_get_error(context->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        if (malformed)
            break;
        return context->wire.used || context->finished_again || SSL_in_init(context->ssl) ? renegotiate(context, in)
                                                                                          : SEC_E_OK;
    case SSL_ERROR_WANT_X509_LOOKUP:
        context->interrupted = true; /* the next leg asks the program */
        return renegotiate(context, in);
    case SSL_ERROR_ZERO_RETURN:
        context->closed_by_peer = true;
        return SEC_I_CONTEXT_EXPIRED;
    default:
        break;
    }
    return schannel_alert_failure(context, in->message->failure);
}

/* One record, or what is none. SEC_E_OK with plain_size 0: it carried no data. */
static SECURITY_STATUS record_read(struct schannel_context *context, struct unsealing *in, size_t size, bool malformed)
{
    uint8_t nothing[1], *place = in->base + in->used;
    bool room = size > RECORD_HEADER;
    int got;

    context->wire.in = bytes_of(place, size);
    context->wire.no_memory = false;
    context->finished_again = false;
    schannel_alert_forget();
    got = SSL_read(context->ssl, room ? place + RECORD_HEADER : nothing, room ? (int)(size - RECORD_HEADER) : 1);
    context->wire.in = (struct bytes){0};
    in->record = in->used;
    in->used += size;
    in->content = in->record + (room ? RECORD_HEADER : size);
    if (got <= 0)
        return record_without_data(context, in, got, malformed);
    in->plain_size = (size_t)got;
    return SEC_E_OK;
}

static SECURITY_STATUS records_read(struct schannel_context *context, struct unsealing *in)
{
    SECURITY_STATUS status = SEC_E_OK;

    while (status == SEC_E_OK && !in->plain_size) {
        struct record_scan scan = record_scan(bytes_of(in->base + in->used, in->size - in->used), 1, false);

        if (!scan.whole && !scan.malformed)
            return in->used ? SEC_E_OK : incomplete(in, scan.missing);
        if (!scan.malformed && scan.whole < in->size - in->used && !in->empties)
            return failure_set(in->message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                               "there is more than one record, and no SECBUFFER_EMPTY to hand back the rest");
        status = record_read(context, in, scan.malformed ? in->size - in->used : scan.whole, scan.malformed);
    }
    return status;
}

SECURITY_STATUS schannel_unseal(struct context *base, struct message *message)
{
    struct schannel_context *context = (struct schannel_context *)base;
    struct unsealing in = {.message = message};
    SECURITY_STATUS status;

    buffers_find(&in);
    if (!in.slot)
        return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE, "a message needs a DATA buffer");
    if (in.slot->BufferType & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM))
        return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "a message is decrypted in place, and its buffer is read-only");
    if (context->broken)
        return failure_set(message->failure, context->failure, SSPI_REASON_USAGE, "the TLS connection failed before");
    if (context->closed_by_peer)
        return SEC_I_CONTEXT_EXPIRED;
    if (context->stage == STAGE_RENEGOTIATE)
        return failure_set(message->failure, SEC_E_CONTEXT_EXPIRED, SSPI_REASON_USAGE,
                           "a handshake is under way: call AcceptSecurityContext or InitializeSecurityContext");
    in.base = in.slot->pvBuffer;
    in.size = in.slot->cbBuffer;
    status = records_read(context, &in);
    if (status != SEC_E_OK)
        return status;
    unsealing_layout(&in);
    schannel_buffers_message(context);
    return SEC_E_OK;
}
