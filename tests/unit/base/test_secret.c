/* Secrets: wiped, compared, copied. */
#include "test.h"

#include "base/secret.h"

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
