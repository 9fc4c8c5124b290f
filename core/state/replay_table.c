/*
 * The atomic look-and-keep in the table of a replay cache, and the locks that make it one.
 * Called by replay.c for each login.
 */
#include "state/replay_table.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- Locks ---- */

static bool range_set(const struct replay_table *table, short type, off_t at, off_t size)
{
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = size};

    /* EDEADLK: threads of this process that wait for other files make the kernel see a circle where there is none. */
    while (fcntl(table->file, F_SETLKW, &range) != 0)
        if (errno != EINTR && errno != EDEADLK)
            return false;
    return true;
}

bool replay_range_lock(const struct replay_table *table, off_t at, off_t size)
{
    return range_set(table, F_WRLCK, at, size);
}

void replay_range_unlock(const struct replay_table *table, off_t at, off_t size)
{
    (void)range_set(table, F_UNLCK, at, size);
}

/* ---- Buckets ---- */

struct bucket {
    struct replay_entry entries[REPLAY_BUCKET];
};

static off_t bucket_place(uint64_t index)
{
    return REPLAY_HEADER_SIZE + (off_t)(index * sizeof(struct bucket));
}

static off_t bucket_of(const struct replay_table *table, const uint8_t digest[REPLAY_DIGEST_SIZE])
{
    uint64_t hash;

    memcpy(&hash, digest, sizeof hash);
    return bucket_place(hash & (table->buckets - 1));
}

/* True: found alive. Otherwise `*room` is a free entry, or NULL. */
static bool bucket_find(struct bucket *bucket, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t now,
                        struct replay_entry **room)
{
    struct replay_entry *entries = bucket->entries;

    *room = NULL;
    for (size_t i = 0; i < REPLAY_BUCKET; i++) {
        if (entries[i].until < now)
            *room = *room ? *room : &entries[i];
        else if (memcmp(entries[i].digest, digest, REPLAY_DIGEST_SIZE) == 0)
            return true;
    }
    return false;
}

static bool entry_write(const struct replay_table *table, off_t bucket_at, const struct bucket *bucket,
                        struct replay_entry *room, const uint8_t digest[REPLAY_DIGEST_SIZE], int64_t until)
{
    const off_t at = bucket_at + (room - bucket->entries) * (off_t)sizeof *room;

    room->until = until;
    memcpy(room->digest, digest, REPLAY_DIGEST_SIZE);
    return pwrite(table->file, room, sizeof *room, at) == (ssize_t)sizeof *room;
}

/* ---- One login ---- */

static enum replay_need read_failed(ssize_t size)
{
    return size < 0 ? REPLAY_BROKEN : REPLAY_DAMAGED;
}

/* What the header says; `*until` is how long the entry will count. */
static enum replay_need header_heed(const struct replay_table *table, const struct replay_login *login, int64_t *until,
                                    int64_t *trusted_after)
{
    struct replay_header header;
    ssize_t size = pread(table->file, &header, sizeof header, 0);

    if (size != (ssize_t)sizeof header)
        return read_failed(size);
    if (header.magic != REPLAY_MAGIC || header.version != REPLAY_VERSION || header.buckets != table->buckets)
        return REPLAY_DAMAGED;
    if (header.left)
        return REPLAY_GONE;
    if (header.longest_skew < login->skew)
        return REPLAY_SKEW;
    *until = login->stamp + header.longest_skew + CLOCK_TICKS_PER_SECOND;
    *trusted_after = header.trusted_after;
    return REPLAY_FINE;
}

static enum replay_need look_and_keep(const struct replay_table *table, off_t at, const struct replay_login *login,
                                      SECURITY_STATUS *status, struct failure *failure)
{
    struct bucket bucket;
    struct replay_entry *room;
    int64_t until, trusted_after;
    enum replay_need need = header_heed(table, login, &until, &trusted_after);
    ssize_t size;

    if (need != REPLAY_FINE)
        return need;
    size = pread(table->file, &bucket, sizeof bucket, at);
    if (size != (ssize_t)sizeof bucket)
        return read_failed(size);
    if (bucket_find(&bucket, login->digest, login->now, &room))
        *status = failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                              "this authenticator was used before: the login was replayed");
    else if (login->stamp <= trusted_after)
        *status = failure_set(failure, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_REPLAY_CACHE,
                              "the replay cache lost its entries while it was in use: logins are refused for another "
                              "%lld seconds, until none can be a replay",
                              (long long)((trusted_after - login->now) / CLOCK_TICKS_PER_SECOND + 1));
    else if (!room)
        *status = failure_set(failure, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_REPLAY_CACHE,
                              "the replay cache is full: login refused; raise option replay_cache_entries");
    else if (!entry_write(table, at, &bucket, room, login->digest, until))
        return REPLAY_BROKEN;
    else
        *status = SEC_E_OK;
    return REPLAY_FINE;
}

bool replay_table_open_still(const struct replay_table *table)
{
    struct stat seen;

    return fstat(table->file, &seen) == 0 && seen.st_dev == table->device && seen.st_ino == table->inode;
}

enum replay_need replay_table_insert(const struct replay_table *table, const struct replay_login *login,
                                     SECURITY_STATUS *status, struct failure *failure)
{
    const off_t at = bucket_of(table, login->digest);
    enum replay_need need;

    if (!replay_table_open_still(table))
        return REPLAY_GONE;
    if (!replay_range_lock(table, at, sizeof(struct bucket)))
        return REPLAY_BROKEN;
    need = look_and_keep(table, at, login, status, failure);
    replay_range_unlock(table, at, sizeof(struct bucket));
    return need;
}

/* ---- From one file to the next ---- */

/* False: there is no room for one that counts. */
static bool entry_carry(const struct replay_table *to, const struct replay_entry *entry, int64_t now)
{
    const off_t at = bucket_of(to, entry->digest);
    struct bucket bucket;
    struct replay_entry *room;

    if (pread(to->file, &bucket, sizeof bucket, at) != (ssize_t)sizeof bucket)
        return false;
    if (bucket_find(&bucket, entry->digest, now, &room))
        return true;
    return room && entry_write(to, at, &bucket, room, entry->digest, entry->until);
}

static bool entries_carry(const struct replay_table *from, const struct replay_table *to, int64_t now)
{
    struct bucket bucket;
    bool all = true;

    for (uint64_t i = 0; i < from->buckets; i++) {
        if (pread(from->file, &bucket, sizeof bucket, bucket_place(i)) != (ssize_t)sizeof bucket)
            return false;
        for (size_t j = 0; j < REPLAY_BUCKET; j++)
            if (bucket.entries[j].until >= now)
                all = entry_carry(to, &bucket.entries[j], now) && all;
    }
    return all;
}

/* From now on nobody keeps anything in it. */
static bool table_leave(const struct replay_table *table)
{
    const uint64_t left = 1;

    return pwrite(table->file, &left, sizeof left, offsetof(struct replay_header, left)) == (ssize_t)sizeof left;
}

bool replay_table_carry(struct replay_table *from, struct replay_table *to, const struct replay_login *login)
{
    bool all = false;

    to->longest_skew = from->longest_skew;
    if (replay_table_open_still(from) && replay_range_lock(from, 0, 0)) {
        if (replay_range_lock(to, 0, 0)) {
            all = table_leave(from) && entries_carry(from, to, login->now);
            replay_range_unlock(to, 0, 0);
        }
        replay_range_unlock(from, 0, 0);
    }
    return all || replay_table_distrust(to, login);
}
