#include "api/explain.h"

#include "trial.h"

Test(explain, a_success_keeps_nothing)
{
    struct failure failure = {SSPI_REASON_POLICY, "too weak"};

    assert_status(explain_keep("f", SEC_E_LOGON_DENIED, &failure), SEC_E_LOGON_DENIED);
    assert_status(explain_keep("f", SEC_E_OK, NULL), SEC_E_OK);
    assert_status(explain_keep("f", SEC_I_CONTINUE_NEEDED, NULL), SEC_I_CONTINUE_NEEDED);
    cr_assert_str_eq(trial_last_failure(), "too weak");
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_POLICY);
}

Test(explain, every_failure_has_a_sentence_and_a_reason)
{
    static const SECURITY_STATUS statuses[] = {
        SEC_E_INSUFFICIENT_MEMORY, SEC_E_INVALID_HANDLE,  SEC_E_UNSUPPORTED_FUNCTION,
        SEC_E_INVALID_TOKEN,       SEC_E_MESSAGE_ALTERED, SEC_E_OUT_OF_SEQUENCE,
        SEC_E_BUFFER_TOO_SMALL,    SEC_E_INTERNAL_ERROR,  STATUS_LOGON_FAILURE,
    };

    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        assert_status(explain_keep("Function", statuses[i], NULL), statuses[i]);
        cr_assert_not_null(strstr(trial_last_failure(), "Function: "));
        cr_assert_not_null(strstr(trial_last_failure(), SspiStatusName(statuses[i])));
        cr_assert_neq(SspiQueryLastFailureReason(), SSPI_REASON_NONE);
    }
}

Test(explain, missing_outputs)
{
    SecHandle credential = trial_credential("Trial", SECPKG_CRED_INBOUND), context = trial_half_open(&credential);

    assert_status(SspiExplainContext(&context, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiQueryContextReason(&context, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiExplainLastFailure(NULL), SEC_E_INVALID_PARAMETER);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
}
