/* again.c, control.c: after the handshake. Shutdown, alerts, new keys, late certificates, renegotiation that is
 * refused. */
#include <openssl/err.h>

#include "own_rig.h"
#include "raw_peer.h"

static struct tls_pair pair;
static uint8_t got[TLS_ROOM];
static size_t size;

static void open_usual(void)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.server_options[0] = "tls_tickets";
    setup.server_options[1] = "0";
    tls_open(&pair, &setup);
}

static SECURITY_STATUS control(struct tls_end *end, const void *token, ULONG token_size)
{
    SecBuffer buffer = {token_size, SECBUFFER_TOKEN, (void *)token};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &buffer};

    return ApplyControlToken(&end->context, &desc);
}

static SECURITY_STATUS shut_down(struct tls_end *end)
{
    DWORD kind = SCHANNEL_SHUTDOWN;

    return control(end, &kind, sizeof kind);
}

Test(again, shutdown_both_ways)
{
    struct tls_end *ends[2] = {&pair.client, &pair.server};

    for (int first = 0; first < 2; first++) {
        struct tls_end *own = ends[first], *peer = ends[1 - first];

        open_usual();
        assert_status(shut_down(own), SEC_E_OK);
        own->in_size = 0;
        own->room = 5;
        assert_status(tls_leg(own), SEC_E_BUFFER_TOO_SMALL);
        own->room = 0;
        assert_status(tls_leg(own), SEC_I_CONTEXT_EXPIRED);
        cr_assert_eq(own->out_size, 24); /* 5 + 2 + 1 + 16 */
        tls_carry(own, peer);
        assert_status(tls_send(own, peer, "no", 2), SEC_E_CONTEXT_EXPIRED);
        assert_status(tls_leg(own), SEC_I_CONTEXT_EXPIRED); /* nothing more comes of it */
        cr_assert_eq(own->out_size, 0);
        assert_status(tls_receive(peer, got, &size), SEC_I_CONTEXT_EXPIRED);
        assert_status(tls_receive(peer, got, &size), SEC_I_CONTEXT_EXPIRED);
        assert_status(tls_send(peer, own, "last words", 10), SEC_E_OK); /* half closed */
        assert_status(tls_receive(own, got, &size), SEC_E_OK);
        cr_assert_eq(size, 10);
        assert_status(shut_down(peer), SEC_E_OK);
        assert_status(tls_leg(peer), SEC_I_CONTEXT_EXPIRED);
        tls_carry(peer, own);
        assert_status(tls_receive(own, got, &size), SEC_I_CONTEXT_EXPIRED);
        tls_end(&pair);
    }
}

/* Data before close_notify is handed out; a stream that just ends never says CONTEXT_EXPIRED. */
Test(again, truncation_is_told_apart)
{
    size_t whole;

    open_usual();
    assert_status(tls_send(&pair.client, &pair.server, "data", 4), SEC_E_OK);
    assert_status(shut_down(&pair.client), SEC_E_OK);
    assert_status(tls_leg(&pair.client), SEC_I_CONTEXT_EXPIRED);
    tls_carry(&pair.client, &pair.server);
    whole = pair.server.in_size;
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_OK);
    cr_assert_eq(size, 4);
    pair.server.in_size -= 1; /* the connection breaks inside close_notify */
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_INCOMPLETE_MESSAGE);
    cr_assert_eq(pair.server.missing, 1);
    pair.server.in_size += 1;
    assert_status(tls_receive(&pair.server, got, &size), SEC_I_CONTEXT_EXPIRED);
    cr_assert_gt(whole, 24);
    tls_end(&pair);
}

