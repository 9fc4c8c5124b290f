/* Randomness: every size, and never twice the same. */
#include "test.h"

#include "crypto/random.h"

Test(random, fills_all_sizes)
{
    uint8_t octets[256] = {0};
    size_t zeros = 0;

    cr_assert(random_bytes(octets, 0));
    cr_assert_eq(octets[0], 0);
    cr_assert(random_bytes(octets, sizeof octets));
    for (size_t i = 0; i < sizeof octets; i++)
        zeros += octets[i] == 0;
    cr_assert_lt(zeros, 30);
}

Test(random, differs_each_time)
{
    uint8_t drawn[64][16];

    for (size_t i = 0; i < 64; i++) {
        cr_assert(random_bytes(drawn[i], sizeof drawn[i]));
        for (size_t j = 0; j < i; j++)
            cr_assert(memcmp(drawn[i], drawn[j], sizeof drawn[i]) != 0);
    }
}
