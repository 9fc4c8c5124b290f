/*
 * What stays behind: memory, descriptors and threads after tens of thousands of logins, most of them bad. A million
 * each with SSPI_NIGHTLY=1. Memory is measured only without sanitizers, which keep what is freed; they find leaks
 * themselves.
 */
#include "forge.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

/* Growth that is allowed over the second half. */
enum { ALLOWED = 64 * 1024, HALF_OPEN = 10000 };

static struct loopback loop;
static struct forge forge;
static uint64_t state;

static uint32_t random_number(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

static size_t rounds(void)
{
    size_t count = getenv("SSPI_NIGHTLY") ? 1000000 : 50000;

    return SANITIZED ? count / 20 : count;
}

static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0, all = 0;

    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%lu %lu", &all, &pages), 2);
    fclose(file);
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned entries(const char *path)
{
    DIR *folder = opendir(path);
    unsigned count = 0;

    cr_assert_not_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

struct level {
    size_t memory;
    unsigned descriptors, threads;
};

static struct level level(void)
{
    return (struct level){resident(), entries("/proc/self/fd"), entries("/proc/self/task")};
}

static void up(void)
{
    loopback_open(&loop);
    forge = forge_good();
    (void)level(); /* what measuring itself needs, once */
    state = UINT64_C(0x9E3779B97F4A7C15);
}

static void down(void)
{
    loopback_close(&loop);
}

static void flat(struct level before, struct level after, const char *what)
{
    cr_assert_eq(before.descriptors, after.descriptors, "%s: descriptors %u, then %u", what, before.descriptors,
                 after.descriptors);
    cr_assert_eq(before.threads, after.threads, "%s: threads %u, then %u", what, before.threads, after.threads);
    if (!SANITIZED)
        cr_assert(after.memory <= before.memory + ALLOWED, "%s: resident memory grew by %zu bytes", what,
                  after.memory - before.memory);
}

/* A token with a few bytes changed, cut, or made of noise. */
static void spoil(struct token *token)
{
    unsigned how = random_number() % 8;

    for (unsigned i = 0; i <= how % 4; i++)
        token->data[random_number() % token->size] ^= (uint8_t)(1u << random_number() % 8);
    if (how == 6)
        token->size = random_number() % token->size;
    for (ULONG i = 0; how == 7 && i < token->size; i++)
        token->data[i] = (uint8_t)random_number();
}

/* A bad first token, which leaves no context; or a good one and a bad second, which leaves one to delete. */
static void bad_login(void)
{
    bool first = random_number() % 2;

    forge_negotiate(&forge, &loop.negotiate);
    if (first)
        spoil(&loop.negotiate);
    if (loopback_challenge(&loop) >= 0) {
        forge_authenticate(&forge, &loop.negotiate, &loop.challenge, &loop.authenticate);
        spoil(&loop.authenticate);
        (void)loopback_finish(&loop);
    }
    loopback_again(&loop);
}

Test(soak, bad_tokens, .init = up, .fini = down, .timeout = 3600)
{
    size_t count = rounds();
    struct level half = {0};

    for (size_t i = 0; i < count; i++) {
        if (i == count / 2)
            half = level();
        bad_login();
    }
    flat(half, level(), "bad tokens");
}

/* Good, bad and abandoned logins by turns; the abandoned are deleted half open. */
Test(soak, a_third_abandoned, .init = up, .fini = down, .timeout = 3600)
{
    size_t count = rounds() / 2;
    struct level half = {0};

    for (size_t i = 0; i < count; i++) {
        if (i == count / 2)
            half = level();
        if (i % 3 == 2) {
            bad_login();
            continue;
        }
        assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
        assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
        if (i % 3 == 1) {
            assert_status(loopback_authenticate(&loop), SEC_E_OK);
            assert_status(loopback_finish(&loop), SEC_E_OK);
        }
        loopback_again(&loop);
    }
    flat(half, level(), "logins with a third abandoned");
}

/* Ten thousand clients that sent one message and went for a walk: each still gets its answer, and what it costs is
 * known. */
Test(soak, half_open, .init = up, .fini = down, .timeout = 3600)
{
    static CtxtHandle servers[HALF_OPEN];
    static struct token challenges[2];
    size_t before, used;

    forge_negotiate(&forge, &loop.negotiate);
    before = mallinfo2().uordblks;
    for (size_t i = 0; i < HALF_OPEN; i++) {
        assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
        servers[i] = loop.server;
        loop.server_live = false;
        if (i == 0 || i == HALF_OPEN - 1)
            challenges[i != 0] = loop.challenge;
    }
    used = mallinfo2().uordblks - before;
    if (!SANITIZED) {
        printf("%d half-open contexts: %zu bytes each\n", HALF_OPEN, used / HALF_OPEN);
        cr_assert_leq(used / HALF_OPEN, (size_t)1536, "%zu bytes for each half-open context", used / HALF_OPEN);
    }
    for (size_t i = 0; i < 2; i++) {
        loop.server = servers[i ? HALF_OPEN - 1 : 0];
        loop.server_live = true;
        forge_authenticate(&forge, &loop.negotiate, &challenges[i], &loop.authenticate);
        assert_status(loopback_finish(&loop), SEC_E_OK);
    }
    loop.server_live = false;
    for (size_t i = 0; i < HALF_OPEN; i++)
        assert_status(DeleteSecurityContext(&servers[i]), SEC_E_OK);
}
