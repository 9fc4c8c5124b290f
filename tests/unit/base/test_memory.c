/* The allocator and secrets. */
#include "test.h"

#include <stdlib.h>

#include "base/memory.h"
#include "base/secret.h"

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

Test(secret, wipes)
{
    uint8_t key[5] = {1, 2, 3, 4, 5};

    secret_wipe(key, 4);
    assert_mem_eq(key, "\0\0\0\0\5", 5);
    secret_wipe(NULL, 0);
}

Test(secret, compares)
{
    cr_assert(secret_equal("abcd", "abcd", 4));
    cr_assert(!secret_equal("abcd", "abce", 4));
    cr_assert(!secret_equal("bbcd", "abcd", 4));
    cr_assert(secret_equal("abcd", "abce", 3));
    cr_assert(secret_equal("a", "b", 0));
}

Test(secret, copies_what_it_is_given)
{
    struct secret secret = {0};
    char key[] = "key";

    cr_assert(secret_set(&secret, key, 3));
    key[0] = 'x';
    cr_assert_eq(secret.size, 3);
    assert_mem_eq(secret.data, "key", 3);
    cr_assert(secret_set(&secret, secret.data + 1, 2), "also from its own bytes");
    assert_mem_eq(secret.data, "ey", 2);
    cr_assert(secret_set(&secret, NULL, 0));
    cr_assert_eq(secret.size, 0);
    secret_clear(&secret);
    cr_assert_null(secret.data);
    secret_clear(&secret);
}
