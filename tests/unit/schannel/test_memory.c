/* engine.c, alert.c: OpenSSL without memory, at one allocation after the other. Refused or done without, nothing leaks,
 * and the next connection works. */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "tls_rig.h"

static struct tls_pair pair;
static size_t until; /* allocations till one fails; 0: none does */
static bool failed;

static bool fails(void)
{
    if (until == 0 || --until)
        return false;
    failed = true;
    return true;
}

static void *counted_malloc(size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return fails() ? NULL : malloc(size);
}

static void *counted_realloc(void *memory, size_t size, const char *file, int line)
{
    (void)file, (void)line;
    return fails() ? NULL : realloc(memory, size);
}

static void counted_free(void *memory, const char *file, int line)
{
    (void)file, (void)line;
    free(memory);
}

/* Before OpenSSL allocates anything. */
__attribute__((constructor)) static void allocator_replace(void)
{
    CRYPTO_set_mem_functions(counted_malloc, counted_realloc, counted_free);
}

/* The nth allocation of one leg fails. Whether there was one left to fail. */
static bool leg_under_pressure(struct tls_end *end, size_t nth)
{
    failed = false;
    until = nth;
    tls_leg(end);
    until = 0;
    if (end->status < 0) {
        cr_assert(failed, "%s", SspiStatusName(end->status));
        cr_assert_eq(ERR_peek_error(), 0);
    }
    return failed;
}

static void begin(void)
{
    struct tls_setup setup = tls_usual;

    setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
    tls_begin(&pair, &setup);
    tls_run(&pair); /* what is made once is made now */
    assert_status(pair.server.status, SEC_E_OK);
    tls_again(&pair);
}

/* Runs up to a leg, lets its nth allocation fail; true while there are that many. */
static bool trial(int leg, size_t nth)
{
    struct tls_end *ends[2] = {&pair.client, &pair.server};
    bool reached;

    for (int i = 0; i < leg; i++) {
        cr_assert_geq(tls_leg(ends[i % 2]), 0);
        tls_carry(ends[i % 2], ends[(i + 1) % 2]);
    }
    reached = leg_under_pressure(ends[leg % 2], nth);
    tls_again(&pair);
    return reached;
}

Test(memory, every_leg_with_one_allocation_of_openssl_failing, .timeout = 200)
{
    begin();
    for (int leg = 0; leg < 4; leg++)
        for (size_t nth = 1; trial(leg, nth); nth += 1 + nth / 16)
            ;
    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    tls_talk(&pair.client, &pair.server, "hello", 5);
    tls_end(&pair);
}

Test(memory, messages)
{
    uint8_t got[64];
    size_t size;

    for (size_t nth = 1; nth < 8; nth++) {
        SECURITY_STATUS status;

        begin();
        tls_run(&pair);
        while (pair.client.in_size)
            assert_status(tls_receive(&pair.client, got, &size), SEC_E_OK);
        failed = false;
        until = nth;
        status = tls_send(&pair.client, &pair.server, "hello", 5);
        if (status == SEC_E_OK)
            status = tls_receive(&pair.server, got, &size);
        until = 0;
        cr_assert(status == SEC_E_OK || failed);
        cr_assert_eq(ERR_peek_error(), 0);
        tls_end(&pair);
    }
}

/* An alert of the program's choice: said, or something else ends the connection. */
static bool alert_trial(struct tls_end *own, size_t nth)
{
    SCHANNEL_ALERT_TOKEN alert = {SCHANNEL_ALERT, TLS1_ALERT_FATAL, TLS1_ALERT_ACCESS_DENIED};
    SecBuffer buffer = {sizeof alert, SECBUFFER_TOKEN, &alert};
    SecBufferDesc desc = {SECBUFFER_VERSION, 1, &buffer};
    bool reached;

    tls_run(&pair);
    assert_status(pair.server.status, SEC_E_OK);
    assert_status(ApplyControlToken(&own->context, &desc), SEC_E_OK);
    own->in_size = 0;
    reached = leg_under_pressure(own, nth);
    if (!reached)
        assert_status(own->status, SEC_I_CONTEXT_EXPIRED);
    if (own->status >= 0) /* a leg that fails takes the context away */
        assert_status(tls_send(own, own, "no", 2), SEC_E_CONTEXT_EXPIRED);
    tls_again(&pair);
    return reached;
}

Test(memory, alerts, .timeout = 100)
{
    for (int version = 2; version <= 3; version++) {
        struct tls_setup setup = tls_usual;

        setup.client_flags = SCH_CRED_MANUAL_CRED_VALIDATION;
        setup.server_options[0] = "tls_maximum_version";
        setup.server_options[1] = version == 2 ? "1.2" : "1.3";
        tls_begin(&pair, &setup);
        /* From OpenSSL 3.2 on only one of the two can. */
        if (version == 2 || OpenSSL_version_num() < 0x30200000L)
            for (size_t nth = 1; alert_trial(&pair.client, nth); nth++)
                ;
        if (version == 3 || OpenSSL_version_num() < 0x30200000L)
            for (size_t nth = 1; alert_trial(&pair.server, nth); nth++)
                ;
        tls_end(&pair);
    }
}
