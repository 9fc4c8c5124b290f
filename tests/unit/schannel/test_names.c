/*
 * Several certificates, trust, clients' certificates, sessions: sni.c, tickets.c, sessions.c, map.c.
 */
#include "own_rig.h"

#include <openssl/pem.h>
#include <stdio.h>

#include "schannel/credential.h"

#define NAME "www.example.com"

static struct tls_pair pair;
static const struct pki_spec server = {.name = NAME};

static void begin(void)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_trust(&pair.client);
}

static void version(const char *wanted)
{
    own_option(&pair.server, "tls_minimum_version", wanted);
    own_option(&pair.server, "tls_maximum_version", wanted);
}

Test(names, the_client_chooses)
{
    static const struct {
        const char *target, *expected;
    } rows[] = {{"a.example.com", "a.example.com"},
                {"b.example.com", "b.example.com"},
                {"B.Example.COM", "b.example.com"},
                {"x.wild.example.com", "*.wild.example.com"},
                {"y.wild.example.com", "y.wild.example.com"}};

    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "a.example.com"}), false);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "*.wild.example.com"}), true);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "b.example.com", .key = PKI_ED25519}), true);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "y.wild.example.com", .key = PKI_RSA}), true);
    own_trust(&pair.client);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        (void)own_open(&pair, rows[i].target);
        cr_assert_str_eq(own_server_name(&pair), rows[i].expected);
        tls_again(&pair);
    }
    own_run(&pair, "unknown.example.org");
    assert_status(pair.client.status, SEC_E_WRONG_PRINCIPAL);
    tls_end(&pair);
}

static int key_of_server(void)
{
    PCCERT_CONTEXT got = NULL;
    struct certificate *certificate;
    int id;

    assert_status(QueryContextAttributesA(&pair.client.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &got), SEC_E_OK);
    certificate = certificate_hold(got);
    id = EVP_PKEY_get_base_id(X509_get0_pubkey(certificate->x509));
    certificate_release(certificate);
    cr_assert(CertFreeCertificateContext(got));
    return id;
}

Test(names, of_one_name_the_key_decides)
{
    for (int rsa = 0; rsa < 2; rsa++) {
        own_begin(&pair, NULL, NULL);
        own_certificate(&pair.server, own_pem(&server), false);
        own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "other.example.com"}), true);
        own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME, .key = PKI_RSA}), true);
        own_trust(&pair.client);
        version("1.2");
        own_option(&pair.client, "tls_ciphers", rsa ? "ECDHE-RSA-AES128-GCM-SHA256" : "ECDHE-ECDSA-AES128-GCM-SHA256");
        cr_assert_not(own_open(&pair, NAME));
        cr_assert_eq(key_of_server(), rsa ? EVP_PKEY_RSA : EVP_PKEY_EC);
        tls_end(&pair);
    }
}

Test(trust, a_client_believes_whom_it_was_told)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_run(&pair, NAME);
    assert_status(pair.client.status, SEC_E_UNTRUSTED_ROOT); /* the system does not know the authority */
    tls_end(&pair);
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME, .self_signed = true}), false);
    own_trust(&pair.client);
    own_run(&pair, NAME);
    assert_status(pair.client.status, SEC_E_UNTRUSTED_ROOT);
    tls_end(&pair);
}

/* ---- Sessions ---- */

Test(sessions, are_resumed)
{
    static const char *const versions[] = {"1.2", "1.3"};

    for (int i = 0; i < 2; i++) {
        begin();
        version(versions[i]);
        own_option(&pair.server, "tls_tickets", "1"); /* each resumption of TLS 1.3 needs the one before to give it */
        cr_assert_not(own_open(&pair, NAME));
        for (int again = 0; again < 3; again++) {
            tls_again(&pair);
            cr_assert(own_open(&pair, NAME));
            tls_talk(&pair.client, &pair.server, "hello", 5);
        }
        tls_again(&pair);
        cr_assert_not(own_open(&pair, "WWW.example.com"));
        tls_again(&pair);
        cr_assert_neq(SslEmptyCacheA((SEC_CHAR *)NAME, 0), 0);
        cr_assert_not(own_open(&pair, NAME));
        tls_end(&pair);
    }
}

Test(sessions, without_tickets)
{
    static const char *const versions[] = {"1.2", "1.3"};
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwFlags = SCH_CRED_DISABLE_RECONNECTS};

    for (int i = 0; i < 4; i++) {
        own_begin(&pair, NULL, i < 2 ? NULL : &given);
        own_certificate(&pair.server, own_pem(&server), false);
        own_trust(&pair.client);
        version(versions[i % 2]);
        if (i < 2)
            own_option(&pair.server, "tls_tickets", "0");
        for (int again = 0; again < 2; again++) {
            cr_assert_not(own_open(&pair, NAME));
            tls_again(&pair);
        }
        tls_end(&pair);
    }
}

