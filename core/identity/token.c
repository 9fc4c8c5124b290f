/*
 * The token of a logged-on client, one allocation. Contexts make it, programs list and close it.
 */
#include "identity/token.h"

#include <string.h>

#include "base/live.h"
#include "base/memory.h"

void token_rows_copy(SSPI_IDENTITY_FIELD *to, const SSPI_IDENTITY_FIELD *rows, ULONG count, size_t size)
{
    const char *from = (const char *)rows;

    if (size)
        memcpy(to, rows, size);
    for (ULONG i = 0; i < count; i++) {
        to[i].Name = (char *)to + (rows[i].Name - from);
        to[i].Value = (char *)to + (rows[i].Value - from);
    }
}

struct token *token_new(const SSPI_IDENTITY_FIELD *rows, ULONG count, size_t size)
{
    struct token *token = mem_alloc(sizeof *token + size);

    if (!token)
        return NULL;
    token->count = count;
    token->size = size;
    token_rows_copy(token->rows, rows, count, size);
    if (live_add(token, LIVE_TOKEN))
        return token;
    mem_free(token);
    return NULL;
}

const struct token *token_hold(const void *handle)
{
    return live_hold(handle, LIVE_TOKEN) ? handle : NULL;
}

bool token_release(const void *handle)
{
    bool last;

    if (!live_drop(handle, LIVE_TOKEN, &last))
        return false;
    if (last)
        mem_free((void *)handle);
    return true;
}
