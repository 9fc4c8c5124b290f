/*
 * What stays behind of TLS: memory, descriptors and threads after thousands of handshakes, good, resumed, bad and
 * abandoned by turns. 100,000 with SSPI_NIGHTLY=1.
 */
#include "levels.h"
#include "tls_rig.h"

static struct tls_pair pair;

static void up(void)
{
    static const struct tls_setup setup = {.server = {.name = "www.example.com"},
                                           .client_flags = SCH_CRED_MANUAL_CRED_VALIDATION};

    tls_begin(&pair, &setup);
    pair.server.requested = ASC_REQ_EXTENDED_ERROR;
    pair.client.requested = ISC_REQ_EXTENDED_ERROR;
    levels_start();
}

static void down(void)
{
    tls_end(&pair);
}

/* The server's tickets, so that the next handshake resumes. */
static void drain(struct tls_end *end)
{
    uint8_t got[64];
    size_t size;

    while (end->in_size && tls_receive(end, got, &size) >= 0)
        ;
}

static void good(void)
{
    tls_run(&pair);
    assert_status(pair.client.status, SEC_E_OK);
    assert_status(pair.server.status, SEC_E_OK);
    drain(&pair.client);
    tls_talk(&pair.client, &pair.server, "hello", 5);
    tls_talk(&pair.server, &pair.client, "hello", 5);
}

static void spoil(struct tls_end *end)
{
    const uint32_t how = soak_random() % 8;

    for (uint32_t i = 0; end->in_size && i <= how % 4; i++)
        end->in[soak_random() % end->in_size] ^= (uint8_t)(1u << soak_random() % 8);
    if (how == 6 && end->in_size)
        end->in_size = soak_random() % end->in_size;
    for (size_t i = 0; how == 7 && i < end->in_size; i++)
        end->in[i] = (uint8_t)soak_random();
}

/* Legs until `legs` are done; what the last one reads is spoilt where `bad`. */
static void broken_off(unsigned legs, bool bad)
{
    for (unsigned leg = 0; leg < legs; leg++) {
        struct tls_end *from = leg % 2 ? &pair.server : &pair.client;

        if (bad && leg && leg == legs - 1)
            spoil(from);
        if (tls_leg(from) < 0)
            return;
        tls_carry(from, leg % 2 ? &pair.client : &pair.server);
    }
}

static void one(size_t number)
{
    switch (number % 4) {
    case 0:
        good();
        break;
    case 1:
    case 2:
        broken_off(2 + (unsigned)number / 4 % 3, true);
        break;
    default:
        broken_off(1 + (unsigned)number / 4 % 3, false);
    }
    tls_again(&pair);
}

Test(soak_tls, good_bad_and_abandoned, .init = up, .fini = down, .timeout = 3600)
{
    const size_t count = soak_rounds(4000, 100000);
    struct level half = {0};

    for (size_t i = 0; i < count; i++) {
        if (i == count / 2)
            half = level_now();
        one(i);
    }
    level_flat(half, level_now(), "TLS");
}
