/*
 * Run under valgrind by secrets.sh: compares secrets that valgrind takes for undefined, so that any branch on them is
 * reported. The test planted_leak compares by memcmp, and a report must come.
 */
#include "test.h"

#include <stdio.h>
#include <valgrind/memcheck.h>

#include "base/secret.h"

static bool (*volatile compare)(const void *a, const void *b, size_t size);

static bool by_memcmp(const void *a, const void *b, size_t size)
{
    const volatile uint8_t *left = a, *right = b;

    while (size && *left == *right) {
        left++;
        right++;
        size--;
    }
    return size == 0;
}

Test(constant_time, compare)
{
    uint8_t ours[16] = {1, 2, 3}, theirs[16] = {1, 2, 3};

    compare = secret_equal;
    for (size_t at = 0; at <= sizeof ours; at++) {
        bool equal;

        if (at < sizeof ours)
            theirs[at] ^= 1;
        (void)VALGRIND_MAKE_MEM_UNDEFINED(ours, sizeof ours);
        equal = compare(ours, theirs, sizeof ours);
        (void)VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
        (void)VALGRIND_MAKE_MEM_DEFINED(ours, sizeof ours);
        cr_assert_eq(equal, at == sizeof ours);
        if (at < sizeof ours)
            theirs[at] ^= 1;
    }
}

Test(constant_time, planted_leak)
{
    uint8_t ours[16] = {1, 2, 3}, theirs[16] = {1, 2, 3};
    bool equal;

    compare = by_memcmp;
    (void)VALGRIND_MAKE_MEM_UNDEFINED(ours, sizeof ours);
    equal = compare(ours, theirs, sizeof ours);
    (void)VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal);
    cr_assert(equal);
}
