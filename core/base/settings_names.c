/*
 * This server's names as far as the system knows them: the defaults behind settings.c.
 */
#include "base/settings_names.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/utf.h"

static bool printable(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7F || *text == '\\')
            return false;
    return true;
}

void settings_host_name(char host[SETTINGS_HOST_SIZE])
{
    host[0] = '\0';
    if (gethostname(host, SETTINGS_HOST_SIZE) != 0)
        host[0] = '\0';
    host[SETTINGS_HOST_SIZE - 1] = '\0';
    if (host[0] == '\0' || host[0] == '.' || !printable(host) || !utf8_valid(bytes_of(host, strlen(host))))
        (void)snprintf(host, SETTINGS_HOST_SIZE, "localhost");
}

/* Bytes of the first `limit` characters of UTF-8 text, or of all of it. */
static size_t characters_prefix(const char *text, size_t size, size_t limit)
{
    size_t end = 0;

    while (end < size) {
        if (((unsigned char)text[end] & 0xC0) != 0x80 && limit-- == 0)
            break;
        end++;
    }
    return end;
}

char *settings_netbios_from_host(const char *host)
{
    char label[SETTINGS_HOST_SIZE];
    size_t size = characters_prefix(host, strcspn(host, "."), SETTINGS_NETBIOS_CHARACTERS);

    (void)snprintf(label, sizeof label, "%.*s", (int)size, host);
    return utf8_uppercase(label);
}

bool settings_netbios_fits(const char *name)
{
    size_t size = strlen(name);

    return name[0] != '.' && characters_prefix(name, size, SETTINGS_NETBIOS_CHARACTERS) == size;
}
