/*
 * What the login leans on gives way: each allocation of ours in each leg on both sides, randomness, the clock. Nobody
 * gets in by it, nothing is lost, and the leg that ran out of memory succeeds when there is some.
 */
#include "../talker.h"
#include "doubles.h"
#include "kerberos/kerberos.h"

static struct service service;
static struct visitor visitor;
static struct talker talker;
static SEC_CHANNEL_BINDINGS *bindings;
static ULONG bindings_size;

/* libkrb5 looks at the machine's clock, which is years ahead of ours: the cached ticket is good for long. */
static void sides_open(const char *package)
{
    struct ticket_spec ticket;

    ticket_spec_usual(&ticket);
    ticket.end = clock_now() + INT64_C(12) * 365 * 24 * HOUR;
    service_open_with(&service, package, "HTTP", &ticket, 1);
    service_pac(&service);
    visitor_open(&visitor, package, &service.ticket);
    assert_status(SspiMakeChannelBindings("tls-unique:abc", 14, &bindings_size, &bindings), SEC_E_OK);
    service.bindings = visitor.bindings = bindings;
    service.bindings_size = visitor.bindings_size = bindings_size;
}

static void sides_close(void)
{
    visitor_close(&visitor);
    service_close(&service);
    assert_status(FreeContextBuffer(bindings), SEC_E_OK);
}

/* The token of the leg lies where the leg before left it: a failed leg must not have touched that. */
static SECURITY_STATUS client_leg(void)
{
    return visitor_leg(&visitor, service.answer_size ? service_answer(&service) : (struct bytes){0});
}

static SECURITY_STATUS server_leg(void)
{
    uint8_t token[TICKET_ROOM];
    const size_t size = visitor.token_size;

    memcpy(token, visitor.token, size);
    return service_leg(&service, bytes_of(token, size));
}

/* The leg with its first allocation failing, then its second, until it needs no more; `from`: and all behind it. */
static SECURITY_STATUS under_pressure(SECURITY_STATUS (*leg)(void), bool from, size_t *tries)
{
    const struct service before = service;
    const struct visitor visitor_before = visitor;

    for (size_t nth = 1;; nth++) {
        SECURITY_STATUS status;

        service.answer_size = before.answer_size;
        memcpy(service.answer, before.answer, before.answer_size);
        visitor.token_size = visitor_before.token_size;
        memcpy(visitor.token, visitor_before.token, visitor_before.token_size);
        if (from)
            memory_fail_from(nth);
        else
            memory_fail_at(nth);
        status = leg();
        memory_fail_at(0);
        if (status != SEC_E_INSUFFICIENT_MEMORY) {
            *tries += nth;
            cr_assert_geq(status, 0, "allocation %zu failed: %s (%s)", nth, SspiStatusName(status),
                          service.seen.explanation);
            return status;
        }
        cr_assert_eq(service.seen.count, before.seen.count, "an event of a leg that may be repeated");
    }
}

static void login_under_pressure(bool from)
{
    SECURITY_STATUS client = SEC_I_CONTINUE_NEEDED, server = SEC_I_CONTINUE_NEEDED;
    size_t tries = 0, live;

    login_run(&visitor, &service); /* what is made once is made now */
    visitor_again(&visitor);
    service_again(&service);
    service.answer_size = 0;
    live = memory_live();
    while (client == SEC_I_CONTINUE_NEEDED || server == SEC_I_CONTINUE_NEEDED) {
        client = under_pressure(client_leg, from, &tries);
        if (visitor.token_size)
            server = under_pressure(server_leg, from, &tries);
        cr_assert_lt(tries, 1000u);
    }
    cr_assert_gt(tries, 20u, "%zu", tries);
    messages_pass(&visitor.context, &service.context);
    visitor_again(&visitor);
    service_again(&service);
    cr_assert_eq(memory_live(), live, "%zu allocations, then %zu", live, memory_live());
}

static const struct {
    const char *package;
    ULONG flags;
} logins[] = {{"Kerberos", 0}, {"Kerberos", ISC_REQ_USE_DCE_STYLE}, {"Negotiate", 0}};

Test(failing, each_allocation_once)
{
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
        sides_open(logins[i].package);
        visitor.flags |= logins[i].flags;
        login_under_pressure(false);
        sides_close();
    }
}

Test(failing, each_allocation_and_all_behind_it)
{
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
        sides_open(logins[i].package);
        visitor.flags |= logins[i].flags;
        login_under_pressure(true);
        sides_close();
    }
}

/* ---- The longest way through SPNEGO: hints, NegoEx first, Kerberos, both MICs ---- */

static uint8_t step_token[SPNEGO_ROOM];
static size_t step_size;

static SECURITY_STATUS step(void)
{
    return service_leg(&service, bytes_of(step_token, step_size));
}

static SECURITY_STATUS pressed(struct bytes token, bool from, size_t *tries)
{
    memcpy(step_token, token.data, token.size);
    step_size = token.size;
    return under_pressure(step, from, tries);
}

