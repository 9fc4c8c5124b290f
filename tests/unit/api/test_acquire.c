#include "trial.h"

Test(acquire, package_names)
{
    SecHandle handle;

    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"ATTEMPT", 1, NULL, NULL, NULL, NULL, &handle, NULL),
                  SEC_E_OK);
    assert_status(FreeCredentialsHandle(&handle), SEC_E_OK);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Nobody", 1, NULL, NULL, NULL, NULL, &handle, NULL),
                  SEC_E_SECPKG_NOT_FOUND);
    assert_status(AcquireCredentialsHandleA(NULL, NULL, 1, NULL, NULL, NULL, NULL, &handle, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Trial", 1, NULL, NULL, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(AcquireCredentialsHandleW(NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_PARAMETER);
}

Test(acquire, package_that_is_not_available_says_why)
{
    SecHandle handle;
    PSecPkgInfoA info;
    ULONG count;

    trial_available = false;
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Trial", 1, NULL, NULL, NULL, NULL, &handle, NULL),
                  SEC_E_SECPKG_NOT_FOUND);
    cr_assert_str_eq(trial_last_failure(), "install the provider");
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_CRYPTO_UNAVAILABLE);
    assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)"Trial", &info), SEC_E_SECPKG_NOT_FOUND);
    assert_status(EnumerateSecurityPackagesA(&count, &info), SEC_E_OK);
    cr_assert_eq(count, 2);
    FreeContextBuffer(info);
    trial_available = true;
}

Test(acquire, credential_uses)
{
    static const struct {
        const char *package;
        ULONG use;
        SECURITY_STATUS status;
    } rows[] = {
        {"Trial", SECPKG_CRED_INBOUND, SEC_E_OK},
        {"Trial", SECPKG_CRED_OUTBOUND, SEC_E_OK},
        {"Trial", SECPKG_CRED_BOTH, SEC_E_OK},
        {"Trial", SECPKG_CRED_OUTBOUND | SECPKG_CRED_AUTOLOGON_RESTRICTED, SEC_E_OK},
        {"Trial", 0, SEC_E_INVALID_PARAMETER},
        {"Trial", SECPKG_CRED_DEFAULT, SEC_E_INVALID_PARAMETER},
        {"Trial", 0x80000001, SEC_E_INVALID_PARAMETER},
        {"Trial", SECPKG_CRED_OUTBOUND | SECPKG_CRED_PROCESS_POLICY_ONLY, SEC_E_NO_CREDENTIALS},
        {"Bare", SECPKG_CRED_INBOUND, SEC_E_OK},
        {"Bare", SECPKG_CRED_OUTBOUND, SEC_E_UNSUPPORTED_FUNCTION},
        {"Bare", SECPKG_CRED_BOTH, SEC_E_UNSUPPORTED_FUNCTION},
        {"Again", SECPKG_CRED_BOTH, SEC_E_UNSUPPORTED_FUNCTION}, /* both directions, but not in one handle */
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        SecHandle handle;

        assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)rows[i].package, rows[i].use, NULL, NULL, NULL, NULL,
                                                &handle, NULL),
                      rows[i].status);
        if (rows[i].status == SEC_E_OK) {
            cr_assert_eq(trial_seen.use, rows[i].use & 3);
            assert_status(FreeCredentialsHandle(&handle), SEC_E_OK);
        }
    }
}

Test(acquire, identity_of_a_packages_own_form_is_left_alone)
{
    ULONG own[2] = {4, 0xFFFFFFFF};
    SecHandle handle;

    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Again", 1, NULL, own, NULL, NULL, &handle, NULL),
                  SEC_E_OK);
    cr_assert_eq(trial_seen.auth_data, own);
    cr_assert_not(trial_seen.has_identity);
    assert_status(FreeCredentialsHandle(&handle), SEC_E_OK);
}

Test(acquire, double_free)
{
    SecHandle handle = trial_credential("Trial", SECPKG_CRED_INBOUND);

    assert_status(FreeCredentialsHandle(&handle), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&handle), SEC_E_INVALID_HANDLE);
    cr_assert_eq(trial_credentials(), 0);
}
