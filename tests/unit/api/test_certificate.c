#include "trial.h"

#include "schannel.h"

Test(certificate, no_session_cache_to_empty)
{
    cr_assert_eq(SslEmptyCacheA(NULL, 0), 0);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_UNSUPPORTED);
    cr_assert_eq(SslEmptyCacheW(NULL, 0), 0);
}
