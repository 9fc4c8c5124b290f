/*
 * Run under callgrind by timing.sh, which counts the instructions of the last leg: login_cost --filter STORE/KIND. A
 * wrong password, an unknown user and a disabled account must cost the same.
 */
#include "forge.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { WARM = 20, COUNTED = 200 };

static struct loopback loop;

/* A database of accounts beside the store in memory; the caller removes its folder. */
static void use_database(char folder[32])
{
    char path[64];

    SspiAccountStoreFree(loop.store);
    snprintf(folder, 32, "/tmp/sspi-cost-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/accounts.db", folder);
    assert_status(SspiAccountStoreCreate(path, &loop.store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(loop.store, USER, DOMAIN, PASSWORD, (ULONG)strlen(PASSWORD)), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&loop.server_credential, loop.store), SEC_E_OK);
}

static void folder_remove(const char *folder)
{
    char command[64];

    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

/* Names of one length, so that the only difference is what the store says. */
static void refused(const char *user, bool disabled, bool database)
{
    struct forge forge = forge_good();
    char folder[32] = "";

    loopback_open(&loop);
    if (database)
        use_database(folder);
    assert_status(SspiAccountStoreSetDisabled(loop.store, USER, DOMAIN, disabled), SEC_E_OK);
    forge.user = user;
    forge.password = disabled ? PASSWORD : "Passw0rd?";
    for (unsigned i = 0; i < WARM + COUNTED; i++) {
        SECURITY_STATUS status;

        forge_until_authenticate(&forge, &loop);
        if (i >= WARM)
            CALLGRIND_TOGGLE_COLLECT;
        status = loopback_finish(&loop);
        if (i >= WARM)
            CALLGRIND_TOGGLE_COLLECT;
        assert_status(status, SEC_E_LOGON_DENIED);
        loopback_again(&loop);
    }
    loopback_close(&loop);
    if (database)
        folder_remove(folder);
}

Test(memory, wrong_password)
{
    refused(USER, false, false);
}

Test(memory, unknown_user)
{
    refused("malor", false, false);
}

Test(memory, disabled_account)
{
    refused(USER, true, false);
}

Test(database, wrong_password)
{
    refused(USER, false, true);
}

Test(database, unknown_user)
{
    refused("malor", false, true);
}

Test(database, disabled_account)
{
    refused(USER, true, true);
}
