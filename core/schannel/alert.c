/*
 * TLS alerts and OpenSSL's errors as statuses. Alerts are heard of by OpenSSL's callback; errors are read from its
 * queue, which is left empty.
 */
#include <openssl/err.h>
#include <string.h>

#include "base/memory.h"
#include "schannel/answers.h"

void schannel_alert_watch(const SSL *ssl, int where, int value)
{
    struct schannel_context *context;

    if (!(where & SSL_CB_ALERT)) /* every step of a handshake passes by here */
        return;
    context = schannel_context_of(ssl);
    if (!context)
        return;
    if (where & SSL_CB_READ)
        context->alert_received = value;
    else
        context->alert_sent = value;
}

/* OpenSSL's callback for messages. SSL_CB_HANDSHAKE_DONE is no sign: a refused HelloRequest ends with it, an answer
 * after the handshake of TLS 1.3 without. */
static void message_watch(int written, int version, int type, const void *message, size_t size, SSL *ssl,
                          void *argument)
{
    struct schannel_context *context = schannel_context_of(ssl);

    (void)version, (void)argument;
    if (written || type != SSL3_RT_HANDSHAKE || !size || !context)
        return;
    if (*(const uint8_t *)message == SSL3_MT_CERTIFICATE)
        context->peer_in_doubt = true;
    if (*(const uint8_t *)message == SSL3_MT_FINISHED)
        context->finished_again = true;
}

void schannel_peer_watch(struct schannel_context *context)
{
    SSL_set_msg_callback(context->ssl, message_watch);
}

/* Alerts, RFC 8446 6.2, and what each means to the one who gets it and to the one who had to send it. */
static const struct alert_row {
    int description;
    SECURITY_STATUS received, sent;
} alert_rows[] = {
    {SSL_AD_UNEXPECTED_MESSAGE, SEC_E_ILLEGAL_MESSAGE, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_BAD_RECORD_MAC, SEC_E_MESSAGE_ALTERED, SEC_E_MESSAGE_ALTERED},
    {SSL_AD_DECRYPTION_FAILED, SEC_E_DECRYPT_FAILURE, SEC_E_DECRYPT_FAILURE},
    {SSL_AD_RECORD_OVERFLOW, SEC_E_ILLEGAL_MESSAGE, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_DECOMPRESSION_FAILURE, SEC_E_MESSAGE_ALTERED, SEC_E_MESSAGE_ALTERED},
    {SSL_AD_HANDSHAKE_FAILURE, SEC_E_ILLEGAL_MESSAGE, SEC_E_ALGORITHM_MISMATCH},
    {SSL_AD_BAD_CERTIFICATE, SEC_E_CERT_UNKNOWN, SEC_E_CERT_UNKNOWN},
    {SSL_AD_UNSUPPORTED_CERTIFICATE, SEC_E_CERT_UNKNOWN, SEC_E_CERT_UNKNOWN},
    {SSL_AD_CERTIFICATE_REVOKED, CRYPT_E_REVOKED, CRYPT_E_REVOKED},
    {SSL_AD_CERTIFICATE_EXPIRED, SEC_E_CERT_EXPIRED, SEC_E_CERT_EXPIRED},
    {SSL_AD_CERTIFICATE_UNKNOWN, SEC_E_CERT_UNKNOWN, SEC_E_CERT_UNKNOWN},
    {SSL_AD_ILLEGAL_PARAMETER, SEC_E_ILLEGAL_MESSAGE, SEC_E_ILLEGAL_MESSAGE},
    {SSL_AD_UNKNOWN_CA, SEC_E_UNTRUSTED_ROOT, SEC_E_UNTRUSTED_ROOT},
    {SSL_AD_ACCESS_DENIED, SEC_E_LOGON_DENIED, SEC_E_LOGON_DENIED},
    {SSL_AD_DECODE_ERROR, SEC_E_ILLEGAL_MESSAGE, SEC_E_INVALID_TOKEN},
    {SSL_AD_DECRYPT_ERROR, SEC_E_DECRYPT_FAILURE, SEC_E_DECRYPT_FAILURE},
    {SSL_AD_PROTOCOL_VERSION, SEC_E_UNSUPPORTED_FUNCTION, SEC_E_UNSUPPORTED_FUNCTION},
    {SSL_AD_INSUFFICIENT_SECURITY, SEC_E_ALGORITHM_MISMATCH, SEC_E_ALGORITHM_MISMATCH},
    {SSL_AD_INTERNAL_ERROR, SEC_E_INTERNAL_ERROR, SEC_E_INTERNAL_ERROR},
    {SSL_AD_USER_CANCELLED, SEC_E_UNFINISHED_CONTEXT_DELETED, SEC_E_UNFINISHED_CONTEXT_DELETED},
    {SSL_AD_CERTIFICATE_REQUIRED, SEC_E_NO_CREDENTIALS, SEC_E_NO_CREDENTIALS},
    {SSL_AD_NO_APPLICATION_PROTOCOL, SEC_E_APPLICATION_PROTOCOL_MISMATCH, SEC_E_APPLICATION_PROTOCOL_MISMATCH},
};

