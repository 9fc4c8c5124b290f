/* Schannel, the TLS package: its credentials, attributes, control tokens and protocol numbers. Included by
 * programs besides sspi.h or security.h; certificates themselves are in wincrypt.h, which this does not need. */
#ifndef SSPI_SCHANNEL_H
#define SSPI_SCHANNEL_H

#include "sspi.h"
#include "sspi_certificate.h"

SSPI_EXTERN_C_BEGIN

/* ---- Names ---- */

#define UNISP_NAME_A "Microsoft Unified Security Protocol Provider"
#define UNISP_NAME_W SSPI_WIDE("Microsoft Unified Security Protocol Provider")
#define UNISP_NAME SSPI_NAME_UAW(UNISP_NAME)
#define SCHANNEL_NAME_A "Schannel"
#define SCHANNEL_NAME_W SSPI_WIDE("Schannel")
#define SCHANNEL_NAME SSPI_NAME_UAW(SCHANNEL_NAME)
#define DEFAULT_TLS_SSP_NAME_A "Default TLS SSP"
#define DEFAULT_TLS_SSP_NAME_W SSPI_WIDE("Default TLS SSP")
#define DEFAULT_TLS_SSP_NAME SSPI_NAME_UAW(DEFAULT_TLS_SSP_NAME)
/* Names of single protocols: obsolete, kept for sources that mention them. */
#define SSL2SP_NAME_A "Microsoft SSL 2.0"
#define SSL2SP_NAME_W SSPI_WIDE("Microsoft SSL 2.0")
#define SSL2SP_NAME SSPI_NAME_UAW(SSL2SP_NAME)
#define SSL3SP_NAME_A "Microsoft SSL 3.0"
#define SSL3SP_NAME_W SSPI_WIDE("Microsoft SSL 3.0")
#define SSL3SP_NAME SSPI_NAME_UAW(SSL3SP_NAME)
#define TLS1SP_NAME_A "Microsoft TLS 1.0"
#define TLS1SP_NAME_W SSPI_WIDE("Microsoft TLS 1.0")
#define TLS1SP_NAME SSPI_NAME_UAW(TLS1SP_NAME)
#define PCT1SP_NAME_A "Microsoft PCT 1.0"
#define PCT1SP_NAME_W SSPI_WIDE("Microsoft PCT 1.0")
#define PCT1SP_NAME SSPI_NAME_UAW(PCT1SP_NAME)

#define UNISP_RPC_ID 14

/* ---- Protocols (grbitEnabledProtocols, dwProtocol): a bit for each side ---- */

