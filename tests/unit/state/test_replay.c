/*
 * The replay cache (replay.c, replay_file.c): each entry once, whoever asks, thread or process; full and unusable mean
 * refuse.
 */
#include "state/replay.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "state/replay_table.h"
#include "test.h"

#define SECOND CLOCK_TICKS_PER_SECOND
#define NOW (INT64_C(133485408000000000))
#define SKEW (300 * SECOND)

struct place {
    char folder[64], path[96];
};

static void place_make(struct place *place)
{
    snprintf(place->folder, sizeof place->folder, "/tmp/sspi-replay-XXXXXX");
    cr_assert_not_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/cache", place->folder);
}

static void place_clear(const struct place *place)
{
    unlink(place->path);
    cr_assert_eq(rmdir(place->folder), 0);
}

static struct replay *opened(const char *location, uint32_t entries)
{
    struct replay *cache;

    assert_status(replay_open(location, entries, &cache, NULL), SEC_E_OK);
    return cache;
}

static void digest_of(uint32_t number, uint8_t digest[REPLAY_DIGEST_SIZE])
{
    uint64_t mixed = (number + 1) * UINT64_C(0x9E3779B97F4A7C15);

    memset(digest, 0, REPLAY_DIGEST_SIZE);
    mixed ^= mixed >> 29;
    memcpy(digest, &mixed, sizeof mixed);
    memcpy(digest + 16, &number, sizeof number);
}

static SECURITY_STATUS insert_at(struct replay *cache, uint32_t number, int64_t stamp, int64_t now)
{
    uint8_t digest[REPLAY_DIGEST_SIZE];

    digest_of(number, digest);
    return replay_insert(cache, digest, stamp, SKEW, now, NULL);
}

static void once_each(struct replay *cache)
{
    for (uint32_t i = 0; i < 500; i++)
        assert_status(insert_at(cache, i, NOW, NOW), SEC_E_OK);
    for (uint32_t i = 0; i < 500; i++)
        assert_status(insert_at(cache, i, NOW, NOW), SEC_E_LOGON_DENIED);
}

Test(replay, memory)
{
    struct replay *cache = opened(REPLAY_MEMORY, 4096);

    once_each(cache);
    replay_close(cache);
    cache = opened(REPLAY_MEMORY, 4096);
    assert_status(insert_at(cache, 0, NOW, NOW), SEC_E_OK); /* gone with its last user */
    replay_close(cache);
    replay_close(NULL);
}

Test(replay, file_outlives_its_users)
{
    struct place place;
    struct replay *cache;
    struct stat status;

    place_make(&place);
    cache = opened(place.path, 4096);
    once_each(cache);
    replay_close(cache);
    cr_assert_eq(stat(place.path, &status), 0);
    cr_assert_eq(status.st_mode & 07777, 0600);
    cache = opened(place.path, 64); /* an existing one keeps its room */
    for (uint32_t i = 0; i < 500; i++)
        assert_status(insert_at(cache, i, NOW, NOW), SEC_E_LOGON_DENIED);
    replay_close(cache);
    place_clear(&place);
}

Test(replay, one_location_is_one_cache)
{
    struct replay *first = opened(REPLAY_MEMORY, 64), *second = opened(REPLAY_MEMORY, 64);

    assert_status(insert_at(first, 1, NOW, NOW), SEC_E_OK);
    assert_status(insert_at(second, 1, NOW, NOW), SEC_E_LOGON_DENIED);
    replay_close(first);
    assert_status(insert_at(second, 1, NOW, NOW), SEC_E_LOGON_DENIED);
    replay_close(second);
}

/* As long as an authenticator of that stamp could be accepted, it is remembered. */
Test(replay, remembered_long_enough)
{
    struct replay *cache = opened(REPLAY_MEMORY, 64);
    const int64_t stamp = NOW + SKEW; /* a client ahead by all that is allowed */

    assert_status(insert_at(cache, 1, stamp, NOW), SEC_E_OK);
    assert_status(insert_at(cache, 1, stamp, stamp + SKEW), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 1, stamp, stamp + SKEW + 2 * SECOND), SEC_E_OK);
    replay_close(cache);
}

