#include "trial.h"

static char text[] = "Trial";
static SEC_WCHAR wide[] = {'T', 0};

Test(unsupported, functions_without_a_handle)
{
    SecHandle handle = {1, 1};

    assert_status(ChangeAccountPasswordA(text, text, text, text, text, 0, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(ChangeAccountPasswordW(wide, wide, wide, wide, wide, 0, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(ImportSecurityContextA(text, NULL, NULL, &handle), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_not(SecIsValidHandle(&handle));
    assert_status(ImportSecurityContextW(wide, NULL, NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_UNSUPPORTED);
}

Test(unsupported, live_contexts)
{
    struct trial_pair pair;
    ULONG_PTR room[4];
    SecBuffer exported = {5, 5, room};
    void *user = room;

    trial_pair_open(&pair);
    assert_status(ImpersonateSecurityContext(&pair.server), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(RevertSecurityContext(&pair.server), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(ExportSecurityContext(&pair.server, 0, &exported, &user), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(exported.cbBuffer == 0 && !exported.pvBuffer && !user);
    assert_status(DelegateSecurityContext(&pair.server, text, SecFull, NULL, NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SetContextAttributesA(&pair.server, 0, room, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SetContextAttributesW(&pair.server, 0, room, 4), SEC_E_UNSUPPORTED_FUNCTION);
    trial_pair_close(&pair);
}

Test(unsupported, live_credentials)
{
    SecHandle credential = trial_credential("Trial", SECPKG_CRED_INBOUND);
    TimeStamp expiry = {.QuadPart = 5};
    ULONG value = 0;

    assert_status(AddCredentialsA(&credential, text, text, 1, NULL, NULL, NULL, &expiry), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_eq(expiry.QuadPart, 0);
    assert_status(AddCredentialsW(&credential, wide, wide, 1, NULL, NULL, NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SetCredentialsAttributesA(&credential, 1, &value, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SetCredentialsAttributesW(&credential, 1, &value, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}
