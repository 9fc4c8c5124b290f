/*
 * What programs switch off: suites.c.
 */
#include <openssl/ssl.h>

#include "schannel/credential.h"
#include "test.h"

static bool allowed(const struct schannel_limits *limits, const char *name)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    STACK_OF(SSL_CIPHER) * all;
    bool found = false, answer = false;

    cr_assert_eq(SSL_CTX_set_cipher_list(tls, "ALL:@SECLEVEL=0"), 1);
    all = SSL_CTX_get_ciphers(tls);
    for (int i = 0; i < sk_SSL_CIPHER_num(all); i++)
        if (strcmp(SSL_CIPHER_get_name(sk_SSL_CIPHER_value(all, i)), name) == 0) {
            found = true;
            answer = schannel_suite_allowed(limits, sk_SSL_CIPHER_value(all, i));
        }
    SSL_CTX_free(tls);
    cr_assert(found, "%s", name);
    return answer;
}

static UNICODE_STRING text(const WCHAR *units)
{
    USHORT size = 0;

    while (units[size])
        size++;
    return (UNICODE_STRING){(USHORT)(size * 2), (USHORT)(size * 2), (WCHAR *)units};
}

static SECURITY_STATUS take(struct schannel_limits *limits, eTlsAlgorithmUsage usage, const WCHAR *name,
                            const WCHAR *mode, DWORD least, DWORD flags)
{
    UNICODE_STRING modes = text(mode ? mode : u"");
    CRYPTO_SETTINGS setting = {usage, text(name), mode ? 1 : 0, &modes, least, 0};
    TLS_PARAMETERS parameters = {.cDisabledCrypto = 1, .pDisabledCrypto = &setting, .dwFlags = flags};

    *limits = (struct schannel_limits){0};
    return schannel_parameters_take(limits, &parameters, 1, NULL);
}

Test(suites, pieces_are_switched_off)
{
    struct schannel_limits limits = {0};

    cr_assert(allowed(&limits, "TLS_AES_128_GCM_SHA256"));
    assert_status(take(&limits, TlsParametersCngAlgUsageCipher, u"AES", u"ChainingModeCBC", 0, 0), SEC_E_OK);
    cr_assert(schannel_limits_suites(&limits));
    cr_assert_not(allowed(&limits, "ECDHE-RSA-AES128-SHA"));
    cr_assert(allowed(&limits, "ECDHE-RSA-AES128-GCM-SHA256"));
    assert_status(take(&limits, TlsParametersCngAlgUsageCipher, u"AES", NULL, 256, 0), SEC_E_OK);
    cr_assert_not(allowed(&limits, "TLS_AES_128_GCM_SHA256"));
    cr_assert(allowed(&limits, "TLS_AES_256_GCM_SHA384"));
    cr_assert(allowed(&limits, "TLS_CHACHA20_POLY1305_SHA256"));
    assert_status(take(&limits, TlsParametersCngAlgUsageCipher, u"ChaCha20_Poly1305", NULL, 0, 0), SEC_E_OK);
    cr_assert_not(allowed(&limits, "TLS_CHACHA20_POLY1305_SHA256"));
    assert_status(take(&limits, TlsParametersCngAlgUsageKeyExchange, u"RSA", NULL, 0, 0), SEC_E_OK);
    cr_assert_not(allowed(&limits, "AES128-SHA"));
    cr_assert(allowed(&limits, "ECDHE-RSA-AES128-SHA"));
    assert_status(take(&limits, TlsParametersCngAlgUsageKeyExchange, u"ECDHE", NULL, 0, 0), SEC_E_OK);
    cr_assert_not(allowed(&limits, "ECDHE-RSA-AES128-GCM-SHA256"));
    cr_assert(allowed(&limits, "DHE-RSA-AES128-GCM-SHA256"));
    assert_status(take(&limits, TlsParametersCngAlgUsageDigest, u"SHA1", NULL, 0, 0), SEC_E_OK);
    cr_assert_not(allowed(&limits, "ECDHE-RSA-AES128-SHA"));
    cr_assert(allowed(&limits, "ECDHE-RSA-AES128-SHA256"));
    cr_assert(allowed(&limits, "ECDHE-RSA-AES256-GCM-SHA384"));
}

Test(suites, what_is_not_understood_is_refused)
{
    struct schannel_limits limits;
    TLS_PARAMETERS two[17] = {{0}};
    UNICODE_STRING alpn = text(u"h2");

    assert_status(take(&limits, TlsParametersCngAlgUsageCipher, u"CAMELLIA", NULL, 0, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(take(&limits, TlsParametersCngAlgUsageCipher, u"CAMELLIA", NULL, 0, TLS_PARAMS_OPTIONAL), SEC_E_OK);
    assert_status(take(&limits, TlsParametersCngAlgUsageCipher, u"AES", u"ChainingModeXTS", 0, 0),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(take(&limits, TlsParametersCngAlgUsageSignature, u"RSA", NULL, 0, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(take(&limits, TlsParametersCngAlgUsageCipher, u"RC4", NULL, 0, 0), SEC_E_OK);
    cr_assert_not(schannel_limits_suites(&limits));
    assert_status(schannel_parameters_take(&limits, two, 2, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(schannel_parameters_take(&limits, two, 17, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(schannel_parameters_take(&limits, NULL, 1, NULL), SEC_E_INVALID_PARAMETER);
    two[0].cAlpnIds = 1;
    two[0].rgstrAlpnIds = &alpn;
    two[0].grbitDisabledProtocols = SP_PROT_TLS1_2; /* for h2 alone */
    two[1].grbitDisabledProtocols = SP_PROT_TLS1_3;
    assert_status(schannel_parameters_take(&limits, two, 2, NULL), SEC_E_OK);
    cr_assert_eq(limits.protocols_off, SP_PROT_TLS1_3);
    two[1].cDisabledCrypto = 17;
    assert_status(schannel_parameters_take(&limits, two, 2, NULL), SEC_E_INVALID_PARAMETER);
}

Test(suites, algorithms_of_the_old_form)
{
    struct schannel_limits limits = {0};
    static const ALG_ID some[] = {CALG_AES_256, CALG_ECDH_EPHEM};

    assert_status(schannel_algorithms_take(&limits, some, 2, NULL), SEC_E_OK);
    cr_assert(allowed(&limits, "ECDHE-RSA-AES256-GCM-SHA384"));
    cr_assert_not(allowed(&limits, "ECDHE-RSA-AES128-GCM-SHA256"));
    cr_assert_not(allowed(&limits, "ECDHE-RSA-CHACHA20-POLY1305"));
    cr_assert_not(allowed(&limits, "DHE-RSA-AES256-GCM-SHA384"));
    assert_status(schannel_algorithms_take(&limits, some, 257, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(schannel_algorithms_take(&limits, NULL, 1, NULL), SEC_E_INVALID_PARAMETER);
}
