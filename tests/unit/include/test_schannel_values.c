/* Every number of schannel.h and credssp.h against its documented number. The expected numbers are written out here and
 * never taken from the headers, so that a slip there shows. */
#include "credssp.h"
#include "rows.h"
#include "schannel.h"

#define ROW(name, value)                                                                                               \
    {                                                                                                                  \
#name, (uint64_t)(name), (value)                                                                               \
    }

Test(schannel_values, credentials)
{
    static const struct row rows[] = {
        ROW(SCHANNEL_CRED_VERSION, 4),
        ROW(SCH_CREDENTIALS_VERSION, 5),
        ROW(TLS_PARAMS_OPTIONAL, 1),
        ROW(SCH_CRED_FORMAT_CERT_CONTEXT, 0),
        ROW(SCH_CRED_FORMAT_CERT_HASH, 1),
        ROW(SCH_CRED_FORMAT_CERT_HASH_STORE, 2),
        ROW(SCH_CRED_MAX_SUPPORTED_PARAMETERS, 16),
        ROW(SCH_CRED_MAX_SUPPORTED_ALPN_IDS, 16),
        ROW(SCH_CRED_MAX_SUPPORTED_CRYPTO_SETTINGS, 16),
        ROW(SCH_CRED_MAX_SUPPORTED_CHAINING_MODES, 16),
        ROW(TlsParametersCngAlgUsageKeyExchange, 0),
        ROW(TlsParametersCngAlgUsageSignature, 1),
        ROW(TlsParametersCngAlgUsageCipher, 2),
        ROW(TlsParametersCngAlgUsageDigest, 3),
        ROW(TlsParametersCngAlgUsageCertSig, 4),
        ROW(SCH_CRED_NO_SYSTEM_MAPPER, 0x2),
        ROW(SCH_CRED_NO_SERVERNAME_CHECK, 0x4),
        ROW(SCH_CRED_MANUAL_CRED_VALIDATION, 0x8),
        ROW(SCH_CRED_NO_DEFAULT_CREDS, 0x10),
        ROW(SCH_CRED_AUTO_CRED_VALIDATION, 0x20),
        ROW(SCH_CRED_USE_DEFAULT_CREDS, 0x40),
        ROW(SCH_CRED_DISABLE_RECONNECTS, 0x80),
        ROW(SCH_CRED_REVOCATION_CHECK_END_CERT, 0x100),
        ROW(SCH_CRED_REVOCATION_CHECK_CHAIN, 0x200),
        ROW(SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT, 0x400),
        ROW(SCH_CRED_IGNORE_NO_REVOCATION_CHECK, 0x800),
        ROW(SCH_CRED_IGNORE_REVOCATION_OFFLINE, 0x1000),
        ROW(SCH_CRED_RESTRICTED_ROOTS, 0x2000),
        ROW(SCH_CRED_REVOCATION_CHECK_CACHE_ONLY, 0x4000),
        ROW(SCH_CRED_CACHE_ONLY_URL_RETRIEVAL, 0x8000),
        ROW(SCH_CRED_MEMORY_STORE_CERT, 0x10000),
        ROW(SCH_CRED_CACHE_ONLY_URL_RETRIEVAL_ON_CREATE, 0x20000),
        ROW(SCH_SEND_ROOT_CERT, 0x40000),
        ROW(SCH_CRED_SNI_CREDENTIAL, 0x80000),
        ROW(SCH_CRED_SNI_ENABLE_OCSP, 0x100000),
        ROW(SCH_SEND_AUX_RECORD, 0x200000),
        ROW(SCH_USE_STRONG_CRYPTO, 0x400000),
        ROW(SCH_USE_PRESHAREDKEY_ONLY, 0x800000),
        ROW(SCH_USE_DTLS_ONLY, 0x1000000),
        ROW(SCH_ALLOW_NULL_ENCRYPTION, 0x2000000),
    };
    rows_check(rows, sizeof rows / sizeof rows[0]);
}

