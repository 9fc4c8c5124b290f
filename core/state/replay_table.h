/*
 * Inside state/ only: the table of a replay cache as it lies in a file, and what may be wrong with that file.
 */
#ifndef SSPI_STATE_REPLAY_TABLE_H
#define SSPI_STATE_REPLAY_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "state/replay.h"

#define REPLAY_MAGIC UINT32_C(0x52505353) /* SSPR */
#define REPLAY_VERSION UINT32_C(2)
#define REPLAY_HEADER_SIZE 4096
#define REPLAY_BUCKET 64 /* entries that one digest may lie in */

struct replay_entry {
    int64_t until; /* free once this is past; 0: never used */
    uint8_t digest[REPLAY_DIGEST_SIZE];
};

struct replay_header {
    uint32_t magic;
    uint32_t version;
    uint64_t buckets;
    int64_t longest_skew;
    int64_t trusted_after; /* entries were lost: older authenticators may have been used before; 0: none was */
    uint64_t left;         /* 1: its name was taken away, and its entries went along to a new file */
};

/*
 * An open file, one without a name for REPLAY_MEMORY. Nothing is mapped: a file that is cut short then fails a call,
 * where a mapping would end the process. Bytes are guarded by record locks, which exclude processes, not threads: the
 * caller sees to those.
 */
struct replay_table {
    int file;
    bool nameless; /* nobody but us can reach it */
    dev_t device;
    ino_t inode;
    uint64_t buckets;
    int64_t longest_skew; /* that was ever seen */
};

/* What stands in the way of using a table. */
enum replay_need {
    REPLAY_FINE,
    REPLAY_GONE,    /* others have left it, or the program closed our descriptor */
    REPLAY_DAMAGED, /* it was cut short */
    REPLAY_SKEW,    /* its users must hear of a longer skew first */
    REPLAY_BROKEN   /* a system call failed: `errno` */
};

struct replay_login {
    const uint8_t *digest;
    int64_t stamp, skew, now;
};

/* Opens or makes the file; `path` NULL: one without a name. The table's `file` is -1 after a failure. */
MUST_CHECK SECURITY_STATUS replay_table_open(struct replay_table *table, const char *path, uint32_t entries,
                                             struct failure *failure);
void replay_table_close(struct replay_table *table);

/* The program may have closed our descriptor, and another file may have got its number: that one must not be touched.
 */
MUST_CHECK bool replay_table_open_still(const struct replay_table *table);

/* Whether `path` still names the table's file. */
MUST_CHECK bool replay_table_named(const struct replay_table *table, const char *path);

/* One attempt; `*status` and `failure` are set when it answers REPLAY_FINE. */
MUST_CHECK enum replay_need replay_table_insert(const struct replay_table *table, const struct replay_login *login,
                                                SECURITY_STATUS *status, struct failure *failure);

/* Tells all users of the file of a longer skew, and makes a damaged file anew. `path` is for the explanation. */
MUST_CHECK SECURITY_STATUS replay_table_repair(struct replay_table *table, const char *path, uint32_t entries,
                                               const struct replay_login *login, struct failure *failure);

/* Marks `from` as left and copies its live entries. What cannot be copied makes `to` distrust older authenticators. */
MUST_CHECK bool replay_table_carry(struct replay_table *from, struct replay_table *to,
                                   const struct replay_login *login);

/* Entries were lost: authenticators of this time and older are refused from now on. */
MUST_CHECK bool replay_table_distrust(const struct replay_table *table, const struct replay_login *login);

/* Parts of a file, for one process at a time. `size` 0: all behind `at`. False: `errno`. */
MUST_CHECK bool replay_range_lock(const struct replay_table *table, off_t at, off_t size);
void replay_range_unlock(const struct replay_table *table, off_t at, off_t size);

/* SEC_E_NO_AUTHENTICATING_AUTHORITY: "replay cache WHERE: WHY". */
SECURITY_STATUS replay_unusable(struct failure *failure, const char *where, const char *why);

#endif
