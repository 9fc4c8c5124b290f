/* own_alert.c: alerts of the program's choice. Each reaches the other side with its number, whatever the version and
 * the role; what cannot be said is refused and changes nothing; nobody sees how it is done. */
#include <openssl/err.h>

#include "raw_peer.h"
#include "schannel/engine.h"

#define OWN_EXTENSION 0xFFC7

static struct tls_pair pair;
static struct raw_peer peer;
static uint8_t got[TLS_ROOM];
static size_t size;
static int seen; /* the last alert that the peer got: level << 8 | number */

static void peer_told(const SSL *ssl, int where, int value)
{
    (void)ssl;
    if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
        seen = value;
}

/* One of our ends, joined to OpenSSL. */
static void begin(bool raw_is_server, int version, const char *tickets)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.server_options[0] = "tls_tickets";
    setup.server_options[1] = tickets;
    tls_begin(&pair, &setup);
    raw_begin(&peer, raw_is_server, version);
    seen = 0;
}

static struct tls_end *start(void)
{
    struct tls_end *own = SSL_CTX_get_ssl_method(peer.tls) == TLS_server_method() ? &pair.client : &pair.server;

    raw_start(&peer);
    SSL_set_info_callback(peer.ssl, peer_told);
    return own;
}

static struct tls_end *open_raw(bool raw_is_server, int version, const char *tickets)
{
    struct tls_end *own;

    begin(raw_is_server, version, tickets);
    own = start();
    raw_handshake(&peer, own);
    return own;
}

static void close_raw(void)
{
    raw_end(&peer);
    tls_end(&pair);
}

static SECURITY_STATUS control(struct tls_end *end, DWORD level, DWORD number)
{
    SCHANNEL_ALERT_TOKEN alert = {SCHANNEL_ALERT, level, number};
    SecBuffer buffer = {sizeof alert, SECBUFFER_TOKEN, &alert};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &buffer};

    return ApplyControlToken(&end->context, &desc);
}

/* EncryptMessage of an alert, with so many bytes of STREAM_TRAILER, into the end's output. */
static SECURITY_STATUS out_of_band(struct tls_end *end, uint8_t level, uint8_t number, ULONG trailer_size)
{
    uint8_t header[64], trailer[128], alert[2] = {level, number};
    SecBuffer buffers[3] = {{sizeof header, SECBUFFER_STREAM_HEADER, header},
                            {sizeof alert, SECBUFFER_DATA, alert},
                            {trailer_size, SECBUFFER_STREAM_TRAILER, trailer}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};
    SECURITY_STATUS status = EncryptMessage(&end->context, SECQOP_WRAP_OOB_DATA, &desc, 0);

    end->out_size = 0;
    for (int i = 0; i < 3 && status == SEC_E_OK; i++) {
        memcpy(end->out + end->out_size, buffers[i].pvBuffer, buffers[i].cbBuffer);
        end->out_size += buffers[i].cbBuffer;
    }
    return status;
}

/* The peer reads what our end put out, and has got that alert. */
static void peer_gets(struct tls_end *own, int level, int number)
{
    end_to_raw(own, &peer);
    seen = 0;
    cr_assert_leq(SSL_read(peer.ssl, got, sizeof got), 0);
    cr_assert_eq(seen, level << 8 | number, "%d for %d", seen & 0xFF, number);
    ERR_clear_error();
}

/* Nothing goes either way any more. */
static void over(struct tls_end *own)
{
    assert_status(tls_send(own, own, "no", 2), SEC_E_CONTEXT_EXPIRED);
    own->in_size = 0;
    assert_status(tls_leg(own), SEC_I_CONTEXT_EXPIRED);
    cr_assert_eq(own->out_size, 0);
    assert_status(control(own, TLS1_ALERT_FATAL, TLS1_ALERT_ACCESS_DENIED), SEC_E_CONTEXT_EXPIRED);
    SSL_write(peer.ssl, "late", 4);
    ERR_clear_error();
    memcpy(own->in, "\x17\x03\x03\x00\x01x", 6);
    own->in_size = 6;
    assert_status(tls_receive(own, got, &size), SEC_E_CONTEXT_EXPIRED);
}

