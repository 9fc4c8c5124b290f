/*
 * What stays behind of Kerberos and of Negotiate around it: memory, descriptors and threads after thousands of logins,
 * good, bad and abandoned by turns. 200,000 with SSPI_NIGHTLY=1.
 */
#include "levels.h"
#include "talker.h"

#include <malloc.h>
#include <stdio.h>

enum { HALF_OPEN = 10000 };

static struct service service;
static struct talker talker;

static void up(void)
{
    service_open(&service, "Negotiate");
    service_option(&service, "replay_cache_entries", "262144");
    service_pac(&service);
    talker_open(&talker, "Kerberos", &service);
    levels_start();
}

static void down(void)
{
    talker_close(&talker);
    service_close(&service);
}

static struct bytes spoiled(struct bytes token)
{
    uint8_t *bytes = (uint8_t *)(uintptr_t)token.data;
    const unsigned how = soak_random() % 8;

    for (unsigned i = 0; i <= how % 4; i++)
        bytes[soak_random() % token.size] ^= (uint8_t)(1u << soak_random() % 8);
    for (size_t i = 0; how == 7 && i < token.size; i++)
        bytes[i] = (uint8_t)soak_random();
    return bytes_of(bytes, how == 6 ? soak_random() % token.size : token.size);
}

/* Kerberos behind NegoEx, left after `legs`; with 3 it is a whole login, both MICs included. */
static void talk(unsigned legs)
{
    static const uint8_t opaque[] = "NEGOEXTS";
    const struct bytes list[] = {oid_negoex, oid_kerberos, oid_ntlm};

    assert_status(service_leg(&service, talker_init(&talker, list, 3, bytes_of(opaque, 8))), SEC_I_CONTINUE_NEEDED);
    talker_hears(&talker, &service, STATE_REQUEST_MIC);
    if (legs > 1) {
        assert_status(
            service_leg(&service, talker_response(&talker, STATE_NONE, talker_next(&talker), (struct bytes){0})),
            SEC_I_CONTINUE_NEEDED);
        talker_hears(&talker, &service, STATE_INCOMPLETE);
    }
    if (legs > 2) {
        (void)talker_next(&talker);
        assert_status(service_leg(&service, talker_response(&talker, STATE_NONE, (struct bytes){0},
                                                            talker_mic(&talker, talker.list))),
                      SEC_E_OK);
    }
    talker_again(&talker);
}

static void one(size_t number)
{
    switch (number % 6) {
    case 0:
        assert_status(service_leg(&service, service_request(&service)), SEC_E_OK);
        break;
    case 1:
    case 3:
        service_leg(&service, spoiled(service_request(&service)));
        break;
    case 2: /* altered where the keys are known: what lies behind them is reached */
        service.ticket.end -= number % 12 < 6 ? 20 * HOUR : 0;
        service.pac_room[soak_random() % service.ticket.pac.size] ^= 4;
        service_leg(&service, service_request(&service));
        service.ticket.end += number % 12 < 6 ? 20 * HOUR : 0;
        service_pac(&service);
        break;
    default:
        talk(number % 12 == 5 ? 3 : 1 + (unsigned)number % 2);
    }
    service_again(&service);
}

Test(soak_kerberos, good_bad_and_abandoned, .init = up, .fini = down)
{
    const size_t count = soak_rounds(6000, 200000);
    struct level half = {0};

    for (size_t i = 0; i < count; i++) {
        if (i == count / 2)
            half = level_now();
        service.authenticator.time = clock_now() - clock_now() % SECOND;
        one(i);
    }
    level_flat(half, level_now(), "Kerberos");
}

/* Each still gets its answer, and what it costs is known: Negotiate with Kerberos done and the MIC not yet there. */
static void half_open(unsigned legs, const char *what)
{
    static CtxtHandle contexts[HALF_OPEN];
    const size_t count = SANITIZED ? HALF_OPEN / 20 : HALF_OPEN;
    size_t before, used;

    talk(legs);
    service_again(&service);
    before = mallinfo2().uordblks;
    for (size_t i = 0; i < count; i++) {
        talk(legs);
        contexts[i] = service.context;
        service.live = false;
    }
    used = mallinfo2().uordblks - before;
    if (!SANITIZED) {
        printf("%d half-open contexts, %s: %zu bytes each\n", HALF_OPEN, what, used / count);
        cr_assert_leq(used / count, (size_t)3072, "%zu bytes for each half-open context", used / count);
    }
    for (size_t i = 0; i < count; i++)
        assert_status(DeleteSecurityContext(&contexts[i]), SEC_E_OK);
}

Test(soak_kerberos, half_open, .init = up, .fini = down)
{
    half_open(1, "mechanism chosen");
    half_open(2, "Kerberos waiting for the MIC");
}
