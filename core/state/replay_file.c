/*
 * The file behind a replay cache: one that only its owner may open, or one without a name that children inherit.
 * Called by replay.c when a cache is opened or mended, never while logins are checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "state/replay_table.h"

#define SKEW_GUESSED (300 * CLOCK_TICKS_PER_SECOND) /* until a login says its own */
#define ATTEMPTS 8

_Static_assert(sizeof(struct replay_header) <= REPLAY_HEADER_SIZE, "the header has a page of its own");

SECURITY_STATUS replay_unusable(struct failure *failure, const char *where, const char *why)
{
    return failure_set(failure, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_REPLAY_CACHE,
                       "replay cache %s: %s (option replay_cache names another place)", where, why);
}

static uint64_t buckets_for(uint32_t entries)
{
    uint64_t buckets = 1;

    while (buckets * REPLAY_BUCKET < entries)
        buckets *= 2;
    return buckets;
}

static off_t size_for(uint64_t buckets)
{
    return REPLAY_HEADER_SIZE + (off_t)(buckets * REPLAY_BUCKET * sizeof(struct replay_entry));
}

static bool header_read(const struct replay_table *table, struct replay_header *header)
{
    return pread(table->file, header, sizeof *header, 0) == (ssize_t)sizeof *header;
}

static bool header_write(const struct replay_table *table, const struct replay_header *header)
{
    return pwrite(table->file, header, sizeof *header, 0) == (ssize_t)sizeof *header;
}

static SECURITY_STATUS file_rules(const struct stat *status, const char *path, struct failure *failure)
{
    if (!S_ISREG(status->st_mode))
        return replay_unusable(failure, path, "is not a regular file");
    if (status->st_uid != geteuid())
        return replay_unusable(failure, path, "belongs to another user");
    if (status->st_mode & 077)
        return replay_unusable(failure, path, "is open to other users; it must have mode 0600");
    if (status->st_nlink > 1)
        return replay_unusable(failure, path, "has a second name");
    return SEC_E_OK;
}

static SECURITY_STATUS file_look(const struct replay_table *table, const char *path, struct stat *status,
                                 struct failure *failure)
{
    if (fstat(table->file, status) != 0)
        return replay_unusable(failure, path, strerror(errno));
    return file_rules(status, path, failure);
}

/* Blocks of a disk are taken at once: a full one must not be found when somebody logs in. Memory is taken when used. */
static int room_take(const struct replay_table *table, off_t size)
{
    if (table->nameless)
        return ftruncate(table->file, size) == 0 ? 0 : errno;
    return posix_fallocate(table->file, 0, size);
}

/* `longest_skew`, `trusted_after`: see replay_header. */
static SECURITY_STATUS file_make(struct replay_table *table, const char *path, uint32_t entries, int64_t longest_skew,
                                 int64_t trusted_after, struct failure *failure)
{
    const struct replay_header header = {
        .magic = REPLAY_MAGIC,
        .version = REPLAY_VERSION,
        .buckets = buckets_for(entries),
        .longest_skew = longest_skew,
        .trusted_after = trusted_after,
    };
    int error = ftruncate(table->file, 0) == 0 ? 0 : errno;

    if (!error)
        error = room_take(table, size_for(header.buckets));
    if (!error && !header_write(table, &header))
        error = errno;
    if (error) {
        if (ftruncate(table->file, 0) != 0) /* what is left is mended or refused when it is opened next */
            error = errno;
        return replay_unusable(failure, path, strerror(error));
    }
    table->buckets = header.buckets;
    table->longest_skew = longest_skew;
    return SEC_E_OK;
}

enum file_state { FILE_GOOD, FILE_EMPTY, FILE_CUT, FILE_FOREIGN };

/* Nobody makes an empty file under the cache's name: what was in it is lost. */
static enum file_state file_state_of(const struct replay_table *table, off_t size, struct replay_header *header)
{
    if (size == 0)
        return FILE_EMPTY;
    if (size < REPLAY_HEADER_SIZE || !header_read(table, header))
        return FILE_CUT;
    if (header->magic == 0)
        return FILE_EMPTY;
    if (header->magic != REPLAY_MAGIC || header->version != REPLAY_VERSION || header->buckets == 0
        || (header->buckets & (header->buckets - 1)) || header->buckets > UINT32_MAX / REPLAY_BUCKET)
        return FILE_FOREIGN;
    return size_for(header->buckets) == size ? FILE_GOOD : FILE_CUT;
}

