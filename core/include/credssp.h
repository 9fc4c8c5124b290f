/* CredSSP, the package that hands credentials to a server inside TLS ([MS-CSSP]): its credential and its
 * attributes. Included by programs besides sspi.h or security.h. */
#ifndef SSPI_CREDSSP_H
#define SSPI_CREDSSP_H

#include "sspi.h"
#include "sspi_certificate.h"

SSPI_EXTERN_C_BEGIN

#define CREDSSP_NAME_A "CREDSSP"
#define CREDSSP_NAME_W SSPI_WIDE("CREDSSP")
#define CREDSSP_NAME SSPI_NAME_UAW(CREDSSP_NAME)

/** What the client delegates. */
typedef enum _CREDSSP_SUBMIT_TYPE {
    CredsspPasswordCreds = 2,
    CredsspSchannelCreds = 4,
    CredsspCertificateCreds = 13,
    CredsspSubmitBufferBoth = 50,
    CredsspSubmitBufferBothOld = 51,
    CredsspCredEx = 100
} CREDSPP_SUBMIT_TYPE; /* misspelt so on Windows */

/** pAuthData of AcquireCredentialsHandle. */
typedef struct _CREDSSP_CRED {
    CREDSPP_SUBMIT_TYPE Type;
    PVOID pSchannelCred; /**< SCHANNEL_CRED or SCH_CREDENTIALS: the TLS channel */
    PVOID pSpnegoCred;   /**< SEC_WINNT_AUTH_IDENTITY: the logon */
} CREDSSP_CRED, *PCREDSSP_CRED;

/* ---- Attributes ---- */

#define SECPKG_ATTR_C_ACCESS_TOKEN 0x80000012      /* server: SecPkgContext_AccessToken */
#define SECPKG_ATTR_CREDS 0x80000080               /* server: SecPkgContext_ClientCreds */
#define SECPKG_ATTR_NEGOTIATION_PACKAGE 0x80000081 /* SecPkgContext_PackageInfo */
#define SECPKG_ATTR_C_FULL_ACCESS_TOKEN 0x80000082 /* server: SecPkgContext_AccessToken */
#define SECPKG_ATTR_SERVER_AUTH_FLAGS 0x80000083   /* client: SecPkgContext_Flags, CREDSSP_SERVER_AUTH_ bits */
#define SECPKG_ATTR_CERT_TRUST_STATUS 0x80000084   /* client: CERT_TRUST_STATUS */
#define SECPKG_ATTR_CREDS_2 0x80000086             /* server: SecPkgContext_ClientCreds */

#define CREDSSP_SERVER_AUTH_NOT_SUPPORTED 0x1
#define CREDSSP_SERVER_AUTH_NEGOTIATED 0x2
#define CREDSSP_SERVER_AUTH_CERTIFICATE_TRUSTED 0x4
#define CREDSSP_SERVER_AUTH_LOOPBACK 0x8

/** The delegated credentials, as a logon takes them (ntsecapi.h); a secret: wipe, then FreeContextBuffer. */
typedef struct _SecPkgContext_ClientCreds {
    ULONG AuthBufferLen;
    _Field_size_bytes_(AuthBufferLen) PUCHAR AuthBuffer;
} SecPkgContext_ClientCreds, *PSecPkgContext_ClientCreds;

SSPI_EXTERN_C_END

#endif
