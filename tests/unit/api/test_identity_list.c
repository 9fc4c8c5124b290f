#include "doubles.h"
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

#define IDENTITY_TEST(name) Test(identity_list, name, .init = setup, .fini = teardown)

IDENTITY_TEST(rows_and_their_strings_are_one_allocation)
{
    SSPI_IDENTITY_FIELD *fields;
    ULONG count = 0;

    assert_status(SspiListIdentity(&pair.server, &count, &fields), SEC_E_OK);
    cr_assert_eq(count, 3);
    cr_assert_str_eq(fields[0].Name, "user");
    cr_assert_str_eq(fields[0].Value, "EXAMPLE\\alice");
    cr_assert_str_eq(fields[1].Value, "S-1-5-32-544");
    cr_assert(fields[1].Number == 7 && fields[2].Number == 9);
    cr_assert_str_eq(fields[2].Value, "");
    assert_status(FreeContextBuffer(fields), SEC_E_OK);
}

IDENTITY_TEST(bad_arguments_and_no_memory)
{
    SSPI_IDENTITY_FIELD *fields = (void *)1;
    ULONG count = 5;

    assert_status(SspiListIdentity(&pair.server, NULL, &fields), SEC_E_INVALID_PARAMETER);
    cr_assert_null(fields);
    assert_status(SspiListIdentity(&pair.server, &count, NULL), SEC_E_INVALID_PARAMETER);
    cr_assert_eq(count, 0);
    memory_fail_at(1);
    count = 5;
    assert_status(SspiListIdentity(&pair.server, &count, &fields), SEC_E_INSUFFICIENT_MEMORY);
    memory_fail_at(0);
    cr_assert(count == 0 && !fields);
}

Test(identity_list, only_of_an_established_context_of_a_package_that_knows)
{
    SecHandle credential = trial_credential("Again", SECPKG_CRED_INBOUND), context = trial_half_open(&credential);
    SSPI_IDENTITY_FIELD *fields;
    char out[16];
    ULONG count, size = sizeof out;

    assert_status(SspiListIdentity(&context, &count, &fields), SEC_E_INVALID_HANDLE);
    assert_status(trial_accept(&credential, &context, &context, "ANSWER:a:secret", out, &size), SEC_E_OK);
    assert_status(SspiListIdentity(&context, &count, &fields), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}
