/*
 * Alerts of the program's choice. While our side writes in the clear they are seven bytes; afterwards only OpenSSL may
 * write records, and it takes no alert from a program but close_notify. So one of its callbacks is made to run, and
 * names the alert as the reason why the handshake message at hand will not do: OpenSSL then sends it as it sends its
 * own, under the keys and the number of the record that are next.
 */
#include <openssl/err.h>
#include <string.h>

#include "schannel/engine.h"

/* For private use, RFC 8446 11. Never sent, and passed over when a peer sends it. */
#define OWN_EXTENSION 0xFFC7
#define OWN_HIGH 0xFF
#define OWN_LOW 0xC7

#define ROOM 128 /* an alert's record, after one with new keys */

/* ---- OpenSSL's callbacks: of no effect unless an alert is wanted ---- */

static uint8_t wanted_of(const SSL *ssl)
{
    const struct schannel_context *context = schannel_context_of(ssl);

    return context ? context->alert_wanted : 0;
}

static int extension_add(SSL *ssl, unsigned type, unsigned where, const unsigned char **out, size_t *size, X509 *x509,
                         size_t place, int *alert, void *argument)
{
    (void)type, (void)where, (void)out, (void)size, (void)x509, (void)place, (void)argument;
    *alert = wanted_of(ssl);
    return *alert ? -1 : 0;
}

static int extension_parse(SSL *ssl, unsigned type, unsigned where, const unsigned char *in, size_t size, X509 *x509,
                           size_t place, int *alert, void *argument)
{
    (void)type, (void)where, (void)in, (void)size, (void)x509, (void)place, (void)argument;
    *alert = wanted_of(ssl);
    return *alert ? 0 : 1;
}

int schannel_own_alert_hello(SSL *ssl, int *alert)
{
    const uint8_t wanted = wanted_of(ssl);

    if (!wanted)
        return schannel_alpn_limits_hello(ssl, alert); /* an SSL_CTX has one such callback */
    *alert = wanted;
    return SSL_CLIENT_HELLO_ERROR;
}

bool schannel_own_alert_prepare(SSL_CTX *tls)
{
    return SSL_CTX_add_custom_ext(tls, OWN_EXTENSION, SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_3_NEW_SESSION_TICKET,
                                  extension_add, NULL, NULL, extension_parse, NULL)
           == 1;
}

/* ---- What can be said ---- */

/* Whether our side still writes in the clear. */
static bool writes_plain(const struct schannel_context *context)
{
    return context->stage == STAGE_HANDSHAKE && !context->protects;
}

/* The numbers that OpenSSL writes; it keeps silent, or says 40, in place of others. */
static bool number_known(int version, uint8_t number)
{
    static const uint8_t known[] = {10, 20, 21, 22, 30, 40, 42, 43,  44,  45,  46,  47,  48,  49,  50,
                                    51, 60, 70, 71, 80, 86, 90, 100, 110, 111, 112, 113, 114, 115, 120};

    if (version >= TLS1_3_VERSION && (number == SSL_AD_MISSING_EXTENSION || number == SSL_AD_CERTIFICATE_REQUIRED))
        return true;
    return memchr(known, number, sizeof known) != NULL;
}

/* A client of TLS 1.3 and a server before it write no handshake message of their own will: they have to read one. */
static bool must_read(const struct schannel_context *context)
{
    return context->base.acceptor == (SSL_version(context->ssl) < TLS1_3_VERSION);
}

/* Whether OpenSSL asks its BIO if records come decrypted already. From 3.2 on it does not. */
static bool reads_open(void)
{
#ifdef OPENSSL_NO_KTLS
    return false;
#else
    return OpenSSL_version_num() < 0x30200000L;
#endif
}

const char *schannel_own_alert_obstacle(const struct schannel_context *context, const uint8_t alert[2])
{
    if (writes_plain(context))
        return NULL;
    if (SSL_in_init(context->ssl))
        return "in the middle of a handshake whose records are encrypted OpenSSL sends only alerts of its own";
    if (alert[1] == SSL_AD_CLOSE_NOTIFY)
        return NULL;
    if (alert[0] != SSL3_AL_FATAL)
        return "once records are encrypted OpenSSL sends no warning but close_notify";
    if (!number_known(SSL_version(context->ssl), alert[1]))
        return "OpenSSL writes no alert of this number in this version of TLS";
    if (must_read(context) && !reads_open())
        return "this version of OpenSSL lets neither a client of TLS 1.3 nor a server of TLS 1.2 choose an alert";
    return NULL;
}

/* ---- Saying it ---- */

static bool alert_plain(struct schannel_context *context, const uint8_t alert[2])
{
    const uint8_t record[] = {SSL3_RT_ALERT, TLS1_2_VERSION_MAJOR, TLS1_2_VERSION_MINOR, 0, 2, alert[0], alert[1]};
    BIO *bio = SSL_get_wbio(context->ssl);

    return bio && BIO_write(bio, record, sizeof record) == sizeof record;
}

/*
 * A record that nobody sent. OpenSSL takes it for one that its BIO has decrypted, as a kernel would, so that neither
 * keys nor the number of the record enter into it.
 */
