/* Handshakes and messages between our two ends. */
#include "tls_rig.h"

static struct tls_pair pair;

Test(loopback, tls13_and_a_message_each_way)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_open(&pair, &setup);
    tls_talk(&pair.client, &pair.server, "GET / HTTP/1.1\r\n\r\n", 18);
    tls_talk(&pair.server, &pair.client, "HTTP/1.1 200 OK\r\n\r\n", 19);
    tls_end(&pair);
}
