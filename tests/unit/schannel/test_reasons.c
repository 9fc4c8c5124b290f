/*
 * alert.c: whether it was the peer's certificate, an offer with nothing in common, or bytes that are no TLS.
 * provider.c: what SspiCredentialCheck says beforehand.
 */
#include "base/bytes.h"
#include "own_rig.h"
#include "raw_peer.h"

#define NAME "www.example.com"

static struct tls_pair pair;
static struct raw_peer peer;
static const struct pki_spec server = {.name = NAME};

/* A hello of plain OpenSSL to our server, as `settle` wants it: refused, and why. */
static void hello_refused(int version, void (*settle)(SSL_CTX *), SECURITY_STATUS status, ULONG reason)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    raw_begin(&peer, false, version);
    settle(peer.tls);
    raw_start(&peer);
    SSL_do_handshake(peer.ssl);
    raw_to_end(&peer, &pair.server);
    assert_status(tls_leg(&pair.server), status);
    cr_assert_eq(SspiQueryLastFailureReason(), reason);
    if (status == SEC_E_UNSUPPORTED_FUNCTION)
        own_explained("tls_minimum_version 1.2 and tls_maximum_version 1.3");
    raw_end(&peer);
    tls_end(&pair);
}

static void weak(SSL_CTX *tls)
{
    SSL_CTX_set_security_level(tls, 0);
}

static void another_cipher(SSL_CTX *tls)
{
    cr_assert_eq(SSL_CTX_set_cipher_list(tls, "ECDHE-RSA-AES128-GCM-SHA256"), 1);
}

static void another_group(SSL_CTX *tls)
{
    cr_assert_eq(SSL_CTX_set1_groups_list(tls, "ffdhe8192"), 1);
}

static void another_signature(SSL_CTX *tls)
{
    cr_assert_eq(SSL_CTX_set1_sigalgs_list(tls, "ed448"), 1);
}

Test(reasons, nothing_in_common)
{
    hello_refused(TLS1_1_VERSION, weak, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_POLICY);
    hello_refused(TLS1_2_VERSION, another_cipher, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
    hello_refused(TLS1_3_VERSION, another_group, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
    hello_refused(TLS1_3_VERSION, another_signature, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
}

/* SecApplicationProtocolNegotiationExt_ALPN with one name. */
static const uint8_t ftp[] = {10, 0, 0, 0, 2, 0, 0, 0, 4, 0, 3, 'f', 't', 'p'};
static const uint8_t pop[] = {10, 0, 0, 0, 2, 0, 0, 0, 4, 0, 3, 'p', 'o', 'p'};

Test(reasons, no_application_protocol_in_common)
{
    tls_begin(&pair, &tls_usual);
    pair.server.protocols = ftp;
    pair.server.protocols_size = sizeof ftp;
    pair.client.protocols = pop;
    pair.client.protocols_size = sizeof pop;
    pair.client.target = NAME;
    assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), SEC_E_APPLICATION_PROTOCOL_MISMATCH);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_POLICY);
    tls_end(&pair);
}

Test(reasons, client_without_a_certificate)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

    for (int i = 0; i < 2; i++) {
        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, own_pem(&server), false);
        own_trust(&pair.server);
        own_option(&pair.server, "tls_client_certificate", "require");
        raw_begin(&peer, false, versions[i]);
        raw_start(&peer);
        for (int leg = 0; leg < 4 && pair.server.status == SEC_I_CONTINUE_NEEDED; leg++) {
            (void)SSL_do_handshake(peer.ssl);
            raw_to_end(&peer, &pair.server);
            tls_leg(&pair.server);
            end_to_raw(&pair.server, &peer);
        }
        cr_assert_lt(pair.server.status, 0);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_PEER_CERTIFICATE);
        if (i)
            own_explained("certificate required");
        raw_end(&peer);
        tls_end(&pair);
    }
}

Test(reasons, certificate_of_an_unknown_authority)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_run(&pair, NAME); /* the system's authorities */
    assert_status(pair.client.status, SEC_E_UNTRUSTED_ROOT);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_PEER_CERTIFICATE);
    own_explained("(of CN=www.example.com,O=Example, issued by CN=Example Authority");
    tls_end(&pair);
}

/* Another protocol, and a record of no version there is. */
Test(reasons, no_tls_at_all)
{
    static const uint8_t strange[] = {22, 9, 9, 0, 5, 1, 0, 0, 1, 3};
    static const char web[] = "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n";
    const struct bytes tokens[] = {bytes_of(strange, sizeof strange), bytes_of(web, sizeof web - 1)};

    for (size_t i = 0; i < 2; i++) {
        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, own_pem(&server), false);
        memcpy(pair.server.in, tokens[i].data, tokens[i].size);
        pair.server.in_size = tokens[i].size;
        cr_assert_lt(tls_leg(&pair.server), 0);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_MALFORMED_TOKEN);
        tls_end(&pair);
    }
}

/* ---- SspiCredentialCheck ---- */

Test(reasons, clients_certificates_that_nothing_checks)
{
    static const char *const asked[] = {"request", "require"};
    SCH_CREDENTIALS manual = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION};

    for (int i = 0; i < 4; i++) {
        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, own_pem(&server), false);
        own_option(&pair.server, "tls_client_certificate", asked[i / 2]);
        if (i % 2)
            own_trust(&pair.server);
        assert_status(SspiCredentialCheck(&pair.server.credential), i % 2 ? SEC_E_OK : SEC_E_NO_CREDENTIALS);
        cr_assert(i % 2 || SspiQueryLastFailureReason() == SSPI_REASON_CERTIFICATE);
        if (!(i % 2))
            own_explained("tls_trust is needed");
        tls_end(&pair);
    }
    own_begin(&pair, &manual, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_option(&pair.server, "tls_client_certificate", "require");
    assert_status(SspiCredentialCheck(&pair.server.credential), SEC_E_OK);
    tls_end(&pair);
}

Test(reasons, trust_of_a_client_that_is_missing)
{
    own_begin(&pair, NULL, NULL);
    own_option(&pair.client, "tls_trust", "/nonexistent/anchors.pem");
    assert_status(SspiCredentialCheck(&pair.client.credential), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_CERTIFICATE);
    own_explained("/nonexistent/anchors.pem");
    tls_end(&pair);
    own_begin(&pair, NULL, NULL);
    own_trust(&pair.client);
    assert_status(SspiCredentialCheck(&pair.client.credential), SEC_E_OK);
    tls_end(&pair);
}
