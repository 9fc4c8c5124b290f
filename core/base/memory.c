/*
 * The allocator of the core over the C library's. Alone in its object, so that a test can link another in its place.
 */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#include "base/secret.h"

void *mem_alloc(size_t size)
{
    return malloc(size ? size : 1);
}

void *mem_zalloc(size_t size)
{
    return calloc(1, size ? size : 1);
}

void *mem_array(size_t count, size_t size)
{
    size_t total;

    return __builtin_mul_overflow(count, size, &total) ? NULL : mem_zalloc(total);
}

void *mem_dup(const void *source, size_t size)
{
    void *copy = mem_alloc(size);

    if (copy && size)
        memcpy(copy, source, size);
    return copy;
}

char *mem_strdup(const char *source)
{
    return source ? mem_dup(source, strlen(source) + 1) : NULL;
}

void mem_free(void *memory)
{
    free(memory);
}

void mem_free_secret(void *memory, size_t size)
{
    if (!memory)
        return;
    secret_wipe(memory, size);
    free(memory);
}