#define SP_PROT_NONE 0
#define SP_PROT_ALL 0xFFFFFFFF
#define SP_PROT_PCT1_SERVER 0x00000001
#define SP_PROT_PCT1_CLIENT 0x00000002
#define SP_PROT_PCT1 (SP_PROT_PCT1_SERVER | SP_PROT_PCT1_CLIENT)
#define SP_PROT_SSL2_SERVER 0x00000004
#define SP_PROT_SSL2_CLIENT 0x00000008
#define SP_PROT_SSL2 (SP_PROT_SSL2_SERVER | SP_PROT_SSL2_CLIENT)
#define SP_PROT_SSL3_SERVER 0x00000010
#define SP_PROT_SSL3_CLIENT 0x00000020
#define SP_PROT_SSL3 (SP_PROT_SSL3_SERVER | SP_PROT_SSL3_CLIENT)
#define SP_PROT_TLS1_SERVER 0x00000040
#define SP_PROT_TLS1_CLIENT 0x00000080
#define SP_PROT_TLS1 (SP_PROT_TLS1_SERVER | SP_PROT_TLS1_CLIENT)
#define SP_PROT_TLS1_0_SERVER SP_PROT_TLS1_SERVER
#define SP_PROT_TLS1_0_CLIENT SP_PROT_TLS1_CLIENT
#define SP_PROT_TLS1_0 (SP_PROT_TLS1_0_SERVER | SP_PROT_TLS1_0_CLIENT)
#define SP_PROT_TLS1_1_SERVER 0x00000100
#define SP_PROT_TLS1_1_CLIENT 0x00000200
#define SP_PROT_TLS1_1 (SP_PROT_TLS1_1_SERVER | SP_PROT_TLS1_1_CLIENT)
#define SP_PROT_TLS1_2_SERVER 0x00000400
#define SP_PROT_TLS1_2_CLIENT 0x00000800
#define SP_PROT_TLS1_2 (SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_2_CLIENT)
#define SP_PROT_TLS1_3_SERVER 0x00001000
#define SP_PROT_TLS1_3_CLIENT 0x00002000
#define SP_PROT_TLS1_3 (SP_PROT_TLS1_3_SERVER | SP_PROT_TLS1_3_CLIENT)
#define SP_PROT_DTLS_SERVER 0x00010000
#define SP_PROT_DTLS_CLIENT 0x00020000
#define SP_PROT_DTLS (SP_PROT_DTLS_SERVER | SP_PROT_DTLS_CLIENT)
#define SP_PROT_DTLS1_0_SERVER SP_PROT_DTLS_SERVER
#define SP_PROT_DTLS1_0_CLIENT SP_PROT_DTLS_CLIENT
#define SP_PROT_DTLS1_0 (SP_PROT_DTLS1_0_SERVER | SP_PROT_DTLS1_0_CLIENT)
#define SP_PROT_DTLS1_2_SERVER 0x00040000
#define SP_PROT_DTLS1_2_CLIENT 0x00080000
#define SP_PROT_DTLS1_2 (SP_PROT_DTLS1_2_SERVER | SP_PROT_DTLS1_2_CLIENT)
#define SP_PROT_UNI_SERVER 0x40000000
#define SP_PROT_UNI_CLIENT 0x80000000
#define SP_PROT_UNI (SP_PROT_UNI_SERVER | SP_PROT_UNI_CLIENT)

#define SP_PROT_CLIENTS                                                                                                \
    (SP_PROT_PCT1_CLIENT | SP_PROT_SSL2_CLIENT | SP_PROT_SSL3_CLIENT | SP_PROT_UNI_CLIENT | SP_PROT_TLS1_CLIENT)
#define SP_PROT_SERVERS                                                                                                \
    (SP_PROT_PCT1_SERVER | SP_PROT_SSL2_SERVER | SP_PROT_SSL3_SERVER | SP_PROT_UNI_SERVER | SP_PROT_TLS1_SERVER)
