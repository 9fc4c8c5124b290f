#include "api/handle.h"
#include "doubles.h"
#include "trial.h"

static SecHandle server;

static void setup(void)
{
    server = trial_credential("Trial", SECPKG_CRED_INBOUND);
}

static void teardown(void)
{
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
    cr_assert_eq(trial_contexts(), 0);
    cr_assert_eq(trial_credentials(), 0);
    cr_assert_eq(handle_count(), 0);
}

#define CONTEXT_TEST(name) Test(context, name, .init = setup, .fini = teardown)

static SECURITY_STATUS step(SecHandle *context, const char *token)
{
    char out[64];
    ULONG size = sizeof out;

    return trial_accept(&server, context, context, token, out, &size);
}

CONTEXT_TEST(handshake)
{
    struct trial_pair pair;

    trial_pair_open(&pair);
    cr_assert_eq(trial_contexts(), 2);
    cr_assert_str_eq(trial_explain(&pair.server), "EXAMPLE\\alice logged in by Trial");
    cr_assert_str_eq(trial_explain(&pair.client), "logged in by Trial");
    trial_pair_close(&pair);
}

CONTEXT_TEST(later_leg_fills_another_variable)
{
    SecHandle first = trial_half_open(&server), second = {7, 7};
    char out[8];
    ULONG size = sizeof out;

    assert_status(trial_accept(&server, &first, &second, "ANSWER:a:secret", out, &size), SEC_E_OK);
    assert_mem_eq(&first, &second, sizeof first);
    assert_status(DeleteSecurityContext(&second), SEC_E_OK);
}

