/* Attributes of Schannel contexts and credentials: numbers and structures. Included by schannel.h. Memory rules
 * are those of sspi_attributes.h. */
#ifndef SSPI_SCHANNEL_ATTRIBUTES_H
#define SSPI_SCHANNEL_ATTRIBUTES_H

#include "sspi.h"
#include "sspi_certificate.h"

SSPI_EXTERN_C_BEGIN

/* ---- Numbers, with what each fills ---- */

#define SECPKG_ATTR_ISSUER_LIST 0x50         /* SecPkgContext_IssuerListInfo, obsolete */
#define SECPKG_ATTR_REMOTE_CRED 0x51         /* SecPkgContext_RemoteCredentialInfo, obsolete */
#define SECPKG_ATTR_LOCAL_CRED 0x52          /* SecPkgContext_LocalCredentialInfo, obsolete */
#define SECPKG_ATTR_REMOTE_CERT_CONTEXT 0x53 /* PCCERT_CONTEXT */
#define SECPKG_ATTR_LOCAL_CERT_CONTEXT 0x54  /* PCCERT_CONTEXT */
#define SECPKG_ATTR_ROOT_STORE 0x55          /* HCERTSTORE */
#define SECPKG_ATTR_SUPPORTED_ALGS 0x56      /* credential: SecPkgCred_SupportedAlgs */
#define SECPKG_ATTR_CIPHER_STRENGTHS 0x57    /* credential: SecPkgCred_CipherStrengths */
#define SECPKG_ATTR_SUPPORTED_PROTOCOLS 0x58 /* credential: SecPkgCred_SupportedProtocols */
#define SECPKG_ATTR_ISSUER_LIST_EX 0x59      /* SecPkgContext_IssuerListInfoEx */
#define SECPKG_ATTR_CONNECTION_INFO 0x5A     /* SecPkgContext_ConnectionInfo */
#define SECPKG_ATTR_EAP_KEY_BLOCK 0x5B       /* SecPkgContext_EapKeyBlock */
#define SECPKG_ATTR_MAPPED_CRED_ATTR 0x5C    /* SecPkgContext_MappedCredAttr */
#define SECPKG_ATTR_SESSION_INFO 0x5D        /* SecPkgContext_SessionInfo */
#define SECPKG_ATTR_APP_DATA 0x5E            /* SecPkgContext_SessionAppData, also set */
#define SECPKG_ATTR_REMOTE_CERTIFICATES 0x5F /* SecPkgContext_Certificates */
#define SECPKG_ATTR_CLIENT_CERT_POLICY 0x60  /* credential: SecPkgCred_ClientCertPolicy */
#define SECPKG_ATTR_CC_POLICY_RESULT 0x61    /* SecPkgContext_ClientCertPolicyResult */
#define SECPKG_ATTR_USE_NCRYPT 0x62
#define SECPKG_ATTR_LOCAL_CERT_INFO 0x63      /* SecPkgContext_CertInfo */
#define SECPKG_ATTR_CIPHER_INFO 0x64          /* SecPkgContext_CipherInfo */
#define SECPKG_ATTR_EAP_PRF_INFO 0x65         /* SecPkgContext_EapPrfInfo, set only */
#define SECPKG_ATTR_SUPPORTED_SIGNATURES 0x66 /* SecPkgContext_SupportedSignatures */
#define SECPKG_ATTR_REMOTE_CERT_CHAIN 0x67    /* PCCERT_CONTEXT */
#define SECPKG_ATTR_UI_INFO 0x68
#define SECPKG_ATTR_EARLY_START 0x69          /* SecPkgContext_EarlyStart, set only */
#define SECPKG_ATTR_KEYING_MATERIAL_INFO 0x6A /* SecPkgContext_KeyingMaterialInfo, set only */
#define SECPKG_ATTR_KEYING_MATERIAL 0x6B      /* SecPkgContext_KeyingMaterial */
#define SECPKG_ATTR_SRTP_PARAMETERS 0x6C      /* SecPkgContext_SrtpParameters */
#define SECPKG_ATTR_TOKEN_BINDING 0x6D        /* SecPkgContext_TokenBinding */
#define SECPKG_ATTR_CONNECTION_INFO_EX 0x6E   /* SecPkgContext_ConnectionInfoEx */
#define SECPKG_ATTR_KEYING_MATERIAL_TOKEN_BINDING 0x6F
#define SECPKG_ATTR_KEYING_MATERIAL_INPROC 0x70 /* SecPkgContext_KeyingMaterial_Inproc */
/* Not of Windows: the tls-exporter of RFC 9266, for TLS 1.3 and, with the extended master secret, before. */
#define SSPI_ATTR_EXPORTER_BINDINGS 0x53535001 /* SecPkgContext_Bindings */

