/*
 * The one list of packages, in the order of EnumerateSecurityPackages. A file of its own, so that tests can put their
 * own list here.
 */
#include "api/provider.h"
#include "base/utf.h"

static const struct provider *const providers[] = {
    &negotiate_provider,
    &kerberos_provider,
    &ntlm_provider,
    &schannel_provider,
};

const struct provider *registry_at(size_t index)
{
    return index < sizeof providers / sizeof *providers ? providers[index] : NULL;
}

static bool answers_to(const struct provider *provider, const char *name)
{
    if (utf8_same_name(provider->name, name))
        return true;
    for (size_t i = 0; i < PROVIDER_ALIASES && provider->aliases[i]; i++)
        if (utf8_same_name(provider->aliases[i], name))
            return true;
    return false;
}

const struct provider *registry_find(const char *name)
{
    const struct provider *provider;

    for (size_t i = 0; (provider = registry_at(i)) != NULL; i++)
        if (answers_to(provider, name))
            return provider;
    return NULL;
}
