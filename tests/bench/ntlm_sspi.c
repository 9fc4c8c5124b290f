/*
 * Our NTLM: handshakes with each account store, and messages.
 */
#include <stdio.h>
#include <unistd.h>

#include "bench.h"
#include "sspi_pair.h"

enum { CALLS = 1000, HANDSHAKES = 50, FILE_SETTLES = 4 /* seconds */ };

static int handshake(void *argument)
{
    struct pair *pair = argument;
    int failed = pair_start(pair);

    if (!failed)
        failed = pair_finish(pair);
    if (!failed)
        pair_delete(pair);
    return failed;
}

/* Until both directions have carried a message: keys and states are made at the first. */
static int handshake_and_messages(void *argument)
{
    struct pair *pair = argument;
    int failed = pair_start(pair);

    if (!failed)
        failed = pair_finish(pair);
    if (!failed)
        failed = pair_exchange(&pair->client, &pair->server);
    if (!failed)
        failed = pair_exchange(&pair->server, &pair->client);
    if (!failed)
        pair_delete(pair);
    return failed;
}

/* Leg by leg for many handshakes, as layer_lua.lua has to time them: the same work for it to be compared with. */
static int handshakes_by_legs(void *argument)
{
    static struct pair pairs[HANDSHAKES];
    int failed = 0;

    for (int i = 0; i < HANDSHAKES; i++) {
        pairs[i] = *(struct pair *)argument;
        failed = failed ? failed : pair_start(&pairs[i]);
    }
    for (int i = 0; i < HANDSHAKES; i++)
        failed = failed ? failed : pair_finish(&pairs[i]);
    for (int i = 0; i < HANDSHAKES; i++)
        pair_delete(&pairs[i]);
    return failed;
}

/* The cheapest call that takes a handle, for what scripts add to it. */
static int cheap_calls(void *argument)
{
    struct pair *pair = argument;
    ULONG reason;

    for (int i = 0; i < CALLS; i++) {
        if (SspiQueryContextReason(&pair->server, &reason) != SEC_E_OK)
            return 1;
    }
    return 0;
}

static void time_messages(struct pair *pair)
{
    if (pair_start(pair) || pair_finish(pair))
        bench_die("messages", 0);
    bench_case("1000 calls", cheap_calls, pair);
    pair_time_messages(pair);
    pair_delete(pair);
}

static void time_handshakes(const char *name, char *package, const char *location)
{
    struct pair pair;

    pair_open(&pair, package, location);
    bench_case(name, handshake, &pair);
    if (!location) {
        bench_case("accept, first messages", handshake_and_messages, &pair);
        time_messages(&pair);
    }
    pair_close(&pair);
}

/* Usage: ntlm_sspi FOLDER, for the account files. */
int main(int argc, char **argv)
{
    char path[512], file[600], database[600];
    struct pair pair;

    if (argc != 2)
        return 2;
    snprintf(path, sizeof path, "%s/accounts.smbpasswd", argv[1]);
    pair_account_file("smbpasswd", path, file, sizeof file);
    snprintf(path, sizeof path, "%s/accounts.db", argv[1]);
    pair_account_file("sqlite", path, database, sizeof database);
    time_handshakes("accept, hash given", "NTLM", NULL);
    sleep(FILE_SETTLES); /* a file just written is read anew for each login */
    time_handshakes("accept, hash file", "NTLM", file);
    time_handshakes("accept, SQLite", "NTLM", database);
    time_handshakes("Negotiate accept, hash file", "Negotiate", file);
    pair_open(&pair, "NTLM", file);
    bench_case("50 accepts, leg by leg", handshakes_by_legs, &pair);
    pair_close(&pair);
    return 0;
}
