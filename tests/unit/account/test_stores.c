/*
 * What every store must answer: names, domains, changes, and that all or nothing of a change is done.
 */
#include "support_account.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/sqlite_store.h"
#include "account/stores.h"
#include "base/memory.h"
#include "doubles.h"

/* ---- The order of a look-up, over every store that can be written ---- */

/* ---- Changes ---- */

Test(stores, text_files_and_callbacks_are_read_only, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("users");
    struct account account = {.user = (char[]){"a"}, .domain = (char[]){""}};
    struct failure failure = {0};
    SspiAccountStore *store;

    file_write_text(path, "EX:alice:pw\n");
    store = store_open(location_of("ntlm-user-file", path));
    assert_status(account_store_put(store, &account, 1, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(account_store_remove(store, "alice", "EX", &failure), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(account_store_set_disabled(store, "alice", "EX", true, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(!account_store_can_verify_ntlm(store));
    account_store_release(store);
    assert_status(account_store_open(location_of("smbpasswd", path), true, &store, &failure),
                  SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_null(store);
}

/* ---- The file ---- */

/* ---- Without memory ---- */

static SECURITY_STATUS whole_life(const char *location, bool create)
{
    struct failure failure = {0};
    struct account account = {0}, *list = NULL;
    size_t count = 0;
    SspiAccountStore *store;
    SECURITY_STATUS status = account_store_open(location, create, &store, &failure);

    if (status == SEC_E_OK)
        status = account_store_lookup(store, "alice", ALICE_DOMAIN, 0, 1, &account, &failure);
    account_clear(&account);
    if (status == SEC_E_OK)
        status = account_store_list(store, &list, &count, &failure);
    account_list_free(list, count);
    account_store_release(store);
    return status;
}

Test(stores, every_allocation_may_fail_once, .init = folder_make, .fini = folder_remove)
{
    const char *kinds[] = {"sqlite", "ntlm-user-file"};
    const char *paths[] = {folder_path("db"), folder_path("users")};
    SspiAccountStore *store = store_create(paths[0]);

    store_add(store, "alice", ALICE_DOMAIN, "Passw0rd");
    account_store_release(store);
    file_write_text(paths[1], "EX:alice:Passw0rd\n");
    for (size_t i = 0; i < 2; i++) {
        const char *location = location_of(kinds[i], paths[i]);
        size_t live;

        assert_status(whole_life(location, false), SEC_E_OK);
        live = memory_live();
        for (size_t n = 1; n < 1000; n++) {
            SECURITY_STATUS status;

            memory_fail_at(n);
            status = whole_life(location, false);
            if (memory_count() < n)
                break;
            cr_assert_eq(status, SEC_E_INSUFFICIENT_MEMORY, "allocation %zu gave 0x%08x", n, (unsigned)status);
            cr_assert_eq(memory_live(), live, "allocation %zu leaks", n);
            cr_assert_lt(n, 999);
        }
        memory_fail_at(0);
        assert_status(whole_life(location, false), SEC_E_OK);
    }
}