#define SP_PROT_SSL3TLS1_CLIENTS (SP_PROT_TLS1_CLIENT | SP_PROT_SSL3_CLIENT)
#define SP_PROT_SSL3TLS1_SERVERS (SP_PROT_TLS1_SERVER | SP_PROT_SSL3_SERVER)
#define SP_PROT_SSL3TLS1 (SP_PROT_SSL3 | SP_PROT_TLS1)
#define SP_PROT_TLS1_1PLUS_SERVER (SP_PROT_TLS1_1_SERVER | SP_PROT_TLS1_2_SERVER | SP_PROT_TLS1_3_SERVER)
#define SP_PROT_TLS1_1PLUS_CLIENT (SP_PROT_TLS1_1_CLIENT | SP_PROT_TLS1_2_CLIENT | SP_PROT_TLS1_3_CLIENT)
#define SP_PROT_TLS1_1PLUS (SP_PROT_TLS1_1PLUS_SERVER | SP_PROT_TLS1_1PLUS_CLIENT)
#define SP_PROT_TLS1_3PLUS_SERVER SP_PROT_TLS1_3_SERVER
#define SP_PROT_TLS1_3PLUS_CLIENT SP_PROT_TLS1_3_CLIENT
#define SP_PROT_TLS1_3PLUS (SP_PROT_TLS1_3PLUS_SERVER | SP_PROT_TLS1_3PLUS_CLIENT)
#define SP_PROT_TLS1_X_SERVER (SP_PROT_TLS1_0_SERVER | SP_PROT_TLS1_1PLUS_SERVER)
#define SP_PROT_TLS1_X_CLIENT (SP_PROT_TLS1_0_CLIENT | SP_PROT_TLS1_1PLUS_CLIENT)
#define SP_PROT_TLS1_X (SP_PROT_TLS1_X_SERVER | SP_PROT_TLS1_X_CLIENT)
#define SP_PROT_SSL3TLS1_X_CLIENTS (SP_PROT_TLS1_X_CLIENT | SP_PROT_SSL3_CLIENT)
#define SP_PROT_SSL3TLS1_X_SERVERS (SP_PROT_TLS1_X_SERVER | SP_PROT_SSL3_SERVER)
#define SP_PROT_SSL3TLS1_X (SP_PROT_SSL3 | SP_PROT_TLS1_X)
#define SP_PROT_DTLS1_X_SERVER (SP_PROT_DTLS1_0_SERVER | SP_PROT_DTLS1_2_SERVER)
#define SP_PROT_DTLS1_X_CLIENT (SP_PROT_DTLS1_0_CLIENT | SP_PROT_DTLS1_2_CLIENT)
#define SP_PROT_DTLS1_X (SP_PROT_DTLS1_X_SERVER | SP_PROT_DTLS1_X_CLIENT)
#define SP_PROT_X_CLIENTS (SP_PROT_CLIENTS | SP_PROT_TLS1_X_CLIENT | SP_PROT_DTLS1_X_CLIENT)
#define SP_PROT_X_SERVERS (SP_PROT_SERVERS | SP_PROT_TLS1_X_SERVER | SP_PROT_DTLS1_X_SERVER)

/* ---- Credentials (pAuthData of AcquireCredentialsHandle) ---- */

#define SCH_CRED_V1 0x00000001
#define SCH_CRED_V2 0x00000002
#define SCH_CRED_VERSION 0x00000002
#define SCH_CRED_V3 0x00000003
#define SCHANNEL_CRED_VERSION 0x00000004
#define SCH_CREDENTIALS_VERSION 0x00000005

#define SCH_CRED_FORMAT_CERT_CONTEXT 0x00000000
#define SCH_CRED_FORMAT_CERT_HASH 0x00000001
#define SCH_CRED_FORMAT_CERT_HASH_STORE 0x00000002

#define SCH_CRED_MAX_STORE_NAME_SIZE 128
#define SCH_CRED_MAX_SUPPORTED_ALGS 256
#define SCH_CRED_MAX_SUPPORTED_CERTS 100
#define SCH_CRED_MAX_SUPPORTED_PARAMETERS 16
#define SCH_CRED_MAX_SUPPORTED_ALPN_IDS 16
#define SCH_CRED_MAX_SUPPORTED_CRYPTO_SETTINGS 16
#define SCH_CRED_MAX_SUPPORTED_CHAINING_MODES 16

/* dwFlags of both forms. */
#define SCH_MACHINE_CERT_HASH 0x00000001
#define SCH_CRED_NO_SYSTEM_MAPPER 0x00000002       /* server: do not map the client's certificate */
#define SCH_CRED_NO_SERVERNAME_CHECK 0x00000004    /* client: any name in the certificate will do */
#define SCH_CRED_MANUAL_CRED_VALIDATION 0x00000008 /* client: the program checks the certificate */
#define SCH_CRED_NO_DEFAULT_CREDS 0x00000010       /* client: choose no certificate silently */
#define SCH_CRED_AUTO_CRED_VALIDATION 0x00000020   /* client: the package checks the certificate */
#define SCH_CRED_USE_DEFAULT_CREDS 0x00000040
#define SCH_CRED_DISABLE_RECONNECTS 0x00000080 /* do not resume sessions */
#define SCH_CRED_REVOCATION_CHECK_END_CERT 0x00000100
#define SCH_CRED_REVOCATION_CHECK_CHAIN 0x00000200
#define SCH_CRED_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT 0x00000400
#define SCH_CRED_IGNORE_NO_REVOCATION_CHECK 0x00000800
#define SCH_CRED_IGNORE_REVOCATION_OFFLINE 0x00001000
#define SCH_CRED_RESTRICTED_ROOTS 0x00002000
#define SCH_CRED_REVOCATION_CHECK_CACHE_ONLY 0x00004000
#define SCH_CRED_CACHE_ONLY_URL_RETRIEVAL 0x00008000
#define SCH_CRED_MEMORY_STORE_CERT 0x00010000
#define SCH_CRED_CACHE_ONLY_URL_RETRIEVAL_ON_CREATE 0x00020000
#define SCH_SEND_ROOT_CERT 0x00040000
#define SCH_CRED_SNI_CREDENTIAL 0x00080000
#define SCH_CRED_SNI_ENABLE_OCSP 0x00100000
#define SCH_SEND_AUX_RECORD 0x00200000
#define SCH_USE_STRONG_CRYPTO 0x00400000
#define SCH_USE_PRESHAREDKEY_ONLY 0x00800000
#define SCH_USE_DTLS_ONLY 0x01000000
#define SCH_ALLOW_NULL_ENCRYPTION 0x02000000

