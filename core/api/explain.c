/*
 * SspiExplainContext and SspiExplainLastFailure: an operator's sentence for a context or for a thread's last failed
 * call.
 */
#include "api/explain.h"

#include <stdio.h>
#include <string.h>

#include "api/context_buffer.h"
#include "api/entries.h"

static _Thread_local struct failure last_failure;

static ULONG reason_of(SECURITY_STATUS status)
{
    switch (status) {
    case SEC_E_INSUFFICIENT_MEMORY:
        return SSPI_REASON_OUT_OF_MEMORY;
    case SEC_E_INVALID_TOKEN:
        return SSPI_REASON_MALFORMED_TOKEN;
    case SEC_E_MESSAGE_ALTERED:
        return SSPI_REASON_MESSAGE_ALTERED;
    case SEC_E_OUT_OF_SEQUENCE:
        return SSPI_REASON_OUT_OF_SEQUENCE;
    case SEC_E_UNSUPPORTED_FUNCTION:
        return SSPI_REASON_UNSUPPORTED;
    case SEC_E_INVALID_HANDLE:
    case SEC_E_INVALID_PARAMETER:
    case SEC_E_WRONG_CREDENTIAL_HANDLE:
    case SEC_E_BUFFER_TOO_SMALL:
        return SSPI_REASON_USAGE;
    default:
        return SSPI_REASON_INTERNAL;
    }
}

static const char *sense_of(SECURITY_STATUS status)
{
    switch (status) {
    case SEC_E_INSUFFICIENT_MEMORY:
        return "there is no memory";
    case SEC_E_INVALID_HANDLE:
        return "the handle is not valid, or its context is not in a state for this call";
    case SEC_E_UNSUPPORTED_FUNCTION:
        return "the package does not support this";
    case SEC_E_BUFFER_TOO_SMALL:
        return "the buffer is too small";
    case SEC_E_INVALID_TOKEN:
        return "the token or its buffers are malformed";
    default:
        return "it failed";
    }
}

void explain_complete(struct failure *failure, const char *function, SECURITY_STATUS status)
{
    if (failure->reason == SSPI_REASON_NONE)
        failure->reason = reason_of(status);
    if (!failure->text[0])
        snprintf(failure->text, sizeof failure->text, "%s: %s (%s)", function, sense_of(status),
                 SspiStatusName(status));
}

static void failed_keep(const char *function, SECURITY_STATUS status, struct failure *failure)
{
    struct failure fresh = {0};

    if (!failure)
        failure = &fresh;
    explain_complete(failure, function, status);
    last_failure = *failure;
}

SECURITY_STATUS explain_keep(const char *function, SECURITY_STATUS status, struct failure *failure)
{
    if (status < 0)
        failed_keep(function, status, failure);
    return status;
}

SECURITY_STATUS explain_usage(const char *function, SECURITY_STATUS status, const char *what)
{
    struct failure failure = {.reason = SSPI_REASON_USAGE};

    snprintf(failure.text, sizeof failure.text, "%s: %s", function, what);
    return explain_keep(function, status, &failure);
}

static void established_write(struct context *context, char *text, size_t size)
{
    const struct provider *provider = context->provider;
    struct attribute_value names = {0};

    text[0] = '\0';
    if (provider->describe) {
        provider->describe(context, text, size);
        return;
    }
    if (!provider->query || provider->query(context, SECPKG_ATTR_NAMES, &names) != SEC_E_OK || !names.text)
        names.text = "";
    if (!context->acceptor)
        snprintf(text, size, "logged in by %s", provider->name);
    else if (names.text[0])
        snprintf(text, size, "%s logged in by %s", names.text, provider->name);
    else
        snprintf(text, size, "a nameless client logged in by %s", provider->name);
}

void explain_established(struct context *context, char *text, size_t size)
{
    established_write(context, text, size);
    failure_text_clean(text, true);
}

static SECURITY_STATUS text_out(const char *function, const char *text, char **explanation)
{
    *explanation = context_buffer_dup(bytes_of(text, strlen(text) + 1));
    return explain_keep(function, *explanation ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY, NULL);
}

static void context_text(struct context *context, char *text, size_t size)
{
    if (context->phase == CONTEXT_FAILED)
        snprintf(text, size, "%s", context->failure.text);
    else if (context->phase == CONTEXT_ESTABLISHED)
        explain_established(context, text, size);
    else
        snprintf(text, size, "the exchange by %s is not finished", context->provider->name);
}

SECURITY_STATUS SEC_ENTRY SspiExplainContext(PCtxtHandle phContext, char **explanation)
{
    static const char function[] = "SspiExplainContext";
    struct context_entry *entry;
    char text[512];

    if (!explanation)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "explanation is NULL");
    *explanation = NULL;
    entry = context_entry_lock(phContext);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    context_text(entry->context, text, sizeof text);
    context_entry_unlock(entry);
    return text_out(function, text, explanation);
}

SECURITY_STATUS SEC_ENTRY SspiQueryContextReason(PCtxtHandle phContext, ULONG *reason)
{
    static const char function[] = "SspiQueryContextReason";
    struct context_entry *entry;

    if (!reason)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "reason is NULL");
    *reason = SSPI_REASON_NONE;
    entry = context_entry_lock(phContext);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    if (entry->context->phase == CONTEXT_FAILED)
        *reason = entry->context->failure.reason;
    context_entry_unlock(entry);
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiExplainLastFailure(char **explanation)
{
    if (!explanation)
        return explain_usage("SspiExplainLastFailure", SEC_E_INVALID_PARAMETER, "explanation is NULL");
    return text_out("SspiExplainLastFailure", last_failure.text, explanation);
}

ULONG SEC_ENTRY SspiQueryLastFailureReason(void)
{
    return last_failure.reason;
}
