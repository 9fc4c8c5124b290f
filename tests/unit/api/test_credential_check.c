/* credential_check.c on a package that needs nothing; packages that do are in tests/conformance. */
#include "test.h"
#include "trial.h"

static struct trial_pair pair;

static void setup(void)
{
    trial_pair_open(&pair);
}

static void teardown(void)
{
    trial_pair_close(&pair);
}

Test(credential_check, closes_the_options, .init = setup, .fini = teardown)
{
    assert_status(SspiCredentialCheck(&pair.server_credential), SEC_E_OK);
    assert_status(SspiCredentialSetOption(&pair.server_credential, "allow_anonymous", "yes"), SEC_E_OUT_OF_SEQUENCE);
}

Test(credential_check, no_credential, .init = setup, .fini = teardown)
{
    assert_status(SspiCredentialCheck(NULL), SEC_E_INVALID_HANDLE);
    assert_status(SspiCredentialCheck(&pair.server), SEC_E_INVALID_HANDLE);
}
