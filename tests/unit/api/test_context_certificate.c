/* context_certificate.c: what is refused; what is given is tested with TLS in unit/schannel. */
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

#define CERTIFICATE_TEST(name) Test(context_certificate, name, .init = setup, .fini = teardown)

CERTIFICATE_TEST(bad_arguments)
{
    void *der = &pair;
    ULONG size = 7;

    assert_status(SspiQueryContextCertificate(&pair.server, 0x53, NULL, &der), SEC_E_INVALID_PARAMETER);
    cr_assert_null(der);
    assert_status(SspiQueryContextCertificate(&pair.server, 0x53, &size, NULL), SEC_E_INVALID_PARAMETER);
    cr_assert_eq(size, 0);
    assert_status(SspiQueryContextCertificate(&pair.server, 1, &size, &der), SEC_E_INVALID_PARAMETER);
    assert_status(SspiQueryContextCertificate(NULL, 0x53, &size, &der), SEC_E_INVALID_HANDLE);
}

CERTIFICATE_TEST(a_package_without_certificates)
{
    void *der = &pair;
    ULONG size = 7;

    assert_status(SspiQueryContextCertificate(&pair.server, 0x54, &size, &der), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(der == NULL && size == 0);
}