static void alert_by_leg(struct tls_end *own, int number)
{
    assert_status(control(own, TLS1_ALERT_FATAL, (DWORD)number), SEC_E_OK);
    own->in_size = 0;
    own->room = 5;
    assert_status(tls_leg(own), SEC_E_BUFFER_TOO_SMALL);
    own->room = 0;
    assert_status(tls_leg(own), SEC_I_CONTEXT_EXPIRED);
}

static const struct {
    bool raw_is_server;
    int version;
    const char *tickets;
} cases[] = {{false, TLS1_3_VERSION, "2"}, {false, TLS1_3_VERSION, "0"}, {true, TLS1_3_VERSION, "2"},
             {false, TLS1_2_VERSION, "2"}, {false, TLS1_2_VERSION, "0"}, {true, TLS1_2_VERSION, "2"}};

#define CASE_ARGUMENTS(i) cases[i].raw_is_server, cases[i].version, cases[i].tickets

/* From OpenSSL 3.2 on not all can say all. */
static bool can_say(bool raw_is_server, int version)
{
    return OpenSSL_version_num() < 0x30200000L || raw_is_server == (version == TLS1_2_VERSION);
}

static const size_t cases_all = sizeof cases / sizeof *cases;

/* What OpenSSL has numbers for. */
static bool sayable(int version, int number)
{
    static const int always[] = {10, 20, 21, 22, 30, 40, 42, 43,  44,  45,  46,  47,  48,  49,  50,
                                 51, 60, 70, 71, 80, 86, 90, 100, 110, 111, 112, 113, 114, 115, 120};

    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (always[i] == number)
            return true;
    return version == TLS1_3_VERSION && (number == 109 || number == 116);
}

static void every_number(size_t row)
{
    struct tls_end *own = open_raw(CASE_ARGUMENTS(row));

    for (int number = 1; number < 256; number++) {
        if (!sayable(cases[row].version, number) || !can_say(cases[row].raw_is_server, cases[row].version)) {
            /* and it goes on */
            assert_status(control(own, TLS1_ALERT_FATAL, (DWORD)number), SEC_E_UNSUPPORTED_FUNCTION);
            assert_status(out_of_band(own, TLS1_ALERT_FATAL, (uint8_t)number, 128), SEC_E_UNSUPPORTED_FUNCTION);
            continue;
        }
        if (number % 2) {
            alert_by_leg(own, number);
        } else {
            assert_status(out_of_band(own, TLS1_ALERT_FATAL, (uint8_t)number, 128), SEC_E_OK);
        }
        peer_gets(own, TLS1_ALERT_FATAL, number);
        over(own);
        close_raw();
        own = open_raw(CASE_ARGUMENTS(row));
    }
    close_raw();
}

Test(own_alert, every_number_in_every_role_and_version, .timeout = 120)
{
    for (size_t row = 0; row < cases_all; row++)
        every_number(row);
}

/* Messages went both ways before, and the peer has closed its side. */
Test(own_alert, late_and_after_the_peer_closed)
{
    for (size_t row = 0; row < cases_all; row++) {
        struct tls_end *own;

        if (!can_say(cases[row].raw_is_server, cases[row].version))
            continue;
        own = open_raw(CASE_ARGUMENTS(row));
        for (int i = 0; i < 20; i++) { /* beyond the number after which buffers are kept */
            struct tls_end carried = {0};

            cr_assert_eq(SSL_write(peer.ssl, "there", 5), 5);
            raw_to_end(&peer, own);
            do
                assert_status(tls_receive(own, got, &size), SEC_E_OK);
            while (size == 0);
            assert_status(tls_send(own, &carried, "back", 4), SEC_E_OK);
            raw_feed(&peer, carried.in, carried.in_size);
            cr_assert_eq(SSL_read(peer.ssl, got, sizeof got), 4);
        }
        if (row % 2) {
            SSL_shutdown(peer.ssl);
            raw_to_end(&peer, own);
            assert_status(tls_receive(own, got, &size), SEC_I_CONTEXT_EXPIRED);
        }
        alert_by_leg(own, TLS1_ALERT_ACCESS_DENIED);
        peer_gets(own, TLS1_ALERT_FATAL, TLS1_ALERT_ACCESS_DENIED);
        close_raw();
    }
}

