/*
 * Keytabs: MIT's file format, version 0x0502, parsed on our own, from bytes or from a file that may be rotated under
 * us. libkrb5 knows no keytab made of bytes but a list global to the process.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory.h"
#include "kerberos/kerberos.h"

#define KEYTAB_MAGIC 0x0502
#define KEYTAB_SIZE_MAX (1 << 20)

static bool counted(struct cursor *in, struct bytes *text)
{
    uint16_t size;

    return cursor_u16be(in, &size) && cursor_take(in, size, text);
}

static bool principal_read(struct cursor *in, struct krb_name *name, struct bytes *realm)
{
    uint16_t parts;
    uint32_t type;

    *name = (struct krb_name){0};
    if (!cursor_u16be(in, &parts) || parts == 0 || parts > KRB_NAME_PARTS_MAX || !counted(in, realm))
        return false;
    while (name->count < parts)
        if (!counted(in, &name->parts[name->count++]))
            return false;
    return cursor_u32be(in, &type);
}

struct keytab_row {
    struct krb_name name;
    struct bytes realm, key;
    uint32_t version;
    uint16_t etype;
};

static bool row_read(struct bytes entry, struct keytab_row *row)
{
    struct cursor in = cursor_over(entry);
    uint32_t version;
    uint8_t short_version;

    if (!principal_read(&in, &row->name, &row->realm) || !cursor_skip(&in, 4) /* time stamp */
        || !cursor_u8(&in, &short_version) || !cursor_u16be(&in, &row->etype) || !counted(&in, &row->key))
        return false;
    row->version = short_version;
    if (cursor_u32be(&in, &version) && version)
        row->version = version;
    return true;
}

static SECURITY_STATUS row_add(struct krb_keys *keys, const struct keytab_row *row)
{
    char name[KRB_TEXT_MAX], realm[KRB_TEXT_MAX];
    const struct krb_name realm_name = {.count = 1, .parts = {row->realm}};

    if (!krb_name_text(&row->name, (struct bytes){0}, name) || !krb_name_text(&realm_name, (struct bytes){0}, realm))
        return SEC_E_INVALID_TOKEN;
    return krb_keys_add(keys, name, realm, false, row->version, row->etype, row->key);
}

/* A negative size is a hole that a deleted entry left; size 0 ends the file early. */
static SECURITY_STATUS rows_read(struct cursor *in, struct krb_keys *keys)
{
    SECURITY_STATUS status = SEC_E_OK;

    while (status == SEC_E_OK && !cursor_at_end(in)) {
        struct keytab_row row;
        struct bytes entry;
        uint32_t size;

        if (!cursor_u32be(in, &size))
            return SEC_E_INVALID_TOKEN;
        if (size == 0)
            return SEC_E_OK;
        if (!cursor_take(in, size & 0x80000000u ? 0 - size : size, &entry))
            return SEC_E_INVALID_TOKEN;
        if (size & 0x80000000u)
            continue;
        status = row_read(entry, &row) ? row_add(keys, &row) : SEC_E_INVALID_TOKEN;
    }
    return status;
}

static SECURITY_STATUS unusable(struct failure *failure, const char *where, const char *why)
{
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_KEYTAB, "keytab %s: %s", where, why);
}

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a keytab");
}

SECURITY_STATUS krb_keytab_parse(struct bytes content, const char *where, struct krb_keys **out,
                                 struct failure *failure)
{
    struct cursor in = cursor_over(content);
    struct krb_keys *keys;
    SECURITY_STATUS status;
    uint16_t magic;

    *out = NULL;
    if (!cursor_u16be(&in, &magic) || magic != KEYTAB_MAGIC)
        return unusable(failure, where, "is no keytab of format 0x0502");
    keys = krb_keys_new();
    if (!keys)
        return no_memory(failure);
    status = rows_read(&in, keys);
    if (status == SEC_E_INVALID_TOKEN)
        status = unusable(failure, where, "is malformed");
    else if (status == SEC_E_INTERNAL_ERROR)
        status =
            failure_set(failure, status, SSPI_REASON_CRYPTO_UNAVAILABLE, "OpenSSL failed on the keys of %s", where);
    else if (status != SEC_E_OK)
        status = no_memory(failure);
    else if (keys->count == 0)
        status = unusable(failure, where, "holds no key of a supported type (AES or rc4-hmac)");
    if (status == SEC_E_OK)
        *out = keys;
    else
        krb_keys_release(keys);
    return status;
}

/* ---- Files ---- */

