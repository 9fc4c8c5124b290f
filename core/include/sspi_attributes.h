/* What QueryContextAttributes, QueryCredentialsAttributes and their setters exchange: one structure for each
 * attribute number. Included by sspi.h. The caller owns the structure; pointers inside it that a query filled
 * are freed one by one with FreeContextBuffer. Strings are UTF-8 in the A forms, UTF-16 in the W forms. */
#ifndef SSPI_ATTRIBUTES_H
#define SSPI_ATTRIBUTES_H

#include "sspi_structs.h"

SSPI_EXTERN_C_BEGIN

/* ---- Credentials ---- */

/** SECPKG_CRED_ATTR_NAMES: the name the credential speaks for. */
typedef struct _SecPkgCredentials_NamesW {
    _Field_z_ SEC_WCHAR *sUserName;
} SecPkgCredentials_NamesW, *PSecPkgCredentials_NamesW;

typedef struct _SecPkgCredentials_NamesA {
    _Field_z_ SEC_CHAR *sUserName;
} SecPkgCredentials_NamesA, *PSecPkgCredentials_NamesA;

#define SecPkgCredentials_Names SSPI_NAME_AW(SecPkgCredentials_Names)
#define PSecPkgCredentials_Names SSPI_NAME_AW(PSecPkgCredentials_Names)

/** SECPKG_CRED_ATTR_SSI_PROVIDER. */
typedef struct _SecPkgCredentials_SSIProviderW {
    _Field_z_ SEC_WCHAR *sProviderName;
    ULONG ProviderInfoLength;
    _Field_size_bytes_(ProviderInfoLength) char *ProviderInfo;
} SecPkgCredentials_SSIProviderW, *PSecPkgCredentials_SSIProviderW;

typedef struct _SecPkgCredentials_SSIProviderA {
    _Field_z_ SEC_CHAR *sProviderName;
    ULONG ProviderInfoLength;
    _Field_size_bytes_(ProviderInfoLength) char *ProviderInfo;
} SecPkgCredentials_SSIProviderA, *PSecPkgCredentials_SSIProviderA;

#define SecPkgCredentials_SSIProvider SSPI_NAME_AW(SecPkgCredentials_SSIProvider)
#define PSecPkgCredentials_SSIProvider SSPI_NAME_AW(PSecPkgCredentials_SSIProvider)

/** SECPKG_CRED_ATTR_KDC_PROXY_SETTINGS, set: offsets from the start, lengths in bytes, UTF-16. */
typedef struct _SecPkgCredentials_KdcProxySettingsW {
    ULONG Version; /**< KDC_PROXY_SETTINGS_V1 */
    ULONG Flags;   /**< KDC_PROXY_SETTINGS_FLAGS_FORCEPROXY */
    USHORT ProxyServerOffset;
    USHORT ProxyServerLength;
    USHORT ClientTlsCredOffset;
    USHORT ClientTlsCredLength;
} SecPkgCredentials_KdcProxySettingsW, *PSecPkgCredentials_KdcProxySettingsW;

/** SECPKG_CRED_ATTR_CERT. */
typedef struct _SecPkgCredentials_Cert {
    ULONG EncodedCertSize;
    _Field_size_bytes_(EncodedCertSize) UCHAR *EncodedCert;
} SecPkgCredentials_Cert, *PSecPkgCredentials_Cert;

/* ---- Contexts ---- */

/** SECPKG_ATTR_SIZES: upper bounds, in bytes. */
typedef struct _SecPkgContext_Sizes {
    ULONG cbMaxToken;
    ULONG cbMaxSignature; /**< 0: no integrity */
    ULONG cbBlockSize;
    ULONG cbSecurityTrailer; /**< 0: no confidentiality */
} SecPkgContext_Sizes, *PSecPkgContext_Sizes;

/** SECPKG_ATTR_STREAM_SIZES: upper bounds, in bytes. */
typedef struct _SecPkgContext_StreamSizes {
    ULONG cbHeader;
    ULONG cbTrailer;
    ULONG cbMaximumMessage;
    ULONG cBuffers; /**< buffers EncryptMessage wants */
    ULONG cbBlockSize;
} SecPkgContext_StreamSizes, *PSecPkgContext_StreamSizes;

typedef SecPkgContext_StreamSizes SecPkgContext_DatagramSizes, *PSecPkgContext_DatagramSizes;

/** SECPKG_ATTR_NAMES: the authenticated peer. */
typedef struct _SecPkgContext_NamesW {
    _Field_z_ SEC_WCHAR *sUserName;
} SecPkgContext_NamesW, *PSecPkgContext_NamesW;

typedef struct _SecPkgContext_NamesA {
    _Field_z_ SEC_CHAR *sUserName;
} SecPkgContext_NamesA, *PSecPkgContext_NamesA;