Test(schannel_values, protocols)
{
    static const struct row rows[] = {
        ROW(SP_PROT_PCT1_SERVER, 1),
        ROW(SP_PROT_PCT1_CLIENT, 2),
        ROW(SP_PROT_PCT1, (1 | 2)),
        ROW(SP_PROT_SSL2_SERVER, 4),
        ROW(SP_PROT_SSL2_CLIENT, 8),
        ROW(SP_PROT_SSL2, (4 | 8)),
        ROW(SP_PROT_SSL3_SERVER, 0x10),
        ROW(SP_PROT_SSL3_CLIENT, 0x20),
        ROW(SP_PROT_SSL3, (0x10 | 0x20)),
        ROW(SP_PROT_TLS1_0_SERVER, 0x40),
        ROW(SP_PROT_TLS1_0_CLIENT, 0x80),
        ROW(SP_PROT_TLS1_0, (0x40 | 0x80)),
        ROW(SP_PROT_TLS1_1_SERVER, 0x100),
        ROW(SP_PROT_TLS1_1_CLIENT, 0x200),
        ROW(SP_PROT_TLS1_1, (0x100 | 0x200)),
        ROW(SP_PROT_TLS1_2_SERVER, 0x400),
        ROW(SP_PROT_TLS1_2_CLIENT, 0x800),
        ROW(SP_PROT_TLS1_2, (0x400 | 0x800)),
        ROW(SP_PROT_TLS1_3_SERVER, 0x1000),
        ROW(SP_PROT_TLS1_3_CLIENT, 0x2000),
        ROW(SP_PROT_TLS1_3, (0x1000 | 0x2000)),
        ROW(SP_PROT_DTLS1_0_SERVER, 0x10000),
        ROW(SP_PROT_DTLS1_0_CLIENT, 0x20000),
        ROW(SP_PROT_DTLS1_0, (0x10000 | 0x20000)),
        ROW(SP_PROT_DTLS1_2_SERVER, 0x40000),
        ROW(SP_PROT_DTLS1_2_CLIENT, 0x80000),
        ROW(SP_PROT_DTLS1_2, (0x40000 | 0x80000)),
        ROW(SP_PROT_UNI_SERVER, 0x40000000),
        ROW(SP_PROT_UNI_CLIENT, 0x80000000),
        ROW(SP_PROT_UNI, (0x40000000 | 0x80000000)),
        ROW(SP_PROT_NONE, 0),
        ROW(SP_PROT_ALL, 0xFFFFFFFF),
    };
    rows_check(rows, sizeof rows / sizeof rows[0]);
}

Test(schannel_values, attributes)
{
    static const struct row rows[] = {
        ROW(SECPKG_ATTR_ISSUER_LIST, 0x50),
        ROW(SECPKG_ATTR_ISSUER_LIST_EX, 0x59),
        ROW(SECPKG_ATTR_REMOTE_CRED, 0x51),
        ROW(SECPKG_ATTR_LOCAL_CRED, 0x52),
        ROW(SECPKG_ATTR_REMOTE_CERT_CONTEXT, 0x53),
        ROW(SECPKG_ATTR_LOCAL_CERT_CONTEXT, 0x54),
        ROW(SECPKG_ATTR_ROOT_STORE, 0x55),
        ROW(SECPKG_ATTR_CONNECTION_INFO, 0x5A),
        ROW(SECPKG_ATTR_EAP_KEY_BLOCK, 0x5B),
        ROW(SECPKG_ATTR_MAPPED_CRED_ATTR, 0x5C),
        ROW(SECPKG_ATTR_SESSION_INFO, 0x5D),
        ROW(SECPKG_ATTR_APP_DATA, 0x5E),
        ROW(SECPKG_ATTR_REMOTE_CERTIFICATES, 0x5F),
        ROW(SECPKG_ATTR_CC_POLICY_RESULT, 0x61),
        ROW(SECPKG_ATTR_USE_NCRYPT, 0x62),
        ROW(SECPKG_ATTR_LOCAL_CERT_INFO, 0x63),
        ROW(SECPKG_ATTR_CIPHER_INFO, 0x64),
        ROW(SECPKG_ATTR_EAP_PRF_INFO, 0x65),
        ROW(SECPKG_ATTR_SUPPORTED_SIGNATURES, 0x66),
        ROW(SECPKG_ATTR_REMOTE_CERT_CHAIN, 0x67),
        ROW(SECPKG_ATTR_UI_INFO, 0x68),
        ROW(SECPKG_ATTR_EARLY_START, 0x69),
        ROW(SECPKG_ATTR_KEYING_MATERIAL_INFO, 0x6A),
        ROW(SECPKG_ATTR_KEYING_MATERIAL, 0x6B),
        ROW(SECPKG_ATTR_SRTP_PARAMETERS, 0x6C),
        ROW(SECPKG_ATTR_TOKEN_BINDING, 0x6D),
        ROW(SECPKG_ATTR_CONNECTION_INFO_EX, 0x6E),
        ROW(SECPKG_ATTR_KEYING_MATERIAL_TOKEN_BINDING, 0x6F),
        ROW(SECPKG_ATTR_KEYING_MATERIAL_INPROC, 0x70),
        ROW(SECPKG_ATTR_SUPPORTED_ALGS, 0x56),
        ROW(SECPKG_ATTR_CIPHER_STRENGTHS, 0x57),
        ROW(SECPKG_ATTR_SUPPORTED_PROTOCOLS, 0x58),
        ROW(SECPKG_ATTR_CLIENT_CERT_POLICY, 0x60),
        ROW(SSL_SESSION_RECONNECT, 1),
        ROW(ENABLE_TLS_CLIENT_EARLY_START, 1),
    };
    rows_check(rows, sizeof rows / sizeof rows[0]);
}