static void message_read(struct schannel_context *context, const uint8_t *record, size_t size)
{
    uint8_t nothing[1];

    SSL_set_shutdown(context->ssl, 0); /* after the peer's close_notify nothing would be read */
    context->wire.in = bytes_of(record, size);
    context->wire.decrypted = true;
    (void)SSL_read(context->ssl, nothing, sizeof nothing);
    context->wire.decrypted = false;
    context->wire.in = (struct bytes){0};
}

/* RFC 8446 4.6.1: a ticket with our extension. */
static void ticket_read(struct schannel_context *context)
{
    static const uint8_t record[] = {SSL3_RT_APPLICATION_DATA,
                                     3,
                                     3,
                                     0,
                                     23, /* header */
                                     SSL3_MT_NEWSESSION_TICKET,
                                     0,
                                     0,
                                     18,
                                     0,
                                     0,
                                     0,
                                     0, /* lifetime */
                                     0,
                                     0,
                                     0,
                                     0,
                                     0,
                                     0,
                                     1,
                                     0, /* age, nonce, ticket */
                                     0,
                                     4,
                                     OWN_HIGH,
                                     OWN_LOW,
                                     0,
                                     0,
                                     SSL3_RT_HANDSHAKE};

    message_read(context, record, sizeof record);
}

/* RFC 5246 7.4.1.2: the shortest ClientHello. It is refused before it has any effect. */
static void hello_read(struct schannel_context *context)
{
    const int version = SSL_version(context->ssl);
    uint8_t record[5 + 4 + 41] = {SSL3_RT_HANDSHAKE, 3, (uint8_t)version, 0, 45, SSL3_MT_CLIENT_HELLO, 0, 0, 41, 3,
                                  (uint8_t)version};

    record[5 + 4 + 2 + 32 + 1 + 1] = 2; /* one cipher suite */
    record[5 + 4 + 2 + 32 + 1 + 3] = 0xFF;
    record[5 + 4 + 2 + 32 + 1 + 4] = 1; /* one compression: none */
    SSL_clear_options(context->ssl, SSL_OP_NO_RENEGOTIATION);
    SSL_set_options(context->ssl, SSL_OP_ALLOW_CLIENT_RENEGOTIATION | SSL_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    message_read(context, record, sizeof record);
}

/* The beginning of a message of ours, which is not sent: a ticket, or a ClientHello. */
static void message_write(struct schannel_context *context)
{
    if (!context->base.acceptor)
        SSL_clear_options(context->ssl, SSL_OP_NO_RENEGOTIATION);
    /* Twice: new keys that the peer waits for go first, and end what was begun. */
    for (int i = 0; i < 2 && context->alert_sent == SCHANNEL_NO_ALERT; i++)
        if (context->base.acceptor ? SSL_new_session_ticket(context->ssl) : SSL_renegotiate(context->ssl))
            (void)SSL_do_handshake(context->ssl);
}

/* Whatever comes of it, OpenSSL is not to go on with this connection. */
static bool alert_provoke(struct schannel_context *context, uint8_t number)
{
    context->broken = true;
    context->failure = SEC_E_CONTEXT_EXPIRED;
    context->alert_sent = SCHANNEL_NO_ALERT;
    context->alert_wanted = number;
    if (!must_read(context))
        message_write(context);
    else if (context->base.acceptor)
        hello_read(context);
    else
        ticket_read(context);
    context->alert_wanted = 0;
    if (context->alert_sent != SCHANNEL_NO_ALERT) /* else memory may be missing, see engine.c */
        schannel_buffers_leg(context);
    return context->alert_sent == (SSL3_AL_FATAL << 8 | number);
}

/* RFC 8446 6.2: after a fatal alert the session is not resumed. */
static void session_forget(struct schannel_context *context)
{
    SSL_SESSION *session = SSL_get0_session(context->ssl);

    if (session)
        SSL_CTX_remove_session(SSL_get_SSL_CTX(context->ssl), session);
    if (!context->base.acceptor)
        schannel_sessions_drop(schannel_credential_of(context->ssl)->sessions, context->ssl);
}

SECURITY_STATUS schannel_own_alert(struct schannel_context *context, const uint8_t alert[2], struct failure *failure)
{
    const char *obstacle = schannel_own_alert_obstacle(context, alert);
    bool made;

    if (obstacle)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED, "%s", obstacle);
    if (!context->wire.pieces && !wire_reserve(&context->wire, ROOM))
        return SEC_E_INSUFFICIENT_MEMORY;
    ERR_clear_error();
    if (alert[0] == SSL3_AL_FATAL && alert[1] != SSL_AD_CLOSE_NOTIFY)
        session_forget(context);
    if (writes_plain(context))
        made = alert_plain(context, alert);
    else if (alert[1] == SSL_AD_CLOSE_NOTIFY)
        made = SSL_shutdown(context->ssl) >= 0;
    else
        made = alert_provoke(context, alert[1]);
    ERR_clear_error();
    if (made)
        return SEC_E_OK;
    return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_UNSUPPORTED,
                       "OpenSSL did not send alert %u, and the connection is over", alert[1]);
}
