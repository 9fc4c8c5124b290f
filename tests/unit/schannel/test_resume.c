/*
 * resume.c: for what a session may be resumed, and until when.
 */
#include "own_rig.h"
#include "raw_peer.h"

#include <unistd.h>

#include "base/clock.h"
#include "schannel/credential.h"

#define NAME "www.example.com"
#define LIFESPAN 36000 /* by default */

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
static const char *const version_names[] = {"1.2", "1.3"};
static const struct pki_spec server = {.name = NAME};

static struct tls_pair pair;

/* ---- The name ---- */

static SSL_SESSION *offered;

static int session_take(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    SSL_SESSION_free(offered);
    offered = session;
    return 1;
}

/* One connection of OpenSSL's to our server; whether what is `offered` was taken. With `ticket` false by number. */
static bool resumed(int version, const char *name, bool ticket)
{
    struct raw_peer raw;
    char got[16];
    bool result;

    raw_begin(&raw, false, version);
    SSL_CTX_set_session_cache_mode(raw.tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(raw.tls, session_take);
    if (!ticket)
        SSL_CTX_set_options(raw.tls, SSL_OP_NO_TICKET);
    raw_start(&raw);
    if (name)
        cr_assert_eq(SSL_set_tlsext_host_name(raw.ssl, name), 1);
    if (offered)
        cr_assert_eq(SSL_set_session(raw.ssl, offered), 1);
    raw_to_end(&raw, &pair.server);
    raw_handshake(&raw, &pair.server);
    cr_assert_lt(SSL_read(raw.ssl, got, sizeof got), 1); /* takes the tickets */
    result = SSL_session_reused(raw.ssl);
    SSL_set_shutdown(raw.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    raw_end(&raw);
    tls_again(&pair);
    return result;
}

static void forget(void)
{
    SSL_SESSION_free(offered);
    offered = NULL;
}

static void names_check(int version, bool ticket)
{
    static const struct {
        const char *first, *second;
        bool resumes;
    } rows[] = {{NAME, NAME, true},
                {NAME, "WWW.Example.COM", true},
                {NULL, NULL, true},
                {NAME, "mail.example.com", false},
                {"mail.example.com", NAME, false},
                {NULL, NAME, false},
                {NAME, NULL, false},
                {NAME, NAME ".", false}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_assert_not(resumed(version, rows[i].first, ticket));
        cr_assert_not_null(offered);
        cr_assert_eq(resumed(version, rows[i].second, ticket), rows[i].resumes, "%x, %d, row %zu", version, ticket, i);
        forget();
    }
}

/* RFC 6066 3: under another name a full handshake, which shows the certificate of that name. */
Test(resume, under_the_same_name_alone)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    names_check(TLS1_2_VERSION, true);
    names_check(TLS1_2_VERSION, false);
    names_check(TLS1_3_VERSION, true);
    tls_end(&pair);
}

Test(resume, under_the_same_name_alone_with_several_certificates)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "mail.example.com"}), true);
    for (int i = 0; i < 2; i++)
        names_check(versions[i], true);
    tls_end(&pair);
}

/* ---- The end ---- */

static void begin(const struct pki_spec *host, const struct pki_spec *client, int version)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(host), false);
    own_option(&pair.server, "tls_minimum_version", version_names[version]);
    own_option(&pair.server, "tls_maximum_version", version_names[version]);
    own_trust(&pair.server);
    own_trust(&pair.client);
    if (client)
        own_certificate(&pair.client, own_pem(client), false);
    pair.server.requested = client ? ASC_REQ_MUTUAL_AUTH : 0;
}

/* How long the tickets are good that a client with this certificate gets, first and, two seconds later, in a resumed
 * session. */
