/*
 * Stands in for base/secret.c under valgrind: the same functions, whose answer counts as public. What is left to report
 * is whatever else depended on a secret.
 */
#include "base/secret.h"

#include <string.h>
#include <valgrind/memcheck.h>

#include "base/memory.h"

void secret_wipe(void *memory, size_t size)
{
    if (size)
        explicit_bzero(memory, size);
}

bool secret_equal(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *left = a, *right = b;
    uint8_t differ = 0;
    bool equal;

    for (size_t i = 0; i < size; i++)
        differ = (uint8_t)(differ | (left[i] ^ right[i]));
    (void)VALGRIND_MAKE_MEM_DEFINED(&differ, sizeof differ);
    equal = differ == 0;
    return equal;
}

bool secret_set(struct secret *secret, const void *data, size_t size)
{
    uint8_t *copy = mem_dup(data, size);

    if (!copy)
        return false;
    secret_clear(secret);
    *secret = (struct secret){copy, size};
    return true;
}

void secret_clear(struct secret *secret)
{
    mem_free_secret(secret->data, secret->size);
    *secret = (struct secret){0};
}
