/*
 * Changes of an account database: each is whole, and seen by others at once.
 */
#include <stdio.h>

#include "support_account.h"

Test(sqlite_write, sqlite_changes, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));

    check_changes(store);
    account_store_release(store);
}

Test(sqlite_write, a_change_by_another_is_seen_at_once, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db");
    SspiAccountStore *writer = store_create(path), *reader = store_open(path);
    struct failure failure = {0};

    for (int i = 0; i < 50; i++) {
        char password[16];

        snprintf(password, sizeof password, "pw%d", i);
        store_add(writer, "alice", "", password);
        clock_follow(i % 2 ? 3600 : 0);
        cr_assert(knows(reader, "alice", "", password), "change %d", i);
    }
    assert_status(account_store_remove(writer, "alice", "", &failure), SEC_E_OK);
    assert_status(status_of(reader, "alice", ""), SEC_E_LOGON_DENIED);
    account_store_release(reader);
    account_store_release(writer);
}

Test(sqlite_write, many_accounts_are_put_in_one_transaction, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *stores[2] = {store_create(folder_path("db")), store_open("memory:")};
    struct account accounts[2] = {{.user = (char[]){"good"}, .domain = (char[]){""}},
                                  {.user = (char[]){"bad"}, .domain = (char[]){"\xFF not text"}}};
    struct failure failure = {0};

    for (size_t i = 0; i < 2; i++) {
        cr_assert_neq(account_store_put(stores[i], accounts, 2, &failure), SEC_E_OK);
        assert_status(status_of(stores[i], "good", ""), SEC_E_LOGON_DENIED);
        account_store_release(stores[i]);
    }
}