static void with_suite(bool raw_is_server, const char *suite, uint64_t options)
{
    struct tls_end *own;

    begin(raw_is_server, TLS1_2_VERSION, "2");
    cr_assert_eq(SSL_CTX_set_cipher_list(peer.tls, suite), 1);
    SSL_CTX_set_options(peer.tls, options);
    assert_status(SspiCredentialSetOption(&pair.client.credential, "tls_ciphers", suite), SEC_E_OK);
    assert_status(SspiCredentialSetOption(&pair.server.credential, "tls_ciphers", suite), SEC_E_OK);
    own = start();
    raw_handshake(&peer, own);
    cr_assert_str_eq(SSL_get_cipher(peer.ssl), suite);
    alert_by_leg(own, TLS1_ALERT_INTERNAL_ERROR);
    peer_gets(own, TLS1_ALERT_FATAL, TLS1_ALERT_INTERNAL_ERROR);
    close_raw();
}

/* Padding by blocks, a number in each record, none in it: the record is OpenSSL's, so its form does not matter. */
Test(own_alert, other_suites)
{
    for (int raw_is_server = 0; raw_is_server < 2; raw_is_server++) {
        if (!can_say(raw_is_server, TLS1_2_VERSION))
            continue;
        with_suite(raw_is_server, "ECDHE-ECDSA-AES256-SHA384", 0);
        with_suite(raw_is_server, "ECDHE-ECDSA-AES256-SHA384", SSL_OP_NO_ENCRYPT_THEN_MAC);
        with_suite(raw_is_server, "ECDHE-ECDSA-CHACHA20-POLY1305", 0);
        with_suite(raw_is_server, "ECDHE-ECDSA-AES128-GCM-SHA256", 0);
    }
}

