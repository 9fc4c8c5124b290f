/*
 * The replay cache (replay.c): each entry once, whoever asks, thread or process; full means refuse.
 */
#include "state/replay.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support_replay.h"

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

struct small_race {
    struct replay *cache;
    int64_t stamp;
    uint32_t first;
    unsigned won;
};

static void *small_racer(void *argument)
{
    struct small_race *race = argument;

    for (uint32_t i = 0; i < 60; i++)
        race->won += insert_at(race->cache, (race->first + i) % 60, race->stamp, race->stamp) == SEC_E_OK;
    return NULL;
}

/* All digests fall into one bucket, whatever lock they would fall to otherwise. */
Test(replay, threads_win_each_entry_of_one_bucket_once)
{
    struct replay *cache = opened(REPLAY_MEMORY, 64);

    for (int64_t round = 0; round < 200; round++) {
        struct small_race races[RACERS];
        pthread_t threads[RACERS];
        unsigned won = 0;

        for (size_t i = 0; i < RACERS; i++) {
            races[i] = (struct small_race){cache, NOW + round * 4 * SKEW, (uint32_t)i * 60 / RACERS, 0};
            cr_assert_eq(pthread_create(&threads[i], NULL, small_racer, &races[i]), 0);
        }
        for (size_t i = 0; i < RACERS; i++) {
            cr_assert_eq(pthread_join(threads[i], NULL), 0);
            won += races[i].won;
        }
        cr_assert_eq(won, 60u);
        for (uint32_t i = 0; i < 60; i++) /* none was written over another */
            assert_status(insert_at(cache, i, races[0].stamp, races[0].stamp), SEC_E_LOGON_DENIED);
    }
    replay_close(cache);
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

static atomic_bool stop;

static void *insert_all_the_time(void *argument)
{
    for (uint32_t i = 0; !atomic_load(&stop); i++)
        (void)!insert_at(argument, i, NOW, NOW);
    return NULL;
}

Test(replay, fork_while_threads_are_inside)
{
    struct replay *cache = opened(REPLAY_MEMORY, 16384);
    pthread_t threads[RACERS];

    atomic_store(&stop, false);
    for (size_t i = 0; i < RACERS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, insert_all_the_time, cache), 0);
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        int status = -1;

        if (child == 0) {
            alarm(20);
            for (uint32_t j = 0; j < 256; j++)
                (void)!insert_at(cache, j, NOW, NOW);
            _exit(0);
        }
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0);
    }
    atomic_store(&stop, true);
    for (size_t i = 0; i < RACERS; i++)
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
    replay_close(cache);
}
