/* alert.c: refusals, the status, the alert in its buffer, the record for the peer, and nothing of it on other
 * connections. */
#include <openssl/err.h>

#include "raw_peer.h"
#include "schannel/engine.h"

static struct tls_pair pair;

/* Facts of Windows: the alert that comes, and the status that programs get. */
static const struct {
    int description;
    SECURITY_STATUS status;
} received[] = {
    {TLS1_ALERT_UNEXPECTED_MESSAGE, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_RECORD_OVERFLOW, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_HANDSHAKE_FAILURE, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_ILLEGAL_PARAMETER, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_DECODE_ERROR, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_EXPORT_RESTRICTION, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_NO_RENEGOTIATION, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_UNSUPPORTED_EXT, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_UNKNOWN_PSK_IDENTITY, SEC_E_ILLEGAL_MESSAGE},
    {200, SEC_E_ILLEGAL_MESSAGE},
    {TLS1_ALERT_BAD_RECORD_MAC, SEC_E_MESSAGE_ALTERED},
    {TLS1_ALERT_DECOMPRESSION_FAIL, SEC_E_MESSAGE_ALTERED},
    {TLS1_ALERT_DECRYPTION_FAILED, SEC_E_DECRYPT_FAILURE},
    {TLS1_ALERT_DECRYPT_ERROR, SEC_E_DECRYPT_FAILURE},
    {TLS1_ALERT_BAD_CERTIFICATE, SEC_E_CERT_UNKNOWN},
    {TLS1_ALERT_UNSUPPORTED_CERT, SEC_E_CERT_UNKNOWN},
    {TLS1_ALERT_CERTIFICATE_UNKNOWN, SEC_E_CERT_UNKNOWN},
    {TLS1_ALERT_CERTIFICATE_REVOKED, CRYPT_E_REVOKED},
    {TLS1_ALERT_CERTIFICATE_EXPIRED, SEC_E_CERT_EXPIRED},
    {TLS1_ALERT_UNKNOWN_CA, SEC_E_UNTRUSTED_ROOT},
    {TLS1_ALERT_ACCESS_DENIED, SEC_E_LOGON_DENIED},
    {TLS1_ALERT_PROTOCOL_VERSION, SEC_E_UNSUPPORTED_FUNCTION},
    {TLS1_ALERT_INSUFFIENT_SECURITY, SEC_E_ALGORITHM_MISMATCH},
    {TLS1_ALERT_INTERNAL_ERROR, SEC_E_INTERNAL_ERROR},
    {TLS1_ALERT_USER_CANCELED, SEC_E_UNFINISHED_CONTEXT_DELETED},
    {TLS1_ALERT_NO_APP_PROTOCOL, SEC_E_APPLICATION_PROTOCOL_MISMATCH},
};

static void begin(void)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
}

Test(alerts, received_in_a_handshake)
{
    begin();
    for (size_t i = 0; i < sizeof received / sizeof *received; i++) {
        const uint8_t record[] = {21, 3, 3, 0, 2, 2, (uint8_t)received[i].description};
        ULONG reason;

        assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
        memcpy(pair.client.in, record, sizeof record);
        pair.client.in_size = sizeof record;
        pair.client.requested = ISC_REQ_EXTENDED_ERROR;
        test_status(__FILE__, received[i].description, tls_leg(&pair.client), received[i].status);
        cr_assert_eq(pair.client.alert_size, 0); /* none of ours */
        cr_assert_eq(pair.client.out_size, 0);
        assert_status(SspiQueryContextReason(&pair.client.context, &reason), SEC_E_OK);
        cr_assert_eq(reason, SSPI_REASON_PEER_REFUSED);
        tls_again(&pair);
    }
    tls_end(&pair);
}

