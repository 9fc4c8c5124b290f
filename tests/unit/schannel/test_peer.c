/* validate.c, peer.c, identity.c, initiator.c: the server's name and chain, clients' certificates, and what programs
 * are told of them. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "certificate/certificate.h"
#include "raw_peer.h"

static struct tls_pair pair;

static const struct pki_spec alice = {.name = "alice", .upn = "alice@example.com", .client = true};

/* The authority as a file, which the operator names. */
static char trust_path[] = "/tmp/sspi-unit-trust-XXXXXX";

static void trust_remove(void)
{
    unlink(trust_path);
}

static const char *trust_file(void)
{
    static bool made;

    if (!made) {
        const char *text = pki_pem(pki_authority(), NULL);
        FILE *file = fdopen(mkstemp(trust_path), "w");

        cr_assert_not_null(file);
        cr_assert_geq(fputs(text, file), 0);
        fclose(file);
        cr_assert_eq(atexit(trust_remove), 0);
        made = true;
    }
    return trust_path;
}

static struct tls_setup trusting(void)
{
    struct tls_setup setup = tls_usual;

    setup.client_options[0] = "tls_trust";
    setup.client_options[1] = trust_file();
    return setup;
}

Test(peer, trusted_server)
{
    struct tls_setup setup = trusting();
    SecPkgContext_NamesA names;

    tls_begin(&pair, &setup);
    pair.client.requested = ISC_REQ_MUTUAL_AUTH;
    tls_run(&pair);
    assert_status(pair.client.status, SEC_E_OK);
    cr_assert(pair.client.attributes & ISC_RET_MUTUAL_AUTH);
    cr_assert_not(pair.client.attributes & ISC_RET_MANUAL_CRED_VALIDATION);
    assert_status(QueryContextAttributesA(&pair.client.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "www.example.com");
    FreeContextBuffer(names.sUserName);
    assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_NO_CREDENTIALS);
    tls_end(&pair);
}

/* Refused: the client's status, and what the server hears of it. */
static void refused(const struct tls_setup *setup, const char *target, SECURITY_STATUS status, int alert)
{
    ULONG reason;

    tls_begin(&pair, setup);
    pair.client.target = target;
    pair.client.requested = ISC_REQ_EXTENDED_ERROR;
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    tls_leg(&pair.server);
    tls_carry(&pair.server, &pair.client);
    assert_status(tls_leg(&pair.client), status);
    cr_assert_eq(pair.client.alert_size, 2);
    cr_assert_eq(pair.client.alert[1], alert, "%d", pair.client.alert[1]);
    cr_assert_gt(pair.client.out_size, 0);
    assert_status(SspiQueryContextReason(&pair.client.context, &reason), SEC_E_OK);
    cr_assert_eq(reason, SSPI_REASON_PEER_CERTIFICATE);
    tls_carry(&pair.client, &pair.server);
    cr_assert_lt(tls_leg(&pair.server), 0);
    assert_status(SspiQueryContextReason(&pair.server.context, &reason), SEC_E_OK);
    cr_assert_eq(reason, SSPI_REASON_PEER_REFUSED);
    tls_end(&pair);
}

Test(peer, servers_that_are_refused)
{
    struct tls_setup setup = trusting();

    refused(&setup, "other.example.com", SEC_E_WRONG_PRINCIPAL, TLS1_ALERT_BAD_CERTIFICATE);
    refused(&setup, "127.0.0.1", SEC_E_WRONG_PRINCIPAL, TLS1_ALERT_BAD_CERTIFICATE);
    setup.server.self_signed = true;
    refused(&setup, "www.example.com", SEC_E_UNTRUSTED_ROOT, TLS1_ALERT_UNKNOWN_CA);
}

