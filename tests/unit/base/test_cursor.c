/* Cursor and slices: exact sizes, nothing beyond the end, nothing moved by a failed read. */
#include "test.h"

#include "base/cursor.h"

static const uint8_t octets[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

Test(cursor, reads_both_byte_orders)
{
    struct cursor in = cursor_over(bytes_of(octets + 1, 15)); /* odd, so that alignment cannot matter */
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    cr_assert(cursor_u8(&in, &u8));
    cr_assert_eq(u8, 2);
    cr_assert(cursor_u16le(&in, &u16));
    cr_assert_eq(u16, 0x0403);
    cr_assert(cursor_u16be(&in, &u16));
    cr_assert_eq(u16, 0x0506);
    cr_assert(cursor_u32le(&in, &u32));
    cr_assert_eq(u32, 0x0A090807);
    cr_assert(cursor_u32be(&in, &u32));
    cr_assert_eq(u32, 0x0B0C0D0E);
    cr_assert_eq(in.rest.size, 2);
    in = cursor_over(bytes_of(octets, 16));
    cr_assert(cursor_u64le(&in, &u64));
    cr_assert_eq(u64, UINT64_C(0x0807060504030201));
    cr_assert(cursor_u64be(&in, &u64));
    cr_assert_eq(u64, UINT64_C(0x090A0B0C0D0E0F10));
    cr_assert(cursor_at_end(&in));
}

/* Tries every read that needs more than `in` holds; returns how many succeeded. */
static unsigned reads_beyond(struct cursor *in)
{
    size_t have = in->rest.size;
    unsigned succeeded = 0;
    uint8_t copy[16];
    struct bytes taken;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;

    succeeded += cursor_take(in, have + 1, &taken) || cursor_take(in, SIZE_MAX, &taken);
    succeeded += cursor_skip(in, have + 1) || cursor_skip(in, SIZE_MAX);
    succeeded += have < sizeof copy && cursor_copy(in, copy, sizeof copy);
    succeeded += have < 2 && (cursor_u16le(in, &u16) || cursor_u16be(in, &u16));
    succeeded += have < 4 && (cursor_u32le(in, &u32) || cursor_u32be(in, &u32));
    succeeded += have < 8 && (cursor_u64le(in, &u64) || cursor_u64be(in, &u64));
    return succeeded;
}

Test(cursor, failed_read_moves_nothing)
{
    for (size_t size = 0; size < sizeof octets; size++) {
        struct cursor in = cursor_over(bytes_of(octets, size));

        cr_assert_eq(reads_beyond(&in), 0);
        cr_assert_eq(in.rest.size, size);
        cr_assert_eq(in.rest.data, octets);
    }
}

Test(cursor, empty_input)
{
    struct cursor in = cursor_over((struct bytes){0});
    uint8_t byte = 7;
    struct bytes taken;

    cr_assert(cursor_at_end(&in));
    cr_assert(!cursor_u8(&in, &byte));
    cr_assert_eq(byte, 7);
    cr_assert(cursor_take(&in, 0, &taken));
    cr_assert_eq(taken.size, 0);
    cr_assert(cursor_copy(&in, NULL, 0));
}

Test(bytes, slice_stays_inside)
{
    struct bytes whole = bytes_of(octets, sizeof octets), part;

    cr_assert(bytes_slice(whole, 4, 12, &part));
    cr_assert_eq(part.data, octets + 4);
    cr_assert_eq(part.size, 12);
    cr_assert(bytes_slice(whole, 16, 0, &part));
    cr_assert_eq(part.size, 0);
    cr_assert(!bytes_slice(whole, 4, 13, &part));
    cr_assert_null(part.data);
    cr_assert(!bytes_slice(whole, 17, 0, &part));
    cr_assert(!bytes_slice(whole, SIZE_MAX, 2, &part));
    cr_assert(!bytes_slice(whole, 2, SIZE_MAX, &part));
    cr_assert(bytes_slice((struct bytes){0}, 0, 0, &part));
}
