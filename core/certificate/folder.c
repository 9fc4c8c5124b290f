/*
 * Walks a folder of certificates or trust anchors.
 */
#include "certificate/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

#define PATH_LIMIT 4096

struct names {
    char **rows; /* FOLDER_FILES_LIMIT of them */
    size_t count;
};

static SECURITY_STATUS unusable(struct failure *failure, const char *path, const char *why)
{
    return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE, "certificates %s: %s", path, why);
}

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a folder");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static SECURITY_STATUS names_read(DIR *folder, const char *path, struct names *names, struct failure *failure)
{
    struct dirent *entry;

    while ((entry = readdir(folder)) != NULL) {
        if (entry->d_name[0] == '.')
            continue;
        if (names->count == FOLDER_FILES_LIMIT)
            return unusable(failure, path, "the folder holds more than 1000 files");
        names->rows[names->count] = mem_strdup(entry->d_name);
        if (!names->rows[names->count])
            return no_memory(failure);
        names->count++;
    }
    qsort(names->rows, names->count, sizeof names->rows[0], by_name);
    return SEC_E_OK;
}

static SECURITY_STATUS file_visit(const char *folder, const char *name, folder_visit *visit, void *argument,
                                  size_t *files, struct failure *failure)
{
    char path[PATH_LIMIT];
    struct stat file;
    int size = snprintf(path, sizeof path, "%s/%s", folder, name);

    if (size < 0 || (size_t)size >= sizeof path)
        return unusable(failure, folder, "a name in it is too long");
    if (stat(path, &file) != 0)
        return unusable(failure, path, strerror(errno));
    if (!S_ISREG(file.st_mode))
        return SEC_E_OK;
    ++*files;
    return visit(argument, path, failure);
}

static SECURITY_STATUS names_visit(const struct names *names, const char *path, folder_visit *visit, void *argument,
                                   struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;
    size_t files = 0;

    for (size_t i = 0; i < names->count && status == SEC_E_OK; i++)
        status = file_visit(path, names->rows[i], visit, argument, &files, failure);
    return status == SEC_E_OK && !files ? unusable(failure, path, "the folder holds no file") : status;
}

SECURITY_STATUS folder_each(const char *path, folder_visit *visit, void *argument, struct failure *failure)
{
    struct names names = {0};
    DIR *folder = opendir(path);
    SECURITY_STATUS status;

    if (!folder)
        return errno == ENOTDIR ? visit(argument, path, failure) : unusable(failure, path, strerror(errno));
    names.rows = mem_array(FOLDER_FILES_LIMIT, sizeof(char *));
    status = names.rows ? names_read(folder, path, &names, failure) : no_memory(failure);
    closedir(folder);
    if (status == SEC_E_OK)
        status = names_visit(&names, path, visit, argument, failure);
    while (names.count)
        mem_free(names.rows[--names.count]);
    mem_free(names.rows);
    return status;
}
