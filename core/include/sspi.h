/* The Security Support Provider Interface: every function, its callback type, and the function table.
 * Programs include this, or security.h; the numbers, structures and status codes are in the headers below.
 *
 * Rules that hold for every function:
 * - The names, the values and the layouts are Windows'. The A forms take and give UTF-8, the W forms UTF-16.
 * - A handle that is stale, foreign, zeroed or of the other kind gives SEC_E_INVALID_HANDLE.
 * - On failure the outputs are zeroed, except a size that is needed (SEC_E_BUFFER_TOO_SMALL) and a token that
 *   tells the peer.
 * - What a function allocates is freed with FreeContextBuffer.
 * - Two threads may use different contexts at once; calls on one context are done one after the other.
 * - Any function may also return SEC_E_INSUFFICIENT_MEMORY and SEC_E_INTERNAL_ERROR.
 * - Parameter types say ULONG where Windows says unsigned long: 32 bits. */
#ifndef SSPI_H
#define SSPI_H

#include "sspi_constants.h"
#include "sspi_sal.h"
#include "sspi_status.h"
#include "sspi_structs.h"
#include "sspi_types.h"

SSPI_EXTERN_C_BEGIN

/* ---- Packages ---- */

/**
 * Lists the packages of the library.
 *
 * @param pcPackages     receives how many there are.
 * @param ppPackageInfo  receives one array of that many descriptions, names included, in one allocation.
 * @return SEC_E_OK; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesW(
    _Out_ ULONG *pcPackages,
    _Outptr_result_buffer_(*pcPackages) PSecPkgInfoW *ppPackageInfo);
/** UTF-8 form of EnumerateSecurityPackagesW. */
SSPI_API SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesA(
    _Out_ ULONG *pcPackages,
    _Outptr_result_buffer_(*pcPackages) PSecPkgInfoA *ppPackageInfo);
#define EnumerateSecurityPackages SSPI_NAME_AW(EnumerateSecurityPackages)

/**
 * Describes one package: its capabilities and the largest token it makes.
 *
 * @param pszPackageName  its name, in any case.
 * @param ppPackageInfo   receives the description.
 * @return SEC_E_OK; SEC_E_SECPKG_NOT_FOUND; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoW(
    _In_z_ SEC_WCHAR *pszPackageName,
    _Outptr_ PSecPkgInfoW *ppPackageInfo);
/** UTF-8 form of QuerySecurityPackageInfoW. */
SSPI_API SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoA(
    _In_z_ SEC_CHAR *pszPackageName,
    _Outptr_ PSecPkgInfoA *ppPackageInfo);
#define QuerySecurityPackageInfo SSPI_NAME_AW(QuerySecurityPackageInfo)

/**
 * Frees memory that a package allocated: output tokens, descriptions, members of attribute structures.
 *
 * The content is wiped. Memory from anywhere else must not be passed.
 *
 * @return SEC_E_OK, also for NULL.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY FreeContextBuffer(_Inout_opt_ _Post_ptr_invalid_ void *pvContextBuffer);

/* ---- Credentials ---- */

/**
 * Reserved by Windows for a callback that fetches a key; not called by any package.
 */
typedef void(SEC_ENTRY *SEC_GET_KEY_FN)(
    _In_opt_ void *Arg,
    _In_opt_ void *Principal,
    _In_ ULONG KeyVer,
    _Outptr_ void **Key,
    _Out_ SECURITY_STATUS *Status);

