/*
 * Inside state/ only: the table of a replay cache as it lies in shared memory, and the file behind it.
 */
#ifndef SSPI_STATE_REPLAY_TABLE_H
#define SSPI_STATE_REPLAY_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "state/replay.h"

#define REPLAY_MAGIC UINT32_C(0x52505353) /* SSPR */
#define REPLAY_VERSION UINT32_C(1)
#define REPLAY_HEADER_SIZE 4096
#define REPLAY_BUCKET 64 /* entries that one digest may lie in */
#define REPLAY_BOOT_SIZE 40

struct replay_entry {
    int64_t until; /* free once this is past; 0: never used */
    uint8_t digest[REPLAY_DIGEST_SIZE];
};

struct replay_header {
    uint32_t magic; /* written last */
    uint32_t version;
    uint64_t buckets;
    int64_t longest_skew;
    char boot[REPLAY_BOOT_SIZE]; /* the lock is meaningless after a restart of the machine */
    pthread_mutex_t lock;        /* robust, shared by processes */
};

/* One mapping. `file` -1: memory without a file. */
struct replay_table {
    int file;
    size_t size;
    struct replay_header *header;
    struct replay_table *older; /* its file was deleted: kept until the cache is closed, as others may be inside it */
};

MUST_CHECK SECURITY_STATUS replay_table_open(const char *path /* NULL: no file */, uint32_t entries,
                                             struct replay_table **table, struct failure *failure);
void replay_table_close(struct replay_table *table); /* and the older ones */
bool replay_table_deleted(const struct replay_table *table);

/* The whole file mapped anew by replay_table_open() has a live copy of what `from` had. */
void replay_table_carry(struct replay_table *from, struct replay_table *to, int64_t now);

/* SEC_E_OK, or why not; see replay_insert(). */
MUST_CHECK SECURITY_STATUS replay_table_insert(struct replay_table *table, const uint8_t digest[REPLAY_DIGEST_SIZE],
                                               int64_t stamp, int64_t skew, int64_t now, struct failure *failure);

/* SEC_E_NO_AUTHENTICATING_AUTHORITY: "replay cache WHERE: WHY". */
SECURITY_STATUS replay_unusable(struct failure *failure, const char *where, const char *why);

#endif