/* A user of the cache that allows more makes it remember for longer. */
Test(replay, longest_skew_of_all_users_counts)
{
    struct replay *cache = opened(REPLAY_MEMORY, 64);
    uint8_t digest[REPLAY_DIGEST_SIZE];

    digest_of(1, digest);
    assert_status(insert_at(cache, 7, NOW, NOW), SEC_E_OK);
    assert_status(replay_insert(cache, digest, NOW, 4 * SKEW, NOW, NULL), SEC_E_OK);
    assert_status(insert_at(cache, 2, NOW, NOW), SEC_E_OK);
    assert_status(insert_at(cache, 2, NOW, NOW + 4 * SKEW), SEC_E_LOGON_DENIED);
    replay_close(cache);
}

Test(replay, full_means_refuse)
{
    struct replay *cache = opened(REPLAY_MEMORY, 64);
    struct failure failure = {0};
    uint8_t digest[REPLAY_DIGEST_SIZE];

    for (uint32_t i = 0; i < 64; i++)
        assert_status(insert_at(cache, i, NOW, NOW), SEC_E_OK);
    digest_of(64, digest);
    assert_status(replay_insert(cache, digest, NOW, SKEW, NOW, &failure), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cr_assert_eq(failure.reason, SSPI_REASON_REPLAY_CACHE);
    for (uint32_t i = 0; i < 64; i++) /* nothing live was evicted */
        assert_status(insert_at(cache, i, NOW, NOW), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 64, NOW + 2 * SKEW, NOW + 2 * SKEW), SEC_E_OK); /* the old ones are over */
    replay_close(cache);
}

/* ---- Files that must not be used ---- */

static void refused(const char *path)
{
    struct failure failure = {0};
    struct replay *cache;

    assert_status(replay_open(path, 64, &cache, &failure), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cr_assert_eq(failure.reason, SSPI_REASON_REPLAY_CACHE);
    cr_assert_not_null(strstr(failure.text, path));
    cr_assert_null(cache);
}

static void file_of(const char *path, const char *content, mode_t mode)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    fputs(content, file);
    fclose(file);
    cr_assert_eq(chmod(path, mode), 0);
}

Test(replay, unusable_files_are_refused)
{
    struct place place;
    char other[128];

    place_make(&place);
    snprintf(other, sizeof other, "%s/other", place.folder);
    refused("/nonexistent/folder/cache");
    refused(place.folder);
    file_of(place.path, "not a cache", 0600);
    refused(place.path);
    file_of(place.path, "", 0644);
    refused(place.path);
    unlink(place.path);
    file_of(other, "", 0600);
    cr_assert_eq(symlink(other, place.path), 0);
    refused(place.path);
    unlink(place.path);
    cr_assert_eq(link(other, place.path), 0);
    refused(place.path);
    unlink(other);
    unlink(place.path);
    cr_assert_eq(mkfifo(place.path, 0600), 0);
    refused(place.path);
    place_clear(&place);
}

Test(replay, file_of_another_user_is_refused)
{
    struct place place;

    if (geteuid() != 0)
        return;
    place_make(&place);
    file_of(place.path, "", 0600);
    cr_assert_eq(chown(place.path, 12345, 12345), 0);
    refused(place.path);
    place_clear(&place);
}

/* Whoever made the file where ours should be holds its lock too: refused, not waited for. */
Test(replay, lock_of_an_unusable_file_is_not_waited_for)
{
    struct place place;
    int held;

    place_make(&place);
    file_of(place.path, "", 0666);
    held = open(place.path, O_RDWR | O_CLOEXEC);
    cr_assert_geq(held, 0);
    cr_assert_eq(flock(held, LOCK_EX), 0);
    alarm(30);
    refused(place.path);
    alarm(0);
    close(held);
    place_clear(&place);
}

Test(replay, altered_header_is_refused)
{
    struct place place;
    FILE *file;

    for (long at = 0; at < 16; at += 4) {
        place_make(&place);
        replay_close(opened(place.path, 64));
        file = fopen(place.path, "r+");
        cr_assert_not_null(file);
        fseek(file, at, SEEK_SET);
        fputc(0x5A, file);
        fclose(file);
        refused(place.path);
        place_clear(&place);
    }
}

/* Someone deletes the file while it is in use: what was known goes along to the new one. */
Test(replay, deleted_file_is_made_anew)
{
    struct place place;
    struct replay *cache;
    struct stat status;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    unlink(place.path);
    assert_status(insert_at(cache, 2, NOW, NOW + 2 * SECOND), SEC_E_OK);
    cr_assert_eq(stat(place.path, &status), 0);
    assert_status(insert_at(cache, 1, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    replay_close(cache);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 2, NOW, NOW + 2 * SECOND), SEC_E_LOGON_DENIED);
    replay_close(cache);
    place_clear(&place);
}