/* ---- Credentials ---- */

typedef struct _SecPkgCred_SupportedAlgs {
    DWORD cSupportedAlgs;
    _Field_size_(cSupportedAlgs) ALG_ID *palgSupportedAlgs;
} SecPkgCred_SupportedAlgs, *PSecPkgCred_SupportedAlgs;

typedef struct _SecPkgCred_CipherStrengths {
    DWORD dwMinimumCipherStrength; /**< bits */
    DWORD dwMaximumCipherStrength; /**< bits */
} SecPkgCred_CipherStrengths, *PSecPkgCred_CipherStrengths;

typedef struct _SecPkgCred_SupportedProtocols {
    DWORD grbitProtocol; /**< SP_PROT_ bits */
} SecPkgCred_SupportedProtocols, *PSecPkgCred_SupportedProtocols;

typedef struct _SecPkgCred_ClientCertPolicy {
    DWORD dwFlags;
    GUID guidPolicyId;
    DWORD dwCertFlags;
    DWORD dwUrlRetrievalTimeout; /**< ms */
    BOOL fCheckRevocationFreshnessTime;
    DWORD dwRevocationFreshnessTime; /**< s */
    BOOL fOmitUsageCheck;
    LPWSTR pwszSslCtlStoreName;
    LPWSTR pwszSslCtlIdentifier;
} SecPkgCred_ClientCertPolicy, *PSecPkgCred_ClientCertPolicy;

/* ---- Contexts: certificates ---- */

typedef struct _SecPkgContext_IssuerListInfo {
    DWORD cbIssuerList;
    PBYTE pIssuerList;
} SecPkgContext_IssuerListInfo, *PSecPkgContext_IssuerListInfo;

/** The authorities whose certificates the server takes. */
typedef struct _SecPkgContext_IssuerListInfoEx {
    _Field_size_(cIssuers) PCERT_NAME_BLOB aIssuers;
    DWORD cIssuers;
} SecPkgContext_IssuerListInfoEx, *PSecPkgContext_IssuerListInfoEx;

#define RCRED_STATUS_NOCRED 0x00000000
#define RCRED_CRED_EXISTS 0x00000001
#define RCRED_STATUS_UNKNOWN_ISSUER 0x00000002

typedef struct _SecPkgContext_RemoteCredentialInfo {
    DWORD cbCertificateChain;
    PBYTE pbCertificateChain;
    DWORD cCertificates;
    DWORD fFlags; /**< RCRED_ */
    DWORD dwBits;
} SecPkgContext_RemoteCredentialInfo, *PSecPkgContext_RemoteCredentialInfo;

#define LCRED_STATUS_NOCRED 0x00000000
#define LCRED_CRED_EXISTS 0x00000001
#define LCRED_STATUS_UNKNOWN_ISSUER 0x00000002

typedef struct _SecPkgContext_LocalCredentialInfo {
    DWORD cbCertificateChain;
    PBYTE pbCertificateChain;
    DWORD cCertificates;
    DWORD fFlags; /**< LCRED_ */
    DWORD dwBits;
} SecPkgContext_LocalCredentialInfo, *PSecPkgContext_LocalCredentialInfo;

/* Misspelt so on Windows. */
typedef SecPkgContext_RemoteCredentialInfo SecPkgContext_RemoteCredenitalInfo, *PSecPkgContext_RemoteCredenitalInfo;
typedef SecPkgContext_LocalCredentialInfo SecPkgContext_LocalCredenitalInfo, *PSecPkgContext_LocalCredenitalInfo;

/** The peer's certificates, its own first. Windows leaves their layout open: here DER, one behind the other. */
typedef struct _SecPkgContext_Certificates {
    DWORD cCertificates;
    DWORD cbCertificateChain;
    _Field_size_bytes_(cbCertificateChain) PBYTE pbCertificateChain;
} SecPkgContext_Certificates, *PSecPkgContext_Certificates;

#define KERN_CONTEXT_CERT_INFO_V1 0x00000000

typedef struct _SecPkgContext_CertInfo {
    DWORD dwVersion;     /**< KERN_CONTEXT_CERT_INFO_V1 */
    DWORD cbSubjectName; /**< bytes, without the terminator */
    LPWSTR pwszSubjectName;
    DWORD cbIssuerName; /**< bytes, without the terminator */
    LPWSTR pwszIssuerName;
    DWORD dwKeySize; /**< bits */
} SecPkgContext_CertInfo, *PSecPkgContext_CertInfo;