Test(sessions, unverified_ones_never_become_verified)
{
    begin();
    pair.client.requested = ISC_REQ_MANUAL_CRED_VALIDATION;
    cr_assert_not(own_open(&pair, NAME));
    tls_again(&pair);
    pair.client.requested = 0;
    cr_assert_not(own_open(&pair, NAME));
    tls_again(&pair);
    cr_assert(own_open(&pair, NAME));
    tls_again(&pair);
    pair.client.requested = ISC_REQ_MANUAL_CRED_VALIDATION;
    cr_assert(own_open(&pair, NAME));
    tls_end(&pair);
}

/* ---- Clients' certificates ---- */

static void begin_mutual(const struct pki_spec *client, bool trusting)
{
    begin();
    if (trusting)
        own_trust(&pair.server);
    if (client)
        own_certificate(&pair.client, own_pem(client), false);
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
}

static const struct pki_spec alice = {.name = "Alice", .upn = "alice@example.com", .client = true};

static SECURITY_STATUS mutual(const struct pki_spec *client, bool trusting, const char *wanted)
{
    begin_mutual(client, trusting);
    version(wanted);
    own_run(&pair, NAME);
    return pair.server.status;
}

Test(client_certificate, is_verified)
{
    static const char *const versions[] = {"1.2", "1.3"};
    const struct pki_spec foreign = {.name = "Mallory", .client = true, .self_signed = true};

    for (int i = 0; i < 2; i++) {
        PCCERT_CONTEXT got = NULL;

        assert_status(mutual(&alice, true, versions[i]), SEC_E_OK);
        assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &got), SEC_E_OK);
        cr_assert(CertFreeCertificateContext(got));
        tls_end(&pair);
        assert_status(mutual(&alice, false, versions[i]), SEC_E_UNTRUSTED_ROOT);
        tls_end(&pair);
        assert_status(mutual(&foreign, true, versions[i]), SEC_E_UNTRUSTED_ROOT);
        tls_end(&pair);
        assert_status(mutual(NULL, true, versions[i]), SEC_E_OK);
        tls_end(&pair);
    }
}

/* The authority and its CRL, which names this certificate, or none. */
static void trust_with_crl(struct tls_end *end, const char *revoked)
{
    X509_CRL *crl = X509_CRL_new_ex(NULL, NULL);
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *later = X509_gmtime_adj(NULL, 3600);
    BIO *out = BIO_new(BIO_s_mem()), *in = BIO_new_mem_buf(revoked, -1);
    X509 *x509 = PEM_read_bio_X509(in, NULL, NULL, NULL);
    X509_REVOKED *row = X509_REVOKED_new();
    char *text;
    long size;

    cr_assert(X509_CRL_set_version(crl, X509_CRL_VERSION_2)
              && X509_CRL_set_issuer_name(crl, X509_get_subject_name(pki_authority()))
              && X509_CRL_set1_lastUpdate(crl, now) && X509_CRL_set1_nextUpdate(crl, later)
              && X509_REVOKED_set_serialNumber(row, X509_get_serialNumber(x509))
              && X509_REVOKED_set_revocationDate(row, now) && X509_CRL_add0_revoked(crl, row));
    cr_assert_gt(X509_CRL_sign(crl, pki_authority_key(), EVP_sha256()), 0);
    cr_assert(PEM_write_bio_X509(out, pki_authority()) && PEM_write_bio_X509_CRL(out, crl));
    size = BIO_get_mem_data(out, &text);
    assert_status(SspiCredentialSetTrust(&end->credential, text, (ULONG)size), SEC_E_OK);
    X509_CRL_free(crl);
    X509_free(x509);
    ASN1_TIME_free(now);
    ASN1_TIME_free(later);
    BIO_free(out);
    BIO_free(in);
}

Test(client_certificate, is_revoked)
{
    const char *mine = own_pem(&alice), *other = own_pem(&alice);

    for (int revoked = 0; revoked < 2; revoked++) {
        begin();
        trust_with_crl(&pair.server, revoked ? mine : other);
        own_certificate(&pair.client, mine, false);
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        own_run(&pair, NAME);
        assert_status(pair.server.status, revoked ? CRYPT_E_REVOKED : SEC_E_OK);
        cr_assert(!revoked || SspiQueryLastFailureReason() == SSPI_REASON_PEER_CERTIFICATE);
        tls_end(&pair);
    }
}

