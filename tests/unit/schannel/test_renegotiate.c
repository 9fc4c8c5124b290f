/*
 * renegotiate.c, with again.c and validate.c: further handshakes of TLS 1.2, begun by either side, and what must not
 * come of them.
 */
#include <openssl/err.h>

#include "own_rig.h"
#include "raw_peer.h"

#define NAME "www.example.com"

static struct tls_pair pair;
static struct raw_peer peer;
static uint8_t got[TLS_ROOM];
static size_t size;

static const struct pki_spec server = {.name = NAME};
static const struct pki_spec alice = {.name = "alice", .upn = "alice@example.com", .client = true};
static const struct pki_spec bob = {.name = "bob", .upn = "bob@example.com", .client = true};
static const struct pki_spec mallory = {.name = "mallory", .upn = "mallory@example.com", .client = true};

/* Two ends of TLS 1.2, of which alice and bob have accounts, not yet begun. */
static void begin(bool server_allows, bool client_allows)
{
    SspiAccountStore *store;

    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_trust(&pair.server);
    own_trust(&pair.client);
    own_option(&pair.server, "tls_maximum_version", "1.2");
    own_option(&pair.server, "tls_tickets", "0");
    if (server_allows)
        own_option(&pair.server, "allow_insecure_renegotiation", "yes");
    if (client_allows)
        own_option(&pair.client, "allow_insecure_renegotiation", "yes");
    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, "alice", "example.com", "x", 1), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, "bob", "example.com", "x", 1), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&pair.server.credential, store), SEC_E_OK);
    SspiAccountStoreFree(store);
    pair.client.target = NAME;
}

static SECURITY_STATUS control(struct tls_end *end)
{
    DWORD kind = SCHANNEL_RENEGOTIATE;
    SecBuffer buffer = {sizeof kind, SECBUFFER_TOKEN, &kind};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &buffer};

    return ApplyControlToken(&end->context, &desc);
}

static const char *account_of(struct tls_end *end)
{
    static char name[64];
    SecPkgContext_NamesA names;

    if (QueryContextAttributesA(&end->context, SECPKG_ATTR_NAMES, &names) != SEC_E_OK)
        return "";
    snprintf(name, sizeof name, "%s", names.sUserName);
    assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    return name;
}

/* One turn of an end: what came is decrypted until DecryptMessage says that a handshake is due, then legs run. */
static SECURITY_STATUS turn(struct tls_end *end, struct tls_end *other, bool *busy)
{
    if (!*busy && end->in_size) {
        end->status = tls_receive(end, got, &size);
        *busy = end->status == SEC_I_RENEGOTIATE;
        if (!*busy)
            return end->status;
    }
    if (!*busy)
        return SEC_E_OK;
    tls_leg(end);
    tls_carry(end, other);
    *busy = end->status == SEC_I_CONTINUE_NEEDED || end->status == SEC_E_INCOMPLETE_MESSAGE;
    return end->status == SEC_E_INCOMPLETE_MESSAGE ? SEC_E_OK : end->status;
}

/* After a request of either end went out. The failure of whoever fails first, or SEC_E_OK. */
static SECURITY_STATUS settle(void)
{
    bool server_busy = false, client_busy = false;

    for (int i = 0; i < 12; i++) {
        SECURITY_STATUS status = turn(&pair.client, &pair.server, &client_busy);

        if (status >= 0)
            status = turn(&pair.server, &pair.client, &server_busy);
        if (status < 0)
            return status;
    }
    cr_assert_not(server_busy || client_busy);
    return SEC_E_OK;
}

static void talk_both_ways(void)
{
    tls_talk(&pair.client, &pair.server, "hello", 5);
    tls_talk(&pair.server, &pair.client, "and back", 8);
}

/* h2: 9 bytes of list. */
static const uint8_t h2[] = {9, 0, 0, 0, 2, 0, 0, 0, 3, 0, 2, 'h', '2'};

static void h2_is_spoken(struct tls_end *end)
{
    SecPkgContext_ApplicationProtocol protocol;

    assert_status(QueryContextAttributesA(&end->context, SECPKG_ATTR_APPLICATION_PROTOCOL, &protocol), SEC_E_OK);
    cr_assert_eq(protocol.ProtocolIdSize, 2);
    assert_mem_eq(protocol.ProtocolId, "h2", 2);
}

