/*
 * Memory handed to callers, which they release with FreeContextBuffer. Every live piece is known, so that a pointer of
 * another origin, or one that was freed before, is answered with a status.
 */
#ifndef SSPI_API_CONTEXT_BUFFER_H
#define SSPI_API_CONTEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/bytes.h"

MUST_CHECK void *context_buffer_new(size_t size); /* zeroed; NULL: no memory */
MUST_CHECK void *context_buffer_dup(struct bytes content);

/* Wipes and frees. False: not a live piece of ours (NULL is legal and true). */
bool context_buffer_free(void *memory);

/* How many pieces are live, for tests that look for leaks. */
size_t context_buffer_count(void);

#endif
