#include "trial.h"

Test(status_names, known_and_unknown)
{
    cr_assert_str_eq(SspiStatusName(SEC_E_OK), "SEC_E_OK");
    cr_assert_str_eq(SspiStatusName(SEC_I_CONTINUE_NEEDED), "SEC_I_CONTINUE_NEEDED");
    cr_assert_str_eq(SspiStatusName((SECURITY_STATUS)0x8009030C), "SEC_E_LOGON_DENIED");
    cr_assert_str_eq(SspiStatusName((SECURITY_STATUS)0xC000006D), "STATUS_LOGON_FAILURE");
    cr_assert_str_eq(SspiStatusName(12345), "unknown status");
}
