/*
 * SetContextAttributes: the caller's structure, as it is, to the package. Both forms are one: no structure holds text.
 */
#include "api/calls.h"
#include "api/entries.h"
#include "api/explain.h"

static SECURITY_STATUS set_attribute(const char *function, const SecHandle *handle, ULONG attribute, const void *buffer,
                                     size_t size)
{
    struct failure failure = {0};
    struct context_entry *entry;
    struct context *context;
    SECURITY_STATUS status;

    if (!buffer)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "pBuffer is NULL");
    entry = context_entry_lock(handle);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    context = entry->context;
    if (context->phase == CONTEXT_FAILED)
        status = SEC_E_INVALID_HANDLE;
    else if (!context->provider->set)
        status = SEC_E_UNSUPPORTED_FUNCTION;
    else
        status = context->provider->set(context, attribute, bytes_of(buffer, size), &failure);
    context_entry_unlock(entry);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SetContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer, ULONG cbBuffer)
{
    return set_attribute("SetContextAttributes", phContext, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS SEC_ENTRY SetContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer, ULONG cbBuffer)
{
    return set_attribute("SetContextAttributes", phContext, ulAttribute, pBuffer, cbBuffer);
}
