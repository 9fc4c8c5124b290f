/*
 * Credentials that act for somebody else: what a client lent, what the KDC lets this server do as its client, or as a
 * user it names. The package makes them; here they get the settings of the machine and a handle.
 */
#include "api/entries.h"
#include "api/explain.h"

/* Whom a credential shall act for: the client of a context, or a user at a service. */
struct delegation {
    struct context *context;
    struct credential *service;
    const struct user_name *user;
    SECURITY_STATUS (*of_context)(struct context *context, struct credential **credential, struct failure *failure);
};

static SECURITY_STATUS delegation_make(const struct delegation *delegation, struct credential **credential,
                                       struct failure *failure)
{
    const struct provider *provider =
        delegation->context ? delegation->context->provider : delegation->service->provider;
    struct settings settings = {0};
    SECURITY_STATUS status;

    if (delegation->context ? !delegation->of_context : !provider->for_user)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "%s has no delegation of this kind", provider->name);
    status = settings_load(&settings, failure);
    if (status != SEC_E_OK)
        return status;
    status = delegation->context ? delegation->of_context(delegation->context, credential, failure)
                                 : provider->for_user(delegation->service, delegation->user, credential, failure);
    if (status != SEC_E_OK) {
        settings_clear(&settings);
        return status;
    }
    (*credential)->provider = provider;
    (*credential)->use = SECPKG_CRED_OUTBOUND;
    (*credential)->settings = settings;
    (*credential)->accounts = NULL;
    return SEC_E_OK;
}

/* What the client of an established context gives: its ticket, or (constrained) the KDC's leave. */
static SECURITY_STATUS context_delegate(const char *function, const SecHandle *handle, bool constrained, SecHandle *out)
{
    struct delegation delegation = {0};
    struct credential *credential = NULL;
    struct failure failure = {0};
    struct context_entry *entry;
    SECURITY_STATUS status;

    if (!out)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "phCredential is NULL");
    SecInvalidateHandle(out);
    entry = context_entry_lock_established(handle);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    delegation.context = entry->context;
    delegation.of_context = constrained ? entry->context->provider->constrained : entry->context->provider->delegated;
    status = delegation_make(&delegation, &credential, &failure);
    context_entry_unlock(entry);
    if (status == SEC_E_OK)
        status = credential_entry_publish(credential, out);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiAcquireDelegatedCredential(PCtxtHandle phContext, PCredHandle phCredential)
{
    return context_delegate("SspiAcquireDelegatedCredential", phContext, false, phCredential);
}

SECURITY_STATUS SEC_ENTRY SspiAcquireConstrainedCredential(PCtxtHandle phContext, PCredHandle phCredential)
{
    return context_delegate("SspiAcquireConstrainedCredential", phContext, true, phCredential);
}

SECURITY_STATUS SEC_ENTRY SspiAcquireCredentialForUser(PCredHandle phService, const char *user, const char *realm,
                                                       PCredHandle phCredential)
{
    static const char function[] = "SspiAcquireCredentialForUser";
    const struct user_name name = {.user = user, .realm = realm && realm[0] ? realm : NULL};
    struct delegation delegation = {.user = &name};
    struct credential *credential = NULL;
    struct credential_entry *entry;
    struct failure failure = {0};
    struct handle_slot *pin;
    SECURITY_STATUS status;

    if (!phCredential)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "phCredential is NULL");
    if (phCredential == phService)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "phCredential is phService");
    SecInvalidateHandle(phCredential);
    if (!user || !user[0])
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "user is NULL or empty");
    entry = handle_pin(phService, HANDLE_CREDENTIAL, &pin);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    delegation.service = entry->credential;
    status = credential_entry_use(entry, false, &failure);
    if (status == SEC_E_OK)
        status = delegation_make(&delegation, &credential, &failure);
    handle_unpin(pin);
    if (status == SEC_E_OK)
        status = credential_entry_publish(credential, phCredential);
    return explain_keep(function, status, &failure);
}
