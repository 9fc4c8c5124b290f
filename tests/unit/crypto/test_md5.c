/* md5.c and md5_lanes.c: our MD5 against OpenSSL's at every length around the blocks. */
#include "test.h"

#include "crypto/hash.h"
#include "crypto/md5.h"

enum { LONGEST = 400 }; /* four messages of 125 bytes begin 90 bytes apart */

static uint8_t text[LONGEST];

static void text_fill(void)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + i / 256 + 3);
}

Test(md5, agrees_with_openssl_at_every_length, .init = text_fill)
{
    for (size_t size = 0; size <= sizeof text; size++) {
        struct bytes whole = bytes_of(text, size);
        uint8_t expected[MD5_SIZE], digest[MD5_SIZE];
        struct md5 md5;

        cr_assert(md5_digest(&whole, 1, expected));
        md5_resume(&md5, &md5_initial, 0);
        md5_update(&md5, whole);
        md5_final(&md5, digest);
        assert_mem_eq(digest, expected, sizeof digest);
        md5_resume(&md5, &md5_initial, 0);
        for (size_t at = 0, piece = 1; at < size; at += piece, piece = piece * 3 % 97) {
            piece = piece < size - at ? piece : size - at;
            md5_update(&md5, bytes_of(text + at, piece));
            md5_update(&md5, (struct bytes){0});
        }
        md5_final(&md5, digest);
        assert_mem_eq(digest, expected, sizeof digest);
    }
}

Test(md5, leaves_nothing, .init = text_fill)
{
    struct md5 md5, zeros = {0};
    uint8_t digest[MD5_SIZE];

    md5_resume(&md5, &md5_initial, 0);
    md5_update(&md5, bytes_of(text, 100));
    md5_final(&md5, digest);
    assert_mem_eq(&md5, &zeros, sizeof md5);
}

/* Four messages side by side: every length that takes two blocks, and none that does not. */
Test(md5, four_agree_with_openssl, .init = text_fill)
{
    for (size_t size = 50; size <= 125; size++) {
        struct bytes messages[MD5_FOUR_COUNT][2];
        uint8_t digests[MD5_FOUR_COUNT][MD5_SIZE], expected[MD5_SIZE];

        for (size_t i = 0; i < MD5_FOUR_COUNT; i++) {
            const size_t first = i * size / 3 < size ? i * size / 3 : size;

            messages[i][0] = bytes_of(text + 90 * i, first);
            messages[i][1] = bytes_of(text + 90 * i + first, size - first);
        }
        cr_assert_eq(md5_four(messages, digests), size >= 56 && size <= 119);
        for (size_t i = 0; i < MD5_FOUR_COUNT && size >= 56 && size <= 119; i++) {
            cr_assert(md5_digest(messages[i], 2, expected));
            assert_mem_eq(digests[i], expected, sizeof expected);
        }
    }
}
