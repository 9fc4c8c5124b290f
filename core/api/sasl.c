/*
 * The SASL functions of the interface, not built: handles are checked, outputs zeroed, then SEC_E_UNSUPPORTED_FUNCTION.
 */
#include "api/calls.h"
#include "api/entries.h"
#include "api/explain.h"

static SECURITY_STATUS profiles_none(void **list, ULONG *count)
{
    if (list)
        *list = NULL;
    if (count)
        *count = 0;
    return call_unsupported("SaslEnumerateProfiles");
}

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesA(LPSTR *ProfileList, ULONG *ProfileCount)
{
    return profiles_none((void **)ProfileList, ProfileCount);
}

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesW(LPWSTR *ProfileList, ULONG *ProfileCount)
{
    return profiles_none((void **)ProfileList, ProfileCount);
}

static SECURITY_STATUS package_none(const char *function, void **info)
{
    if (info)
        *info = NULL;
    return call_unsupported(function);
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageA(LPSTR ProfileName, PSecPkgInfoA *PackageInfo)
{
    (void)ProfileName;
    return package_none("SaslGetProfilePackage", (void **)PackageInfo);
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageW(LPWSTR ProfileName, PSecPkgInfoW *PackageInfo)
{
    (void)ProfileName;
    return package_none("SaslGetProfilePackage", (void **)PackageInfo);
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageA(PSecBufferDesc pInput, PSecPkgInfoA *PackageInfo)
{
    (void)pInput;
    return package_none("SaslIdentifyPackage", (void **)PackageInfo);
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageW(PSecBufferDesc pInput, PSecPkgInfoW *PackageInfo)
{
    (void)pInput;
    return package_none("SaslIdentifyPackage", (void **)PackageInfo);
}

/* One leg: the context if there is one, else the credential, must be live. */
static SECURITY_STATUS leg_none(const struct leg_call *call)
{
    call_leg_clear(call);
    return call->context ? call_unsupported_context(call->function, call->context)
                         : call_unsupported_credential(call->function, call->credential);
}

SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextA(PCredHandle phCredential, PCtxtHandle phContext,
                                                         LPSTR pszTargetName, ULONG fContextReq, ULONG Reserved1,
                                                         ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
                                                         PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                         ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "SaslInitializeSecurityContext",
        .credential = phCredential,
        .context = phContext,
        .new_context = phNewContext,
        .requested = fContextReq,
        .data_representation = TargetDataRep,
        .input = pInput,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    (void)pszTargetName, (void)Reserved1, (void)Reserved2;
    return leg_none(&call);
}

SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextW(PCredHandle phCredential, PCtxtHandle phContext,
                                                         LPWSTR pszTargetName, ULONG fContextReq, ULONG Reserved1,
                                                         ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
                                                         PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                         ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "SaslInitializeSecurityContext",
        .credential = phCredential,
        .context = phContext,
        .new_context = phNewContext,
        .requested = fContextReq,
        .data_representation = TargetDataRep,
        .input = pInput,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    (void)pszTargetName, (void)Reserved1, (void)Reserved2;
    return leg_none(&call);
}

SECURITY_STATUS SEC_ENTRY SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
                                                    PSecBufferDesc pInput, ULONG fContextReq, ULONG TargetDataRep,
                                                    PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                    ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "SaslAcceptSecurityContext",
        .acceptor = true,
        .credential = phCredential,
        .context = phContext,
        .new_context = phNewContext,
        .requested = fContextReq,
        .data_representation = TargetDataRep,
        .input = pInput,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    return leg_none(&call);
}

SECURITY_STATUS SEC_ENTRY SaslSetContextOption(PCtxtHandle ContextHandle, ULONG Option, PVOID Value, ULONG Size)
{
    (void)Option, (void)Value, (void)Size;
    return call_unsupported_context("SaslSetContextOption", ContextHandle);
}

SECURITY_STATUS SEC_ENTRY SaslGetContextOption(PCtxtHandle ContextHandle, ULONG Option, PVOID Value, ULONG Size,
                                               PULONG Needed)
{
    (void)Option, (void)Value, (void)Size;
    if (Needed)
        *Needed = 0;
    return call_unsupported_context("SaslGetContextOption", ContextHandle);
}
