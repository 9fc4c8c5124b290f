/*
 * The fail-closed table: whatever happens to the file of a store, nobody is let in, and the explanation names it.
 */
#include "support_account.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY_ID 65534

static const char user_file_text[] = "EX:alice:Passw0rd\n";
static const char smbpasswd_text[] =
    "alice:1000:XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX:" ALICE_NT_HASH ":[U          ]:LCT-65920080:\n";

/* One file of each kind that knows alice. */
struct kind {
    const char *name;
    void (*make)(const char *path);
};

static void make_sqlite(const char *path)
{
    SspiAccountStore *store = store_create(path);

    store_add(store, "alice", ALICE_DOMAIN, "Passw0rd");
    account_store_release(store);
}

static void make_user_file(const char *path)
{
    file_write_text(path, user_file_text);
}

static void make_smbpasswd(const char *path)
{
    file_write_text(path, smbpasswd_text);
}

static const struct kind kinds[] = {
    {"sqlite", make_sqlite}, {"ntlm-user-file", make_user_file}, {"smbpasswd", make_smbpasswd}};

#define KINDS (sizeof kinds / sizeof kinds[0])

/* What may happen to it. False: cannot be made to happen here. */
struct damage {
    const char *name;
    bool (*apply)(const char *path);
};

static bool absent(const char *path)
{
    return unlink(path) == 0;
}

static bool is_directory(const char *path)
{
    return unlink(path) == 0 && mkdir(path, 0700) == 0;
}

static bool is_fifo(const char *path)
{
    return unlink(path) == 0 && mkfifo(path, 0600) == 0;
}

static bool is_symlink(const char *path)
{
    char target[160];

    snprintf(target, sizeof target, "%s.real", path);
    return rename(path, target) == 0 && symlink(target, path) == 0;
}

static bool dangling_symlink(const char *path)
{
    return unlink(path) == 0 && symlink("/nonexistent/accounts", path) == 0;
}

static bool mode_0644(const char *path)
{
    return chmod(path, 0644) == 0;
}

static bool mode_0660(const char *path)
{
    return chmod(path, 0660) == 0;
}

static bool mode_0602(const char *path)
{
    return chmod(path, 0602) == 0;
}

static bool mode_set_user(const char *path)
{
    return chmod(path, 04600) == 0;
}

static bool foreign_owner(const char *path)
{
    return geteuid() == 0 && chown(path, NOBODY_ID, (gid_t)-1) == 0;
}

static bool garbage(const char *path)
{
    file_write(path, "\x01\x80not an account file at all\n", 28);
    return true;
}

static bool long_garbage(const char *path)
{
    static char text[100000];

    memset(text, 'a', sizeof text);
    file_write(path, text, sizeof text);
    return true;
}

static bool nul_bytes(const char *path)
{
    static const char zeros[4096];

    file_write(path, zeros, sizeof zeros);
    return true;
}

static bool truncated(const char *path)
{
    struct stat status;

    return stat(path, &status) == 0 && truncate(path, status.st_size - 30) == 0;
}

static const struct damage damages[] = {
    {"absent", absent},
    {"a directory", is_directory},
    {"a FIFO", is_fifo},
    {"a symbolic link", is_symlink},
    {"a dangling symbolic link", dangling_symlink},
    {"mode 0644", mode_0644},
    {"mode 0660", mode_0660},
    {"mode 0602", mode_0602},
    {"mode 04600", mode_set_user},
    {"of another user", foreign_owner},
    {"garbage", garbage},
    {"long garbage", long_garbage},
    {"NUL bytes", nul_bytes},
    {"truncated", truncated},
};

#define DAMAGES (sizeof damages / sizeof damages[0])

Test(failing_store, opening_a_damaged_file_fails_and_names_it, .init = folder_make, .fini = folder_remove)
{
    for (size_t i = 0; i < KINDS; i++)
        for (size_t j = 0; j < DAMAGES; j++) {
            char name[32];
            const char *path;

            snprintf(name, sizeof name, "open-%zu-%zu", i, j);
            path = folder_path(name);
            kinds[i].make(path);
            if (damages[j].apply(path))
                assert_cannot_open(location_of(kinds[i].name, path), path);
        }
}

Test(failing_store, damage_to_an_open_store_is_seen_at_the_next_lookup, .init = folder_make, .fini = folder_remove)
{
    for (size_t i = 0; i < KINDS; i++)
        for (size_t j = 0; j < DAMAGES; j++) {
            char name[32];
            const char *path;
            SspiAccountStore *store;

            snprintf(name, sizeof name, "live-%zu-%zu", i, j);
            path = folder_path(name);
            kinds[i].make(path);
            clock_follow(3600);
            store = store_open(location_of(kinds[i].name, path));
            cr_assert(knows(store, "alice", ALICE_DOMAIN, "Passw0rd"), "%s before: %s", kinds[i].name, damages[j].name);
            if (damages[j].apply(path))
                assert_unavailable(store, path);
            account_store_release(store);
        }
}

Test(failing_store, a_store_recovers_when_its_file_does, .init = folder_make, .fini = folder_remove)
{
    for (size_t i = 0; i < KINDS; i++) {
        const char *path = folder_path(kinds[i].name);
        SspiAccountStore *store;

        kinds[i].make(path);
        store = store_open(location_of(kinds[i].name, path));
        cr_assert(garbage(path));
        assert_unavailable(store, path);
        cr_assert_eq(unlink(path), 0);
        assert_unavailable(store, path);
        kinds[i].make(path);
        cr_assert(knows(store, "alice", ALICE_DOMAIN, "Passw0rd"), "%s", kinds[i].name);
        account_store_release(store);
    }
}