/* Without a CRL the program's wish cannot be fulfilled, unless it says that it minds not. */
Test(trust, revocation_that_cannot_be_checked)
{
    static const DWORD flags[] = {0, SCH_CRED_REVOCATION_CHECK_CHAIN,
                                  SCH_CRED_REVOCATION_CHECK_CHAIN | SCH_CRED_IGNORE_NO_REVOCATION_CHECK};

    for (int i = 0; i < 3; i++) {
        SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwFlags = flags[i]};

        own_begin(&pair, NULL, &given);
        own_certificate(&pair.server, own_pem(&server), false);
        own_trust(&pair.client);
        own_run(&pair, NAME);
        assert_status(pair.client.status, i == 1 ? CRYPT_E_NO_REVOCATION_CHECK : SEC_E_OK);
        tls_end(&pair);
    }
}

Test(client_certificate, is_demanded)
{
    static const char *const versions[] = {"1.2", "1.3"};

    for (int i = 0; i < 2; i++) {
        begin();
        own_trust(&pair.server);
        version(versions[i]);
        own_option(&pair.server, "tls_client_certificate", "require");
        own_run(&pair, NAME);
        cr_assert_lt(pair.server.status, 0);
        tls_end(&pair);
    }
}

Test(client_certificate, no_session_without_one_stands_in)
{
    begin_mutual(&alice, true);
    pair.server.requested = 0;
    cr_assert_not(own_open(&pair, NAME));
    tls_again(&pair);
    cr_assert(own_open(&pair, NAME));
    tls_again(&pair);
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    cr_assert_not(own_open(&pair, NAME));
    tls_end(&pair);
}

Test(client_certificate, maps_to_an_account)
{
    SspiAccountStore *store;
    struct schannel_credential credential = {
        .base.settings = {.netbios_domain_name = (char *)"WEB", .dns_domain_name = (char *)"Example.com"}};
    const struct pki_spec nameless = {.name = "alice", .client = true};
    X509 *x509 = (pki_authority(), pki_certificate(&alice)), *other = pki_certificate(&nameless);
    struct failure failure = {0};
    char name[64];

    assert_status(schannel_map(&credential, x509, name, sizeof name, &failure), SEC_E_NO_CREDENTIALS);
    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    credential.base.accounts = store;
    assert_status(schannel_map(&credential, x509, name, sizeof name, &failure), SEC_E_LOGON_DENIED);
    cr_assert_eq(failure.reason, SSPI_REASON_UNKNOWN_USER);
    assert_status(SspiAccountStoreAdd(store, "Alice", NULL, "Secret1", 7), SEC_E_OK);
    assert_status(schannel_map(&credential, x509, name, sizeof name, &failure), SEC_E_OK);
    cr_assert_str_eq(name, "WEB\\Alice");
    assert_status(schannel_map(&credential, other, name, sizeof name, &failure), SEC_E_LOGON_DENIED);
    cr_assert_str_eq(name, "");
    credential.base.settings.tls_account_name = TLS_ACCOUNT_COMMON_NAME;
    assert_status(schannel_map(&credential, other, name, sizeof name, &failure), SEC_E_OK);
    assert_status(SspiAccountStoreSetDisabled(store, "Alice", NULL, 1), SEC_E_OK);
    assert_status(schannel_map(&credential, other, name, sizeof name, &failure), SEC_E_LOGON_DENIED);
    cr_assert_eq(failure.reason, SSPI_REASON_ACCOUNT_DISABLED);
    credential.flags = SCH_CRED_NO_SYSTEM_MAPPER;
    assert_status(schannel_map(&credential, other, name, sizeof name, &failure), SEC_E_NO_CREDENTIALS);
    SspiAccountStoreFree(store);
    X509_free(x509);
    X509_free(other);
}

/* The store's default domain is the server's own, though the store knows another account of that domain by name. */
Test(client_certificate, maps_to_an_account_of_the_default_domain)
{
    SspiAccountStore *store;
    struct schannel_credential credential = {
        .base.settings = {.netbios_domain_name = (char *)"WEB", .dns_domain_name = (char *)"Example.com"}};
    X509 *x509 = (pki_authority(), pki_certificate(&alice));
    struct failure failure = {0};
    char name[64];

    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    credential.base.accounts = store;
    assert_status(SspiAccountStoreAdd(store, "bob", "example.com", "Secret1", 7), SEC_E_OK);
    assert_status(schannel_map(&credential, x509, name, sizeof name, &failure), SEC_E_LOGON_DENIED);
    assert_status(SspiAccountStoreAdd(store, "Alice", NULL, "Secret1", 7), SEC_E_OK);
    assert_status(schannel_map(&credential, x509, name, sizeof name, &failure), SEC_E_OK);
    cr_assert_str_eq(name, "WEB\\Alice");
    SspiAccountStoreFree(store);
    X509_free(x509);
}