Test(schannel_values, control_tokens)
{
    static const struct row rows[] = {
        ROW(UNISP_RPC_ID, 14),
        ROW(SCHANNEL_RENEGOTIATE, 0),
        ROW(SCHANNEL_SHUTDOWN, 1),
        ROW(SCHANNEL_ALERT, 2),
        ROW(SCHANNEL_SESSION, 3),
        ROW(SSL_SESSION_ENABLE_RECONNECTS, 1),
        ROW(SSL_SESSION_DISABLE_RECONNECTS, 2),
        ROW(TLS1_ALERT_WARNING, 1),
        ROW(TLS1_ALERT_FATAL, 2),
        ROW(SCH_MAX_EXT_SUBSCRIPTIONS, 2),
        ROW(TLS1_ALERT_CLOSE_NOTIFY, 0),
        ROW(TLS1_ALERT_UNEXPECTED_MESSAGE, 10),
        ROW(TLS1_ALERT_BAD_RECORD_MAC, 20),
        ROW(TLS1_ALERT_DECRYPTION_FAILED, 21),
        ROW(TLS1_ALERT_RECORD_OVERFLOW, 22),
        ROW(TLS1_ALERT_DECOMPRESSION_FAIL, 30),
        ROW(TLS1_ALERT_HANDSHAKE_FAILURE, 40),
        ROW(TLS1_ALERT_BAD_CERTIFICATE, 42),
        ROW(TLS1_ALERT_UNSUPPORTED_CERT, 43),
        ROW(TLS1_ALERT_CERTIFICATE_REVOKED, 44),
        ROW(TLS1_ALERT_CERTIFICATE_EXPIRED, 45),
        ROW(TLS1_ALERT_CERTIFICATE_UNKNOWN, 46),
        ROW(TLS1_ALERT_ILLEGAL_PARAMETER, 47),
        ROW(TLS1_ALERT_UNKNOWN_CA, 48),
        ROW(TLS1_ALERT_ACCESS_DENIED, 49),
        ROW(TLS1_ALERT_DECODE_ERROR, 50),
        ROW(TLS1_ALERT_DECRYPT_ERROR, 51),
        ROW(TLS1_ALERT_EXPORT_RESTRICTION, 60),
        ROW(TLS1_ALERT_PROTOCOL_VERSION, 70),
        ROW(TLS1_ALERT_INSUFFIENT_SECURITY, 71),
        ROW(TLS1_ALERT_INTERNAL_ERROR, 80),
        ROW(TLS1_ALERT_USER_CANCELED, 90),
        ROW(TLS1_ALERT_NO_RENEGOTIATION, 100),
        ROW(TLS1_ALERT_UNSUPPORTED_EXT, 110),
        ROW(TLS1_ALERT_UNKNOWN_PSK_IDENTITY, 115),
        ROW(TLS1_ALERT_NO_APP_PROTOCOL, 120),
    };
    rows_check(rows, sizeof rows / sizeof rows[0]);
}

Test(schannel_values, credssp)
{
    static const struct row rows[] = {
        ROW(SECPKG_ATTR_C_ACCESS_TOKEN, 0x80000012),
        ROW(SECPKG_ATTR_CREDS, 0x80000080),
        ROW(SECPKG_ATTR_NEGOTIATION_PACKAGE, 0x80000081),
        ROW(SECPKG_ATTR_C_FULL_ACCESS_TOKEN, 0x80000082),
        ROW(SECPKG_ATTR_SERVER_AUTH_FLAGS, 0x80000083),
        ROW(SECPKG_ATTR_CERT_TRUST_STATUS, 0x80000084),
        ROW(SECPKG_ATTR_CREDS_2, 0x80000086),
        ROW(CredsspPasswordCreds, 2),
        ROW(CredsspSchannelCreds, 4),
        ROW(CredsspCertificateCreds, 13),
        ROW(CredsspSubmitBufferBoth, 50),
        ROW(CredsspSubmitBufferBothOld, 51),
        ROW(CredsspCredEx, 100),
    };
    rows_check(rows, sizeof rows / sizeof rows[0]);
}
