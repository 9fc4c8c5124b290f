#include "trial.h"

static char text[] = "PLAIN";
static SEC_WCHAR wide[] = {'P', 0};

Test(sasl, no_profiles)
{
    LPSTR list = (void *)1;
    LPWSTR wide_list = (void *)1;
    PSecPkgInfoA info = (void *)1;
    PSecPkgInfoW wide_info = (void *)1;
    ULONG count = 5;

    assert_status(SaslEnumerateProfilesA(&list, &count), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SaslEnumerateProfilesW(&wide_list, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(!list && !wide_list && count == 0);
    assert_status(SaslGetProfilePackageA(text, &info), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SaslGetProfilePackageW(wide, &wide_info), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(!info && !wide_info);
    assert_status(SaslIdentifyPackageA(NULL, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SaslIdentifyPackageW(NULL, &wide_info), SEC_E_UNSUPPORTED_FUNCTION);
}

Test(sasl, legs_zero_their_outputs)
{
    SecHandle credential = trial_credential("Trial", SECPKG_CRED_BOTH), created = {1, 1};
    char memory[8];
    SecBuffer token = {sizeof memory, SECBUFFER_TOKEN, memory};
    SecBufferDesc out = {0, 1, &token};
    ULONG attributes = 5, needed = 5;
    TimeStamp expiry = {.QuadPart = 5};

    assert_status(SaslAcceptSecurityContext(&credential, NULL, NULL, 0, 0, &created, &out, &attributes, &expiry),
                  SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(attributes == 0 && expiry.QuadPart == 0 && token.cbBuffer == 0);
    cr_assert_not(SecIsValidHandle(&created));
    assert_status(
        SaslInitializeSecurityContextA(&credential, NULL, text, 0, 0, 0, NULL, 0, &created, &out, &attributes, NULL),
        SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SaslInitializeSecurityContextW(&credential, NULL, wide, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL),
                  SEC_E_UNSUPPORTED_FUNCTION);
    created = trial_half_open(&credential);
    assert_status(SaslSetContextOption(&created, 1, &attributes, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SaslGetContextOption(&created, 1, &attributes, 4, &needed), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_eq(needed, 0);
    assert_status(DeleteSecurityContext(&created), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}