Test(again, control_tokens_that_are_wrong)
{
    SCHANNEL_ALERT_TOKEN alert = {SCHANNEL_ALERT, TLS1_ALERT_FATAL, TLS1_ALERT_ACCESS_DENIED};
    SCHANNEL_SESSION_TOKEN session = {SCHANNEL_SESSION, SSL_SESSION_DISABLE_RECONNECTS};
    DWORD kind = 99, renegotiate = SCHANNEL_RENEGOTIATE;

    open_usual();
    for (ULONG cut = 0; cut < 4; cut++)
        assert_status(control(&pair.server, &kind, cut), SEC_E_INVALID_TOKEN);
    assert_status(control(&pair.server, &kind, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(control(&pair.server, &renegotiate, 4), SEC_E_UNSUPPORTED_FUNCTION);
    for (ULONG cut = 4; cut < sizeof alert; cut++)
        assert_status(control(&pair.server, &alert, cut), SEC_E_INVALID_TOKEN);
    alert.dwAlertType = TLS1_ALERT_WARNING;
    assert_status(control(&pair.server, &alert, sizeof alert), SEC_E_UNSUPPORTED_FUNCTION);
    alert.dwAlertType = 3;
    assert_status(control(&pair.server, &alert, sizeof alert), SEC_E_INVALID_TOKEN);
    alert.dwAlertType = TLS1_ALERT_FATAL;
    alert.dwAlertNumber = 256;
    assert_status(control(&pair.server, &alert, sizeof alert), SEC_E_INVALID_TOKEN);
    assert_status(control(&pair.server, &session, 4), SEC_E_INVALID_TOKEN);
    assert_status(control(&pair.server, &session, sizeof session), SEC_E_OK);
    session.dwFlags = 3;
    assert_status(control(&pair.server, &session, sizeof session), SEC_E_INVALID_TOKEN);
    assert_status(ApplyControlToken(&pair.server.context, NULL), SEC_E_INVALID_TOKEN);
    tls_talk(&pair.server, &pair.client, "still", 5);
    tls_end(&pair);
}

/* A server that will not have a client after all: the alert in the clear, and the client is told. */
Test(again, alert_inside_a_handshake)
{
    struct tls_setup setup = tls_usual;
    SCHANNEL_ALERT_TOKEN alert = {SCHANNEL_ALERT, TLS1_ALERT_FATAL, TLS1_ALERT_ACCESS_DENIED};

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.server_options[0] = "tls_maximum_version";
    setup.server_options[1] = "1.2";
    tls_begin(&pair, &setup);
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    tls_leg(&pair.server);
    pair.server.out_size = 0;
    assert_status(control(&pair.server, &alert, sizeof alert), SEC_E_OK);
    assert_status(tls_leg(&pair.server), SEC_I_CONTEXT_EXPIRED);
    cr_assert_eq(pair.server.out_size, 7);
    tls_carry(&pair.server, &pair.client);
    assert_status(tls_leg(&pair.client), SEC_E_LOGON_DENIED);
    tls_end(&pair);
}

Test(again, close_notify_as_out_of_band_data)
{
    uint8_t header[64], trailer[64], alert[2] = {TLS1_ALERT_WARNING, TLS1_ALERT_CLOSE_NOTIFY};
    SecBuffer buffers[3] = {{sizeof header, SECBUFFER_STREAM_HEADER, header},
                            {1, SECBUFFER_DATA, alert},
                            {sizeof trailer, SECBUFFER_STREAM_TRAILER, trailer}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};

    open_usual();
    assert_status(EncryptMessage(&pair.client.context, SECQOP_WRAP_OOB_DATA, &desc, 0), SEC_E_INVALID_TOKEN);
    buffers[1].cbBuffer = 2;
    assert_status(EncryptMessage(&pair.client.context, SECQOP_WRAP_OOB_DATA, &desc, 0), SEC_E_OK);
    for (int i = 0; i < 3; i++) {
        memcpy(pair.server.in + pair.server.in_size, buffers[i].pvBuffer, buffers[i].cbBuffer);
        pair.server.in_size += buffers[i].cbBuffer;
    }
    assert_status(tls_receive(&pair.server, got, &size), SEC_I_CONTEXT_EXPIRED);
    assert_status(tls_send(&pair.client, &pair.server, "no", 2), SEC_E_CONTEXT_EXPIRED);
    tls_end(&pair);
}

/* ---- A peer that does what ours never do ---- */

static struct raw_peer peer;

static void open_raw(bool raw_is_server, int version, struct tls_end **own)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
    *own = raw_is_server ? &pair.client : &pair.server;
    raw_begin(&peer, raw_is_server, version);
    raw_start(&peer);
    raw_handshake(&peer, *own);
}

static void close_raw(void)
{
    raw_end(&peer);
    tls_end(&pair);
}

/* The peer asks for new keys: hidden, and answered in front of the next message. */
Test(again, key_update)
{
    struct tls_end *own, carried = {0};

    open_raw(true, TLS1_3_VERSION, &own);
    for (int round = 0; round < 3; round++) {
        cr_assert_eq(SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        cr_assert_eq(SSL_write(peer.ssl, "news", 4), 4);
        raw_to_end(&peer, own);
        do
            assert_status(tls_receive(own, got, &size), SEC_E_OK);
        while (size == 0);
        assert_mem_eq(got, "news", 4);
        for (int i = 0; i < 2; i++) { /* the first with our KeyUpdate before it */
            carried.in_size = 0;
            assert_status(tls_send(own, &carried, "answer", 6), SEC_E_OK);
            cr_assert_eq(carried.in_size, i == 0 ? 27 + 28 : 28);
            raw_feed(&peer, carried.in, carried.in_size);
            cr_assert_eq(SSL_read(peer.ssl, got, sizeof got), 6);
            assert_mem_eq(got, "answer", 6);
        }
    }
    close_raw();
}

/* With an exact trailer for a message alone the KeyUpdate has no room: said before anything is written. */
Test(again, key_update_needs_the_room_of_stream_sizes)
{
    struct tls_end *own;
    SecPkgContext_StreamSizes sizes;
    uint8_t header[5], data[5] = "data", trailer[64];
    SecBuffer buffers[3] = {
        {5, SECBUFFER_STREAM_HEADER, header}, {4, SECBUFFER_DATA, data}, {17, SECBUFFER_STREAM_TRAILER, trailer}};
    SecBufferDesc desc = {SECBUFFER_VERSION, 3, buffers};

    open_raw(true, TLS1_3_VERSION, &own);
    assert_status(QueryContextAttributesA(&own->context, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
    SSL_key_update(peer.ssl, SSL_KEY_UPDATE_REQUESTED);
    SSL_write(peer.ssl, "x", 1);
    raw_to_end(&peer, own);
    while (own->in_size)
        assert_status(tls_receive(own, got, &size), SEC_E_OK);
    assert_status(EncryptMessage(&own->context, 0, &desc, 0), SEC_E_BUFFER_TOO_SMALL);
    assert_mem_eq(data, "data", 4);
    buffers[2].cbBuffer = sizes.cbTrailer;
    assert_status(EncryptMessage(&own->context, 0, &desc, 0), SEC_E_OK);
    for (int i = 0; i < 3; i++)
        raw_feed(&peer, buffers[i].pvBuffer, buffers[i].cbBuffer);
    cr_assert_eq(SSL_read(peer.ssl, got, sizeof got), 4);
    assert_mem_eq(got, "data", 4);
    close_raw();
}

/* A server that wants renegotiation is told no, and the connection goes on. */
Test(again, renegotiation_is_refused)
{
    for (int raw_is_server = 0; raw_is_server < 2; raw_is_server++) {
        struct tls_end *own;

        open_raw(raw_is_server, TLS1_2_VERSION, &own);
        cr_assert_eq(SSL_renegotiate(peer.ssl), 1);
        SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, own);
        assert_status(tls_receive(own, got, &size), SEC_I_RENEGOTIATE);
        assert_status(tls_send(own, own, "no", 2), SEC_E_CONTEXT_EXPIRED);
        assert_status(tls_receive(own, got, &size), SEC_E_CONTEXT_EXPIRED);
        assert_status(tls_leg(own), SEC_E_OK);
        cr_assert_gt(own->out_size, 0);
        end_to_raw(own, &peer);
        if (raw_is_server) { /* a client that refuses may go on */
            struct tls_end carried = {0};

            SSL_read(peer.ssl, got, sizeof got);
            ERR_clear_error();
            assert_status(tls_send(own, &carried, "more", 4), SEC_E_OK);
        } else {
            cr_assert_leq(SSL_read(peer.ssl, got, sizeof got), 0);
            cr_assert_eq(ERR_GET_REASON(ERR_peek_error()), SSL_R_NO_RENEGOTIATION);
            ERR_clear_error();
        }
        close_raw();
    }
}

/* Where the operator allows it, the new handshake runs through the legs, and messages wait for it. */
Test(again, renegotiation_that_is_allowed)
{
    struct tls_setup setup = tls_usual;
    struct tls_end *own = &pair.server;
    int done = 0;

    setup.server_options[0] = "allow_insecure_renegotiation";
    setup.server_options[1] = "yes";
    tls_begin(&pair, &setup);
    raw_begin(&peer, false, TLS1_2_VERSION);
    raw_start(&peer);
    raw_handshake(&peer, own);
    cr_assert_eq(SSL_renegotiate(peer.ssl), 1);
    SSL_do_handshake(peer.ssl);
    raw_to_end(&peer, own);
    assert_status(tls_receive(own, got, &size), SEC_I_RENEGOTIATE);
    for (int leg = 0; leg < 4 && done != 1; leg++) {
        cr_assert_geq(tls_leg(own), 0, "%s", SspiStatusName(own->status));
        end_to_raw(own, &peer);
        done = SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, own);
    }
    cr_assert_eq(done, 1);
    assert_status(own->status, SEC_E_OK);
    cr_assert_eq(SSL_write(peer.ssl, "anew", 4), 4);
    raw_to_end(&peer, own);
    assert_status(tls_receive(own, got, &size), SEC_E_OK);
    assert_mem_eq(got, "anew", 4);
    close_raw();
}

static const struct pki_spec alice = {.name = "alice", .upn = "alice@example.com", .client = true};

/* Our server asks our client for its certificate after the handshake, RFC 8446 4.6.2. */
Test(again, certificate_after_the_handshake)
{
    for (int has = 0; has < 2; has++) {
        struct tls_setup setup = tls_usual;

        setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
        setup.client = has ? &alice : NULL;
        setup.server_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
        setup.server_options[0] = "tls_tickets";
        setup.server_options[1] = "0";
        tls_open(&pair, &setup);
        pair.server.in_size = 0;
        pair.server.requested |= ASC_REQ_MUTUAL_AUTH;
        pair.server.room = 3;
        assert_status(tls_leg(&pair.server), SEC_E_BUFFER_TOO_SMALL);
        pair.server.room = 0;
        assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
        tls_carry(&pair.server, &pair.client);
        assert_status(tls_receive(&pair.client, got, &size), SEC_I_RENEGOTIATE);
        assert_status(tls_leg(&pair.client), SEC_E_OK);
        tls_carry(&pair.client, &pair.server);
        do
            pair.server.status = tls_receive(&pair.server, got, &size);
        while (pair.server.status == SEC_E_OK && pair.server.in_size);
        assert_status(pair.server.status, SEC_I_RENEGOTIATE);
        assert_status(tls_leg(&pair.server), SEC_E_OK);
        tls_carry(&pair.server, &pair.client);
        cr_assert_eq(pair.server.expiry.QuadPart == INT64_MAX, !has);
        tls_talk(&pair.client, &pair.server, "hello", 5);
        tls_talk(&pair.server, &pair.client, "alice", 5);
        tls_end(&pair);
    }
}

static void talks_with_raw(struct tls_end *own)
{
    struct tls_end carried = {0};

    assert_status(tls_send(own, &carried, "still", 5), SEC_E_OK);
    raw_feed(&peer, carried.in, carried.in_size);
    cr_assert_eq(SSL_read(peer.ssl, got, sizeof got), 5);
    assert_mem_eq(got, "still", 5);
    cr_assert_eq(SSL_write(peer.ssl, "here", 4), 4);
    raw_to_end(&peer, own);
    assert_status(tls_receive(own, got, &size), SEC_E_OK);
    assert_mem_eq(got, "here", 4);
}

/* A client that cannot be asked, or a flag that Schannel does not know: nothing was sent, and the connection goes on.
 */
Test(again, what_cannot_be_done_ends_nothing)
{
    static const ULONG wishes[] = {ASC_REQ_MUTUAL_AUTH, ASC_REQ_DELEGATE};
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    for (int i = 0; i < 4; i++) {
        struct tls_end *own;
        ULONG usual;

        open_raw(false, versions[i & 1], &own);
        usual = own->requested;
        for (int again = 0; again < 2; again++) {
            own->requested = usual | wishes[i >> 1];
            own->in_size = own->out_size = 0;
            assert_status(tls_leg(own), SEC_E_UNSUPPORTED_FUNCTION);
            own_explained(i >> 1 ? "no flag 0x1" : "cannot be asked for a certificate");
            cr_assert_eq(own->out_size, 0);
            own->requested = usual;
            talks_with_raw(own);
        }
        assert_status(tls_leg(own), SEC_E_OK);
        assert_status(shut_down(own), SEC_E_OK);
        assert_status(tls_leg(own), SEC_I_CONTEXT_EXPIRED);
        close_raw();
    }
}