/* A hello that offers nothing we take. The record for the client goes out with EXTENDED_ERROR alone. */
Test(alerts, no_common_cipher)
{
    for (int asked = 0; asked < 2; asked++) {
        struct raw_peer peer;

        begin();
        raw_begin(&peer, false, TLS1_2_VERSION);
        cr_assert_eq(SSL_CTX_set_cipher_list(peer.tls, "ECDHE-RSA-AES128-GCM-SHA256"), 1);
        raw_start(&peer);
        SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, &pair.server);
        pair.server.requested = asked ? ASC_REQ_EXTENDED_ERROR : 0;
        assert_status(tls_leg(&pair.server), SEC_E_ALGORITHM_MISMATCH);
        cr_assert_not(SecIsValidHandle(&pair.server.context));
        cr_assert_eq(pair.server.alert_size, 2);
        cr_assert_eq(pair.server.alert[0], TLS1_ALERT_FATAL);
        cr_assert_eq(pair.server.alert[1], TLS1_ALERT_HANDSHAKE_FAILURE);
        cr_assert_eq(pair.server.out_size, asked ? 7 : 0);
        if (asked) {
            end_to_raw(&pair.server, &peer);
            cr_assert_leq(SSL_do_handshake(peer.ssl), 0);
            cr_assert_eq(ERR_GET_REASON(ERR_peek_error()), SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE);
            ERR_clear_error();
        }
        raw_end(&peer);
        tls_end(&pair);
    }
}

