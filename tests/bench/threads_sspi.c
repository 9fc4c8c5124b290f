/*
 * Handshakes of two threads that share one acceptor's credential, against two processes.
 */
#include "parallel.h"
#include "sspi_pair.h"

static int handshake(void *argument)
{
    struct pair *pair = argument;
    int failed = pair_connect(pair);

    if (!failed)
        pair_delete(pair);
    return failed;
}

/* Usage: threads_sspi FOLDER, with the realm of kerberos_realm. */
int main(int argc, char **argv)
{
    static struct pair shared;

    if (argc != 2)
        return 2;
    pair_open(&shared, "NTLM", NULL);
    parallel_compare("", handshake, &shared, sizeof shared);
    pair_close(&shared);
    pair_open_kerberos(&shared, "Kerberos", argv[1], "cache");
    parallel_compare("Kerberos ", handshake, &shared, sizeof shared);
    pair_close(&shared);
    return 0;
}