typedef struct _SecPkgContext_ClientCertPolicyResult {
    HRESULT dwPolicyResult;
    GUID guidPolicyId;
} SecPkgContext_ClientCertPolicyResult, *PSecPkgContext_ClientCertPolicyResult;

typedef struct _SecPkgContext_MappedCredAttr {
    DWORD dwAttribute; /**< an attribute of the account the certificate maps to */
    PVOID pvBuffer;
} SecPkgContext_MappedCredAttr, *PSecPkgContext_MappedCredAttr;

typedef struct _SecPkgContext_UiInfo {
    HWND hParentWindow;
} SecPkgContext_UiInfo, *PSecPkgContext_UiInfo;

/* ---- Contexts: the connection ---- */

typedef struct _SecPkgContext_ConnectionInfo {
    DWORD dwProtocol; /**< one SP_PROT_ bit */
    ALG_ID aiCipher;
    DWORD dwCipherStrength; /**< bits */
    ALG_ID aiHash;
    DWORD dwHashStrength; /**< bits */
    ALG_ID aiExch;        /**< of a hybrid of a curve and ML-KEM: of its curve; of ML-KEM alone: 0 */
    DWORD dwExchStrength; /**< bits; of a hybrid: of its curve */
} SecPkgContext_ConnectionInfo, *PSecPkgContext_ConnectionInfo;

#define SECPKGCONTEXT_CONNECTION_INFO_EX_V1 1

/** The caller sets dwVersion. */
typedef struct _SecPkgContext_ConnectionInfoEx {
    DWORD dwVersion; /**< SECPKGCONTEXT_CONNECTION_INFO_EX_V1 */
    DWORD dwProtocol;
    WCHAR szCipher[SZ_ALG_MAX_SIZE];
    DWORD dwCipherStrength;
    WCHAR szHash[SZ_ALG_MAX_SIZE];
    DWORD dwHashStrength;
    WCHAR szExchange[SZ_ALG_MAX_SIZE]; /**< "ECDHE", "DHE", "RSA"; with ML-KEM the group, "X25519MLKEM768" */
    DWORD dwExchStrength;
} SecPkgContext_ConnectionInfoEx, *PSecPkgContext_ConnectionInfoEx;

#define SECPKGCONTEXT_CIPHERINFO_V1 1

/** The caller sets dwVersion. */
typedef struct _SecPkgContext_CipherInfo {
    DWORD dwVersion; /**< SECPKGCONTEXT_CIPHERINFO_V1 */
    DWORD dwProtocol;
    DWORD dwCipherSuite; /**< number of the suite in TLS */
    DWORD dwBaseCipherSuite;
    WCHAR szCipherSuite[SZ_ALG_MAX_SIZE];
    WCHAR szCipher[SZ_ALG_MAX_SIZE];
    DWORD dwCipherLen;      /**< bits */
    DWORD dwCipherBlockLen; /**< bytes */
    WCHAR szHash[SZ_ALG_MAX_SIZE];
    DWORD dwHashLen; /**< bits */
    WCHAR szExchange[SZ_ALG_MAX_SIZE]; /**< "ECDHE", "DHE", "RSA"; with ML-KEM the group, "X25519MLKEM768" */
    DWORD dwMinExchangeLen;
    DWORD dwMaxExchangeLen;
    WCHAR szCertificate[SZ_ALG_MAX_SIZE];
    DWORD dwKeyType;
} SecPkgContext_CipherInfo, *PSecPkgContext_CipherInfo;

/** Numbers of RFC 5246, 7.4.1.4.1, as SecPkgContext_SupportedSignatures combines them. */
typedef enum _eTlsSignatureAlgorithm {
    TlsSignatureAlgorithm_Anonymous = 0,
    TlsSignatureAlgorithm_Rsa = 1,
    TlsSignatureAlgorithm_Dsa = 2,
    TlsSignatureAlgorithm_Ecdsa = 3
} eTlsSignatureAlgorithm;

typedef enum _eTlsHashAlgorithm {
    TlsHashAlgorithm_None = 0,
    TlsHashAlgorithm_Md5 = 1,
    TlsHashAlgorithm_Sha1 = 2,
    TlsHashAlgorithm_Sha224 = 3,
    TlsHashAlgorithm_Sha256 = 4,
    TlsHashAlgorithm_Sha384 = 5,
    TlsHashAlgorithm_Sha512 = 6
} eTlsHashAlgorithm;

