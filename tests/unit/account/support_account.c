/*
 * See support_account.h.
 */
#include "support_account.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "doubles.h"

static char folder[64];
static char paths[8][128];
static size_t paths_used;

void folder_make(void)
{
    strcpy(folder, "/tmp/sspi-account-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status, (void)type, (void)place;
    return remove(path);
}

void folder_remove(void)
{
    (void)nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    clock_set(INT64_C(133485408000000000));
    memory_fail_at(0);
}

const char *folder_path(const char *name)
{
    char *path = paths[paths_used++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void file_write(const char *path, const void *content, size_t size)
{
    int descriptor;

    (void)remove(path);
    descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    cr_assert_geq(descriptor, 0);
    cr_assert_eq(write(descriptor, content, size), (ssize_t)size);
    cr_assert_eq(close(descriptor), 0);
}

void file_write_text(const char *path, const char *text)
{
    file_write(path, text, strlen(text));
}

void file_append_text(const char *path, const char *text)
{
    int descriptor = open(path, O_WRONLY | O_APPEND);

    cr_assert_geq(descriptor, 0);
    cr_assert_eq(write(descriptor, text, strlen(text)), (ssize_t)strlen(text));
    cr_assert_eq(close(descriptor), 0);
}

const char *location_of(const char *kind, const char *path)
{
    static char location[256];

    snprintf(location, sizeof location, "%s:%s", kind, path);
    return location;
}

static SspiAccountStore *store_get(const char *location, bool create)
{
    struct failure failure = {0};
    SspiAccountStore *store;
    SECURITY_STATUS status = account_store_open(location, create, &store, &failure);

    cr_assert_eq(status, SEC_E_OK, "%s: %s", location, failure.text);
    return store;
}

SspiAccountStore *store_open(const char *location)
{
    return store_get(location, false);
}

SspiAccountStore *store_create(const char *location)
{
    return store_get(location, true);
}

void store_add(SspiAccountStore *store, const char *user, const char *domain, const char *password)
{
    struct account account = {.user = (char *)(uintptr_t)user, .domain = (char *)(uintptr_t)domain};
    struct failure failure = {0};
    uint8_t hash[ACCOUNT_NT_HASH_SIZE];
    SECURITY_STATUS status;

    assert_status(account_nt_hash(bytes_of(password, strlen(password)), hash), SEC_E_OK);
    cr_assert(account_set_nt_hash(&account, hash));
    status = account_store_put(store, &account, 1, &failure);
    cr_assert_eq(status, SEC_E_OK, "%s", failure.text);
}

SECURITY_STATUS status_of(SspiAccountStore *store, const char *user, const char *domain)
{
    struct failure failure = {0};
    struct account account;
    SECURITY_STATUS status = account_store_lookup(store, user, domain, 0, 1, &account, &failure);

    account_clear(&account);
    return status;
}

bool knows(SspiAccountStore *store, const char *user, const char *domain, const char *password)
{
    struct failure failure = {0};
    struct account account;
    uint8_t hash[ACCOUNT_NT_HASH_SIZE];
    bool same;
    SECURITY_STATUS status = account_store_lookup(store, user, domain, 0, 1, &account, &failure);

    if (status != SEC_E_OK || account_nt_hash(bytes_of(password, strlen(password)), hash) != SEC_E_OK)
        return false;
    same = account.has_nt_hash && memcmp(hash, account.nt_hash, sizeof hash) == 0;
    account_clear(&account);
    return same;
}

void assert_unavailable(SspiAccountStore *store, const char *path)
{
    struct failure failure = {0};
    struct account account;
    SECURITY_STATUS status = account_store_lookup(store, "alice", ALICE_DOMAIN, 0, 1, &account, &failure);
    bool empty = !account.user && !account.has_nt_hash;

    account_clear(&account);
    assert_status(status, SEC_E_NO_CREDENTIALS);
    cr_assert_eq(failure.reason, SSPI_REASON_STORE_UNAVAILABLE);
    cr_assert(strstr(failure.text, path), "\"%s\" names %s", failure.text, path);
    cr_assert(empty);
}

void assert_cannot_open(const char *location, const char *path)
{
    struct failure failure = {0};
    SspiAccountStore *store = (SspiAccountStore *)(void *)&failure;
    SECURITY_STATUS status = account_store_open(location, false, &store, &failure);

    if (status == SEC_E_OK) {
        assert_unavailable(store, path);
        account_store_release(store);
        return;
    }
    assert_status(status, SEC_E_NO_CREDENTIALS);
    cr_assert_null(store);
    cr_assert_eq(failure.reason, SSPI_REASON_STORE_UNAVAILABLE);
    cr_assert(strstr(failure.text, path), "\"%s\" names %s", failure.text, path);
}

void clock_follow(int seconds)
{
    clock_set(((int64_t)time(NULL) + seconds) * CLOCK_TICKS_PER_SECOND + INT64_C(116444736000000000));
}

void in_child(bool (*body)(void))
{
    int status = -1;
    pid_t child = fork();

    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(body() ? 0 : 1);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "child ended with %d", status);
}

void check_order(SspiAccountStore *store)
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
    assert_status(status_of(store, "alice", "EX\\"), SEC_E_LOGON_DENIED);
    assert_status(status_of(store, "x\\alice", ""), SEC_E_LOGON_DENIED);
}

void check_changes(SspiAccountStore *store)
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
    store_add(store, "Alice", "EX", "three");
    assert_status(account_store_lookup(store, "alice", "EX", 0, 1, &account, &failure), SEC_E_OK);
    cr_assert(account.disabled, "another password enables nobody");
    cr_assert_str_eq(account.user, "Alice");
    account_clear(&account);
    store_add(store, "alice", "EX", "two");
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
