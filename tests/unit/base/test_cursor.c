/* Cursor, slices and writer: exact sizes, nothing beyond the end, nothing moved by a failed read. */
#include "test.h"

#include "base/cursor.h"
#include "base/writer.h"

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

/* Everything the writer can write: 1 + 2 + 4 + 8 + 2 + 4 + 8 + 3 + 2 bytes. */
static void write_all(struct writer *out)
{
    writer_u8(out, 0x01);
    writer_u16le(out, 0x0203);
    writer_u32le(out, 0x04050607);
    writer_u64le(out, UINT64_C(0x08090A0B0C0D0E0F));
    writer_u16be(out, 0x1011);
    writer_u32be(out, 0x12131415);
    writer_u64be(out, UINT64_C(0x161718191A1B1C1D));
    writer_bytes(out, bytes_of("abc", 3));
    writer_zeros(out, 2);
}

static const uint8_t written[34] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0F, 0x0E, 0x0D, 0x0C, 0x0B,
                                    0x0A, 0x09, 0x08, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18,
                                    0x19, 0x1A, 0x1B, 0x1C, 0x1D, 'a',  'b',  'c',  0,    0};

Test(writer, writes_both_byte_orders)
{
    uint8_t buffer[sizeof written];
    struct writer out = writer_over(buffer, sizeof buffer);

    write_all(&out);
    cr_assert(writer_ok(&out));
    cr_assert_eq(out.used, sizeof written);
    assert_mem_eq(buffer, written, sizeof written);
}

Test(writer, counts_beyond_the_end_and_stores_nothing_there)
{
    for (size_t size = 0; size < sizeof written; size++) {
        uint8_t buffer[sizeof written];
        struct writer out = writer_over(buffer, size);

        memset(buffer, 0xEE, sizeof buffer);
        write_all(&out);
        cr_assert(!writer_ok(&out));
        cr_assert_eq(out.used, sizeof written);
        for (size_t i = 0; i < sizeof buffer; i++)
            cr_assert(buffer[i] == 0xEE || (i < size && buffer[i] == written[i]), "byte %zu of %zu", i, size);
    }
}

Test(writer, nothing_is_stored_after_the_first_that_did_not_fit)
{
    uint8_t buffer[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    struct writer out = writer_over(buffer, sizeof buffer);

    writer_u64le(&out, 0);
    writer_u8(&out, 0);
    cr_assert_eq(buffer[0], 0xEE);
    cr_assert_eq(out.used, 9);
}

Test(writer, count_does_not_wrap)
{
    uint8_t buffer[4] = {0};
    struct writer out = writer_over(buffer, sizeof buffer);

    writer_zeros(&out, SIZE_MAX);
    writer_zeros(&out, 2);
    writer_u8(&out, 1);
    cr_assert_eq(out.used, SIZE_MAX);
    cr_assert(!writer_ok(&out));
}

Test(writer, null_buffer_counts)
{
    struct writer out = writer_over(NULL, 0);

    writer_bytes(&out, (struct bytes){0});
    cr_assert(writer_ok(&out));
    write_all(&out);
    cr_assert_eq(out.used, sizeof written);
}
