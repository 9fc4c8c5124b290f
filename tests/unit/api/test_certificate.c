#include "trial.h"

#include "schannel.h"

Test(certificate, session_caches_are_emptied)
{
    cr_assert_neq(SslEmptyCacheA(NULL, 0), 0); /* what is kept is tested with the package */
    cr_assert_neq(SslEmptyCacheA((SEC_CHAR *)"www.example.com", 0), 0);
    cr_assert_neq(SslEmptyCacheW(NULL, 0), 0);
    cr_assert_eq(SslEmptyCacheA(NULL, 1), 0);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_USAGE);
}
