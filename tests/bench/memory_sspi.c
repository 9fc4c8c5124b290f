/*
 * What one context and one credential hold in memory, and 10,000 half-open contexts at once: the allocator's bytes in
 * use, divided by how many there are.
 */
#include <malloc.h>
#include <stdlib.h>

#include "bench.h"
#include "sspi_pair.h"

enum { HALF_OPEN = 10000, ESTABLISHED = 200, CREDENTIALS = 200 };

static double in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)info.uordblks + (double)info.hblkhd;
}

static void half_open(struct pair *pair)
{
    CtxtHandle *servers = calloc(HALF_OPEN, sizeof *servers);
    double before = in_use();

    for (size_t i = 0; i < HALF_OPEN; i++) {
        if (pair_start(pair))
            bench_die("half open", 0);
        servers[i] = pair->server;
        DeleteSecurityContext(&pair->client);
    }
    bench_figure("memory, 10000 half-open contexts", in_use() - before);
    bench_figure("memory, half-open context", (in_use() - before) / HALF_OPEN);
    for (size_t i = 0; i < HALF_OPEN; i++)
        DeleteSecurityContext(&servers[i]);
    free(servers);
}

static void exchange_both_ways(CtxtHandle *client, CtxtHandle *server)
{
    if (pair_exchange(client, server) || pair_exchange(server, client))
        bench_die("message", 0);
}

static double server_bytes(CtxtHandle *clients, CtxtHandle *servers, double before)
{
    double with_both = in_use() - before, without_servers;

    for (size_t i = 0; i < ESTABLISHED; i++)
        DeleteSecurityContext(&servers[i]);
    without_servers = in_use() - before;
    for (size_t i = 0; i < ESTABLISHED; i++)
        DeleteSecurityContext(&clients[i]);
    return (with_both - without_servers) / ESTABLISHED;
}

static void established(struct pair *pair, const char *name, int messages)
{
    static CtxtHandle clients[ESTABLISHED], servers[ESTABLISHED];
    double before = in_use();

    for (size_t i = 0; i < ESTABLISHED; i++) {
        if (pair_start(pair) || pair_finish(pair))
            bench_die("established", 0);
        clients[i] = pair->client;
        servers[i] = pair->server;
        if (messages) {
            exchange_both_ways(&clients[i], &servers[i]);
        }
    }
    bench_figure(name, server_bytes(clients, servers, before));
}

static void credentials(void)
{
    static CredHandle handles[CREDENTIALS];
    double before = in_use();
    TimeStamp expiry;

    for (size_t i = 0; i < CREDENTIALS; i++) {
        if (AcquireCredentialsHandleA(NULL, "NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &handles[i], &expiry)
            != SEC_E_OK)
            bench_die("credential", 0);
    }
    bench_figure("memory, credential", (in_use() - before) / CREDENTIALS);
    for (size_t i = 0; i < CREDENTIALS; i++)
        FreeCredentialsHandle(&handles[i]);
}

int main(void)
{
    struct pair pair;

    /* One arena only: what other threads hold must not count. */
    mallopt(M_ARENA_MAX, 1);
    pair_open(&pair, "NTLM", NULL);
    /* Once each before counting, so that tables and the thread's contexts exist. */
    if (pair_start(&pair) || pair_finish(&pair))
        bench_die("first", 0);
    exchange_both_ways(&pair.client, &pair.server);
    pair_delete(&pair);
    half_open(&pair);
    established(&pair, "memory, established context", 0);
    established(&pair, "memory, context after messages", 1);
    credentials();
    pair_close(&pair);
    return 0;
}
