/*
 * What an operator or a program may say, read when a credential is acquired. One table of rows drives loading
 * from sspi.conf and the environment, setting by name, and listing; a new option is one row and one member.
 */
#include "base/settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/config_file.h"
#include "base/memory.h"
#include "base/settings_table.h"
#include "base/utf.h"

#define ROW_COUNT (sizeof rows / sizeof rows[0])
_Static_assert(ROW_COUNT <= 64, "settings.said has one bit a row");

static char **text_member(struct settings *settings, const struct row *row)
{
    return (char **)(void *)((char *)settings + row->offset);
}

static void number_store(struct settings *settings, const struct row *row, ULONG value)
{
    char *member = (char *)settings + row->offset;

    if (row->kind == FLAG_VALUE)
        *(BOOL *)(void *)member = value != 0;
    else
        *(ULONG *)(void *)member = value;
}

static SECURITY_STATUS refuse(struct failure *failure, const struct row *row, const char *value)
{
    if (row->kind == NUMBER_VALUE)
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                           "option %s: \"%.64s\" is not acceptable, expected: number from %u to %u", row->shown.name,
                           value, (unsigned)row->least, (unsigned)row->most);
    return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                       "option %s: \"%.64s\" is not acceptable, expected: %s", row->shown.name, value,
                       row->shown.values);
}

static bool flag_parse(const char *value, ULONG *out)
{
    static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        for (*out = 0; *out < 2; ++*out)
            if (strcasecmp(value, words[i][*out]) == 0)
                return true;
    return false;
}

static bool number_parse(const char *value, ULONG least, ULONG most, ULONG *out)
{
    uint64_t number = 0;

    if (!*value)
        return false;
    for (; *value; value++) {
        if (*value < '0' || *value > '9' || number > most)
            return false;
        number = number * 10 + (uint64_t)(*value - '0');
    }
    *out = (ULONG)number;
    return number >= least && number <= most;
}

/* The place of `value` in "first | second | ..." is the number of the enumeration. */
static bool word_parse(const char *value, const char *words, ULONG *out)
{
    size_t size = strlen(value);

    for (*out = 0; size; ++*out) {
        size_t word = strcspn(words, " ");
        if (word == size && strncasecmp(words, value, size) == 0)
            return true;
        if (!words[word])
            return false;
        words += word + strlen(" | ");
    }
    return false;
}

static bool number_of(const struct row *row, const char *value, ULONG *out)
{
    switch (row->kind) {
    case FLAG_VALUE:
        return flag_parse(value, out);
    case NUMBER_VALUE:
        return number_parse(value, row->least, row->most, out);
    case WORD_VALUE:
        return word_parse(value, row->shown.values, out);
    case TEXT_VALUE:
        break;
    }
    return false;
}

/* "Kerberos,!NTLM": known names alone, since a mistyped one would allow what it was to exclude. */
static bool packages_parse(const char *value)
{
    while (*value) {
        size_t size;

        value += strspn(value, ", ");
        value += *value == '!';
        size = strcspn(value, ", ");
        if (size == 0 ? *value != '\0' || value[-1] == '!'
                      : !((size == 4 && strncasecmp(value, "NTLM", size) == 0)
                          || (size == 8 && strncasecmp(value, "Kerberos", size) == 0)))
            return false;
        value += size;
    }
    return true;
}

static bool text_acceptable(const struct row *row, const char *value)
{
    size_t size = strlen(value);

    if (size == 0 || size > row->most || !utf8_valid(bytes_of(value, size)))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)value[i] < ' ' || value[i] == 0x7F)
            return false;
    if (row->offset == offsetof(struct settings, negotiate_packages))
        return packages_parse(value);
    return row->most != SETTINGS_NETBIOS_LIMIT || (!strchr(value, '\\') && settings_netbios_fits(value));
}

static SECURITY_STATUS text_set(struct settings *settings, const struct row *row, const char *value,
                                struct failure *failure)
{
    char *copy = NULL;

    if (value && !text_acceptable(row, value))
        return refuse(failure, row, value);
    if (value && !(copy = mem_strdup(value)))
        return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for option %s",
                           row->shown.name);
    mem_free(*text_member(settings, row));
    *text_member(settings, row) = copy;
    return SEC_E_OK;
}

static SECURITY_STATUS row_set(struct settings *settings, const struct row *row, const char *value,
                               struct failure *failure)
{
    uint64_t bit = (uint64_t)1 << (row - rows);
    ULONG number = row->fallback;
    SECURITY_STATUS status;

    if (row->kind == TEXT_VALUE) {
        status = text_set(settings, row, value, failure);
        if (status != SEC_E_OK)
            return status;
    } else {
        if (value && !number_of(row, value, &number))
            return refuse(failure, row, value);
        number_store(settings, row, number);
    }
    settings->said = value ? settings->said | bit : settings->said & ~bit;
    return SEC_E_OK;
}

static const struct row *row_find(const char *name)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (strcmp(rows[i].shown.name, name) == 0)
            return &rows[i];
    return NULL;
}

