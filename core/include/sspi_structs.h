/* Every structure of the SSPI interface: handles, buffers, package descriptions, identities and what the
 * attribute functions fill in. Included by sspi.h. Layouts are Windows' on a 64-bit system. */
#ifndef SSPI_STRUCTS_H
#define SSPI_STRUCTS_H

#include "sspi_constants.h"
#include "sspi_status.h"
#include "sspi_types.h"

SSPI_EXTERN_C_BEGIN

/* ---- Text ---- */

typedef WCHAR SEC_WCHAR;
typedef CHAR SEC_CHAR;

#define SEC_TEXT TEXT
#ifndef SEC_FAR
#define SEC_FAR
#endif
#ifndef __SEC_FAR
#define __SEC_FAR SEC_FAR
#endif

#ifdef UNICODE
typedef SEC_WCHAR *SECURITY_PSTR;
typedef const SEC_WCHAR *SECURITY_PCSTR;
#else
typedef SEC_CHAR *SECURITY_PSTR;
typedef const SEC_CHAR *SECURITY_PCSTR;
#endif

/** Counted UTF-16 text; lengths in bytes. */
typedef struct _SECURITY_STRING {
    USHORT Length;
    USHORT MaximumLength;
    _Field_size_bytes_(MaximumLength) USHORT *Buffer;
} SECURITY_STRING, *PSECURITY_STRING;

/* ---- Handles ---- */

#ifndef __SECHANDLE_DEFINED__
#define __SECHANDLE_DEFINED__
/** Names a credential or a context. Opaque: copy it, never make one up. */
typedef struct _SecHandle {
    ULONG_PTR dwLower;
    ULONG_PTR dwUpper;
} SecHandle, *PSecHandle;
#endif

typedef SecHandle CredHandle, *PCredHandle;
typedef SecHandle CtxtHandle, *PCtxtHandle;

/** Makes a handle that no function accepts; frees nothing. */
#define SecInvalidateHandle(x) (((PSecHandle)(x))->dwLower = ((PSecHandle)(x))->dwUpper = (ULONG_PTR)(INT_PTR)-1)

/** True unless the handle was invalidated; says nothing about its being known to the library. */
#define SecIsValidHandle(x)                                                                                            \
    ((((PSecHandle)(x))->dwLower != ((ULONG_PTR)(INT_PTR)-1))                                                          \
     && (((PSecHandle)(x))->dwUpper != ((ULONG_PTR)(INT_PTR)-1)))

#define SEC_DELETED_HANDLE ((ULONG_PTR)(INT_PTR)-2)

/** 100 ns ticks since 1601-01-01, in local time where a time of expiry is meant. */
typedef LARGE_INTEGER SECURITY_INTEGER, *PSECURITY_INTEGER;
typedef SECURITY_INTEGER TimeStamp, *PTimeStamp;

/* ---- Packages ---- */

/** What EnumerateSecurityPackages and QuerySecurityPackageInfo tell of a package. */
typedef struct _SecPkgInfoW {
    ULONG fCapabilities; /**< SECPKG_FLAG_ bits */
    USHORT wVersion;     /**< 1 */
    USHORT wRPCID;       /**< RPC_C_AUTHN_ number, or SECPKG_ID_NONE */
    ULONG cbMaxToken;    /**< largest token, in bytes */
    _Field_z_ SEC_WCHAR *Name;
    _Field_z_ SEC_WCHAR *Comment;
} SecPkgInfoW, *PSecPkgInfoW;

typedef struct _SecPkgInfoA {
    ULONG fCapabilities;
    USHORT wVersion;
    USHORT wRPCID;
    ULONG cbMaxToken;
    _Field_z_ SEC_CHAR *Name;
    _Field_z_ SEC_CHAR *Comment;
} SecPkgInfoA, *PSecPkgInfoA;

#define SecPkgInfo SSPI_NAME_AW(SecPkgInfo)
#define PSecPkgInfo SSPI_NAME_AW(PSecPkgInfo)

/* ---- Buffers ---- */

typedef struct _SecBuffer {
    ULONG cbBuffer;   /**< size in bytes; out: bytes used */
    ULONG BufferType; /**< SECBUFFER_ type and attribute bits */
    _Field_size_bytes_(cbBuffer) void *pvBuffer;
} SecBuffer, *PSecBuffer;

