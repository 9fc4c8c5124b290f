/*
 * The stores over text files that others write: NTLM_USER_FILE and smbpasswd. The file is read into a table, and anew
 * whenever it is no longer the one that was read; what cannot be read now lets nobody in, whatever was read before.
 */
#include "account/text_file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "account/file_rules.h"
#include "base/clock.h"
#include "base/memory.h"

/* A file written in the same moment as it was read may change once more without a new time stamp: read it again until
 * it is older. Coarser than the clock of any file system. */
#define FRESH_SECONDS 2
#define READ_ATTEMPTS 3

struct text_store {
    SspiAccountStore base;
    enum text_format format;
    char *path;
    pthread_mutex_t mutex; /* guards the rest */
    struct account_table *table;
    struct file_identity identity;
    bool settled; /* the file was not fresh when it was read */
};

static struct text_store *text_of(SspiAccountStore *store)
{
    return (struct text_store *)(void *)store;
}

static SECURITY_STATUS file_read(int descriptor, const char *path, uint8_t *data, size_t size, struct failure *failure)
{
    size_t used = 0;

    while (used < size) {
        ssize_t count = read(descriptor, data + used, size - used);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return file_unusable(failure, path, strerror(errno));
        if (count == 0)
            return file_unusable(failure, path, "became shorter while it was read");
        used += (size_t)count;
    }
    return SEC_E_OK;
}

/* Reads and parses an open file. `*torn`: somebody wrote it meanwhile. */
static SECURITY_STATUS descriptor_load(int descriptor, const struct text_store *text, struct account_table *table,
                                       struct file_identity *identity, bool *torn, struct failure *failure)
{
    struct file_identity after;
    uint8_t *data;
    size_t size;
    SECURITY_STATUS status = file_rules_check_open(descriptor, text->path, identity, failure);

    *torn = false;
    if (status != SEC_E_OK)
        return status;
    size = (size_t)identity->size;
    if (size > TEXT_FILE_LIMIT)
        return file_unusable(failure, text->path, "is larger than 16 MiB");
    data = mem_alloc(size);
    if (!data)
        return store_no_memory(failure);
    status = file_read(descriptor, text->path, data, size, failure);
    *torn = file_rules_check_open(descriptor, text->path, &after, NULL) != SEC_E_OK
            || !file_identity_same(identity, &after);
    if (status == SEC_E_OK && !*torn)
        status = text_accounts_parse(bytes_of(data, size), text->format, text->path, table, failure);
    mem_free_secret(data, size);
    return status;
}

static SECURITY_STATUS file_load(const struct text_store *text, struct account_table **table,
                                 struct file_identity *identity, bool *torn, struct failure *failure)
{
    SECURITY_STATUS status;
    int descriptor = open(text->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

    *torn = false;
    *table = NULL;
    if (descriptor < 0)
        return file_unusable(failure, text->path, strerror(errno));
    *table = account_table_new();
    status = *table ? descriptor_load(descriptor, text, *table, identity, torn, failure) : store_no_memory(failure);
    (void)close(descriptor);
    if (status != SEC_E_OK || *torn) {
        account_table_release(*table);
        *table = NULL;
    }
    return status;
}

static bool is_settled(const struct file_identity *identity)
{
    const int64_t unix_epoch = INT64_C(116444736000000000);
    int64_t now = (clock_now() - unix_epoch) / CLOCK_TICKS_PER_SECOND;

    return now - identity->written.tv_sec > FRESH_SECONDS && now - identity->changed.tv_sec > FRESH_SECONDS;
}

static SECURITY_STATUS store_reload(struct text_store *text, struct failure *failure)
{
    struct account_table *table = NULL;
    struct file_identity identity;
    SECURITY_STATUS status = SEC_E_OK;
    bool torn = true;

    for (int i = 0; i < READ_ATTEMPTS && torn; i++)
        status = file_load(text, &table, &identity, &torn, failure);
    if (torn)
        return file_unusable(failure, text->path, "is being written all the time");
    if (status != SEC_E_OK)
        return status;
    account_table_release(text->table);
    text->table = table;
    text->identity = identity;
    text->settled = is_settled(&identity);
    return SEC_E_OK;
}

/* The accounts as the file holds them now; the caller releases the table. */
static SECURITY_STATUS table_take(struct text_store *text, struct account_table **table, struct failure *failure)
{
    struct file_identity identity;
    SECURITY_STATUS status = file_rules_check(text->path, &identity, failure);

    *table = NULL;
    if (status != SEC_E_OK)
        return status;
    pthread_mutex_lock(&text->mutex);
    if (!text->settled || !text->table || !file_identity_same(&identity, &text->identity))
        status = store_reload(text, failure);
    if (status == SEC_E_OK)
        *table = account_table_retain(text->table);
    pthread_mutex_unlock(&text->mutex);
    return status;
}

static SECURITY_STATUS text_lookup(SspiAccountStore *store, const char *user, const char *domain,
                                   struct account *account, struct failure *failure)
{
    struct account_table *table;
    SECURITY_STATUS status = table_take(text_of(store), &table, failure);

    if (status != SEC_E_OK)
        return status;
    status = account_table_find(table, user, domain, account);
    account_table_release(table);
    if (status == SEC_E_LOGON_DENIED)
        return store_lookup_unknown(failure);
    return status == SEC_E_OK ? status : store_no_memory(failure);
}

static SECURITY_STATUS text_each(SspiAccountStore *store,
                                 SECURITY_STATUS (*visit)(void *argument, const struct account *account),
                                 void *argument, struct failure *failure)
{
    struct account_table *table;
    SECURITY_STATUS status = table_take(text_of(store), &table, failure);

    if (status != SEC_E_OK)
        return status;
    status = account_table_each(table, visit, argument);
    account_table_release(table);
    return status;
}

static void text_destroy(SspiAccountStore *store)
{
    struct text_store *text = text_of(store);

    account_table_release(text->table);
    pthread_mutex_destroy(&text->mutex);
    mem_free(text->path);
    mem_free(text);
}

static const struct account_store_ops user_file_ops = {
    .kind = "ntlm-user-file", .lookup = text_lookup, .each = text_each, .destroy = text_destroy};

static const struct account_store_ops smbpasswd_ops = {
    .kind = "smbpasswd", .lookup = text_lookup, .each = text_each, .destroy = text_destroy};

SECURITY_STATUS text_file_store_open(const char *path, enum text_format format, SspiAccountStore **store,
                                     struct failure *failure)
{
    struct text_store *text = mem_zalloc(sizeof *text);
    struct account_table *table;
    SECURITY_STATUS status;

    *store = NULL;
    if (!text)
        return store_no_memory(failure);
    account_store_init(&text->base, format == SMBPASSWD_FORMAT ? &smbpasswd_ops : &user_file_ops);
    text->format = format;
    pthread_mutex_init(&text->mutex, NULL);
    text->path = mem_strdup(path);
    status = text->path ? table_take(text, &table, failure) : store_no_memory(failure);
    if (status != SEC_E_OK) {
        text_destroy(&text->base);
        return status;
    }
    account_table_release(table);
    *store = &text->base;
    return SEC_E_OK;
}
