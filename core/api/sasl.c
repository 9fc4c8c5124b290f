/*
 * The entry points of SASL: profiles, and the legs, which go through context.c as those of the packages do.
 */
#include <string.h>

#include "api/buffers.h"
#include "api/calls.h"
#include "api/context_buffer.h"
#include "api/explain.h"
#include "api/packages.h"
#include "api/sasl.h"
#include "api/text.h"
#include "base/memory.h"

/* The package of a profile, if it is there to be used. */
static const struct provider *profile_provider(const struct sasl_profile *profile, struct failure *why)
{
    const struct provider *provider = profile ? registry_find(profile->package) : NULL;

    return provider && (!provider->available || provider->available(why)) ? provider : NULL;
}

/* ---- Profiles ---- */

/* Measures (out NULL) or writes the names, each terminated, and the last terminator. */
static SECURITY_STATUS names_store(bool wide, char *out, size_t *size, ULONG *count)
{
    const struct sasl_profile *profile;
    SECURITY_STATUS status = SEC_E_OK;
    size_t each = 0;

    *size = 0;
    *count = 0;
    for (size_t i = 0; status == SEC_E_OK && (profile = sasl_profile_at(i)) != NULL; i++) {
        if (!profile_provider(profile, NULL))
            continue;
        status = text_measure(wide, profile->mechanism, &each);
        if (status == SEC_E_OK && out)
            status = text_store(wide, profile->mechanism, out + *size, each);
        *size += each;
        ++*count;
    }
    *size += wide ? sizeof(SEC_WCHAR) : 1;
    return status;
}

static SECURITY_STATUS profiles_list(bool wide, void **list, ULONG *count)
{
    static const char function[] = "SaslEnumerateProfiles";
    SECURITY_STATUS status;
    ULONG found;
    size_t size;
    char *made;

    if (list)
        *list = NULL;
    if (count)
        *count = 0;
    if (!list || !count)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "ProfileList or ProfileCount is NULL");
    status = names_store(wide, NULL, &size, &found);
    if (status != SEC_E_OK)
        return explain_keep(function, status, NULL);
    made = context_buffer_new(size);
    if (!made)
        return explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    status = names_store(wide, made, &size, &found);
    if (status != SEC_E_OK) {
        context_buffer_free(made);
        return explain_keep(function, status, NULL);
    }
    *list = made;
    *count = found;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesA(LPSTR *ProfileList, ULONG *ProfileCount)
{
    return profiles_list(false, (void **)ProfileList, ProfileCount);
}

SECURITY_STATUS SEC_ENTRY SaslEnumerateProfilesW(LPWSTR *ProfileList, ULONG *ProfileCount)
{
    return profiles_list(true, (void **)ProfileList, ProfileCount);
}

static SECURITY_STATUS profile_info(const char *function, bool wide, const struct sasl_profile *profile, void **info)
{
    struct failure failure = {0};
    const struct provider *provider = profile_provider(profile, &failure);

    if (!provider && failure.reason == SSPI_REASON_NONE)
        return explain_usage(function, SEC_E_SECPKG_NOT_FOUND, "there is no package for that SASL mechanism");
    if (!provider)
        return explain_keep(function, SEC_E_SECPKG_NOT_FOUND, &failure);
    return explain_keep(function, package_info_make(wide, provider, info), NULL);
}

static SECURITY_STATUS profile_package(bool wide, const char *name, void **info)
{
    static const char function[] = "SaslGetProfilePackage";

    if (!name || !info)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "ProfileName or PackageInfo is NULL");
    return profile_info(function, wide, sasl_profile_of_mechanism(name), info);
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageA(LPSTR ProfileName, PSecPkgInfoA *PackageInfo)
{
    if (PackageInfo)
        *PackageInfo = NULL;
    return profile_package(false, ProfileName, (void **)PackageInfo);
}

SECURITY_STATUS SEC_ENTRY SaslGetProfilePackageW(LPWSTR ProfileName, PSecPkgInfoW *PackageInfo)
{
    char *name;
    SECURITY_STATUS status;

    if (PackageInfo)
        *PackageInfo = NULL;
    status = text_from_wide(ProfileName, &name);
    if (status != SEC_E_OK)
        return explain_usage("SaslGetProfilePackage", status, "ProfileName cannot be read");
    status = profile_package(true, name, (void **)PackageInfo);
    mem_free(name);
    return status;
}

static SECURITY_STATUS identify(bool wide, SecBufferDesc *input, void **info)
{
    static const char function[] = "SaslIdentifyPackage";
    struct failure failure = {0};
    struct step step = {.failure = &failure};
    SECURITY_STATUS status;

    if (info)
        *info = NULL;
    if (!input || !info)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "pInput or PackageInfo is NULL");
    status = buffers_to_step(&step, input, NULL);
    if (status != SEC_E_OK)
        return explain_keep(function, status, &failure);
    if (!step.has_token)
        return explain_usage(function, SEC_E_INVALID_TOKEN, "there is no SECBUFFER_TOKEN in pInput");
    return profile_info(function, wide, sasl_profile_of_token(step.token), info);
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageA(PSecBufferDesc pInput, PSecPkgInfoA *PackageInfo)
{
    return identify(false, pInput, (void **)PackageInfo);
}

SECURITY_STATUS SEC_ENTRY SaslIdentifyPackageW(PSecBufferDesc pInput, PSecPkgInfoW *PackageInfo)
{
    return identify(true, pInput, (void **)PackageInfo);
}

/* ---- Legs ---- */

SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextA(PCredHandle phCredential, PCtxtHandle phContext,
                                                         LPSTR pszTargetName, ULONG fContextReq, ULONG Reserved1,
                                                         ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
                                                         PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                         ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "SaslInitializeSecurityContext",
        .sasl = true,
        .credential = phCredential,
        .context = phContext,
        .new_context = phNewContext,
        .target = pszTargetName,
        .requested = fContextReq,
        .data_representation = TargetDataRep,
        .input = pInput,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    (void)Reserved1, (void)Reserved2;
    if (text_check_ansi(pszTargetName) != SEC_E_OK) {
        call_leg_clear(&call);
        return explain_usage(call.function, SEC_E_INVALID_PARAMETER, "pszTargetName is not UTF-8, or too long");
    }
    return call_leg(&call);
}

SECURITY_STATUS SEC_ENTRY SaslInitializeSecurityContextW(PCredHandle phCredential, PCtxtHandle phContext,
                                                         LPWSTR pszTargetName, ULONG fContextReq, ULONG Reserved1,
                                                         ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
                                                         PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                         ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "SaslInitializeSecurityContext",
        .sasl = true,
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
    char *target;
    SECURITY_STATUS status = text_from_wide(pszTargetName, &target);

    (void)Reserved1, (void)Reserved2;
    if (status != SEC_E_OK) {
        call_leg_clear(&call);
        return explain_usage(call.function, status, "pszTargetName cannot be read");
    }
    call.target = target;
    status = call_leg(&call);
    mem_free(target);
    return status;
}

SECURITY_STATUS SEC_ENTRY SaslAcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext,
                                                    PSecBufferDesc pInput, ULONG fContextReq, ULONG TargetDataRep,
                                                    PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                    ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "SaslAcceptSecurityContext",
        .sasl = true,
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

    return call_leg(&call);
}
