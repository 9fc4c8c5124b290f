/*
 * AcceptSecurityContext: the server's legs.
 */
#include "schannel/engine.h"

/* Flags without a meaning here, which Windows refuses too. */
#define REFUSED (ASC_REQ_DELEGATE | ASC_REQ_DATAGRAM)

static SECURITY_STATUS first_leg(struct credential *credential, struct context **out, struct step *step)
{
    struct schannel_context *context;
    SECURITY_STATUS status;

    if (step->token.size == 0)
        return failure_set(step->failure, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "the token is empty");
    status = schannel_context_new(credential, true, step, &context);
    if (status != SEC_E_OK)
        return status;
    status = schannel_credential_attach((struct schannel_credential *)credential, context->ssl, true,
                                        (step->requested & ASC_REQ_MUTUAL_AUTH) != 0, NULL, step->failure);
    return schannel_engine_begin(context, status, out, step);
}

static SECURITY_STATUS leg_run(struct credential *credential, struct context **base, struct step *step)
{
    struct schannel_context *context = (struct schannel_context *)*base;
    bool open = context && context->base.phase == CONTEXT_ESTABLISHED;
    SECURITY_STATUS status = schannel_engine_check(step, REFUSED, !open);

    if (status != SEC_E_OK)
        return status;
    if (!context)
        return first_leg(credential, base, step);
    status = schannel_engine_credential(context, credential, step);
    if (status != SEC_E_OK)
        return status;
    if (open || context->control != CONTROL_NONE)
        return schannel_again_step(context, step);
    return schannel_engine_step(context, step);
}

/* Whatever OpenSSL had to say of this connection is said: its queue belongs to the thread. */
SECURITY_STATUS schannel_accept(struct credential *credential, struct context **base, struct step *step)
{
    SECURITY_STATUS status = leg_run(credential, base, step);

    schannel_alert_forget();
    return status;
}
