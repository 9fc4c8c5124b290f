/*
 * Run under valgrind by secrets.sh, with tests/support/secret_public.c in place of base/secret.c: whole logins whose NT
 * hash valgrind takes for undefined. Branches and indices that depend on it are reported; RC4's own are suppressed by
 * name.
 */
#include "forge.h"

#include <valgrind/memcheck.h>

static uint8_t nt_hash[16];

static SECURITY_STATUS SEC_ENTRY lookup(void *argument, const char *user, const char *domain, PSSPI_ACCOUNT_KEYS keys)
{
    (void)argument;
    (void)domain;
    if (strcmp(user, USER) != 0)
        return SEC_E_LOGON_DENIED;
    keys->HasNtHash = 1;
    memcpy(keys->NtHash, nt_hash, sizeof nt_hash);
    (void)VALGRIND_MAKE_MEM_UNDEFINED(keys->NtHash, sizeof nt_hash);
    return SEC_E_OK;
}

static void login(const char *user, const char *password, SECURITY_STATUS expected)
{
    struct forge forge = forge_good();
    SspiAccountStore *store;
    static struct loopback loop;

    loopback_open(&loop);
    assert_status(SspiAccountStoreFromCallback(lookup, NULL, NULL, &store), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&loop.server_credential, store), SEC_E_OK);
    SspiAccountStoreFree(store);
    forge_nt_hash(PASSWORD, nt_hash);
    forge.user = user;
    forge.password = password;
    forge_until_authenticate(&forge, &loop);
    assert_status(loopback_finish(&loop), expected);
    loopback_close(&loop);
}

Test(constant_time, right_password)
{
    login(USER, PASSWORD, SEC_E_OK);
}

Test(constant_time, wrong_password)
{
    login(USER, "Passw0rd?", SEC_E_LOGON_DENIED);
}

Test(constant_time, unknown_user)
{
    login("mallory", PASSWORD, SEC_E_LOGON_DENIED);
}
