/*
 * Application protocols, RFC 7301: the caller's SEC_APPLICATION_PROTOCOLS, and the server's choice among the client's.
 */
#include "base/cursor.h"
#include "base/memory.h"
#include "schannel/engine.h"

/* Names of 1 to 255 bytes, each behind its length. */
static bool names_valid(struct bytes list)
{
    struct cursor in = cursor_over(list);
    uint8_t size;

    while (!cursor_at_end(&in))
        if (!cursor_u8(&in, &size) || size == 0 || !cursor_skip(&in, size))
            return false;
    return true;
}

bool schannel_alpn_decode(struct bytes blob, struct bytes *list)
{
    struct cursor in = cursor_over(blob);
    uint32_t total, extension;
    uint16_t size;
    struct bytes names;

    *list = (struct bytes){0};
    if (!cursor_u32le(&in, &total) || total > in.rest.size)
        return false;
    in.rest.size = total;
    while (!cursor_at_end(&in)) {
        if (!cursor_u32le(&in, &extension) || !cursor_u16le(&in, &size) || !cursor_take(&in, size, &names)
            || !names_valid(names))
            return false;
        if (extension == SecApplicationProtocolNegotiationExt_ALPN && !list->size)
            *list = names;
    }
    return true;
}

static const SecBuffer *buffer_find(const struct step *step)
{
    for (ULONG i = 0; step->input && i < step->input->cBuffers; i++)
        if (buffer_type(&step->input->pBuffers[i]) == SECBUFFER_APPLICATION_PROTOCOLS)
            return &step->input->pBuffers[i];
    return NULL;
}

SECURITY_STATUS schannel_alpn_take(struct schannel_context *context, const struct step *step)
{
    const SecBuffer *buffer = buffer_find(step);
    struct bytes list;

    if (!buffer)
        return SEC_E_OK;
    if (!schannel_alpn_decode(bytes_of(buffer->pvBuffer, buffer->cbBuffer), &list))
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_USAGE,
                           "the SECBUFFER_APPLICATION_PROTOCOLS is malformed");
    if (list.size == 0)
        return SEC_E_OK;
    context->protocols = bytes_of(mem_dup(list.data, list.size), list.size);
    if (!context->protocols.data)
        return SEC_E_INSUFFICIENT_MEMORY;
    /* Unlike everything else of OpenSSL, 0 is success here. */
    if (!context->base.acceptor
        && SSL_set_alpn_protos(context->ssl, context->protocols.data, (unsigned)context->protocols.size) != 0)
        return SEC_E_INSUFFICIENT_MEMORY;
    return SEC_E_OK;
}

int schannel_alpn_select(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
                         unsigned in_size, void *argument)
{
    const struct schannel_context *context = schannel_context_of(ssl);
    unsigned char *chosen;

    (void)argument;
    if (!context || !context->protocols.size)
        return SSL_TLSEXT_ERR_NOACK;
    if (SSL_select_next_proto(&chosen, out_size, context->protocols.data, (unsigned)context->protocols.size, in,
                              in_size)
        != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}
