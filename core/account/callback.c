/*
 * A store that asks the program: the look-up runs on the thread of AcceptSecurityContext, with no lock held.
 */
#include "account/stores.h"

#include "account/table.h"
#include "base/memory.h"
#include "base/secret.h"

struct callback_store {
    SspiAccountStore base;
    SSPI_ACCOUNT_LOOKUP_FN lookup;
    void *argument;
    SSPI_RELEASE_FN release;
};

static struct callback_store *callback_of(SspiAccountStore *store)
{
    return (struct callback_store *)(void *)store;
}

static SECURITY_STATUS unusable(struct failure *failure, const char *why)
{
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE,
                       "the program's account callback gave %s", why);
}

static SECURITY_STATUS hash_failed(SECURITY_STATUS status, struct failure *failure)
{
    if (status == SEC_E_INVALID_PARAMETER)
        return unusable(failure, "a password that is not UTF-8");
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return store_no_memory(failure);
    return failure_set(failure, status, SSPI_REASON_CRYPTO_UNAVAILABLE, "MD4 is not available");
}

/* No key, or that of an empty password, is a fault of the callback and never a login. */
static SECURITY_STATUS keys_to_account(const SSPI_ACCOUNT_KEYS *keys, struct account *account, struct failure *failure)
{
    uint8_t hash[ACCOUNT_NT_HASH_SIZE];
    SECURITY_STATUS status;
    bool usable;

    if (!keys->HasNtHash && (!keys->Password || keys->PasswordSize == 0))
        return unusable(failure, "neither a password nor an NT hash");
    if (!keys->HasNtHash && keys->PasswordSize > ACCOUNT_PASSWORD_LIMIT)
        return unusable(failure, "too long a password");
    if (keys->HasNtHash) {
        usable = account_set_nt_hash(account, keys->NtHash);
    } else {
        status = account_nt_hash(bytes_of(keys->Password, keys->PasswordSize), hash);
        if (status != SEC_E_OK)
            return hash_failed(status, failure);
        usable = account_set_nt_hash(account, hash);
        secret_wipe(hash, sizeof hash);
    }
    if (!usable)
        return unusable(failure, "the NT hash of an empty password");
    account->disabled = (keys->Flags & SSPI_ACCOUNT_DISABLED) != 0;
    account->locked = (keys->Flags & SSPI_ACCOUNT_LOCKED) != 0;
    return SEC_E_OK;
}

static SECURITY_STATUS callback_lookup(SspiAccountStore *store, const char *user, const char *domain,
                                       struct account *account, struct failure *failure)
{
    struct callback_store *callback = callback_of(store);
    SSPI_ACCOUNT_KEYS keys = {0};
    SECURITY_STATUS status = callback->lookup(callback->argument, user, domain, &keys);

    if (status == SEC_E_LOGON_DENIED) {
        status = store_lookup_unknown(failure);
    } else if (status != SEC_E_OK) {
        status = failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE,
                             "the program's account callback failed with status 0x%08X", (unsigned)status);
    } else {
        status = keys_to_account(&keys, account, failure);
        if (status == SEC_E_OK) {
            account->user = mem_strdup(user);
            account->domain = mem_strdup(domain);
            if (!account->user || !account->domain)
                status = store_no_memory(failure);
        }
    }
    secret_wipe(&keys, sizeof keys);
    if (status != SEC_E_OK)
        account_clear(account);
    return status;
}

static void callback_destroy(SspiAccountStore *store)
{
    struct callback_store *callback = callback_of(store);

    if (callback->release)
        callback->release(callback->argument);
    mem_free(callback);
}

static const struct account_store_ops callback_ops = {
    .kind = "callback",
    .may_block = true,
    .lookup = callback_lookup,
    .destroy = callback_destroy,
};

SECURITY_STATUS callback_store_new(SSPI_ACCOUNT_LOOKUP_FN lookup, void *argument, SSPI_RELEASE_FN release,
                                   SspiAccountStore **store, struct failure *failure)
{
    struct callback_store *callback = mem_zalloc(sizeof *callback);

    *store = NULL;
    if (!callback)
        return store_no_memory(failure);
    account_store_init(&callback->base, &callback_ops);
    callback->lookup = lookup;
    callback->argument = argument;
    callback->release = release;
    *store = &callback->base;
    return SEC_E_OK;
}
