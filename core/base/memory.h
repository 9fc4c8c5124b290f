/*
 * The only allocator of the core, so that a test can make any one allocation fail.
 */
#ifndef SSPI_BASE_MEMORY_H
#define SSPI_BASE_MEMORY_H

#include <stddef.h>

#include "base/attributes.h"

MUST_CHECK void *mem_alloc(size_t size);                   /* uninitialised; size 0 gives one byte */
MUST_CHECK void *mem_zalloc(size_t size);                  /* zeroed */
MUST_CHECK void *mem_array(size_t count, size_t size);     /* zeroed; NULL on overflow */
MUST_CHECK void *mem_dup(const void *source, size_t size); /* copy */
MUST_CHECK char *mem_strdup(const char *source);           /* copy of a string; NULL gives NULL */
void mem_free(void *memory);                               /* NULL is legal */
void mem_free_secret(void *memory, size_t size);           /* wipes, then frees; NULL is legal */

#endif
