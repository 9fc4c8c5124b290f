/*
 * SspiAccountStore*: account stores as programs, scripts and sspi-accounts see them. Arguments are checked here, once;
 * the stores of account/ trust what they are given.
 */
#include <stdlib.h>
#include <string.h>

#include "account/account.h"
#include "account/stores.h"
#include "api/context_buffer.h"
#include "api/explain.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/settings.h"

static SECURITY_STATUS open_store(const char *function, const char *location, bool create, SspiAccountStore **store)
{
    struct failure failure = {0};

    if (!store)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "store is NULL");
    *store = NULL;
    if (!location)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "location is NULL");
    return explain_keep(function, account_store_open(location, create, store, &failure), &failure);
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreOpen(const char *location, SspiAccountStore **store)
{
    return open_store("SspiAccountStoreOpen", location, false, store);
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreCreate(const char *location, SspiAccountStore **store)
{
    return open_store("SspiAccountStoreCreate", location, true, store);
}

void SEC_ENTRY SspiAccountStoreFree(SspiAccountStore *store)
{
    account_store_release(store);
}

/* `domain` is never NULL here. NULL: all is well; else what is wrong. */
static const char *names_fault(const SspiAccountStore *store, const char *user, const char *domain)
{
    if (!store)
        return "store is NULL";
    if (!user)
        return "user is NULL";
    if (!account_user_valid(user))
        return "user is empty, too long, not UTF-8, or has control characters or a backslash";
    if (!account_domain_valid(domain))
        return "domain is too long, not UTF-8, or has control characters or a backslash";
    return NULL;
}

static SECURITY_STATUS put_key(const char *function, SspiAccountStore *store, const char *user, const char *domain,
                               const uint8_t hash[ACCOUNT_NT_HASH_SIZE])
{
    struct account account = {0};
    struct failure failure = {0};
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    if (!account_set_nt_hash(&account, hash))
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the key is that of an empty password");
    account.user = mem_strdup(user);
    account.domain = mem_strdup(domain);
    if (account.user && account.domain)
        status = account_store_put(store, &account, 1, &failure);
    account_clear(&account);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreAdd(SspiAccountStore *store, const char *user, const char *domain,
                                              const void *password, ULONG password_size)
{
    static const char function[] = "SspiAccountStoreAdd";
    const char *fault = names_fault(store, user, domain ? domain : "");
    uint8_t hash[ACCOUNT_NT_HASH_SIZE];
    SECURITY_STATUS status;

    if (fault)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, fault);
    if (!password || password_size == 0)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the password is empty");
    if (password_size > ACCOUNT_PASSWORD_LIMIT)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the password is longer than 4096 bytes");
    status = account_nt_hash(bytes_of(password, password_size), hash);
    if (status == SEC_E_INVALID_PARAMETER)
        return explain_usage(function, status, "the password is not UTF-8");
    if (status != SEC_E_OK)
        return explain_keep(function, status, NULL);
    status = put_key(function, store, user, domain ? domain : "", hash);
    secret_wipe(hash, sizeof hash);
    return status;
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreAddNtHash(SspiAccountStore *store, const char *user, const char *domain,
                                                    const void *hash, ULONG hash_size)
{
    static const char function[] = "SspiAccountStoreAddNtHash";
    const char *fault = names_fault(store, user, domain ? domain : "");

    if (fault)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, fault);
    if (!hash || hash_size != ACCOUNT_NT_HASH_SIZE)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "an NT hash has 16 bytes");
    return put_key(function, store, user, domain ? domain : "", hash);
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreRemove(SspiAccountStore *store, const char *user, const char *domain)
{
    static const char function[] = "SspiAccountStoreRemove";
    const char *fault = names_fault(store, user, domain ? domain : "");
    struct failure failure = {0};

    if (fault)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, fault);
    return explain_keep(function, account_store_remove(store, user, domain ? domain : "", &failure), &failure);
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreSetDisabled(SspiAccountStore *store, const char *user, const char *domain,
                                                      BOOL disabled)
{
    static const char function[] = "SspiAccountStoreSetDisabled";
    const char *fault = names_fault(store, user, domain ? domain : "");
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (fault)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, fault);
    status = account_store_set_disabled(store, user, domain ? domain : "", disabled != 0, &failure);
    return explain_keep(function, status, &failure);
}