struct krb_keytab_file {
    char *path;
    pthread_mutex_t lock;
    struct krb_keys *keys; /* NULL: not read yet */
    struct stat seen;      /* as the file was when it was read */
    int64_t looked;        /* monotonic milliseconds */
};

struct krb_keytab_file *krb_keytab_file_new(const char *path)
{
    struct krb_keytab_file *file = mem_zalloc(sizeof *file);

    if (!file)
        return NULL;
    file->path = mem_strdup(path);
    if (!file->path) {
        mem_free(file);
        return NULL;
    }
    pthread_mutex_init(&file->lock, NULL);
    return file;
}

void krb_keytab_file_free(struct krb_keytab_file *file)
{
    if (!file)
        return;
    krb_keys_release(file->keys);
    pthread_mutex_destroy(&file->lock);
    mem_free(file->path);
    mem_free(file);
}

const char *krb_keytab_file_path(const struct krb_keytab_file *file)
{
    return file->path;
}

/* Whoever reads a keytab can make tickets for its services; whoever writes it decides who is let in. */
static SECURITY_STATUS file_rules(const struct stat *status, const char *path, struct failure *failure)
{
    if (!S_ISREG(status->st_mode))
        return unusable(failure, path, "is not a regular file");
    if (status->st_uid != 0 && status->st_uid != geteuid())
        return unusable(failure, path, "belongs to another user; it must belong to root or to this server's user");
    if (status->st_mode & 0137)
        return unusable(failure, path, "others may read or write it; run: chmod 600, or 640 for a group");
    if (status->st_size > KEYTAB_SIZE_MAX)
        return unusable(failure, path, "is larger than 1 MiB");
    return SEC_E_OK;
}

static SECURITY_STATUS descriptor_read(int descriptor, const char *path, struct stat *seen, struct krb_keys **keys,
                                       struct failure *failure)
{
    SECURITY_STATUS status;
    uint8_t *room;
    size_t size;

    if (fstat(descriptor, seen) != 0)
        return unusable(failure, path, strerror(errno));
    status = file_rules(seen, path, failure);
    if (status != SEC_E_OK)
        return status;
    size = (size_t)seen->st_size;
    room = mem_alloc(size);
    if (!room)
        return no_memory(failure);
    status = descriptor_read_whole(descriptor, room, size) ? krb_keytab_parse(bytes_of(room, size), path, keys, failure)
                                                           : unusable(failure, path, "cannot be read to its end");
    mem_free_secret(room, size);
    return status;
}

static SECURITY_STATUS file_read(struct krb_keytab_file *file, struct failure *failure)
{
    int descriptor = descriptor_open(file->path);
    struct krb_keys *keys = NULL;
    SECURITY_STATUS status;
    struct stat seen;

    if (descriptor < 0)
        return unusable(failure, file->path, strerror(errno));
    status = descriptor_read(descriptor, file->path, &seen, &keys, failure);
    close(descriptor);
    if (status != SEC_E_OK)
        return status;
    krb_keys_release(file->keys);
    file->keys = keys;
    file->seen = seen;
    return SEC_E_OK;
}

static bool same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool unchanged(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size && a->st_mode == b->st_mode
           && a->st_uid == b->st_uid && same_time(a->st_mtim, b->st_mtim) && same_time(a->st_ctim, b->st_ctim);
}

static SECURITY_STATUS file_refresh(struct krb_keytab_file *file, bool fresh, struct failure *failure)
{
    const int64_t now = clock_monotonic_ms();
    struct failure ignored;
    SECURITY_STATUS status;
    struct stat current;

    if (file->keys && !fresh && now - file->looked < 1000 && now >= file->looked)
        return SEC_E_OK;
    if (!file->keys)
        return file_read(file, failure);
    if (stat(file->path, &current) != 0)
        return unusable(failure, file->path, strerror(errno));
    file->looked = now;
    if (unchanged(&current, &file->seen))
        return SEC_E_OK;
    status = file_rules(&current, file->path, failure);
    if (status != SEC_E_OK)
        return status;
    /* Caught half written: the keys that were good stay good until it can be read. */
    (void)!file_read(file, &ignored);
    return SEC_E_OK;
}

SECURITY_STATUS krb_keytab_file_keys(struct krb_keytab_file *file, bool fresh, struct krb_keys **keys,
                                     struct failure *failure)
{
    SECURITY_STATUS status;

    *keys = NULL;
    pthread_mutex_lock(&file->lock);
    status = file_refresh(file, fresh, failure);
    if (status == SEC_E_OK)
        *keys = krb_keys_retain(file->keys);
    pthread_mutex_unlock(&file->lock);
    return status;
}
