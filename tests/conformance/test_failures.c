/* What goes wrong, and what is left then: part L of the checklist and the contract of failure. */
#include <stdio.h>

#include "packages.h"

static struct exchange exchange;
static uint8_t first_token[TOKEN_MAX], last_token[TOKEN_MAX];
static ULONG first_size, last_size;

/* A failed context can be explained, asked for its reason and deleted; everything else refuses it. */
static void assert_failed_for_good(SecHandle *context)
{
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[2] = {{4, SECBUFFER_DATA, last_token}, {64, SECBUFFER_TOKEN, first_token}};
    SecBufferDesc desc = {0, 2, buffers};
    char *text;
    ULONG reason;

    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_status(MakeSignature(context, 0, &desc, 0), SEC_E_INVALID_HANDLE);
    assert_status(EncryptMessage(context, 0, &desc, 0), SEC_E_INVALID_HANDLE);
    assert_status(ImpersonateSecurityContext(context), SEC_E_INVALID_HANDLE);
    assert_status(SspiExplainContext(context, &text), SEC_E_OK);
    cr_assert_gt(strlen(text), 10);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
    assert_status(SspiQueryContextReason(context, &reason), SEC_E_OK);
    cr_assert_neq(reason, SSPI_REASON_NONE);
}

/* Leaves what the client was told in `reply`; returns its size. */
static ULONG login_denied(enum client_kind kind, ULONG expected_reason, uint8_t *reply)
{
    ULONG reason, size;

    exchange_begin(&exchange, kind);
    assert_status(exchange_run(&exchange), SEC_E_LOGON_DENIED);
    cr_assert_eq(exchange.token_size > 0, package->rejects);
    size = exchange.token_size;
    memcpy(reply, exchange.token, size);
    cr_assert_eq(exchange.server_attributes, 0);
    cr_assert_eq(exchange.server_expiry.QuadPart, 0);
    assert_status(SspiQueryContextReason(&exchange.server, &reason), SEC_E_OK);
    cr_assert_eq(reason, expected_reason);
    assert_failed_for_good(&exchange.server);
    assert_status(exchange_server(&exchange), SEC_E_INVALID_HANDLE);
    exchange_end(&exchange);
    return size;
}

/* To the client both look the same: status, reply, attributes. The operator is told which it was. */
Test(failures, wrong_password_and_unknown_user)
{
    FOR_EACH_PACKAGE
    {
        ULONG wrong;

        if (package->tickets)
            continue;
        wrong = login_denied(CLIENT_WRONG_PASSWORD, SSPI_REASON_WRONG_PASSWORD, first_token);

        cr_assert_eq(login_denied(CLIENT_UNKNOWN_USER, SSPI_REASON_UNKNOWN_USER, last_token), wrong);
        assert_mem_eq(last_token, first_token, wrong);
    }
}

static SECURITY_STATUS unreachable(void *argument, const char *user, const char *domain, PSSPI_ACCOUNT_KEYS keys)
{
    (void)argument, (void)user, (void)domain, (void)keys;
    return SEC_E_INTERNAL_ERROR;
}

/* No authority can be asked: nobody gets in, and nobody is told that a password was wrong. */
Test(failures, store_that_cannot_be_asked)
{
    FOR_EACH_PACKAGE
    {
        SspiAccountStore *store;
        ULONG reason;

        if (package->tickets)
            continue;
        exchange_begin(&exchange, CLIENT_GOOD);
        assert_status(SspiAccountStoreFromCallback(unreachable, NULL, NULL, &store), SEC_E_OK);
        assert_status(SspiCredentialSetAccountStore(&exchange.server_credential, store), SEC_E_OK);
        SspiAccountStoreFree(store);
        assert_status(exchange_run(&exchange), SEC_E_NO_AUTHENTICATING_AUTHORITY);
        assert_status(SspiQueryContextReason(&exchange.server, &reason), SEC_E_OK);
        cr_assert_eq(reason, SSPI_REASON_STORE_UNAVAILABLE);
        exchange_end(&exchange);
    }
}

/* The first and the last token of a good login. */
static void record(void)
{
    exchange_begin(&exchange, CLIENT_GOOD);
    exchange_client(&exchange);
    memcpy(first_token, exchange.token, exchange.token_size);
    first_size = exchange.token_size;
    exchange_again(&exchange);
    exchange_until_last(&exchange);
    memcpy(last_token, exchange.token, exchange.token_size);
    last_size = exchange.token_size;
}

