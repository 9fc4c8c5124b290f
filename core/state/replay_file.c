/*
 * The memory behind a replay cache: a file that only its owner may open, or pages that children inherit.
 * Called by replay.c when a cache is opened, never while logins are checked.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "state/replay_table.h"

_Static_assert(sizeof(struct replay_header) <= REPLAY_HEADER_SIZE, "the header has a page of its own");

SECURITY_STATUS replay_unusable(struct failure *failure, const char *where, const char *why)
{
    return failure_set(failure, SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_REPLAY_CACHE,
                       "replay cache %s: %s (option replay_cache names another place)", where, why);
}

/* Which start of the machine this is; empty where the system does not tell. */
static void boot_read(char boot[REPLAY_BOOT_SIZE])
{
    int file = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? 0 : read(file, boot, REPLAY_BOOT_SIZE - 1);

    memset(boot + (size > 0 ? size : 0), 0, REPLAY_BOOT_SIZE - (size_t)(size > 0 ? size : 0));
    if (file >= 0)
        close(file);
}

static bool lock_init(struct replay_header *header)
{
    pthread_mutexattr_t attributes;
    bool ok = pthread_mutexattr_init(&attributes) == 0;

    if (!ok)
        return false;
    ok = pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0
         && pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0
         && pthread_mutex_init(&header->lock, &attributes) == 0;
    pthread_mutexattr_destroy(&attributes);
    return ok;
}

static uint64_t buckets_for(uint32_t entries)
{
    uint64_t buckets = 1;

    while (buckets * REPLAY_BUCKET < entries)
        buckets *= 2;
    return buckets;
}

static size_t size_for(uint64_t buckets)
{
    return REPLAY_HEADER_SIZE + (size_t)buckets * REPLAY_BUCKET * sizeof(struct replay_entry);
}

static SECURITY_STATUS table_map(struct replay_table *table, const char *where, struct failure *failure)
{
    int flags = table->file < 0 ? MAP_SHARED | MAP_ANONYMOUS : MAP_SHARED;
    void *memory = mmap(NULL, table->size, PROT_READ | PROT_WRITE, flags, table->file, 0);

    if (memory == MAP_FAILED)
        return replay_unusable(failure, where, strerror(errno));
    table->header = memory;
    return SEC_E_OK;
}

static SECURITY_STATUS header_init(struct replay_header *header, uint64_t buckets, const char *where,
                                   struct failure *failure)
{
    header->version = REPLAY_VERSION;
    header->buckets = buckets;
    boot_read(header->boot);
    if (!lock_init(header))
        return replay_unusable(failure, where, "a lock shared by processes cannot be made");
    __atomic_store_n(&header->magic, REPLAY_MAGIC, __ATOMIC_RELEASE);
    return SEC_E_OK;
}

/* An existing file: of our form, and its lock made anew if the machine restarted since. */
static SECURITY_STATUS header_check(struct replay_table *table, const char *where, struct failure *failure)
{
    struct replay_header *header = table->header;
    char boot[REPLAY_BOOT_SIZE];

    if (header->magic != REPLAY_MAGIC || header->version != REPLAY_VERSION || header->buckets == 0
        || (header->buckets & (header->buckets - 1)) || header->buckets > UINT32_MAX / REPLAY_BUCKET
        || size_for(header->buckets) != table->size)
        return replay_unusable(failure, where, "is not a replay cache of this version; delete it while no server runs");
    boot_read(boot);
    if (memcmp(boot, header->boot, sizeof boot) == 0)
        return SEC_E_OK;
    memcpy(header->boot, boot, sizeof boot);
    return lock_init(header) ? SEC_E_OK : replay_unusable(failure, where, "its lock cannot be made");
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

/* The file is locked. Blocks are taken at once: a full disk must not be found by a store into the mapping. */
static SECURITY_STATUS file_fill(struct replay_table *table, const char *path, uint32_t entries,
                                 struct failure *failure)
{
    struct stat status;
    uint64_t buckets = buckets_for(entries);
    SECURITY_STATUS result;
    bool fresh;
    int error;

    result = file_look(table, path, &status, failure);
    if (result != SEC_E_OK)
        return result;
    fresh = status.st_size == 0;
    table->size = fresh ? size_for(buckets) : (size_t)status.st_size;
    if (table->size < size_for(1))
        return replay_unusable(failure, path, "is not a replay cache; delete it while no server runs");
    error = posix_fallocate(table->file, 0, (off_t)table->size);
    if (error) {
        if (fresh && ftruncate(table->file, 0) != 0)
            return replay_unusable(failure, path, strerror(errno));
        return replay_unusable(failure, path, strerror(error));
    }
    result = table_map(table, path, failure);
    if (result != SEC_E_OK)
        return result;
    /* Whoever made it may have died before it was ready. */
    fresh = fresh || (table->header->magic == 0 && table->size == size_for(buckets));
    return fresh ? header_init(table->header, buckets, path, failure) : header_check(table, path, failure);
}

static SECURITY_STATUS file_open(struct replay_table *table, const char *path, uint32_t entries,
                                 struct failure *failure)
{
    SECURITY_STATUS status;
    struct stat seen;

    table->file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0600);
    if (table->file < 0)
        return replay_unusable(failure, path, errno == ELOOP ? "is a symbolic link" : strerror(errno));
    /* Before the lock too: whoever owns another file could hold that for ever. */
    status = file_look(table, path, &seen, failure);
    if (status != SEC_E_OK)
        return status;
    while (flock(table->file, LOCK_EX) != 0)
        if (errno != EINTR)
            return replay_unusable(failure, path, strerror(errno));
    status = file_fill(table, path, entries, failure);
    (void)flock(table->file, LOCK_UN);
    return status;
}

SECURITY_STATUS replay_table_open(const char *path, uint32_t entries, struct replay_table **out,
                                  struct failure *failure)
{
    struct replay_table *table = mem_zalloc(sizeof *table);
    SECURITY_STATUS status;

    *out = NULL;
    if (!table)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "no memory for a replay cache");
    table->file = -1;
    if (path) {
        status = file_open(table, path, entries, failure);
    } else {
        table->size = size_for(buckets_for(entries));
        status = table_map(table, REPLAY_MEMORY, failure);
        if (status == SEC_E_OK)
            status = header_init(table->header, buckets_for(entries), REPLAY_MEMORY, failure);
    }
    if (status != SEC_E_OK) {
        replay_table_close(table);
        return status;
    }
    *out = table;
    return SEC_E_OK;
}

void replay_table_close(struct replay_table *table)
{
    while (table) {
        struct replay_table *older = table->older;

        if (table->header)
            munmap(table->header, table->size);
        if (table->file >= 0)
            close(table->file);
        mem_free(table);
        table = older;
    }
}

bool replay_table_deleted(const struct replay_table *table)
{
    struct stat status;

    return table->file >= 0 && fstat(table->file, &status) == 0 && status.st_nlink == 0;
}
