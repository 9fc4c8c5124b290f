/*
 * Credentials: auth_data.c, credential.c, configured.c, tls.c, policy.c.
 */
#include "own_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "www.example.com"

static struct tls_pair pair;
static const struct pki_spec server = {.name = NAME};

static const char *written(const char *name, const char *content, mode_t mode)
{
    static char path[128];
    FILE *file;

    snprintf(path, sizeof path, "/tmp/sspi-tls-%d-%s", (int)getpid(), name);
    file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(content, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
    return path;
}

Test(credential, by_bytes_and_by_option)
{
    const char *path;

    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_str_eq(own_server_name(&pair), NAME);
    tls_end(&pair);
    path = written("web.pem", own_pem(&server), 0600);
    own_begin(&pair, NULL, NULL);
    own_option(&pair.server, "tls_certificate", path);
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(unlink(path), 0);
    tls_again(&pair);
    cr_assert(own_open(&pair, NAME)); /* what was read stays */
    tls_end(&pair);
}

static void server_refused(SECURITY_STATUS expected, const char *words)
{
    pair.client.target = NAME;
    assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), expected);
    own_explained(words);
    tls_end(&pair);
}

static void begin_with(const struct pki_spec *spec)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(spec), false);
}

Test(credential, certificates_that_do_not_fit)
{
    own_begin(&pair, NULL, NULL);
    server_refused(SEC_E_NO_CREDENTIALS, "needs a certificate");
    begin_with(&(struct pki_spec){.name = NAME, .starts = -7200, .ends = -3600});
    server_refused(SEC_E_CERT_EXPIRED, "has expired");
    begin_with(&(struct pki_spec){.name = NAME, .starts = 3600, .ends = 7200});
    server_refused(SEC_E_CERT_EXPIRED, "not yet valid");
    begin_with(&(struct pki_spec){.name = NAME, .client = true});
    server_refused(SEC_E_CERT_WRONG_USAGE, "not one for TLS servers");
    own_begin(&pair, NULL, NULL);
    own_option(&pair.server, "tls_certificate", "/tmp/there/is/nothing.pem");
    server_refused(SEC_E_NO_CREDENTIALS, "/tmp/there/is/nothing.pem: No such file");
}

Test(credential, bytes_are_looked_at_at_once)
{
    const char *pem = own_pem(&server);

    own_begin(&pair, NULL, NULL);
    assert_status(SspiCredentialSetCertificate(&pair.server.credential, NULL, 0, NULL, 0, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetCertificate(&pair.server.credential, "nonsense", 8, NULL, 0, NULL),
                  SEC_E_NO_CREDENTIALS);
    own_explained("neither PEM");
    assert_status(SspiCredentialSetTrust(&pair.server.credential, "nonsense", 8), SEC_E_NO_CREDENTIALS);
    assert_status(SspiCredentialSetOcspResponse(&pair.server.credential, "nonsense", 8), SEC_E_NO_CREDENTIALS);
    own_explained("no certificate yet");
    own_certificate(&pair.server, pem, false);
    assert_status(SspiCredentialSetOcspResponse(&pair.server.credential, "nonsense", 8), SEC_E_NO_CREDENTIALS);
    own_explained("OCSP response is damaged");
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, NAME));
    assert_status(SspiCredentialSetCertificate(&pair.server.credential, pem, (ULONG)strlen(pem), NULL, 0, NULL),
                  SEC_E_OUT_OF_SEQUENCE);
    tls_end(&pair);
}

Test(credential, check_tells_before_the_first_client)
{
    own_begin(&pair, NULL, NULL);
    assert_status(SspiCredentialCheck(&pair.server.credential), SEC_E_NO_CREDENTIALS);
    own_explained("needs a certificate");
    tls_end(&pair);
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    assert_status(SspiCredentialCheck(&pair.server.credential), SEC_E_OK);
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, NAME));
    tls_end(&pair);
}

Test(credential, reload_leaves_connections_alone)
{
    const struct pki_spec renewed = {.name = "new.example.com"};
    struct tls_pair *old = &pair;
    static struct tls_pair fresh;

    own_begin(old, NULL, NULL);
    own_certificate(&old->server, own_pem(&server), false);
    own_trust(&old->client);
    cr_assert_not(own_open(old, NAME));
    own_begin(&fresh, NULL, NULL);
    own_certificate(&fresh.server, own_pem(&renewed), false);
    own_trust(&fresh.client);
    assert_status(FreeCredentialsHandle(&old->server.credential), SEC_E_OK);
    cr_assert_not(own_open(&fresh, "new.example.com"));
    tls_talk(&old->client, &old->server, "still here", 10);
    tls_talk(&fresh.client, &fresh.server, "and here", 8);
    tls_end(&fresh);
    tls_again(old);
    assert_status(FreeCredentialsHandle(&old->client.credential), SEC_E_OK);
}

