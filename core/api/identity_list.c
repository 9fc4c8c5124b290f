/*
 * SspiListIdentity: what a package verified of a client, as one allocation: the rows first, their strings behind.
 */
#include "api/identity_list.h"

#include <string.h>

#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"

/* What the caller puts first, then the package's. */
struct source {
    struct context *context;
    const struct identity_field *first;
    size_t first_count;
};

static bool row_at(const struct source *from, size_t index, struct identity_field *field)
{
    const struct provider *provider = from->context->provider;

    if (index >= from->first_count)
        return provider->identity_at && provider->identity_at(from->context, index - from->first_count, field);
    *field = from->first[index];
    return true;
}

static size_t rows_size(const struct source *from, ULONG *count)
{
    struct identity_field field;
    size_t size = 0;

    for (*count = 0; row_at(from, *count, &field); ++*count)
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

SECURITY_STATUS identity_rows_make(struct context *context, const struct identity_field *first, size_t first_count,
                                   struct identity_rows *rows)
{
    const struct source from = {context, first, first_count};
    struct identity_field field;
    ULONG i = 0, count;
    char *end;

    *rows = (struct identity_rows){0};
    rows->size = rows_size(&from, &count);
    rows->fields = context_buffer_new(rows->size);
    if (!rows->fields)
        return SEC_E_INSUFFICIENT_MEMORY;
    end = (char *)(rows->fields + count);
    for (; i < count && row_at(&from, i, &field); i++) {
        rows->fields[i].Name = append(&end, field.name);
        rows->fields[i].Value = append(&end, field.value);
        rows->fields[i].Number = field.number;
    }
    rows->count = i; /* fewer where a package found no memory for a row's text */
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiListIdentity(PCtxtHandle phContext, ULONG *count, PSSPI_IDENTITY_FIELD *fields)
{
    static const char function[] = "SspiListIdentity";
    struct context_entry *entry;
    struct identity_rows rows = {0};
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (count)
        *count = 0;
    if (fields)
        *fields = NULL;
    if (!count || !fields)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "count or fields is NULL");
    entry = context_entry_lock_established(phContext);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    if (entry->context->provider->identity_at)
        status = identity_rows_make(entry->context, NULL, 0, &rows);
    context_entry_unlock(entry);
    *count = rows.count;
    *fields = rows.fields;
    return explain_keep(function, status, NULL);
}