static void longest_way(bool from)
{
    static const uint8_t nothing[1];
    const struct bytes list[] = {oid_negoex, oid_kerberos_short, oid_ntlm};
    size_t tries = 0;

    assert_status(pressed(bytes_of(nothing, 0), from, &tries), SEC_I_CONTINUE_NEEDED);
    assert_status(pressed(talker_init(&talker, list, 3, bytes_of(nothing, 1)), from, &tries), SEC_I_CONTINUE_NEEDED);
    assert_status(pressed(talker_response(&talker, STATE_NONE, talker_next(&talker), (struct bytes){0}), from, &tries),
                  SEC_I_CONTINUE_NEEDED);
    talker_hears(&talker, &service, STATE_INCOMPLETE);
    (void)talker_next(&talker);
    assert_status(pressed(talker_response(&talker, STATE_NONE, (struct bytes){0}, talker_mic(&talker, talker.list)),
                          from, &tries),
                  SEC_E_OK);
    cr_assert_gt(tries, 20u);
    cr_assert_eq(service.seen.count, 1u);
}

Test(failing, longest_way_through_spnego)
{
    for (int from = 0; from < 2; from++) {
        sides_open("Negotiate");
        talker_open(&talker, "Kerberos", &service);
        talker.inner.bindings = bindings;
        talker.inner.bindings_size = bindings_size;
        longest_way(from);
        talker_close(&talker);
        sides_close();
    }
}

/* ---- Messages too large for the room that is kept for small ones ---- */

static uint8_t text[5000], trailer[128], pad[16];

static SECURITY_STATUS message_call(int kind)
{
    SecBuffer buffers[3] = {
        {60, SECBUFFER_TOKEN, trailer}, {sizeof text, SECBUFFER_DATA, text}, {sizeof pad, SECBUFFER_PADDING, pad}};
    SecBufferDesc message = {SECBUFFER_VERSION, 3, buffers};

    if (kind == 0)
        return EncryptMessage(&visitor.context, 0, &message, 0);
    return DecryptMessage(&service.context, &message, 0, NULL);
}

Test(failing, messages)
{
    sides_open("Kerberos");
    login_run(&visitor, &service);
    for (int kind = 0; kind < 2; kind++) {
        size_t nth = 0;
        SECURITY_STATUS status;

        do {
            memory_fail_at(++nth);
            status = message_call(kind);
        } while (status == SEC_E_INSUFFICIENT_MEMORY);
        memory_fail_at(0);
        assert_status(status, SEC_E_OK);
        cr_assert_gt(nth, 1u, "nothing was allocated");
    }
    sides_close();
}

/* ---- Randomness ---- */

Test(failing, randomness)
{
    for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
        sides_open(logins[i].package);
        visitor.flags |= logins[i].flags;
        if (strcmp(logins[i].package, "Negotiate") == 0) /* NTLM begins without any */
            assert_status(SspiCredentialSetOption(&visitor.credential, "negotiate_packages", "Kerberos"), SEC_E_OK);
        random_fail(true);
        cr_assert(visitor_leg(&visitor, (struct bytes){0}) < 0, "a client without randomness begins");
        random_fail(false);
        assert_status(visitor_leg(&visitor, (struct bytes){0}), SEC_I_CONTINUE_NEEDED);
        random_fail(true);
        service_refuses_aloud(&service, visitor_token(&visitor), SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                              "OpenSSL failed");
        random_fail(false);
        visitor_again(&visitor);
        login_run(&visitor, &service);
        sides_close();
    }
}

/* ---- The clock ---- */

/* A clock that stands anywhere but near the client's lets nobody in, and says why. */
Test(failing, clock_that_is_wrong)
{
    static const struct {
        int64_t time;
        ULONG reason;
    } clocks[] = {
        {0, SSPI_REASON_TICKET_NOT_YET_VALID},
        {1, SSPI_REASON_TICKET_NOT_YET_VALID},
        {INT64_MAX - 1, SSPI_REASON_TICKET_EXPIRED},
        {INT64_C(2650467744000000000), SSPI_REASON_TICKET_EXPIRED}, /* 10000 */
    };
    const int64_t now = clock_now();

    sides_open("Kerberos");
    service.bindings = NULL;
    for (size_t i = 0; i < sizeof clocks / sizeof *clocks; i++) {
        struct bytes token = service_request(&service);

        clock_set(clocks[i].time);
        cr_assert(service_leg(&service, token) < 0);
        cr_assert_eq(service.reason, clocks[i].reason, "reason %u (%s)", (unsigned)service.reason,
                     service.seen.explanation);
        cr_assert_eq(service.seen.count, 1u);
        service_again(&service);
        clock_set(now);
    }
    service_accepts(&service, service_request(&service), "EXAMPLE\\alice");
    sides_close();
}

/* Set back by as much as is allowed, it brings no old authenticator to life. */
Test(failing, clock_that_is_set_back)
{
    const int64_t now = clock_now();
    uint8_t kept[TICKET_ROOM];
    struct bytes token;

    sides_open("Kerberos");
    service.bindings = NULL;
    token = service_request(&service);
    memcpy(kept, token.data, token.size);
    service_accepts(&service, token, "EXAMPLE\\alice");
    service_again(&service);
    for (int64_t offset = -300; offset <= 300; offset += 50) {
        clock_set(now + offset * SECOND);
        service_refuses(&service, bytes_of(kept, token.size), SEC_E_LOGON_DENIED, SSPI_REASON_REPLAY, "used before");
    }
    clock_set(now + 302 * SECOND);
    service_refuses(&service, bytes_of(kept, token.size), SEC_E_TIME_SKEW, SSPI_REASON_CLOCK_SKEW, "seconds behind");
    clock_set(now);
    sides_close();
}
