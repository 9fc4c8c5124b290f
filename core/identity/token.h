/*
 * The token of a logged-on client: who it is, copied from the context that verified it, so that it outlives the
 * context. Programs hold it as a HANDLE; a pointer that was made up or closed is known for what it is (base/live.h).
 */
#ifndef SSPI_IDENTITY_TOKEN_H
#define SSPI_IDENTITY_TOKEN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "sspi_ext.h"

/* Rows of SspiListIdentity as one piece of memory, their strings behind them. A token's never change. */
struct token {
    atomic_bool closed; /* by the program: others may still be reading */
    ULONG count;
    size_t size;
    SSPI_IDENTITY_FIELD rows[];
};

/* A token with a copy of such a piece of `size` bytes, one reference. NULL: no memory. */
MUST_CHECK struct token *token_new(const SSPI_IDENTITY_FIELD *rows, ULONG count, size_t size);

/* One reference more to what the handle names; NULL: no living token. */
MUST_CHECK const struct token *token_hold(const void *handle);

/* One reference less, the last one frees it. */
void token_release(const struct token *token);

/* Gives back the program's own reference, once. False: no living token, or one that was closed already. */
bool token_close(const void *handle);

/* Copies such a piece; the copy's strings are its own. */
void token_rows_copy(SSPI_IDENTITY_FIELD *to, const SSPI_IDENTITY_FIELD *rows, ULONG count, size_t size);

#endif
