/*
 * ApplyControlToken: what the next leg shall do. The token's first number tells which, then a structure of its own.
 */
#include "base/cursor.h"
#include "schannel/engine.h"

static SECURITY_STATUS refuse(struct message *message, SECURITY_STATUS status, const char *why)
{
    return failure_set(message->failure, status, SSPI_REASON_USAGE, "the control token %s", why);
}

static SECURITY_STATUS alert_prepare(struct schannel_context *context, struct message *message, struct cursor *in)
{
    uint32_t level, number;
    const char *obstacle;

    if (!cursor_u32le(in, &level) || !cursor_u32le(in, &number) || !cursor_at_end(in))
        return refuse(message, SEC_E_INVALID_TOKEN, "is no SCHANNEL_ALERT_TOKEN");
    if ((level != TLS1_ALERT_WARNING && level != TLS1_ALERT_FATAL) || number > UINT8_MAX)
        return refuse(message, SEC_E_INVALID_TOKEN, "names no alert");
    if (context->broken || context->closed)
        return refuse(message, SEC_E_CONTEXT_EXPIRED, "comes after the end of the connection");
    obstacle = schannel_own_alert_obstacle(context, (const uint8_t[2]){(uint8_t)level, (uint8_t)number});
    if (obstacle)
        return failure_set(message->failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED, "%s", obstacle);
    context->control_alert[0] = (uint8_t)level;
    context->control_alert[1] = (uint8_t)number;
    context->control = CONTROL_ALERT;
    return SEC_E_OK;
}

/* Sessions of this connection shall, or shall not, be resumed. */
static SECURITY_STATUS session_set(struct schannel_context *context, struct message *message, struct cursor *in)
{
    uint32_t flags;

    if (!cursor_u32le(in, &flags) || !cursor_at_end(in)
        || (flags != SSL_SESSION_ENABLE_RECONNECTS && flags != SSL_SESSION_DISABLE_RECONNECTS))
        return refuse(message, SEC_E_INVALID_TOKEN, "is no SCHANNEL_SESSION_TOKEN");
    if (flags == SSL_SESSION_DISABLE_RECONNECTS)
        SSL_set_options(context->ssl, SSL_OP_NO_TICKET);
    else
        SSL_clear_options(context->ssl, SSL_OP_NO_TICKET);
    context->no_reconnects = flags == SSL_SESSION_DISABLE_RECONNECTS;
    if (context->no_reconnects && SSL_get0_session(context->ssl))
        SSL_CTX_remove_session(SSL_get_SSL_CTX(context->ssl), SSL_get0_session(context->ssl));
    return SEC_E_OK;
}

SECURITY_STATUS schannel_control(struct context *base, struct message *message)
{
    struct schannel_context *context = (struct schannel_context *)base;
    const SecBuffer *buffer = message_find(message, SECBUFFER_TOKEN);
    struct cursor in;
    uint32_t kind;

    if (!buffer)
        return refuse(message, SEC_E_INVALID_TOKEN, "is missing");
    in = cursor_over(bytes_of(buffer->pvBuffer, buffer->cbBuffer));
    if (!cursor_u32le(&in, &kind))
        return refuse(message, SEC_E_INVALID_TOKEN, "is too short");
    switch (kind) {
    case SCHANNEL_SHUTDOWN:
        context->control_alert[0] = SSL3_AL_WARNING;
        context->control_alert[1] = SSL_AD_CLOSE_NOTIFY;
        context->control = CONTROL_SHUTDOWN;
        return SEC_E_OK;
    case SCHANNEL_ALERT:
        return alert_prepare(context, message, &in);
    case SCHANNEL_SESSION:
        return session_set(context, message, &in);
    case SCHANNEL_RENEGOTIATE:
        if (!schannel_renegotiate_allowed(context))
            return refuse(message, SEC_E_UNSUPPORTED_FUNCTION,
                          "asks for renegotiation, which TLS 1.3 does not have, and TLS 1.2 only where option "
                          "allow_insecure_renegotiation and the peer allow it");
        context->control = CONTROL_RENEGOTIATE;
        return SEC_E_OK;
    default:
        return refuse(message, SEC_E_UNSUPPORTED_FUNCTION, "is of an unknown kind");
    }
}