/**
 * Makes a credential: what this side can prove itself with, or check the other side by.
 *
 * Arguments are copied. The handle is released with FreeCredentialsHandle.
 *
 * @param pszPrincipal      whose credential; NULL means the caller's. Schannel wants NULL.
 * @param pszPackage        name of the package, in any case.
 * @param fCredentialUse    SECPKG_CRED_ bits: INBOUND to accept, OUTBOUND to initiate.
 * @param pvLogonId         Windows passes a LUID; NULL here.
 * @param pAuthData         depends on the package: SEC_WINNT_AUTH_IDENTITY (NTLM, Kerberos, Negotiate,
 *                          WDigest), SCHANNEL_CRED or SCH_CREDENTIALS, CREDSSP_CRED. NULL means the defaults
 *                          of the machine.
 * @param pGetKeyFn         NULL.
 * @param pvGetKeyArgument  NULL.
 * @param phCredential      receives the handle.
 * @param ptsExpiry         receives the expiry, in local time; the largest value if there is none.
 * @return SEC_E_OK; SEC_E_SECPKG_NOT_FOUND; SEC_E_NO_CREDENTIALS; SEC_E_UNKNOWN_CREDENTIALS (pAuthData is
 *         not understood); SEC_E_NOT_OWNER; SEC_E_INVALID_PARAMETER; SEC_E_UNSUPPORTED_FUNCTION (the package
 *         cannot be used in this direction).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleW(
    _In_opt_z_ SEC_WCHAR *pszPrincipal,
    _In_z_ SEC_WCHAR *pszPackage,
    _In_ ULONG fCredentialUse,
    _In_opt_ void *pvLogonId,
    _In_opt_ void *pAuthData,
    _In_opt_ SEC_GET_KEY_FN pGetKeyFn,
    _In_opt_ void *pvGetKeyArgument,
    _Out_ PCredHandle phCredential,
    _Out_opt_ PTimeStamp ptsExpiry);
/** UTF-8 form of AcquireCredentialsHandleW. */
SSPI_API SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleA(
    _In_opt_z_ SEC_CHAR *pszPrincipal,
    _In_z_ SEC_CHAR *pszPackage,
    _In_ ULONG fCredentialUse,
    _In_opt_ void *pvLogonId,
    _In_opt_ void *pAuthData,
    _In_opt_ SEC_GET_KEY_FN pGetKeyFn,
    _In_opt_ void *pvGetKeyArgument,
    _Out_ PCredHandle phCredential,
    _Out_opt_ PTimeStamp ptsExpiry);
#define AcquireCredentialsHandle SSPI_NAME_AW(AcquireCredentialsHandle)

/**
 * Adds one more credential to those a handle stands for.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_UNSUPPORTED_FUNCTION; otherwise as AcquireCredentialsHandleW.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY AddCredentialsW(
    _In_ PCredHandle hCredentials,
    _In_opt_z_ SEC_WCHAR *pszPrincipal,
    _In_z_ SEC_WCHAR *pszPackage,
    _In_ ULONG fCredentialUse,
    _In_opt_ void *pAuthData,
    _In_opt_ SEC_GET_KEY_FN pGetKeyFn,
    _In_opt_ void *pvGetKeyArgument,
    _Out_opt_ PTimeStamp ptsExpiry);
/** UTF-8 form of AddCredentialsW. */
SSPI_API SECURITY_STATUS SEC_ENTRY AddCredentialsA(
    _In_ PCredHandle hCredentials,
    _In_opt_z_ SEC_CHAR *pszPrincipal,
    _In_z_ SEC_CHAR *pszPackage,
    _In_ ULONG fCredentialUse,
    _In_opt_ void *pAuthData,
    _In_opt_ SEC_GET_KEY_FN pGetKeyFn,
    _In_opt_ void *pvGetKeyArgument,
    _Out_opt_ PTimeStamp ptsExpiry);
#define AddCredentials SSPI_NAME_AW(AddCredentials)

/**
 * Releases a credential. Contexts made from it go on working; new calls with the handle fail.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY FreeCredentialsHandle(_In_ PCredHandle phCredential);
/** The old spelling. */
#define FreeCredentialHandle FreeCredentialsHandle

/**
 * Reads one attribute of a credential into the structure that belongs to its number.
 *
 * @param ulAttribute  SECPKG_CRED_ATTR_ or a Schannel SECPKG_ATTR_ number.
 * @param pBuffer      the structure named at that number, in the form (A or W) of this function.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_UNSUPPORTED_FUNCTION (no such attribute).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesW(
    _In_ PCredHandle phCredential,
    _In_ ULONG ulAttribute,
    _Inout_ void *pBuffer);
/** UTF-8 form of QueryCredentialsAttributesW. */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesA(
    _In_ PCredHandle phCredential,
    _In_ ULONG ulAttribute,
    _Inout_ void *pBuffer);
#define QueryCredentialsAttributes SSPI_NAME_AW(QueryCredentialsAttributes)

