/*
 * What an operator may write as the place of a store.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support_account.h"

Test(location, locations_of_unknown_form_are_refused)
{
    static const char *const bad[] = {"",         "sqlite:", "smbpasswd:", "sqlit:/tmp/x",
                                      "winbind:", ":/tmp",   "memory:x",   "ntlm-user-file",
                                      "\xFF",     "default", "http://x",   "SQLITE:/tmp/x"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct failure failure = {0};
        SspiAccountStore *store;
        SECURITY_STATUS status = account_store_open(bad[i], false, &store, &failure);

        cr_assert_null(store);
        cr_assert(status == SEC_E_INVALID_PARAMETER || status == SEC_E_NO_CREDENTIALS, "\"%s\"", bad[i]);
        cr_assert_neq(failure.text[0], '\0');
    }
}

Test(location, a_relative_path_stays_where_it_was, .init = folder_make, .fini = folder_remove)
{
    char before[512];
    SspiAccountStore *store;

    cr_assert_not_null(getcwd(before, sizeof before));
    cr_assert_eq(chdir(folder_path("")), 0);
    store = store_create("relative.db");
    cr_assert_eq(chdir("/"), 0);
    store_add(store, "alice", "", "x");
    cr_assert(knows(store, "alice", "", "x"));
    account_store_release(store);
    cr_assert_eq(chdir(before), 0);
}

Test(location, default_is_what_is_configured, .init = folder_make, .fini = folder_remove)
{
    const char *config = folder_path("sspi.conf"), *path = folder_path("db");
    struct failure failure = {0};
    SspiAccountStore *store;

    file_write_text(config, "[sspi]\n");
    cr_assert_eq(setenv("SSPI_CONFIG", config, 1), 0);
    assert_status(account_store_open("default:", false, &store, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(failure.reason, SSPI_REASON_NO_STORE);
    cr_assert_null(store);
    cr_assert_eq(setenv("SSPI_ACCOUNT_STORE", path, 1), 0);
    account_store_release(store_create("default:"));
    account_store_release(store_open(path));
    cr_assert_eq(setenv("SSPI_ACCOUNT_STORE", "default:", 1), 0);
    assert_status(account_store_open("default:", false, &store, &failure), SEC_E_INVALID_PARAMETER);
    cr_assert_eq(setenv("SSPI_CONFIG", "/nonexistent/sspi.conf", 1), 0);
    assert_status(account_store_open("default:", false, &store, &failure), SEC_E_INTERNAL_ERROR);
    (void)unsetenv("SSPI_ACCOUNT_STORE");
    (void)unsetenv("SSPI_CONFIG");
}
