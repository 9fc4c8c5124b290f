/*
 * The buffers of one message, gathered and scattered, and the numbers of messages.
 */
#include "kerberos/seal_parts.h"

#include <string.h>

#include "base/memory.h"
#include "base/secret.h"

#define WINDOW_BITS 64

bool seal_is_signed(const SecBuffer *buffer)
{
    return buffer_type(buffer) == SECBUFFER_DATA && !(buffer->BufferType & SECBUFFER_READONLY);
}

bool seal_is_sealed(const SecBuffer *buffer)
{
    return seal_is_signed(buffer) && !(buffer->BufferType & SECBUFFER_READONLY_WITH_CHECKSUM);
}

SECURITY_STATUS seal_malformed(struct message *message, const char *what)
{
    return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "%s", what);
}

SECURITY_STATUS seal_altered(struct message *message)
{
    return failure_set(message->failure, SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
                       "the message does not verify: it was altered, or is not of this context");
}

SECURITY_STATUS seal_failed(struct message *message)
{
    return failure_set(message->failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                       "OpenSSL or memory failed on a message");
}

SECURITY_STATUS seal_begin(struct seal_work *work, struct krb_session *session, struct message *message)
{
    bool data = false;

    *work = (struct seal_work){.session = session, .message = message};
    work->token = message_find(message, SECBUFFER_TOKEN);
    work->stream = message_find(message, SECBUFFER_STREAM);
    for (ULONG i = 0; i < message->count; i++) {
        data = data || buffer_type(&message->buffers[i]) == SECBUFFER_DATA;
        if (seal_is_sealed(&message->buffers[i]))
            work->data_size += message->buffers[i].cbBuffer;
    }
    if (!work->token && !work->stream)
        return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "the message has no SECBUFFER_TOKEN");
    if (!data)
        return failure_set(message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "the message has no SECBUFFER_DATA");
    return SEC_E_OK;
}

SECURITY_STATUS seal_reserve(struct seal_work *work, size_t size)
{
    work->text = size <= sizeof work->few ? work->few : mem_alloc(size);
    work->text_size = size;
    return work->text ? SEC_E_OK : seal_failed(work->message);
}

void seal_end(struct seal_work *work)
{
    if (work->text && work->text != work->few)
        mem_free_secret(work->text, work->text_size);
    else if (work->text)
        secret_wipe(work->few, work->text_size);
    work->text = NULL;
}

void seal_gather(const struct seal_work *work, uint8_t *to)
{
    for (ULONG i = 0; i < work->message->count; i++) {
        const SecBuffer *buffer = &work->message->buffers[i];

        if (!seal_is_sealed(buffer) || !buffer->cbBuffer)
            continue;
        memcpy(to, buffer->pvBuffer, buffer->cbBuffer);
        to += buffer->cbBuffer;
    }
}

void seal_scatter(const struct seal_work *work, const uint8_t *from)
{
    for (ULONG i = 0; i < work->message->count; i++) {
        const SecBuffer *buffer = &work->message->buffers[i];

        if (!seal_is_sealed(buffer) || !buffer->cbBuffer)
            continue;
        memcpy(buffer->pvBuffer, from, buffer->cbBuffer);
        from += buffer->cbBuffer;
    }
}

/* Adds a part; one that continues the last part in memory makes it longer. */
static bool part_add(struct bytes parts[KRB_COVERED_MAX], size_t *count, struct bytes part)
{
    struct bytes *last = *count ? &parts[*count - 1] : NULL;

    if (!part.size)
        return true;
    if (last && last->data + last->size == part.data) {
        last->size += part.size;
        return true;
    }
    if (*count == KRB_COVERED_MAX)
        return false;
    parts[(*count)++] = part;
    return true;
}

SECURITY_STATUS seal_cover(const struct seal_work *work, struct bytes before, const uint8_t *data, struct bytes after,
                           struct bytes parts[KRB_COVERED_MAX], size_t *count)
{
    bool fits;

    *count = 0;
    fits = part_add(parts, count, before);
    for (ULONG i = 0; fits && !work->stream && i < work->message->count; i++) {
        const SecBuffer *buffer = &work->message->buffers[i];
        struct bytes part = bytes_of(buffer->pvBuffer, buffer->cbBuffer);

        if (!seal_is_signed(buffer))
            continue;
        if (data && seal_is_sealed(buffer)) {
            part.data = data;
            data += part.size;
        }
        fits = part_add(parts, count, part);
    }
    if (fits && part_add(parts, count, after))
        return SEC_E_OK;
    return failure_set(work->message->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                       "more buffers than one message can have");
}

static SECURITY_STATUS out_of_sequence(struct message *message, const char *what)
{
    return failure_set(message->failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_OUT_OF_SEQUENCE, "%s", what);
}

/* RFC 2743 1.2.3. With sequence detection the next number and no other; with replay detection alone any that was not
 * seen. */
SECURITY_STATUS seal_sequence_check(struct krb_session *session, uint64_t number, struct message *message)
{
    uint64_t expected = session->receive_sequence, ahead, behind;

    if (session->detect_sequence) {
        if (number != expected)
            return out_of_sequence(message, "the message is repeated, missing its turn, or one before it is missing");
        session->receive_sequence++;
        return SEC_E_OK;
    }
    if (!session->detect_replay)
        return SEC_E_OK;
    ahead = number - expected;
    if (ahead < UINT64_C(1) << 31) {
        session->receive_window = ahead + 1 < WINDOW_BITS ? session->receive_window << (ahead + 1) | 1 : 1;
        session->receive_sequence = number + 1;
        return SEC_E_OK;
    }
    behind = expected - 1 - number;
    if (behind >= WINDOW_BITS || (session->receive_window >> behind & 1))
        return out_of_sequence(message, "the message was received before, or is too old to tell");
    session->receive_window |= UINT64_C(1) << behind;
    return SEC_E_OK;
}
