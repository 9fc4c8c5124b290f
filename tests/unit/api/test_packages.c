#include "api/context_buffer.h"
#include "doubles.h"
#include "trial.h"

Test(packages, enumerated_in_both_forms)
{
    PSecPkgInfoA ansi;
    PSecPkgInfoW wide;
    ULONG count = 0;

    assert_status(EnumerateSecurityPackagesA(&count, &ansi), SEC_E_OK);
    cr_assert_eq(count, 3);
    cr_assert_str_eq(ansi[0].Name, "Trial");
    cr_assert_str_eq(ansi[2].Comment, "Goes on after success");
    cr_assert_eq(ansi[1].wRPCID, SECPKG_ID_NONE);
    assert_status(EnumerateSecurityPackagesW(&count, &wide), SEC_E_OK);
    for (ULONG i = 0; i < count; i++)
        for (size_t k = 0; k <= strlen(ansi[i].Name); k++)
            cr_assert_eq(wide[i].Name[k], (SEC_WCHAR)ansi[i].Name[k]);
    assert_status(FreeContextBuffer(ansi), SEC_E_OK);
    assert_status(FreeContextBuffer(wide), SEC_E_OK);
    cr_assert_eq(context_buffer_count(), 0);
}

Test(packages, described_by_name_or_alias)
{
    SEC_WCHAR name[] = {'B', 'A', 'R', 'E', 0};
    PSecPkgInfoA ansi;
    PSecPkgInfoW wide;

    assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)"attempt", &ansi), SEC_E_OK);
    cr_assert_str_eq(ansi->Name, "Trial");
    assert_status(QuerySecurityPackageInfoW(name, &wide), SEC_E_OK);
    cr_assert_eq(wide->cbMaxToken, 1);
    FreeContextBuffer(ansi);
    FreeContextBuffer(wide);
    assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)"x", &ansi), SEC_E_SECPKG_NOT_FOUND);
    cr_assert_null(ansi);
}

Test(packages, bad_arguments)
{
    SEC_WCHAR lone[] = {0xDC00, 0};
    PSecPkgInfoA ansi = (void *)1;
    PSecPkgInfoW wide = (void *)1;
    ULONG count = 7;

    assert_status(EnumerateSecurityPackagesA(NULL, &ansi), SEC_E_INVALID_PARAMETER);
    cr_assert_null(ansi);
    assert_status(EnumerateSecurityPackagesW(&count, NULL), SEC_E_INVALID_PARAMETER);
    cr_assert_eq(count, 0);
    assert_status(QuerySecurityPackageInfoA(NULL, &ansi), SEC_E_INVALID_PARAMETER);
    assert_status(QuerySecurityPackageInfoA((SEC_CHAR *)"Trial", NULL), SEC_E_INVALID_PARAMETER);
    assert_status(QuerySecurityPackageInfoW(lone, &wide), SEC_E_INVALID_PARAMETER);
    cr_assert_null(wide);
    assert_status(QuerySecurityPackageInfoW(NULL, NULL), SEC_E_INVALID_PARAMETER);
}

Test(packages, every_allocation_failing_once)
{
    for (size_t n = 1; n < 100; n++) {
        PSecPkgInfoW wide = (void *)1;
        ULONG count = 9;
        SECURITY_STATUS status;

        memory_fail_at(n);
        status = EnumerateSecurityPackagesW(&count, &wide);
        memory_fail_at(0);
        if (status == SEC_E_OK) {
            assert_status(FreeContextBuffer(wide), SEC_E_OK);
            cr_assert_gt(n, 5);
            break;
        }
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert(wide == NULL && count == 0);
    }
    cr_assert_eq(context_buffer_count(), 0);
}
