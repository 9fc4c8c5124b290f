/*
 * Further handshakes of TLS 1.2, where the operator allows them: only bound to the one before (RFC 5746) and with the
 * extended master secret (RFC 7627), without which a man in the middle could have made the first handshake. TLS 1.3
 * has none.
 */
#include <openssl/err.h>
#include <string.h>

#include "base/memory.h"
#include "schannel/engine.h"

/* Limits by application protocol hold for the handshake that chose it; another one would go unchecked. */
static bool possible(const struct schannel_context *context)
{
    const struct schannel_credential *credential = (const struct schannel_credential *)context->base.credential;

    return credential->base.settings.allow_insecure_renegotiation && SSL_version(context->ssl) == TLS1_2_VERSION
           && SSL_get_secure_renegotiation_support(context->ssl) == 1 && SSL_get_extms_support(context->ssl) == 1
           && !credential->alpn_limit_count;
}

SECURITY_STATUS schannel_renegotiate_settle(struct schannel_context *context)
{
    const unsigned char *name = NULL;
    unsigned size = 0;

    if (!possible(context)) {
        SSL_set_options(context->ssl, SSL_OP_NO_RENEGOTIATION);
        return SEC_E_OK;
    }
    schannel_peer_watch(context);
    SSL_get0_alpn_selected(context->ssl, &name, &size);
    if (size && !context->protocol.size) {
        context->protocol = bytes_of(mem_dup(name, size), size);
        if (!context->protocol.data) {
            context->protocol.size = 0;
            return SEC_E_INSUFFICIENT_MEMORY;
        }
    }
    if (!context->base.acceptor && !context->first_peer)
        context->first_peer = SSL_get1_peer_certificate(context->ssl);
    return SEC_E_OK;
}

bool schannel_renegotiate_allowed(const struct schannel_context *context)
{
    return context->base.phase == CONTEXT_ESTABLISHED && context->stage == STAGE_OPEN && !context->broken
           && !context->closed && !context->closed_by_peer && SSL_version(context->ssl) == TLS1_2_VERSION
           && !(SSL_get_options(context->ssl) & SSL_OP_NO_RENEGOTIATION);
}

/* A server's HelloRequest leaves everything as it was until the client answers; a client is in its handshake at once.
 */
SECURITY_STATUS schannel_renegotiate_begin(struct schannel_context *context, struct failure *failure)
{
    int result;

    ERR_clear_error();
    context->wire.no_memory = false;
    if (SSL_renegotiate(context->ssl) != 1)
        return schannel_alert_failure(context, failure);
    result = SSL_do_handshake(context->ssl);
    if (result != 1 && SSL_get_error(context->ssl, result) != SSL_ERROR_WANT_READ)
        return schannel_alert_failure(context, failure);
    ERR_clear_error();
    context->stage = context->base.acceptor ? STAGE_ASKED : STAGE_REQUESTED;
    return SEC_E_OK;
}

static SECURITY_STATUS refuse(struct schannel_context *context, SECURITY_STATUS status, ULONG reason, const char *why,
                              struct failure *failure)
{
    wire_drop(&context->wire);
    context->broken = true;
    context->failure = failure_set(failure, status, reason, "a further TLS handshake: %s", why);
    return context->failure;
}

/* Whoever looked at the first certificate does not look again, unless it was OpenSSL. */
SECURITY_STATUS schannel_renegotiate_check(struct schannel_context *context, struct failure *failure)
{
    const X509 *peer = SSL_get0_peer_certificate(context->ssl);

    if (SSL_version(context->ssl) >= TLS1_3_VERSION)
        return SEC_E_OK;
    if (SSL_get_extms_support(context->ssl) != 1)
        return refuse(context, SEC_E_ILLEGAL_MESSAGE, SSPI_REASON_POLICY, "it lacks the extended master secret",
                      failure);
    if (context->base.acceptor || (SSL_get_verify_mode(context->ssl) & SSL_VERIFY_PEER))
        return SEC_E_OK;
    if (peer && context->first_peer && X509_cmp(peer, context->first_peer) == 0)
        return SEC_E_OK;
    return refuse(context, SEC_E_CERT_UNKNOWN, SSPI_REASON_PEER_CERTIFICATE,
                  "the server shows another certificate than before", failure);
}