static void hints(int version, const struct pki_spec *client, unsigned long hint[2])
{
    X509 *x509 = client ? pki_certificate(client) : NULL;

    begin(&server, client, version);
    for (int i = 0; i < 2; i++) {
        struct raw_peer raw;
        char got[16];

        raw_begin(&raw, false, 0);
        if (client)
            cr_assert_eq(SSL_CTX_use_cert_and_key(raw.tls, x509, pki_private(client->key), NULL, 1), 1);
        SSL_CTX_set_session_cache_mode(raw.tls, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
        SSL_CTX_sess_set_new_cb(raw.tls, session_take);
        raw_start(&raw);
        if (offered)
            cr_assert_eq(SSL_set_session(raw.ssl, offered), 1);
        sleep(i && client ? 2 : 0);
        raw_to_end(&raw, &pair.server);
        raw_handshake(&raw, &pair.server);
        cr_assert_lt(SSL_read(raw.ssl, got, sizeof got), 1);
        cr_assert_eq(SSL_session_reused(raw.ssl), i);
        hint[i] = SSL_SESSION_get_ticket_lifetime_hint(offered);
        SSL_set_shutdown(raw.ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
        raw_end(&raw);
        tls_again(&pair);
    }
    forget();
    X509_free(x509);
    tls_end(&pair);
}

Test(resume, not_beyond_the_certificate_of_the_client)
{
    const struct pki_spec alice = {.name = "alice", .client = true, .starts = -60, .ends = 600};
    unsigned long hint[2];

    for (int i = 0; i < 2; i++) {
        hints(i, NULL, hint);
        cr_assert(hint[0] == LIFESPAN && hint[1] == LIFESPAN, "%lu %lu", hint[0], hint[1]);
        hints(i, &alice, hint);
        cr_assert(hint[0] > 500 && hint[0] <= 600, "%lu", hint[0]);
        /* TLS 1.3 gives a new one, which has the less time left. */
        cr_assert(hint[1] > 500 && hint[1] <= hint[0] - (i ? 1 : 0), "%lu after %lu", hint[1], hint[0]);
    }
}

Test(resume, a_session_that_is_over)
{
    SSL_SESSION *session = SSL_SESSION_new();
    const int64_t soon = clock_now() + 100 * CLOCK_TICKS_PER_SECOND, past = clock_now() - 5 * CLOCK_TICKS_PER_SECOND;

    cr_assert_not_null(session);
    SSL_SESSION_set_timeout(session, LIFESPAN);
    schannel_resume_limit(session); /* of nobody's certificate */
    cr_assert_eq(SSL_SESSION_get_timeout(session), LIFESPAN);
    cr_assert_eq(SSL_SESSION_set1_ticket_appdata(session, &soon, sizeof soon), 1);
    schannel_resume_limit(session);
    cr_assert(SSL_SESSION_get_timeout(session) > 90 && SSL_SESSION_get_timeout(session) <= 100);
    cr_assert_not(schannel_resume_over(session));
    SSL_SESSION_set_time(session, SSL_SESSION_get_time(session) - 10);
    cr_assert_eq(SSL_SESSION_set1_ticket_appdata(session, &past, sizeof past), 1);
    schannel_resume_limit(session);
    cr_assert(schannel_resume_over(session));
    SSL_SESSION_free(session);
}

/* Certificates that live for seconds: on both sides and in both versions, and then one wait for all. */
#define SECONDS 8

Test(resume, not_after_a_certificate_has_ended, .timeout = 120)
{
    const struct pki_spec alice = {.name = "alice", .client = true, .starts = -60, .ends = SECONDS};
    const struct pki_spec brief = {.name = NAME, .starts = -60, .ends = SECONDS};
    static struct tls_pair pairs[4];

    for (int i = 0; i < 4; i++) {
        begin(i < 2 ? &server : &brief, i < 2 ? &alice : NULL, i % 2);
        cr_assert_not(own_open(&pair, NAME));
        tls_again(&pair);
        cr_assert(own_open(&pair, NAME));
        cr_assert_lt((i < 2 ? pair.server : pair.client).expiry.QuadPart,
                     clock_to_local(clock_now() + (SECONDS + 1) * CLOCK_TICKS_PER_SECOND));
        tls_again(&pair);
        pairs[i] = pair;
    }
    sleep(SECONDS + 1);
    for (int i = 0; i < 4; i++) {
        own_run(&pairs[i], NAME);
        assert_status((i < 2 ? pairs[i].server : pairs[i].client).status, SEC_E_CERT_EXPIRED);
        tls_end(&pairs[i]);
    }
}

/* ---- Another credential, another account ---- */

/* Whoever leaves the trust is met by a new credential, to which sessions of the old one mean nothing. */
Test(resume, not_with_another_credential)
{
    const struct pki_spec alice = {.name = "alice", .client = true};
    const struct pki_spec other = {.name = "Other Authority", .self_signed = true};
    static struct tls_pair renewed;

    for (int i = 0; i < 2; i++) {
        const char *text = own_pem(&other);

        begin(&server, &alice, i);
        cr_assert_not(own_open(&pair, NAME));
        tls_again(&pair);
        renewed = pair;
        begin(&server, NULL, i);
        assert_status(FreeCredentialsHandle(&renewed.server.credential), SEC_E_OK);
        assert_status(FreeCredentialsHandle(&pair.client.credential), SEC_E_OK);
        assert_status(SspiCredentialSetTrust(&pair.server.credential, text, (ULONG)strlen(text)), SEC_E_OK);
        pair.client.credential = renewed.client.credential;
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        own_run(&pair, NAME);
        assert_status(pair.server.status, SEC_E_UNTRUSTED_ROOT);
        tls_end(&pair);
    }
}

/* Who the client is is asked anew: an account that was disabled meanwhile is nobody's. */
Test(resume, looks_the_account_up_again)
{
    const struct pki_spec alice = {.name = "Alice", .upn = "alice@example.com", .client = true};

    for (int i = 0; i < 2; i++) {
        SspiAccountStore *store;

        begin(&server, &alice, i);
        assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
        assert_status(SspiAccountStoreAdd(store, "alice", "example.com", "x", 1), SEC_E_OK);
        assert_status(SspiCredentialSetAccountStore(&pair.server.credential, store), SEC_E_OK);
        for (int round = 0; round < 4; round++) {
            bool disabled = round == 2;

            assert_status(SspiAccountStoreSetDisabled(store, "alice", "example.com", disabled), SEC_E_OK);
            cr_assert_eq(own_open(&pair, NAME), round > 0);
            cr_assert_eq((pair.server.attributes & ASC_RET_MUTUAL_AUTH) == 0, disabled, "round %d", round);
            tls_again(&pair);
        }
        SspiAccountStoreFree(store);
        tls_end(&pair);
    }
}
