/*
 * QuerySecurityContextToken: the client of a context as a token that outlives it, which programs list and close.
 */
#include "identity/token.h"
#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"
#include "api/identity_list.h"

/* The package that identified the client: Negotiate names the one it chose. */
static const char *package_of(struct context *context)
{
    struct attribute_value value = {0};

    if (context->provider->query && context->provider->query(context, SECPKG_ATTR_NEGOTIATION_INFO, &value) == SEC_E_OK)
        return value.negotiation.provider->name;
    return context->provider->name;
}

static SECURITY_STATUS token_make(struct context *context, void **token, struct failure *failure)
{
    struct attribute_value name = {0};
    struct identity_rows rows;
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (context->acceptor && context->provider->query)
        status = context->provider->query(context, SECPKG_ATTR_NAMES, &name);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return status;
    if (status != SEC_E_OK || !name.text || !*name.text)
        return failure_set(failure, SEC_E_NO_IMPERSONATION, SSPI_REASON_USAGE,
                           context->acceptor ? "the client is no account here: a certificate that maps to none, or none"
                                             : "only a server's context knows a client");
    status = identity_rows_make(
        context, (const struct identity_field[]){{"name", name.text, 0}, {"package", package_of(context), 0}}, 2,
        &rows);
    if (status != SEC_E_OK)
        return status;
    *token = token_new(rows.fields, rows.count, rows.size);
    context_buffer_free(rows.fields);
    return *token ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

SECURITY_STATUS SEC_ENTRY QuerySecurityContextToken(PCtxtHandle phContext, void **Token)
{
    static const char function[] = "QuerySecurityContextToken";
    struct context_entry *entry;
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (!Token)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "Token is NULL");
    *Token = NULL;
    entry = context_entry_lock_established(phContext);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    status = token_make(entry->context, Token, &failure);
    context_entry_unlock(entry);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiListTokenIdentity(void *token, ULONG *count, PSSPI_IDENTITY_FIELD *fields)
{
    static const char function[] = "SspiListTokenIdentity";
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;
    const struct token *held;

    if (count)
        *count = 0;
    if (fields)
        *fields = NULL;
    if (!count || !fields)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "count or fields is NULL");
    held = token_hold(token);
    if (!held)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    *fields = context_buffer_new(held->size);
    if (*fields) {
        token_rows_copy(*fields, held->rows, held->count, held->size);
        *count = held->count;
        status = SEC_E_OK;
    }
    token_release(held);
    return explain_keep(function, status, NULL);
}

SECURITY_STATUS SEC_ENTRY SspiCloseToken(void *token)
{
    return explain_keep("SspiCloseToken", token_close(token) ? SEC_E_OK : SEC_E_INVALID_HANDLE, NULL);
}
