/*
 * allowed.c: what a credential says of itself, before and after its first context.
 */
#include "own_rig.h"

static struct tls_pair pair;

static SECURITY_STATUS query(const struct tls_end *end, ULONG attribute, void *out)
{
    return QueryCredentialsAttributesA((SecHandle *)&end->credential, attribute, out);
}

static DWORD protocols_of(const struct tls_end *end)
{
    SecPkgCred_SupportedProtocols protocols;

    assert_status(query(end, SECPKG_ATTR_SUPPORTED_PROTOCOLS, &protocols), SEC_E_OK);
    return protocols.grbitProtocol;
}

static void strengths_are(const struct tls_end *end, DWORD least, DWORD most)
{
    SecPkgCred_CipherStrengths strengths;

    assert_status(query(end, SECPKG_ATTR_CIPHER_STRENGTHS, &strengths), SEC_E_OK);
    cr_assert_eq(strengths.dwMinimumCipherStrength, least, "%u", strengths.dwMinimumCipherStrength);
    cr_assert_eq(strengths.dwMaximumCipherStrength, most, "%u", strengths.dwMaximumCipherStrength);
}

static bool has(const struct tls_end *end, ALG_ID wanted)
{
    SecPkgCred_SupportedAlgs algorithms;
    bool found = false;

    assert_status(query(end, SECPKG_ATTR_SUPPORTED_ALGS, &algorithms), SEC_E_OK);
    for (DWORD i = 0; i < algorithms.cSupportedAlgs; i++)
        found = found || algorithms.palgSupportedAlgs[i] == wanted;
    assert_status(FreeContextBuffer(algorithms.palgSupportedAlgs), SEC_E_OK);
    return found;
}

Test(allowed, defaults)
{
    own_begin(&pair, NULL, NULL);
    cr_assert_eq(protocols_of(&pair.server), SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_3_SERVER);
    cr_assert_eq(protocols_of(&pair.client), SP_PROT_TLS1_2_CLIENT | SP_PROT_TLS1_3_CLIENT);
    strengths_are(&pair.server, 128, 256);
    cr_assert(has(&pair.server, CALG_AES_128) && has(&pair.server, CALG_AES_256));
    cr_assert(has(&pair.server, CALG_SHA_256) && has(&pair.server, CALG_SHA_384));
    cr_assert(has(&pair.server, CALG_ECDH_EPHEM) && has(&pair.server, CALG_RSA_SIGN));
    cr_assert_not(has(&pair.server, CALG_SHA1));
    cr_assert_not(has(&pair.server, CALG_RSA_KEYX));
    tls_end(&pair);
}

/* The question closes no option, and the answer follows what is set. */
Test(allowed, options_and_limits)
{
    SCHANNEL_CRED old = {.dwVersion = SCHANNEL_CRED_VERSION, .dwMinimumCipherStrength = 256};

    own_begin(&pair, NULL, &old);
    cr_assert_eq(protocols_of(&pair.client), SP_PROT_TLS1_2_CLIENT);
    strengths_are(&pair.client, 256, 256);
    cr_assert_not(has(&pair.client, CALG_AES_128));
    cr_assert_eq(protocols_of(&pair.server), SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_3_SERVER);
    own_option(&pair.server, "tls_minimum_version", "1.3");
    own_option(&pair.server, "tls_ciphers", "TLS_AES_128_GCM_SHA256");
    cr_assert_eq(protocols_of(&pair.server), SP_PROT_TLS1_3_SERVER);
    strengths_are(&pair.server, 128, 128);
    cr_assert_not(has(&pair.server, CALG_AES_256));
    own_option(&pair.server, "tls_maximum_version", "1.2");
    assert_status(query(&pair.server, SECPKG_ATTR_SUPPORTED_PROTOCOLS, &(SecPkgCred_SupportedProtocols){0}),
                  SEC_E_ALGORITHM_MISMATCH);
    own_explained("no version of TLS is left");
    tls_end(&pair);
}

/* The same of the SSL_CTX that connections have. */
Test(allowed, once_in_use)
{
    own_begin(&pair, NULL, NULL);
    own_certificate(&pair.server, own_pem(&(struct pki_spec){.name = "www.example.com"}), false);
    own_option(&pair.server, "tls_maximum_version", "1.2");
    own_trust(&pair.client);
    cr_assert_not(own_open(&pair, "www.example.com"));
    cr_assert_eq(protocols_of(&pair.server), SP_PROT_TLS1_2_SERVER);
    strengths_are(&pair.server, 128, 256);
    cr_assert(has(&pair.client, CALG_ECDSA));
    tls_end(&pair);
}

Test(allowed, bad_questions)
{
    SecPkgCred_SupportedProtocols protocols = {7};
    SecHandle stale;

    own_begin(&pair, NULL, NULL);
    stale = pair.client.credential;
    assert_status(query(&pair.client, SECPKG_ATTR_CLIENT_CERT_POLICY, &protocols), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(query(&pair.client, SECPKG_CRED_ATTR_NAMES, &(SecPkgCredentials_NamesA){0}),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(QueryCredentialsAttributesExA(&stale, SECPKG_ATTR_SUPPORTED_PROTOCOLS, &protocols, 3),
                  SEC_E_BUFFER_TOO_SMALL);
    assert_status(QueryCredentialsAttributesA(&stale, SECPKG_ATTR_SUPPORTED_PROTOCOLS, NULL), SEC_E_INVALID_PARAMETER);
    tls_end(&pair);
    assert_status(QueryCredentialsAttributesA(&stale, SECPKG_ATTR_SUPPORTED_PROTOCOLS, &protocols),
                  SEC_E_INVALID_HANDLE);
    cr_assert_eq(protocols.grbitProtocol, 0);
}
