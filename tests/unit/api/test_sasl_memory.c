/* Tests of sasl_exchange.c and sasl_messages.c: every allocation failing once. Nothing leaks, and the same call then
 * works. */
#include "api/context_buffer.h"
#include "api/handle.h"
#include "doubles.h"
#include "sasl_trial.h"

static void step_under_pressure(struct sasl_side *side, const char *token, ULONG size, SECURITY_STATUS expected)
{
    for (size_t n = 1;; n++) {
        SECURITY_STATUS status;

        memory_fail_at(n);
        status = sasl_side_step(side, token, size);
        if (memory_count() < n) {
            memory_fail_at(0);
            assert_status(status, expected);
            return;
        }
        memory_fail_at(0);
        assert_status(status, SEC_E_INSUFFICIENT_MEMORY);
        cr_assert_eq(side->size, 0);
        cr_assert_lt(n, 50);
    }
}

static void messages_under_pressure(struct sasl_side *from, struct sasl_side *to)
{
    ULONG size = 0, taken, plain = 0;
    void *message = NULL, *data = NULL;
    SECURITY_STATUS status;

    for (size_t n = 1; !message; n++) {
        memory_fail_at(n);
        status = SspiSaslWrap(&from->context, "abc", 3, &size, &message);
        assert_status(status, memory_count() < n ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY);
    }
    for (size_t n = 1; !data; n++) {
        memory_fail_at(n);
        status = SspiSaslUnwrap(&to->context, message, size, &taken, &plain, &data);
        assert_status(status, memory_count() < n ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY);
    }
    memory_fail_at(0);
    cr_assert(taken == size && plain == 3);
    assert_mem_eq(data, "abc", 3);
    assert_status(FreeContextBuffer(data), SEC_E_OK);
    assert_status(FreeContextBuffer(message), SEC_E_OK);
}

Test(sasl_memory, every_leg, .init = sasl_trial_reset)
{
    struct sasl_pair pair = {.client = sasl_side_open(false, "Kerberos", SASL_CLIENT_ALL),
                             .server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL)};

    step_under_pressure(&pair.client, "", 0, SEC_I_CONTINUE_NEEDED);
    step_under_pressure(&pair.server, "AP+", 3, SEC_I_CONTINUE_NEEDED);
    step_under_pressure(&pair.client, "REP", 3, SEC_I_CONTINUE_NEEDED);
    step_under_pressure(&pair.server, "", 0, SEC_I_CONTINUE_NEEDED);
    step_under_pressure(&pair.client, "p\0\7\0\1\0", 6, SEC_E_OK);
    step_under_pressure(&pair.server, "p\0\4\0\1\0alice", 11, SEC_E_OK);
    messages_under_pressure(&pair.client, &pair.server);
    sasl_pair_close(&pair);
    cr_assert_eq(handle_count(), 0);
    cr_assert_eq(context_buffer_count(), 0);
}
