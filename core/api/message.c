/*
 * MakeSignature, VerifySignature, EncryptMessage, DecryptMessage: one message on an established context, to the
 * package.
 */
#include "api/buffers.h"
#include "api/entries.h"
#include "api/explain.h"

enum operation { OPERATION_SIGN, OPERATION_VERIFY, OPERATION_SEAL, OPERATION_UNSEAL };

typedef SECURITY_STATUS message_function(struct context *context, struct message *message);

static message_function *function_of(const struct provider *provider, enum operation operation)
{
    switch (operation) {
    case OPERATION_SIGN:
        return provider->sign;
    case OPERATION_VERIFY:
        return provider->verify;
    case OPERATION_SEAL:
        return provider->seal;
    default:
        return provider->unseal;
    }
}

static SECURITY_STATUS message_run(const SecHandle *handle, enum operation operation, const SecBufferDesc *desc,
                                   struct message *message)
{
    struct context_entry *entry = context_entry_lock_established(handle);
    message_function *run;
    SECURITY_STATUS status;

    if (!entry)
        return SEC_E_INVALID_HANDLE;
    run = function_of(entry->context->provider, operation);
    status = run ? buffers_to_message(desc, message) : SEC_E_UNSUPPORTED_FUNCTION;
    if (status == SEC_E_OK)
        status = run(entry->context, message);
    context_entry_unlock(entry);
    return status;
}

/* Not all of it to zero: of a short message that would be a part that one can measure. */
static struct failure *failure_begin(struct failure *failure)
{
    failure->reason = SSPI_REASON_NONE;
    failure->text[0] = '\0';
    return failure;
}

/* The two that protect take a quality of protection, the two that check tell one. */
static SECURITY_STATUS message_protect(const char *function, const SecHandle *handle, enum operation operation,
                                       ULONG qop, const SecBufferDesc *desc, ULONG sequence)
{
    struct failure failure;
    struct message message = {.qop = qop, .sequence = sequence, .failure = failure_begin(&failure)};

    return explain_keep(function, message_run(handle, operation, desc, &message), &failure);
}

static SECURITY_STATUS message_check(const char *function, const SecHandle *handle, enum operation operation,
                                     const SecBufferDesc *desc, ULONG sequence, ULONG *qop)
{
    struct failure failure;
    struct message message = {.sequence = sequence, .failure = failure_begin(&failure)};
    SECURITY_STATUS status;

    if (qop)
        *qop = 0;
    status = message_run(handle, operation, desc, &message);
    if (qop && status >= 0)
        *qop = message.qop;
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY MakeSignature(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage, ULONG MessageSeqNo)
{
    return message_protect("MakeSignature", phContext, OPERATION_SIGN, fQOP, pMessage, MessageSeqNo);
}

SECURITY_STATUS SEC_ENTRY VerifySignature(PCtxtHandle phContext, PSecBufferDesc pMessage, ULONG MessageSeqNo,
                                          ULONG *pfQOP)
{
    return message_check("VerifySignature", phContext, OPERATION_VERIFY, pMessage, MessageSeqNo, pfQOP);
}

SECURITY_STATUS SEC_ENTRY EncryptMessage(PCtxtHandle phContext, ULONG fQOP, PSecBufferDesc pMessage, ULONG MessageSeqNo)
{
    return message_protect("EncryptMessage", phContext, OPERATION_SEAL, fQOP, pMessage, MessageSeqNo);
}

SECURITY_STATUS SEC_ENTRY DecryptMessage(PCtxtHandle phContext, PSecBufferDesc pMessage, ULONG MessageSeqNo,
                                         ULONG *pfQOP)
{
    return message_check("DecryptMessage", phContext, OPERATION_UNSEAL, pMessage, MessageSeqNo, pfQOP);
}
