/*
 * Text files as stores: read again whenever they change, and nothing believed of one that is broken.
 */
#include "account/text_file.h"

#include <stdio.h>
#include <sys/resource.h>

#include "support_account.h"

Test(text_file, smbpasswd_flags_reach_the_account, .init = folder_make, .fini = folder_remove)
{
    static const char text[] =
        "a:1:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" ALICE_NT_HASH ":[UD         ]:LCT-65920080:\n"
        "b:2:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:[U]:LCT-0000000A:\n"
        "c:3:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" ALICE_NT_HASH ":[UL         ]:LCT-65920080:\n";
    const char *path = folder_path("smbpasswd");
    struct failure failure = {0};
    struct account account;
    SspiAccountStore *store;

    file_write_text(path, text);
    store = store_open(location_of("smbpasswd", path));
    assert_status(account_store_lookup(store, "A", "WORKGROUP", 0, 1, &account, &failure), SEC_E_OK);
    cr_assert(account.disabled && account.has_nt_hash && !account.locked);
    account_clear(&account);
    assert_status(account_store_lookup(store, "b", "", 0, 1, &account, &failure), SEC_E_OK);
    cr_assert(!account.has_nt_hash);
    account_clear(&account);
    assert_status(account_store_lookup(store, "c", "", 0, 1, &account, &failure), SEC_E_OK);
    cr_assert(account.locked);
    account_clear(&account);
    account_store_release(store);
}

Test(text_file, a_text_file_is_read_again_when_it_changes, .init = folder_make, .fini = folder_remove)
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

Test(text_file, text_files_find_by_the_order_of_domains, .init = folder_make, .fini = folder_remove)
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

static char child_path[128];

/* Without descriptors only what needs no file is answered: a file that is settled, and not one that was just written.
 */
static bool fresh_is_read_and_settled_is_not(void)
{
    struct rlimit none = {3, 3};
    SspiAccountStore *store;

    clock_follow(0);
    store = store_open(location_of("ntlm-user-file", child_path));
    clock_follow(3600);
    if (!knows(store, "alice", "EX", "pw") || setrlimit(RLIMIT_NOFILE, &none) != 0)
        return false;
    if (!knows(store, "alice", "EX", "pw"))
        return false;
    return status_of(store, "nobody", "EX") == SEC_E_LOGON_DENIED;
}

static bool fresh_needs_the_file(void)
{
    struct rlimit none = {3, 3};
    SspiAccountStore *store;

    clock_follow(0);
    store = store_open(location_of("ntlm-user-file", child_path));
    if (!knows(store, "alice", "EX", "pw") || setrlimit(RLIMIT_NOFILE, &none) != 0)
        return false;
    return status_of(store, "alice", "EX") == SEC_E_NO_CREDENTIALS;
}

Test(text_file, is_read_at_every_lookup_until_its_time_stamp_can_tell, .init = folder_make, .fini = folder_remove)
{
    snprintf(child_path, sizeof child_path, "%s", folder_path("users"));
    file_write_text(child_path, "EX:alice:pw\n");
    in_child(fresh_needs_the_file);
    in_child(fresh_is_read_and_settled_is_not);
}