CONTEXT_TEST(later_leg_without_a_new_context)
{
    SecHandle context = trial_half_open(&server);
    char out[8];
    ULONG size = sizeof out;

    assert_status(trial_accept(&server, &context, NULL, "ANSWER:a:secret", out, &size), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(later_leg_without_a_credential)
{
    SecHandle context = trial_half_open(&server);
    char out[8];
    ULONG size = sizeof out;

    assert_status(trial_accept(NULL, &context, &context, "ANSWER:a:secret", out, &size), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(failed_first_leg_leaves_no_handle)
{
    SecHandle context = {5, 5};
    char out[8] = "xxxxxxx";
    ULONG size = sizeof out;

    assert_status(trial_accept(&server, NULL, &context, "garbage", out, &size), SEC_E_INVALID_TOKEN);
    cr_assert_not(SecIsValidHandle(&context));
    cr_assert_eq(size, 0);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_MALFORMED_TOKEN);
    assert_status(DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
    cr_assert_eq(trial_contexts(), 0);
}

CONTEXT_TEST(outputs_are_zeroed_on_failure)
{
    SecHandle context = trial_half_open(&server);
    char memory[16] = "0123456789";
    SecBuffer in_buffer = {7, SECBUFFER_TOKEN, (void *)"HALFWAY"}, out_buffer = {16, SECBUFFER_TOKEN, memory};
    SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
    ULONG attributes = 0xAAAAAAAA;
    TimeStamp expiry = {.QuadPart = 5};

    assert_status(AcceptSecurityContext(&server, &context, &in, 0, 0, &context, &out, &attributes, &expiry),
                  SEC_E_INTERNAL_ERROR);
    cr_assert_eq(attributes, 0);
    cr_assert_eq(expiry.QuadPart, 0);
    cr_assert_eq(out_buffer.cbBuffer, 0);
    assert_mem_eq(memory, "\0\0\0\0\0\0", 6);
    cr_assert(SecIsValidHandle(&context));
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(token_for_the_peer_gets_out_of_a_failure)
{
    SecHandle context = trial_half_open(&server);
    char out[16];
    ULONG size = sizeof out;

    assert_status(trial_accept(&server, &context, &context, "REJECT", out, &size), SEC_E_LOGON_DENIED);
    cr_assert_eq(size, 8);
    assert_mem_eq(out, "REJECTED", 8);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(failed_context_is_explained_and_deleted_only)
{
    SecHandle context = trial_half_open(&server);
    SecPkgContext_Sizes sizes;
    SecPkgContext_PackageInfoA info;
    ULONG reason;

    assert_status(step(&context, "ANSWER:bob:guess"), SEC_E_LOGON_DENIED);
    assert_status(step(&context, "ANSWER:bob:secret"), SEC_E_INVALID_HANDLE);
    assert_status(QueryContextAttributesA(&context, SECPKG_ATTR_SIZES, &sizes), SEC_E_INVALID_HANDLE);
    assert_status(QueryContextAttributesA(&context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_INVALID_HANDLE);
    assert_status(ImpersonateSecurityContext(&context), SEC_E_INVALID_HANDLE);
    assert_status(CompleteAuthToken(&context, NULL), SEC_E_INVALID_HANDLE);
    assert_status(ApplyControlToken(&context, NULL), SEC_E_INVALID_HANDLE);
    cr_assert_str_eq(trial_explain(&context), "wrong password of bob");
    assert_status(SspiQueryContextReason(&context, &reason), SEC_E_OK);
    cr_assert_eq(reason, SSPI_REASON_WRONG_PASSWORD);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_INVALID_HANDLE);
}

CONTEXT_TEST(small_buffer_tells_the_size_and_can_be_repeated)
{
    SecHandle context;
    char out[16];
    ULONG size;

    for (size = 0; size < 9; size++) {
        ULONG needed = size;

        assert_status(trial_accept(&server, NULL, &context, "HELLO", out, &needed), SEC_E_BUFFER_TOO_SMALL);
        cr_assert_eq(needed, 9);
        cr_assert_not(SecIsValidHandle(&context));
    }
    size = 9;
    assert_status(trial_accept(&server, NULL, &context, "HELLO", out, &size), SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(size, 9);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(small_buffer_on_a_later_leg_keeps_the_context)
{
    SecHandle client = trial_credential("Trial", SECPKG_CRED_OUTBOUND), context;
    char out[64];
    ULONG size = sizeof out;

    assert_status(trial_initiate(&client, NULL, &context, NULL, out, &size), SEC_I_CONTINUE_NEEDED);
    size = 18;
    assert_status(trial_initiate(&client, &context, &context, "CHALLENGE", out, &size), SEC_E_BUFFER_TOO_SMALL);
    cr_assert_eq(size, 19);
    assert_status(trial_initiate(&client, &context, &context, "CHALLENGE", out, &size), SEC_E_OK);
    assert_mem_eq(out, "ANSWER:alice:secret", 19);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&client), SEC_E_OK);
}

CONTEXT_TEST(incomplete_and_no_memory_can_be_repeated)
{
    SecHandle context = trial_half_open(&server);

    assert_status(step(&context, "INCOMPLETE"), SEC_E_INCOMPLETE_MESSAGE);
    assert_status(step(&context, "NOMEMORY"), SEC_E_INSUFFICIENT_MEMORY);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_OUT_OF_MEMORY);
    assert_status(step(&context, "ANSWER:a:secret"), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(established_context_takes_no_leg)
{
    SecHandle context = trial_half_open(&server);

    assert_status(step(&context, "ANSWER:a:secret"), SEC_E_OK);
    assert_status(step(&context, "ANSWER:a:secret"), SEC_E_OUT_OF_SEQUENCE);
    assert_status(step(&context, "ANSWER:a:secret"), SEC_E_INVALID_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(package_that_goes_on_after_success)
{
    SecHandle other = trial_credential("Again", SECPKG_CRED_INBOUND), context = trial_half_open(&other);
    char out[32];
    ULONG size = sizeof out;

    assert_status(trial_accept(&other, &context, &context, "ANSWER:a:secret", out, &size), SEC_E_OK);
    size = sizeof out;
    assert_status(trial_accept(&other, &context, &context, "anything", out, &size), SEC_E_OK);
    assert_mem_eq(out, "MORE", 4);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&other), SEC_E_OK);
}

CONTEXT_TEST(credential_of_the_other_direction)
{
    SecHandle client = trial_credential("Trial", SECPKG_CRED_OUTBOUND), context;
    char out[32];
    ULONG size = sizeof out;

    assert_status(trial_accept(&client, NULL, &context, "HELLO", out, &size), SEC_E_NO_CREDENTIALS);
    assert_status(trial_initiate(&server, NULL, &context, NULL, out, &size), SEC_E_NO_CREDENTIALS);
    cr_assert_not(SecIsValidHandle(&context));
    assert_status(FreeCredentialsHandle(&client), SEC_E_OK);
}

CONTEXT_TEST(another_credential_on_a_later_leg)
{
    SecHandle other = trial_credential("Trial", SECPKG_CRED_INBOUND), context = trial_half_open(&server);
    char out[32];
    ULONG size = sizeof out;

    assert_status(trial_accept(&other, &context, &context, "ANSWER:a:secret", out, &size),
                  SEC_E_WRONG_CREDENTIAL_HANDLE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&other), SEC_E_OK);
}

CONTEXT_TEST(credential_freed_between_the_legs)
{
    SecHandle other = trial_credential("Trial", SECPKG_CRED_INBOUND), context = trial_half_open(&other), kept;
    char out[32];
    ULONG size = sizeof out;

    kept = trial_half_open(&other);
    assert_status(FreeCredentialsHandle(&other), SEC_E_OK);
    assert_status(trial_accept(&other, &context, &context, "ANSWER:a:secret", out, &size), SEC_E_INVALID_HANDLE);
    cr_assert_eq(trial_credentials(), 2);
    assert_status(trial_accept(NULL, &kept, &kept, "ANSWER:a:secret", out, &size), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(DeleteSecurityContext(&kept), SEC_E_OK);
    cr_assert_eq(trial_credentials(), 1);
}

CONTEXT_TEST(context_of_the_other_side)
{
    SecHandle context = trial_half_open(&server), client = trial_credential("Trial", SECPKG_CRED_BOTH);
    char out[32];
    ULONG size = sizeof out;

    assert_status(trial_initiate(&client, &context, &context, "CHALLENGE", out, &size), SEC_E_INVALID_HANDLE);
    assert_status(step(&context, "ANSWER:a:secret"), SEC_E_OK);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&client), SEC_E_OK);
}

CONTEXT_TEST(required_pointers)
{
    SecHandle context;
    SecBuffer buffer = {5, SECBUFFER_TOKEN, (void *)"HELLO"};
    SecBufferDesc in = {0, 1, &buffer};
    ULONG attributes;

    assert_status(AcceptSecurityContext(&server, NULL, &in, 0, 0, &context, NULL, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(AcceptSecurityContext(&server, NULL, &in, 0, 0, NULL, NULL, &attributes, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(AcceptSecurityContext(NULL, NULL, &in, 0, 0, &context, NULL, &attributes, NULL),
                  SEC_E_INVALID_HANDLE);
    assert_status(AcceptSecurityContext(NULL, NULL, NULL, 0, 0, NULL, NULL, NULL, NULL), SEC_E_INVALID_HANDLE);
    assert_status(InitializeSecurityContextA(NULL, NULL, NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_HANDLE);
    assert_status(InitializeSecurityContextW(NULL, NULL, NULL, 0, 0, 0, NULL, 0, NULL, NULL, NULL, NULL),
                  SEC_E_INVALID_HANDLE);
}

CONTEXT_TEST(no_output_where_one_is_needed)
{
    SecHandle context;
    SecBuffer buffer = {5, SECBUFFER_TOKEN, (void *)"HELLO"}, other = {9, SECBUFFER_DATA, (char[9]){0}};
    SecBufferDesc in = {0, 1, &buffer}, out = {0, 1, &other};
    ULONG attributes;

    assert_status(AcceptSecurityContext(&server, NULL, &in, 0, 0, &context, NULL, &attributes, NULL),
                  SEC_E_INVALID_TOKEN);
    assert_status(AcceptSecurityContext(&server, NULL, &in, 0, 0, &context, &out, &attributes, NULL),
                  SEC_E_INVALID_TOKEN);
    cr_assert_not(SecIsValidHandle(&context));
}

CONTEXT_TEST(no_output_where_none_is_needed)
{
    SecHandle context = trial_half_open(&server);
    SecBuffer buffer = {15, SECBUFFER_TOKEN, (void *)"ANSWER:a:secret"};
    SecBufferDesc in = {0, 1, &buffer};
    ULONG attributes;

    assert_status(AcceptSecurityContext(&server, &context, &in, 0, 0, &context, NULL, &attributes, NULL), SEC_E_OK);
    cr_assert_eq(attributes, ASC_RET_INTEGRITY | ASC_RET_CONFIDENTIALITY);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(expiry_is_local_time)
{
    SecHandle context = trial_half_open(&server);
    SecBuffer buffer = {15, SECBUFFER_TOKEN, (void *)"ANSWER:a:secret"};
    SecBufferDesc in = {0, 1, &buffer};
    ULONG attributes;
    TimeStamp expiry;

    clock_set_zone(90);
    assert_status(AcceptSecurityContext(&server, &context, &in, 0, 0, &context, NULL, &attributes, &expiry), SEC_E_OK);
    clock_set_zone(0);
    cr_assert_eq(expiry.QuadPart, INT64_C(133600000000000000) + INT64_C(90) * 60 * 10000000);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(package_without_accept)
{
    SecHandle bare = trial_credential("Bare", SECPKG_CRED_INBOUND), context;
    char out[8];
    ULONG size = sizeof out;

    assert_status(trial_accept(&bare, NULL, &context, "HELLO", out, &size), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_UNSUPPORTED);
    assert_status(FreeCredentialsHandle(&bare), SEC_E_OK);
}

CONTEXT_TEST(ten_thousand_half_open)
{
    static SecHandle contexts[10000];

    for (int i = 0; i < 10000; i++)
        contexts[i] = trial_half_open(&server);
    cr_assert_eq(trial_contexts(), 10000);
    for (int i = 0; i < 10000; i++)
        assert_status(DeleteSecurityContext(&contexts[i]), SEC_E_OK);
}

CONTEXT_TEST(explanation_of_an_unfinished_context)
{
    SecHandle context = trial_half_open(&server);
    ULONG reason = 9;

    cr_assert_str_eq(trial_explain(&context), "the exchange by Trial is not finished");
    assert_status(SspiQueryContextReason(&context, &reason), SEC_E_OK);
    cr_assert_eq(reason, SSPI_REASON_NONE);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

CONTEXT_TEST(target_name_reaches_the_package_from_both_forms)
{
    SecHandle client = trial_credential("Trial", SECPKG_CRED_OUTBOUND), context;
    SecBuffer in_buffer = {9, SECBUFFER_TOKEN, (void *)"CHALLENGE"}, out_buffer = {64, SECBUFFER_TOKEN, (char[64]){0}};
    SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
    SEC_WCHAR target[] = {'H', 0xE9, 0}, broken[] = {0xD800, 0};
    SecPkgContext_NamesA names;
    ULONG attributes = 1;

    assert_status(
        InitializeSecurityContextW(&client, NULL, target, 0, 0, 0, NULL, 0, &context, &out, &attributes, NULL),
        SEC_I_CONTINUE_NEEDED);
    out_buffer.cbBuffer = 64;
    assert_status(
        InitializeSecurityContextW(&client, &context, target, 0, 0, 0, &in, 0, &context, &out, &attributes, NULL),
        SEC_E_OK);
    assert_status(QueryContextAttributesA(&context, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "H\xC3\xA9");
    FreeContextBuffer(names.sUserName);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    attributes = 1;
    assert_status(
        InitializeSecurityContextW(&client, NULL, broken, 0, 0, 0, NULL, 0, &context, &out, &attributes, NULL),
        SEC_E_INVALID_PARAMETER);
    cr_assert_eq(attributes, 0);
    cr_assert_not(SecIsValidHandle(&context));
    assert_status(InitializeSecurityContextA(&client, NULL, (SEC_CHAR *)"\xC3", 0, 0, 0, NULL, 0, &context, &out,
                                             &attributes, NULL),
                  SEC_E_INVALID_PARAMETER);
    assert_status(FreeCredentialsHandle(&client), SEC_E_OK);
}
