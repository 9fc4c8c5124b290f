/* Where records end, before OpenSSL reads a byte. */
#include "schannel/records.h"
#include "test.h"

static const uint8_t two[] = {22, 3, 1, 0, 2, 'a', 'b', 23, 3, 3, 0, 1, 'c'};

static struct record_scan scan(const void *data, size_t size)
{
    return record_scan(bytes_of(data, size), SIZE_MAX, true);
}

Test(records, whole_ones_and_what_the_next_lacks)
{
    static const size_t whole[] = {0, 0, 0, 0, 0, 0, 0, 7, 7, 7, 7, 7, 7, 13};
    static const size_t missing[] = {5, 4, 3, 2, 1, 2, 1, 0, 4, 3, 2, 1, 1, 0};

    for (size_t size = 0; size <= sizeof two; size++) {
        struct record_scan found = scan(two, size);

        cr_assert_eq(found.whole, whole[size], "%zu", size);
        cr_assert_eq(found.missing, missing[size], "%zu: %zu", size, found.missing);
        cr_assert_not(found.malformed);
    }
}

Test(records, limit)
{
    struct record_scan found = record_scan(bytes_of(two, sizeof two), 1, false);

    cr_assert_eq(found.whole, 7);
    cr_assert_eq(found.missing, 0);
}

Test(records, what_is_none)
{
    static const uint8_t bad[][5] = {{19, 3, 1, 0, 2}, {25, 3, 1, 0, 2},       {22, 2, 1, 0, 2},
                                     {22, 4, 1, 0, 2}, {22, 3, 1, 0x48, 0x01}, {'G', 'E', 'T', ' ', '/'}};
    uint8_t behind[12] = {22, 3, 1, 0, 2, 'a', 'b'};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_assert(scan(bad[i], 5).malformed);
        cr_assert_eq(scan(bad[i], 5).whole, 0);
        memcpy(behind + 7, bad[i], 5);
        cr_assert(scan(behind, 12).malformed);
        cr_assert_eq(scan(behind, 12).whole, 7);
    }
    cr_assert(scan("x", 1).malformed);
    cr_assert(scan("\x16\x02", 2).malformed);
}

Test(records, longest)
{
    static uint8_t longest[RECORD_HEADER + RECORD_LIMIT] = {23, 3, 3, RECORD_LIMIT >> 8, RECORD_LIMIT & 0xFF};

    cr_assert_eq(scan(longest, sizeof longest).whole, sizeof longest);
    cr_assert_eq(scan(longest, sizeof longest - 1).missing, 1);
}

/* RFC 5246 E.2: allowed as the very first record alone. */
Test(records, hello_of_ssl2)
{
    static const uint8_t hello[] = {0x80, 3, 1, 3, 3, 22, 3, 1, 0, 0};

    cr_assert_eq(scan(hello, sizeof hello).whole, 10);
    cr_assert_eq(scan(hello, 4).missing, 1);
    cr_assert_eq(scan(hello, 2).missing, 3);
    cr_assert(scan("\x80\x03\x02", 3).malformed);
    cr_assert(record_scan(bytes_of(hello, sizeof hello), SIZE_MAX, false).malformed);
}