struct _HMAPPER;

/** The old form: up to TLS 1.2. */
typedef struct _SCHANNEL_CRED {
    DWORD dwVersion; /**< SCHANNEL_CRED_VERSION */
    DWORD cCreds;
    _Field_size_(cCreds) PCCERT_CONTEXT *paCred;
    HCERTSTORE hRootStore; /**< server: roots of client certificates */
    DWORD cMappers;
    struct _HMAPPER **aphMappers;
    DWORD cSupportedAlgs;
    _Field_size_(cSupportedAlgs) ALG_ID *palgSupportedAlgs;
    DWORD grbitEnabledProtocols;   /**< SP_PROT_ bits; 0: the system's default */
    DWORD dwMinimumCipherStrength; /**< bits; 0: default; (DWORD)-1: no encryption */
    DWORD dwMaximumCipherStrength; /**< bits; 0: default; (DWORD)-1: no encryption */
    DWORD dwSessionLifespan;       /**< ms; 0: ten hours */
    DWORD dwFlags;
    DWORD dwCredFormat; /**< SCH_CRED_FORMAT_ */
} SCHANNEL_CRED, *PSCHANNEL_CRED;

/** What a CRYPTO_SETTINGS switches off. */
typedef enum _eTlsAlgorithmUsage {
    TlsParametersCngAlgUsageKeyExchange = 0,
    TlsParametersCngAlgUsageSignature = 1,
    TlsParametersCngAlgUsageCipher = 2,
    TlsParametersCngAlgUsageDigest = 3,
    TlsParametersCngAlgUsageCertSig = 4
} eTlsAlgorithmUsage;

typedef struct _CRYPTO_SETTINGS {
    eTlsAlgorithmUsage eAlgorithmUsage;
    UNICODE_STRING strCngAlgId;
    DWORD cChainingModes; /**< at most SCH_CRED_MAX_SUPPORTED_CHAINING_MODES */
    _Field_size_(cChainingModes) PUNICODE_STRING rgstrChainingModes;
    DWORD dwMinBitLength;
    DWORD dwMaxBitLength;
} CRYPTO_SETTINGS, *PCRYPTO_SETTINGS;

#define TLS_PARAMS_OPTIONAL 0x00000001

typedef struct _TLS_PARAMETERS {
    DWORD cAlpnIds; /**< 0: for any application protocol; else only where one of these is chosen */
    _Field_size_(cAlpnIds) PUNICODE_STRING rgstrAlpnIds;
    DWORD grbitDisabledProtocols; /**< SP_PROT_ bits */
    DWORD cDisabledCrypto;
    _Field_size_(cDisabledCrypto) PCRYPTO_SETTINGS pDisabledCrypto;
    DWORD dwFlags; /**< TLS_PARAMS_OPTIONAL: what is not understood is passed over, and all of it with cAlpnIds */
} TLS_PARAMETERS, *PTLS_PARAMETERS;

