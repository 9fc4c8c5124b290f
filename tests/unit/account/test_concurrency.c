/*
 * Many threads and processes at one store: nobody sees half a change, and a child of fork() works on its own.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "account/sqlite_store.h"
#include "support_account.h"

#define READERS 8
#define CHANGES 60

struct race {
    SspiAccountStore *store;
    const char *path; /* of a text file that the writer replaces; NULL: the store is written itself */
    atomic_bool done;
    atomic_int wrong;
    atomic_int looked;
};

/* One look-up, so that it is one moment. */
static bool has_one_of(SspiAccountStore *store, const char *user, const char *one, const char *other)
{
    struct failure failure = {0};
    struct account account;
    uint8_t hashes[2][ACCOUNT_NT_HASH_SIZE];
    bool known = account_store_lookup(store, user, "EX", 0, 1, &account, &failure) == SEC_E_OK
                 && account_nt_hash(bytes_of(one, strlen(one)), hashes[0]) == SEC_E_OK
                 && account_nt_hash(bytes_of(other, strlen(other)), hashes[1]) == SEC_E_OK && account.has_nt_hash
                 && (memcmp(account.nt_hash, hashes[0], sizeof hashes[0]) == 0
                     || memcmp(account.nt_hash, hashes[1], sizeof hashes[1]) == 0);

    if (!known)
        fprintf(stderr, "%s: %s\n", user, failure.text);
    account_clear(&account);
    return known;
}

/* alice has one of two passwords, bob never changes, carol never is. */
static void *reader_run(void *argument)
{
    struct race *race = argument;

    while (!atomic_load(&race->done)) {
        if (!has_one_of(race->store, "alice", "even", "odd") || !has_one_of(race->store, "bob", "b", "b")
            || status_of(race->store, "carol", "EX") != SEC_E_LOGON_DENIED)
            atomic_fetch_add(&race->wrong, 1);
        atomic_fetch_add(&race->looked, 1);
    }
    return NULL;
}

static void assert_never_wrong(struct race *race)
{
    int wrong = atomic_load(&race->wrong), looked = atomic_load(&race->looked);

    cr_assert_eq(wrong, 0, "%d of %d", wrong, looked);
    cr_assert_gt(looked, 0);
}

static void change(struct race *race, int i)
{
    char text[64], next[160];

    if (!race->path) {
        store_add(race->store, "alice", "EX", i % 2 ? "odd" : "even");
        return;
    }
    snprintf(text, sizeof text, "EX:alice:%s\nEX:bob:b\n", i % 2 ? "odd" : "even");
    snprintf(next, sizeof next, "%s.new", race->path);
    file_write_text(next, text);
    cr_assert_eq(rename(next, race->path), 0);
}

static void race_run(struct race *race)
{
    pthread_t readers[READERS];

    for (size_t i = 0; i < READERS; i++)
        cr_assert_eq(pthread_create(&readers[i], NULL, reader_run, race), 0);
    for (int i = 0; i < CHANGES; i++) {
        change(race, i);
        (void)usleep(1000);
    }
    atomic_store(&race->done, true);
    for (size_t i = 0; i < READERS; i++)
        cr_assert_eq(pthread_join(readers[i], NULL), 0);
    assert_never_wrong(race);
}

Test(concurrency, sqlite_readers_and_a_writer, .init = folder_make, .fini = folder_remove)
{
    struct race race = {.store = store_create(folder_path("db"))};

    store_add(race.store, "alice", "EX", "even");
    store_add(race.store, "bob", "EX", "b");
    race_run(&race);
    account_store_release(race.store);
}

Test(concurrency, a_large_sqlite_database_readers_and_a_writer, .init = folder_make, .fini = folder_remove)
{
    struct race race = {.store = store_create(folder_path("db"))};

    sqlite_of(race.store)->table_limit = 1;
    store_add(race.store, "alice", "EX", "even");
    store_add(race.store, "bob", "EX", "b");
    race_run(&race);
    account_store_release(race.store);
}

Test(concurrency, memory_readers_and_a_writer)
{
    struct race race = {.store = store_open("memory:")};

    store_add(race.store, "alice", "EX", "even");
    store_add(race.store, "bob", "EX", "b");
    race_run(&race);
    account_store_release(race.store);
}

Test(concurrency, a_text_file_replaced_under_readers, .init = folder_make, .fini = folder_remove)
{
    struct race race = {.path = folder_path("users")};

    file_write_text(race.path, "EX:alice:even\nEX:bob:b\n");
    race.store = store_open(location_of("ntlm-user-file", race.path));
    race_run(&race);
    account_store_release(race.store);
}

/* ---- fork() ---- */

static SspiAccountStore *shared;

static bool child_reads_and_writes(void)
{
    struct failure failure = {0};

    if (!knows(shared, "alice", "EX", "Passw0rd"))
        return false;
    store_add(shared, "child", "EX", "c");
    return knows(shared, "child", "EX", "c")
           && account_store_note_login(shared, "child", "EX", false, 5, 60, &failure) == SEC_E_OK;
}

Test(concurrency, a_store_opened_before_fork_works_in_parent_and_child, .init = folder_make, .fini = folder_remove)
{
    struct failure failure = {0};
    const sqlite3 *before;

    shared = store_create(folder_path("db"));
    store_add(shared, "alice", "EX", "Passw0rd");
    cr_assert(knows(shared, "alice", "EX", "Passw0rd"));
    before = sqlite_of(shared)->reader.database;
    in_child(child_reads_and_writes);
    cr_assert(knows(shared, "child", "EX", "c"), "the parent sees what the child wrote");
    assert_status(account_store_remove(shared, "child", "EX", &failure), SEC_E_OK);
    cr_assert_eq(sqlite_of(shared)->reader.database, before);
    account_store_release(shared);
}

static bool child_uses_its_own_connection(void)
{
    const sqlite3 *inherited = sqlite_of(shared)->reader.database;

    clock_follow(0);
    return knows(shared, "alice", "EX", "Passw0rd") && sqlite_of(shared)->reader.process == getpid()
           && sqlite_of(shared)->reader.database != inherited;
}

Test(concurrency, a_child_opens_a_connection_of_its_own, .init = folder_make, .fini = folder_remove)
{
    shared = store_create(folder_path("db"));
    store_add(shared, "alice", "EX", "Passw0rd");
    cr_assert(knows(shared, "alice", "EX", "Passw0rd"));
    in_child(child_uses_its_own_connection);
    account_store_release(shared);
}

static bool child_looks_up(void)
{
    (void)alarm(20); /* a lock that was inherited held would never be free */
    for (int i = 0; i < 20; i++)
        if (!knows(shared, "bob", "EX", "b"))
            return false;
    return true;
}

static void forks_during(struct race *race)
{
    pthread_t readers[4];

    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&readers[i], NULL, reader_run, race), 0);
    shared = race->store;
    for (int i = 0; i < 20; i++) {
        change(race, i);
        in_child(child_looks_up);
    }
    atomic_store(&race->done, true);
    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(pthread_join(readers[i], NULL), 0);
    assert_never_wrong(race);
}

Test(concurrency, fork_while_threads_are_inside_a_store, .init = folder_make, .fini = folder_remove)
{
    struct race races[2] = {{.store = store_create(folder_path("db"))}, {.store = store_open("memory:")}};

    for (size_t i = 0; i < 2; i++) {
        store_add(races[i].store, "alice", "EX", "even");
        store_add(races[i].store, "bob", "EX", "b");
        forks_during(&races[i]);
        account_store_release(races[i].store);
    }
}