static void with_new_keys_due(bool raw_is_server, bool by_leg)
{
    struct tls_end *own = open_raw(raw_is_server, TLS1_3_VERSION, "0");
    const uint8_t number = TLS1_ALERT_CERTIFICATE_REVOKED;
    SecPkgContext_StreamSizes sizes;

    assert_status(QueryContextAttributesA(&own->context, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
    cr_assert_eq(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    cr_assert_eq(SSL_write(peer.ssl, "x", 1), 1);
    raw_to_end(&peer, own);
    while (own->in_size)
        assert_status(tls_receive(own, got, &size), SEC_E_OK);
    if (by_leg) {
        alert_by_leg(own, number);
    } else {
        assert_status(out_of_band(own, TLS1_ALERT_FATAL, number, 17), SEC_E_BUFFER_TOO_SMALL);
        assert_status(out_of_band(own, TLS1_ALERT_FATAL, number, sizes.cbTrailer), SEC_E_OK);
    }
    peer_gets(own, TLS1_ALERT_FATAL, number);
    close_raw();
}

/* The peer wants new keys from us: they go out before the alert. */
Test(own_alert, while_new_keys_are_due)
{
    for (int form = 0; form < 4; form++)
        if (can_say(form & 1, TLS1_3_VERSION))
            with_new_keys_due(form & 1, form & 2);
}

/* While the client's late certificate is awaited. */
Test(own_alert, while_a_certificate_is_asked_for)
{
    struct tls_end *own;

    begin(false, TLS1_3_VERSION, "0");
    SSL_CTX_set_post_handshake_auth(peer.tls, 1);
    own = start();
    raw_handshake(&peer, own);
    own->requested |= ASC_REQ_MUTUAL_AUTH;
    own->in_size = 0;
    assert_status(tls_leg(own), SEC_I_CONTINUE_NEEDED);
    end_to_raw(own, &peer);
    alert_by_leg(own, TLS1_ALERT_USER_CANCELED);
    end_to_raw(own, &peer);
    SSL_read(peer.ssl, got, sizeof got);
    cr_assert_eq(seen, TLS1_ALERT_FATAL << 8 | TLS1_ALERT_USER_CANCELED, "%x", seen);
    ERR_clear_error();
    close_raw();
}

Test(own_alert, warnings_are_refused)
{
    for (size_t row = 0; row < cases_all; row++) {
        struct tls_end *own = open_raw(CASE_ARGUMENTS(row)), carried = {0};

        assert_status(control(own, TLS1_ALERT_WARNING, TLS1_ALERT_USER_CANCELED), SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(out_of_band(own, TLS1_ALERT_WARNING, TLS1_ALERT_NO_RENEGOTIATION, 64),
                      SEC_E_UNSUPPORTED_FUNCTION);
        assert_status(tls_send(own, &carried, "still", 5), SEC_E_OK);
        raw_feed(&peer, carried.in, carried.in_size);
        cr_assert_eq(SSL_read(peer.ssl, got, sizeof got), 5);
        cr_assert_eq(seen, 0);
        assert_status(out_of_band(own, TLS1_ALERT_WARNING, TLS1_ALERT_CLOSE_NOTIFY, 64), SEC_E_OK);
        peer_gets(own, TLS1_ALERT_WARNING, TLS1_ALERT_CLOSE_NOTIFY);
        close_raw();
    }
}

/* A server of TLS 1.3 that waits for the client's Finished writes encrypted, and OpenSSL is busy. */
Test(own_alert, in_the_middle_of_an_encrypted_handshake)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
    assert_status(control(&pair.server, TLS1_ALERT_FATAL, TLS1_ALERT_ACCESS_DENIED), SEC_E_UNSUPPORTED_FUNCTION);
    tls_carry(&pair.server, &pair.client);
    assert_status(tls_leg(&pair.client), SEC_E_OK);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), SEC_E_OK);
    tls_carry(&pair.server, &pair.client);
    assert_status(control(&pair.server, TLS1_ALERT_FATAL, TLS1_ALERT_ACCESS_DENIED), SEC_E_OK);
    assert_status(tls_leg(&pair.server), SEC_I_CONTEXT_EXPIRED);
    tls_carry(&pair.server, &pair.client);
    while ((pair.client.status = tls_receive(&pair.client, got, &size)) == SEC_E_OK) /* tickets */
        ;
    assert_status(pair.client.status, SEC_E_LOGON_DENIED);
    tls_end(&pair);
}

/* With HelloRetryRequest both sides send change_cipher_spec long before they encrypt. */
Test(own_alert, in_the_clear_after_a_second_hello)
{
    for (int raw_is_server = 0; raw_is_server < 2; raw_is_server++) {
        struct tls_end *own;

        begin(raw_is_server, TLS1_3_VERSION, "0");
        cr_assert_eq(SSL_CTX_set1_groups_list(peer.tls, raw_is_server ? "P-384" : "P-521:P-256"), 1);
        own = start();
        if (!raw_is_server)
            assert_status(SspiCredentialSetOption(&own->credential, "tls_groups", "P-256"), SEC_E_OK);
        else
            tls_leg(own);
        end_to_raw(own, &peer);
        SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, own);
        assert_status(tls_leg(own), SEC_I_CONTINUE_NEEDED);
        end_to_raw(own, &peer);
        assert_status(control(own, TLS1_ALERT_FATAL, TLS1_ALERT_INSUFFIENT_SECURITY), SEC_E_OK);
        own->in_size = 0;
        assert_status(tls_leg(own), SEC_I_CONTEXT_EXPIRED);
        cr_assert_eq(own->out_size, 7);
        peer_gets(own, TLS1_ALERT_FATAL, TLS1_ALERT_INSUFFIENT_SECURITY);
        close_raw();
    }
}

