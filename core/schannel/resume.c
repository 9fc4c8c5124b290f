/*
 * What a session may be resumed for: the name that it was made under and whether the client was asked for a
 * certificate, which are in its session id context, and the certificates in it, which it does not outlive.
 */
#include <openssl/x509.h>
#include <string.h>

#include "base/clock.h"
#include "certificate/info.h"
#include "crypto/hash.h"
#include "schannel/credential.h"

#define NAME_LIMIT 255 /* TLSEXT_MAXLEN_host_name */
#define NAME_OFFSET 5  /* of the first name: a list's length, a type, a name's length */

/* ---- The name, RFC 6066 3 ---- */

/* The first host name of the ClientHello that OpenSSL is about to read, in lower case. Malformed is as good as none:
 * OpenSSL refuses it next. */
static size_t name_asked(SSL *ssl, uint8_t name[NAME_LIMIT])
{
    const unsigned char *data;
    size_t size, length;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 || size <= NAME_OFFSET
        || data[2] != TLSEXT_NAMETYPE_host_name)
        return 0;
    length = (size_t)data[3] << 8 | data[4];
    if (length > size - NAME_OFFSET || length > NAME_LIMIT)
        return 0;
    for (size_t i = 0; i < length; i++) {
        const uint8_t letter = data[NAME_OFFSET + i];

        name[i] = letter >= 'A' && letter <= 'Z' ? (uint8_t)(letter | 0x20) : letter;
    }
    return length;
}

/* Tickets and sessions of another context are passed over by OpenSSL, and the handshake is a full one. */
bool schannel_resume_settle(SSL *ssl)
{
    const struct schannel_credential *credential = schannel_credential_of(ssl);
    const uint8_t asked = SSL_get_verify_mode(ssl) != SSL_VERIFY_NONE;
    uint8_t name[NAME_LIMIT], digest[SHA256_SIZE];
    const struct bytes parts[] = {bytes_of(credential->session_id_context, SCHANNEL_SESSION_ID_CONTEXT),
                                  bytes_of(&asked, sizeof asked), bytes_of(name, name_asked(ssl, name))};

    return sha256_digest(parts, sizeof parts / sizeof *parts, digest)
           && SSL_set_session_id_context(ssl, digest, sizeof digest) == 1;
}

/* ---- The end ---- */

/* OpenSSL's sessions count seconds since 1970. */
static int64_t unix_time(int64_t filetime)
{
    return filetime / CLOCK_TICKS_PER_SECOND - INT64_C(11644473600);
}

/* The certificates are known now only, so the session remembers when the first of them ends: resumed connections make
 * tickets of it too. */
bool schannel_resume_note(SSL *ssl, X509_STORE_CTX *store)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    const X509 *peer = X509_STORE_CTX_get0_cert(store);
    SSL_SESSION *session = SSL_get_session(ssl);
    int64_t first = CLOCK_FOREVER, ends;

    if (peer && certificate_time(X509_get0_notAfter(peer), &ends))
        first = ends;
    for (int i = 0; i < sk_X509_num(chain); i++)
        if (certificate_time(X509_get0_notAfter(sk_X509_value(chain, i)), &ends) && ends < first)
            first = ends;
    if (first == CLOCK_FOREVER || !session)
        return true;
    if (SSL_SESSION_set1_ticket_appdata(session, &first, sizeof first) != 1)
        return false;
    schannel_resume_limit(session);
    return true;
}

void schannel_resume_limit(SSL_SESSION *session)
{
    void *kept;
    size_t size;
    int64_t ends, left;

    if (SSL_SESSION_get0_ticket_appdata(session, &kept, &size) != 1 || !kept || size != sizeof ends)
        return;
    memcpy(&ends, kept, sizeof ends);
    left = unix_time(ends) - SSL_SESSION_get_time(session);
    if (left < SSL_SESSION_get_timeout(session))
        SSL_SESSION_set_timeout(session, left < 0 ? 0 : (long)left);
}

/* OpenSSL's callback before it makes a ticket. */
static int ticket_limit(SSL *ssl, void *argument)
{
    (void)argument;
    schannel_resume_limit(SSL_get_session(ssl));
    return 1;
}

bool schannel_resume_over(const SSL_SESSION *session)
{
    return unix_time(clock_now()) > (int64_t)SSL_SESSION_get_time(session) + SSL_SESSION_get_timeout(session);
}

void schannel_resume_use(SSL_CTX *tls)
{
    SSL_CTX_set_session_ticket_cb(tls, ticket_limit, NULL, NULL);
}
