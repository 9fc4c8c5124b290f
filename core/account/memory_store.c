/*
 * The `memory:` store: accounts of this process only, for tests and programs that fill it themselves.
 */
#include <pthread.h>

#include "account/stores.h"
#include "account/table.h"
#include "base/memory.h"

struct memory_store {
    SspiAccountStore base;
    pthread_mutex_t mutex;
    struct account_table *table;
};

static struct memory_store *memory_of(SspiAccountStore *store)
{
    return (struct memory_store *)(void *)store;
}

static SECURITY_STATUS memory_lookup(SspiAccountStore *store, const char *user, const char *domain,
                                     struct account *account, struct failure *failure)
{
    struct memory_store *memory = memory_of(store);
    SECURITY_STATUS status;

    pthread_mutex_lock(&memory->mutex);
    status = account_table_find(memory->table, user, domain, account);
    pthread_mutex_unlock(&memory->mutex);
    if (status == SEC_E_LOGON_DENIED)
        return store_lookup_unknown(failure);
    return status == SEC_E_OK ? status : store_no_memory(failure);
}

static SECURITY_STATUS copy_into(void *argument, const struct account *account)
{
    bool replaced;

    return account_table_put(argument, account, &replaced) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* All or none: many go into a copy that takes the table's place. */
static SECURITY_STATUS memory_put(SspiAccountStore *store, const struct account *accounts, size_t count,
                                  struct failure *failure)
{
    struct memory_store *memory = memory_of(store);
    struct account_table *table = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    pthread_mutex_lock(&memory->mutex);
    if (count == 1) {
        table = account_table_retain(memory->table);
    } else {
        table = account_table_new();
        status = table ? account_table_each(memory->table, copy_into, table) : SEC_E_INSUFFICIENT_MEMORY;
    }
    for (size_t i = 0; i < count && status == SEC_E_OK; i++)
        status = copy_into(table, &accounts[i]);
    if (status == SEC_E_OK) {
        account_table_release(memory->table);
        memory->table = table;
        table = NULL;
    }
    account_table_release(table);
    pthread_mutex_unlock(&memory->mutex);
    return status == SEC_E_OK ? status : store_no_memory(failure);
}

static SECURITY_STATUS memory_remove(SspiAccountStore *store, const char *user, const char *domain,
                                     struct failure *failure)
{
    struct memory_store *memory = memory_of(store);
    bool found;

    pthread_mutex_lock(&memory->mutex);
    found = account_table_remove(memory->table, user, domain);
    pthread_mutex_unlock(&memory->mutex);
    return found ? SEC_E_OK : store_unknown_user(failure, user, domain);
}

static SECURITY_STATUS memory_set_disabled(SspiAccountStore *store, const char *user, const char *domain, bool disabled,
                                           struct failure *failure)
{
    struct memory_store *memory = memory_of(store);
    struct account *account;

    pthread_mutex_lock(&memory->mutex);
    account = account_table_exact(memory->table, user, domain);
    if (account) {
        account->disabled = disabled;
        account->locked = account->locked && disabled;
    }
    pthread_mutex_unlock(&memory->mutex);
    return account ? SEC_E_OK : store_unknown_user(failure, user, domain);
}

static SECURITY_STATUS memory_each(SspiAccountStore *store,
                                   SECURITY_STATUS (*visit)(void *argument, const struct account *account),
                                   void *argument, struct failure *failure)
{
    struct memory_store *memory = memory_of(store);
    SECURITY_STATUS status;

    (void)failure;
    pthread_mutex_lock(&memory->mutex);
    status = account_table_each(memory->table, visit, argument);
    pthread_mutex_unlock(&memory->mutex);
    return status;
}

static void memory_destroy(SspiAccountStore *store)
{
    struct memory_store *memory = memory_of(store);

    account_table_release(memory->table);
    pthread_mutex_destroy(&memory->mutex);
    mem_free(memory);
}

static const struct account_store_ops memory_ops = {
    .kind = "memory",
    .lookup = memory_lookup,
    .put = memory_put,
    .remove = memory_remove,
    .set_disabled = memory_set_disabled,
    .each = memory_each,
    .destroy = memory_destroy,
};

SECURITY_STATUS memory_store_new(SspiAccountStore **store, struct failure *failure)
{
    struct memory_store *memory = mem_zalloc(sizeof *memory);

    *store = NULL;
    if (!memory)
        return store_no_memory(failure);
    memory->table = account_table_new();
    if (!memory->table) {
        mem_free(memory);
        return store_no_memory(failure);
    }
    account_store_init(&memory->base, &memory_ops);
    pthread_mutex_init(&memory->mutex, NULL);
    *store = &memory->base;
    return SEC_E_OK;
}
