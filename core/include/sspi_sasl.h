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
 * Finds the package that a first SASL message is meant for, by its prefix.
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
 * InitializeSecurityContextW inside SASL: exactly one TOKEN buffer each way, and the agreement on a security
 * layer (RFC 4752, 3.1) after the mechanism is done.
 *
 * @return as InitializeSecurityContextW; SEC_E_ALGORITHM_MISMATCH (an authorization identity is not allowed);
 *         SEC_E_INVALID_TOKEN (no TOKEN buffer, or the layer message is not protected as it should be).
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
 * AcceptSecurityContext inside SASL; after the mechanism is done it returns SEC_I_CONTINUE_NEEDED once more,
 * with the server's offer of security layers.
 *
 * @return as AcceptSecurityContext and SaslInitializeSecurityContextW.
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
 * Sets a SASL option of a context.
 *
 * @param Option  SASL_OPTION_ number; its comment tells what Value points to.
 * @return SEC_E_OK; SEC_E_INVALID_HANDLE; SEC_E_BUFFER_TOO_SMALL; SEC_E_UNSUPPORTED_FUNCTION (unknown option, or an
 *         authorization identity while it is forbidden).
 */
SSPI_API SECURITY_STATUS SEC_ENTRY SaslSetContextOption(
    _In_ PCtxtHandle ContextHandle,
    _In_ ULONG Option,
    _In_reads_bytes_opt_(Size) PVOID Value,
    _In_ ULONG Size);

/**
 * Reads a SASL option of a context.
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