/** The new form, the one that can give TLS 1.3. */
typedef struct _SCH_CREDENTIALS {
    DWORD dwVersion; /**< SCH_CREDENTIALS_VERSION */
    DWORD dwCredFormat;
    DWORD cCreds;
    _Field_size_(cCreds) PCCERT_CONTEXT *paCred;
    HCERTSTORE hRootStore;
    DWORD cMappers;
    struct _HMAPPER **aphMappers;
    DWORD dwSessionLifespan; /**< ms; 0: ten hours */
    DWORD dwFlags;
    DWORD cTlsParameters; /**< at most SCH_CRED_MAX_SUPPORTED_PARAMETERS */
    _Field_size_(cTlsParameters) PTLS_PARAMETERS pTlsParameters;
} SCH_CREDENTIALS, *PSCH_CREDENTIALS;

/** With SCH_CRED_FORMAT_CERT_HASH: paCred points to pointers to these. The certificate is looked for in what option
 * tls_certificate names, when the credential is first used or checked. */
typedef struct _SCHANNEL_CERT_HASH {
    DWORD dwLength;
    DWORD dwFlags;
    ULONG_PTR hProv;
    BYTE ShaHash[20];
} SCHANNEL_CERT_HASH, *PSCHANNEL_CERT_HASH;

/** With SCH_CRED_FORMAT_CERT_HASH_STORE: as above. */
typedef struct _SCHANNEL_CERT_HASH_STORE {
    DWORD dwLength;
    DWORD dwFlags;
    ULONG_PTR hProv;
    BYTE ShaHash[20];
    WCHAR pwszStoreName[SCH_CRED_MAX_STORE_NAME_SIZE]; /**< not looked at: there is one store, tls_certificate */
} SCHANNEL_CERT_HASH_STORE, *PSCHANNEL_CERT_HASH_STORE;

/* ---- Control tokens (ApplyControlToken): a TOKEN buffer that begins with one of these ---- */

#define SCHANNEL_RENEGOTIATE 0
#define SCHANNEL_SHUTDOWN 1 /* a DWORD alone */
#define SCHANNEL_ALERT 2    /* SCHANNEL_ALERT_TOKEN */
#define SCHANNEL_SESSION 3  /* SCHANNEL_SESSION_TOKEN */

/**
 * An alert for the peer. In the clear any can be sent. Once records are encrypted: close_notify and each fatal alert that
 * TLS has, but in the middle of a handshake none, and no other warning. With OpenSSL 3.2 and later a client of TLS 1.3
 * and a server of TLS 1.2 can then send close_notify alone. A fatal alert ends the connection, and its session is not
 * resumed.
 */
typedef struct _SCHANNEL_ALERT_TOKEN {
    DWORD dwTokenType;   /**< SCHANNEL_ALERT */
    DWORD dwAlertType;   /**< TLS1_ALERT_WARNING or TLS1_ALERT_FATAL */
    DWORD dwAlertNumber; /**< TLS1_ALERT_, RFC 8446 6 */
} SCHANNEL_ALERT_TOKEN;

#define SSL_SESSION_ENABLE_RECONNECTS 1
#define SSL_SESSION_DISABLE_RECONNECTS 2

typedef struct _SCHANNEL_SESSION_TOKEN {
    DWORD dwTokenType; /**< SCHANNEL_SESSION */
    DWORD dwFlags;     /**< SSL_SESSION_ENABLE_RECONNECTS or SSL_SESSION_DISABLE_RECONNECTS */
} SCHANNEL_SESSION_TOKEN;

