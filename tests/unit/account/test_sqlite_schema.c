/*
 * The schema of an account database: what is not ours, or newer than we are, is refused.
 */
#include <sqlite3.h>
#include <stdio.h>

#include "support_account.h"

static void make_database(const char *path)
{
    SspiAccountStore *store = store_create(path);

    store_add(store, "alice", ALICE_DOMAIN, "Passw0rd");
    account_store_release(store);
}

static void execute(const char *path, const char *sql)
{
    sqlite3 *database;

    cr_assert_eq(sqlite3_open(path, &database), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sql);
    cr_assert_eq(sqlite3_close(database), SQLITE_OK);
}

Test(sqlite_schema, a_database_that_is_not_ours_or_too_new_is_refused, .init = folder_make, .fini = folder_remove)
{
    static const char *const changes[] = {
        "PRAGMA user_version = 2",
        "PRAGMA user_version = 0",
        "PRAGMA application_id = 7",
        "DROP TABLE meta",
        "DELETE FROM meta",
        "PRAGMA journal_mode = WAL",
        "UPDATE account_key SET value = x'0011'",
        "UPDATE account_key SET value = x'31D6CFE0D16AE931B73C59D7E0C089C0'",
        "DROP TABLE account_key",
    };

    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char name[16];
        const char *path;
        SspiAccountStore *store;

        snprintf(name, sizeof name, "db-%zu", i);
        path = folder_path(name);
        make_database(path);
        store = store_open(path);
        execute(path, changes[i]);
        assert_unavailable(store, path);
        account_store_release(store);
        assert_cannot_open(path, path);
    }
}

Test(sqlite_schema, making_it_twice_keeps_what_is_there, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db");

    make_database(path);
    account_store_release(store_create(path));
    for (int i = 0; i < 2; i++) {
        SspiAccountStore *store = i ? store_open(path) : store_create(path);
        cr_assert(knows(store, "alice", ALICE_DOMAIN, "Passw0rd"));
        account_store_release(store);
    }
}

Test(sqlite_schema, an_empty_file_becomes_a_store_only_when_asked, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db");

    file_write_text(path, "");
    assert_cannot_open(path, path);
    make_database(path);
    account_store_release(store_open(path));
}
