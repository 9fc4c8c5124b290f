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

#define MESSAGE_TEST(name) Test(message, name, .init = setup, .fini = teardown)

MESSAGE_TEST(signs_and_verifies)
{
    char data[] = "data", signature[4];
    SecBuffer buffers[2] = {{4, SECBUFFER_DATA, data}, {4, SECBUFFER_TOKEN, signature}};
    SecBufferDesc desc = {0, 2, buffers};
    ULONG qop = 77;

    assert_status(MakeSignature(&pair.client, 0, &desc, 0), SEC_E_OK);
    assert_status(VerifySignature(&pair.server, &desc, 0, &qop), SEC_E_OK);
    cr_assert_eq(qop, 5);
    assert_status(VerifySignature(&pair.server, &desc, 0, &qop), SEC_E_MESSAGE_ALTERED);
    cr_assert_eq(qop, 0);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_MESSAGE_ALTERED);
    assert_status(MakeSignature(&pair.client, 0, &desc, 0), SEC_E_OK);
    assert_status(VerifySignature(&pair.server, &desc, 0, NULL), SEC_E_OK);
}

MESSAGE_TEST(bad_descriptors)
{
    SecBuffer hole = {4, SECBUFFER_DATA, NULL};
    SecBufferDesc none = {0, 0, NULL}, version = {1, 1, &hole}, bad = {0, 1, &hole};

    assert_status(MakeSignature(&pair.client, 0, NULL, 0), SEC_E_INVALID_TOKEN);
    assert_status(MakeSignature(&pair.client, 0, &none, 0), SEC_E_INVALID_TOKEN);
    assert_status(VerifySignature(&pair.client, &version, 0, NULL), SEC_E_INVALID_TOKEN);
    assert_status(VerifySignature(&pair.client, &bad, 0, NULL), SEC_E_INVALID_TOKEN);
}

MESSAGE_TEST(operations_a_package_lacks)
{
    SecBuffer buffer = {4, SECBUFFER_DATA, (void *)"data"};
    SecBufferDesc desc = {0, 1, &buffer};
    ULONG qop = 3;

    assert_status(EncryptMessage(&pair.client, 0, &desc, 0), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(DecryptMessage(&pair.client, &desc, 0, &qop), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_eq(qop, 0);
    assert_status(CompleteAuthToken(&pair.server, &desc), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(ApplyControlToken(&pair.server, &desc), SEC_E_UNSUPPORTED_FUNCTION);
}

MESSAGE_TEST(half_open_context_protects_nothing)
{
    SecHandle half = trial_half_open(&pair.server_credential);
    SecBuffer buffer = {4, SECBUFFER_DATA, (void *)"data"};
    SecBufferDesc desc = {0, 1, &buffer};

    assert_status(MakeSignature(&half, 0, &desc, 0), SEC_E_INVALID_HANDLE);
    assert_status(VerifySignature(&half, &desc, 0, NULL), SEC_E_INVALID_HANDLE);
    assert_status(EncryptMessage(&half, 0, &desc, 0), SEC_E_INVALID_HANDLE);
    assert_status(DecryptMessage(&half, &desc, 0, NULL), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&half), SEC_E_OK);
}

Test(message, control_tokens_reach_the_package)
{
    SecHandle credential = trial_credential("Again", SECPKG_CRED_INBOUND), context = trial_half_open(&credential);
    SecBuffer token = {4, SECBUFFER_TOKEN, (void *)"stop"}, data = {4, SECBUFFER_DATA, (void *)"stop"};
    SecBufferDesc good = {0, 1, &token}, bad = {0, 1, &data};

    assert_status(ApplyControlToken(&context, &good), SEC_E_OK);
    assert_status(ApplyControlToken(&context, &bad), SEC_E_INVALID_TOKEN);
    assert_status(ApplyControlToken(&context, NULL), SEC_E_INVALID_TOKEN);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}
