/*
 * Who the client of a context is, as rows in one piece of memory. Part of api/'s insides.
 */
#ifndef SSPI_API_IDENTITY_LIST_H
#define SSPI_API_IDENTITY_LIST_H

#include "api/provider.h"

struct identity_rows {
    PSSPI_IDENTITY_FIELD fields; /* a context buffer: context_buffer_free */
    ULONG count;
    size_t size; /* of the array with the strings behind it, bytes */
};

/* The rows of `first`, then those of the context's package, if it has any. SEC_E_OK; SEC_E_INSUFFICIENT_MEMORY. */
MUST_CHECK SECURITY_STATUS identity_rows_make(struct context *context, const struct identity_field *first,
                                              size_t first_count, struct identity_rows *rows);

#endif
