/*
 * AcquireCredentialsHandle and FreeCredentialsHandle: from a program's arguments to a package's credential behind a
 * handle.
 */
#include <string.h>

#include "api/calls.h"
#include "api/entries.h"
#include "api/explain.h"
#include "api/identity.h"
#include "base/memory.h"

void credential_entry_destroy(void *memory)
{
    struct credential_entry *entry = memory;
    struct credential *credential = entry->credential;

    if (credential) {
        account_store_release(credential->accounts);
        credential->accounts = NULL;
        settings_clear(&credential->settings);
        credential->provider->credential_free(credential);
    }
    if (entry->events.release)
        entry->events.release(entry->events.argument);
    pthread_mutex_destroy(&entry->lock);
    mem_free(entry);
}

static SECURITY_STATUS use_check(const struct provider *provider, ULONG use, struct failure *failure)
{
    ULONG direction = use & SECPKG_CRED_BOTH;

    if (use & SECPKG_CRED_PROCESS_POLICY_ONLY)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_CREDENTIAL,
                           "SECPKG_CRED_PROCESS_POLICY_ONLY asks for no credential");
    if (!direction || (use & ~(ULONG)(SECPKG_CRED_BOTH | SECPKG_CRED_AUTOLOGON_RESTRICTED)))
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE,
                           "fCredentialUse 0x%x is not INBOUND, OUTBOUND or BOTH", (unsigned)use);
    if ((direction & ~provider->uses) || (direction == SECPKG_CRED_BOTH && !provider->both_allowed))
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "%s makes no credential for use 0x%x", provider->name, (unsigned)use);
    return SEC_E_OK;
}

/* The package's part, with the settings of the machine. */
static SECURITY_STATUS provider_acquire(const struct provider *provider, const struct acquire *request,
                                        struct credential **credential)
{
    struct settings settings = {0};
    SECURITY_STATUS status = settings_load(&settings, request->failure);

    if (status != SEC_E_OK)
        return status;
    status = provider->acquire(request, credential);
    if (status != SEC_E_OK) {
        settings_clear(&settings);
        return status;
    }
    (*credential)->provider = provider;
    (*credential)->use = request->use;
    (*credential)->settings = settings;
    (*credential)->accounts = NULL;
    if (provider->prepare)
        provider->prepare(*credential, &(*credential)->settings);
    return SEC_E_OK;
}

static SECURITY_STATUS acquire_with_identity(const struct provider *provider, const struct acquire_call *call,
                                             struct credential **credential, struct failure *failure)
{
    struct identity identity = {0};
    struct acquire request = {
        .principal = call->principal,
        .use = call->use & SECPKG_CRED_BOTH,
        .logon_id = call->logon_id,
        .auth_data = call->auth_data,
        .failure = failure,
    };
    SECURITY_STATUS status = SEC_E_OK;

    if (call->auth_data && !provider->own_auth_data) {
        status = identity_decode(call->auth_data, call->wide, &identity, failure);
        if (status != SEC_E_OK)
            return status;
        request.has_identity = true;
        request.user = identity.user;
        request.domain = identity.domain;
        request.package_list = identity.package_list;
        request.keytab = identity.keytab;
        if (identity.password)
            request.password = bytes_of(identity.password, strlen(identity.password));
    }
    status = provider_acquire(provider, &request, credential);
    identity_clear(&identity);
    return status;
}

SECURITY_STATUS credential_entry_publish(struct credential *credential, SecHandle *handle)
{
    struct credential_entry *entry = mem_zalloc(sizeof *entry);
    struct handle_slot *slot;

    if (!entry) {
        settings_clear(&credential->settings);
        credential->provider->credential_free(credential);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    pthread_mutex_init(&entry->lock, NULL);
    atomic_init(&entry->used, false);
    atomic_init(&entry->accounts_open, false);
    entry->credential = credential;
    slot = handle_reserve(HANDLE_CREDENTIAL, entry, credential_entry_destroy);
    if (!slot) {
        credential_entry_destroy(entry);
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    handle_publish(slot, handle);
    handle_unpin(slot);
    return SEC_E_OK;
}

static SECURITY_STATUS acquire_checked(const struct acquire_call *call, struct failure *failure)
{
    const struct provider *provider;
    struct credential *credential = NULL;
    SECURITY_STATUS status;

    if (!call->handle || !call->package)
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "phCredential or pszPackage is NULL");
    provider = registry_find(call->package);
    if (!provider)
        return failure_set(failure, SEC_E_SECPKG_NOT_FOUND, SSPI_REASON_USAGE,
                           "there is no package \"%.64s\"; EnumerateSecurityPackages lists those there are",
                           call->package);
    if (provider->available && !provider->available(failure))
        return SEC_E_SECPKG_NOT_FOUND;
    status = use_check(provider, call->use, failure);
    if (status == SEC_E_OK)
        status = acquire_with_identity(provider, call, &credential, failure);
    return status == SEC_E_OK ? credential_entry_publish(credential, call->handle) : status;
}

SECURITY_STATUS call_acquire(const struct acquire_call *call)
{
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (call->handle)
        SecInvalidateHandle(call->handle);
    if (call->expiry)
        call->expiry->QuadPart = 0;
    status = acquire_checked(call, &failure);
    if (status >= 0 && call->expiry)
        call->expiry->QuadPart = clock_to_local(CLOCK_FOREVER);
    return explain_keep(call->function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY FreeCredentialsHandle(PCredHandle phCredential)
{
    if (handle_retire(phCredential, HANDLE_CREDENTIAL))
        return SEC_E_OK;
    return explain_keep("FreeCredentialsHandle", SEC_E_INVALID_HANDLE, NULL);
}

/* The store that the operator named, unless the program gave one. To a client an unusable one is no authority to ask.
 */
static SECURITY_STATUS entry_open_accounts(struct credential_entry *entry, struct failure *failure)
{
    struct credential *credential = entry->credential;
    SECURITY_STATUS status;

    if (credential->accounts || !credential->settings.account_store)
        return SEC_E_OK;
    status = account_store_open(credential->settings.account_store, false, &credential->accounts, failure);
    return status == SEC_E_OK || status == SEC_E_INSUFFICIENT_MEMORY ? status : SEC_E_NO_AUTHENTICATING_AUTHORITY;
}

SECURITY_STATUS credential_entry_use(struct credential_entry *entry, bool acceptor, struct failure *failure)
{
    atomic_bool *done = acceptor ? &entry->accounts_open : &entry->used;
    SECURITY_STATUS status = SEC_E_OK;

    if (atomic_load_explicit(done, memory_order_acquire))
        return SEC_E_OK;
    pthread_mutex_lock(&entry->lock);
    if (acceptor && !atomic_load(&entry->accounts_open))
        status = entry_open_accounts(entry, failure);
    if (status == SEC_E_OK && entry->credential->provider->settle)
        entry->credential->provider->settle(entry->credential);
    if (status == SEC_E_OK) {
        atomic_store_explicit(&entry->used, true, memory_order_release);
        atomic_store_explicit(done, true, memory_order_release);
    }
    pthread_mutex_unlock(&entry->lock);
    return status;
}