/**
 * As QueryCredentialsAttributesW, with the size of the structure checked.
 *
 * @return also SEC_E_BUFFER_TOO_SMALL.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExW(
    _In_ PCredHandle phCredential,
    _In_ ULONG ulAttribute,
    _Out_writes_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
/** UTF-8 form of QueryCredentialsAttributesExW. */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExA(
    _In_ PCredHandle phCredential,
    _In_ ULONG ulAttribute,
    _Out_writes_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
#define QueryCredentialsAttributesEx SSPI_NAME_AW(QueryCredentialsAttributesEx)

/**
 * Changes one attribute of a credential.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_UNSUPPORTED_FUNCTION; SEC_E_INVALID_PARAMETER.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesW(
    _In_ PCredHandle phCredential,
    _In_ ULONG ulAttribute,
    _In_reads_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
/** UTF-8 form of SetCredentialsAttributesW. */
SSPI_API SECURITY_STATUS SEC_ENTRY SetCredentialsAttributesA(
    _In_ PCredHandle phCredential,
    _In_ ULONG ulAttribute,
    _In_reads_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
#define SetCredentialsAttributes SSPI_NAME_AW(SetCredentialsAttributes)

/**
 * Changes the password of an account with the authority that holds it.
 *
 * @param pszPackageName  Kerberos, Negotiate or NTLM.
 * @param bImpersonating  nonzero: as the user the calling thread acts as.
 * @param dwReserved      0.
 * @param pOutput         one SECBUFFER_CHANGE_PASS_RESPONSE buffer.
 * @return SEC_E_OK; SEC_E_LOGON_DENIED; SEC_E_NO_AUTHENTICATING_AUTHORITY; SEC_E_UNSUPPORTED_FUNCTION.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordW(
    _In_z_ SEC_WCHAR *pszPackageName,
    _In_z_ SEC_WCHAR *pszDomainName,
    _In_z_ SEC_WCHAR *pszAccountName,
    _In_z_ SEC_WCHAR *pszOldPassword,
    _In_z_ SEC_WCHAR *pszNewPassword,
    _In_ BOOLEAN bImpersonating,
    _In_ ULONG dwReserved,
    _Inout_ PSecBufferDesc pOutput);
/** UTF-8 form of ChangeAccountPasswordW. */
SSPI_API SECURITY_STATUS SEC_ENTRY ChangeAccountPasswordA(
    _In_z_ SEC_CHAR *pszPackageName,
    _In_z_ SEC_CHAR *pszDomainName,
    _In_z_ SEC_CHAR *pszAccountName,
    _In_z_ SEC_CHAR *pszOldPassword,
    _In_z_ SEC_CHAR *pszNewPassword,
    _In_ BOOLEAN bImpersonating,
    _In_ ULONG dwReserved,
    _Inout_ PSecBufferDesc pOutput);
#define ChangeAccountPassword SSPI_NAME_AW(ChangeAccountPassword)

/* ---- Contexts: the exchange of tokens ---- */

/**
 * Does one step of the client's side: takes the server's token, gives the next token for the server.
 *
 * The first call has phContext NULL and receives a handle; later calls pass that handle. Send whatever the
 * output TOKEN buffer holds, even with SEC_E_OK. A context whose first call succeeded is released with
 * DeleteSecurityContext, also after a later failure.
 *
 * @param phCredential   an OUTBOUND or BOTH credential; Schannel takes NULL on later calls.
 * @param phContext      NULL on the first call, then the handle.
 * @param pszTargetName  the service, as a principal name (HTTP/www.example.com); Schannel: the host name, which
 *                       must be an alternative name (DNS name or IP address) of the server's certificate.
 * @param fContextReq    ISC_REQ_ bits.
 * @param Reserved1      0.
 * @param TargetDataRep  SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP.
 * @param pInput         the server's token and extras such as channel bindings; NULL at first.
 * @param Reserved2      0.
 * @param phNewContext   receives the handle on the first call; later it may be phContext.
 * @param pOutput        a TOKEN buffer for the next token; with ISC_REQ_ALLOCATE_MEMORY the package allocates.
 * @param pfContextAttr  receives ISC_RET_ bits: what was agreed, final with SEC_E_OK.
 * @param ptsExpiry      receives the expiry of the context, in local time.
 * @return SEC_E_OK; SEC_I_CONTINUE_NEEDED; SEC_I_INCOMPLETE_CREDENTIALS (Schannel: the server wants a
 *         certificate); SEC_E_INCOMPLETE_MESSAGE (nothing consumed, come back with more bytes);
 *         SEC_E_BUFFER_TOO_SMALL (the step can be repeated); SEC_E_INVALID_HANDLE; SEC_E_INVALID_TOKEN;
 *         SEC_E_LOGON_DENIED; SEC_E_NO_AUTHENTICATING_AUTHORITY; SEC_E_NO_CREDENTIALS; SEC_E_TARGET_UNKNOWN;
 *         SEC_E_WRONG_PRINCIPAL; SEC_E_UNSUPPORTED_FUNCTION (a flag); others by package.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY InitializeSecurityContextW(
    _In_opt_ PCredHandle phCredential,
    _In_opt_ PCtxtHandle phContext,
    _In_opt_z_ SEC_WCHAR *pszTargetName,
    _In_ ULONG fContextReq,
    _In_ ULONG Reserved1,
    _In_ ULONG TargetDataRep,
    _In_opt_ PSecBufferDesc pInput,
    _In_ ULONG Reserved2,
    _Inout_opt_ PCtxtHandle phNewContext,
    _Inout_opt_ PSecBufferDesc pOutput,
    _Out_ ULONG *pfContextAttr,
    _Out_opt_ PTimeStamp ptsExpiry);
/** UTF-8 form of InitializeSecurityContextW. */
SSPI_API SECURITY_STATUS SEC_ENTRY InitializeSecurityContextA(
    _In_opt_ PCredHandle phCredential,
    _In_opt_ PCtxtHandle phContext,
    _In_opt_z_ SEC_CHAR *pszTargetName,
    _In_ ULONG fContextReq,
    _In_ ULONG Reserved1,
    _In_ ULONG TargetDataRep,
    _In_opt_ PSecBufferDesc pInput,
    _In_ ULONG Reserved2,
    _Inout_opt_ PCtxtHandle phNewContext,
    _Inout_opt_ PSecBufferDesc pOutput,
    _Out_ ULONG *pfContextAttr,
    _Out_opt_ PTimeStamp ptsExpiry);
#define InitializeSecurityContext SSPI_NAME_AW(InitializeSecurityContext)

/**
 * Does one step of the server's side: takes the client's token, gives the next token for the client.
 *
 * The first call has phContext NULL and receives a handle; later calls pass that handle, as often as the
 * status says. Send whatever the output TOKEN buffer holds, even with SEC_E_OK; nothing is to be sent if its
 * cbBuffer is 0. A context whose first call succeeded is released with DeleteSecurityContext, also after a
 * later failure.
 *
 * @param phCredential   an INBOUND or BOTH credential, the same on every call.
 * @param phContext      NULL on the first call, then the handle.
 * @param pInput         a TOKEN buffer with the client's token; CHANNEL_BINDINGS may accompany it. Schannel and
 *                       CredSSP want an EMPTY buffer too, which comes back as EXTRA or MISSING. WDigest over HTTP
 *                       wants method, reserved, entity hash and realm behind the token. NULL asks Negotiate and
 *                       WDigest for the server's first token.
 * @param fContextReq    ASC_REQ_ bits.
 * @param TargetDataRep  SECURITY_NATIVE_DREP or SECURITY_NETWORK_DREP.
 * @param phNewContext   receives the handle on the first call; later it may be phContext.
 * @param pOutput        a TOKEN buffer for the next token; with ASC_REQ_ALLOCATE_MEMORY the package allocates.
 *                       Schannel puts an alert into an ALERT buffer; a CHANNEL_BINDINGS_RESULT buffer receives
 *                       what was found of the client's bindings.
 * @param pfContextAttr  receives ASC_RET_ bits: what was agreed, final with SEC_E_OK.
 * @param ptsExpiry      receives the expiry of the context, in local time.
 * @return SEC_E_OK (the client is verified); SEC_I_CONTINUE_NEEDED; SEC_I_COMPLETE_NEEDED and
 *         SEC_I_COMPLETE_AND_CONTINUE (WDigest: call CompleteAuthToken); SEC_E_INCOMPLETE_MESSAGE (nothing
 *         consumed, come back with more bytes); SEC_E_BUFFER_TOO_SMALL (the step can be repeated);
 *         SEC_E_INVALID_HANDLE; SEC_E_INVALID_TOKEN; SEC_E_LOGON_DENIED; SEC_E_BAD_BINDINGS;
 *         SEC_E_NO_AUTHENTICATING_AUTHORITY; SEC_E_NO_CREDENTIALS; SEC_E_SECURITY_QOS_FAILED and
 *         SEC_E_UNSUPPORTED_FUNCTION (a flag); STATUS_LOGON_FAILURE (WDigest: the context is established);
 *         SEC_E_APPLICATION_PROTOCOL_MISMATCH (Schannel); others by package.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY AcceptSecurityContext(
    _In_opt_ PCredHandle phCredential,
    _Inout_opt_ PCtxtHandle phContext,
    _In_opt_ PSecBufferDesc pInput,
    _In_ ULONG fContextReq,
    _In_ ULONG TargetDataRep,
    _Inout_opt_ PCtxtHandle phNewContext,
    _Inout_opt_ PSecBufferDesc pOutput,
    _Out_ PULONG pfContextAttr,
    _Out_opt_ PTimeStamp ptsExpiry);

/**
 * Finishes a token after SEC_I_COMPLETE_NEEDED or SEC_I_COMPLETE_AND_CONTINUE; WDigest's server side only.
 *
 * @param pToken  the whole message.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_INVALID_TOKEN; SEC_E_OUT_OF_SEQUENCE (the nonce count is wrong);
 *         SEC_E_MESSAGE_ALTERED; SEC_E_UNSUPPORTED_FUNCTION (any other package).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY CompleteAuthToken(_In_ PCtxtHandle phContext, _In_ PSecBufferDesc pToken);

/**
 * Tells a context to shut down, to send an alert or to change its session; Schannel only. The next call of
 * AcceptSecurityContext or InitializeSecurityContext makes the token.
 *
 * @param pInput  a TOKEN buffer with one of the control tokens of schannel.h.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_INVALID_TOKEN; SEC_E_UNSUPPORTED_FUNCTION (also an alert that cannot be
 *         sent now, see SCHANNEL_ALERT_TOKEN); SEC_E_CONTEXT_EXPIRED (an alert after the connection's end).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY ApplyControlToken(_In_ PCtxtHandle phContext, _In_ PSecBufferDesc pInput);

/**
 * Releases a context, whole or partial. A call that is using it on another thread is let finish.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY DeleteSecurityContext(_In_ PCtxtHandle phContext);

/* ---- Contexts: attributes ---- */

/**
 * Reads one attribute of a context into the structure that belongs to its number.
 *
 * @param ulAttribute  a SECPKG_ATTR_ number.
 * @param pBuffer      the SecPkgContext_ structure named at that number, in the form (A or W) of this function.
 *                     Pointers in it that were filled are freed with FreeContextBuffer.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE (also for most attributes of a context that is not complete);
 *         SEC_E_UNSUPPORTED_FUNCTION (no such attribute in this package).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryContextAttributesW(
    _In_ PCtxtHandle phContext,
    _In_ ULONG ulAttribute,
    _Out_ void *pBuffer);
/** UTF-8 form of QueryContextAttributesW. */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryContextAttributesA(
    _In_ PCtxtHandle phContext,
    _In_ ULONG ulAttribute,
    _Out_ void *pBuffer);
#define QueryContextAttributes SSPI_NAME_AW(QueryContextAttributes)

/**
 * As QueryContextAttributesW, with the size of the structure checked.
 *
 * @return also SEC_E_BUFFER_TOO_SMALL.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryContextAttributesExW(
    _In_ PCtxtHandle phContext,
    _In_ ULONG ulAttribute,
    _Out_writes_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
/** UTF-8 form of QueryContextAttributesExW. */
SSPI_API SECURITY_STATUS SEC_ENTRY QueryContextAttributesExA(
    _In_ PCtxtHandle phContext,
    _In_ ULONG ulAttribute,
    _Out_writes_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
#define QueryContextAttributesEx SSPI_NAME_AW(QueryContextAttributesEx)

/**
 * Changes one attribute of a context; Schannel: application data, keying material, path MTU.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_UNSUPPORTED_FUNCTION; SEC_E_INVALID_PARAMETER.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SetContextAttributesW(
    _In_ PCtxtHandle phContext,
    _In_ ULONG ulAttribute,
    _In_reads_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
/** UTF-8 form of SetContextAttributesW. */
SSPI_API SECURITY_STATUS SEC_ENTRY SetContextAttributesA(
    _In_ PCtxtHandle phContext,
    _In_ ULONG ulAttribute,
    _In_reads_bytes_(cbBuffer) void *pBuffer,
    _In_ ULONG cbBuffer);
#define SetContextAttributes SSPI_NAME_AW(SetContextAttributes)

/**
 * Adds flags to bindings that QueryContextAttributes gave, turning them into a SEC_CHANNEL_BINDINGS_EX.
 *
 * The old block is freed, pBindings receives the new one and its length.
 *
 * @param flags  SEC_CHANNEL_BINDINGS_AUDIT_BINDINGS.
 * @return SEC_E_OK; SEC_E_INVALID_PARAMETER (other flags, or bindings that are not well formed).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SspiSetChannelBindingFlags(
    _Inout_ PSecPkgContext_Bindings pBindings,
    _In_ ULONG flags);

/* ---- Contexts: acting as the client ---- */

/**
 * Lets the calling thread act as the client of the context, until RevertSecurityContext. Check the result
 * before doing anything in the client's name.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_NO_IMPERSONATION; SEC_E_UNSUPPORTED_FUNCTION.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY ImpersonateSecurityContext(_In_ PCtxtHandle phContext);

/**
 * Ends ImpersonateSecurityContext on the calling thread.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY RevertSecurityContext(_In_ PCtxtHandle phContext);

/**
 * Gives the identity of the client, on a server's context, as a token that outlives the context. SspiListTokenIdentity
 * reads it; close it with CloseHandle (compat/windows.h) or SspiCloseToken. With Schannel the client is the account that
 * its certificate maps to.
 *
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE also for a context that is not established; SEC_E_NO_IMPERSONATION for a
 *         client's context, and for a TLS client that maps to no account; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY QuerySecurityContextToken(_In_ PCtxtHandle phContext, _Outptr_ void **Token);

/** How far a delegated context reaches. */
typedef enum _SecDelegationType {
    SecFull,
    SecService,
    SecTree,
    SecDirectory,
    SecObject
} SecDelegationType, *PSecDelegationType;

/**
 * Declared by Windows; no package there serves it, nor here.
 *
 * @return SEC_E_UNSUPPORTED_FUNCTION; SEC_E_INVALID_HANDLE.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY DelegateSecurityContext(
    _In_ PCtxtHandle phContext,
    _In_z_ SEC_CHAR *pszTarget,
    _In_ SecDelegationType DelegationType,
    _In_opt_ PTimeStamp pExpiry,
    _In_opt_ PSecBuffer pPackageParameters,
    _Inout_ PSecBufferDesc pOutput);

/* ---- Messages on an established context ---- */

/**
 * Signs a message: reads the DATA buffers, writes the signature into the TOKEN buffer (cbMaxSignature bytes).
 *
 * @param fQOP          0, unless the package defines more.
 * @param pMessage      DATA and one TOKEN buffer. The packages number the messages themselves.
 * @param MessageSeqNo  0, unless the transport numbers messages.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_INVALID_TOKEN (a buffer is missing); SEC_E_OUT_OF_SEQUENCE;
 *         SEC_E_QOP_NOT_SUPPORTED; SEC_E_BUFFER_TOO_SMALL; SEC_E_UNSUPPORTED_FUNCTION (Schannel);
 *         STATUS_INVALID_PARAMETER (WDigest: a nonce count that is no number).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY MakeSignature(
    _In_ PCtxtHandle phContext,
    _In_ ULONG fQOP,
    _Inout_ PSecBufferDesc pMessage,
    _In_ ULONG MessageSeqNo);

/**
 * Checks the signature MakeSignature made on the other side.
 *
 * @param pfQOP  receives the protection that was used.
 * @return SEC_E_OK; SEC_E_MESSAGE_ALTERED; SEC_E_OUT_OF_SEQUENCE; SEC_E_INVALID_HANDLE; SEC_E_INVALID_TOKEN;
 *         SEC_E_QOP_NOT_SUPPORTED.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY VerifySignature(
    _In_ PCtxtHandle phContext,
    _In_ PSecBufferDesc pMessage,
    _In_ ULONG MessageSeqNo,
    _Out_opt_ ULONG *pfQOP);

/**
 * Encrypts the DATA buffers in place and writes what else the peer needs into TOKEN and PADDING, or, with
 * Schannel and CredSSP, into STREAM_HEADER and STREAM_TRAILER. On success cbBuffer of those is the size used.
 *
 * @param fQOP  0; SECQOP_WRAP_NO_ENCRYPT signs only (Kerberos); SECQOP_WRAP_OOB_DATA sends an alert (Schannel). NTLM
 *              ignores it and always encrypts.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_INVALID_TOKEN (a buffer is missing); SEC_E_BUFFER_TOO_SMALL;
 *         SEC_E_CONTEXT_EXPIRED; SEC_E_QOP_NOT_SUPPORTED; SEC_E_CRYPTO_SYSTEM_INVALID.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY EncryptMessage(
    _In_ PCtxtHandle phContext,
    _In_ ULONG fQOP,
    _Inout_ PSecBufferDesc pMessage,
    _In_ ULONG MessageSeqNo);

/**
 * Decrypts, in place, what EncryptMessage made on the other side. Schannel retypes the buffers: look for DATA
 * and EXTRA by type.
 *
 * @param pfQOP  receives the protection that was used; NULL is allowed.
 * @return SEC_E_OK; SEC_E_INCOMPLETE_MESSAGE; SEC_E_MESSAGE_ALTERED; SEC_E_OUT_OF_SEQUENCE; SEC_E_INVALID_HANDLE;
 *         SEC_E_INVALID_TOKEN; SEC_E_BUFFER_TOO_SMALL; SEC_E_QOP_NOT_SUPPORTED; SEC_E_CRYPTO_SYSTEM_INVALID;
 *         Schannel also SEC_I_CONTEXT_EXPIRED (the peer closed) and SEC_I_RENEGOTIATE.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY DecryptMessage(
    _In_ PCtxtHandle phContext,
    _Inout_ PSecBufferDesc pMessage,
    _In_ ULONG MessageSeqNo,
    _Out_opt_ ULONG *pfQOP);

/* ---- Export and import ---- */

/**
 * Packs an established context so that another process of this machine can go on with it.
 *
 * @param fFlags          SECPKG_CONTEXT_EXPORT_ bits.
 * @param pPackedContext  receives type, size and memory of the packed context, which holds secrets; free with
 *                        FreeContextBuffer.
 * @param pToken          receives the client's token to pass along, or NULL.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_NOT_SUPPORTED.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY ExportSecurityContext(
    _In_ PCtxtHandle phContext,
    _In_ ULONG fFlags,
    _Out_ PSecBuffer pPackedContext,
    _Outptr_opt_result_maybenull_ void **pToken);

/**
 * Makes a context from what ExportSecurityContext packed.
 *
 * @return SEC_E_OK; SEC_E_SECPKG_NOT_FOUND; SEC_E_INVALID_TOKEN; SEC_E_UNKNOWN_CREDENTIALS;
 *         SEC_E_NO_CREDENTIALS; SEC_E_NOT_OWNER; SEC_E_UNSUPPORTED_FUNCTION.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY ImportSecurityContextW(
    _In_z_ SEC_WCHAR *pszPackage,
    _In_ PSecBuffer pPackedContext,
    _In_opt_ void *Token,
    _Out_ PCtxtHandle phContext);
/** UTF-8 form of ImportSecurityContextW. */
SSPI_API SECURITY_STATUS SEC_ENTRY ImportSecurityContextA(
    _In_z_ SEC_CHAR *pszPackage,
    _In_ PSecBuffer pPackedContext,
    _In_opt_ void *Token,
    _Out_ PCtxtHandle phContext);
#define ImportSecurityContext SSPI_NAME_AW(ImportSecurityContext)

SSPI_EXTERN_C_END

#include "sspi_sasl.h"
#include "sspi_table.h"

#endif