/* ---- Many at once ---- */

#define RACERS 4
#define NUMBERS 2000

struct race {
    struct replay *cache;
    unsigned won;
};

static void *racer(void *argument)
{
    struct race *race = argument;

    for (uint32_t i = 0; i < NUMBERS; i++)
        race->won += insert_at(race->cache, i, NOW, NOW) == SEC_E_OK;
    return NULL;
}

Test(replay, threads_win_each_entry_once)
{
    struct race races[RACERS] = {0};
    pthread_t threads[RACERS];
    unsigned won = 0;

    for (size_t i = 0; i < RACERS; i++) {
        races[i].cache = opened(REPLAY_MEMORY, 16384);
        cr_assert_eq(pthread_create(&threads[i], NULL, racer, &races[i]), 0);
    }
    for (size_t i = 0; i < RACERS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        won += races[i].won;
    }
    for (size_t i = 0; i < RACERS; i++)
        replay_close(races[i].cache);
    cr_assert_eq(won, NUMBERS);
}

/* A process of its own that inserts all numbers and reports how many were new. */
static int runner_start(const char *location, struct replay *inherited, pid_t *child)
{
    int ends[2];
    struct race race = {.cache = inherited};

    cr_assert_eq(pipe(ends), 0);
    *child = fork();
    cr_assert_geq(*child, 0);
    if (*child > 0) {
        close(ends[1]);
        return ends[0];
    }
    if (!race.cache && replay_open(location, 16384, &race.cache, NULL) != SEC_E_OK)
        _exit(1);
    racer(&race);
    _exit(write(ends[1], &race.won, sizeof race.won) == (ssize_t)sizeof race.won ? 0 : 1);
}

static unsigned processes_won(const char *location, struct replay *inherited)
{
    pid_t children[RACERS];
    int ends[RACERS];
    unsigned total = 0;

    for (size_t i = 0; i < RACERS; i++)
        ends[i] = runner_start(location, inherited, &children[i]);
    for (size_t i = 0; i < RACERS; i++) {
        unsigned won = 0;
        int status;

        cr_assert_eq(read(ends[i], &won, sizeof won), (ssize_t)sizeof won);
        cr_assert_eq(waitpid(children[i], &status, 0), children[i]);
        cr_assert_eq(status, 0);
        close(ends[i]);
        total += won;
    }
    return total;
}

Test(replay, processes_win_each_entry_once)
{
    struct replay *cache = opened(REPLAY_MEMORY, 16384);
    struct place place;

    place_make(&place);
    cr_assert_eq(processes_won(place.path, NULL), NUMBERS);
    cr_assert_eq(processes_won(NULL, cache), NUMBERS); /* children of one memory */
    replay_close(cache);
    place_clear(&place);
}

/* A process that dies with the lock held leaves a cache that goes on. */
Test(replay, death_inside_is_survived)
{
    struct place place;
    struct replay *cache;
    pid_t child;
    int status;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    child = fork();
    if (child == 0) {
        struct replay_table *table;

        if (replay_table_open(place.path, 64, &table, NULL) != SEC_E_OK)
            _exit(1);
        _exit(pthread_mutex_lock(&table->header->lock) == 0 ? 0 : 2);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    assert_status(insert_at(cache, 2, NOW, NOW), SEC_E_OK);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 2, NOW, NOW), SEC_E_LOGON_DENIED);
    replay_close(cache);
    place_clear(&place);
}

/* After a restart of the machine the lock means nothing, and the entries still do. */
Test(replay, restart_of_the_machine)
{
    struct place place;
    struct replay *cache;
    FILE *file;

    place_make(&place);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_OK);
    replay_close(cache);
    file = fopen(place.path, "r+");
    cr_assert_not_null(file);
    fseek(file, offsetof(struct replay_header, boot), SEEK_SET);
    fputc('x', file);
    fseek(file, offsetof(struct replay_header, lock), SEEK_SET);
    for (size_t i = 0; i < sizeof(pthread_mutex_t); i++)
        fputc(0x11, file);
    fclose(file);
    cache = opened(place.path, 64);
    assert_status(insert_at(cache, 1, NOW, NOW), SEC_E_LOGON_DENIED);
    assert_status(insert_at(cache, 2, NOW, NOW), SEC_E_OK);
    replay_close(cache);
    place_clear(&place);
}
