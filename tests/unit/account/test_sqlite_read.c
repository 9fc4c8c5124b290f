/*
 * When an account database is read again, and when not.
 */
#include <stdio.h>

#include "account/sqlite_store.h"
#include "support_account.h"

/* The table is in use, and not only correct: a look-up at a settled file opens nothing. */
Test(sqlite_read, a_warm_lookup_opens_no_file, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("users"), *database = folder_path("db");
    SspiAccountStore *text, *sqlite = store_create(database);
    const struct account_table *table;

    file_write_text(path, "EX:alice:Passw0rd\n");
    store_add(sqlite, "alice", ALICE_DOMAIN, "Passw0rd");
    clock_follow(3600);
    text = store_open(location_of("ntlm-user-file", path));
    cr_assert(knows(text, "alice", "EX", "Passw0rd") && knows(sqlite, "alice", "EX", "Passw0rd"));
    cr_assert(sqlite_of(sqlite)->settled);
    table = sqlite_of(sqlite)->table;
    connection_close(&sqlite_of(sqlite)->reader);
    cr_assert(knows(sqlite, "alice", "EX", "Passw0rd"));
    cr_assert_null(sqlite_of(sqlite)->reader.database, "no connection was needed");
    cr_assert_eq(sqlite_of(sqlite)->table, table);
    cr_assert(knows(text, "alice", "EX", "Passw0rd"));
    account_store_release(text);
    account_store_release(sqlite);
}

Test(sqlite_read, a_database_put_in_place_of_another_is_read_anew, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db"), *other = folder_path("other");
    SspiAccountStore *first = store_create(path), *second = store_create(other);

    store_add(first, "alice", "", "one");
    store_add(second, "alice", "", "two");
    clock_follow(3600);
    cr_assert(knows(first, "alice", "", "one"));
    account_store_release(second);
    cr_assert_eq(rename(other, path), 0);
    cr_assert(knows(first, "alice", "", "two"));
    account_store_release(first);
}