typedef struct _SecBufferDesc {
    ULONG ulVersion; /**< SECBUFFER_VERSION */
    ULONG cBuffers;
    _Field_size_(cBuffers) PSecBuffer pBuffers;
} SecBufferDesc, *PSecBufferDesc;

SSPI_STATIC_ASSERT(sizeof(SecHandle) == 2 * sizeof(void *), "SecHandle");
SSPI_STATIC_ASSERT(sizeof(SecBuffer) == 8 + sizeof(void *), "SecBuffer");
SSPI_STATIC_ASSERT(sizeof(TimeStamp) == 8, "TimeStamp");

/** In a SECBUFFER_NEGOTIATION_INFO buffer. */
typedef struct _SEC_NEGOTIATION_INFO {
    ULONG Size;
    ULONG NameLength;
    SEC_WCHAR *Name;
    void *Reserved;
} SEC_NEGOTIATION_INFO, *PSEC_NEGOTIATION_INFO;

/** In a SECBUFFER_CHANNEL_BINDINGS buffer; offsets count from the start, the data follows. RFC 2744, 3.11. */
typedef struct _SEC_CHANNEL_BINDINGS {
    ULONG dwInitiatorAddrType;
    ULONG cbInitiatorLength;
    ULONG dwInitiatorOffset;
    ULONG dwAcceptorAddrType;
    ULONG cbAcceptorLength;
    ULONG dwAcceptorOffset;
    ULONG cbApplicationDataLength;
    ULONG dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS, *PSEC_CHANNEL_BINDINGS;

/** The same with flags; SspiSetChannelBindingFlags makes one. Offsets count from the start of this form. */
typedef struct _SEC_CHANNEL_BINDINGS_EX {
    ULONG magicNumber; /**< SEC_CHANNEL_BINDINGS_EX_MAGIC */
    ULONG flags;       /**< SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS */
    ULONG cbHeaderLength;
    ULONG cbStructureLength;
    ULONG dwInitiatorAddrType;
    ULONG cbInitiatorLength;
    ULONG dwInitiatorOffset;
    ULONG dwAcceptorAddrType;
    ULONG cbAcceptorLength;
    ULONG dwAcceptorOffset;
    ULONG cbApplicationDataLength;
    ULONG dwApplicationDataOffset;
} SEC_CHANNEL_BINDINGS_EX, *PSEC_CHANNEL_BINDINGS_EX;

/** In a SECBUFFER_CHANNEL_BINDINGS_RESULT buffer, out of AcceptSecurityContext. */
typedef struct _SEC_CHANNEL_BINDINGS_RESULT {
    ULONG flags; /**< SEC_CHANNEL_BINDINGS_RESULT_ bits */
} SEC_CHANNEL_BINDINGS_RESULT, *PSEC_CHANNEL_BINDINGS_RESULT;

SSPI_STATIC_ASSERT(sizeof(SEC_CHANNEL_BINDINGS) == 32, "SEC_CHANNEL_BINDINGS");
SSPI_STATIC_ASSERT(sizeof(SEC_CHANNEL_BINDINGS_EX) == 48, "SEC_CHANNEL_BINDINGS_EX");

typedef enum _SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT {
    SecApplicationProtocolNegotiationExt_None = 0,
    SecApplicationProtocolNegotiationExt_NPN = 1,
    SecApplicationProtocolNegotiationExt_ALPN = 2
} SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT,
    *PSEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT;

/** Protocol names of RFC 7301: each behind a byte with its length, no length of the whole. */
typedef struct _SEC_APPLICATION_PROTOCOL_LIST {
    SEC_APPLICATION_PROTOCOL_NEGOTIATION_EXT ProtoNegoExt;
    USHORT ProtocolListSize; /**< bytes of ProtocolList */
    UCHAR ProtocolList[ANYSIZE_ARRAY];
} SEC_APPLICATION_PROTOCOL_LIST, *PSEC_APPLICATION_PROTOCOL_LIST;

typedef struct _SEC_APPLICATION_PROTOCOLS {
    ULONG ProtocolListsSize; /**< bytes behind this member */
    SEC_APPLICATION_PROTOCOL_LIST ProtocolLists[ANYSIZE_ARRAY];
} SEC_APPLICATION_PROTOCOLS, *PSEC_APPLICATION_PROTOCOLS;

typedef struct _SEC_SRTP_PROTECTION_PROFILES {
    USHORT ProfilesSize;
    USHORT ProfilesList[ANYSIZE_ARRAY];
} SEC_SRTP_PROTECTION_PROFILES, *PSEC_SRTP_PROTECTION_PROFILES;

typedef struct _SEC_SRTP_MASTER_KEY_IDENTIFIER {
    UCHAR MasterKeyIdentifierSize;
    UCHAR MasterKeyIdentifier[ANYSIZE_ARRAY];
} SEC_SRTP_MASTER_KEY_IDENTIFIER, *PSEC_SRTP_MASTER_KEY_IDENTIFIER;

typedef struct _SEC_TOKEN_BINDING {
    UCHAR MajorVersion;
    UCHAR MinorVersion;
    USHORT KeyParametersSize;
    UCHAR KeyParameters[ANYSIZE_ARRAY];
} SEC_TOKEN_BINDING, *PSEC_TOKEN_BINDING;

typedef struct _SEC_PRESHAREDKEY {
    USHORT KeySize;
    UCHAR Key[ANYSIZE_ARRAY];
} SEC_PRESHAREDKEY, *PSEC_PRESHAREDKEY;

typedef struct _SEC_PRESHAREDKEY_IDENTITY {
    USHORT KeyIdentitySize;
    UCHAR KeyIdentity[ANYSIZE_ARRAY];
} SEC_PRESHAREDKEY_IDENTITY, *PSEC_PRESHAREDKEY_IDENTITY;

typedef struct _SEC_DTLS_MTU {
    USHORT PathMTU; /**< in bytes, at least 200; 1096 if not set */
} SEC_DTLS_MTU, *PSEC_DTLS_MTU;

/** In a SECBUFFER_FLAGS buffer: context flags beyond bit 31. */
typedef struct _SEC_FLAGS {
    ULONGLONG Flags;
} SEC_FLAGS, *PSEC_FLAGS;

typedef struct _SEC_CERTIFICATE_REQUEST_CONTEXT {
    UCHAR cbCertificateRequestContext;
    UCHAR rgCertificateRequestContext[ANYSIZE_ARRAY];
} SEC_CERTIFICATE_REQUEST_CONTEXT, *PSEC_CERTIFICATE_REQUEST_CONTEXT;

typedef struct _SEC_APP_SESSION_STATE {
    USHORT AppSessionStateSize;
    UCHAR AppSessionState[ANYSIZE_ARRAY];
} SEC_APP_SESSION_STATE, *PSEC_APP_SESSION_STATE;

typedef struct _SEC_SESSION_TICKET {
    USHORT SessionTicketSize;
    UCHAR SessionTicket[ANYSIZE_ARRAY];
} SEC_SESSION_TICKET, *PSEC_SESSION_TICKET;

typedef enum _SEC_TRAFFIC_SECRET_TYPE {
    SecTrafficSecret_None = 0,
    SecTrafficSecret_Client = 1,
    SecTrafficSecret_Server = 2
} SEC_TRAFFIC_SECRET_TYPE,
    *PSEC_TRAFFIC_SECRET_TYPE;

typedef struct _SEC_TRAFFIC_SECRETS {
    WCHAR SymmetricAlgId[SZ_ALG_MAX_SIZE];
    WCHAR ChainingMode[SZ_ALG_MAX_SIZE];
    WCHAR HashAlgId[SZ_ALG_MAX_SIZE];
    USHORT KeySize;
    USHORT IvSize;
    USHORT MsgSequenceStart;
    USHORT MsgSequenceEnd;
    SEC_TRAFFIC_SECRET_TYPE TrafficSecretType;
    USHORT TrafficSecretSize;
    UCHAR TrafficSecret[ANYSIZE_ARRAY];
} SEC_TRAFFIC_SECRETS, *PSEC_TRAFFIC_SECRETS;

SSPI_EXTERN_C_END

#include "sspi_attributes.h"
#include "sspi_identity.h"

#endif
