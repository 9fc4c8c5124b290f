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

static void order_check(SspiAccountStore *store)
{
    store_add(store, "alice", "EX", "of-ex");
    store_add(store, "alice", "", "of-nobody");
    store_add(store, "bob", "", "bob");
    store_add(store, "J\xC3\xBCrgen", "EX", "umlaut");

    cr_assert(knows(store, "alice", "EX", "of-ex"));
    cr_assert(knows(store, "ALICE", "ex", "of-ex"));
    cr_assert(knows(store, "j\xC3\x9Crgen", "eX", "umlaut"));
    cr_assert(knows(store, "alice", "", "of-nobody"));
    cr_assert(knows(store, "alice", "ELSEWHERE", "of-nobody"), "an unknown domain is the default one");
    cr_assert(knows(store, "bob", "WORKSTATION7", "bob"));
    assert_status(status_of(store, "bob", "EX"), SEC_E_LOGON_DENIED);
    assert_status(status_of(store, "J\xC3\xBCrgen", ""), SEC_E_LOGON_DENIED);
    assert_status(status_of(store, "carol", "EX"), SEC_E_LOGON_DENIED);
    assert_status(status_of(store, "carol", "ELSEWHERE"), SEC_E_LOGON_DENIED);
    assert_status(status_of(store, "", ""), SEC_E_LOGON_DENIED);
    assert_status(status_of(store, "al\xFFice", ""), SEC_E_LOGON_DENIED);
    assert_status(status_of(store, "alice\n", ""), SEC_E_LOGON_DENIED);
}

Test(stores, memory_finds_by_the_order_of_domains)
{
    SspiAccountStore *store = store_open("memory:");

    order_check(store);
    account_store_release(store);
}

Test(stores, sqlite_finds_by_the_order_of_domains, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));

    order_check(store);
    account_store_release(store);
}

Test(stores, a_large_sqlite_database_finds_the_same_without_its_table, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));

    sqlite_of(store)->table_limit = 1;
    order_check(store);
    cr_assert_null(sqlite_of(store)->table);
    account_store_release(store);
}

Test(stores, text_files_find_by_the_order_of_domains, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("users");
    SspiAccountStore *store;

    file_write_text(path, "# accounts\r\n\r\nEX:alice:of-ex\r\n:alice:of-nobody\n:bob:bob");
    store = store_open(location_of("ntlm-user-file", path));
    cr_assert(knows(store, "ALICE", "ex", "of-ex"));
    cr_assert(knows(store, "alice", "ELSEWHERE", "of-nobody"));
    cr_assert(knows(store, "bob", "", "bob"));
    assert_status(status_of(store, "bob", "EX"), SEC_E_LOGON_DENIED);
    account_store_release(store);
}

Test(stores, a_found_account_has_its_canonical_spelling, .init = folder_make, .fini = folder_remove)
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

/* ---- Changes ---- */

static void changes_check(SspiAccountStore *store)
{
    struct failure failure = {0};
    struct account account, *list;
    size_t count;

    store_add(store, "alice", "EX", "one");
    store_add(store, "ALICE", "ex", "two");
    assert_status(account_store_list(store, &list, &count, &failure), SEC_E_OK);
    cr_assert_eq(count, 1, "the second replaced the first");
    cr_assert_str_eq(list[0].user, "ALICE");
    account_list_free(list, count);
    cr_assert(knows(store, "alice", "EX", "two"));

    assert_status(account_store_set_disabled(store, "alice", "ex", true, &failure), SEC_E_OK);
    assert_status(account_store_lookup(store, "alice", "EX", 0, 1, &account, &failure), SEC_E_OK);
    cr_assert(account.disabled);
    account_clear(&account);
    assert_status(account_store_set_disabled(store, "alice", "", true, &failure), SEC_E_LOGON_DENIED);
    assert_status(account_store_set_disabled(store, "alice", "EX", false, &failure), SEC_E_OK);
    assert_status(account_store_lookup(store, "alice", "EX", 0, 1, &account, &failure), SEC_E_OK);
    cr_assert(!account.disabled);
    account_clear(&account);

    assert_status(account_store_remove(store, "alice", "", &failure), SEC_E_LOGON_DENIED);
    cr_assert(knows(store, "alice", "EX", "two"), "another domain's account was not removed");
    assert_status(account_store_remove(store, "Alice", "EX", &failure), SEC_E_OK);
    assert_status(status_of(store, "alice", "EX"), SEC_E_LOGON_DENIED);
    store_add(store, "bob", "", "b");
    cr_assert(knows(store, "bob", "EX", "b"), "a domain is forgotten with its last account");
}