/* ---- pAuthData ---- */

static void acquire_refused(void *given, SECURITY_STATUS expected, const char *words)
{
    SecHandle credential;

    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)SCHANNEL_NAME_A, SECPKG_CRED_INBOUND, NULL, given, NULL,
                                            NULL, &credential, NULL),
                  expected);
    own_explained(words);
}

Test(credential, structures)
{
    const char *pem = own_pem(&server);
    PCCERT_CONTEXT good = NULL, keyless = NULL, alien = (PCCERT_CONTEXT)(uintptr_t)0x1234;
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .cCreds = 1, .paCred = &alien};
    SCHANNEL_CRED old = {.dwVersion = SCHANNEL_CRED_VERSION};
    DWORD version = 3;
    HCERTSTORE roots = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, NULL);

    assert_status(SspiCertificateFromBytes(pem, (ULONG)strlen(pem), NULL, 0, NULL, &good), SEC_E_OK);
    keyless = CertCreateCertificateContext(X509_ASN_ENCODING, good->pbCertEncoded, good->cbCertEncoded);
    cr_assert_not_null(keyless);
    acquire_refused(&version, SEC_E_UNKNOWN_CREDENTIALS, "neither a SCHANNEL_CRED");
    acquire_refused(&given, SEC_E_UNKNOWN_CREDENTIALS, "no certificate");
    given.paCred = &keyless;
    acquire_refused(&given, SEC_E_NO_CREDENTIALS, "without its private key");
    given.paCred = NULL;
    acquire_refused(&given, SEC_E_INVALID_PARAMETER, "paCred is NULL");
    given.paCred = &good;
    given.cCreds = 101;
    acquire_refused(&given, SEC_E_INVALID_PARAMETER, "larger than 100");
    given.cCreds = 1;
    given.hRootStore = &given;
    acquire_refused(&given, SEC_E_UNKNOWN_CREDENTIALS, "hRootStore");
    given.hRootStore = roots;
    given.dwCredFormat = 3;
    acquire_refused(&given, SEC_E_UNSUPPORTED_FUNCTION, "dwCredFormat");
    given.dwCredFormat = SCH_CRED_FORMAT_CERT_HASH_STORE; /* with a certificate all the same */
    own_begin(&pair, &given, &old);
    cr_assert(CertFreeCertificateContext(good));
    cr_assert(CertFreeCertificateContext(keyless));
    cr_assert(CertCloseStore(roots, 0));
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, NAME));
    tls_end(&pair);
}

/* ---- Versions, ciphers, groups ---- */

static DWORD protocol_of(struct tls_end *end)
{
    SecPkgContext_ConnectionInfo info;

    assert_status(QueryContextAttributesA(&end->context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    return info.dwProtocol;
}

static void begin_usual(SCHANNEL_CRED *client)
{
    own_begin(&pair, NULL, client);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME, .key = PKI_RSA}), false);
    own_trust(&pair.client);
}

Test(policy, versions_of_the_old_form)
{
    static const struct {
        DWORD enabled, expected;
    } rows[] = {
        {0, SP_PROT_TLS1_2_CLIENT},
        {SP_PROT_TLS1_2_CLIENT, SP_PROT_TLS1_2_CLIENT},
        {SP_PROT_TLS1_3_CLIENT, SP_PROT_TLS1_3_CLIENT},
        {SP_PROT_TLS1_2_CLIENT | SP_PROT_TLS1_3_CLIENT, SP_PROT_TLS1_3_CLIENT},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCHANNEL_CRED given = {.dwVersion = SCHANNEL_CRED_VERSION, .grbitEnabledProtocols = rows[i].enabled};

        begin_usual(&given);
        cr_assert_not(own_open(&pair, NAME));
        cr_assert_eq(protocol_of(&pair.client), rows[i].expected);
        tls_end(&pair);
    }
}

Test(policy, parameters_of_the_new_form)
{
    TLS_PARAMETERS parameters = {.grbitDisabledProtocols = SP_PROT_TLS1_3};
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .cTlsParameters = 1, .pTlsParameters = &parameters};

    own_begin(&pair, NULL, &given);
    own_certificate(&pair.server, own_pem(&server), false);
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(protocol_of(&pair.client), SP_PROT_TLS1_2_CLIENT);
    tls_end(&pair);
}

