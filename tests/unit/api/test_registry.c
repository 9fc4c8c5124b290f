/* The real registry under another name: in this executable the test packages stand in for it. */
#include "trial.h"

#define registry_at real_registry_at
#define registry_find real_registry_find
#include "api/registry.c"

Test(registry, names_are_unique_and_found)
{
    const struct provider *provider;
    size_t count = 0;

    while ((provider = real_registry_at(count)) != NULL) {
        cr_assert_eq(real_registry_find(provider->name), provider);
        for (size_t i = 0; i < PROVIDER_ALIASES && provider->aliases[i]; i++)
            cr_assert_eq(real_registry_find(provider->aliases[i]), provider);
        count++;
    }
    cr_assert_geq(count, 1);
    cr_assert_not_null(real_registry_find("nTlM"));
    cr_assert_eq(real_registry_find("default TLS ssp"), real_registry_find("Schannel"));
    cr_assert_not_null(real_registry_find("Microsoft Unified Security Protocol Provider"));
    cr_assert_null(real_registry_find("Trial"));
    cr_assert_null(real_registry_find(""));
}

Test(registry, every_package_is_whole)
{
    const struct provider *provider;

    for (size_t i = 0; (provider = real_registry_at(i)) != NULL; i++) {
        cr_assert(provider->name && provider->comment && provider->max_token && provider->uses);
        cr_assert(provider->acquire && provider->credential_free);
        cr_assert(!provider->accept || provider->context_free);
        cr_assert(!provider->initiate || provider->context_free);
    }
}
