/* The SASL functions of SSPI (RFC 4422 profiles on top of the packages). Included by sspi.h. */
#ifndef SSPI_SASL_H
#define SSPI_SASL_H

#include "sspi_structs.h"

SSPI_EXTERN_C_BEGIN

/** SASL_OPTION_AUTHZ_PROCESSING: is an authorization identity allowed? */
typedef enum _SASL_AUTHZID_STATE {
    Sasl_AuthZIDForbidden = 0,
    Sasl_AuthZIDProcessed = 1
} SASL_AUTHZID_STATE;

/**
 * Lists the SASL mechanisms that can be used.
 *
 * @param ProfileList   receives the names, each terminated, the last by one more terminator; free with
 *                      FreeContextBuffer.
 * @param ProfileCount  receives how many there are.
 * @return SEC_E_OK; SEC_E_INSUFFICIENT_MEMORY.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesW(
    _Outptr_ _NullNull_terminated_ LPWSTR *ProfileList,
    _Out_ ULONG *ProfileCount);
/** UTF-8 form of SaslEnumerateProfilesW. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesA(
    _Outptr_ _NullNull_terminated_ LPSTR *ProfileList,
    _Out_ ULONG *ProfileCount);
#define SaslEnumerateProfiles SSPI_NAME_AW(SaslEnumerateProfiles)

/**
 * Tells which package serves a SASL mechanism.
 *
 * @return SEC_E_OK; SEC_E_SECPKG_NOT_FOUND. Free the description with FreeContextBuffer.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageW(
    _In_z_ LPWSTR ProfileName,
    _Outptr_ PSecPkgInfoW *PackageInfo);
/** UTF-8 form of SaslGetProfilePackageW. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageA(
    _In_z_ LPSTR ProfileName,
    _Outptr_ PSecPkgInfoA *PackageInfo);
#define SaslGetProfilePackage SSPI_NAME_AW(SaslGetProfilePackage)

/**
 * Finds the package that a first SASL message is meant for, by the object identifier at its front.
 *
 * @return SEC_E_OK; SEC_E_SECPKG_NOT_FOUND; SEC_E_INVALID_TOKEN. Free the description with FreeContextBuffer.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageW(
    _In_ PSecBufferDesc pInput,
    _Outptr_ PSecPkgInfoW *PackageInfo);
/** UTF-8 form of SaslIdentifyPackageW. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageA(
    _In_ PSecBufferDesc pInput,
    _Outptr_ PSecPkgInfoA *PackageInfo);
#define SaslIdentifyPackage SSPI_NAME_AW(SaslIdentifyPackage)

/**
 * InitializeSecurityContextW inside SASL, with the agreement on a security layer behind the package's own exchange. Takes
 * exactly one TOKEN buffer each way. With Kerberos (GSSAPI; RFC 4752, 3.1) the strongest layer is chosen that the server
 * offers, fContextReq asks for and the context can do. With Negotiate (GSS-SPNEGO) the context's flags are the layer. Who
 * asks for a layer asks for mutual authentication and sequence detection as well. Once the call returns SEC_E_OK,
 * *pfContextAttr has CONFIDENTIALITY and INTEGRITY only as far as the layer goes: encrypt, or sign (SECQOP_WRAP_NO_ENCRYPT),
 * by what it says, or let SspiSaslWrap do it.
 *
 * @return as InitializeSecurityContextW, with SEC_I_CONTINUE_NEEDED and an empty token where SASL wants an empty
 *         response; SEC_E_QOP_NOT_SUPPORTED (no layer that the option sasl_minimum_layer allows); SEC_E_INVALID_TOKEN (no
 *         TOKEN buffer, or a layer message that says what it may not); SEC_E_UNSUPPORTED_FUNCTION (no SASL mechanism for
 *         the package).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextW(
    _In_opt_ PCredHandle phCredential,
    _In_opt_ PCtxtHandle phContext,
    _In_opt_z_ LPWSTR pszTargetName,
    _In_ ULONG fContextReq,
    _In_ ULONG Reserved1,
    _In_ ULONG TargetDataRep,
    _In_opt_ PSecBufferDesc pInput,
    _In_ ULONG Reserved2,
    _Inout_opt_ PCtxtHandle phNewContext,
    _Inout_opt_ PSecBufferDesc pOutput,
    _Out_ ULONG *pfContextAttr,
    _Out_opt_ PTimeStamp ptsExpiry);
/** UTF-8 form of SaslInitializeSecurityContextW. */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextA(
    _In_opt_ PCredHandle phCredential,
    _In_opt_ PCtxtHandle phContext,
    _In_opt_z_ LPSTR pszTargetName,
    _In_ ULONG fContextReq,
    _In_ ULONG Reserved1,
    _In_ ULONG TargetDataRep,
    _In_opt_ PSecBufferDesc pInput,
    _In_ ULONG Reserved2,
    _Inout_opt_ PCtxtHandle phNewContext,
    _Inout_opt_ PSecBufferDesc pOutput,
    _Out_ ULONG *pfContextAttr,
    _Out_opt_ PTimeStamp ptsExpiry);
