/*
 * Files with certificates and keys. Whoever can read a private key can be this server.
 */
#include "certificate/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory.h"

static SECURITY_STATUS unusable(struct failure *failure, const char *path, const char *why)
{
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE, "certificate %s: %s", path, why);
}

bool file_always_secret(struct bytes content)
{
    (void)content;
    return true;
}

bool file_never_secret(struct bytes content)
{
    (void)content;
    return false;
}

static SECURITY_STATUS kind_check(const struct stat *file, const char *path, size_t limit, struct failure *failure)
{
    if (!S_ISREG(file->st_mode))
        return unusable(failure, path, "is not a regular file");
    if (file->st_size <= 0)
        return unusable(failure, path, "is empty");
    if ((uintmax_t)file->st_size > limit)
        return unusable(failure, path, "is too large");
    return SEC_E_OK;
}

static SECURITY_STATUS closed_check(const struct stat *file, const char *path, struct failure *failure)
{
    if (file->st_uid != 0 && file->st_uid != geteuid())
        return unusable(failure, path, "belongs to another user; it must belong to root or to this server's user");
    if (file->st_mode & 0137)
        return unusable(failure, path,
                        "holds a secret that others may read or write; run: chmod 600, or 640 for a group");
    return SEC_E_OK;
}

static SECURITY_STATUS descriptor_read(int descriptor, const char *path, size_t limit, file_is_secret *is_secret,
                                       struct secret *content, struct failure *failure)
{
    struct stat file;
    SECURITY_STATUS status;

    if (fstat(descriptor, &file) != 0)
        return unusable(failure, path, strerror(errno));
    status = kind_check(&file, path, limit, failure);
    if (status != SEC_E_OK)
        return status;
    content->data = mem_alloc((size_t)file.st_size);
    if (!content->data)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for file %s",
                           path);
    content->size = (size_t)file.st_size;
    if (!descriptor_read_whole(descriptor, content->data, content->size))
        status = unusable(failure, path, "cannot be read, or changes at this moment");
    else if (is_secret(bytes_of(content->data, content->size)))
        status = closed_check(&file, path, failure);
    if (status != SEC_E_OK)
        secret_clear(content);
    return status;
}

SECURITY_STATUS certificate_file_read(const char *path, size_t limit, file_is_secret *is_secret, struct secret *content,
                                      struct failure *failure)
{
    int descriptor = descriptor_open(path);
    SECURITY_STATUS status;

    *content = (struct secret){0};
    if (descriptor < 0)
        return unusable(failure, path, strerror(errno));
    status = descriptor_read(descriptor, path, limit, is_secret, content, failure);
    close(descriptor);
    return status;
}
