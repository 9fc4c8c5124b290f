/*
 * The replay cache: one list of open caches a process, and what is done when the file of one is not what it was.
 * Packages call replay_insert() as the last act before they let somebody in.
 */
#include "state/replay.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "state/replay_table.h"

#define ATTEMPTS 4

struct replay {
    char *location;
    uint32_t entries;
    size_t users;
    struct replay_table table;
    _Atomic(int64_t) looked; /* when the file was last seen under its name */
    struct replay *next;
};

/*
 * A login holds the one lock that its digest falls to; whoever changes the list or a table's file, and fork(), holds
 * them all. Record locks do not exclude threads, and closing any descriptor of a file drops them all.
 */
#define STRIPES 16

static pthread_mutex_t stripes[STRIPES];
static pthread_once_t caches_once = PTHREAD_ONCE_INIT;
static struct replay *caches;

static void caches_enter(void)
{
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_lock(&stripes[i]);
}

static void caches_leave(void)
{
    for (size_t i = STRIPES; i-- > 0;)
        pthread_mutex_unlock(&stripes[i]);
}

static void caches_start(void)
{
    for (size_t i = 0; i < STRIPES; i++)
        pthread_mutex_init(&stripes[i], NULL);
    (void)pthread_atfork(caches_enter, caches_leave, caches_leave);
}

static const char *path_of(const struct replay *cache)
{
    return strcmp(cache->location, REPLAY_MEMORY) ? cache->location : NULL;
}

/* ---- The list ---- */

static struct replay *cache_find(const char *location)
{
    struct replay *cache = caches;

    while (cache && strcmp(cache->location, location) != 0)
        cache = cache->next;
    return cache;
}

static SECURITY_STATUS cache_add(const char *location, uint32_t entries, struct replay **out, struct failure *failure)
{
    struct replay *cache = mem_zalloc(sizeof *cache);
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    if (cache)
        cache->location = mem_strdup(location);
    if (!cache || !cache->location)
        (void)failure_set(failure, status, SSPI_REASON_OUT_OF_MEMORY, "no memory for a replay cache");
    else
        status = replay_table_open(&cache->table, path_of(cache), entries, failure);
    if (status != SEC_E_OK) {
        mem_free(cache ? cache->location : NULL);
        mem_free(cache);
        return status;
    }
    cache->entries = entries;
    atomic_init(&cache->looked, 0);
    cache->next = caches;
    caches = cache;
    *out = cache;
    return SEC_E_OK;
}

SECURITY_STATUS replay_open(const char *location, uint32_t entries, struct replay **out, struct failure *failure)
{
    char path[64];
    SECURITY_STATUS status = SEC_E_OK;
    struct replay *cache;

    *out = NULL;
    if (!location) {
        snprintf(path, sizeof path, "/var/tmp/sspi-replay-%u", (unsigned)geteuid());
        location = path;
    }
    pthread_once(&caches_once, caches_start);
    caches_enter();
    cache = cache_find(location);
    if (!cache)
        status = cache_add(location, entries, &cache, failure);
    if (status == SEC_E_OK) {
        cache->users++;
        *out = cache;
    }
    caches_leave();
    return status;
}

void replay_close(struct replay *cache)
{
    struct replay **place = &caches;

    if (!cache)
        return;
    caches_enter();
    if (--cache->users > 0) {
        caches_leave();
        return;
    }
    while (*place != cache)
        place = &(*place)->next;
    *place = cache->next;
    replay_table_close(&cache->table);
    caches_leave();
    mem_free(cache->location);
    mem_free(cache);
}

/* ---- A file that is not what it was ---- */

/* Other processes will open what has the name now, so we go there too and take along what we know. */
static SECURITY_STATUS cache_follow(struct replay *cache, const struct replay_login *login, struct failure *failure)
{
    struct replay_table next;
    SECURITY_STATUS status = replay_table_open(&next, path_of(cache), cache->entries, failure);
    bool same = status == SEC_E_OK && next.device == cache->table.device && next.inode == cache->table.inode;

    if (status != SEC_E_OK)
        return status;
    if (!same && !replay_table_carry(&cache->table, &next, login)) {
        replay_table_close(&next);
        return replay_unusable(failure, cache->location, strerror(errno));
    }
    replay_table_close(&cache->table);
    cache->table = next;
    return SEC_E_OK;
}

static bool cache_named(const struct replay *cache)
{
    const char *path = path_of(cache);

    return !path || replay_table_named(&cache->table, path);
}

/* Every thread that came upon the need comes here, so what was done already does no harm. */
static SECURITY_STATUS cache_mend(struct replay *cache, enum replay_need need, const struct replay_login *login,
                                  struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    caches_enter();
    if (need == REPLAY_GONE)
        status = cache_follow(cache, login, failure);
    else if (need == REPLAY_DAMAGED || need == REPLAY_SKEW)
        status = replay_table_repair(&cache->table, cache->location, cache->entries, login, failure);
    caches_leave();
    return status;
}

/* ---- A login ---- */

/* Whether it has its name, looked up once a second. */
static bool cache_look(struct replay *cache, int64_t now)
{
    const int64_t looked = atomic_load_explicit(&cache->looked, memory_order_relaxed);

    if (now >= looked && now - looked < CLOCK_TICKS_PER_SECOND)
        return true;
    if (!cache_named(cache))
        return false;
    atomic_store_explicit(&cache->looked, now, memory_order_relaxed);
    return true;
}

/* Two digests of one bucket fall to one lock. How many buckets there are may change until we hold one. */
static pthread_mutex_t *stripe_enter(const struct replay *cache, const uint8_t digest[REPLAY_DIGEST_SIZE])
{
    size_t at = digest[0] % STRIPES;

    for (;;) {
        size_t right;

        pthread_mutex_lock(&stripes[at]);
        right = cache->table.buckets < STRIPES ? 0 : digest[0] % STRIPES;
        if (right == at)
            return &stripes[at];
        pthread_mutex_unlock(&stripes[at]);
        at = right;
    }
}

static enum replay_need attempt(struct replay *cache, const struct replay_login *login, SECURITY_STATUS *status,
                                struct failure *failure)
{
    pthread_mutex_t *stripe = stripe_enter(cache, login->digest);
    enum replay_need need = REPLAY_GONE;

    if (cache_look(cache, login->now))
        need = replay_table_insert(&cache->table, login, status, failure);
    pthread_mutex_unlock(stripe);
    return need;
}

SECURITY_STATUS replay_insert(struct replay *cache, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t stamp,
                              int64_t skew, int64_t now, struct failure *failure)
{
    const struct replay_login login = {.digest = digest, .stamp = stamp, .skew = skew, .now = now};

    for (int i = 0; i < ATTEMPTS; i++) {
        SECURITY_STATUS status = SEC_E_NO_AUTHENTICATING_AUTHORITY;
        enum replay_need need = attempt(cache, &login, &status, failure);

        if (need == REPLAY_FINE)
            return status;
        if (need == REPLAY_BROKEN)
            return replay_unusable(failure, cache->location, strerror(errno));
        status = cache_mend(cache, need, &login, failure);
        if (status != SEC_E_OK)
            return status;
    }
    return replay_unusable(failure, cache->location, "others change it all the time");
}
