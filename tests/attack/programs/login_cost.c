/*
 * Run under callgrind by timing.sh, which counts the instructions of the last leg: login_cost --filter STORE/KIND. A
 * wrong password, an unknown user, a disabled and a locked account must cost the same.
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

struct kind {
    const char *user; /* of one length, so that the only difference is what the store says */
    bool disabled;    /* then with the right password */
    bool database;
    const char *threshold; /* of lockout */
    bool elsewhere;        /* claimed in a domain that the store does not know */
};

#define NEVER "1000000" /* counted, but not reached */
#define SOON "5"        /* reached before the logins that are measured */

static void default_domain_add(const char *user)
{
    assert_status(SspiAccountStoreAdd(loop.store, user, NULL, PASSWORD, (ULONG)strlen(PASSWORD)), SEC_E_OK);
}

static void refused(struct kind kind)
{
    struct forge forge = forge_good();
    char folder[32] = "";

    loopback_open(&loop);
    if (kind.database)
        use_database(folder);
    if (kind.elsewhere) {
        default_domain_add(USER);
        default_domain_add("bobby");
        forge.domain = "NOWHERE";
    }
    assert_status(SspiAccountStoreSetDisabled(loop.store, USER, DOMAIN, kind.disabled), SEC_E_OK);
    assert_status(SspiCredentialSetOption(&loop.server_credential, "lockout_threshold", kind.threshold), SEC_E_OK);
    forge.user = kind.user;
    forge.password = kind.disabled ? PASSWORD : "Passw0rd?";
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
    if (kind.database)
        folder_remove(folder);
}

Test(memory, wrong_password)
{
    refused((struct kind){USER, false, false, "0", false});
}

Test(memory, unknown_user)
{
    refused((struct kind){"malor", false, false, "0", false});
}

Test(memory, disabled_account)
{
    refused((struct kind){USER, true, false, "0", false});
}

Test(memory_lockout, wrong_password)
{
    refused((struct kind){USER, false, false, NEVER, false});
}

Test(memory_lockout, unknown_user)
{
    refused((struct kind){"malor", false, false, NEVER, false});
}

Test(memory_lockout, disabled_account)
{
    refused((struct kind){USER, true, false, NEVER, false});
}

Test(memory_lockout, locked_account)
{
    refused((struct kind){USER, false, false, SOON, false});
}

Test(memory_lockout, unknown_user_after_many)
{
    refused((struct kind){"malor", false, false, SOON, false});
}

Test(database, wrong_password)
{
    refused((struct kind){USER, false, true, "0", false});
}

Test(database, unknown_user)
{
    refused((struct kind){"malor", false, true, "0", false});
}

Test(database, disabled_account)
{
    refused((struct kind){USER, true, true, "0", false});
}

Test(database_lockout, wrong_password)
{
    refused((struct kind){USER, false, true, NEVER, false});
}

Test(database_lockout, unknown_user)
{
    refused((struct kind){"malor", false, true, NEVER, false});
}

Test(database_lockout, disabled_account)
{
    refused((struct kind){USER, true, true, NEVER, false});
}

Test(database_lockout, locked_account)
{
    refused((struct kind){USER, false, true, SOON, false});
}

Test(database_lockout, unknown_user_after_many)
{
    refused((struct kind){"malor", false, true, SOON, false});
}

Test(memory_elsewhere, wrong_password)
{
    refused((struct kind){"bobby", false, false, NEVER, true});
}

Test(memory_elsewhere, unknown_user)
{
    refused((struct kind){"malor", false, false, NEVER, true});
}

Test(memory_elsewhere, hidden_account)
{
    refused((struct kind){USER, false, false, NEVER, true});
}
