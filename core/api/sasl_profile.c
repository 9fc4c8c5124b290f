/*
 * The SASL mechanisms and the packages behind them.
 */
#include <string.h>
#include <strings.h>

#include "api/sasl.h"
#include "base/der.h"

static const uint8_t kerberos_oid[] = {0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t spnego_oid[] = {0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};

/* DIGEST-MD5 joins when there is a package for it. */
static const struct sasl_profile profiles[] = {
    {"GSSAPI", "Kerberos", true, {kerberos_oid, sizeof kerberos_oid}},
    {"GSS-SPNEGO", "Negotiate", false, {spnego_oid, sizeof spnego_oid}},
};

const struct sasl_profile *sasl_profile_at(size_t index)
{
    return index < sizeof profiles / sizeof *profiles ? &profiles[index] : NULL;
}

const struct sasl_profile *sasl_profile_of_package(const char *package)
{
    const struct sasl_profile *profile;

    for (size_t i = 0; (profile = sasl_profile_at(i)) != NULL; i++)
        if (strcmp(profile->package, package) == 0)
            return profile;
    return NULL;
}

const struct sasl_profile *sasl_profile_of_mechanism(const char *mechanism)
{
    const struct sasl_profile *profile;

    for (size_t i = 0; (profile = sasl_profile_at(i)) != NULL; i++)
        if (strcasecmp(profile->mechanism, mechanism) == 0)
            return profile;
    return NULL;
}

/* RFC 2743 3.1: every first token of GSS-API is framed and names its mechanism. */
const struct sasl_profile *sasl_profile_of_token(struct bytes token)
{
    struct cursor in = cursor_over(token), inner;
    const struct sasl_profile *profile;
    struct bytes oid;

    if (!der_enter(&in, DER_APPLICATION, &inner) || !der_element(&inner, &oid))
        return NULL;
    for (size_t i = 0; (profile = sasl_profile_at(i)) != NULL; i++)
        if (oid.size == profile->oid.size && memcmp(oid.data, profile->oid.data, oid.size) == 0)
            return profile;
    return NULL;
}
