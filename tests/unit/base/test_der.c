/*
 * The DER reader and writer (der.c, der_writer.c) against encodings written by hand from X.690, and against each other.
 */
#include "base/der.h"

#include "base/clock.h"
#include "test.h"

#define EPOCH_1970 (INT64_C(11644473600) * CLOCK_TICKS_PER_SECOND)

static struct cursor over(const char *hex)
{
    static uint8_t octets[1024];

    return cursor_over(bytes_of(octets, test_hex(hex, octets, sizeof octets)));
}

static bool integer_of(const char *hex, int64_t *value)
{
    struct cursor in = over(hex);

    return der_integer(&in, DER_INTEGER, value) && cursor_at_end(&in);
}

Test(der, reads_short_and_long_lengths)
{
    struct cursor in = over("04 00 04 03 010203");
    struct bytes content;
    uint8_t large[3 + 0x80] = {0x04, 0x81, 0x80};

    cr_assert(der_read(&in, DER_OCTET_STRING, &content));
    cr_assert_eq(content.size, 0);
    cr_assert(der_read(&in, DER_OCTET_STRING, &content));
    assert_mem_eq(content.data, "\1\2\3", 3);
    cr_assert(cursor_at_end(&in));
    in = cursor_over(bytes_of(large, sizeof large));
    cr_assert(der_read(&in, DER_OCTET_STRING, &content));
    cr_assert_eq(content.size, 0x80);
}

Test(der, refuses_what_is_not_der)
{
    static const char *const bad[] = {
        "",
        "04",
        "04 01",
        "04 80 0000" /* indefinite */,
        "04 81 01 00" /* not shortest */,
        "04 82 0001 00",
        "04 85 0000000001 00" /* five octets */,
        "04 84 FFFFFFFF 00",
        "04 02 00",
        "05 00" /* another tag */,
        "04 FF 00",
    };
    struct bytes content;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct cursor in = over(bad[i]);
        size_t before = in.rest.size;

        cr_assert(!der_read(&in, DER_OCTET_STRING, &content), "case %zu", i);
        cr_assert_eq(in.rest.size, before);
    }
}

Test(der, reads_integers_in_their_shortest_form)
{
    int64_t value;

    cr_assert(integer_of("02 01 00", &value) && value == 0);
    cr_assert(integer_of("02 01 7F", &value) && value == 127);
    cr_assert(integer_of("02 02 0080", &value) && value == 128);
    cr_assert(integer_of("02 01 FF", &value) && value == -1);
    cr_assert(integer_of("02 08 8000000000000000", &value) && value == INT64_MIN);
    cr_assert(integer_of("02 04 C000006D", &value) && (uint32_t)value == 0xC000006D);
    cr_assert(!integer_of("02 00", &value));
    cr_assert(!integer_of("02 02 0001", &value));
    cr_assert(!integer_of("02 02 FF80", &value));
    cr_assert(!integer_of("02 09 010000000000000000", &value));
}

Test(der, reads_u32_of_both_habits)
{
    struct cursor in = over("02 05 00FFFFFFFF 02 01 FF 02 05 0100000000");
    uint32_t value;

    cr_assert(der_u32(&in, &value) && value == UINT32_MAX);
    cr_assert(der_u32(&in, &value) && value == UINT32_MAX);
    cr_assert(!der_u32(&in, &value));
}

Test(der, reads_flags)
{
    struct cursor in = over("03 05 00 40A00001 03 02 07 80 03 01 00 03 01 01");
    uint32_t value;

    cr_assert(der_flags(&in, &value) && value == 0x40A00001);
    cr_assert(der_flags(&in, &value) && value == 0x80000000);
    cr_assert(der_flags(&in, &value) && value == 0);
    cr_assert(!der_flags(&in, &value), "unused bits of nothing");
}