typedef struct _SecPkgContext_SupportedSignatures {
    WORD cSignatureAndHashAlgorithms;
    _Field_size_(cSignatureAndHashAlgorithms) WORD *pSignatureAndHashAlgorithms; /**< signature << 8 | hash */
} SecPkgContext_SupportedSignatures, *PSecPkgContext_SupportedSignatures;

#define SSL_SESSION_RECONNECT 1 /* the session was resumed */

typedef struct _SecPkgContext_SessionInfo {
    DWORD dwFlags; /**< SSL_SESSION_RECONNECT */
    DWORD cbSessionId;
    BYTE rgbSessionId[32];
} SecPkgContext_SessionInfo, *PSecPkgContext_SessionInfo;

/** Data of the program that lives with the session. */
typedef struct _SecPkgContext_SessionAppData {
    DWORD dwFlags; /**< 0 */
    DWORD cbAppData;
    _Field_size_bytes_(cbAppData) PBYTE pbAppData;
} SecPkgContext_SessionAppData, *PSecPkgContext_SessionAppData;

#define ENABLE_TLS_CLIENT_EARLY_START 0x00000001

/** Permission for a client to send data before the server's Finished. OpenSSL does not make use of it. */
typedef struct _SecPkgContext_EarlyStart {
    DWORD dwEarlyStartFlags; /**< ENABLE_TLS_CLIENT_EARLY_START */
} SecPkgContext_EarlyStart, *PSecPkgContext_EarlyStart;

typedef struct _SecPkgContext_SrtpParameters {
    WORD ProtectionProfile;
    BYTE MasterKeyIdentifierSize;
    PBYTE MasterKeyIdentifier;
} SecPkgContext_SrtpParameters, *PSecPkgContext_SrtpParameters;

typedef struct _SecPkgContext_TokenBinding {
    BYTE MajorVersion;
    BYTE MinorVersion;
    WORD KeyParametersSize;
    PBYTE KeyParameters;
} SecPkgContext_TokenBinding, *PSecPkgContext_TokenBinding;

/* ---- Contexts: keys derived from the connection; secrets, to be wiped by the caller ---- */

typedef struct _SecPkgContext_EapKeyBlock {
    BYTE rgbKeys[128];
    BYTE rgbIVs[64];
} SecPkgContext_EapKeyBlock, *PSecPkgContext_EapKeyBlock;

/** Whose keys SECPKG_ATTR_EAP_KEY_BLOCK shall give: 0 EAP-TLS, 1 EAP-TTLS, 2 EAP-TTLS' challenge. EAP-FAST (3) is not
 * supported. */
typedef struct _SecPkgContext_EapPrfInfo {
    DWORD dwVersion; /**< 0 */
    DWORD cbPrfData; /**< sizeof(DWORD) */
    PBYTE pbPrfData; /**< a DWORD, the number */
} SecPkgContext_EapPrfInfo, *PSecPkgContext_EapPrfInfo;

/** What SECPKG_ATTR_KEYING_MATERIAL shall give, RFC 5705. */
typedef struct _SecPkgContext_KeyingMaterialInfo {
    WORD cbLabel; /**< with or without a terminator, which is not part of the label */
    LPSTR pszLabel;
    WORD cbContextValue;
    PBYTE pbContextValue; /**< NULL: no context, which differs from an empty one in TLS 1.2 */
    DWORD cbKeyingMaterial;
} SecPkgContext_KeyingMaterialInfo, *PSecPkgContext_KeyingMaterialInfo;

typedef struct _SecPkgContext_KeyingMaterial {
    DWORD cbKeyingMaterial;
    _Field_size_bytes_(cbKeyingMaterial) PBYTE pbKeyingMaterial;
} SecPkgContext_KeyingMaterial, *PSecPkgContext_KeyingMaterial;

/** Question and answer in one: the caller fills everything but the last member, which is its to free. */
typedef struct _SecPkgContext_KeyingMaterial_Inproc {
    WORD cbLabel;
    LPSTR pszLabel;
    WORD cbContextValue;
    PBYTE pbContextValue;
    DWORD cbKeyingMaterial;
    PBYTE pbKeyingMaterial;
} SecPkgContext_KeyingMaterial_Inproc, *PSecPkgContext_KeyingMaterial_Inproc;

SSPI_EXTERN_C_END

#endif