Test(peer, checks_that_are_switched_off)
{
    struct tls_setup setup = trusting();

    setup.client_flags = SCH_CRED_NO_SERVERNAME_CHECK;
    tls_begin(&pair, &setup);
    pair.client.target = "other.example.com";
    tls_run(&pair);
    assert_status(pair.client.status, SEC_E_OK);
    tls_end(&pair);
    setup.client_flags = 0;
    setup.server.self_signed = true;
    tls_begin(&pair, &setup);
    pair.client.requested = ISC_REQ_MANUAL_CRED_VALIDATION | ISC_REQ_MUTUAL_AUTH;
    tls_run(&pair);
    assert_status(pair.client.status, SEC_E_OK);
    cr_assert(pair.client.attributes & ISC_RET_MANUAL_CRED_VALIDATION);
    cr_assert_not(pair.client.attributes & ISC_RET_MUTUAL_AUTH);
    tls_end(&pair);
}

/* Nothing to check the certificate against: refused before a byte is sent. */
Test(peer, no_target)
{
    struct tls_setup setup = trusting();

    tls_begin(&pair, &setup);
    pair.client.target = NULL;
    assert_status(tls_leg(&pair.client), SEC_E_TARGET_UNKNOWN);
    cr_assert_eq(pair.client.out_size, 0);
    tls_end(&pair);
}

/* Patterns that would fit a whole domain, however good the certificate. */
Test(peer, targets_that_are_no_servers_name)
{
    static const char *const targets[] = {".example.com", ".com", "*.example.com", "*"};
    struct tls_setup setup = trusting();

    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        tls_begin(&pair, &setup);
        pair.client.target = targets[i];
        assert_status(tls_leg(&pair.client), SEC_E_TARGET_UNKNOWN);
        cr_assert_eq(pair.client.out_size, 0);
        tls_end(&pair);
    }
}

/* ---- Clients' certificates ---- */

static struct tls_setup mutual(const struct pki_spec *client, const char *version)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    setup.client = client;
    setup.server_options[0] = "tls_trust";
    setup.server_options[1] = trust_file();
    setup.server_options[2] = "tls_maximum_version";
    setup.server_options[3] = version;
    return setup;
}

static const char *const versions[] = {"1.2", "1.3"};

static void give_account(const char *user)
{
    SspiAccountStore *store;

    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(store, user, "example.com", "x", 1), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&pair.server.credential, store), SEC_E_OK);
    SspiAccountStoreFree(store);
}

Test(peer, certificate_that_maps_to_an_account)
{
    for (int i = 0; i < 2; i++) {
        struct tls_setup setup = mutual(&alice, versions[i]);
        SecPkgContext_NamesA names;
        PCCERT_CONTEXT remote;

        tls_begin(&pair, &setup);
        give_account("alice");
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        tls_run(&pair);
        assert_status(pair.server.status, SEC_E_OK);
        cr_assert(pair.server.attributes & ASC_RET_MUTUAL_AUTH);
        cr_assert_lt(pair.server.expiry.QuadPart, INT64_MAX);
        assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
        cr_assert_str_eq(names.sUserName, "example.com\\alice");
        FreeContextBuffer(names.sUserName);
        assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &remote),
                      SEC_E_OK);
        cr_assert(certificate_context_free(remote));
        tls_end(&pair);
    }
}

