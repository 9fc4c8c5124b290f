/*
 * The replay cache: one list of open caches a process, and the atomic look-and-keep in their tables.
 * Packages call replay_insert() as the last act before they let somebody in.
 */
#include "state/replay.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "state/replay_table.h"

struct replay {
    char *location;
    uint32_t entries;
    size_t users;
    _Atomic(struct replay_table *) table;
    _Atomic(int64_t) looked; /* when the file was last seen to have a name */
    struct replay *next;
};

static pthread_mutex_t caches_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t caches_once = PTHREAD_ONCE_INIT;
static struct replay *caches;

static void caches_enter(void)
{
    pthread_mutex_lock(&caches_lock);
}

static void caches_leave(void)
{
    pthread_mutex_unlock(&caches_lock);
}

static void caches_start(void)
{
    (void)pthread_atfork(caches_enter, caches_leave, caches_leave);
}

/* ---- The table ---- */

static bool table_lock(struct replay_header *header)
{
    int error = pthread_mutex_lock(&header->lock);

    /* A process died inside. Each entry is written so that half of one is a free one: there is nothing to repair. */
    if (error == EOWNERDEAD)
        error = pthread_mutex_consistent(&header->lock);
    return error == 0;
}

static struct replay_entry *bucket_of(struct replay_header *header, const uint8_t digest[REPLAY_DIGEST_SIZE])
{
    uint64_t hash;

    memcpy(&hash, digest, sizeof hash);
    return (struct replay_entry *)(void *)((char *)header + REPLAY_HEADER_SIZE)
           + (hash & (header->buckets - 1)) * REPLAY_BUCKET;
}

/* True: found alive. Otherwise `*room` is a free entry, or NULL. */
static bool bucket_find(struct replay_entry *bucket, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t now,
                        struct replay_entry **room)
{
    *room = NULL;
    for (size_t i = 0; i < REPLAY_BUCKET; i++) {
        if (bucket[i].until < now)
            *room = *room ? *room : &bucket[i];
        else if (memcmp(bucket[i].digest, digest, REPLAY_DIGEST_SIZE) == 0)
            return true;
    }
    return false;
}

static void entry_write(struct replay_entry *entry, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t until)
{
    memcpy(entry->digest, digest, REPLAY_DIGEST_SIZE);
    __atomic_store_n(&entry->until, until, __ATOMIC_RELEASE);
}

SECURITY_STATUS replay_table_insert(struct replay_table *table, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t stamp,
                                    int64_t skew, int64_t now, struct failure *failure)
{
    struct replay_header *header = table->header;
    struct replay_entry *room;
    SECURITY_STATUS status = SEC_E_OK;

    if (!table_lock(header))
        return replay_unusable(failure, "in use", "its lock is broken; delete it while no server runs");
    if (header->longest_skew < skew)
        header->longest_skew = skew;
    if (bucket_find(bucket_of(header, digest), digest, now, &room))
        status = failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                             "this authenticator was used before: the login was replayed");
    else if (!room)
        status = failure_set(failure, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_REPLAY_CACHE,
                             "the replay cache is full: login refused; raise option replay_cache_entries");
    else
        entry_write(room, digest, stamp + header->longest_skew + CLOCK_TICKS_PER_SECOND);
    pthread_mutex_unlock(&header->lock);
    return status;
}

void replay_table_carry(struct replay_table *from, struct replay_table *to, int64_t now)
{
    const struct replay_entry *entries = (const void *)((const char *)from->header + REPLAY_HEADER_SIZE);

    for (size_t i = 0; i < from->header->buckets * REPLAY_BUCKET; i++) {
        struct replay_entry *room, copy = entries[i];

        if (copy.until < now || !table_lock(to->header))
            continue;
        if (!bucket_find(bucket_of(to->header, copy.digest), copy.digest, now, &room) && room)
            entry_write(room, copy.digest, copy.until);
        pthread_mutex_unlock(&to->header->lock);
    }
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
    struct replay_table *table = NULL;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    if (cache)
        cache->location = mem_strdup(location);
    if (!cache || !cache->location)
        (void)failure_set(failure, status, SSPI_REASON_OUT_OF_MEMORY, "no memory for a replay cache");
    else
        status = replay_table_open(strcmp(location, REPLAY_MEMORY) ? location : NULL, entries, &table, failure);
    if (status != SEC_E_OK) {
        mem_free(cache ? cache->location : NULL);
        mem_free(cache);
        return status;
    }
    cache->entries = entries;
    atomic_init(&cache->table, table);
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
    caches_leave();
    replay_table_close(atomic_load(&cache->table));
    mem_free(cache->location);
    mem_free(cache);
}

/* Somebody deleted the file: other processes will make a new one, so we go there too and take along what we know. */
static SECURITY_STATUS cache_follow(struct replay *cache, struct replay_table *old, int64_t now,
                                    struct failure *failure)
{
    struct replay_table *table = NULL;
    SECURITY_STATUS status = SEC_E_OK;

    caches_enter();
    if (atomic_load(&cache->table) == old)
        status = replay_table_open(cache->location, cache->entries, &table, failure);
    if (table) {
        table->older = old;
        replay_table_carry(old, table, now);
        atomic_store(&cache->table, table);
    }
    caches_leave();
    return status;
}

SECURITY_STATUS replay_insert(struct replay *cache, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t stamp,
                              int64_t skew, int64_t now, struct failure *failure)
{
    struct replay_table *table = atomic_load_explicit(&cache->table, memory_order_acquire);
    int64_t looked = atomic_load_explicit(&cache->looked, memory_order_relaxed);
    SECURITY_STATUS status = SEC_E_OK;

    if (now < looked || now - looked >= CLOCK_TICKS_PER_SECOND) {
        atomic_store_explicit(&cache->looked, now, memory_order_relaxed);
        if (replay_table_deleted(table))
            status = cache_follow(cache, table, now, failure);
        table = atomic_load(&cache->table);
    }
    return status == SEC_E_OK ? replay_table_insert(table, digest, stamp, skew, now, failure) : status;
}
