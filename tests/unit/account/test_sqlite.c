/*
 * The SQLite store as a whole, with its table and without.
 */
#include "account/sqlite_store.h"
#include "support_account.h"

Test(sqlite, sqlite_finds_by_the_order_of_domains, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));

    check_order(store);
    account_store_release(store);
}

Test(sqlite, a_large_sqlite_database_finds_the_same_without_its_table, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));

    sqlite_of(store)->table_limit = 1;
    check_order(store);
    cr_assert_null(sqlite_of(store)->table);
    account_store_release(store);
}

Test(sqlite, a_found_account_has_its_canonical_spelling, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));
    struct failure failure = {0};
    struct account account;

    store_add(store, "Alice", "Example", "x");
    assert_status(account_store_lookup(store, "aLICE", "eXAMPLE", 0, 1, &account, &failure), SEC_E_OK);
    cr_assert_str_eq(account.user, "Alice");
    cr_assert_str_eq(account.domain, "Example");
    cr_assert(!account.disabled && !account.locked);
    account_clear(&account);
    account_store_release(store);
}