#define SaslInitializeSecurityContext SSPI_NAME_AW(SaslInitializeSecurityContext)

/**
 * AcceptSecurityContext inside SASL, with the agreement on a security layer behind the package's own exchange. With
 * Kerberos (GSSAPI) it returns SEC_I_CONTINUE_NEEDED once more after the mechanism
 * is done, with the server's offer of security layers (RFC 4752, 3.2): those that fContextReq asks for and the context can
 * do. With Negotiate (GSS-SPNEGO) the context's flags are the layer. *pfContextAttr is cut down to the layer as by
 * SaslInitializeSecurityContextW. A client may act as nobody but itself unless the option sasl_authorization says
 * `program`; then SASL_OPTION_AUTHZ_STRING must be looked at. A token that comes with SEC_E_OK is still to be sent.
 *
 * @return as AcceptSecurityContext and SaslInitializeSecurityContextW; SEC_E_LOGON_DENIED (the client asks to act as
 *         another); SEC_E_ALGORITHM_MISMATCH (an authorization identity while SASL_OPTION_AUTHZ_PROCESSING forbids any).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslAcceptSecurityContext(
    _In_opt_ PCredHandle phCredential,
    _Inout_opt_ PCtxtHandle phContext,
    _In_opt_ PSecBufferDesc pInput,
    _In_ ULONG fContextReq,
    _In_ ULONG TargetDataRep,
    _Inout_opt_ PCtxtHandle phNewContext,
    _Inout_opt_ PSecBufferDesc pOutput,
    _Out_ ULONG *pfContextAttr,
    _Out_opt_ PTimeStamp ptsExpiry);

/**
 * Sets a SASL option of a context: sizes before the layer is agreed on, an authorization identity (UTF-8, at most 1024
 * bytes) on a client before it answers the server's offer.
 *
 * @param Option  SASL_OPTION_ number; its comment tells what Value points to.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_BUFFER_TOO_SMALL; SEC_E_INVALID_PARAMETER; SEC_E_OUT_OF_SEQUENCE (too late);
 *         SEC_E_UNSUPPORTED_FUNCTION (unknown option, an authorization identity while it is forbidden or where the
 *         mechanism has no place for one, a context that the Sasl functions did not begin).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslSetContextOption(
    _In_ PCtxtHandle ContextHandle,
    _In_ ULONG Option,
    _In_reads_bytes_opt_(Size) PVOID Value,
    _In_ ULONG Size);

/**
 * Reads a SASL option of a context. Once the layer is agreed on, SASL_OPTION_SEND_SIZE is how many plain bytes one message
 * to the peer may hold.
 *
 * @param Needed  receives the size of the value, in bytes.
 * @return as SaslSetContextOption.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslGetContextOption(
    _In_ PCtxtHandle ContextHandle,
    _In_ ULONG Option,
    _Out_writes_bytes_opt_(Size) PVOID Value,
    _In_ ULONG Size,
    _Out_opt_ PULONG Needed);

SSPI_EXTERN_C_END

#endif
