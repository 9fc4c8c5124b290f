/*
 * verify.c before stores that fail, cannot count, or judge responses themselves.
 */
#include "support_ntlm.h"

static struct rig rig;

static void open_rig(void)
{
    rig_open(&rig);
}

static void close_rig(void)
{
    rig_close(&rig);
}

static void refused(SECURITY_STATUS status, ULONG reason)
{
    assert_status(rig.done.status, status);
    cr_assert_eq(rig.done.failure.reason, reason, "reason %u (%s)", rig.done.failure.reason, rig.done.failure.text);
    cr_assert_eq(rig.done.attributes, 0);
    cr_assert_eq(rig_server_context(&rig)->state, NTLM_CLOSED);
}

static void login_as(const char *user, const char *domain, const char *password)
{
    rig_reset(&rig);
    rig_client_is(&rig, user, domain, password);
    rig_run(&rig);
}

Test(ntlm_stores, that_fail, .init = open_rig, .fini = close_rig)
{
    rig_store(&rig)->mode = RIG_STORE_FAILS;
    rig_run(&rig);
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE);
    cr_assert_not_null(strstr(rig.done.failure.text, "accounts.db"));
    rig_store(&rig)->judges = true;
    rig_store(&rig);
    rig_reset(&rig);
    rig_run(&rig);
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE);
    rig_reset(&rig);
    rig.server.credential->accounts = NULL;
    rig_run(&rig);
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_NO_STORE);
}

Test(ntlm_stores, that_judge_themselves, .init = open_rig, .fini = close_rig)
{
    rig_store(&rig)->judges = true;
    rig_store(&rig);
    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert(rig_server_context(&rig)->mic_verified, "the MIC is checked with the key that the store gave");
    cr_assert_str_eq(rig.done.login.client, "Domain\\User");
    login_as("User", "Domain", "wrong");
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(ntlm_stores, that_say_nothing, .init = open_rig, .fini = close_rig)
{
    rig_store(&rig)->mode = RIG_STORE_FAILS_SILENTLY;
    rig_run(&rig);
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE);
    login_as("User", "", "Password");
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE);
}

/* What cannot be counted does not count: neither a failure nor a success. */
Test(ntlm_stores, that_cannot_count, .init = open_rig, .fini = close_rig)
{
    rig_store(&rig)->counts_nothing = true;
    rig_run(&rig);
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE);
    login_as("User", "Domain", "wrong");
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE);
    login_as("nobody", "Domain", "wrong");
    refused(SEC_E_NO_AUTHENTICATING_AUTHORITY, SSPI_REASON_STORE_UNAVAILABLE);
}

/* A right guess beside many wrong ones, judged before the lock. */
Test(ntlm_stores, that_lock_while_the_login_is_verified, .init = open_rig, .fini = close_rig)
{
    rig_store(&rig)->locks_late = true;
    rig_run(&rig);
    refused(SEC_E_LOGON_DENIED, SSPI_REASON_ACCOUNT_LOCKED);
    cr_assert_eq(rig_store(&rig)->successes, 0);
}