/* ---- What others see of it: nothing ---- */

static int met;

static int extension_met(SSL *ssl, unsigned type, unsigned where, const unsigned char *in, size_t in_size, X509 *x509,
                         size_t place, int *alert, void *argument)
{
    (void)ssl, (void)type, (void)where, (void)in, (void)in_size, (void)x509, (void)place, (void)alert, (void)argument;
    met++;
    return 1;
}

static int extension_sent(SSL *ssl, unsigned type, unsigned where, const unsigned char **out, size_t *out_size,
                          X509 *x509, size_t place, int *alert, void *argument)
{
    (void)ssl, (void)type, (void)where, (void)x509, (void)place, (void)alert;
    *out = (const unsigned char *)"\2\120";
    *out_size = 2;
    return *(const int *)argument;
}

/* The extension that the alerts hang on is never sent, and of no effect when the peer sends it. */
Test(own_alert, nothing_on_the_wire)
{
    const unsigned where = SSL_EXT_CLIENT_HELLO | SSL_EXT_TLS1_2_SERVER_HELLO | SSL_EXT_TLS1_3_SERVER_HELLO
                           | SSL_EXT_TLS1_3_ENCRYPTED_EXTENSIONS | SSL_EXT_TLS1_3_CERTIFICATE
                           | SSL_EXT_TLS1_3_CERTIFICATE_REQUEST | SSL_EXT_TLS1_3_NEW_SESSION_TICKET;

    for (int sends = 0; sends < 2; sends++)
        for (size_t row = 0; row < cases_all; row++) {
            struct tls_end *own;

            begin(CASE_ARGUMENTS(row));
            met = 0;
            cr_assert_eq(SSL_CTX_add_custom_ext(peer.tls, OWN_EXTENSION, where, extension_sent, NULL, &sends,
                                                extension_met, NULL),
                         1);
            own = start();
            raw_handshake(&peer, own);
            SSL_write(peer.ssl, "there", 5);
            raw_to_end(&peer, own);
            do
                assert_status(tls_receive(own, got, &size), SEC_E_OK);
            while (size == 0);
            end_to_raw(own, &peer);
            SSL_read(peer.ssl, got, sizeof got); /* tickets */
            cr_assert_eq(met, 0);
            close_raw();
        }
}

static void resume(const char *version, bool by_server, bool alert)
{
    struct tls_setup setup = tls_usual;
    struct tls_end *own = by_server ? &pair.server : &pair.client;
    SecPkgContext_SessionInfo session;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.client_options[0] = "tls_maximum_version";
    setup.client_options[1] = version;
    tls_open(&pair, &setup);
    tls_talk(&pair.client, &pair.server, "x", 1);
    while (pair.client.in_size)
        assert_status(tls_receive(&pair.client, got, &size), SEC_E_OK);
    if (alert) {
        alert_by_leg(own, TLS1_ALERT_ACCESS_DENIED);
        tls_carry(own, by_server ? &pair.client : &pair.server);
        assert_status(tls_receive(by_server ? &pair.client : &pair.server, got, &size), SEC_E_LOGON_DENIED);
    }
    tls_again(&pair);
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    assert_status(QueryContextAttributesA(&pair.client.context, SECPKG_ATTR_SESSION_INFO, &session), SEC_E_OK);
    cr_assert_eq((session.dwFlags & SSL_SESSION_RECONNECT) != 0, !alert, "%s %d", version, by_server);
    tls_end(&pair);
}

/* RFC 8446 6.2: no session of a connection that ended so is taken up again. */
Test(own_alert, sessions_are_dropped)
{
    for (int form = 0; form < 8; form++)
        if (can_say(!(form & 2), form & 1 ? TLS1_2_VERSION : TLS1_3_VERSION))
            resume(form & 1 ? "1.2" : "1.3", form & 2, form & 4);
}
