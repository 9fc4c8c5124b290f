/*
 * This server's names where nobody gave any.
 */
#include "base/settings_names.h"

#include "base/memory.h"
#include "test.h"

Test(settings_names, a_netbios_name_is_the_first_label_in_capitals)
{
    static const struct {
        const char *host, *netbios;
    } names[] = {{"web.example.org", "WEB"},
                 {"web", "WEB"},
                 {"a-very-long-host-name", "A-VERY-LONG-HOS"},
                 {"b\xC3\xBC"
                  "cher",
                  "B\xC3\x9C"
                  "CHER"}};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *netbios = settings_netbios_from_host(names[i].host);

        cr_assert_str_eq(netbios, names[i].netbios);
        mem_free(netbios);
    }
    cr_assert(settings_netbios_fits("FIFTEENCHARSOK1"));
    cr_assert(!settings_netbios_fits("FIFTEENCHARSOK12"));
}

Test(settings_names, there_is_always_a_host_name)
{
    char host[SETTINGS_HOST_SIZE] = "";

    settings_host_name(host);
    cr_assert_neq(host[0], '\0');
    cr_assert_null(strchr(host, ' '));
}
