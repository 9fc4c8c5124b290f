/*
 * From the text that an operator writes (`sqlite:PATH`, ...) to an open store. A new kind of store is one row here.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "account/fork_lock.h"
#include "account/stores.h"
#include "base/config_file.h"
#include "base/memory.h"
#include "base/settings.h"
#include "base/utf.h"

#define PATH_LIMIT 4096

static SECURITY_STATUS open_sqlite(const char *path, bool create, SspiAccountStore **store, struct failure *failure)
{
    return sqlite_store_open(path, create, store, failure);
}

static SECURITY_STATUS read_only(const char *kind, struct failure *failure)
{
    return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                       "a %s account store cannot be made here, only read", kind);
}

static SECURITY_STATUS open_user_file(const char *path, bool create, SspiAccountStore **store, struct failure *failure)
{
    if (create)
        return read_only("ntlm-user-file", failure);
    return text_file_store_open(path, NTLM_USER_FILE_FORMAT, store, failure);
}

static SECURITY_STATUS open_smbpasswd(const char *path, bool create, SspiAccountStore **store, struct failure *failure)
{
    if (create)
        return read_only("smbpasswd", failure);
    return text_file_store_open(path, SMBPASSWD_FORMAT, store, failure);
}

struct scheme {
    const char *prefix;
    SECURITY_STATUS (*open)(const char *path, bool create, SspiAccountStore **store, struct failure *failure);
};

static const struct scheme schemes[] = {
    {"sqlite:", open_sqlite},
    {"ntlm-user-file:", open_user_file},
    {"smbpasswd:", open_smbpasswd},
};

static SECURITY_STATUS unknown_form(const char *location, struct failure *failure)
{
    return failure_set(
        failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
        "account store \"%.100s\" is not sqlite:PATH, ntlm-user-file:PATH, smbpasswd:PATH or memory:", location);
}

/* A word and a colon before any slash looks like a scheme, and a mistyped one must not become a file name. */
static bool is_bare_path(const char *location)
{
    size_t size = strcspn(location, ":/");

    return size > 0 ? location[size] != ':' : location[0] == '/';
}

static SECURITY_STATUS location_split(const char *location, const struct scheme **scheme, const char **path,
                                      struct failure *failure)
{
    size_t size = strnlen(location, PATH_LIMIT);

    *scheme = is_bare_path(location) ? &schemes[0] : NULL;
    *path = location;
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(location, schemes[i].prefix, strlen(schemes[i].prefix)) == 0) {
            *scheme = &schemes[i];
            *path = location + strlen(schemes[i].prefix);
        }
    if (size == PATH_LIMIT || !utf8_valid(bytes_of(location, size)) || !*scheme || !**path)
        return unknown_form(location, failure);
    return SEC_E_OK;
}

/* The store outlives a chdir() of the program. */
static SECURITY_STATUS path_absolute(const char *path, char **absolute, struct failure *failure)
{
    char *folder = NULL;
    size_t size;

    if (*path == '/') {
        *absolute = mem_strdup(path);
        return *absolute ? SEC_E_OK : store_no_memory(failure);
    }
    *absolute = NULL;
    folder = mem_alloc(PATH_LIMIT);
    if (!folder)
        return store_no_memory(failure);
    if (!getcwd(folder, PATH_LIMIT)) {
        mem_free(folder);
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE, "account file %s: %s", path,
                           strerror(errno));
    }
    size = strlen(folder) + 1 + strlen(path) + 1;
    *absolute = mem_alloc(size);
    if (*absolute) {
        (void)stpcpy(stpcpy(stpcpy(*absolute, folder), "/"), path);
    }
    mem_free(folder);
    return *absolute ? SEC_E_OK : store_no_memory(failure);
}

static SECURITY_STATUS named_open(const char *location, bool create, SspiAccountStore **store, struct failure *failure)
{
    const struct scheme *scheme;
    const char *path;
    char *absolute;
    SECURITY_STATUS status;

    if (strcmp(location, "memory:") == 0)
        return memory_store_new(store, failure);
    status = location_split(location, &scheme, &path, failure);
    if (status == SEC_E_OK)
        status = path_absolute(path, &absolute, failure);
    if (status != SEC_E_OK)
        return status;
    fork_lock_enter();
    status = scheme->open(absolute, create, store, failure);
    fork_lock_leave();
    mem_free(absolute);
    return status;
}

SECURITY_STATUS account_store_open(const char *location, bool create, SspiAccountStore **store, struct failure *failure)
{
    struct settings settings;
    SECURITY_STATUS status;

    *store = NULL;
    if (strcmp(location, "default:") != 0)
        return named_open(location, create, store, failure);
    status = settings_load(&settings, failure);
    if (status != SEC_E_OK)
        return status;
    if (settings.account_store)
        status = named_open(settings.account_store, create, store, failure);
    else
        status = failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_NO_STORE,
                             "no account store is named; set account_store in section [sspi] of %s, or the "
                             "environment variable SSPI_ACCOUNT_STORE",
                             config_file_location());
    settings_clear(&settings);
    return status;
}