/* No password proves that an account of the default domain is meant: the certificate's domain must be the server's. */
Test(peer, certificate_of_another_domain)
{
    static const struct {
        const char *option, *domain; /* of the server */
        const char *twin;            /* another account of the name, in this domain */
        const char *name;            /* NULL: nobody's */
        const char *words;           /* for the operator */
    } cases[] = {
        {"dns_domain_name", "example.com", NULL, "EXAMPLE\\alice", "EXAMPLE\\alice by Schannel"},
        {"dns_domain_name", "EXAMPLE.com", "OTHER", "EXAMPLE\\alice", "EXAMPLE\\alice by Schannel"},
        {"dns_domain_name", "example.com", "EXAMPLE", NULL, "another account has the name"},
        {"dns_domain_name", "example.org", NULL, NULL, "no account is named as the client's certificate"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tls_setup setup = mutual(&alice, "1.3");
        SecPkgContext_NamesA names = {0};
        SspiAccountStore *store;
        char *said;

        tls_begin(&pair, &setup);
        assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
        assert_status(SspiAccountStoreAdd(store, "alice", NULL, "x", 1), SEC_E_OK);
        if (cases[i].twin)
            assert_status(SspiAccountStoreAdd(store, "alice", cases[i].twin, "x", 1), SEC_E_OK);
        assert_status(SspiCredentialSetAccountStore(&pair.server.credential, store), SEC_E_OK);
        SspiAccountStoreFree(store);
        assert_status(SspiCredentialSetOption(&pair.server.credential, "netbios_domain_name", "EXAMPLE"), SEC_E_OK);
        assert_status(SspiCredentialSetOption(&pair.server.credential, cases[i].option, cases[i].domain), SEC_E_OK);
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        tls_run(&pair);
        assert_status(pair.server.status, SEC_E_OK);
        assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_NAMES, &names),
                      cases[i].name ? SEC_E_OK : SEC_E_NO_CREDENTIALS);
        if (cases[i].name)
            cr_assert_str_eq(names.sUserName, cases[i].name);
        FreeContextBuffer(names.sUserName);
        assert_status(SspiExplainContext(&pair.server.context, &said), SEC_E_OK);
        cr_assert(strstr(said, cases[i].words), "%s", said);
        FreeContextBuffer(said);
        tls_end(&pair);
    }
}

static const char *field_of(const SSPI_IDENTITY_FIELD *fields, ULONG count, const char *name)
{
    for (ULONG i = 0; i < count; i++)
        if (!strcmp(fields[i].Name, name))
            return fields[i].Value;
    return NULL;
}

Test(peer, identity_of_a_certificate)
{
    struct tls_setup setup = mutual(&alice, "1.3");
    PSSPI_IDENTITY_FIELD fields;
    void *token;
    ULONG count;

    tls_begin(&pair, &setup);
    give_account("alice");
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    tls_run(&pair);
    assert_status(SspiListIdentity(&pair.server.context, &count, &fields), SEC_E_OK);
    cr_assert_str_eq(field_of(fields, count, "subject"), "CN=alice,O=Example");
    cr_assert_str_eq(field_of(fields, count, "issuer"), "CN=Example Authority,O=Example");
    cr_assert_eq(strlen(field_of(fields, count, "sha256")), 64);
    cr_assert_str_eq(field_of(fields, count, "account"), "example.com\\alice");
    cr_assert_gt(strlen(field_of(fields, count, "serial")), 0);
    FreeContextBuffer(fields);
    assert_status(SspiListIdentity(&pair.client.context, &count, &fields), SEC_E_OK); /* the server was not verified */
    cr_assert_eq(count, 0);
    FreeContextBuffer(fields);
    assert_status(QuerySecurityContextToken(&pair.client.context, &token), SEC_E_NO_IMPERSONATION);
    assert_status(QuerySecurityContextToken(&pair.server.context, &token), SEC_E_OK);
    assert_status(SspiListTokenIdentity(token, &count, &fields), SEC_E_OK);
    cr_assert_str_eq(field_of(fields, count, "name"), "example.com\\alice");
    cr_assert_str_eq(field_of(fields, count, "package"), "Schannel");
    cr_assert_str_eq(field_of(fields, count, "subject"), "CN=alice,O=Example");
    FreeContextBuffer(fields);
    assert_status(SspiCloseToken(token), SEC_E_OK);
    tls_end(&pair);
}

Test(peer, no_account_no_token)
{
    struct tls_setup setup = mutual(&alice, "1.3");
    char *said;
    void *token = &pair;

    tls_begin(&pair, &setup);
    give_account("bob");
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    tls_run(&pair);
    assert_status(QuerySecurityContextToken(&pair.server.context, &token), SEC_E_NO_IMPERSONATION);
    cr_assert_null(token);
    assert_status(SspiExplainLastFailure(&said), SEC_E_OK);
    cr_assert(strstr(said, "maps to none"), "%s", said);
    FreeContextBuffer(said);
    tls_end(&pair);
}

