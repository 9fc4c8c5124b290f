#include <string.h>

#include "base/live.h"
#include "compat/windows.h"
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
    cr_assert_eq(live_count(), 0);
}

#define TOKEN_TEST(name) Test(token, name, .init = setup, .fini = teardown)

TOKEN_TEST(outlives_its_context_and_says_who_it_is)
{
    SSPI_IDENTITY_FIELD *fields;
    void *token;
    ULONG count;

    assert_status(QuerySecurityContextToken(&pair.server, &token), SEC_E_OK);
    cr_assert_not_null(token);
    assert_status(DeleteSecurityContext(&pair.server), SEC_E_OK);
    assert_status(SspiListTokenIdentity(token, &count, &fields), SEC_E_OK);
    cr_assert_eq(count, 5);
    cr_assert_str_eq(fields[0].Name, "name");
    cr_assert(strstr(fields[0].Value, "alice"), "%s", fields[0].Value);
    cr_assert_str_eq(fields[1].Name, "package");
    cr_assert_str_eq(fields[1].Value, "Trial");
    cr_assert_str_eq(fields[3].Value, "S-1-5-32-544");
    cr_assert_eq(fields[3].Number, 7);
    assert_status(FreeContextBuffer(fields), SEC_E_OK);
    cr_assert_eq(CloseHandle(token), TRUE);
    pair.server = trial_half_open(&pair.server_credential);
}

TOKEN_TEST(of_each_call_is_its_own)
{
    SSPI_IDENTITY_FIELD *fields;
    void *first, *second;
    ULONG count;

    assert_status(QuerySecurityContextToken(&pair.server, &first), SEC_E_OK);
    assert_status(QuerySecurityContextToken(&pair.server, &second), SEC_E_OK);
    cr_assert_neq(first, second);
    assert_status(SspiCloseToken(first), SEC_E_OK);
    assert_status(SspiCloseToken(first), SEC_E_INVALID_HANDLE);
    assert_status(SspiListTokenIdentity(first, &count, &fields), SEC_E_INVALID_HANDLE);
    cr_assert(count == 0 && !fields);
    assert_status(SspiCloseToken(second), SEC_E_OK);
}

TOKEN_TEST(is_not_taken_for_what_it_is_not)
{
    SSPI_IDENTITY_FIELD *fields = (void *)1;
    ULONG count = 5;
    void *token = &pair;

    assert_status(SspiListTokenIdentity(&pair, &count, &fields), SEC_E_INVALID_HANDLE);
    cr_assert(count == 0 && !fields);
    assert_status(SspiListTokenIdentity(NULL, &count, &fields), SEC_E_INVALID_HANDLE);
    assert_status(SspiListTokenIdentity(NULL, NULL, &fields), SEC_E_INVALID_PARAMETER);
    assert_status(SspiListTokenIdentity(NULL, &count, NULL), SEC_E_INVALID_PARAMETER);
    cr_assert_eq(CloseHandle(NULL), FALSE);
    cr_assert_eq(CloseHandle(&pair), FALSE);
    assert_status(QuerySecurityContextToken(&pair.server, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(QuerySecurityContextToken(&pair.client, &token), SEC_E_NO_IMPERSONATION);
    cr_assert_null(token);
}

TOKEN_TEST(without_memory_is_not_given)
{
    SSPI_IDENTITY_FIELD *fields;
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    void *token;
    ULONG count;
    size_t nth = 0;

    while (status == SEC_E_INSUFFICIENT_MEMORY) {
        memory_fail_at(++nth);
        status = QuerySecurityContextToken(&pair.server, &token);
        memory_fail_at(0);
        cr_assert((status == SEC_E_OK) == (token != NULL));
    }
    assert_status(status, SEC_E_OK);
    cr_assert_gt(nth, 3);
    memory_fail_at(1);
    assert_status(SspiListTokenIdentity(token, &count, &fields), SEC_E_INSUFFICIENT_MEMORY);
    memory_fail_at(0);
    assert_status(SspiCloseToken(token), SEC_E_OK);
}
