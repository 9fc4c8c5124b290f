/*
 * One authenticator, one login: whatever frame is around it, whichever credential, package, thread or process of the
 * machine it is shown to; and nobody gets in where that cannot be told.
 */
#include "service.h"
#include "spnego.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct service service;

static void up(void)
{
    service_open(&service, "Kerberos");
}

static void down(void)
{
    service_close(&service);
}

static void replayed(struct service *at, struct bytes token)
{
    service_refuses(at, token, SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY, "used before");
}

/* The AP-REQ itself, without its frame. */
static struct bytes unframed(struct bytes token)
{
    for (size_t i = 0; i < 32; i++)
        if (token.data[i] == 0x6E)
            return bytes_of(token.data + i, token.size - i);
    cr_assert_fail("no AP-REQ in the token");
    return token;
}

static struct bytes inside_spnego(struct bytes token, uint8_t room[SPNEGO_ROOM])
{
    const struct init init = {&oid_kerberos, 1, token, {0}};

    return spnego_init(&init, room);
}

Test(replay_attack, in_every_frame, .init = up, .fini = down)
{
    struct service negotiate;
    uint8_t room[SPNEGO_ROOM];
    struct bytes token = service_request(&service);

    service_open(&negotiate, "Negotiate");
    service_accepts(&service, token, "alice@EXAMPLE.TEST");
    service_again(&service);
    replayed(&service, token);
    replayed(&service, unframed(token));
    replayed(&negotiate, token);
    replayed(&negotiate, unframed(token));
    service_refuses_aloud(&negotiate, inside_spnego(token, room), SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                          "used before");
    service_refuses_aloud(&negotiate, inside_spnego(unframed(token), room), SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY,
                          "used before");
    service_close(&negotiate);
}

/* The other way round: seen inside SPNEGO, shown bare. */
Test(replay_attack, out_of_spnego, .init = up, .fini = down)
{
    struct service negotiate;
    uint8_t room[SPNEGO_ROOM];
    struct bytes token = service_request(&service);

    service_open(&negotiate, "Negotiate");
    service_accepts(&negotiate, inside_spnego(token, room), "alice@EXAMPLE.TEST");
    replayed(&service, token);
    replayed(&service, unframed(token));
    service_close(&negotiate);
}

/* Bits outside of the authenticator's cipher text, changed so that the token is another: options, the OID, names. */
Test(replay_attack, dressed_up, .init = up, .fini = down)
{
    struct bytes token = service_request(&service);
    unsigned let_in = 0;

    service_accepts(&service, token, "alice@EXAMPLE.TEST");
    service_again(&service);
    for (size_t bit = 0; bit < 8 * token.size; bit++) {
        service.request[bit / 8] ^= (uint8_t)(1u << bit % 8);
        let_in += service_leg(&service, token) >= 0;
        service_again(&service);
        service.request[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    cr_assert_eq(let_in, 0u, "%u replays got in", let_in);
}

/* ---- Threads ---- */

enum { RACERS = 8 };

struct racer {
    struct service service;
    struct bytes token;
    pthread_barrier_t *start;
};

static void *race(void *argument)
{
    struct racer *racer = argument;

    pthread_barrier_wait(racer->start);
    service_leg(&racer->service, racer->token);
    return NULL;
}

Test(replay_attack, by_many_threads_at_once, .init = up, .fini = down)
{
    static struct racer racers[RACERS];
    pthread_t threads[RACERS];
    pthread_barrier_t start;

    /* A cache in memory lives as long as somebody who has logged in at it. */
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    for (int round = 0; round < 20; round++) {
        struct bytes token = service_request(&service);
        unsigned let_in = 0;

        cr_assert_eq(pthread_barrier_init(&start, NULL, RACERS), 0);
        for (size_t i = 0; i < RACERS; i++) {
            service_open(&racers[i].service, "Kerberos");
            racers[i].token = token;
            racers[i].start = &start;
            cr_assert_eq(pthread_create(&threads[i], NULL, race, &racers[i]), 0);
        }
        for (size_t i = 0; i < RACERS; i++) {
            cr_assert_eq(pthread_join(threads[i], NULL), 0);
            let_in += racers[i].service.status == SEC_E_OK;
            cr_assert(racers[i].service.status == SEC_E_OK || racers[i].service.reason == SSPI_REASON_REPLAY);
            service_close(&racers[i].service);
        }
        pthread_barrier_destroy(&start);
        cr_assert_eq(let_in, 1u, "%u of %d got in", let_in, RACERS);
    }
}

/* ---- Processes and files ---- */

struct place {
    char folder[48], path[64];
};

static void place_make(struct place *place)
{
    snprintf(place->folder, sizeof place->folder, "/tmp/sspi-attack-XXXXXX");
    cr_assert_not_null(mkdtemp(place->folder));
    snprintf(place->path, sizeof place->path, "%s/replay", place->folder);
}

static void place_clear(const struct place *place)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", place->folder);
    cr_assert_eq(system(command), 0);
}

static void open_at(struct service *at, const char *path)
{
    service_open(at, "Kerberos");
    service_option(at, "replay_cache", path);
    service_option(at, "replay_cache_entries", "256");
}

/* Another process, which shares nothing with this one but the file: 0 where the token is refused as a replay. */
static int other_process(int from, const char *path)
{
    static struct service own;
    uint8_t token[TICKET_ROOM];
    ssize_t size = read(from, token, sizeof token);

    if (size <= 0)
        return 3;
    open_at(&own, path);
    service_leg(&own, bytes_of(token, (size_t)size));
    if (own.status != SEC_E_LOGON_DENIED || own.reason != SSPI_REASON_REPLAY)
        return 1;
    service_leg(&own, bytes_of(token + 17, (size_t)size - 17));
    return own.reason == SSPI_REASON_REPLAY ? 0 : 2;
}

Test(replay_attack, at_another_process)
{
    struct place place;
    struct bytes token;
    int ends[2], status = -1;
    pid_t child;

    place_make(&place);
    cr_assert_eq(pipe(ends), 0);
    fflush(stdout);
    child = fork(); /* before anything is opened here */
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(other_process(ends[0], place.path));
    open_at(&service, place.path);
    token = service_request(&service);
    cr_assert_eq(token.data[17], 0x6E, "the frame is 17 bytes");
    service_accepts(&service, token, "alice@EXAMPLE.TEST");
    cr_assert_eq(write(ends[1], token.data, token.size), (ssize_t)token.size);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0, "the other process ended with %d", status);
    close(ends[0]);
    close(ends[1]);
    down();
    place_clear(&place);
}

