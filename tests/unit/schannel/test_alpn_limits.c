/*
 * alpn_limits.c: limits that hold for some application protocols alone.
 */
#include "own_rig.h"

#define NAME "www.example.com"

/* SEC_APPLICATION_PROTOCOLS: h2 then http/1.1, and each alone. */
static const uint8_t both[] = {18, 0, 0, 0, 2, 0, 0, 0, 12, 0, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
static const uint8_t h2[] = {9, 0, 0, 0, 2, 0, 0, 0, 3, 0, 2, 'h', '2'};
static const uint8_t http11[] = {15, 0, 0, 0, 2, 0, 0, 0, 9, 0, 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

static struct tls_pair pair;
static WCHAR h2_text[] = u"h2";
static UNICODE_STRING h2_name = {4, 4, h2_text};

static void offer(struct tls_end *end, const uint8_t *protocols)
{
    end->protocols = protocols;
    end->protocols_size = (ULONG)protocols[0] + 4;
}

static void begin(SCH_CREDENTIALS *server, SCH_CREDENTIALS *client, const uint8_t *offered)
{
    own_begin(&pair, server, client);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = NAME}), false);
    own_trust(&pair.client);
    offer(&pair.server, both);
    if (offered)
        offer(&pair.client, offered);
}

static SecPkgContext_ConnectionInfo agreed(void)
{
    SecPkgContext_ConnectionInfo info;

    assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_CONNECTION_INFO, &info), SEC_E_OK);
    return info;
}

static SCH_CREDENTIALS limited(TLS_PARAMETERS *parameters)
{
    return (SCH_CREDENTIALS){.dwVersion = SCH_CREDENTIALS_VERSION, .cTlsParameters = 1, .pTlsParameters = parameters};
}

/* h2 without TLS 1.3, everything else with it; on a server. */
Test(alpn_limits, version_of_a_server)
{
    static const struct {
        const uint8_t *offered;
        DWORD protocol;
    } rows[] = {{both, SP_PROT_TLS1_2_SERVER},
                {h2, SP_PROT_TLS1_2_SERVER},
                {http11, SP_PROT_TLS1_3_SERVER},
                {NULL, SP_PROT_TLS1_3_SERVER}};
    TLS_PARAMETERS parameters = {.cAlpnIds = 1, .rgstrAlpnIds = &h2_name, .grbitDisabledProtocols = SP_PROT_TLS1_3};
    SCH_CREDENTIALS server = limited(&parameters);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(&server, NULL, rows[i].offered);
        cr_assert_not(own_open(&pair, NAME));
        cr_assert_eq(agreed().dwProtocol, rows[i].protocol);
        tls_end(&pair);
    }
}

static WCHAR aes_text[] = u"AES";

Test(alpn_limits, ciphers_of_a_server)
{
    CRYPTO_SETTINGS no_short_keys = {
        .eAlgorithmUsage = TlsParametersCngAlgUsageCipher, .strCngAlgId = {6, 6, aes_text}, .dwMinBitLength = 256};
    TLS_PARAMETERS parameters = {
        .cAlpnIds = 1, .rgstrAlpnIds = &h2_name, .cDisabledCrypto = 1, .pDisabledCrypto = &no_short_keys};
    SCH_CREDENTIALS server = limited(&parameters);

    begin(&server, NULL, both);
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(agreed().dwCipherStrength, 256);
    tls_end(&pair);
    begin(&server, NULL, http11);
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(agreed().dwCipherStrength, 128);
    tls_end(&pair);
}

/* A server that has nothing left for the protocol says so. */
Test(alpn_limits, nothing_is_left)
{
    TLS_PARAMETERS parameters = {
        .cAlpnIds = 1, .rgstrAlpnIds = &h2_name, .grbitDisabledProtocols = SP_PROT_TLS1_3 | SP_PROT_TLS1_2};
    SCH_CREDENTIALS server = limited(&parameters);

    begin(&server, NULL, h2);
    own_run(&pair, NAME);
    assert_status(pair.server.status, SEC_E_UNSUPPORTED_FUNCTION); /* alert 70, protocol_version */
    tls_end(&pair);
    begin(&server, NULL, http11);
    cr_assert_not(own_open(&pair, NAME));
    tls_end(&pair);
    parameters.dwFlags = TLS_PARAMS_OPTIONAL;
    begin(&server, NULL, h2);
    cr_assert_not(own_open(&pair, NAME));
    tls_end(&pair);
}

/* A client that offers h2 alone does not offer TLS 1.3 for it; with more it looks at what the server chose. */
Test(alpn_limits, of_a_client)
{
    TLS_PARAMETERS parameters = {.cAlpnIds = 1, .rgstrAlpnIds = &h2_name, .grbitDisabledProtocols = SP_PROT_TLS1_3};
    SCH_CREDENTIALS client = limited(&parameters);

    begin(NULL, &client, h2);
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(agreed().dwProtocol, SP_PROT_TLS1_2_SERVER);
    tls_end(&pair);
    begin(NULL, &client, both);
    own_run(&pair, NAME);
    assert_status(pair.client.status, SEC_E_ALGORITHM_MISMATCH);
    cr_assert_eq(pair.server.in_size, 0); /* no Finished went out */
    assert_status(tls_leg(&pair.client), SEC_E_INVALID_HANDLE);
    tls_end(&pair);
    begin(NULL, &client, http11);
    cr_assert_not(own_open(&pair, NAME));
    cr_assert_eq(agreed().dwProtocol, SP_PROT_TLS1_3_SERVER);
    tls_end(&pair);
}

Test(alpn_limits, malformed)
{
    static WCHAR wide[] = {0x100};
    UNICODE_STRING names[] = {{0, 0, h2_text}, {4, 4, NULL}, {2, 2, wide}, {512, 512, h2_text}};
    TLS_PARAMETERS parameters = {.cAlpnIds = 1};
    SCH_CREDENTIALS given = limited(&parameters);
    SecHandle credential;

    for (size_t i = 0; i <= sizeof names / sizeof *names; i++) {
        parameters.rgstrAlpnIds = i ? &names[i - 1] : NULL;
        assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)SCHANNEL_NAME_A, SECPKG_CRED_INBOUND, NULL, &given,
                                                NULL, NULL, &credential, NULL),
                      SEC_E_INVALID_PARAMETER);
        own_explained("rgstrAlpnIds");
    }
}
