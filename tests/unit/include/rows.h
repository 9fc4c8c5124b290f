/* Tables of named numbers, for the tests that compare every constant with its documented value. */
#ifndef SSPI_TESTS_ROWS_H
#define SSPI_TESTS_ROWS_H

#include "test.h"

struct row {
    const char *name;
    uint64_t actual;
    uint64_t expected;
};

static inline void rows_check(const struct row *rows, size_t count)
{
    cr_assert_gt(count, 0);
    for (size_t i = 0; i < count; i++) {
        cr_assert(rows[i].actual == rows[i].expected, "%s is 0x%llx, expected 0x%llx", rows[i].name,
                  (unsigned long long)rows[i].actual, (unsigned long long)rows[i].expected);
    }
}

#endif
