/*
 * What packages and the public functions call: references, look-ups with lockout, management. Each call goes
 * to the store's operation, under the lock that keeps fork() away.
 */
#include "account/account.h"

#include <stdatomic.h>
#include <string.h>

#include "account/fork_lock.h"
#include "account/lockout.h"
#include "account/stores.h"
#include "account/table.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"

void account_clear(struct account *account)
{
    mem_free(account->user);
    mem_free(account->domain);
    secret_wipe(account, sizeof *account);
}

void account_store_init(SspiAccountStore *store, const struct account_store_ops *ops)
{
    store->ops = ops;
    store->references = 1;
    store->lockout = NULL;
}

SspiAccountStore *account_store_retain(SspiAccountStore *store)
{
    __atomic_fetch_add(&store->references, 1, __ATOMIC_RELAXED);
    return store;
}

static void store_enter(const SspiAccountStore *store)
{
    if (!store->ops->may_block)
        fork_lock_enter();
}

static void store_leave(const SspiAccountStore *store)
{
    if (!store->ops->may_block)
        fork_lock_leave();
}

void account_store_release(SspiAccountStore *store)
{
    bool callback;

    if (!store || __atomic_fetch_sub(&store->references, 1, __ATOMIC_ACQ_REL) != 1)
        return;
    lockout_free(store->lockout);
    callback = store->ops->may_block;
    if (!callback)
        fork_lock_enter();
    store->ops->destroy(store);
    if (!callback)
        fork_lock_leave();
}

SECURITY_STATUS store_no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for an account");
}

SECURITY_STATUS store_unknown_user(struct failure *failure, const char *user, const char *domain)
{
    return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER, "there is no account %.80s%s%.80s",
                       domain, *domain ? "\\" : "", user);
}

SECURITY_STATUS store_locked_meanwhile(struct failure *failure)
{
    return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_LOCKED,
                       "the account was locked while the login was verified");
}

SECURITY_STATUS store_lookup_unknown(struct failure *failure)
{
    if (failure)
        failure->reason = SSPI_REASON_UNKNOWN_USER;
    return SEC_E_LOGON_DENIED;
}

static SECURITY_STATUS unsupported(const SspiAccountStore *store, struct failure *failure, const char *what)
{
    return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED, "a %s account store cannot %s",
                       store->ops->kind, what);
}

static bool name_valid(const char *name)
{
    size_t size = strnlen(name, ACCOUNT_NAME_LIMIT + 1);

    if (size > ACCOUNT_NAME_LIMIT || !utf8_valid(bytes_of(name, size)))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7F || name[i] == '\\')
            return false;
    return true;
}

bool account_user_valid(const char *user)
{
    return *user && name_valid(user);
}

bool account_domain_valid(const char *domain)
{
    return name_valid(domain);
}

static bool names_valid(const char *user, const char *domain)
{
    return account_user_valid(user) && account_domain_valid(domain);
}

static SECURITY_STATUS lock_ask(SspiAccountStore *store, const char *user, const char *domain, ULONG threshold,
                                ULONG seconds, bool *locked, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    *locked = false;
    if (threshold == 0)
        return SEC_E_OK;
    fork_lock_enter();
    if (store->ops->is_locked)
        status = store->ops->is_locked(store, user, domain, threshold, seconds, locked, failure);
    if (status == SEC_E_UNSUPPORTED_FUNCTION)
        status = lockout_is_locked(store, user, domain, threshold, seconds, locked, failure);
    fork_lock_leave();
    return status;
}

SECURITY_STATUS account_store_lock_state(SspiAccountStore *store, ULONG threshold, ULONG seconds,
                                         struct account *account, struct failure *failure)
{
    bool locked;
    SECURITY_STATUS status = lock_ask(store, account->user, account->domain, threshold, seconds, &locked, failure);

    account->locked = account->locked || locked;
    return status;
}

static SECURITY_STATUS store_lookup(SspiAccountStore *store, const char *user, const char *domain,
                                    struct account *account, struct failure *failure)
{
    *account = (struct account){0};
    if (!store->ops->lookup)
        return unsupported(store, failure, "look up keys");
    if (!names_valid(user, domain))
        return failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER,
                           "the claimed name cannot be that of an account");
    return store->ops->lookup(store, user, domain, account, failure);
}

SECURITY_STATUS account_store_lookup(SspiAccountStore *store, const char *user, const char *domain,
                                     ULONG lockout_threshold, ULONG lockout_seconds, struct account *account,
                                     struct failure *failure)
{
    SECURITY_STATUS status, asked = SEC_E_OK;
    bool nobody;

    store_enter(store);
    status = store_lookup(store, user, domain, account, failure);
    store_leave(store);
    if (status == SEC_E_OK)
        asked = account_store_lock_state(store, lockout_threshold, lockout_seconds, account, failure);
    else if (status == SEC_E_LOGON_DENIED && names_valid(user, domain)) /* asked all the same: it takes its time */
        asked = lock_ask(store, user, domain, lockout_threshold, lockout_seconds, &nobody, failure);
    if (asked != SEC_E_OK)
        status = asked;
    if (status != SEC_E_OK)
        account_clear(account);
    return status;
}

bool account_store_can_verify_ntlm(const SspiAccountStore *store)
{
    return store->ops->verify_ntlm != NULL;
}