static SECURITY_STATUS feed(const void *token, size_t size)
{
    memcpy(exchange.token, token, size);
    exchange.token_size = (ULONG)size;
    return exchange_server(&exchange);
}

Test(failures, garbage_as_the_first_token)
{
    static const char *const garbage[] = {"", "x", "NTLMSSP", "GET / HTTP/1.1", "\x60\x82\xFF\xFF\x06", "\x16\x03\x01"};
    static uint8_t noise[3000];

    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)(i * 131 + (i >> 3));
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        for (size_t i = package->server_first; i < sizeof garbage / sizeof *garbage;
             i++) {                                  /* [0] asks a server to begin */
            bool begins = package->stream && i == 5; /* of a record */

            assert_status(feed(garbage[i], strlen(garbage[i])),
                          begins ? SEC_E_INCOMPLETE_MESSAGE : SEC_E_INVALID_TOKEN);
            cr_assert_not(SecIsValidHandle(&exchange.server));
            cr_assert(exchange.token_size == 0 || package->rejects);
            cr_assert_eq(exchange.server_attributes, 0);
        }
        assert_status(feed(noise, sizeof noise), SEC_E_INVALID_TOKEN);
        exchange_end(&exchange);
    }
}

Test(failures, every_truncation_of_the_first_token)
{
    FOR_EACH_PACKAGE
    {
        record();
        exchange_again(&exchange);
        for (ULONG size = 0; size < first_size; size++) {
            SECURITY_STATUS status = feed(first_token, size);

            cr_assert(status < 0 || status == SEC_I_CONTINUE_NEEDED, "%s at %u: %s", package->name, (unsigned)size,
                      SspiStatusName(status));
            exchange_again(&exchange);
        }
        exchange_end(&exchange);
    }
}

Test(failures, every_truncation_of_the_last_token, .timeout = 300)
{
    FOR_EACH_PACKAGE
    {
        record();
        for (ULONG size = 0; size < last_size; size++) {
            exchange_again(&exchange);
            exchange_until_last(&exchange);
            feed(exchange.token, size);
            cr_assert(exchange.server_status < 0
                          || (package->stream && exchange.server_status == SEC_I_CONTINUE_NEEDED), /* a whole record */
                      "%s at %u", package->name, (unsigned)size);
        }
        exchange_end(&exchange);
    }
}

Test(failures, last_token_of_another_login)
{
    FOR_EACH_PACKAGE
    {
        if (package->server_legs < 2)
            continue;
        record();
        exchange_again(&exchange);
        exchange_until_last(&exchange);
        cr_assert_lt(feed(last_token, last_size), 0);
        assert_failed_for_good(&exchange.server);
        exchange_end(&exchange);
    }
}

Test(failures, garbage_in_the_middle)
{
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_until_last(&exchange);
        if (package->server_legs > 1) {
            assert_status(feed("garbage", 7), SEC_E_INVALID_TOKEN);
            cr_assert(SecIsValidHandle(&exchange.server)); /* still the caller's, to delete */
            assert_failed_for_good(&exchange.server);
        }
        exchange_end(&exchange);
    }
}

Test(failures, garbage_for_the_client)
{
    FOR_EACH_PACKAGE
    {
        exchange_begin(&exchange, CLIENT_GOOD);
        exchange_client(&exchange);
        memcpy(exchange.token, "garbage", 7);
        exchange.token_size = 7;
        assert_status(exchange_client(&exchange), SEC_E_INVALID_TOKEN);
        cr_assert_eq(exchange.token_size, 0);
        cr_assert_eq(exchange.client_attributes, 0);
        assert_failed_for_good(&exchange.client);
        exchange_end(&exchange);
    }
}

Test(failures, bad_tokens_keep_no_memory)
{
    FOR_EACH_PACKAGE
    {
        size_t live;

        exchange_begin(&exchange, CLIENT_GOOD);
        cr_assert_lt(feed("garbage", 7), 0);
        live = memory_live();
        for (int i = 0; i < 2000; i++)
            cr_assert_lt(feed("garbage", 7), 0);
        cr_assert_eq(memory_live(), live);
        exchange_end(&exchange);
    }
}

/* ---- Every allocation failing once, each leg of both roles: no leak, and the same call repeated succeeds ---- */