/* The server asks for the client's certificate in the middle of the conversation. */
Test(renegotiate, server_asks_for_a_certificate)
{
    begin(true, true);
    own_certificate(&pair.client, own_pem(&alice), false);
    pair.server.protocols = pair.client.protocols = h2;
    pair.server.protocols_size = pair.client.protocols_size = sizeof h2;
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_str_eq(account_of(&pair.server), "");
    talk_both_ways();
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    pair.server.room = 3;
    assert_status(tls_leg(&pair.server), SEC_E_BUFFER_TOO_SMALL);
    pair.server.room = 0;
    assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
    assert_status(tls_send(&pair.client, &pair.server, "meanwhile", 9), SEC_E_OK); /* before it learns of it */
    assert_status(tls_receive(&pair.server, got, &size), SEC_E_OK);
    assert_mem_eq(got, "meanwhile", 9);
    tls_carry(&pair.server, &pair.client);
    assert_status(settle(), SEC_E_OK);
    cr_assert_str_eq(account_of(&pair.server), "example.com\\alice");
    cr_assert(pair.server.attributes & ASC_RET_MUTUAL_AUTH);
    h2_is_spoken(&pair.server);
    h2_is_spoken(&pair.client);
    talk_both_ways();
    tls_end(&pair);
}

Test(renegotiate, asked_for_by_a_control_token)
{
    struct tls_end *ends[] = {&pair.client, &pair.server};

    for (int i = 0; i < 2; i++) {
        begin(true, true);
        cr_assert_not(own_open(&pair, NAME));
        for (int round = 0; round < 2; round++) {
            assert_status(control(ends[i]), SEC_E_OK);
            assert_status(tls_leg(ends[i]), SEC_I_CONTINUE_NEEDED);
            assert_status(control(ends[i]), SEC_E_UNSUPPORTED_FUNCTION); /* one is under way */
            tls_carry(ends[i], ends[1 - i]);
            assert_status(settle(), SEC_E_OK);
            talk_both_ways();
        }
        tls_end(&pair);
    }
}

/* A client that calls without any input begins one; data that is on its way still arrives, but none goes out. */
Test(renegotiate, client_without_input)
{
    SecBuffer buffer = {TLS_ROOM, SECBUFFER_TOKEN, pair.client.out};
    SecBufferDesc out = {SECBUFFER_VERSION, 1, &buffer};

    begin(true, true);
    cr_assert_not(own_open(&pair, NAME));
    assert_status(InitializeSecurityContextA(&pair.client.credential, &pair.client.context, (SEC_CHAR *)NAME, 0, 0, 0,
                                             NULL, 0, NULL, &out, &pair.client.attributes, NULL),
                  SEC_I_CONTINUE_NEEDED);
    pair.client.out_size = buffer.cbBuffer;
    cr_assert_gt(pair.client.out_size, 0);
    assert_status(tls_send(&pair.client, &pair.server, "no", 2), SEC_E_CONTEXT_EXPIRED);
    assert_status(tls_send(&pair.server, &pair.client, "yes", 3), SEC_E_OK);
    assert_status(tls_receive(&pair.client, got, &size), SEC_E_OK);
    assert_mem_eq(got, "yes", 3);
    tls_carry(&pair.client, &pair.server);
    assert_status(settle(), SEC_E_OK);
    talk_both_ways();
    tls_end(&pair);
}

/* Who did not allow it neither begins nor joins. */
Test(renegotiate, only_where_it_is_allowed)
{
    begin(false, true);
    cr_assert_not(own_open(&pair, NAME));
    assert_status(control(&pair.server), SEC_E_UNSUPPORTED_FUNCTION);
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    assert_status(tls_leg(&pair.server), SEC_E_UNSUPPORTED_FUNCTION);
    tls_end(&pair);
    begin(true, false);
    cr_assert_not(own_open(&pair, NAME));
    assert_status(control(&pair.client), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(control(&pair.server), SEC_E_OK);
    assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.server, &pair.client);
    cr_assert_lt(settle(), 0); /* the client says no, and the server had a reason to ask */
    tls_end(&pair);
}