#define SecPkgContext_Names SSPI_NAME_AW(SecPkgContext_Names)
#define PSecPkgContext_Names SSPI_NAME_AW(PSecPkgContext_Names)

/** SECPKG_ATTR_LIFESPAN. */
typedef struct _SecPkgContext_Lifespan {
    TimeStamp tsStart;
    TimeStamp tsExpiry;
} SecPkgContext_Lifespan, *PSecPkgContext_Lifespan;

/**
 * SECPKG_ATTR_DCE_INFO, on a server: `AuthzSvc` is RPC_C_AUTHZ_NAME, `pPac` the client's name as SECPKG_ATTR_NAMES gives it
 * (8-bit or UTF-16 by the form of the function), to be released with FreeContextBuffer. SIDs and groups: SspiListIdentity.
 */
typedef struct _SecPkgContext_DceInfo {
    ULONG AuthzSvc;
    void *pPac;
} SecPkgContext_DceInfo, *PSecPkgContext_DceInfo;

/** SECPKG_ATTR_KEY_INFO. */
typedef struct _SecPkgContext_KeyInfoW {
    _Field_z_ SEC_WCHAR *sSignatureAlgorithmName;
    _Field_z_ SEC_WCHAR *sEncryptAlgorithmName;
    ULONG KeySize; /**< bits */
    ULONG SignatureAlgorithm;
    ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoW, *PSecPkgContext_KeyInfoW;

typedef struct _SecPkgContext_KeyInfoA {
    _Field_z_ SEC_CHAR *sSignatureAlgorithmName;
    _Field_z_ SEC_CHAR *sEncryptAlgorithmName;
    ULONG KeySize;
    ULONG SignatureAlgorithm;
    ULONG EncryptAlgorithm;
} SecPkgContext_KeyInfoA, *PSecPkgContext_KeyInfoA;

#define SecPkgContext_KeyInfo SSPI_NAME_AW(SecPkgContext_KeyInfo)
#define PSecPkgContext_KeyInfo SSPI_NAME_AW(PSecPkgContext_KeyInfo)

/** SECPKG_ATTR_AUTHORITY: who vouched for the peer. */
typedef struct _SecPkgContext_AuthorityW {
    _Field_z_ SEC_WCHAR *sAuthorityName;
} SecPkgContext_AuthorityW, *PSecPkgContext_AuthorityW;

typedef struct _SecPkgContext_AuthorityA {
    _Field_z_ SEC_CHAR *sAuthorityName;
} SecPkgContext_AuthorityA, *PSecPkgContext_AuthorityA;

#define SecPkgContext_Authority SSPI_NAME_AW(SecPkgContext_Authority)
#define PSecPkgContext_Authority SSPI_NAME_AW(PSecPkgContext_Authority)

/** SECPKG_ATTR_PROTO_INFO. */
typedef struct _SecPkgContext_ProtoInfoW {
    _Field_z_ SEC_WCHAR *sProtocolName;
    ULONG majorVersion;
    ULONG minorVersion;
} SecPkgContext_ProtoInfoW, *PSecPkgContext_ProtoInfoW;

typedef struct _SecPkgContext_ProtoInfoA {
    _Field_z_ SEC_CHAR *sProtocolName;
    ULONG majorVersion;
    ULONG minorVersion;
} SecPkgContext_ProtoInfoA, *PSecPkgContext_ProtoInfoA;

#define SecPkgContext_ProtoInfo SSPI_NAME_AW(SecPkgContext_ProtoInfo)
#define PSecPkgContext_ProtoInfo SSPI_NAME_AW(PSecPkgContext_ProtoInfo)

/** SECPKG_ATTR_PASSWORD_EXPIRY. */
typedef struct _SecPkgContext_PasswordExpiry {
    TimeStamp tsPasswordExpires;
} SecPkgContext_PasswordExpiry, *PSecPkgContext_PasswordExpiry;

/** SECPKG_ATTR_LOGOFF_TIME. */
typedef struct _SecPkgContext_LogoffTime {
    TimeStamp tsLogoffTime;
} SecPkgContext_LogoffTime, *PSecPkgContext_LogoffTime;

/** SECPKG_ATTR_SESSION_KEY: a secret; wipe it before freeing it. */
typedef struct _SecPkgContext_SessionKey {
    ULONG SessionKeyLength;
    _Field_size_bytes_(SessionKeyLength) UCHAR *SessionKey;
} SecPkgContext_SessionKey, *PSecPkgContext_SessionKey;

/** SECPKG_ATTR_NEGO_KEYS: secrets; wipe them before freeing them. */
typedef struct _SecPkgContext_NegoKeys {
    ULONG KeyType;
    USHORT KeyLength;
    _Field_size_bytes_(KeyLength) UCHAR *KeyValue;
    ULONG VerifyKeyType;
    USHORT VerifyKeyLength;
    _Field_size_bytes_(VerifyKeyLength) UCHAR *VerifyKeyValue;
} SecPkgContext_NegoKeys, *PSecPkgContext_NegoKeys;

/** SECPKG_ATTR_PACKAGE_INFO: the package at work; under Negotiate the one it chose. */
typedef struct _SecPkgContext_PackageInfoW {
    PSecPkgInfoW PackageInfo;
} SecPkgContext_PackageInfoW, *PSecPkgContext_PackageInfoW;

typedef struct _SecPkgContext_PackageInfoA {
    PSecPkgInfoA PackageInfo;
} SecPkgContext_PackageInfoA, *PSecPkgContext_PackageInfoA;

#define SecPkgContext_PackageInfo SSPI_NAME_AW(SecPkgContext_PackageInfo)
#define PSecPkgContext_PackageInfo SSPI_NAME_AW(PSecPkgContext_PackageInfo)

/** SECPKG_ATTR_USER_FLAGS. */
typedef struct _SecPkgContext_UserFlags {
    ULONG UserFlags;
} SecPkgContext_UserFlags, *PSecPkgContext_UserFlags;

/** SECPKG_ATTR_FLAGS: the agreed ISC_RET_ or ASC_RET_ bits. */
typedef struct _SecPkgContext_Flags {
    ULONG Flags;
} SecPkgContext_Flags, *PSecPkgContext_Flags;

/** SECPKG_ATTR_NEGOTIATION_INFO: how far Negotiate is. */
typedef struct _SecPkgContext_NegotiationInfoW {
    PSecPkgInfoW PackageInfo;
    ULONG NegotiationState; /**< SECPKG_NEGOTIATION_ */
} SecPkgContext_NegotiationInfoW, *PSecPkgContext_NegotiationInfoW;

typedef struct _SecPkgContext_NegotiationInfoA {
    PSecPkgInfoA PackageInfo;
    ULONG NegotiationState;
} SecPkgContext_NegotiationInfoA, *PSecPkgContext_NegotiationInfoA;

#define SecPkgContext_NegotiationInfo SSPI_NAME_AW(SecPkgContext_NegotiationInfo)
#define PSecPkgContext_NegotiationInfo SSPI_NAME_AW(PSecPkgContext_NegotiationInfo)

/** SECPKG_ATTR_NATIVE_NAMES: both names as the protocol spells them. */
typedef struct _SecPkgContext_NativeNamesW {
    _Field_z_ SEC_WCHAR *sClientName;
    _Field_z_ SEC_WCHAR *sServerName;
} SecPkgContext_NativeNamesW, *PSecPkgContext_NativeNamesW;

typedef struct _SecPkgContext_NativeNamesA {
    _Field_z_ SEC_CHAR *sClientName;
    _Field_z_ SEC_CHAR *sServerName;
} SecPkgContext_NativeNamesA, *PSecPkgContext_NativeNamesA;

#define SecPkgContext_NativeNames SSPI_NAME_AW(SecPkgContext_NativeNames)
#define PSecPkgContext_NativeNames SSPI_NAME_AW(PSecPkgContext_NativeNames)

/** SECPKG_ATTR_CREDENTIAL_NAME. */
typedef struct _SecPkgContext_CredentialNameW {
    ULONG CredentialType;
    _Field_z_ SEC_WCHAR *sCredentialName;
} SecPkgContext_CredentialNameW, *PSecPkgContext_CredentialNameW;

typedef struct _SecPkgContext_CredentialNameA {
    ULONG CredentialType;
    _Field_z_ SEC_CHAR *sCredentialName;
} SecPkgContext_CredentialNameA, *PSecPkgContext_CredentialNameA;

#define SecPkgContext_CredentialName SSPI_NAME_AW(SecPkgContext_CredentialName)
#define PSecPkgContext_CredentialName SSPI_NAME_AW(PSecPkgContext_CredentialName)

/**
 * SECPKG_ATTR_ACCESS_TOKEN: the client as a logged-on user of the system, as a handle that stays the context's. It answers
 * SEC_E_UNSUPPORTED_FUNCTION: QuerySecurityContextToken gives a token of the caller's own.
 */
typedef struct _SecPkgContext_AccessToken {
    void *AccessToken;
} SecPkgContext_AccessToken, *PSecPkgContext_AccessToken;

/** SECPKG_ATTR_TARGET_INFORMATION. */
typedef struct _SecPkgContext_TargetInformation {
    ULONG MarshalledTargetInfoLength;
    _Field_size_bytes_(MarshalledTargetInfoLength) UCHAR *MarshalledTargetInfo;
} SecPkgContext_TargetInformation, *PSecPkgContext_TargetInformation;

/** SECPKG_ATTR_AUTHENTICATION_ID. */
typedef struct _SecPkgContext_AuthzID {
    ULONG AuthzIDLength;
    _Field_size_bytes_(AuthzIDLength) char *AuthzID;
} SecPkgContext_AuthzID, *PSecPkgContext_AuthzID;

/** SECPKG_ATTR_TARGET. */
typedef struct _SecPkgContext_Target {
    ULONG TargetLength;
    _Field_size_bytes_(TargetLength) char *Target;
} SecPkgContext_Target, *PSecPkgContext_Target;

/** SECPKG_ATTR_CLIENT_SPECIFIED_TARGET: the service the client meant; UTF-16 in both forms. */
typedef struct _SecPkgContext_ClientSpecifiedTarget {
    _Field_z_ SEC_WCHAR *sTargetName;
} SecPkgContext_ClientSpecifiedTarget, *PSecPkgContext_ClientSpecifiedTarget;

/** SECPKG_ATTR_UNIQUE_BINDINGS and SECPKG_ATTR_ENDPOINT_BINDINGS, RFC 5929. */
typedef struct _SecPkgContext_Bindings {
    ULONG BindingsLength;
    _Field_size_bytes_(BindingsLength) SEC_CHANNEL_BINDINGS *Bindings;
} SecPkgContext_Bindings, *PSecPkgContext_Bindings;

typedef enum _SECPKG_CRED_CLASS {
    SecPkgCredClass_None = 0,
    SecPkgCredClass_Ephemeral = 10,
    SecPkgCredClass_PersistedGeneric = 20,
    SecPkgCredClass_PersistedSpecific = 30,
    SecPkgCredClass_Explicit = 40
} SECPKG_CRED_CLASS,
    *PSECPKG_CRED_CLASS;

/** SECPKG_ATTR_PROMPTING_NEEDED. */
typedef struct _SecPkgContext_CredInfo {
    SECPKG_CRED_CLASS CredClass;
    ULONG IsPromptingNeeded;
} SecPkgContext_CredInfo, *PSecPkgContext_CredInfo;

typedef enum _SECPKG_ATTR_LCT_STATUS {
    SecPkgAttrLastClientTokenYes = 0,
    SecPkgAttrLastClientTokenNo = 1,
    SecPkgAttrLastClientTokenMaybe = 2
} SECPKG_ATTR_LCT_STATUS,
    *PSECPKG_ATTR_LCT_STATUS;

/** SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS: was that the client's last token? */
typedef struct _SecPkgContext_LastClientTokenStatus {
    SECPKG_ATTR_LCT_STATUS LastClientTokenStatus;
} SecPkgContext_LastClientTokenStatus, *PSecPkgContext_LastClientTokenStatus;

/** SECPKG_ATTR_NEGO_PKG_INFO. */
typedef struct _SecPkgContext_NegoPackageInfo {
    ULONG PackageMask;
} SecPkgContext_NegoPackageInfo, *PSecPkgContext_NegoPackageInfo;

/** SECPKG_ATTR_NEGO_STATUS. */
typedef struct _SecPkgContext_NegoStatus {
    ULONG LastStatus;
} SecPkgContext_NegoStatus, *PSecPkgContext_NegoStatus;

/** SECPKG_ATTR_SUBJECT_SECURITY_ATTRIBUTES. */
typedef struct _SecPkgContext_SubjectAttributes {
    void *AttributeInfo;
} SecPkgContext_SubjectAttributes, *PSecPkgContext_SubjectAttributes;

typedef enum _SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS {
    SecApplicationProtocolNegotiationStatus_None = 0,
    SecApplicationProtocolNegotiationStatus_Success = 1,
    SecApplicationProtocolNegotiationStatus_SelectedClientOnly = 2
} SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS,
    *PSEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS;

/** SECPKG_ATTR_APPLICATION_PROTOCOL: what ALPN chose. */
typedef struct _SecPkgContext_ApplicationProtocol {
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_STATUS ProtoNegoStatus;
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT ProtoNegoExt;
    UCHAR ProtocolIdSize;
    UCHAR ProtocolId[MAX_PROTOCOL_ID_SIZE]; /**< no terminator */
} SecPkgContext_ApplicationProtocol, *PSecPkgContext_ApplicationProtocol;

/** SECPKG_ATTR_NEGOTIATED_TLS_EXTENSIONS. */
typedef struct _SecPkgContext_NegotiatedTlsExtensions {
    ULONG ExtensionsCount;
    _Field_size_(ExtensionsCount) USHORT *Extensions;
} SecPkgContext_NegotiatedTlsExtensions, *PSecPkgContext_NegotiatedTlsExtensions;

SSPI_EXTERN_C_END

#endif