static SECURITY_STATUS leg_under_pressure(SECURITY_STATUS (*leg)(struct exchange *), size_t *tries)
{
    static uint8_t token[TOKEN_MAX];
    ULONG size = exchange.token_size;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    memcpy(token, exchange.token, size);
    for (size_t n = 1; status == SEC_E_INSUFFICIENT_MEMORY; n++) {
        memcpy(exchange.token, token, size);
        exchange.token_size = size;
        memory_fail_at(n);
        status = leg(&exchange);
        memory_fail_at(0);
        if (status < 0) {
            cr_assert_eq(exchange.token_size, 0);
            assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        }
        cr_assert_lt(n, 500);
        ++*tries;
    }
    return status;
}

Test(failures, every_allocation_failing_once, .timeout = 300)
{
    FOR_EACH_PACKAGE
    {
        SECURITY_STATUS server = SEC_I_CONTINUE_NEEDED, client = SEC_I_CONTINUE_NEEDED;
        size_t live, tries = 0;

        exchange_open(&exchange); /* what is made once a process is made now */
        exchange_again(&exchange);
        live = memory_live();
        while (server == SEC_I_CONTINUE_NEEDED) {
            if (client == SEC_I_CONTINUE_NEEDED)
                client = leg_under_pressure(exchange_client, &tries);
            server = leg_under_pressure(exchange_server, &tries);
        }
        if (client == SEC_I_CONTINUE_NEEDED) /* the server's last token is for the client */
            client = leg_under_pressure(exchange_client, &tries);
        assert_status(server, SEC_E_OK);
        assert_status(client, SEC_E_OK);
        cr_assert_gt(tries, 8);
        exchange_again(&exchange);
        cr_assert_eq(memory_live(), live);
        exchange_end(&exchange);
    }
}

/* ---- Events and explanations ---- */

static int events;
static SSPI_EVENT event;
static char client_name[128], explanation[256];

static void on_event(void *argument, const SSPI_EVENT *got)
{
    (void)argument;
    events++;
    event = *got;
    snprintf(client_name, sizeof client_name, "%s", got->ClientName);
    snprintf(explanation, sizeof explanation, "%s", got->Explanation);
}

static void watch(enum client_kind kind)
{
    exchange_begin(&exchange, kind);
    events = 0;
    assert_status(SspiCredentialSetEventCallback(&exchange.server_credential, on_event, NULL, NULL), SEC_E_OK);
}

Test(events, one_for_each_login)
{
    FOR_EACH_PACKAGE
    {
        watch(CLIENT_GOOD);
        assert_status(exchange_run(&exchange), SEC_E_OK);
        cr_assert_eq(events, 1);
        assert_status(event.Status, SEC_E_OK);
        cr_assert_eq(event.Time.QuadPart, INT64_C(133485408000000000)); /* the fixed clock */
        cr_assert_str_eq(client_name, package->client_name);
        cr_assert_not_null(strstr(explanation, package->client_name));
        exchange_end(&exchange);
    }
}

Test(events, one_for_each_refusal_without_the_password)
{
    FOR_EACH_PACKAGE
    {
        const SECURITY_STATUS refused = package->stream    ? SEC_E_UNTRUSTED_ROOT
                                        : package->tickets ? SEC_E_DECRYPT_FAILURE
                                                           : SEC_E_LOGON_DENIED;
        const ULONG reason = package->stream    ? SSPI_REASON_PEER_CERTIFICATE
                             : package->tickets ? SSPI_REASON_WRONG_KEY
                                                : SSPI_REASON_WRONG_PASSWORD;

        watch(CLIENT_WRONG_PASSWORD);
        assert_status(exchange_run(&exchange), refused);
        cr_assert_eq(events, 1);
        assert_status(event.Status, refused);
        cr_assert_eq(event.Reason, reason);
        cr_assert_null(strstr(explanation, "correct horse"));
        exchange_end(&exchange);
        watch(CLIENT_GOOD);
        cr_assert_lt(feed("garbage", 7), 0);
        cr_assert_eq(events, 1);
        exchange_end(&exchange);
    }
}

Test(events, none_for_an_abandoned_handshake)
{
    FOR_EACH_PACKAGE
    {
        if (package->server_legs < 2)
            continue;
        watch(CLIENT_GOOD);
        exchange_until_last(&exchange);
        exchange_end(&exchange);
        cr_assert_eq(events, 0);
    }
}

Test(explanations, of_an_established_context)
{
    FOR_EACH_PACKAGE
    {
        char *text;

        exchange_open(&exchange);
        assert_status(SspiExplainContext(&exchange.server, &text), SEC_E_OK);
        cr_assert_not_null(strstr(text, package->client_name));
        cr_assert_not_null(strstr(text, package->name));
        FreeContextBuffer(text);
        exchange_end(&exchange);
    }
}
