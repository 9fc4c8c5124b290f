/*
 * The embedded default: accounts in an SQLite file that sspi-accounts manages and servers read.
 */
#include "account/sqlite_store.h"

#include "base/memory.h"

struct sqlite_store *sqlite_of(SspiAccountStore *store)
{
    return (struct sqlite_store *)(void *)store;
}

static void sqlite_destroy(SspiAccountStore *store)
{
    struct sqlite_store *sqlite = sqlite_of(store);

    connection_close(&sqlite->reader);
    connection_close(&sqlite->writer);
    account_table_release(sqlite->table);
    pthread_mutex_destroy(&sqlite->read_mutex);
    pthread_mutex_destroy(&sqlite->write_mutex);
    mem_free(sqlite->path);
    mem_free(sqlite);
}

static const struct account_store_ops sqlite_ops = {
    .kind = "sqlite",
    .lookup = sqlite_lookup,
    .put = sqlite_put,
    .remove = sqlite_remove,
    .set_disabled = sqlite_set_disabled,
    .each = sqlite_each,
    .is_locked = sqlite_is_locked,
    .note_login = sqlite_note_login,
    .destroy = sqlite_destroy,
};

SECURITY_STATUS sqlite_store_open(const char *path, bool create, SspiAccountStore **store, struct failure *failure)
{
    struct sqlite_store *sqlite = mem_zalloc(sizeof *sqlite);
    SECURITY_STATUS status = SEC_E_OK;

    *store = NULL;
    if (!sqlite)
        return store_no_memory(failure);
    account_store_init(&sqlite->base, &sqlite_ops);
    sqlite->table_limit = SQLITE_TABLE_LIMIT;
    pthread_mutex_init(&sqlite->read_mutex, NULL);
    pthread_mutex_init(&sqlite->write_mutex, NULL);
    sqlite->path = mem_strdup(path);
    if (!sqlite->path)
        status = store_no_memory(failure);
    if (status == SEC_E_OK && create)
        status = database_create(path, failure);
    if (status == SEC_E_OK)
        status = connection_open(&sqlite->reader, sqlite->path, false, failure);
    if (status != SEC_E_OK) {
        sqlite_destroy(&sqlite->base);
        return status;
    }
    *store = &sqlite->base;
    return SEC_E_OK;
}