static int child_leg(struct bytes token)
{
    int status = -1;
    pid_t child;

    fflush(stdout);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(service_leg(&service, token) >= 0 ? 0 : service.reason == SSPI_REASON_REPLAY ? 1 : 2);
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A server that forks its workers before the first login: they share the cache that has no file. */
Test(replay_attack, at_another_child_forked_before_the_first_login)
{
    static const char *const packages[] = {"Kerberos", "Negotiate"};

    for (size_t i = 0; i < 2; i++) {
        struct bytes token;

        service_open(&service, packages[i]);
        token = service_request(&service);
        cr_assert_eq(child_leg(token), 0, "%s", packages[i]);
        cr_assert_eq(child_leg(token), 1, "%s", packages[i]);
        down();
    }
}

/* After a restart of the server, too. */
Test(replay_attack, after_a_restart)
{
    struct place place;
    struct bytes token;
    uint8_t kept[TICKET_ROOM];

    place_make(&place);
    open_at(&service, place.path);
    token = service_request(&service);
    memcpy(kept, token.data, token.size);
    service_accepts(&service, token, "alice@EXAMPLE.TEST");
    down();
    open_at(&service, place.path);
    replayed(&service, bytes_of(kept, token.size));
    down();
    place_clear(&place);
}

/* ---- Where it cannot be told, nobody is let in ---- */

static void nobody_gets_in(const char *path, const char *said)
{
    open_at(&service, path);
    service_refuses(&service, service_request(&service), SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_REPLAY_CACHE,
                    said);
    down();
}

static void file_make(const char *path, size_t size, mode_t mode)
{
    FILE *file = fopen(path, "w");

    cr_assert_not_null(file);
    for (size_t i = 0; i < size; i++)
        fputc(0x5A, file);
    cr_assert_eq(fclose(file), 0);
    cr_assert_eq(chmod(path, mode), 0);
}

Test(replay_attack, unusable_caches)
{
    struct place place;
    char other[80];

    place_make(&place);
    snprintf(other, sizeof other, "%s/other", place.folder);
    nobody_gets_in("/nonexistent/folder/replay", "/nonexistent/folder/replay");
    nobody_gets_in(place.folder, "replay cache");
    nobody_gets_in("/dev/null", "not a regular file");
    nobody_gets_in("/proc/self/status", "replay cache");
    file_make(place.path, 20000, 0600);
    nobody_gets_in(place.path, "not a replay cache");
    file_make(place.path, 0, 0644);
    nobody_gets_in(place.path, "mode 0600");
    unlink(place.path);
    file_make(other, 0, 0600);
    cr_assert_eq(symlink(other, place.path), 0);
    nobody_gets_in(place.path, "symbolic link");
    unlink(place.path);
    cr_assert_eq(link(other, place.path), 0);
    nobody_gets_in(place.path, "second name");
    unlink(place.path);
    if (geteuid() == 0) {
        file_make(place.path, 0, 0600);
        cr_assert_eq(chown(place.path, 4711, 4711), 0);
        nobody_gets_in(place.path, "belongs to another user");
    }
    place_clear(&place);
}

/* A disk that is full, as a limit on the size of files makes one. In a child: the limit stays. */
static int full_disk(const char *path)
{
    const struct rlimit limit = {4096, 4096};

    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        return 3;
    open_at(&service, path);
    service_leg(&service, service_request(&service));
    return service.status == SEC_E_NO_AUTHENTICATING_AUTHORITY && service.reason == SSPI_REASON_REPLAY_CACHE ? 0 : 1;
}

Test(replay_attack, full_disk)
{
    struct place place;
    int status = -1;
    pid_t child;

    place_make(&place);
    fflush(stdout);
    child = fork();
    cr_assert_geq(child, 0);
    if (child == 0)
        _exit(full_disk(place.path));
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    /* With room again all is well: what was begun is no obstacle. */
    open_at(&service, place.path);
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    down();
    place_clear(&place);
}

/* A flood of logins fills it: no entry that still counts makes room for another. */
Test(replay_attack, flooded)
{
    struct bytes first;
    uint8_t kept[TICKET_ROOM];
    size_t logins = 0;

    service_open(&service, "Kerberos");
    service_option(&service, "replay_cache_entries", "64");
    first = service_request(&service);
    memcpy(kept, first.data, first.size);
    service_accepts(&service, first, "alice@EXAMPLE.TEST");
    service_again(&service);
    while (service_leg(&service, service_request(&service)) == SEC_E_OK && logins++ < 1000)
        service_again(&service);
    assert_status(service.status, SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cr_assert_eq(service.reason, SSPI_REASON_REPLAY_CACHE);
    cr_assert_eq(service.seen.count, 1u);
    cr_assert(strstr(service.seen.explanation, "replay cache") != NULL);
    service_again(&service);
    replayed(&service, bytes_of(kept, first.size));
    down();
}
