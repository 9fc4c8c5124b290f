/* Every allocation of a handshake failing once: nothing leaks, and the same call succeeds when repeated. */
#include "api/context_buffer.h"
#include "api/handle.h"
#include "doubles.h"
#include "trial.h"

/* One leg under a failing allocator, repeated with the same arguments until nothing fails any more. */
struct leg {
    bool acceptor;
    SecHandle *credential, *context;
    const char *token;
    SECURITY_STATUS expected;
};

static SECURITY_STATUS leg_run(const struct leg *leg, SecHandle *created, SecBuffer *out_buffer)
{
    SecBuffer in_buffer = {leg->token ? (ULONG)strlen(leg->token) : 0, SECBUFFER_TOKEN, (void *)leg->token};
    SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, out_buffer};
    SEC_WCHAR target[] = {'H', 0};
    ULONG attributes = 7;

    *out_buffer = (SecBuffer){0, SECBUFFER_TOKEN, NULL};
    if (leg->acceptor)
        return AcceptSecurityContext(leg->credential, leg->context, &in, ASC_REQ_ALLOCATE_MEMORY, 0, created, &out,
                                     &attributes, NULL);
    return InitializeSecurityContextW(leg->credential, leg->context, target, ISC_REQ_ALLOCATE_MEMORY, 0, 0,
                                      leg->token ? &in : NULL, 0, created, &out, &attributes, NULL);
}

static void leg_under_pressure(const struct leg *leg, SecHandle *created)
{
    for (size_t n = 1;; n++) {
        SecBuffer out;
        SECURITY_STATUS status;

        memory_fail_at(n);
        status = leg_run(leg, created, &out);
        if (memory_count() < n) {
            memory_fail_at(0);
            assert_status(status, leg->expected);
            assert_status(FreeContextBuffer(out.pvBuffer), SEC_E_OK);
            return;
        }
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert(!out.pvBuffer && !out.cbBuffer);
        if (!leg->context)
            cr_assert_not(SecIsValidHandle(created));
        cr_assert_lt(n, 50);
    }
}

Test(without_memory, every_leg)
{
    SecHandle server = trial_credential("Trial", SECPKG_CRED_INBOUND),
              client = trial_credential("Trial", SECPKG_CRED_OUTBOUND);
    SecHandle accepted, initiated;

    leg_under_pressure(&(struct leg){false, &client, NULL, NULL, SEC_I_CONTINUE_NEEDED}, &initiated);
    leg_under_pressure(&(struct leg){true, &server, NULL, "HELLO", SEC_I_CONTINUE_NEEDED}, &accepted);
    leg_under_pressure(&(struct leg){false, &client, &initiated, "CHALLENGE", SEC_E_OK}, &initiated);
    leg_under_pressure(&(struct leg){true, &server, &accepted, "ANSWER:alice:secret", SEC_E_OK}, &accepted);
    cr_assert_eq(trial_contexts(), 2);
    assert_status(DeleteSecurityContext(&accepted), SEC_E_OK);
    assert_status(DeleteSecurityContext(&initiated), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&client), SEC_E_OK);
    cr_assert_eq(handle_count(), 0);
    cr_assert_eq(context_buffer_count(), 0);
}

Test(without_memory, explanations_and_bindings)
{
    SEC_CHANNEL_BINDINGS *bindings;
    SecPkgContext_Bindings block;
    ULONG size = 4;
    char *text = (char *)1;

    memory_fail_at(1);
    assert_status(SspiExplainLastFailure(&text), SEC_E_INSUFFICIENT_MEMORY);
    cr_assert_null(text);
    memory_fail_at(1);
    assert_status(SspiMakeChannelBindings("a", 1, &size, &bindings), SEC_E_INSUFFICIENT_MEMORY);
    cr_assert(!bindings && !size);
    memory_fail_at(0);
    assert_status(SspiMakeChannelBindings("a", 1, &block.BindingsLength, &block.Bindings), SEC_E_OK);
    memory_fail_at(1);
    assert_status(SspiSetChannelBindingFlags(&block, 1), SEC_E_INSUFFICIENT_MEMORY);
    memory_fail_at(0);
    assert_status(SspiSetChannelBindingFlags(&block, 1), SEC_E_OK);
    assert_status(FreeContextBuffer(block.Bindings), SEC_E_OK);
}