Test(stores, memory_changes)
{
    SspiAccountStore *store = store_open("memory:");

    changes_check(store);
    account_store_release(store);
}

Test(stores, sqlite_changes, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));

    changes_check(store);
    account_store_release(store);
}

Test(stores, a_change_by_another_is_seen_at_once, .init = folder_make, .fini = folder_remove)
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

Test(stores, a_text_file_is_read_again_when_it_changes, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("users"), *next = folder_path("users.new");
    SspiAccountStore *store;

    file_write_text(path, "EX:alice:pw1\n");
    clock_follow(0);
    store = store_open(location_of("ntlm-user-file", path));
    cr_assert(knows(store, "alice", "EX", "pw1"));
    for (int i = 0; i < 9; i++) { /* of the same size, within the same tick of the clock */
        char text[48], password[16];

        snprintf(password, sizeof password, "pw%d", i + 1);
        snprintf(text, sizeof text, "EX:alice:%s\n", password);
        file_write_text(path, text);
        cr_assert(knows(store, "alice", "EX", password), "change %d", i);
    }
    file_write_text(next, "EX:alice:new\nEX:bob:b\n");
    cr_assert_eq(rename(next, path), 0);
    cr_assert(knows(store, "alice", "EX", "new"));
    cr_assert(knows(store, "bob", "EX", "b"));
    file_append_text(path, "EX:broken\n");
    assert_unavailable(store, path);
    account_store_release(store);
}

/* The table is in use, and not only correct: a look-up at a settled file opens nothing. */
Test(stores, a_warm_lookup_opens_no_file, .init = folder_make, .fini = folder_remove)
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

Test(stores, a_database_put_in_place_of_another_is_read_anew, .init = folder_make, .fini = folder_remove)
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

Test(stores, many_accounts_are_put_in_one_transaction, .init = folder_make, .fini = folder_remove)
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

Test(stores, a_new_database_has_mode_0600_under_any_umask, .init = folder_make, .fini = folder_remove)
{
    static const mode_t masks[] = {0, 022, 077, 0777};
    mode_t before = umask(0);

    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        const char *path = folder_path("db");
        struct stat status;
        SspiAccountStore *store;

        (void)umask(masks[i]);
        store = store_create(path);
        (void)umask(before);
        cr_assert_eq(stat(path, &status), 0);
        cr_assert_eq(status.st_mode & 07777, 0600);
        store_add(store, "alice", "", "x");
        account_store_release(store);
        account_store_release(store_create(path));
        cr_assert_eq(unlink(path), 0);
    }
}

Test(stores, locations_of_unknown_form_are_refused)
{
    static const char *const bad[] = {"",      "sqlite:",       "smbpasswd:",     "sqlit:/tmp/x", "winbind:",
                                      ":/tmp", "memory:x",      "ntlm-user-file", "\xFF",         "default",
                                      "http://x", "SQLITE:/tmp/x"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct failure failure = {0};
        SspiAccountStore *store;
        SECURITY_STATUS status = account_store_open(bad[i], false, &store, &failure);

        cr_assert_null(store);
        cr_assert(status == SEC_E_INVALID_PARAMETER || status == SEC_E_NO_CREDENTIALS, "\"%s\"", bad[i]);
        cr_assert_neq(failure.text[0], '\0');
    }
}

Test(stores, a_relative_path_stays_where_it_was, .init = folder_make, .fini = folder_remove)
{
    char before[512];
    SspiAccountStore *store;

    cr_assert_not_null(getcwd(before, sizeof before));
    cr_assert_eq(chdir(folder_path("")), 0);
    store = store_create("relative.db");
    cr_assert_eq(chdir("/"), 0);
    store_add(store, "alice", "", "x");
    cr_assert(knows(store, "alice", "", "x"));
    account_store_release(store);
    cr_assert_eq(chdir(before), 0);
}

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

Test(stores, every_allocation_may_fail_once, .init = folder_make, .fini = folder_remove, .timeout = 60)
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