static void client_refused(SECURITY_STATUS expected, const char *words)
{
    pair.client.target = NAME;
    assert_status(tls_leg(&pair.client), expected);
    own_explained(words);
    tls_end(&pair);
}

Test(policy, old_versions_want_two_words)
{
    SCHANNEL_CRED given = {.dwVersion = SCHANNEL_CRED_VERSION, .grbitEnabledProtocols = SP_PROT_TLS1_0_CLIENT};

    begin_usual(&given);
    client_refused(SEC_E_ALGORITHM_MISMATCH, "no version of TLS is left");
    begin_usual(NULL);
    own_option(&pair.client, "tls_minimum_version", "1.0");
    client_refused(SEC_E_INVALID_PARAMETER, "allow_insecure_tls1");
    begin_usual(&given);
    own_option(&pair.client, "allow_insecure_tls1", "yes");
    own_option(&pair.server, "allow_insecure_tls1", "yes");
    own_option(&pair.server, "tls_minimum_version", "1.0");
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(protocol_of(&pair.client), SP_PROT_TLS1_0_CLIENT);
    tls_end(&pair);
    begin_usual(&given); /* a server that did not agree */
    own_option(&pair.client, "allow_insecure_tls1", "yes");
    own_run(&pair, NAME);
    cr_assert_lt(pair.server.status, 0);
    tls_end(&pair);
}

Test(policy, highest_version)
{
    begin_usual(NULL);
    own_option(&pair.server, "tls_maximum_version", "1.2");
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(protocol_of(&pair.client), SP_PROT_TLS1_2_CLIENT);
    tls_end(&pair);
    begin_usual(NULL);
    own_option(&pair.client, "tls_minimum_version", "1.3");
    own_option(&pair.client, "tls_maximum_version", "1.2");
    client_refused(SEC_E_ALGORITHM_MISMATCH, "tls_minimum_version is 1.3, above tls_maximum_version, 1.2");
}

