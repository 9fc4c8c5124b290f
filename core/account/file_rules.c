/*
 * Owner and mode of account files, checked by the text and the SQLite store before anything in them is believed.
 */
#include "account/file_rules.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

SECURITY_STATUS file_unusable(struct failure *failure, const char *path, const char *why)
{
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE, "account file %s: %s", path, why);
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool file_identity_same_file(const struct file_identity *a, const struct file_identity *b)
{
    return a->device == b->device && a->inode == b->inode && a->mode == b->mode && a->owner == b->owner
           && a->group == b->group;
}

bool file_identity_same(const struct file_identity *a, const struct file_identity *b)
{
    return file_identity_same_file(a, b) && a->size == b->size && same_time(a->written, b->written)
           && same_time(a->changed, b->changed);
}

static SECURITY_STATUS status_check(const struct stat *status, const char *path, struct file_identity *identity,
                                    struct failure *failure)
{
    *identity = (struct file_identity){
        .device = status->st_dev,
        .inode = status->st_ino,
        .size = status->st_size,
        .written = status->st_mtim,
        .changed = status->st_ctim,
        .mode = status->st_mode,
        .owner = status->st_uid,
        .group = status->st_gid,
    };
    if (S_ISLNK(status->st_mode))
        return file_unusable(failure, path, "is a symbolic link; name the file itself");
    if (S_ISDIR(status->st_mode))
        return file_unusable(failure, path, "is a directory");
    if (!S_ISREG(status->st_mode))
        return file_unusable(failure, path, "is not a regular file");
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE,
                           "account file %s: belongs to user %u, it must belong to root or to user %u", path,
                           (unsigned)status->st_uid, (unsigned)geteuid());
    if (status->st_mode & 07777 & ~(mode_t)0640)
        return failure_set(
            failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE,
            "account file %s: mode %04o lets others read or write it; run: chmod 600, or 640 for a group", path,
            (unsigned)(status->st_mode & 07777));
    return SEC_E_OK;
}

SECURITY_STATUS file_rules_check(const char *path, struct file_identity *identity, struct failure *failure)
{
    struct stat status;

    if (lstat(path, &status) != 0) {
        *identity = (struct file_identity){0};
        return file_unusable(failure, path, strerror(errno));
    }
    return status_check(&status, path, identity, failure);
}

SECURITY_STATUS file_rules_check_open(int descriptor, const char *path, struct file_identity *identity,
                                      struct failure *failure)
{
    struct stat status;

    if (fstat(descriptor, &status) != 0) {
        *identity = (struct file_identity){0};
        return file_unusable(failure, path, strerror(errno));
    }
    return status_check(&status, path, identity, failure);
}

SECURITY_STATUS file_rules_check_folder(const char *path, const struct file_identity *file, struct failure *failure)
{
    char *folder = mem_strdup(path);
    struct stat status;
    int error;

    if (!folder)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for an account");
    folder[strrchr(folder, '/') - folder + 1] = '\0';
    error = stat(folder, &status) == 0 ? 0 : errno;
    mem_free(folder);
    if (error)
        return file_unusable(failure, path, strerror(error));
    if (status.st_uid != 0 && status.st_uid != geteuid() && status.st_uid != file->owner)
        return file_unusable(failure, path, "its folder belongs to another user, who could replace it");
    if (status.st_mode & S_IWOTH)
        return file_unusable(failure, path, "everybody may write into its folder; move it to a folder of its own");
    if ((status.st_mode & S_IWGRP) && status.st_gid != file->group)
        return file_unusable(failure, path, "a group that is not the file's may write into its folder; chmod g-w it");
    return SEC_E_OK;
}
