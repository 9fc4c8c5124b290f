/*
 * What a file that holds accounts must look like: whoever can read it can log in as anybody, whoever can write it can
 * let anybody in. Asked when a store is opened and at every look-up.
 */
#ifndef SSPI_ACCOUNT_FILE_RULES_H
#define SSPI_ACCOUNT_FILE_RULES_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "base/attributes.h"
#include "base/failure.h"

/* Which file it is, and which contents: equal as long as nobody replaced or wrote it. */
struct file_identity {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec written, changed;
    mode_t mode;
    uid_t owner;
    gid_t group;
};

bool file_identity_same(const struct file_identity *a, const struct file_identity *b); /* file and contents */
bool file_identity_same_file(const struct file_identity *a, const struct file_identity *b);

/*
 * A regular file, no symbolic link; owner root or the effective user; mode at most 0640.
 * SEC_E_NO_CREDENTIALS otherwise, naming the file and what to do.
 */
MUST_CHECK SECURITY_STATUS file_rules_check(const char *path, struct file_identity *identity, struct failure *failure);

/* The same for an open descriptor. `path` is for the explanation. */
MUST_CHECK SECURITY_STATUS file_rules_check_open(int descriptor, const char *path, struct file_identity *identity,
                                                 struct failure *failure);

/*
 * The folder of a database, where whoever may write can plant a journal: not writable for others, for a group only if
 * it is the group of the file; owner root, the effective user or the file's.
 */
MUST_CHECK SECURITY_STATUS file_rules_check_folder(const char *path, const struct file_identity *file,
                                                   struct failure *failure);

/* SEC_E_NO_CREDENTIALS: "account file PATH: WHY". */
SECURITY_STATUS file_unusable(struct failure *failure, const char *path, const char *why);

#endif
