/*
 * What one context and one credential hold in memory, and 10,000 half-open contexts at once: the allocator's bytes in
 * use, divided by how many there are.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "sspi_pair.h"

enum { HALF_OPEN = 10000, ESTABLISHED = 200, CREDENTIALS = 200 };

static double in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)info.uordblks + (double)info.hblkhd;
}

/* `package` in the cases' names; empty for NTLM. */
static void figure(const char *package, const char *what, double bytes)
{
    char name[128];

    snprintf(name, sizeof name, "memory, %s%s", package, what);
    bench_figure(name, bytes);
}

static void half_open(struct pair *pair, const char *package)
{
    CtxtHandle *servers = calloc(HALF_OPEN, sizeof *servers);
    double before = in_use();

    for (size_t i = 0; i < HALF_OPEN; i++) {
        if (pair_start(pair))
            bench_die("half open", 0);
        servers[i] = pair->server;
        DeleteSecurityContext(&pair->client);
    }
    figure(package, "10000 half-open contexts", in_use() - before);
    figure(package, "half-open context", (in_use() - before) / HALF_OPEN);
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

static void established(struct pair *pair, const char *package, const char *what, int messages)
{
    static CtxtHandle clients[ESTABLISHED], servers[ESTABLISHED];
    double before = in_use();

    for (size_t i = 0; i < ESTABLISHED; i++) {
        if (pair_connect(pair))
            bench_die("established", 0);
        clients[i] = pair->client;
        servers[i] = pair->server;
        if (messages) {
            exchange_both_ways(&clients[i], &servers[i]);
        }
    }
    figure(package, what, server_bytes(clients, servers, before));
}

static void credentials(const char *package, char *provider)
{
    static CredHandle handles[CREDENTIALS];
    double before = in_use();
    TimeStamp expiry;

    for (size_t i = 0; i < CREDENTIALS; i++) {
        if (AcquireCredentialsHandleA(NULL, provider, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &handles[i], &expiry)
            != SEC_E_OK)
            bench_die("credential", 0);
    }
    figure(package, "credential", (in_use() - before) / CREDENTIALS);
    for (size_t i = 0; i < CREDENTIALS; i++)
        FreeCredentialsHandle(&handles[i]);
}

/* Once before counting, so that tables and the thread's contexts exist. */
static void once(struct pair *pair)
{
    if (pair_connect(pair))
        bench_die("first", 0);
    exchange_both_ways(&pair->client, &pair->server);
    pair_delete(pair);
}

/* Half open in DCE style alone: there the acceptor waits for a third token. */
static void kerberos(const char *folder)
{
    static const char package[] = "Kerberos ";
    struct pair pair;

    pair_open_kerberos(&pair, "Kerberos", folder, "cache.pac");
    once(&pair);
    pair.more_flags |= ISC_REQ_USE_DCE_STYLE;
    half_open(&pair, package);
    pair.more_flags &= ~(ULONG)ISC_REQ_USE_DCE_STYLE;
    established(&pair, package, "established context, PAC", 0);
    pair_close(&pair);
    pair_open_kerberos(&pair, "Kerberos", folder, "cache");
    established(&pair, package, "established context", 0);
    established(&pair, package, "context after messages", 1);
    credentials(package, "Kerberos");
    pair_close(&pair);
}

/* Usage: memory_sspi FOLDER, with the realm of kerberos_realm. */
int main(int argc, char **argv)
{
    struct pair pair;

    if (argc != 2)
        return 2;
    /* One arena only: what other threads hold must not count. */
    mallopt(M_ARENA_MAX, 1);
    pair_open(&pair, "NTLM", NULL);
    once(&pair);
    half_open(&pair, "");
    established(&pair, "", "established context", 0);
    established(&pair, "", "context after messages", 1);
    credentials("", "NTLM");
    pair_close(&pair);
    kerberos(argv[1]);
    return 0;
}
