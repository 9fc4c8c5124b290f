/*
 * Lockout after failed logins, in this process and in the database.
 */
#include "account/lockout.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/stores.h"
#include "doubles.h"
#include "support_account.h"

#define THRESHOLD 3
#define SECONDS 60

static bool locked(SspiAccountStore *store, const char *user, const char *domain)
{
    struct failure failure = {0};
    struct account account;
    SECURITY_STATUS status = account_store_lookup(store, user, domain, THRESHOLD, SECONDS, &account, &failure);
    bool result = account.locked;

    cr_assert_eq(status, SEC_E_OK, "%s", failure.text);
    account_clear(&account);
    return result;
}

static void note(SspiAccountStore *store, const char *user, const char *domain, bool success)
{
    struct failure failure = {0};
    SECURITY_STATUS status = account_store_note_login(store, user, domain, success, THRESHOLD, SECONDS, &failure);

    cr_assert_eq(status, SEC_E_OK, "%s", failure.text);
}

static void fail_times(SspiAccountStore *store, const char *user, const char *domain, int times)
{
    for (int i = 0; i < times; i++)
        note(store, user, domain, false);
}

static void lockout_check(SspiAccountStore *store)
{
    struct failure failure = {0};

    store_add(store, "alice", "EX", "x");
    store_add(store, "bob", "", "x");

    fail_times(store, "alice", "EX", THRESHOLD - 1);
    cr_assert(!locked(store, "alice", "EX"));
    note(store, "ALICE", "ex", false);
    cr_assert(locked(store, "alice", "EX"), "counted under any spelling");
    cr_assert(!locked(store, "bob", ""), "the other account is not locked");

    clock_advance_ms(SECONDS * 1000 - 1);
    fail_times(store, "alice", "EX", 5);
    cr_assert(locked(store, "alice", "EX"));
    clock_advance_ms(1);
    cr_assert(!locked(store, "alice", "EX"), "guessing during the lock does not prolong it");
    fail_times(store, "alice", "EX", THRESHOLD - 1);
    cr_assert(!locked(store, "alice", "EX"), "the count began anew");
    note(store, "alice", "EX", false);
    cr_assert(locked(store, "alice", "EX"), "and goes as far again");
    clock_advance_ms(SECONDS * 1000);

    fail_times(store, "alice", "EX", THRESHOLD - 1);
    note(store, "alice", "EX", true);
    fail_times(store, "alice", "EX", THRESHOLD - 1);
    cr_assert(!locked(store, "alice", "EX"), "a good login clears the count");

    fail_times(store, "bob", "PC1", 1);
    fail_times(store, "bob", "PC2", 1);
    fail_times(store, "BOB", "PC3", 1);
    cr_assert(locked(store, "bob", ""), "one account under many claimed domains is one account");
    store_add(store, "bob", "", "another");
    cr_assert(locked(store, "bob", ""), "another password clears no lock");
    assert_status(account_store_set_disabled(store, "bob", "", false, &failure), SEC_E_OK);
    cr_assert(!locked(store, "bob", ""), "enabling clears the lock");

    fail_times(store, "nobody", "EX", 2 * THRESHOLD);
    fail_times(store, "", "", THRESHOLD);
    fail_times(store, "\xFF", "", THRESHOLD);
    store_add(store, "nobody", "EX", "x");
    cr_assert(!locked(store, "nobody", "EX"));
    assert_status(account_store_note_login(store, "bob", "", false, 0, SECONDS, &failure), SEC_E_OK);
}

/* Judged before the lock, noted after it: of guesses at the same moment only those within the threshold are answered.
 */
static void late_success_check(SspiAccountStore *store)
{
    struct failure failure = {0};

    store_add(store, "late", "EX", "x");
    fail_times(store, "late", "EX", THRESHOLD);
    assert_status(account_store_note_login(store, "late", "EX", true, THRESHOLD, SECONDS, &failure),
                  SEC_E_LOGON_DENIED);
    cr_assert_eq(failure.reason, SSPI_REASON_ACCOUNT_LOCKED);
    cr_assert(locked(store, "late", "EX"), "the lock stays");
    clock_advance_ms(SECONDS * 1000);
    note(store, "late", "EX", true);
    fail_times(store, "late", "EX", THRESHOLD - 1);
    cr_assert(!locked(store, "late", "EX"), "the lock fell at its time");
}

Test(lockout, in_process)
{
    SspiAccountStore *store = store_open("memory:");

    lockout_check(store);
    late_success_check(store);
    account_store_release(store);
}

Test(lockout, in_the_database, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store = store_create(folder_path("db"));

    lockout_check(store);
    late_success_check(store);
    account_store_release(store);
}

Test(lockout, in_the_database_is_shared_and_outlives_the_store, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db");
    SspiAccountStore *one = store_create(path), *two = store_open(path);

    store_add(one, "alice", "", "x");
    fail_times(one, "alice", "", 2);
    account_store_release(one);
    fail_times(two, "alice", "", 1);
    account_store_release(two);
    one = store_open(path);
    cr_assert(locked(one, "alice", ""));
    account_store_release(one);
}

static char shared_path[128];