/* A file found good: its size and skew are ours from now on. One that was left has got its name back. */
static SECURITY_STATUS file_adopt(struct replay_table *table, const char *path, struct replay_header *header,
                                  struct failure *failure)
{
    table->buckets = header->buckets;
    if (table->longest_skew < header->longest_skew)
        table->longest_skew = header->longest_skew;
    if (!header->left)
        return SEC_E_OK;
    header->left = 0;
    return header_write(table, header) ? SEC_E_OK : replay_unusable(failure, path, strerror(errno));
}

static SECURITY_STATUS file_foreign(const char *path, struct failure *failure)
{
    return replay_unusable(failure, path, "is not a replay cache of this version; delete it while no server runs");
}

/* The file is locked. Who might log in by what a file held that is empty now, nobody knows: as if it was cut short. */
static SECURITY_STATUS file_fill(struct replay_table *table, const char *path, uint32_t entries,
                                 struct failure *failure)
{
    struct replay_header header;
    struct stat seen;
    SECURITY_STATUS status = file_look(table, path, &seen, failure);

    if (status != SEC_E_OK)
        return status;
    switch (file_state_of(table, seen.st_size, &header)) {
    case FILE_GOOD:
        return file_adopt(table, path, &header, failure);
    case FILE_EMPTY:
        return file_make(table, path, entries, SKEW_GUESSED, clock_now() + SKEW_GUESSED, failure);
    default:
        return file_foreign(path, failure);
    }
}

static bool file_known(struct replay_table *table)
{
    struct stat seen;

    if (fstat(table->file, &seen) != 0)
        return false;
    table->device = seen.st_dev;
    table->inode = seen.st_ino;
    return true;
}