#define TLS1_ALERT_WARNING 1
#define TLS1_ALERT_FATAL 2
#define TLS1_ALERT_CLOSE_NOTIFY 0
#define TLS1_ALERT_UNEXPECTED_MESSAGE 10
#define TLS1_ALERT_BAD_RECORD_MAC 20
#define TLS1_ALERT_DECRYPTION_FAILED 21
#define TLS1_ALERT_RECORD_OVERFLOW 22
#define TLS1_ALERT_DECOMPRESSION_FAIL 30
#define TLS1_ALERT_HANDSHAKE_FAILURE 40
#define TLS1_ALERT_BAD_CERTIFICATE 42
#define TLS1_ALERT_UNSUPPORTED_CERT 43
#define TLS1_ALERT_CERTIFICATE_REVOKED 44
#define TLS1_ALERT_CERTIFICATE_EXPIRED 45
#define TLS1_ALERT_CERTIFICATE_UNKNOWN 46
#define TLS1_ALERT_ILLEGAL_PARAMETER 47
#define TLS1_ALERT_UNKNOWN_CA 48
#define TLS1_ALERT_ACCESS_DENIED 49
#define TLS1_ALERT_DECODE_ERROR 50
#define TLS1_ALERT_DECRYPT_ERROR 51
#define TLS1_ALERT_EXPORT_RESTRICTION 60
#define TLS1_ALERT_PROTOCOL_VERSION 70
#define TLS1_ALERT_INSUFFIENT_SECURITY 71 /* misspelt so on Windows */
#define TLS1_ALERT_INTERNAL_ERROR 80
#define TLS1_ALERT_USER_CANCELED 90
#define TLS1_ALERT_NO_RENEGOTIATION 100
#define TLS1_ALERT_UNSUPPORTED_EXT 110
#define TLS1_ALERT_UNKNOWN_PSK_IDENTITY 115
#define TLS1_ALERT_NO_APP_PROTOCOL 120

/* ---- Extensions of one's own (SECBUFFER_SEND_ and SECBUFFER_SUBSCRIBE_GENERIC_TLS_EXTENSION) ---- */

#define SCH_MAX_EXT_SUBSCRIPTIONS 2

typedef struct _SEND_GENERIC_TLS_EXTENSION {
    WORD ExtensionType;
    WORD HandshakeType;
    DWORD Flags;
    WORD BufferSize;
    UCHAR Buffer[ANYSIZE_ARRAY];
} SEND_GENERIC_TLS_EXTENSION, *PSEND_GENERIC_TLS_EXTENSION;

typedef struct _TLS_EXTENSION_SUBSCRIPTION {
    WORD ExtensionType;
    WORD HandshakeType;
} TLS_EXTENSION_SUBSCRIPTION, *PTLS_EXTENSION_SUBSCRIPTION;

typedef struct _SUBSCRIBE_GENERIC_TLS_EXTENSION {
    DWORD Flags;
    DWORD SubscriptionsCount;
    TLS_EXTENSION_SUBSCRIPTION Subscriptions[ANYSIZE_ARRAY];
} SUBSCRIBE_GENERIC_TLS_EXTENSION, *PSUBSCRIBE_GENERIC_TLS_EXTENSION;

/* ---- Session cache ---- */

/**
 * Drops TLS sessions the client side kept for resumption.
 *
 * @param pszTargetName  the sessions of one target; NULL means all.
 * @param dwFlags        0.
 * @return nonzero on success; 0 if dwFlags is not 0.
 */
SSPI_API BOOL SEC_ENTRY SslEmptyCacheW(_In_opt_z_ LPWSTR pszTargetName, _In_ DWORD dwFlags);
/** UTF-8 form of SslEmptyCacheW. */
SSPI_API BOOL SEC_ENTRY SslEmptyCacheA(_In_opt_z_ LPSTR pszTargetName, _In_ DWORD dwFlags);
#define SslEmptyCache SSPI_NAME_AW(SslEmptyCache)

typedef BOOL(SEC_ENTRY *SSL_EMPTY_CACHE_FN_W)(LPWSTR, DWORD);
typedef BOOL(SEC_ENTRY *SSL_EMPTY_CACHE_FN_A)(LPSTR, DWORD);
#define SSL_EMPTY_CACHE_FN SSPI_NAME_UAW(SSL_EMPTY_CACHE_FN)

SSPI_EXTERN_C_END

#include "schannel_attributes.h"

#endif