static const struct alert_row *row_find(int description)
{
    static const struct alert_row other = {0, SEC_E_ILLEGAL_MESSAGE, SEC_E_ILLEGAL_MESSAGE};

    for (size_t i = 0; i < sizeof alert_rows / sizeof *alert_rows; i++)
        if (alert_rows[i].description == description)
            return &alert_rows[i];
    return &other;
}

SECURITY_STATUS schannel_alert_received(int description)
{
    return row_find(description)->received;
}

SECURITY_STATUS schannel_alert_sent(int description)
{
    return row_find(description)->sent;
}

/* The first error is the cause, those after it are where it passed by. */
struct cause {
    char text[160];
    int reason;
    bool no_memory;
};

static void queue_drain(struct cause *cause)
{
    const char *data = NULL, *reason;
    unsigned long code;
    int flags = 0;

    *cause = (struct cause){.text = "no reason given"};
    while ((code = ERR_get_error_all(NULL, NULL, NULL, &data, &flags)) != 0) {
        cause->no_memory |= ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
        if (cause->reason)
            continue;
        cause->reason = ERR_GET_REASON(code);
        reason = ERR_reason_error_string(code);
        BIO_snprintf(cause->text, sizeof cause->text, "%s%s%s", reason ? reason : "unknown",
                     flags & ERR_TXT_STRING && *data ? ": " : "", flags & ERR_TXT_STRING ? data : "");
    }
}

void schannel_alert_forget(void)
{
    if (ERR_peek_error())
        ERR_clear_error();
}

static bool is_fatal(int alert)
{
    return alert != SCHANNEL_NO_ALERT && alert >> 8 == SSL3_AL_FATAL;
}

/* OpenSSL 3.0 calls these unknown. */
static const char *alert_name(int alert)
{
    switch (alert & 0xFF) {
    case SSL_AD_MISSING_EXTENSION:
        return "missing extension";
    case SSL_AD_CERTIFICATE_REQUIRED:
        return "certificate required";
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return "no application protocol";
    default:
        return SSL_alert_desc_string_long(alert);
    }
}

void schannel_alert_refused(const SSL *ssl, X509 *certificate)
{
    struct schannel_context *context = schannel_context_of(ssl);

    if (!context)
        return;
    X509_free(context->refused);
    context->refused = certificate && X509_up_ref(certificate) ? certificate : NULL;
}

/* Both names of the certificate that was refused, each cut short; failure_set cleans them. */
static SECURITY_STATUS certificate_explain(const struct schannel_context *context, const char *side, long verified,
                                           struct failure *failure)
{
    const SECURITY_STATUS status = schannel_validate_status((int)verified);
    const char *why = X509_verify_cert_error_string(verified);
    BIO *subject = BIO_new(BIO_s_mem()), *issuer = BIO_new(BIO_s_mem());
    char *who = NULL, *whose = NULL;
    long size = 0, issuer_size = 0;

    if (context->refused && subject && issuer && schannel_name_print(subject, X509_get_subject_name(context->refused))
        && schannel_name_print(issuer, X509_get_issuer_name(context->refused))) {
        size = BIO_get_mem_data(subject, &who);
        issuer_size = BIO_get_mem_data(issuer, &whose);
    }
    if (who && whose)
        (void)failure_set(failure, status, SSPI_REASON_PEER_CERTIFICATE,
                          "the %s's certificate is refused: %s (of %.*s, issued by %.*s)", side, why,
                          (int)(size < 60 ? size : 60), who, (int)(issuer_size < 60 ? issuer_size : 60), whose);
    else
        (void)failure_set(failure, status, SSPI_REASON_PEER_CERTIFICATE, "the %s's certificate is refused: %s", side,
                          why);
    BIO_free(subject);
    BIO_free(issuer);
    ERR_clear_error();
    return status;
}

