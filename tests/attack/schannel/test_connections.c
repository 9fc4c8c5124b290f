/*
 * Attacks on connections as a whole: a version taken down on the way, errors of others, ends in the middle, answers
 * that do not fit.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>

#include "tls_rig.h"

enum { THREADS = 8, ROUNDS = 12 };

static const struct tls_setup newer = {.server = {.name = "www.example.com"},
                                       .client_flags = SCH_CRED_MANUAL_CRED_VALIDATION};

/* The man in the middle takes TLS 1.3 out of the offer: the client sees the mark that the server leaves. */
Test(connections, version_taken_down_on_the_way)
{
    static const uint8_t offer[] = {0, 43, 0, 5, 4, 3, 4, 3, 3};
    struct tls_pair pair;
    size_t at = 0;

    tls_begin(&pair, &newer);
    pair.client.requested = ISC_REQ_EXTENDED_ERROR;
    assert_status(tls_leg(&pair.client), SEC_I_CONTINUE_NEEDED);
    while (at + sizeof offer < pair.client.out_size && memcmp(pair.client.out + at, offer, sizeof offer) != 0)
        at++;
    cr_assert_lt(at + sizeof offer, pair.client.out_size);
    pair.client.out[at + 6] = 3; /* 1.3 becomes 1.2 */
    tls_carry(&pair.client, &pair.server);
    assert_status(tls_leg(&pair.server), SEC_I_CONTINUE_NEEDED);
    tls_carry(&pair.server, &pair.client);
    assert_status(tls_leg(&pair.client), SEC_E_ILLEGAL_MESSAGE);
    cr_assert_eq(pair.client.alert[1], SSL_AD_ILLEGAL_PARAMETER);
    tls_end(&pair);
}

static void poison(unsigned how)
{
    if (how % 3 == 0)
        ERR_raise(ERR_LIB_SSL, SSL_R_SSLV3_ALERT_BAD_CERTIFICATE);
    else if (how % 3 == 1)
        ERR_raise(ERR_LIB_SSL, ERR_R_MALLOC_FAILURE);
    else
        ERR_raise(ERR_LIB_SYS, 104);
}

/* Errors that others left behind, before every call of a connection's life; ours are not left to others. */
Test(connections, errors_of_others)
{
    for (unsigned how = 0; how < 3; how++) {
        static const DWORD goodbye = SCHANNEL_SHUTDOWN;
        SecBuffer control = {sizeof goodbye, SECBUFFER_TOKEN, (void *)&goodbye};
        SecBufferDesc controls = {SECBUFFER_VERSION, 1, &control};
        SecPkgContext_StreamSizes sizes;
        struct tls_pair pair;
        uint8_t got[64];
        size_t size;

        poison(how);
        tls_begin(&pair, &newer);
        for (int leg = 0; leg < 4; leg++) {
            struct tls_end *from = leg % 2 ? &pair.server : &pair.client;

            poison(how);
            cr_assert_geq(tls_leg(from), 0, "leg %d after %u", leg, how);
            cr_assert_eq(ERR_peek_error(), 0);
            tls_carry(from, leg % 2 ? &pair.client : &pair.server);
        }
        poison(how);
        assert_status(QueryContextAttributesA(&pair.server.context, SECPKG_ATTR_STREAM_SIZES, &sizes), SEC_E_OK);
        poison(how);
        assert_status(tls_send(&pair.client, &pair.server, "hello", 5), SEC_E_OK);
        poison(how);
        assert_status(tls_receive(&pair.server, got, &size), SEC_E_OK);
        cr_assert_eq(size, 5);
        poison(how);
        assert_status(ApplyControlToken(&pair.client.context, &controls), SEC_E_OK);
        poison(how);
        cr_assert_geq(tls_leg(&pair.client), 0);
        cr_assert_eq(ERR_peek_error(), 0);
        tls_carry(&pair.client, &pair.server);
        poison(how);
        assert_status(tls_receive(&pair.server, got, &size), SEC_I_CONTEXT_EXPIRED);
        poison(how);
        tls_end(&pair);
        ERR_clear_error();
    }
}

