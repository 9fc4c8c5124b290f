#include "api/context_buffer.h"
#include "doubles.h"
#include "trial.h"

#include <stdio.h>

static SecHandle server;
static SspiAccountStore *store;

static void setup(void)
{
    server = trial_credential("Trial", SECPKG_CRED_INBOUND);
    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
}

static void teardown(void)
{
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
    SspiAccountStoreFree(store);
    cr_assert_eq(trial_credentials(), 0);
}

#define OPTION_TEST(name) Test(options, name, .init = setup, .fini = teardown)

OPTION_TEST(by_name)
{
    assert_status(SspiCredentialSetOption(&server, "allow_anonymous", "yes"), SEC_E_OK);
    assert_status(SspiCredentialSetOption(&server, "no_such_option", "yes"), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetOption(&server, "allow_anonymous", "maybe"), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetOption(&server, NULL, "yes"), SEC_E_INVALID_PARAMETER);
}

OPTION_TEST(closed_by_the_first_context)
{
    SecHandle context = trial_half_open(&server);
    uint8_t hash[16] = {1};

    assert_status(SspiCredentialSetOption(&server, "allow_anonymous", "yes"), SEC_E_OUT_OF_SEQUENCE);
    assert_status(SspiCredentialSetAccountStore(&server, store), SEC_E_OUT_OF_SEQUENCE);
    assert_status(SspiCredentialSetNtHash(&server, hash, 16), SEC_E_OUT_OF_SEQUENCE);
    assert_status(SspiCredentialSetEventCallback(&server, NULL, NULL, NULL), SEC_E_OUT_OF_SEQUENCE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

OPTION_TEST(account_store_is_kept_and_replaced)
{
    assert_status(SspiCredentialSetAccountStore(&server, store), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&server, store), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&server, NULL), SEC_E_INVALID_PARAMETER);
}

