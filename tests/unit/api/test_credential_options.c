#include "doubles.h"
#include "trial.h"

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
    assert_status(trial_accept(&server, NULL, &context, "HELLO", out, &size), SEC_E_NO_AUTHENTICATING_AUTHORITY);
    cr_assert_not_null(strstr(trial_last_failure(), "/nonexistent/accounts.db"));
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_STORE_UNAVAILABLE);
    cr_assert_eq(trial_contexts(), 0);
    size = sizeof out;
    assert_status(SspiCredentialSetOption(&server, "account_store", "memory:"), SEC_E_OK);
    assert_status(trial_accept(&server, NULL, &context, "HELLO", out, &size), SEC_I_CONTINUE_NEEDED);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

OPTION_TEST(keys_and_caches_of_packages_that_have_none)
{
    assert_status(SspiCredentialSetKeytab(&server, "/etc/krb5.keytab"), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiCredentialSetKeytab(&server, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetTicketCache(&server, "MEMORY:x"), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiCredentialSetTicketCache(&server, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetKeytabBytes(&server, "x", 1), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiCredentialSetKeytabBytes(&server, NULL, 1), SEC_E_INVALID_PARAMETER);
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
