/*
 * EnumerateSecurityPackages, QuerySecurityPackageInfo, and the same description inside PACKAGE_INFO and
 * NEGOTIATION_INFO.
 */
#include "api/packages.h"

#include "api/calls.h"
#include "api/context_buffer.h"
#include "api/explain.h"
#include "api/text.h"

/* SecPkgInfoA and SecPkgInfoW differ only in what their pointers point to. */
_Static_assert(sizeof(SecPkgInfoA) == sizeof(SecPkgInfoW), "one layout");

static SECURITY_STATUS strings_measure(bool wide, const struct provider *provider, size_t *name, size_t *comment)
{
    SECURITY_STATUS status = text_measure(wide, provider->name, name);

    return status == SEC_E_OK ? text_measure(wide, provider->comment, comment) : status;
}

/* Fills one description; its strings go to `*end`, which moves behind them. */
static SECURITY_STATUS info_fill(bool wide, const struct provider *provider, SecPkgInfoA *info, char **end)
{
    size_t name, comment;
    SECURITY_STATUS status = strings_measure(wide, provider, &name, &comment);

    if (status != SEC_E_OK)
        return status;
    *info = (SecPkgInfoA){
        .fCapabilities = provider->capabilities,
        .wVersion = 1,
        .wRPCID = provider->rpc_id,
        .cbMaxToken = provider->max_token,
        .Name = *end,
        .Comment = *end + name,
    };
    *end += name + comment;
    status = text_store(wide, provider->name, info->Name, name);
    return status == SEC_E_OK ? text_store(wide, provider->comment, info->Comment, comment) : status;
}

/* One allocation: the array, then the strings. W strings stay aligned, since every size before them is even. */
static SECURITY_STATUS infos_make(bool wide, const struct provider *const *providers, size_t count, void **infos)
{
    size_t size = count * sizeof(SecPkgInfoA);
    SECURITY_STATUS status = SEC_E_OK;
    SecPkgInfoA *made;
    char *end;

    *infos = NULL;
    for (size_t i = 0; i < count && status == SEC_E_OK; i++) {
        size_t name = 0, comment = 0;

        status = strings_measure(wide, providers[i], &name, &comment);
        size += name + comment;
    }
    if (status != SEC_E_OK)
        return status;
    made = context_buffer_new(size);
    if (!made)
        return SEC_E_INSUFFICIENT_MEMORY;
    end = (char *)(made + count);
    for (size_t i = 0; i < count && status == SEC_E_OK; i++)
        status = info_fill(wide, providers[i], &made[i], &end);
    if (status == SEC_E_OK)
        *infos = made;
    else
        context_buffer_free(made);
    return status;
}

SECURITY_STATUS package_info_make(bool wide, const struct provider *provider, void **info)
{
    return infos_make(wide, &provider, 1, info);
}

#define PACKAGES_MAX 16

SECURITY_STATUS call_enumerate(const char *function, bool wide, ULONG *count, void **infos)
{
    const struct provider *available[PACKAGES_MAX];
    const struct provider *provider;
    SECURITY_STATUS status;
    ULONG found = 0;

    if (count)
        *count = 0;
    if (infos)
        *infos = NULL;
    if (!count || !infos)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "pcPackages or ppPackageInfo is NULL");
    for (size_t i = 0; (provider = registry_at(i)) != NULL && found < PACKAGES_MAX; i++)
        if (!provider->available || provider->available(NULL))
            available[found++] = provider;
    status = infos_make(wide, available, found, infos);
    if (status == SEC_E_OK)
        *count = found;
    return explain_keep(function, status, NULL);
}

SECURITY_STATUS call_package_info(const char *function, bool wide, const char *name, void **info)
{
    const struct provider *provider;
    struct failure failure = {0};

    if (info)
        *info = NULL;
    if (!name || !info)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "pszPackageName or ppPackageInfo is NULL");
    provider = registry_find(name);
    if (!provider)
        return explain_usage(function, SEC_E_SECPKG_NOT_FOUND, "there is no package of that name");
    if (provider->available && !provider->available(&failure))
        return explain_keep(function, SEC_E_SECPKG_NOT_FOUND, &failure);
    return explain_keep(function, package_info_make(wide, provider, info), NULL);
}