/* Sets nothing but `offset`'s member, and only where nobody gave it. Takes `value` over. */
static bool derive(struct settings *settings, size_t offset, char *value)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (rows[i].kind != TEXT_VALUE || rows[i].offset != offset)
            continue;
        if (settings->said & (uint64_t)1 << i) {
            mem_free(value);
            return true;
        }
        mem_free(*text_member(settings, &rows[i]));
        *text_member(settings, &rows[i]) = value;
    }
    return value != NULL;
}

/* The names that follow from others, in the order in which they do. */
static SECURITY_STATUS names_derive(struct settings *settings, struct failure *failure)
{
    char host[SETTINGS_HOST_SIZE];
    const char *dot;

    settings_host_name(host);
    if (derive(settings, offsetof(struct settings, dns_computer_name), mem_strdup(host))
        && derive(settings, offsetof(struct settings, netbios_computer_name), settings_netbios_from_host(host))
        && derive(settings, offsetof(struct settings, netbios_domain_name),
                  mem_strdup(settings->netbios_computer_name))) {
        dot = strchr(settings->dns_computer_name, '.');
        if (!dot || !dot[1]) {
            (void)derive(settings, offsetof(struct settings, dns_domain_name), NULL);
            return SEC_E_OK;
        }
        if (derive(settings, offsetof(struct settings, dns_domain_name), mem_strdup(dot + 1)))
            return SEC_E_OK;
    }
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY,
                       "no memory for this server's names");
}

SECURITY_STATUS settings_set(struct settings *settings, const char *name, const char *value, struct failure *failure)
{
    const struct row *row = row_find(name);
    SECURITY_STATUS status;

    if (!row)
        return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION, "there is no option \"%.64s\"",
                           name);
    status = row_set(settings, row, value, failure);
    if (status != SEC_E_OK || row->kind != TEXT_VALUE)
        return status;
    return names_derive(settings, failure);
}

/* A bad value is the source's fault, not the caller's: another status, and the source is named. */
static SECURITY_STATUS blame(SECURITY_STATUS status, const struct failure *inner, const char *source, const char *name,
                             struct failure *failure)
{
    if (status == SEC_E_INVALID_PARAMETER)
        status = SEC_E_INTERNAL_ERROR;
    return failure_set(failure, status, inner->reason, "%s %s: %s", source, name, inner->text);
}

static SECURITY_STATUS environment_load(struct settings *settings, struct failure *failure)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        char name[64] = "SSPI_";
        struct failure inner = {0};
        const char *value;
        SECURITY_STATUS status;

        for (size_t j = 0; rows[i].shown.name[j] && j < sizeof name - sizeof "SSPI_"; j++) {
            char c = rows[i].shown.name[j];
            name[5 + j] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
        }
        value = secure_getenv(name);
        if (!value || !*value)
            continue;
        status = row_set(settings, &rows[i], value, &inner);
        if (status != SEC_E_OK)
            return blame(status, &inner, "environment variable", name, failure);
    }
    return SEC_E_OK;
}

struct file_load {
    struct settings *settings;
    SECURITY_STATUS status;
    struct failure failure;
};

static bool file_row(void *argument, const char *name, const char *value)
{
    struct file_load *load = argument;
    const struct row *row = row_find(name);

    if (!row)
        load->status = failure_set(&load->failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                                   "section [sspi] has an unknown option \"%.64s\"", name);
    else if (strstr(value, " #") || strstr(value, " ;"))
        load->status = failure_set(&load->failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_CONFIGURATION,
                                   "option %s: a comment must stand on a line of its own", name);
    else
        load->status = row_set(load->settings, row, value, &load->failure);
    return load->status == SEC_E_OK;
}

static SECURITY_STATUS file_load(struct settings *settings, struct failure *failure)
{
    struct file_load load = {.settings = settings, .status = SEC_E_OK};
    struct config_file *file;
    SECURITY_STATUS status = config_file_open(&file, failure);

    if (status != SEC_E_OK)
        return status;
    if (!config_file_each(file, file_row, &load))
        load.status = blame(load.status, &load.failure, "configuration file", config_file_path(file), failure);
    config_file_close(file);
    return load.status;
}

SECURITY_STATUS settings_load(struct settings *settings, struct failure *failure)
{
    SECURITY_STATUS status;

    *settings = (struct settings){0};
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].kind != TEXT_VALUE)
            number_store(settings, &rows[i], rows[i].fallback);
    status = environment_load(settings, failure);
    if (status == SEC_E_OK)
        status = file_load(settings, failure);
    if (status == SEC_E_OK)
        status = names_derive(settings, failure);
    if (status != SEC_E_OK)
        settings_clear(settings);
    return status;
}

void settings_clear(struct settings *settings)
{
    for (size_t i = 0; i < ROW_COUNT; i++)
        if (rows[i].kind == TEXT_VALUE)
            mem_free(*text_member(settings, &rows[i]));
    *settings = (struct settings){0};
}

const struct setting_row *settings_row(size_t index)
{
    return index < ROW_COUNT ? &rows[index].shown : NULL;
}