/* Without an account the client is let in all the same: the program sees it by what is missing. */
Test(peer, certificate_without_an_account)
{
    struct tls_setup setup = mutual(&alice, "1.3");
    SecPkgContext_NamesA names;

    for (int flagged = 0; flagged < 2; flagged++) {
        setup.server_flags = flagged ? SCH_CRED_NO_SYSTEM_MAPPER : 0;
        tls_begin(&pair, &setup);
        give_account(flagged ? "alice" : "bob");
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        tls_run(&pair);
        assert_status(pair.server.status, SEC_E_OK);
        cr_assert_not(pair.server.attributes & ASC_RET_MUTUAL_AUTH);
        assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_NAMES, &names), SEC_E_NO_CREDENTIALS);
        tls_end(&pair);
    }
}

/* One that nobody vouches for, and that the program wants to look at itself, is no account's. */
Test(peer, certificate_that_was_not_verified_maps_to_nobody)
{
    struct pki_spec forged = alice;
    struct tls_setup setup = mutual(&forged, "1.3");

    forged.self_signed = true;
    setup.server_options[0] = NULL;
    setup.server_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
    give_account("alice");
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    cr_assert_not(pair.server.attributes & ASC_RET_MUTUAL_AUTH);
    tls_end(&pair);
}

Test(peer, certificate_of_nobodys)
{
    struct pki_spec forged = alice;

    forged.self_signed = true;
    for (int i = 0; i < 2; i++) {
        struct tls_setup setup = mutual(&forged, versions[i]);

        tls_begin(&pair, &setup);
        pair.server.requested = ASC_REQ_MUTUAL_AUTH | ASC_REQ_EXTENDED_ERROR;
        tls_run(&pair);
        assert_status(pair.server.status, SEC_E_UNTRUSTED_ROOT);
        cr_assert_eq(pair.server.alert[1], TLS1_ALERT_UNKNOWN_CA);
        if (i) { /* the client was done already: DecryptMessage tells */
            uint8_t got[64];
            size_t size;

            assert_status(pair.client.status, SEC_E_OK);
            assert_status(tls_receive(&pair.client, got, &size), SEC_E_UNTRUSTED_ROOT);
        }
        tls_end(&pair);
    }
}

Test(peer, client_without_a_certificate)
{
    for (int required = 0; required < 2; required++) {
        struct tls_setup setup = mutual(NULL, "1.3");
        PCCERT_CONTEXT remote;

        setup.server_options[4] = "tls_client_certificate";
        setup.server_options[5] = required ? "require" : "request";
        tls_begin(&pair, &setup);
        pair.server.requested = ASC_REQ_MUTUAL_AUTH;
        tls_run(&pair);
        assert_status(pair.server.status, required ? SEC_E_NO_CREDENTIALS : SEC_E_OK);
        if (!required) {
            cr_assert_not(pair.server.attributes & ASC_RET_MUTUAL_AUTH);
            cr_assert_eq(pair.server.expiry.QuadPart, INT64_MAX);
            assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &remote),
                          SEC_E_NO_CREDENTIALS);
        }
        tls_end(&pair);
    }
}

/* A client that was told to use what it is given, and was given nothing. */
static void until_asked(const char *version)
{
    struct tls_setup setup = mutual(NULL, version);
    SecPkgContext_IssuerListInfoEx issuers;

    tls_begin(&pair, &setup);
    pair.server.requested = ASC_REQ_MUTUAL_AUTH;
    pair.client.requested = ISC_REQ_USE_SUPPLIED_CREDS;
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    tls_leg(&pair.server);
    tls_carry(&pair.server, &pair.client);
    assert_status(tls_leg(&pair.client), SEC_I_INCOMPLETE_CREDENTIALS);
    cr_assert_eq(pair.client.out_size, 0);
    assert_status(QueryContextAttributesA(&pair.client.context, SECPKG_ATTR_ISSUER_LIST_EX, &issuers), SEC_E_OK);
    cr_assert_eq(issuers.cIssuers, 1);
    cr_assert_gt(issuers.aIssuers[0].cbData, 20);
    assert_status(FreeContextBuffer(issuers.aIssuers), SEC_E_OK);
}