/* Both sides of the contradiction are told, to a server before its first client. */
Test(policy, options_against_the_program)
{
    static const struct {
        DWORD server, client; /* grbitEnabledProtocols */
        const char *words;
    } rows[] = {
        {SP_PROT_TLS1_2_SERVER, SP_PROT_TLS1_2_CLIENT,
         "the options allow 1.3 (tls_minimum_version) to 1.3 (tls_maximum_version), the program's SCHANNEL_CRED allows "
         "1.2"},
        {0, 0, "allows 1.0, 1.1, 1.2: grbitEnabledProtocols has to name 1.3"},
        {SP_PROT_TLS1_2_CLIENT, SP_PROT_TLS1_2_SERVER, "the program's SCHANNEL_CRED allows none"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SCHANNEL_CRED server_given = {.dwVersion = SCHANNEL_CRED_VERSION, .grbitEnabledProtocols = rows[i].server};
        SCHANNEL_CRED client_given = {.dwVersion = SCHANNEL_CRED_VERSION, .grbitEnabledProtocols = rows[i].client};

        own_begin(&pair, &server_given, &client_given);
        own_certificate(&pair.server, own_pem(&server), false);
        own_option(&pair.server, "tls_minimum_version", "1.3");
        own_option(&pair.client, "tls_minimum_version", "1.3");
        assert_status(SspiCredentialCheck(&pair.server.credential), SEC_E_NO_CREDENTIALS);
        own_explained(rows[i].words);
        client_refused(SEC_E_ALGORITHM_MISMATCH, rows[i].words);
    }
}

Test(policy, no_suite_of_the_versions_that_are_left)
{
    SCHANNEL_CRED strong = {.dwVersion = SCHANNEL_CRED_VERSION, .dwMinimumCipherStrength = 256};
    SCHANNEL_CRED old = {.dwVersion = SCHANNEL_CRED_VERSION, .grbitEnabledProtocols = SP_PROT_TLS1_1_CLIENT};

    begin_usual(&strong);
    own_option(&pair.client, "tls_ciphers", "ECDHE-RSA-AES128-GCM-SHA256");
    client_refused(SEC_E_ALGORITHM_MISMATCH, "option tls_ciphers together with what the program says of ciphers leaves "
                                             "none for TLS 1.2, which");
    begin_usual(&old); /* suites of TLS 1.2 alone, which OpenSSL has in one list with those of 1.1 */
    own_option(&pair.client, "allow_insecure_tls1", "yes");
    own_option(&pair.client, "tls_ciphers", "ECDHE-RSA-AES128-GCM-SHA256");
    client_refused(SEC_E_ALGORITHM_MISMATCH, "option tls_ciphers leaves none for TLS 1.1, which");
}

Test(policy, suites_and_groups)
{
    begin_usual(NULL);
    own_option(&pair.client, "tls_ciphers", "TLS_NO_SUCH_SUITE");
    client_refused(SEC_E_INVALID_PARAMETER, "no such cipher suite");
    begin_usual(NULL);
    own_option(&pair.client, "tls_groups", "P-256:NOSUCHGROUP");
    client_refused(SEC_E_INVALID_PARAMETER, "tls_groups");
    begin_usual(NULL);
    own_option(&pair.client, "tls_ciphers", "ECDHE-RSA-AES256-GCM-SHA384");
    own_option(&pair.client, "tls_minimum_version", "1.3");
    client_refused(SEC_E_ALGORITHM_MISMATCH, "no cipher suite is left");
    begin_usual(NULL);
    own_option(&pair.client, "tls_ciphers", "ECDHE-RSA-AES256-GCM-SHA384");
    own_option(&pair.client, "tls_groups", "P-384");
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(protocol_of(&pair.client), SP_PROT_TLS1_2_CLIENT);
    tls_end(&pair);
}

Test(policy, strength)
{
    SCHANNEL_CRED given = {.dwVersion = SCHANNEL_CRED_VERSION, .dwMinimumCipherStrength = 256};
    SecPkgContext_ConnectionInfo info;

    begin_usual(&given);
    cr_assert_not(own_open(&pair, NAME));
    assert_status(QueryContextAttributesA(&pair.client.context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.dwCipherStrength, 256);
    tls_end(&pair);
    given.dwMinimumCipherStrength = 0;
    given.dwMaximumCipherStrength = 128;
    begin_usual(&given);
    cr_assert_not(own_open(&pair, NAME));
    assert_status(QueryContextAttributesA(&pair.client.context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    cr_assert_eq(info.dwCipherStrength, 128);
    tls_end(&pair);
    given.dwMaximumCipherStrength = 64;
    begin_usual(&given);
    client_refused(SEC_E_ALGORITHM_MISMATCH, "no cipher suite is left");
    given.dwMaximumCipherStrength = (DWORD)-1;
    begin_usual(&given);
    client_refused(SEC_E_UNSUPPORTED_FUNCTION, "without encryption");
}

/* No list of ciphers takes a server that shows no certificate, or sends what it has to say in the clear. */
Test(credential, ciphers_that_protect_nothing)
{
    static const char *const lists[] = {"aNULL", "eNULL", "aNULL:@SECLEVEL=2"};
    static const char *const lowered[] = {"aNULL:@SECLEVEL=0", "ALL:@SECLEVEL=2:@SECLEVEL=1", "eNULL:@SECLEVEL=0"};

    for (size_t i = 0; i < 3; i++) {
        own_begin(&pair, NULL, NULL);
        own_trust(&pair.client);
        own_option(&pair.client, "tls_ciphers", lists[i]);
        client_refused(SEC_E_INVALID_PARAMETER, "no such cipher suites");
        own_begin(&pair, NULL, NULL);
        own_trust(&pair.client);
        own_option(&pair.client, "tls_ciphers", lowered[i]);
        client_refused(SEC_E_INVALID_PARAMETER, "needs allow_insecure_tls1");
    }
    own_begin(&pair, NULL, NULL);
    own_trust(&pair.client);
    own_option(&pair.client, "allow_insecure_tls1", "yes");
    own_option(&pair.client, "tls_ciphers", "aNULL:eNULL:@SECLEVEL=0");
    client_refused(SEC_E_INVALID_PARAMETER, "no such cipher suites");
}

Test(credential, key_log)
{
    char path[128], line[512] = "";
    FILE *log;
    struct stat file;

    snprintf(path, sizeof path, "/tmp/sspi-tls-%d-keys", (int)getpid());
    unlink(path);
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_option(&pair.server, "insecure_tls_key_log", path);
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, NAME));
    tls_end(&pair);
    log = fopen(path, "r");
    cr_assert_not_null(log);
    cr_assert_not_null(fgets(line, sizeof line, log));
    cr_assert_not_null(strstr(line, "_SECRET "));
    fclose(log);
    cr_assert_eq(stat(path, &file), 0);
    cr_assert_eq(file.st_mode & 0777, 0600);
    cr_assert_eq(chmod(path, 0644), 0);
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_option(&pair.server, "insecure_tls_key_log", path);
    server_refused(SEC_E_INVALID_PARAMETER, "others may read");
    unlink(path);
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&server), false);
    own_option(&pair.server, "insecure_tls_key_log", "/tmp/there/is/nothing");
    server_refused(SEC_E_INVALID_PARAMETER, "insecure_tls_key_log");
}