/* The reason of a failure is the connection's own, whatever lies in the queue. */
Test(connections, failure_under_a_poisoned_queue)
{
    for (unsigned how = 0; how < 3; how++) {
        struct tls_pair pair;
        uint8_t got[64];
        size_t size;

        tls_open(&pair, &newer);
        assert_status(tls_send(&pair.client, &pair.server, "hello", 5), SEC_E_OK);
        pair.server.in[9] ^= 1;
        poison(how);
        assert_status(tls_receive(&pair.server, got, &size), SEC_E_MESSAGE_ALTERED);
        cr_assert_eq(ERR_peek_error(), 0);
        tls_end(&pair);
    }
}

/* One connection breaks after each step of another on the same thread. */
static void break_one(struct tls_pair *victim)
{
    uint8_t got[64];
    size_t size;

    tls_run(victim);
    assert_status(victim->server.status, SEC_E_OK);
    assert_status(tls_send(&victim->client, &victim->server, "hello", 5), SEC_E_OK);
    victim->server.in[7] ^= 1;
    assert_status(tls_receive(&victim->server, got, &size), SEC_E_MESSAGE_ALTERED);
    tls_again(victim);
    memcpy(victim->server.in, "no TLS at all", 13);
    victim->server.in_size = 13;
    cr_assert_lt(tls_leg(&victim->server), 0);
    tls_again(victim);
}

Test(connections, one_that_breaks_leaves_another_alone)
{
    static struct tls_pair good, bad;

    tls_begin(&good, &newer);
    tls_begin(&bad, &newer);
    for (int leg = 0; leg < 4; leg++) {
        struct tls_end *from = leg % 2 ? &good.server : &good.client;

        break_one(&bad);
        cr_assert_geq(tls_leg(from), 0);
        tls_carry(from, leg % 2 ? &good.client : &good.server);
        break_one(&bad);
    }
    for (int i = 0; i < 3; i++) {
        break_one(&bad);
        tls_talk(&good.client, &good.server, "hello", 5);
        break_one(&bad);
        tls_talk(&good.server, &good.client, "hello", 5);
    }
    tls_end(&good);
    tls_end(&bad);
}

/* Threads that share both credentials; every other connection of each breaks. */
static struct tls_pair shared;

static void *thread_run(void *argument)
{
    struct tls_pair *pair = argument;

    for (int round = 0; round < ROUNDS; round++) {
        if (round % 2) {
            break_one(pair);
            continue;
        }
        tls_run(pair);
        assert_status(pair->server.status, SEC_E_OK);
        tls_talk(&pair->client, &pair->server, "hello", 5);
        tls_talk(&pair->server, &pair->client, "hello", 5);
        tls_again(pair);
    }
    return NULL;
}

Test(connections, of_several_threads, .timeout = 120)
{
    static struct tls_pair pairs[THREADS];
    pthread_t threads[THREADS];

    tls_begin(&shared, &newer);
    for (int i = 0; i < THREADS; i++) {
        pairs[i] = shared;
        cr_assert_eq(pthread_create(&threads[i], NULL, thread_run, &pairs[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    tls_end(&shared);
}

/* Deleted after each leg, and after each byte of a flight that came in pieces. */
Test(connections, deleted_in_the_middle)
{
    static struct tls_pair pair;
    static uint8_t flight[TLS_ROOM];

    tls_begin(&pair, &newer);
    for (int legs = 1; legs < 4; legs++) {
        for (int leg = 0; leg < legs; leg++) {
            struct tls_end *from = leg % 2 ? &pair.server : &pair.client;

            cr_assert_geq(tls_leg(from), 0);
            tls_carry(from, leg % 2 ? &pair.client : &pair.server);
        }
        tls_again(&pair);
    }
    tls_leg(&pair.client);
    tls_carry(&pair.client, &pair.server);
    tls_leg(&pair.server);
    memcpy(flight, pair.server.out, pair.server.out_size);
    for (size_t size = 0; size < pair.server.out_size; size += 7) {
        tls_again(&pair);
        tls_leg(&pair.client);
        memcpy(pair.client.in, flight, size); /* of another connection, and cut */
        pair.client.in_size = size;
        cr_assert_neq(tls_leg(&pair.client), SEC_E_OK);
    }
    tls_again(&pair);
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    tls_end(&pair);
}
