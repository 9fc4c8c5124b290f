/* Our MD5 against OpenSSL's at every length around the blocks. */
#include "test.h"

#include "crypto/hash.h"
#include "crypto/md5.h"

enum { LONGEST = 400 };

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