SECURITY_STATUS account_store_verify_ntlm(SspiAccountStore *store, const struct account_ntlm_request *request,
                                          struct account_ntlm_result *result, struct failure *failure)
{
    SECURITY_STATUS status;

    *result = (struct account_ntlm_result){0};
    if (!store->ops->verify_ntlm)
        return unsupported(store, failure, "verify NTLM responses");
    if (!names_valid(request->user, request->domain))
        return store_lookup_unknown(failure);
    store_enter(store);
    status = store->ops->verify_ntlm(store, request, result, failure);
    store_leave(store);
    return status;
}

/*
 * A client may claim one account under many domains, so failures are counted under the name that the store knows it by.
 * A store that may block is not asked twice: its account is counted by user alone, see lockout.h.
 */
static SECURITY_STATUS note_here(SspiAccountStore *store, const char *user, const char *domain, bool success,
                                 ULONG threshold, ULONG seconds, struct failure *failure)
{
    struct account account = {0};
    SECURITY_STATUS status = SEC_E_OK;
    struct lockout_name name = {user, "", true};

    if (!names_valid(user, domain)) {
        name = (struct lockout_name){"", "", false};
    } else if (!store->ops->may_block) {
        status = store_lookup(store, user, domain, &account, failure);
        name.known = status == SEC_E_OK;
        if (status == SEC_E_LOGON_DENIED) { /* the work of the copy that there is of an account */
            account.user = mem_strdup(user);
            account.domain = mem_strdup(domain);
            status = account.user && account.domain ? status : store_no_memory(failure);
        }
        name.user = account.user;
        name.domain = account.domain;
    }
    if (status == SEC_E_OK || status == SEC_E_LOGON_DENIED)
        status = lockout_note(store, &name, success, threshold, seconds, failure);
    account_clear(&account);
    return status;
}

SECURITY_STATUS account_store_note_login(SspiAccountStore *store, const char *user, const char *domain, bool success,
                                         ULONG threshold, ULONG seconds, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (threshold == 0)
        return SEC_E_OK;
    fork_lock_enter();
    if (store->ops->note_login)
        status = store->ops->note_login(store, user, domain, success, threshold, seconds, failure);
    if (status == SEC_E_UNSUPPORTED_FUNCTION)
        status = note_here(store, user, domain, success, threshold, seconds, failure);
    fork_lock_leave();
    return status;
}

SECURITY_STATUS account_store_put(SspiAccountStore *store, const struct account *accounts, size_t count,
                                  struct failure *failure)
{
    SECURITY_STATUS status;

    if (!store->ops->put)
        return unsupported(store, failure, "be written");
    store_enter(store);
    status = store->ops->put(store, accounts, count, failure);
    store_leave(store);
    return status;
}

SECURITY_STATUS account_store_remove(SspiAccountStore *store, const char *user, const char *domain,
                                     struct failure *failure)
{
    SECURITY_STATUS status;

    if (!store->ops->remove)
        return unsupported(store, failure, "be written");
    store_enter(store);
    status = store->ops->remove(store, user, domain, failure);
    store_leave(store);
    return status;
}

SECURITY_STATUS account_store_set_disabled(SspiAccountStore *store, const char *user, const char *domain, bool disabled,
                                           struct failure *failure)
{
    SECURITY_STATUS status;

    if (!store->ops->set_disabled)
        return unsupported(store, failure, "be written");
    store_enter(store);
    status = store->ops->set_disabled(store, user, domain, disabled, failure);
    if (status == SEC_E_OK && !disabled)
        lockout_forget(store, user, domain);
    store_leave(store);
    return status;
}

/* Accounts collected by account_store_list, in room that doubles. */
struct list {
    struct account *accounts;
    size_t count, room;
};

static SECURITY_STATUS list_visit(void *argument, const struct account *account)
{
    struct list *list = argument;

    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        struct account *accounts = mem_array(room, sizeof *accounts);

        if (!accounts)
            return SEC_E_INSUFFICIENT_MEMORY;
        for (size_t i = 0; i < list->count; i++)
            accounts[i] = list->accounts[i];
        mem_free_secret(list->accounts, list->room * sizeof *accounts);
        list->accounts = accounts;
        list->room = room;
    }
    if (!account_copy(account, &list->accounts[list->count]))
        return SEC_E_INSUFFICIENT_MEMORY;
    list->count++;
    return SEC_E_OK;
}

void account_list_free(struct account *accounts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        account_clear(&accounts[i]);
    mem_free(accounts);
}

SECURITY_STATUS account_store_list(SspiAccountStore *store, struct account **accounts, size_t *count,
                                   struct failure *failure)
{
    struct list list = {0};
    SECURITY_STATUS status;

    *accounts = NULL;
    *count = 0;
    if (!store->ops->each)
        return unsupported(store, failure, "list its accounts");
    store_enter(store);
    status = store->ops->each(store, list_visit, &list, failure);
    store_leave(store);
    if (status != SEC_E_OK) {
        account_list_free(list.accounts, list.count);
        return status == SEC_E_INSUFFICIENT_MEMORY ? store_no_memory(failure) : status;
    }
    *accounts = list.accounts;
    *count = list.count;
    return SEC_E_OK;
}
