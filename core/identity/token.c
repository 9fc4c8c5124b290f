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
    atomic_init(&token->closed, false);
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
    const struct token *token = handle;

    if (!live_hold(handle, LIVE_TOKEN))
        return NULL;
    if (!atomic_load(&token->closed))
        return token;
    token_release(token);
    return NULL;
}

void token_release(const struct token *token)
{
    bool last;

    if (live_drop(token, LIVE_TOKEN, &last) && last)
        mem_free((void *)token);
}

bool token_close(const void *handle)
{
    struct token *token = (struct token *)handle;
    bool first;

    if (!live_hold(handle, LIVE_TOKEN))
        return false;
    first = !atomic_exchange(&token->closed, true);
    if (first)
        token_release(token);
    token_release(token);
    return first;
}