OPTION_TEST(nt_hash_has_sixteen_bytes)
{
    SecHandle bare = trial_credential("Bare", SECPKG_CRED_INBOUND);
    uint8_t hash[17] = {1};

    assert_status(SspiCredentialSetNtHash(&server, hash, 16), SEC_E_OK);
    assert_status(SspiCredentialSetNtHash(&server, hash, 15), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetNtHash(&server, hash, 17), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetNtHash(&server, NULL, 16), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetNtHash(&bare, hash, 16), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(FreeCredentialsHandle(&bare), SEC_E_OK);
}

OPTION_TEST(store_that_cannot_be_opened_fails_the_login_and_is_named)
{
    SecHandle context;
    char out[16];
    ULONG size = sizeof out;

    assert_status(SspiCredentialSetOption(&server, "account_store", "sqlite:/nonexistent/accounts.db"), SEC_E_OK);
    cr_assert_lt(trial_accept(&server, NULL, &context, "HELLO", out, &size), 0);
    cr_assert_not_null(strstr(trial_last_failure(), "/nonexistent/accounts.db"));
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_STORE_UNAVAILABLE);
    cr_assert_eq(trial_contexts(), 0);
    size = sizeof out;
    assert_status(SspiCredentialSetOption(&server, "account_store", "memory:"), SEC_E_OK);
    assert_status(trial_accept(&server, NULL, &context, "HELLO", out, &size), SEC_I_CONTINUE_NEEDED);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

Test(options, listed)
{
    SSPI_OPTION *options;
    ULONG count;
    bool found = false;

    assert_status(SspiEnumerateOptions(&count, &options), SEC_E_OK);
    for (ULONG i = 0; i < count; i++) {
        found = found || strcmp(options[i].Name, "account_store") == 0;
        cr_assert_gt(strlen(options[i].Description), 5);
    }
    cr_assert(found);
    assert_status(FreeContextBuffer(options), SEC_E_OK);
    assert_status(SspiEnumerateOptions(NULL, &options), SEC_E_INVALID_PARAMETER);
    assert_status(SspiEnumerateOptions(&count, NULL), SEC_E_INVALID_PARAMETER);
    memory_fail_at(1);
    assert_status(SspiEnumerateOptions(&count, &options), SEC_E_INSUFFICIENT_MEMORY);
    memory_fail_at(0);
}

/* ---- Events ---- */

static struct {
    int events, releases;
    SECURITY_STATUS status;
    ULONG reason;
    int64_t time;
    char package[32], client[64], workstation[32], explanation[128];
} seen;

static void on_event(void *argument, const SSPI_EVENT *event)
{
    cr_assert_eq(argument, &seen);
    cr_assert_eq(event->Size, sizeof *event);
    seen.events++;
    seen.status = event->Status;
    seen.reason = event->Reason;
    seen.time = event->Time.QuadPart;
    snprintf(seen.package, sizeof seen.package, "%s", event->Package);
    snprintf(seen.client, sizeof seen.client, "%s", event->ClientName);
    snprintf(seen.workstation, sizeof seen.workstation, "%s", event->Workstation);
    snprintf(seen.explanation, sizeof seen.explanation, "%s", event->Explanation);
}

static void on_release(void *argument)
{
    cr_assert_eq(argument, &seen);
    seen.releases++;
}

static void events_setup(void)
{
    memset(&seen, 0, sizeof seen);
    server = trial_credential("Trial", SECPKG_CRED_BOTH);
    assert_status(SspiCredentialSetEventCallback(&server, on_event, &seen, on_release), SEC_E_OK);
}

static void events_teardown(void)
{
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
    cr_assert_eq(seen.releases, 1);
}

#define EVENT_TEST(name) Test(events, name, .init = events_setup, .fini = events_teardown)

static SECURITY_STATUS attempt(const char *second)
{
    SecHandle context = trial_half_open(&server);
    char out[16];
    ULONG size = sizeof out;
    SECURITY_STATUS status = trial_accept(&server, &context, &context, second, out, &size);

    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    return status;
}

EVENT_TEST(one_for_a_success)
{
    assert_status(attempt("ANSWER:alice:secret"), SEC_E_OK);
    cr_assert_eq(seen.events, 1);
    assert_status(seen.status, SEC_E_OK);
    cr_assert_eq(seen.reason, SSPI_REASON_NONE);
    cr_assert_eq(seen.time, clock_now());
    cr_assert_str_eq(seen.package, "Trial");
    cr_assert_str_eq(seen.client, "EXAMPLE\\alice");
    cr_assert_str_eq(seen.workstation, "WS");
    cr_assert_str_eq(seen.explanation, "EXAMPLE\\alice logged in by Trial");
}

EVENT_TEST(one_for_a_failure)
{
    assert_status(attempt("ANSWER:bob:guess"), SEC_E_LOGON_DENIED);
    cr_assert_eq(seen.events, 1);
    assert_status(seen.status, SEC_E_LOGON_DENIED);
    cr_assert_eq(seen.reason, SSPI_REASON_WRONG_PASSWORD);
    cr_assert_str_eq(seen.client, "EXAMPLE\\bob");
    cr_assert_str_eq(seen.explanation, "wrong password of bob");
}

EVENT_TEST(one_for_a_first_leg_that_fails)
{
    SecHandle context;
    char out[16];
    ULONG size = sizeof out;

    assert_status(trial_accept(&server, NULL, &context, "garbage", out, &size), SEC_E_INVALID_TOKEN);
    cr_assert_eq(seen.events, 1);
    cr_assert_str_eq(seen.client, "");
    cr_assert_gt(strlen(seen.explanation), 10);
}

EVENT_TEST(none_for_what_can_be_repeated_or_is_abandoned)
{
    SecHandle context = trial_half_open(&server);
    char out[16];
    ULONG size = sizeof out;

    assert_status(trial_accept(&server, &context, &context, "INCOMPLETE", out, &size), SEC_E_INCOMPLETE_MESSAGE);
    size = 1;
    assert_status(trial_accept(&server, NULL, &(SecHandle){0}, "HELLO", out, &size), SEC_E_BUFFER_TOO_SMALL);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    cr_assert_eq(seen.events, 0);
}

EVENT_TEST(none_after_the_attempt_is_decided)
{
    SecHandle context = trial_half_open(&server);
    char out[16];
    ULONG size = sizeof out;

    assert_status(trial_accept(&server, &context, &context, "ANSWER:a:secret", out, &size), SEC_E_OK);
    assert_status(trial_accept(&server, &context, &context, "ANSWER:a:secret", out, &size), SEC_E_OUT_OF_SEQUENCE);
    assert_status(trial_accept(&server, &context, &context, "ANSWER:a:secret", out, &size), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    cr_assert_eq(seen.events, 1);
}

EVENT_TEST(none_for_an_initiator)
{
    SecHandle context;
    char out[64];
    ULONG size = sizeof out;

    assert_status(trial_initiate(&server, NULL, &context, NULL, out, &size), SEC_I_CONTINUE_NEEDED);
    size = sizeof out;
    assert_status(trial_initiate(&server, &context, &context, "CHALLENGE", out, &size), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    cr_assert_eq(seen.events, 0);
}

EVENT_TEST(replaced_callback_is_released)
{
    assert_status(SspiCredentialSetEventCallback(&server, on_event, &seen, on_release), SEC_E_OK);
    cr_assert_eq(seen.releases, 1);
    seen.releases = 0;
}