static int account_compare(const void *left, const void *right)
{
    const struct account *a = left, *b = right;
    int order = strcmp(a->domain, b->domain);

    return order ? order : strcmp(a->user, b->user);
}

/* The array first, its strings behind it. NULL: no memory. */
static PSSPI_ACCOUNT accounts_pack(const struct account *accounts, size_t count)
{
    size_t size = count * sizeof(SSPI_ACCOUNT) + 1;
    PSSPI_ACCOUNT packed;
    char *text;

    for (size_t i = 0; i < count; i++)
        size += strlen(accounts[i].user) + strlen(accounts[i].domain) + 2;
    packed = context_buffer_new(size);
    if (!packed)
        return NULL;
    text = (char *)(packed + count);
    for (size_t i = 0; i < count; i++) {
        packed[i].User = text;
        text = stpcpy(text, accounts[i].user) + 1;
        packed[i].Domain = text;
        text = stpcpy(text, accounts[i].domain) + 1;
        packed[i].Flags = (accounts[i].disabled ? (ULONG)SSPI_ACCOUNT_DISABLED : 0)
                          | (accounts[i].locked ? (ULONG)SSPI_ACCOUNT_LOCKED : 0);
    }
    return packed;
}

/* Which accounts are locked, by the lockout that sspi.conf and the environment set. */
static SECURITY_STATUS locks_mark(SspiAccountStore *store, struct account *accounts, size_t count,
                                  struct failure *failure)
{
    struct settings settings;
    SECURITY_STATUS status = settings_load(&settings, failure);

    for (size_t i = 0; i < count && status == SEC_E_OK; i++)
        status = account_store_lock_state(store, settings.lockout_threshold, settings.lockout_seconds, &accounts[i],
                                          failure);
    settings_clear(&settings);
    return status;
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreList(SspiAccountStore *store, ULONG *count, PSSPI_ACCOUNT *accounts)
{
    static const char function[] = "SspiAccountStoreList";
    struct failure failure = {0};
    struct account *found;
    size_t found_count;
    SECURITY_STATUS status;

    if (count)
        *count = 0;
    if (accounts)
        *accounts = NULL;
    if (!store || !count || !accounts)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "store, count or accounts is NULL");
    status = account_store_list(store, &found, &found_count, &failure);
    if (status == SEC_E_OK)
        status = locks_mark(store, found, found_count, &failure);
    if (status != SEC_E_OK) {
        account_list_free(found, found_count);
        return explain_keep(function, status, &failure);
    }
    if (found_count)
        qsort(found, found_count, sizeof *found, account_compare);
    *accounts = accounts_pack(found, found_count);
    account_list_free(found, found_count);
    if (!*accounts)
        return explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    *count = (ULONG)found_count;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreImport(SspiAccountStore *store, const char *location, ULONG *count)
{
    static const char function[] = "SspiAccountStoreImport";
    struct failure failure = {0};
    SspiAccountStore *source;
    struct account *found = NULL;
    size_t found_count = 0;
    SECURITY_STATUS status;

    if (count)
        *count = 0;
    if (!store || !location || !count)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "store, location or count is NULL");
    status = account_store_open(location, false, &source, &failure);
    if (status == SEC_E_OK)
        status = account_store_list(source, &found, &found_count, &failure);
    if (status == SEC_E_OK)
        status = account_store_put(store, found, found_count, &failure);
    account_list_free(found, found_count);
    account_store_release(source);
    if (status == SEC_E_OK)
        *count = (ULONG)found_count;
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiAccountStoreFromCallback(SSPI_ACCOUNT_LOOKUP_FN lookup, void *argument,
                                                       SSPI_RELEASE_FN release, SspiAccountStore **store)
{
    static const char function[] = "SspiAccountStoreFromCallback";
    struct failure failure = {0};

    if (!store)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "store is NULL");
    *store = NULL;
    if (!lookup)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "lookup is NULL");
    return explain_keep(function, callback_store_new(lookup, argument, release, store, &failure), &failure);
}
