#include <stdio.h>

#include "trial.h"

static SecHandle server;

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

/* Names are the peer's words, and an operator reads them in a log or on a terminal. */
EVENT_TEST(names_are_made_harmless)
{
    assert_status(attempt("ANSWER:b\nob\x1B[2J\xC2\x9B\xE2\x80\xAE:guess"), SEC_E_LOGON_DENIED);
    cr_assert_str_eq(seen.client, "EXAMPLE\\b?ob?[2J??");
    assert_status(attempt("ANSWER:b\nob\x1B[2J\xC2\x9B\xE2\x80\xAE:secret"), SEC_E_OK);
    cr_assert_str_eq(seen.client, "EXAMPLE\\b?ob?[2J??");
    cr_assert_str_eq(seen.explanation, "EXAMPLE\\b?ob?[2J?? logged in by Trial");
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

EVENT_TEST(one_when_misuse_ends_a_login)
{
    SecHandle other = trial_credential("Trial", SECPKG_CRED_INBOUND), context = trial_half_open(&server);
    char out[16];
    ULONG size = sizeof out;

    assert_status(trial_accept(&other, &context, &context, "ANSWER:a:secret", out, &size),
                  SEC_E_WRONG_CREDENTIAL_HANDLE);
    cr_assert_eq(seen.events, 1);
    cr_assert_eq(seen.reason, SSPI_REASON_USAGE);
    assert_status(trial_accept(&other, &context, &context, "ANSWER:a:secret", out, &size),
                  SEC_E_WRONG_CREDENTIAL_HANDLE);
    cr_assert_eq(seen.events, 1);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&other), SEC_E_OK);
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

/* ---- CompleteAuthToken decides a login as well ---- */

static SECURITY_STATUS complete_with(const char *word, SecHandle *credential, SecHandle *context)
{
    SecBuffer buffer = {4, SECBUFFER_TOKEN, (void *)word};
    SecBufferDesc desc = {0, 1, &buffer};

    memset(&seen, 0, sizeof seen);
    *credential = trial_credential("Again", SECPKG_CRED_INBOUND);
    assert_status(SspiCredentialSetEventCallback(credential, on_event, &seen, NULL), SEC_E_OK);
    *context = trial_half_open(credential);
    return CompleteAuthToken(context, &desc);
}

Test(events, one_for_a_login_that_complete_auth_token_finishes)
{
    SecHandle credential, context;

    assert_status(complete_with("good", &credential, &context), SEC_E_OK);
    cr_assert_eq(seen.events, 1);
    assert_status(seen.status, SEC_E_OK);
    cr_assert_str_eq(trial_explain(&context), "a nameless client logged in by Again");
    assert_status(CompleteAuthToken(&context, NULL),
                  SEC_E_INVALID_TOKEN); /* established: nothing is decided any more */
    cr_assert_eq(seen.events, 1);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}

Test(events, one_for_a_login_that_complete_auth_token_refuses)
{
    SecHandle credential, context;

    assert_status(complete_with("evil", &credential, &context), SEC_E_MESSAGE_ALTERED);
    cr_assert_eq(seen.events, 1);
    cr_assert_eq(seen.reason, SSPI_REASON_MESSAGE_ALTERED);
    cr_assert_str_eq(trial_explain(&context), "not good");
    assert_status(CompleteAuthToken(&context, NULL), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}