/* A file gets its name when it is ready. Not every file system can refuse to replace another by a rename. */
static bool name_give(const char *fresh, const char *path)
{
    if (renameat2(AT_FDCWD, fresh, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (link(fresh, path) != 0)
        return false;
    return unlink(fresh) == 0;
}

/* `*taken`: others have made one meanwhile. */
static SECURITY_STATUS file_create(struct replay_table *table, const char *path, uint32_t entries, bool *taken,
                                   struct failure *failure)
{
    char fresh[PATH_MAX];
    SECURITY_STATUS status;

    *taken = false;
    if ((size_t)snprintf(fresh, sizeof fresh, "%s.XXXXXX", path) >= sizeof fresh)
        return replay_unusable(failure, path, strerror(ENAMETOOLONG));
    table->file = mkostemp(fresh, O_CLOEXEC);
    if (table->file < 0 || !file_known(table))
        return replay_unusable(failure, path, strerror(errno));
    status = file_make(table, path, entries, 0, 0, failure);
    if (status == SEC_E_OK && name_give(fresh, path))
        return SEC_E_OK;
    *taken = status == SEC_E_OK && errno == EEXIST;
    if (status == SEC_E_OK)
        status = replay_unusable(failure, path, strerror(errno));
    (void)!unlink(fresh);
    return status;
}

static SECURITY_STATUS file_use(struct replay_table *table, const char *path, uint32_t entries, struct failure *failure)
{
    SECURITY_STATUS status;
    struct stat seen;

    /* Before the lock too: whoever owns another file could hold that for ever. */
    status = file_look(table, path, &seen, failure);
    if (status != SEC_E_OK)
        return status;
    table->device = seen.st_dev;
    table->inode = seen.st_ino;
    if (!replay_range_lock(table, 0, 0))
        return replay_unusable(failure, path, strerror(errno));
    status = file_fill(table, path, entries, failure);
    replay_range_unlock(table, 0, 0);
    return status;
}

static SECURITY_STATUS file_open(struct replay_table *table, const char *path, uint32_t entries,
                                 struct failure *failure)
{
    SECURITY_STATUS status;
    bool taken;

    for (int attempt = 0;; attempt++) {
        table->file = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (table->file >= 0)
            return file_use(table, path, entries, failure);
        if (errno != ENOENT)
            return replay_unusable(failure, path, errno == ELOOP ? "is a symbolic link" : strerror(errno));
        status = file_create(table, path, entries, &taken, failure);
        if (!taken || attempt == ATTEMPTS)
            return status;
        replay_table_close(table);
    }
}

static SECURITY_STATUS memory_open(struct replay_table *table, uint32_t entries, struct failure *failure)
{
    struct stat seen;

    table->nameless = true;
    table->file = memfd_create("sspi-replay", MFD_CLOEXEC);
    if (table->file < 0 || fstat(table->file, &seen) != 0)
        return replay_unusable(failure, REPLAY_MEMORY, strerror(errno));
    table->device = seen.st_dev;
    table->inode = seen.st_ino;
    return file_make(table, REPLAY_MEMORY, entries, 0, 0, failure);
}

SECURITY_STATUS replay_table_open(struct replay_table *table, const char *path, uint32_t entries,
                                  struct failure *failure)
{
    SECURITY_STATUS status;

    *table = (struct replay_table){.file = -1};
    status = path ? file_open(table, path, entries, failure) : memory_open(table, entries, failure);
    if (status != SEC_E_OK)
        replay_table_close(table);
    return status;
}

void replay_table_close(struct replay_table *table)
{
    if (table->file >= 0 && (!table->inode || replay_table_open_still(table)))
        close(table->file);
    table->file = -1;
}

bool replay_table_named(const struct replay_table *table, const char *path)
{
    struct stat seen;

    return lstat(path, &seen) == 0 && seen.st_dev == table->device && seen.st_ino == table->inode;
}

static int64_t skew_of(const struct replay_table *table, const struct replay_login *login)
{
    return login->skew > table->longest_skew ? login->skew : table->longest_skew;
}

bool replay_table_distrust(const struct replay_table *table, const struct replay_login *login)
{
    const int64_t skew = skew_of(table, login), from = login->now + skew;
    struct replay_header header;
    bool ok = replay_range_lock(table, 0, 0);

    if (!ok)
        return false;
    ok = header_read(table, &header);
    if (ok && header.trusted_after < from) {
        header.trusted_after = from;
        header.longest_skew = header.longest_skew < skew ? skew : header.longest_skew;
        ok = header_write(table, &header);
    }
    replay_range_unlock(table, 0, 0);
    return ok;
}

static SECURITY_STATUS skew_tell(struct replay_table *table, const char *path, int64_t skew, struct failure *failure)
{
    struct replay_header header;

    if (!header_read(table, &header))
        return replay_unusable(failure, path, "cannot be read");
    if (header.longest_skew < skew) {
        if (header.trusted_after) /* it was reckoned with the shorter one */
            header.trusted_after += skew - header.longest_skew;
        header.longest_skew = skew;
        if (!header_write(table, &header))
            return replay_unusable(failure, path, strerror(errno));
    }
    table->longest_skew = header.longest_skew;
    return SEC_E_OK;
}

/* The file is locked. Others may have mended it before us. */
static SECURITY_STATUS file_mend(struct replay_table *table, const char *path, uint32_t entries,
                                 const struct replay_login *login, struct failure *failure)
{
    struct replay_header header;
    struct stat seen;
    SECURITY_STATUS status;

    if (fstat(table->file, &seen) != 0)
        return replay_unusable(failure, path, strerror(errno));
    switch (file_state_of(table, seen.st_size, &header)) {
    case FILE_GOOD:
        status = header.left ? SEC_E_OK : file_adopt(table, path, &header, failure);
        break;
    case FILE_FOREIGN:
        return file_foreign(path, failure);
    default:
        status = file_make(table, path, entries, skew_of(table, login), login->now + skew_of(table, login), failure);
    }
    return status == SEC_E_OK ? skew_tell(table, path, login->skew, failure) : status;
}

SECURITY_STATUS replay_table_repair(struct replay_table *table, const char *path, uint32_t entries,
                                    const struct replay_login *login, struct failure *failure)
{
    SECURITY_STATUS status;

    if (!replay_range_lock(table, 0, 0))
        return replay_unusable(failure, path, strerror(errno));
    status = file_mend(table, path, entries, login, failure);
    replay_range_unlock(table, 0, 0);
    return status;
}
