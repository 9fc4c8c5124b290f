/*
 * What a program may say of a credential between acquiring it and its first context: options, account store, NT hash,
 * events.
 */
#include <string.h>

#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"

SECURITY_STATUS credential_open(const SecHandle *handle, struct open_credential *open, struct failure *failure)
{
    open->entry = handle_pin(handle, HANDLE_CREDENTIAL, &open->pin);
    if (!open->entry)
        return SEC_E_INVALID_HANDLE;
    pthread_mutex_lock(&open->entry->lock);
    if (!atomic_load(&open->entry->used))
        return SEC_E_OK;
    pthread_mutex_unlock(&open->entry->lock);
    handle_unpin(open->pin);
    return failure_set(failure, SEC_E_OUT_OF_SEQUENCE, SSPI_REASON_USAGE,
                       "the credential already has had a context, so its options are closed");
}

void credential_close(struct open_credential *open)
{
    pthread_mutex_unlock(&open->entry->lock);
    handle_unpin(open->pin);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetOption(PCredHandle phCredential, const char *name, const char *value)
{
    static const char function[] = "SspiCredentialSetOption";
    struct open_credential open;
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (!name)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "name is NULL");
    status = credential_open(phCredential, &open, &failure);
    if (status == SEC_E_OK) {
        struct credential *credential = open.entry->credential;

        status = settings_set(&credential->settings, name, value, &failure);
        if (status == SEC_E_OK && credential->provider->prepare)
            credential->provider->prepare(credential, &credential->settings);
        credential_close(&open);
    }
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetAccountStore(PCredHandle phCredential, SspiAccountStore *store)
{
    static const char function[] = "SspiCredentialSetAccountStore";
    struct open_credential open;
    struct failure failure = {0};
    SspiAccountStore *old;
    SECURITY_STATUS status;

    if (!store)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "store is NULL");
    status = credential_open(phCredential, &open, &failure);
    if (status != SEC_E_OK)
        return explain_keep(function, status, &failure);
    old = open.entry->credential->accounts;
    open.entry->credential->accounts = account_store_retain(store);
    credential_close(&open);
    account_store_release(old);
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetNtHash(PCredHandle phCredential, const void *hash, ULONG hash_size)
{
    static const char function[] = "SspiCredentialSetNtHash";
    struct open_credential open;
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (!hash || hash_size != ACCOUNT_NT_HASH_SIZE)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "an NT hash has 16 bytes");
    status = credential_open(phCredential, &open, &failure);
    if (status != SEC_E_OK)
        return explain_keep(function, status, &failure);
    status = open.entry->credential->provider->set_nt_hash
                 ? open.entry->credential->provider->set_nt_hash(open.entry->credential, hash)
                 : SEC_E_UNSUPPORTED_FUNCTION;
    credential_close(&open);
    return explain_keep(function, status, &failure);
}

typedef SECURITY_STATUS name_setter(struct credential *credential, const char *name, struct failure *failure);

/* One text for a package that takes it: `set` is NULL for one that does not. */
static SECURITY_STATUS name_set(const char *function, const SecHandle *handle, const char *name, bool keytab)
{
    struct open_credential open;
    struct failure failure = {0};
    const struct provider *provider;
    name_setter *set;
    SECURITY_STATUS status;

    if (!name || !name[0])
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the name is NULL or empty");
    status = credential_open(handle, &open, &failure);
    if (status != SEC_E_OK)
        return explain_keep(function, status, &failure);
    provider = open.entry->credential->provider;
    set = keytab ? provider->set_keytab : provider->set_ticket_cache;
    status = set ? set(open.entry->credential, name, &failure) : SEC_E_UNSUPPORTED_FUNCTION;
    credential_close(&open);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetKeytab(PCredHandle phCredential, const char *path)
{
    return name_set("SspiCredentialSetKeytab", phCredential, path, true);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetTicketCache(PCredHandle phCredential, const char *name)
{
    return name_set("SspiCredentialSetTicketCache", phCredential, name, false);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetKeytabBytes(PCredHandle phCredential, const void *keytab, ULONG keytab_size)
{
    static const char function[] = "SspiCredentialSetKeytabBytes";
    struct open_credential open;
    struct failure failure = {0};
    struct credential *credential;
    SECURITY_STATUS status;

    if (!keytab)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "keytab is NULL");
    status = credential_open(phCredential, &open, &failure);
    if (status != SEC_E_OK)
        return explain_keep(function, status, &failure);
    credential = open.entry->credential;
    status = credential->provider->set_keytab_bytes
                 ? credential->provider->set_keytab_bytes(credential, bytes_of(keytab, keytab_size), &failure)
                 : SEC_E_UNSUPPORTED_FUNCTION;
    credential_close(&open);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiCredentialSetEventCallback(PCredHandle phCredential, SSPI_EVENT_FN callback,
                                                         void *argument, SSPI_RELEASE_FN release)
{
    struct open_credential open;
    struct failure failure = {0};
    struct event_sink old;
    SECURITY_STATUS status = credential_open(phCredential, &open, &failure);

    if (status != SEC_E_OK)
        return explain_keep("SspiCredentialSetEventCallback", status, &failure);
    old = open.entry->events;
    open.entry->events = (struct event_sink){callback, argument, release};
    credential_close(&open);
    if (old.release)
        old.release(old.argument);
    return SEC_E_OK;
}

/* ---- SspiEnumerateOptions: one allocation, the array first, its strings behind ---- */

static char *append(char **end, const char *text)
{
    size_t size = strlen(text) + 1;
    char *place = *end;

    memcpy(place, text, size);
    *end += size;
    return place;
}

static size_t options_size(ULONG *count)
{
    const struct setting_row *row;
    size_t size = 0;

    for (*count = 0; (row = settings_row(*count)) != NULL; ++*count)
        size += sizeof(SSPI_OPTION) + strlen(row->name) + strlen(row->values) + strlen(row->fallback)
                + strlen(row->description) + 4;
    return size;
}

SECURITY_STATUS SEC_ENTRY SspiEnumerateOptions(ULONG *count, PSSPI_OPTION *options)
{
    static const char function[] = "SspiEnumerateOptions";
    SSPI_OPTION *made;
    ULONG rows;
    char *end;

    if (count)
        *count = 0;
    if (options)
        *options = NULL;
    if (!count || !options)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "count or options is NULL");
    made = context_buffer_new(options_size(&rows));
    if (!made)
        return explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    end = (char *)(made + rows);
    for (ULONG i = 0; i < rows; i++) {
        const struct setting_row *row = settings_row(i);

        made[i].Name = append(&end, row->name);
        made[i].Values = append(&end, row->values);
        made[i].Default = append(&end, row->fallback);
        made[i].Description = append(&end, row->description);
    }
    *count = rows;
    *options = made;
    return SEC_E_OK;
}