/* Who may only read the database counts for itself, and sees what others counted. */
static bool reader_counts(void)
{
    struct failure failure = {0};
    struct account account = {0};
    SspiAccountStore *store;
    bool before, after;

    if (setgid(65534) != 0 || setuid(65534) != 0
        || account_store_open(shared_path, false, &store, &failure) != SEC_E_OK)
        return false;
    before =
        account_store_lookup(store, "alice", "", THRESHOLD, SECONDS, &account, &failure) == SEC_E_OK && !account.locked;
    account_clear(&account);
    for (int i = 0; i < THRESHOLD; i++)
        if (account_store_note_login(store, "alice", "", false, THRESHOLD, SECONDS, &failure) != SEC_E_OK)
            return false;
    after =
        account_store_lookup(store, "alice", "", THRESHOLD, SECONDS, &account, &failure) == SEC_E_OK && account.locked;
    account_clear(&account);
    account_store_release(store);
    return before && after;
}

Test(lockout, of_a_database_that_may_only_be_read, .init = folder_make, .fini = folder_remove)
{
    SspiAccountStore *store;

    if (geteuid() != 0)
        return; /* needs a second user */
    snprintf(shared_path, sizeof shared_path, "%s", folder_path("db"));
    store = store_create(shared_path);
    store_add(store, "alice", "", "x");
    cr_assert_eq(chown(shared_path, 0, 65534), 0);
    cr_assert_eq(chmod(shared_path, 0640), 0);
    cr_assert_eq(chmod(folder_path(""), 0755), 0);
    in_child(reader_counts);
    cr_assert(!locked(store, "alice", ""));
    account_store_release(store);
}

static SECURITY_STATUS SEC_ENTRY any_user(void *argument, const char *user, const char *domain, PSSPI_ACCOUNT_KEYS keys)
{
    (void)argument, (void)user, (void)domain;
    keys->Password = "x";
    keys->PasswordSize = 1;
    return SEC_E_OK;
}

Test(lockout, of_a_callback_counts_a_user_under_all_domains)
{
    struct failure failure = {0};
    SspiAccountStore *store;

    assert_status(callback_store_new(any_user, NULL, NULL, &store, &failure), SEC_E_OK);
    fail_times(store, "alice", "A", 1);
    fail_times(store, "alice", "B", 1);
    fail_times(store, "Alice", "C", 1);
    cr_assert(locked(store, "alice", "D"));
    cr_assert(!locked(store, "bob", "A"));
    account_store_release(store);
}

Test(lockout, without_memory_to_count_the_login_fails)
{
    SspiAccountStore *store = store_open("memory:");
    struct failure failure = {0};
    struct account account;

    store_add(store, "alice", "", "x");
    memory_fail_from(1);
    cr_assert_neq(account_store_note_login(store, "alice", "", false, THRESHOLD, SECONDS, &failure), SEC_E_OK);
    cr_assert_neq(account_store_note_login(store, "alice", "", true, THRESHOLD, SECONDS, &failure), SEC_E_OK);
    memory_fail_at(0);
    fail_times(store, "alice", "", THRESHOLD);
    memory_fail_from(1);
    cr_assert_neq(account_store_lookup(store, "alice", "", THRESHOLD, SECONDS, &account, &failure), SEC_E_OK);
    memory_fail_at(0);
    cr_assert(!account.has_nt_hash);
    account_store_release(store);
}

/* The count is bounded: to be counted for more names than there is room does not grow it, and the latest are kept. */
Test(lockout, remembers_the_latest_of_too_many)
{
    SspiAccountStore *store = store_open("memory:");
    struct failure failure = {0};
    char user[16];
    const struct lockout_name name = {user, "", true};

    for (int i = 0; i < 3 * LOCKOUT_SETS * LOCKOUT_WAYS; i++) {
        snprintf(user, sizeof user, "user%d", i);
        assert_status(lockout_note(store, &name, false, 1, SECONDS, &failure), SEC_E_OK);
    }
    store_add(store, user, "", "x");
    assert_status(lockout_note(store, &name, false, 1, SECONDS, &failure), SEC_E_OK);
    fail_times(store, user, "", THRESHOLD);
    cr_assert(locked(store, user, ""));
    account_store_release(store);
}

/* How often the file was written: SQLite's change counter. */
static unsigned writes_of(const char *path)
{
    uint8_t bytes[4];
    FILE *file = fopen(path, "rb");

    cr_assert_not_null(file);
    cr_assert_eq(fseek(file, 24, SEEK_SET), 0);
    cr_assert_eq(fread(bytes, 1, sizeof bytes, file), sizeof bytes);
    cr_assert_eq(fclose(file), 0);
    return (unsigned)bytes[0] << 24 | (unsigned)bytes[1] << 16 | (unsigned)bytes[2] << 8 | bytes[3];
}

Test(lockout, in_the_database_writes_once_for_every_failure_of_any_name, .init = folder_make, .fini = folder_remove)
{
    static const char *const users[] = {"alice", "off", "nobody", "no\\body"};
    const char *path = folder_path("db");
    SspiAccountStore *store = store_create(path);
    struct failure failure = {0};
    off_t size;
    struct stat status;

    store_add(store, "alice", "EX", "x");
    store_add(store, "off", "EX", "x");
    assert_status(account_store_set_disabled(store, "off", "EX", true, &failure), SEC_E_OK);
    cr_assert_eq(stat(path, &status), 0);
    size = status.st_size;
    for (size_t i = 0; i < sizeof users / sizeof users[0]; i++)
        for (int n = 0; n < 3 * THRESHOLD; n++) {
            unsigned before = writes_of(path);

            note(store, users[i], "EX", false);
            cr_assert_eq(writes_of(path), before + 1, "%s, failure %d", users[i], n + 1);
        }
    cr_assert_eq(stat(path, &status), 0);
    cr_assert_eq(status.st_size, size);
    account_store_release(store);
}
