/* The writer: both byte orders, nothing stored beyond the end, everything counted. */
#include "test.h"

#include "base/writer.h"

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
