/*
 * SspiListIdentity: what a package verified of a client, as one allocation: the rows first, their strings behind.
 */
#include <string.h>

#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"

static size_t fields_size(struct context *context, ULONG *count)
{
    struct identity_field field;
    size_t size = 0;

    for (*count = 0; context->provider->identity_at(context, *count, &field); ++*count)
        size += sizeof(SSPI_IDENTITY_FIELD) + strlen(field.name) + strlen(field.value) + 2;
    return size;
}

static char *append(char **end, const char *text)
{
    size_t size = strlen(text) + 1;
    char *place = *end;

    memcpy(place, text, size);
    *end += size;
    return place;
}

static SECURITY_STATUS fields_make(struct context *context, ULONG *count, PSSPI_IDENTITY_FIELD *fields)
{
    struct identity_field field;
    SSPI_IDENTITY_FIELD *made;
    ULONG i = 0;
    char *end;

    if (!context->provider->identity_at)
        return SEC_E_UNSUPPORTED_FUNCTION;
    made = context_buffer_new(fields_size(context, count));
    if (!made) {
        *count = 0;
        return SEC_E_INSUFFICIENT_MEMORY;
    }
    end = (char *)(made + *count);
    for (; i < *count && context->provider->identity_at(context, i, &field); i++) {
        made[i].Name = append(&end, field.name);
        made[i].Value = append(&end, field.value);
        made[i].Number = field.number;
    }
    *count = i; /* fewer where a package found no memory for a row's text */
    *fields = made;
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiListIdentity(PCtxtHandle phContext, ULONG *count, PSSPI_IDENTITY_FIELD *fields)
{
    static const char function[] = "SspiListIdentity";
    struct context_entry *entry;
    SECURITY_STATUS status;

    if (count)
        *count = 0;
    if (fields)
        *fields = NULL;
    if (!count || !fields)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "count or fields is NULL");
    entry = context_entry_lock_established(phContext);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    status = fields_make(entry->context, count, fields);
    context_entry_unlock(entry);
    return explain_keep(function, status, NULL);
}
