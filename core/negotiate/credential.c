/*
 * Credentials of Negotiate: one of each package that it may choose. A package that has none is left out, and why is
 * kept.
 */
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "negotiate/negotiate.h"

#define LIST_MAX 256

/* One word of a package list against a package: "kerberos", "!ntlm". */
static bool word_names(const char *word, const char *package)
{
    return utf8_same_name(word[0] == '!' ? word + 1 : word, package);
}

/*
 * A list names the packages that may be chosen; words that begin with ! take one out. A list of exclusions alone allows
 * the rest. An over-long list allows nothing.
 */
static bool list_allows(const char *list, const char *package)
{
    char copy[LIST_MAX], *rest = NULL;
    bool named = false, any_named = false, excluded = false;

    if (!list)
        return true;
    if (strlen(list) >= sizeof copy)
        return false;
    memcpy(copy, list, strlen(list) + 1);
    for (char *word = strtok_r(copy, ", ", &rest); word; word = strtok_r(NULL, ", ", &rest)) {
        any_named = any_named || word[0] != '!';
        named = named || (word[0] != '!' && word_names(word, package));
        excluded = excluded || (word[0] == '!' && word_names(word, package));
    }
    return !excluded && (named || !any_named);
}

/* The children share the settings and the store of the parent, which owns them. */
static void child_free(struct credential *child)
{
    if (!child)
        return;
    child->settings = (struct settings){0};
    child->accounts = NULL;
    child->provider->credential_free(child);
}

void nego_credential_free(struct credential *base)
{
    struct nego_credential *credential = (struct nego_credential *)base;

    if (!credential)
        return;
    for (size_t i = 0; i < NEGO_CHILDREN; i++)
        child_free(credential->children[i]);
    mem_free(credential);
}

static SECURITY_STATUS child_acquire(struct nego_credential *credential, enum nego_package package,
                                     const struct acquire *request)
{
    const struct provider *provider = registry_find(nego_package_name(package));
    struct failure *why = &credential->reasons[package];
    struct acquire inner = *request;
    struct credential *child = NULL;
    SECURITY_STATUS status;

    inner.failure = why;
    if (!provider)
        return failure_set(why, SEC_E_SECPKG_NOT_FOUND, SSPI_REASON_UNSUPPORTED, "this library has no %s",
                           nego_package_name(package));
    if (!list_allows(request->package_list, provider->name))
        return failure_set(why, SEC_E_NO_CREDENTIALS, SSPI_REASON_POLICY, "the package list excludes %s",
                           provider->name);
    if (provider->available && !provider->available(why))
        return SEC_E_SECPKG_NOT_FOUND;
    status = provider->acquire(&inner, &child);
    if (status != SEC_E_OK)
        return status;
    child->provider = provider;
    child->use = request->use;
    credential->children[package] = child;
    return SEC_E_OK;
}

SECURITY_STATUS nego_acquire(const struct acquire *request, struct credential **out)
{
    struct nego_credential *credential = mem_zalloc(sizeof *credential);
    SECURITY_STATUS status = SEC_E_OK, last = SEC_E_NO_CREDENTIALS;
    bool any = false;

    *out = NULL;
    if (!credential)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (size_t i = 0; i < NEGO_CHILDREN && status != SEC_E_INSUFFICIENT_MEMORY; i++) {
        status = child_acquire(credential, (enum nego_package)i, request);
        any = any || status == SEC_E_OK;
        last = status == SEC_E_OK ? last : status;
        if (status != SEC_E_OK && request->failure)
            *request->failure = credential->reasons[i];
    }
    if (status == SEC_E_INSUFFICIENT_MEMORY || !any) {
        nego_credential_free(&credential->base);
        return last;
    }
    *out = &credential->base;
    return SEC_E_OK;
}

void nego_prepare(struct credential *base, const struct settings *settings)
{
    const struct nego_credential *credential = (struct nego_credential *)base;

    for (size_t i = 0; i < NEGO_CHILDREN; i++) {
        struct credential *child = credential->children[i];

        if (child && child->provider->prepare)
            child->provider->prepare(child, settings);
    }
}

void nego_settle(struct credential *base)
{
    struct nego_credential *credential = (struct nego_credential *)base;

    for (size_t i = 0; i < NEGO_CHILDREN; i++) {
        struct credential *child = credential->children[i];

        if (!child)
            continue;
        /* Settings are closed with the first context of either side; the store is opened with the first acceptor's. */
        if (!credential->settled)
            child->settings = base->settings;
        if (base->accounts)
            child->accounts = base->accounts;
        if (child->provider->settle)
            child->provider->settle(child);
    }
    credential->settled = true;
}

bool nego_package_allowed(const struct nego_credential *credential, enum nego_package package)
{
    return credential->children[package]
           && list_allows(credential->base.settings.negotiate_packages, nego_package_name(package));
}

SECURITY_STATUS nego_set_nt_hash(struct credential *base, const uint8_t hash[16])
{
    struct nego_credential *credential = (struct nego_credential *)base;
    struct credential *child = credential->children[NEGO_NTLM];

    return child ? child->provider->set_nt_hash(child, hash) : SEC_E_UNSUPPORTED_FUNCTION;
}

/* Keys and tickets are Kerberos' alone. NULL: it is not available, or has no such function. */
static struct credential *kerberos_of(struct credential *base)
{
    return ((struct nego_credential *)base)->children[NEGO_KERBEROS];
}