static void begin_raw(bool raw_is_server, uint64_t options)
{
    begin(true, true);
    raw_begin(&peer, raw_is_server, TLS1_2_VERSION);
    SSL_CTX_set_options(peer.tls, options | SSL_OP_NO_TICKET | SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
}

static void end_raw(void)
{
    raw_end(&peer);
    tls_end(&pair);
}

/* RFC 7627: without the extended master secret the first handshake may have been made by somebody in the middle. */
Test(renegotiate, never_without_the_extended_master_secret)
{
    for (int raw_is_server = 0; raw_is_server < 2; raw_is_server++) {
        struct tls_end *own = raw_is_server ? &pair.client : &pair.server;

        begin_raw(raw_is_server, SSL_OP_NO_EXTENDED_MASTER_SECRET);
        raw_start(&peer);
        raw_handshake(&peer, own);
        assert_status(control(own), SEC_E_UNSUPPORTED_FUNCTION);
        cr_assert_eq(SSL_renegotiate(peer.ssl), 1);
        SSL_do_handshake(peer.ssl);
        raw_to_end(&peer, own);
        assert_status(tls_receive(own, got, &size), SEC_I_RENEGOTIATE);
        assert_status(tls_leg(own), SEC_E_OK);
        end_to_raw(own, &peer);
        cr_assert_leq(SSL_read(peer.ssl, got, sizeof got), 0);
        cr_assert(raw_is_server || ERR_GET_REASON(ERR_peek_error()) == SSL_R_NO_RENEGOTIATION);
        ERR_clear_error();
        end_raw();
    }
}

/* ---- Who it is ---- */

/* Drives a handshake that the raw peer began. Our end's last status. */
static SECURITY_STATUS raw_renegotiates(struct tls_end *own)
{
    bool busy = false;

    cr_assert_eq(SSL_renegotiate(peer.ssl), 1);
    for (int i = 0; i < 8; i++) {
        (void)SSL_do_handshake(peer.ssl);
        if (SSL_is_server(peer.ssl))
            (void)SSL_read(peer.ssl, got, sizeof got);
        ERR_clear_error();
        raw_to_end(&peer, own);
        if (!busy && own->in_size) {
            own->status = tls_receive(own, got, &size);
            busy = own->status == SEC_I_RENEGOTIATE;
        }
        if (busy && (own->in_size || i == 0)) {
            tls_leg(own);
            end_to_raw(own, &peer);
        }
        if (own->status < 0 && own->status != SEC_E_INCOMPLETE_MESSAGE)
            return own->status;
        busy = busy && own->status != SEC_E_OK;
    }
    return own->status;
}

static void raw_shows(const struct pki_spec *spec)
{
    X509 *x509 = pki_certificate(spec);

    cr_assert_eq(SSL_use_cert_and_key(peer.ssl, x509, pki_private(spec->key), NULL, 1), 1);
    X509_free(x509);
}

/* The account follows what was verified and mapped, and is not kept by who shows something else, or nothing. */
Test(renegotiate, account_is_proven_anew)
{
    static const struct {
        const struct pki_spec *second;
        SECURITY_STATUS status;
        const char *account;
    } rows[] = {
        {&alice, SEC_E_OK, "example.com\\alice"},
        {&bob, SEC_E_OK, "example.com\\bob"},
        {&mallory, SEC_E_LOGON_DENIED, ""},
        {NULL, SEC_E_LOGON_DENIED, ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin_raw(false, 0);
        raw_start(&peer);
        raw_shows(&alice);
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        raw_handshake(&peer, &pair.server);
        cr_assert_str_eq(account_of(&pair.server), "example.com\\alice");
        if (rows[i].second)
            raw_shows(rows[i].second);
        else
            SSL_certs_clear(peer.ssl);
        assert_status(raw_renegotiates(&pair.server), rows[i].status);
        cr_assert_str_eq(account_of(&pair.server), rows[i].account);
        end_raw();
    }
}

/* A server that becomes another one: OpenSSL checks again where it checked, else it must be the same certificate. */
Test(renegotiate, server_is_proven_anew)
{
    static const struct pki_spec other = {.name = "other.example.com"};
    static const struct pki_spec forged = {.name = NAME, .self_signed = true};
    static const struct {
        const struct pki_spec *second;
        bool manual;
        SECURITY_STATUS status;
    } rows[] = {
        {NULL, false, SEC_E_OK},
        {&server, false, SEC_E_OK}, /* renewed */
        {&other, false, SEC_E_WRONG_PRINCIPAL},
        {&forged, false, SEC_E_UNTRUSTED_ROOT},
        {NULL, true, SEC_E_OK},
        {&server, true, SEC_E_CERT_UNKNOWN},
        {&other, true, SEC_E_CERT_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin_raw(true, 0);
        raw_start(&peer);
        pair.client.requested = rows[i].manual ? ISC_REQ_MANUAL_CRED_VALIDATION : 0;
        raw_handshake(&peer, &pair.client);
        if (rows[i].second)
            raw_shows(rows[i].second);
        assert_status(raw_renegotiates(&pair.client), rows[i].status);
        if (rows[i].status == SEC_E_OK) {
            cr_assert_eq(SSL_write(peer.ssl, "anew", 4), 4);
            raw_to_end(&peer, &pair.client);
            assert_status(tls_receive(&pair.client, got, &size), SEC_E_OK);
            assert_mem_eq(got, "anew", 4);
        }
        end_raw();
    }
}