/* Our own alert tells what is wrong with the peer: its certificate, its offer, or else its bytes, RFC 8446 6.2. */
static ULONG refusal_reason(const struct schannel_context *context, const struct cause *cause)
{
    if (cause->reason == SSL_R_WRONG_VERSION_NUMBER) /* in a record's header: no TLS at all */
        return SSPI_REASON_MALFORMED_TOKEN;
    if (cause->reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) /* in TLS 1.2 the alert is 40 */
        return SSPI_REASON_PEER_CERTIFICATE;
    switch (context->alert_sent & 0xFF) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED:
        return SSPI_REASON_PEER_CERTIFICATE;
    case SSL_AD_HANDSHAKE_FAILURE:
    case SSL_AD_PROTOCOL_VERSION:
    case SSL_AD_INSUFFICIENT_SECURITY:
    case SSL_AD_NO_APPLICATION_PROTOCOL:
        return SSPI_REASON_POLICY;
    default:
        return SSPI_REASON_MALFORMED_TOKEN;
    }
}

static SECURITY_STATUS failure_explain(struct schannel_context *context, const struct cause *cause,
                                       struct failure *failure)
{
    const struct settings *settings = &context->base.credential->settings;
    const char *side = context->base.acceptor ? "client" : "server";
    long verified = SSL_get_verify_result(context->ssl);

    if (is_fatal(context->alert_received))
        return failure_set(failure, schannel_alert_received(context->alert_received & 0xFF), SSPI_REASON_PEER_REFUSED,
                           "the TLS %s refused with alert %d (%s)", side, context->alert_received & 0xFF,
                           alert_name(context->alert_received));
    if (cause->reason == SSL_R_CERTIFICATE_VERIFY_FAILED && verified != X509_V_OK)
        return certificate_explain(context, side, verified, failure);
    if (cause->reason == SSL_R_UNSUPPORTED_PROTOCOL && is_fatal(context->alert_sent))
        return failure_set(failure, schannel_alert_sent(context->alert_sent & 0xFF), SSPI_REASON_POLICY,
                           "TLS failed: unsupported protocol: the %s's version is not within tls_minimum_version 1.%u "
                           "and tls_maximum_version 1.%u",
                           side, (unsigned)settings->tls_minimum_version, (unsigned)settings->tls_maximum_version);
    if (is_fatal(context->alert_sent))
        return failure_set(failure, schannel_alert_sent(context->alert_sent & 0xFF), refusal_reason(context, cause),
                           "TLS failed: %s; alert %d (%s) for the %s", cause->text, context->alert_sent & 0xFF,
                           alert_name(context->alert_sent), side);
    return failure_set(failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "TLS failed: %s", cause->text);
}

SECURITY_STATUS schannel_alert_failure(struct schannel_context *context, struct failure *failure)
{
    struct cause cause;

    queue_drain(&cause);
    cause.no_memory |= context->wire.no_memory;
    context->broken = true;
    /* OpenSSL cannot go on after it ran out of memory, so this is not the status that invites to try again. */
    context->failure =
        cause.no_memory ? failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_OUT_OF_MEMORY, "TLS failed: no memory")
                        : failure_explain(context, &cause, failure);
    return context->failure;
}

void schannel_alert_out(struct schannel_context *context, struct step *step)
{
    struct schannel_wire *wire = &context->wire;
    uint8_t *data;

    if (context->alert_sent != SCHANNEL_NO_ALERT) {
        step->has_alert = true;
        step->alert[0] = (uint8_t)(context->alert_sent >> 8);
        step->alert[1] = (uint8_t)context->alert_sent;
    }
    if (!wire->used || !step->output.present
        || !(step->requested & (context->base.acceptor ? ASC_REQ_EXTENDED_ERROR : ISC_REQ_EXTENDED_ERROR)))
        return;
    if (step_reserve(step, wire->used, &data) != SEC_E_OK)
        return;
    memcpy(data, wire->out, wire->used);
    wire_drop(wire);
    step->output.for_peer = true;
}
