/* The allocator. */
#include "test.h"

#include <stdlib.h>

#include "base/memory.h"

Test(memory, sizes_of_zero_give_memory)
{
    void *memory[4] = {mem_alloc(0), mem_zalloc(0), mem_array(0, 8), mem_dup(NULL, 0)};

    for (size_t i = 0; i < 4; i++) {
        cr_assert_not_null(memory[i]);
        mem_free(memory[i]);
    }
}

Test(memory, array_refuses_overflow)
{
    /* Volatile, since compilers warn of the sizes that are to be refused. */
    volatile size_t huge = SIZE_MAX / 2 + 2;

    cr_assert_null(mem_array(huge, 2));
    cr_assert_null(mem_array(2, huge));
}

Test(memory, zeroed)
{
    uint8_t *memory = mem_array(100, 3);

    for (size_t i = 0; i < 300; i++)
        cr_assert_eq(memory[i], 0);
    mem_free(memory);
}

Test(memory, copies)
{
    char *text = mem_strdup("text");
    uint8_t *octets = mem_dup("\1\0\2", 3);

    cr_assert_str_eq(text, "text");
    assert_mem_eq(octets, "\1\0\2", 3);
    cr_assert_null(mem_strdup(NULL));
    mem_free(text);
    mem_free_secret(octets, 3);
    mem_free_secret(NULL, 3);
    mem_free(NULL);
}