Test(der, reads_and_writes_time)
{
    static const char *const bad[] = {
        "18 0E 3230323030323239313233343536",    /* no Z */
        "18 0F 3230323031333239313233343536 5A", /* month 13 */
        "18 0F 3230323030323239323433343536 5A", /* hour 24 */
        "18 0F 3230323030323239313233343536 7A", "18 10 3230323030323239313233343536 5A5A",
    };
    uint8_t room[32];
    struct der_writer out = der_writer_over(room, sizeof room);
    int64_t value, leap_day = EPOCH_1970 + INT64_C(1582979696) * CLOCK_TICKS_PER_SECOND; /* 2020-02-29 12:34:56 */
    struct cursor in;

    der_put_time(&out, leap_day);
    in = cursor_over(der_writer_result(&out));
    assert_mem_eq(in.rest.data,
                  "\x18\x0F"
                  "20200229123456Z",
                  17);
    cr_assert(der_time(&in, &value));
    cr_assert_eq(value, leap_day);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        in = over(bad[i]);
        cr_assert(!der_time(&in, &value), "case %zu", i);
    }
}

Test(der, context_holds_exactly_one_element)
{
    struct cursor in = over("A1 03 02 01 05  A1 06 02 01 05 02 01 06");
    uint32_t value;

    cr_assert(!der_context_u32(&in, 2, &value));
    cr_assert(der_context_u32(&in, 1, &value) && value == 5);
    cr_assert(!der_context_u32(&in, 1, &value), "two elements inside");
}

Test(der, writes_backwards_and_counts_past_the_start)
{
    uint8_t room[256], small[4];
    struct der_writer out = der_writer_over(room, sizeof room), tight = der_writer_over(small, sizeof small);
    static const uint8_t zeros[200];

    der_put_context(&out, 2, DER_OCTET_STRING, bytes_of(zeros, sizeof zeros));
    der_put_context_integer(&out, 0, 6);
    der_put_header(&out, DER_SEQUENCE, 0);
    cr_assert(der_writer_ok(&out));
    assert_mem_eq(der_writer_result(&out).data, "\x30\x81\xD3\xA0\x03\x02\x01\x06\xA2\x81\xCB\x04\x81\xC8\0", 15);
    cr_assert_eq(der_writer_result(&out).size, 3 + 0xD3);
    der_put_context(&tight, 2, DER_OCTET_STRING, bytes_of(zeros, sizeof zeros));
    cr_assert(!der_writer_ok(&tight));
    cr_assert_eq(tight.used, 206);
    cr_assert_null(der_writer_result(&tight).data);
}

Test(der, integers_survive_a_round_trip)
{
    static const int64_t values[] = {0,   1,   -1,    127,   128,       -128,      -129,
                                     255, 256, 32767, 32768, INT32_MIN, INT64_MAX, INT64_MIN};

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        uint8_t room[16];
        struct der_writer out = der_writer_over(room, sizeof room);
        struct cursor in;
        int64_t value;

        der_put_integer(&out, DER_ENUMERATED, values[i]);
        in = cursor_over(der_writer_result(&out));
        cr_assert(der_integer(&in, DER_ENUMERATED, &value) && cursor_at_end(&in));
        cr_assert_eq(value, values[i]);
    }
}

Test(der, truncation_at_every_length_is_refused)
{
    uint8_t room[256];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct bytes whole, element;

    der_put_context(&out, 2, DER_OCTET_STRING, bytes_of("token", 5));
    der_put_context_flags(&out, 1, 0x40000000);
    der_put_context_time(&out, 0, EPOCH_1970);
    der_put_header(&out, DER_SEQUENCE, 0);
    whole = der_writer_result(&out);
    for (size_t size = 0; size < whole.size; size++) {
        struct cursor in = cursor_over(bytes_of(whole.data, size));

        cr_assert(!der_element(&in, &element), "size %zu", size);
    }
}

Test(der, skips_an_element_that_may_be_there)
{
    struct cursor in = over("A1 02 0500 02 01 07");

    cr_assert(der_skip_optional(&in, 0xA0));
    cr_assert(der_skip_optional(&in, 0xA1));
    cr_assert_eq(der_next_tag(&in), DER_INTEGER);
    in = over("A1 05 00");
    cr_assert(!der_skip_optional(&in, 0xA1));
}