Test(alerts, versions_that_do_not_meet)
{
    struct raw_peer peer;

    begin();
    raw_begin(&peer, false, TLS1_1_VERSION);
    SSL_CTX_set_security_level(peer.tls, 0);
    raw_start(&peer);
    SSL_do_handshake(peer.ssl);
    raw_to_end(&peer, &pair.server);
    pair.server.requested = ASC_REQ_EXTENDED_ERROR;
    assert_status(tls_leg(&pair.server), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_eq(pair.server.alert[1], TLS1_ALERT_PROTOCOL_VERSION);
    cr_assert_eq(pair.server.out_size, 7);
    raw_end(&peer);
    tls_end(&pair);
}

/* Allocated outputs: the token and the alert are the caller's to free. */
Test(alerts, allocated)
{
    static uint8_t hello[] = {22, 3, 1, 0, 5, 1, 0, 0, 1, 3};
    SecBuffer in_buffers[2] = {{sizeof hello, SECBUFFER_TOKEN, hello}, {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer out_buffers[2] = {{0, SECBUFFER_TOKEN, NULL}, {0, SECBUFFER_ALERT, NULL}};
    SecBufferDesc in = {SECBUFFER_VERSION, 2, in_buffers}, out = {SECBUFFER_VERSION, 2, out_buffers};
    ULONG attributes;

    begin();
    cr_assert_lt(AcceptSecurityContext(&pair.server.credential, NULL, &in,
                                       ASC_REQ_ALLOCATE_MEMORY | ASC_REQ_EXTENDED_ERROR, 0, &pair.server.context, &out,
                                       &attributes, NULL),
                 0);
    cr_assert_eq(out_buffers[0].cbBuffer, 7);
    cr_assert_eq(out_buffers[1].cbBuffer, 2);
    cr_assert_eq(((uint8_t *)out_buffers[1].pvBuffer)[1], ((uint8_t *)out_buffers[0].pvBuffer)[6]);
    assert_status(FreeContextBuffer(out_buffers[0].pvBuffer), SEC_E_OK);
    assert_status(FreeContextBuffer(out_buffers[1].pvBuffer), SEC_E_OK);
    tls_end(&pair);
}

/* No ALERT buffer, one that is too small, none but the token. */
Test(alerts, buffer_that_is_missing_or_small)
{
    static uint8_t hello[] = {22, 3, 1, 0, 5, 1, 0, 0, 1, 3};
    uint8_t token[64], alert[1] = {0x55};

    begin();
    for (int form = 0; form < 2; form++) {
        SecBuffer in_buffer = {sizeof hello, SECBUFFER_TOKEN, hello};
        SecBuffer out_buffers[2] = {{sizeof token, SECBUFFER_TOKEN, token}, {sizeof alert, SECBUFFER_ALERT, alert}};
        SecBufferDesc in = {SECBUFFER_VERSION, 1, &in_buffer}, out = {SECBUFFER_VERSION, form ? 2 : 1, out_buffers};
        ULONG attributes;

        cr_assert_lt(AcceptSecurityContext(&pair.server.credential, NULL, &in, ASC_REQ_EXTENDED_ERROR, 0,
                                           &pair.server.context, &out, &attributes, NULL),
                     0);
        cr_assert_eq(out_buffers[0].cbBuffer, 7);
        cr_assert_eq(alert[0], 0x55);
        if (form)
            cr_assert_eq(out_buffers[1].cbBuffer, 0);
    }
    tls_end(&pair);
}

Test(alerts, garbage)
{
    static const char *const garbage[] = {"x", "GET / HTTP/1.1\r\n\r\n", "\x16\x02\x00", "\x17\x03\x03\xFF\xFF..."};

    begin();
    for (size_t i = 0; i < sizeof garbage / sizeof *garbage; i++) {
        pair.server.in_size = i == 2 ? 3 : strlen(garbage[i]);
        memcpy(pair.server.in, garbage[i], pair.server.in_size);
        assert_status(tls_leg(&pair.server), SEC_E_INVALID_TOKEN);
        cr_assert_not(SecIsValidHandle(&pair.server.context));
    }
    pair.server.in_size = 0;
    assert_status(tls_leg(&pair.server), SEC_E_INVALID_TOKEN);
    tls_end(&pair);
}

/* Errors that others left in OpenSSL's queue are not ours, and ours are not left to others. */
Test(alerts, poisoned_queue)
{
    begin();
    ERR_raise(ERR_LIB_SSL, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.client, &pair.server);
    ERR_raise(ERR_LIB_SSL, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.server, &pair.client);
    ERR_raise(ERR_LIB_SSL, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    assert_status(tls_leg(&pair.client), SEC_E_OK);
    tls_carry(&pair.client, &pair.server);
    ERR_raise(ERR_LIB_SSL, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    assert_status(tls_leg(&pair.server), SEC_E_OK);
    ERR_raise(ERR_LIB_SSL, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    tls_talk(&pair.client, &pair.server, "hello", 5);
    cr_assert_eq(ERR_peek_error(), 0);
    tls_again(&pair);
    memcpy(pair.server.in, "garbage", 7);
    pair.server.in_size = 7;
    assert_status(tls_leg(&pair.server), SEC_E_INVALID_TOKEN);
    cr_assert_eq(ERR_peek_error(), 0);
    tls_end(&pair);
}

/* Every single byte of every flight altered: refused or without meaning, never a crash, and the next login works. */
static void altered_flight(int flight, size_t place)
{
    struct tls_end *ends[2] = {&pair.client, &pair.server};

    for (int leg = 0; leg < 4; leg++) {
        struct tls_end *from = ends[leg % 2], *to = ends[(leg + 1) % 2];

        if (from->status == SEC_I_CONTINUE_NEEDED)
            tls_leg(from);
        if (leg == flight && place < from->out_size)
            from->out[place] ^= 0x21;
        tls_carry(from, to);
        if (from->status < 0 && from->status != SEC_E_INCOMPLETE_MESSAGE)
            break;
    }
    tls_again(&pair);
}

Test(alerts, every_altered_byte_of_a_handshake, .timeout = 200)
{
    begin();
    pair.server.requested = ASC_REQ_EXTENDED_ERROR;
    pair.client.requested = ISC_REQ_EXTENDED_ERROR;
    for (int flight = 0; flight < 3; flight++)
        for (size_t place = 0; place < 700; place += 3)
            altered_flight(flight, place);
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    tls_end(&pair);
}
