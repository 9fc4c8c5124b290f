/*
 * Handshakes, records, memory and threads of one TLS library, see tls_cases.h.
 *
 * Usage: PROGRAM FOLDER, with tls.pem in it.
 */
#include "tls_cases.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "parallel.h"

enum { CONNECTIONS = 200 };

struct handshake {
    struct tls *tls;
    enum tls_kind kind;
};

static int handshake(void *argument)
{
    struct handshake *handshake = argument;
    struct tls_connection *connection;
    int failed = tls_connect(handshake->tls, handshake->kind, &connection);

    if (failed)
        return failed;
    tls_delete_server(connection);
    tls_delete_client(connection);
    return 0;
}

static void time_handshakes(const char *pem, bool newest)
{
    struct handshake full = {tls_open(pem, newest), TLS_FULL}, kept = full, resumed = full;
    char name[64];

    snprintf(name, sizeof name, "TLS 1.%d full", newest ? 3 : 2);
    bench_case(name, handshake, &full);
    kept.kind = TLS_KEPT;
    resumed.kind = TLS_RESUMED;
    if (handshake(&kept))
        bench_die("a session to resume", 0);
    snprintf(name, sizeof name, "TLS 1.%d resumed", newest ? 3 : 2);
    bench_case(name, handshake, &resumed);
    tls_close(full.tls);
}

struct messages {
    struct tls_connection *connection;
    unsigned char *text;
    size_t size;
    unsigned char mark;
};

static int exchange(void *argument)
{
    struct messages *messages = argument;
    int failed;

    messages->text[messages->size / 2] = ++messages->mark;
    failed = tls_exchange(messages->connection, messages->text, messages->size);
    return failed ? failed : messages->text[messages->size / 2] == messages->mark ? 0 : 9;
}

static void time_messages(const char *pem)
{
    static const size_t sizes[] = {64, 1024, 16384};
    static unsigned char room[TLS_BEFORE + 16384 + TLS_AFTER];
    struct messages messages = {.text = room + TLS_BEFORE};
    struct tls *tls = tls_open(pem, true);

    if (tls_connect(tls, TLS_FULL, &messages.connection))
        bench_die("a connection for messages", 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];

        messages.size = sizes[i];
        snprintf(name, sizeof name, "seal+unseal %zu", sizes[i]);
        bench_case(name, exchange, &messages);
    }
    tls_delete_server(messages.connection);
    tls_delete_client(messages.connection);
    tls_close(tls);
}

static double in_use(void)
{
    struct mallinfo2 info = mallinfo2();

    return (double)info.uordblks + (double)info.hblkhd;
}

/* The server's side of connections that wait for their next message. */
static void measure_memory(const char *pem, bool newest)
{
    static struct tls_connection *connections[CONNECTIONS];
    static unsigned char room[TLS_BEFORE + 64 + TLS_AFTER];
    struct tls *tls = tls_open(pem, newest);
    double before;
    char name[64];

    for (size_t i = 0; i < CONNECTIONS; i++)
        if (tls_connect(tls, TLS_FULL, &connections[i]) || tls_exchange(connections[i], room + TLS_BEFORE, 64))
            bench_die("idle connections", (int)i);
    before = in_use();
    for (size_t i = 0; i < CONNECTIONS; i++)
        tls_delete_server(connections[i]);
    snprintf(name, sizeof name, "memory, TLS 1.%d idle connection", newest ? 3 : 2);
    bench_figure(name, (before - in_use()) / CONNECTIONS);
    for (size_t i = 0; i < CONNECTIONS; i++)
        tls_delete_client(connections[i]);
    tls_close(tls);
}

static void compare_threads(const char *pem)
{
    struct handshake full = {tls_open(pem, true), TLS_FULL};

    parallel_compare("TLS 1.3 ", handshake, &full, sizeof full);
    tls_close(full.tls);
}

int main(int argc, char **argv)
{
    char pem[600];

    if (argc != 2)
        return 2;
    snprintf(pem, sizeof pem, "%s/tls.pem", argv[1]);
    time_handshakes(pem, true);
    time_handshakes(pem, false);
    time_messages(pem);
    if (bench_counting())
        return 0;
    if (bench_wanted("memory")) {
        measure_memory(pem, true);
        measure_memory(pem, false);
    }
    if (bench_wanted("threads"))
        compare_threads(pem);
    return 0;
}
