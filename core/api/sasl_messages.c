/*
 * The stream of SASL after the agreement (RFC 4752 3.3, RFC 4422 3.7): four bytes of length, then one protected
 * message.
 */
#include <string.h>

#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"
#include "api/sasl.h"
#include "base/cursor.h"
#include "base/memory.h"

#define LENGTH_SIZE 4

/* The context once everything is agreed on; NULL with the status. */
static struct context_entry *entry_lock(const SecHandle *handle, SECURITY_STATUS *status)
{
    struct context_entry *entry = context_entry_lock_established(handle);

    *status = SEC_E_INVALID_HANDLE;
    if (!entry || entry->sasl)
        return entry;
    *status = SEC_E_UNSUPPORTED_FUNCTION;
    context_entry_unlock(entry);
    return NULL;
}

static SECURITY_STATUS data_copy(struct bytes data, void **out, ULONG *size)
{
    *out = context_buffer_new(data.size + 1);
    if (!*out)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (data.size)
        memcpy(*out, data.data, data.size);
    *size = (ULONG)data.size;
    return SEC_E_OK;
}

/* ---- Wrapping ---- */

/* One message at `out`, which has room for it and SASL_MESSAGE_ROOM on both sides of the data. */
static SECURITY_STATUS chunk_wrap(struct context_entry *entry, struct bytes chunk, uint8_t *out, size_t *used,
                                  struct failure *failure)
{
    const struct sasl *sasl = entry->sasl;
    uint8_t *message = out + LENGTH_SIZE;
    SECURITY_STATUS status;
    size_t size;

    memcpy(message + SASL_MESSAGE_ROOM, chunk.data, chunk.size);
    status = sasl_seal(entry->context->provider, entry->context, sasl->layer == SSPI_SASL_LAYER_CONFIDENTIALITY,
                       message, chunk.size, &size, failure);
    if (status != SEC_E_OK)
        return status;
    if (size > sasl->peer_size)
        return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_INTERNAL,
                           "SASL: a message grew to %zu bytes, the peer takes %u", size, sasl->peer_size);
    for (int i = 0; i < LENGTH_SIZE; i++)
        out[i] = (uint8_t)(size >> (24 - 8 * i));
    *used = LENGTH_SIZE + size;
    return SEC_E_OK;
}

static SECURITY_STATUS data_wrap(struct context_entry *entry, struct bytes data, void **out, ULONG *out_size,
                                 struct failure *failure)
{
    const size_t step = entry->sasl->send_size;
    const size_t count = data.size / step + 1, room = data.size + count * (LENGTH_SIZE + 2 * SASL_MESSAGE_ROOM);
    SECURITY_STATUS status = SEC_E_OK;
    size_t written = 0, used = 0;
    uint8_t *made;

    if (room > UINT32_MAX)
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "SASL: too much data for one call");
    made = context_buffer_new(room);
    if (!made)
        return SEC_E_INSUFFICIENT_MEMORY;
    while (data.size && status == SEC_E_OK) {
        struct bytes chunk = bytes_of(data.data, data.size < step ? data.size : step);

        status = chunk_wrap(entry, chunk, made + written, &used, failure);
        written += status == SEC_E_OK ? used : 0;
        data = bytes_of(data.data + chunk.size, data.size - chunk.size);
    }
    if (status != SEC_E_OK) {
        context_buffer_free(made);
        return status;
    }
    *out = made;
    *out_size = (ULONG)written;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiSaslWrap(PCtxtHandle phContext, const void *data, ULONG data_size, ULONG *message_size,
                                       void **message)
{
    static const char function[] = "SspiSaslWrap";
    struct failure failure = {0};
    struct context_entry *entry;
    SECURITY_STATUS status;

    if (message_size)
        *message_size = 0;
    if (message)
        *message = NULL;
    if (!message_size || !message || (!data && data_size))
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "an argument is NULL");
    entry = entry_lock(phContext, &status);
    if (!entry)
        return explain_keep(function, status, NULL);
    status = entry->sasl->layer == SSPI_SASL_LAYER_NONE
                 ? data_copy(bytes_of(data, data_size), message, message_size)
                 : data_wrap(entry, bytes_of(data, data_size), message, message_size, &failure);
    context_entry_unlock(entry);
    return explain_keep(function, status, &failure);
}

/* ---- Unwrapping ---- */

/* The first message of a stream. SEC_E_INCOMPLETE_MESSAGE: not all of it is there. */
static SECURITY_STATUS message_find_first(const struct sasl *sasl, struct bytes stream, struct bytes *message,
                                          struct failure *failure)
{
    struct cursor in = cursor_over(stream);
    uint32_t size;

    if (!cursor_u32be(&in, &size))
        return SEC_E_INCOMPLETE_MESSAGE;
    if (size == 0 || size > sasl->receive_size)
        return failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                           "SASL: a message of %u bytes, where 1 to %u are agreed on", size, sasl->receive_size);
    return cursor_take(&in, size, message) ? SEC_E_OK : SEC_E_INCOMPLETE_MESSAGE;
}

static SECURITY_STATUS stream_unwrap(struct context_entry *entry, struct bytes stream, ULONG *taken, void **out,
                                     ULONG *out_size, struct failure *failure)
{
    struct bytes message, plain;
    SECURITY_STATUS status = message_find_first(entry->sasl, stream, &message, failure);
    void *copy;
    ULONG size;

    if (status == SEC_E_OK)
        status = data_copy(message, &copy, &size);
    if (status != SEC_E_OK)
        return status;
    status = sasl_unseal(entry->context->provider, entry->context,
                         entry->sasl->layer == SSPI_SASL_LAYER_CONFIDENTIALITY, copy, size, &plain, failure);
    if (status != SEC_E_OK) {
        context_buffer_free(copy);
        return status;
    }
    if (plain.size)
        memmove(copy, plain.data, plain.size);
    *out = copy;
    *out_size = (ULONG)plain.size;
    *taken = LENGTH_SIZE + size;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiSaslUnwrap(PCtxtHandle phContext, const void *stream, ULONG stream_size, ULONG *taken,
                                         ULONG *data_size, void **data)
{
    static const char function[] = "SspiSaslUnwrap";
    struct failure failure = {0};
    struct context_entry *entry;
    SECURITY_STATUS status;

    if (taken)
        *taken = 0;
    if (data_size)
        *data_size = 0;
    if (data)
        *data = NULL;
    if (!taken || !data_size || !data || (!stream && stream_size))
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "an argument is NULL");
    entry = entry_lock(phContext, &status);
    if (!entry)
        return explain_keep(function, status, NULL);
    if (entry->sasl->layer == SSPI_SASL_LAYER_NONE) {
        status = data_copy(bytes_of(stream, stream_size), data, data_size);
        *taken = *data_size;
    } else {
        status = stream_unwrap(entry, bytes_of(stream, stream_size), taken, data, data_size, &failure);
    }
    context_entry_unlock(entry);
    return explain_keep(function, status, &failure);
}
