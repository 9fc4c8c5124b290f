/*
 * sspi.conf as a list of names and values, read by settings.c when a credential is acquired.
 * The only file of base/ that knows Heimdal: its parser, in a context of its own, gives the krb5.conf syntax.
 */
#include "base/config_file.h"

#include <errno.h>
#include <krb5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"

struct config_file {
    krb5_context context;
    krb5_config_section *sections;
    char *path;
};

static SECURITY_STATUS refuse(struct failure *failure, const char *path, const char *why)
{
    return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION, "configuration file %s: %s", path,
                       why);
}

/* First binding of section [sspi]; NULL where there is none. */
static const krb5_config_binding *sspi_section(const struct config_file *file)
{
    const krb5_config_binding *section;

    for (section = file ? file->sections : NULL; section; section = section->next)
        if (section->type == krb5_config_list && strcmp(section->name, "sspi") == 0)
            return section->u.list;
    return NULL;
}

/* `*present` false: there is no such file. A FIFO would block and a device may never end, so only files are read. */
static SECURITY_STATUS file_check(const char *path, bool *present, struct failure *failure)
{
    struct stat status;

    *present = false;
    if (stat(path, &status) != 0)
        return errno == ENOENT || errno == ENOTDIR ? SEC_E_OK : refuse(failure, path, strerror(errno));
    *present = true;
    if (!S_ISREG(status.st_mode))
        return refuse(failure, path, "not a regular file");
    if (status.st_mode & S_IWOTH)
        return refuse(failure, path, "everybody may write it; run: chmod o-w");
    return SEC_E_OK;
}

/* The parser leaves the quotes of `name = "value"` standing. */
static void unquote(char *value)
{
    size_t size = strlen(value);

    if (size < 2 || value[0] != '"' || value[size - 1] != '"')
        return;
    memmove(value, value + 1, size - 2);
    value[size - 2] = '\0';
}

/* One file may serve as krb5.conf too; any other name is [sspi] misspelt, and its options would be lost in silence. */
static bool section_known(const char *name)
{
    static const char *const known[] = {"sspi",    "libdefaults", "realms",  "domain_realm",    "appdefaults",
                                        "capaths", "logging",     "plugins", "dbmodules",       "dbdefaults",
                                        "login",   "kdc",         "kadmin",  "gssapi",          "kcm",
                                        "digest",  "hdb",         "otp",     "password_quality"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], name) == 0)
            return true;
    return false;
}

static SECURITY_STATUS sections_check(const struct config_file *file, struct failure *failure)
{
    for (const krb5_config_section *section = file->sections; section; section = section->next)
        if (!section_known(section->name))
            return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION,
                               "configuration file %s: there is no section [%.64s], options stand in section [sspi]",
                               file->path, section->name);
    return SEC_E_OK;
}

/* The parser would take the first of two values and skip a subsection in silence. */
static SECURITY_STATUS section_check(const struct config_file *file, struct failure *failure)
{
    const krb5_config_binding *binding, *later;

    for (binding = sspi_section(file); binding; binding = binding->next) {
        if (binding->type != krb5_config_string)
            return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION,
                               "configuration file %s: \"%s\" in section [sspi] is a subsection, a value is expected",
                               file->path, binding->name);
        for (later = binding->next; later; later = later->next)
            if (strcmp(later->name, binding->name) == 0)
                return failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION,
                                   "configuration file %s: \"%s\" is given twice in section [sspi]", file->path,
                                   binding->name);
        unquote(binding->u.string);
    }
    return SEC_E_OK;
}

static SECURITY_STATUS file_parse(struct config_file *file, struct failure *failure)
{
    krb5_error_code error = krb5_config_parse_file(file->context, file->path, &file->sections);
    const char *text;

    if (error == 0) {
        SECURITY_STATUS status = sections_check(file, failure);

        return status == SEC_E_OK ? section_check(file, failure) : status;
    }
    if (error == ENOMEM)
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                           "no memory to read configuration file %s", file->path);
    text = krb5_get_error_message(file->context, error);
    (void)failure_set(failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CONFIGURATION,
                      "configuration file %s cannot be read: %s", file->path, text ? text : "unknown error");
    krb5_free_error_message(file->context, text);
    return SEC_E_INTERNAL_ERROR;
}

static SECURITY_STATUS file_read(const char *path, struct config_file **file, struct failure *failure)
{
    struct config_file *made = mem_zalloc(sizeof *made);
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    if (!made)
        goto out;
    made->path = mem_strdup(path);
    if (!made->path)
        goto out;
    if (krb5_init_context(&made->context) != 0) {
        made->context = NULL;
        status = refuse(failure, path, "the parser of libkrb5 cannot be started; is krb5.conf well formed?");
        goto out;
    }
    krb5_set_home_dir_access(made->context, FALSE);
    status = file_parse(made, failure);
out:
    if (status != SEC_E_OK) {
        config_file_close(made);
        made = NULL;
    }
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        failure_set(failure, status, SSPI_REASON_OUT_OF_MEMORY, "no memory to read configuration file %s", path);
    *file = made;
    return status;
}

const char *config_file_location(void)
{
    const char *named = secure_getenv("SSPI_CONFIG");

    return named && *named ? named : SSPI_CONFIG_PATH;
}

SECURITY_STATUS config_file_open(struct config_file **file, struct failure *failure)
{
    const char *named = secure_getenv("SSPI_CONFIG");
    const char *path = config_file_location();
    bool present;
    SECURITY_STATUS status;

    *file = NULL;
    status = file_check(path, &present, failure);
    if (status != SEC_E_OK)
        return status;
    if (!present && named && *named)
        return refuse(failure, path, "no such file (named by SSPI_CONFIG)");
    return present ? file_read(path, file, failure) : SEC_E_OK;
}

const char *config_file_string(const struct config_file *file, const char *name)
{
    const krb5_config_binding *binding;

    for (binding = sspi_section(file); binding; binding = binding->next)
        if (strcmp(binding->name, name) == 0)
            return binding->u.string;
    return NULL;
}

bool config_file_each(const struct config_file *file, bool (*each)(void *argument, const char *name, const char *value),
                      void *argument)
{
    const krb5_config_binding *binding;

    for (binding = sspi_section(file); binding; binding = binding->next)
        if (!each(argument, binding->name, binding->u.string))
            return false;
    return true;
}

const char *config_file_path(const struct config_file *file)
{
    return file->path;
}

void config_file_close(struct config_file *file)
{
    if (!file)
        return;
    if (file->sections)
        krb5_config_file_free(file->context, file->sections);
    if (file->context)
        krb5_free_context(file->context);
    mem_free(file->path);
    mem_free(file);
}
