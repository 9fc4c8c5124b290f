/*
 * What stays behind: memory, descriptors and threads after tens of thousands of logins, most of them bad. A million
 * each with SSPI_NIGHTLY=1. Memory is measured only without sanitizers, which keep what is freed; they find leaks
 * themselves.
 */
#include "forge.h"
#include "levels.h"

#include <malloc.h>
#include <stdio.h>

enum { HALF_OPEN = 10000 };

static struct loopback loop;
static struct forge forge;

static void up(void)
{
    loopback_open(&loop);
    forge = forge_good();
    levels_start();
}

static void down(void)
{
    loopback_close(&loop);
}

/* A token with a few bytes changed, cut, or made of noise. */
static void spoil(struct token *token)
{
    unsigned how = soak_random() % 8;

    for (unsigned i = 0; i <= how % 4; i++)
        token->data[soak_random() % token->size] ^= (uint8_t)(1u << soak_random() % 8);
    if (how == 6)
        token->size = soak_random() % token->size;
    for (ULONG i = 0; how == 7 && i < token->size; i++)
        token->data[i] = (uint8_t)soak_random();
}

/* A bad first token, which leaves no context; or a good one and a bad second, which leaves one to delete. */
static void bad_login(void)
{
    bool first = soak_random() % 2;

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
    size_t count = soak_rounds(50000, 1000000);
    struct level half = {0};

    for (size_t i = 0; i < count; i++) {
        if (i == count / 2)
            half = level_now();
        bad_login();
    }
    level_flat(half, level_now(), "bad tokens");
}

/* Good, bad and abandoned logins by turns; the abandoned are deleted half open. */
Test(soak, a_third_abandoned, .init = up, .fini = down, .timeout = 3600)
{
    size_t count = soak_rounds(25000, 500000);
    struct level half = {0};

    for (size_t i = 0; i < count; i++) {
        if (i == count / 2)
            half = level_now();
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
    level_flat(half, level_now(), "logins with a third abandoned");
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