static void finish(void)
{
    assert_status(pair.client.status, pair.client.status == SEC_E_OK ? SEC_E_OK : SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), SEC_E_OK);
    tls_carry(&pair.server, &pair.client);
    if (pair.client.status != SEC_E_OK)
        assert_status(tls_leg(&pair.client), SEC_E_OK);
}

Test(peer, incomplete_credentials_then_another_credential)
{
    for (int i = 0; i < 2; i++) {
        struct tls_setup other_setup = mutual(&alice, versions[i]);
        static struct tls_pair other;
        SecHandle first;

        tls_begin(&other, &other_setup);
        until_asked(versions[i]);
        first = pair.client.credential;
        pair.client.credential = other.client.credential;
        cr_assert_geq(tls_leg(&pair.client), 0);
        finish();
        cr_assert_lt(pair.server.expiry.QuadPart, INT64_MAX); /* the certificate came */
        tls_talk(&pair.client, &pair.server, "alice", 5);
        pair.client.credential = first;
        tls_end(&other); /* the context keeps what it uses */
        tls_talk(&pair.client, &pair.server, "still", 5);
        tls_end(&pair);
    }
}

Test(peer, incomplete_credentials_then_without)
{
    for (int i = 0; i < 2; i++) {
        until_asked(versions[i]);
        cr_assert_geq(tls_leg(&pair.client), 0);
        finish();
        cr_assert_eq(pair.server.expiry.QuadPart, INT64_MAX);
        tls_end(&pair);
    }
}

Test(peer, credential_of_another_package)
{
    SecHandle ntlm, own;

    until_asked("1.3");
    assert_status(
        AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL, &ntlm, NULL),
        SEC_E_OK);
    own = pair.client.credential;
    pair.client.credential = ntlm;
    assert_status(tls_leg(&pair.client), SEC_E_WRONG_CREDENTIAL_HANDLE);
    pair.client.credential = own;
    assert_status(FreeCredentialsHandle(&ntlm), SEC_E_OK);
    tls_end(&pair);
}

/* What is resumed, and that SCHANNEL_SESSION ends it. */
Test(peer, resumption)
{
    for (int i = 0; i < 2; i++) {
        struct tls_setup setup = trusting();
        SCHANNEL_SESSION_TOKEN token = {SCHANNEL_SESSION, SSL_SESSION_DISABLE_RECONNECTS};
        SecBuffer buffer = {sizeof token, SECBUFFER_TOKEN, &token};
        SecBufferDesc desc = {SECBUFFER_VERSION, 1, &buffer};
        SecPkgContext_SessionInfo info;

        setup.server_options[0] = "tls_maximum_version";
        setup.server_options[1] = versions[i];
        tls_open(&pair, &setup);
        for (int round = 0; round < 4; round++) {
            uint8_t got[64];
            size_t size;

            assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_SESSION_INFO, &info), SEC_E_OK);
            cr_assert_eq(info.dwFlags, round == 1 || round == 2 ? SSL_SESSION_RECONNECT : 0, "%s, %d", versions[i],
                         round);
            if (round == 2) {
                assert_status(SslEmptyCacheA(NULL, 0) ? SEC_E_OK : SEC_E_INTERNAL_ERROR, SEC_E_OK);
                assert_status(ApplyControlToken(&pair.client.context, &desc), SEC_E_OK);
            }
            while (pair.client.in_size)
                assert_status(tls_receive(&pair.client, got, &size), SEC_E_OK);
            tls_again(&pair);
            tls_run(&pair);
            assert_status(pair.server.status, SEC_E_OK);
        }
        tls_end(&pair);
    }
}
