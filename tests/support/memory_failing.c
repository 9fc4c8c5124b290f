/*
 * Stands in for base/memory.c: the C library's allocator, of which a test can make the nth allocation fail.
 */
#include "doubles.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"

static atomic_size_t asked, live, fail_first, fail_last;

void memory_fail_at(size_t nth)
{
    atomic_store(&asked, 0);
    atomic_store(&fail_first, nth);
    atomic_store(&fail_last, nth);
}

void memory_fail_from(size_t nth)
{
    memory_fail_at(nth);
    atomic_store(&fail_last, SIZE_MAX);
}

size_t memory_count(void)
{
    return atomic_load(&asked);
}

size_t memory_live(void)
{
    return atomic_load(&live);
}

static bool may_allocate(void)
{
    size_t number = atomic_fetch_add(&asked, 1) + 1;

    return !atomic_load(&fail_first) || number < atomic_load(&fail_first) || number > atomic_load(&fail_last);
}

static void *count(void *memory)
{
    if (memory)
        atomic_fetch_add(&live, 1);
    return memory;
}

void *mem_alloc(size_t size)
{
    return may_allocate() ? count(malloc(size ? size : 1)) : NULL;
}

void *mem_zalloc(size_t size)
{
    return may_allocate() ? count(calloc(1, size ? size : 1)) : NULL;
}

void *mem_array(size_t elements, size_t size)
{
    size_t total;

    return __builtin_mul_overflow(elements, size, &total) ? NULL : mem_zalloc(total);
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
    if (memory)
        atomic_fetch_sub(&live, 1);
    free(memory);
}

void mem_free_secret(void *memory, size_t size)
{
    if (!memory)
        return;
    secret_wipe(memory, size);
    mem_free(memory);
}