Test(failing_store, mode_0640_is_allowed, .init = folder_make, .fini = folder_remove)
{
    for (size_t i = 0; i < KINDS; i++) {
        const char *path = folder_path(kinds[i].name);
        SspiAccountStore *store;

        kinds[i].make(path);
        cr_assert_eq(chmod(path, 0640), 0);
        store = store_open(location_of(kinds[i].name, path));
        cr_assert(knows(store, "alice", ALICE_DOMAIN, "Passw0rd"), "%s", kinds[i].name);
        account_store_release(store);
    }
}

/* ---- What needs a process of its own ---- */

static size_t child_kind;
static char child_path[128];

static bool open_without_descriptors(void)
{
    struct rlimit none = {3, 3};
    struct failure failure = {0};
    SspiAccountStore *store;
    SECURITY_STATUS status;

    for (int i = 3; i < 256; i++)
        (void)close(i);
    if (setrlimit(RLIMIT_NOFILE, &none) != 0)
        return false;
    status = account_store_open(location_of(kinds[child_kind].name, child_path), false, &store, &failure);
    return status == SEC_E_NO_CREDENTIALS && !store && strstr(failure.text, child_path);
}

/* The file changed and cannot be read again: what was read before is worth nothing. */
static bool reread_without_descriptors(void)
{
    struct rlimit none = {3, 3};
    struct failure failure = {0};
    struct account account;
    SspiAccountStore *store = store_open(location_of(kinds[child_kind].name, child_path));
    SECURITY_STATUS status;

    if (!knows(store, "alice", ALICE_DOMAIN, "Passw0rd") || rename(child_path, folder_path("away")) != 0)
        return false;
    kinds[child_kind].make(child_path);
    if (setrlimit(RLIMIT_NOFILE, &none) != 0)
        return false;
    status = account_store_lookup(store, "alice", ALICE_DOMAIN, 0, 1, &account, &failure);
    return status == SEC_E_NO_CREDENTIALS && !account.user && strstr(failure.text, child_path);
}

static bool open_without_permission(void)
{
    struct failure failure = {0};
    SspiAccountStore *store;
    SECURITY_STATUS status;

    if (geteuid() == 0 && (setgid(NOBODY_ID) != 0 || setuid(NOBODY_ID) != 0))
        return false;
    if (geteuid() != NOBODY_ID)
        (void)chmod(child_path, 0);
    status = account_store_open(location_of(kinds[child_kind].name, child_path), false, &store, &failure);
    return status == SEC_E_NO_CREDENTIALS && !store && strstr(failure.text, child_path);
}

static void for_each_kind(bool (*body)(void))
{
    for (child_kind = 0; child_kind < KINDS; child_kind++) {
        snprintf(child_path, sizeof child_path, "%s", folder_path(kinds[child_kind].name));
        kinds[child_kind].make(child_path);
        in_child(body);
    }
}

Test(failing_store, without_descriptors_nothing_opens, .init = folder_make, .fini = folder_remove)
{
    for_each_kind(open_without_descriptors);
}

Test(failing_store, without_descriptors_a_changed_file_is_not_answered_from_memory, .init = folder_make,
     .fini = folder_remove)
{
    for_each_kind(reread_without_descriptors);
}

Test(failing_store, an_unreadable_file_is_refused, .init = folder_make, .fini = folder_remove)
{
    const char *base = folder_path("");

    (void)chmod(base, 0755);
    for_each_kind(open_without_permission);
}

/* ---- SQLite alone ---- */

Test(failing_store, a_damaged_page_is_corruption, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db");
    static char page[4096];
    SspiAccountStore *store;
    int descriptor;

    make_sqlite(path);
    store = store_open(path);
    memset(page, 0xA5, sizeof page);
    descriptor = open(path, O_WRONLY);
    for (off_t at = 4096; at < 28672; at += 4096)
        cr_assert_eq(pwrite(descriptor, page, sizeof page, at), (ssize_t)sizeof page);
    cr_assert_eq(close(descriptor), 0);
    assert_unavailable(store, path);
    account_store_release(store);
    assert_cannot_open(path, path);
}

Test(failing_store, a_locked_database_is_waited_for_but_not_for_ever, .init = folder_make, .fini = folder_remove)
{
    const char *path = folder_path("db");
    SspiAccountStore *store;
    int ready[2], status;
    char byte;
    pid_t holder;

    make_sqlite(path);
    store = store_open(path);
    cr_assert_eq(pipe(ready), 0);
    holder = fork();
    if (holder == 0) {
        sqlite3 *database;
        bool held = sqlite3_open(path, &database) == SQLITE_OK
                    && sqlite3_exec(database, "BEGIN EXCLUSIVE", NULL, NULL, NULL) == SQLITE_OK;
        (void)!write(ready[1], held ? "y" : "n", 1);
        (void)pause();
        _exit(0);
    }
    cr_assert_eq(read(ready[0], &byte, 1), 1);
    cr_assert_eq(byte, 'y');
    assert_unavailable(store, path);
    cr_assert_eq(kill(holder, SIGKILL), 0);
    cr_assert_eq(waitpid(holder, &status, 0), holder);
    cr_assert(knows(store, "alice", ALICE_DOMAIN, "Passw0rd"));
    account_store_release(store);
    (void)close(ready[0]);
    (void)close(ready[1]);
}
