/*
 * Our Kerberos, alone and inside Negotiate, with the realm that kerberos_realm made: handshakes and messages. The
 * keytab is a file and the replay cache is on.
 */
#include <stdio.h>

#include "bench.h"
#include "sspi_pair.h"

static int handshake(void *argument)
{
    struct pair *pair = argument;
    int failed = pair_connect(pair);

    if (!failed)
        pair_delete(pair);
    return failed;
}

static void time_accept(const char *name, char *package, const char *folder, const char *cache)
{
    struct pair pair;

    pair_open_kerberos(&pair, package, folder, cache);
    bench_case(name, handshake, &pair);
    pair_close(&pair);
}

/* Usage: kerberos_sspi FOLDER. */
int main(int argc, char **argv)
{
    struct pair pair;

    if (argc != 2)
        return 2;
    time_accept("accept", "Kerberos", argv[1], "cache");
    time_accept("Negotiate accept", "Negotiate", argv[1], "cache");
    time_accept("accept, PAC", "Kerberos", argv[1], "cache.pac");
    time_accept("Negotiate accept, PAC", "Negotiate", argv[1], "cache.pac");
    pair_open_kerberos(&pair, "Kerberos", argv[1], "cache");
    if (pair_connect(&pair))
        bench_die("messages", 0);
    pair_time_messages(&pair);
    pair_delete(&pair);
    pair_close(&pair);
    return 0;
}