SECURITY_STATUS nego_set_keytab(struct credential *base, const char *path, struct failure *failure)
{
    struct credential *child = kerberos_of(base);

    return child && child->provider->set_keytab ? child->provider->set_keytab(child, path, failure)
                                                : SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS nego_set_keytab_bytes(struct credential *base, struct bytes content, struct failure *failure)
{
    struct credential *child = kerberos_of(base);

    return child && child->provider->set_keytab_bytes ? child->provider->set_keytab_bytes(child, content, failure)
                                                      : SEC_E_UNSUPPORTED_FUNCTION;
}

SECURITY_STATUS nego_set_ticket_cache(struct credential *base, const char *name, struct failure *failure)
{
    struct credential *child = kerberos_of(base);

    return child && child->provider->set_ticket_cache ? child->provider->set_ticket_cache(child, name, failure)
                                                      : SEC_E_UNSUPPORTED_FUNCTION;
}

/* A package's credential for acting as somebody else, wrapped so that it can be used for Negotiate. Takes it over. */
static SECURITY_STATUS lent_wrap(const struct provider *provider, enum nego_package package, struct credential *lent,
                                 struct credential **out)
{
    struct nego_credential *made = mem_zalloc(sizeof *made);

    if (!made) {
        provider->credential_free(lent);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    lent->provider = provider;
    lent->use = SECPKG_CRED_OUTBOUND;
    made->children[package] = lent;
    *out = &made->base;
    return SEC_E_OK;
}

/* What a client lent is a credential of the package that carried it. */
SECURITY_STATUS nego_delegated(struct context *base, struct credential **out, struct failure *failure)
{
    const struct nego_context *context = (const struct nego_context *)base;
    const struct provider *provider = context->child ? context->child->provider : NULL;
    struct credential *lent;
    SECURITY_STATUS status;

    if (!provider || !provider->delegated)
        return SEC_E_UNSUPPORTED_FUNCTION;
    status = provider->delegated(context->child, &lent, failure);
    return status == SEC_E_OK ? lent_wrap(provider, context->mechanism->package, lent, out) : status;
}

SECURITY_STATUS nego_constrained(struct context *base, struct credential **out, struct failure *failure)
{
    const struct nego_context *context = (const struct nego_context *)base;
    const struct provider *provider = context->child ? context->child->provider : NULL;
    struct credential *lent;
    SECURITY_STATUS status;

    if (!provider || !provider->constrained)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "the client logged in with %s, which has no constrained delegation",
                           provider ? provider->name : "nothing");
    status = provider->constrained(context->child, &lent, failure);
    return status == SEC_E_OK ? lent_wrap(provider, context->mechanism->package, lent, out) : status;
}

SECURITY_STATUS nego_for_user(struct credential *base, const struct user_name *user, struct credential **out,
                              struct failure *failure)
{
    struct credential *child = kerberos_of(base), *lent;
    SECURITY_STATUS status;

    if (!child || !child->provider->for_user)
        return SEC_E_UNSUPPORTED_FUNCTION;
    status = child->provider->for_user(child, user, &lent, failure);
    return status == SEC_E_OK ? lent_wrap(child->provider, NEGO_KERBEROS, lent, out) : status;
}

SECURITY_STATUS nego_query_credential_name(struct credential *base, const char **name)
{
    struct nego_credential *credential = (struct nego_credential *)base;
    SECURITY_STATUS status = SEC_E_NO_CREDENTIALS;

    for (size_t i = 0; i < NEGO_CHILDREN && status != SEC_E_OK; i++) {
        struct credential *child = credential->children[i];

        if (child && child->provider->query_credential_name)
            status = child->provider->query_credential_name(child, name);
    }
    return status;
}

size_t nego_mechanisms_of(const struct nego_credential *credential, enum nego_package first,
                          const struct nego_mechanism *out[NEGO_OFFERS_MAX])
{
    const struct nego_mechanism *mechanism;
    size_t count = 0;

    for (size_t i = 0; (mechanism = nego_mechanism_at(i)) != NULL && count < NEGO_OFFERS_MAX; i++) {
        if (mechanism->package >= first && nego_package_allowed(credential, mechanism->package))
            out[count++] = mechanism;
    }
    return count;
}

bool nego_package_usable(const struct nego_credential *credential, enum nego_package package, struct failure *why)
{
    struct credential *child = credential->children[package];

    return !child->provider->usable || child->provider->usable(child, why);
}

static SECURITY_STATUS child_check(struct credential *child, bool *needed, struct failure *why)
{
    SECURITY_STATUS status = child->provider->check ? child->provider->check(child, needed, why) : SEC_E_OK;

    /* One that would be chosen and then refuse everybody is no better than one that was asked for. */
    *needed = *needed || (child->provider->usable && child->provider->usable(child, NULL));
    return status;
}

/* A package that nobody configured may be left out, where another one works. */
SECURITY_STATUS nego_check(struct credential *base, bool *said, struct failure *why)
{
    const struct nego_credential *credential = (struct nego_credential *)base;
    struct failure reasons[NEGO_CHILDREN] = {0};
    bool any = false;

    *said = true;
    for (size_t i = 0; i < NEGO_CHILDREN; i++) {
        bool needed = false;
        SECURITY_STATUS status;

        reasons[i] = credential->reasons[i];
        if (!nego_package_allowed(credential, (enum nego_package)i))
            continue;
        status = child_check(credential->children[i], &needed, &reasons[i]);
        if (status != SEC_E_OK && (needed || status == SEC_E_INSUFFICIENT_MEMORY)) {
            *why = reasons[i];
            return status;
        }
        any = any || status == SEC_E_OK;
    }
    if (any)
        return SEC_E_OK;
    return failure_set(why, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                       "Negotiate can let nobody in. Kerberos: %.90s; NTLM: %.90s",
                       reasons[NEGO_KERBEROS].reason ? reasons[NEGO_KERBEROS].text : "not allowed here",
                       reasons[NEGO_NTLM].reason ? reasons[NEGO_NTLM].text : "not allowed here");
}
