/*
 * Makes what the Kerberos benchmarks need, without a KDC: a keytab, ticket caches with and without a PAC, krb5.conf.
 * Usage: kerberos_realm FOLDER. Tickets are good for nine hours.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "tickets.h"

static int file_write(const char *folder, const char *name, struct bytes content)
{
    char path[600];
    FILE *file;
    size_t written;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    if (!file)
        return 1;
    fchmod(fileno(file), 0600);
    written = fwrite(content.data, 1, content.size, file);
    return fclose(file) != 0 || written != content.size;
}

static int configuration_write(const char *folder)
{
    static const char text[] = "[libdefaults]\n default_realm = EXAMPLE.TEST\n dns_lookup_kdc = false\n"
                               " dns_lookup_realm = false\n dns_canonicalize_hostname = false\n rdns = false\n"
                               "[domain_realm]\n .example.test = EXAMPLE.TEST\n"
                               "[realms]\n EXAMPLE.TEST = {\n  kdc = 127.0.0.1:9\n }\n";

    return file_write(folder, "krb5.conf", bytes_of(text, strlen(text)));
}

int main(int argc, char **argv)
{
    static uint8_t keytab[TICKET_ROOM], cache[TICKET_ROOM], pac[TICKET_ROOM];
    struct ticket_spec ticket;
    struct pac_spec spec;
    int failed;

    if (argc != 2)
        return 2;
    ticket_spec_usual(&ticket);
    ticket.auth_time -= ticket.auth_time % CLOCK_TICKS_PER_SECOND; /* a ticket has whole seconds, a PAC need not */
    failed = configuration_write(argv[1]) || file_write(argv[1], "http.keytab", keytab_make(&ticket, 1, keytab))
             || file_write(argv[1], "cache", ticket_cache_make(&ticket, 1, cache));
    pac_spec_usual(&spec, &ticket);
    ticket.pac = pac_make(&spec, pac);
    failed = failed || file_write(argv[1], "cache.pac", ticket_cache_make(&ticket, 1, cache));
    if (failed)
        fprintf(stderr, "kerberos_realm: cannot write into %s\n", argv[1]);
    return failed;
}
