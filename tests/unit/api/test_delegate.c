/*
 * Credentials that act for somebody else (delegate.c): arguments, and packages that have none. What packages make of
 * it is tested with them.
 */
#include "sspi_ext.h"
#include "trial.h"

Test(delegate, arguments)
{
    SecHandle service = trial_credential("Trial", SECPKG_CRED_INBOUND), made;
    struct trial_pair pair;

    trial_pair_open(&pair);
    assert_status(SspiAcquireDelegatedCredential(&pair.server, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireConstrainedCredential(&pair.server, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireCredentialForUser(&service, "bob", NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiAcquireCredentialForUser(&service, NULL, NULL, &made), SEC_E_INVALID_PARAMETER);
    cr_assert_not(SecIsValidHandle(&made));
    assert_status(SspiAcquireCredentialForUser(&service, "", NULL, &made), SEC_E_INVALID_PARAMETER);
    trial_pair_close(&pair);
    assert_status(FreeCredentialsHandle(&service), SEC_E_OK);
}

/* The handle that is asked is not lost by naming it as the place for the answer. */
Test(delegate, onto_itself)
{
    SecHandle service = trial_credential("Trial", SECPKG_CRED_INBOUND);

    assert_status(SspiAcquireCredentialForUser(&service, "bob", NULL, &service), SEC_E_INVALID_PARAMETER);
    assert_status(FreeCredentialsHandle(&service), SEC_E_OK);
}

Test(delegate, packages_without_it)
{
    SecHandle service = trial_credential("Trial", SECPKG_CRED_INBOUND), made;
    struct trial_pair pair;

    trial_pair_open(&pair);
    assert_status(SspiAcquireDelegatedCredential(&pair.server, &made), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiAcquireConstrainedCredential(&pair.server, &made), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_not(SecIsValidHandle(&made));
    assert_status(SspiAcquireCredentialForUser(&service, "bob", NULL, &made), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_not(SecIsValidHandle(&made));
    cr_assert_str_eq(trial_last_failure(), "Trial has no delegation of this kind");
    trial_pair_close(&pair);
    assert_status(FreeCredentialsHandle(&service), SEC_E_OK);
}
