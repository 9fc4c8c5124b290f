/* The one pass against its two parts, at every length around the blocks. */
#include "test.h"

#include "crypto/hmac.h"
#include "crypto/rc4.h"
#include "crypto/rc4_md5.h"

enum { LONGEST = 400 };

static uint8_t text[LONGEST];

static void text_fill(void)
{
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (uint8_t)(i * 7 + i / 256 + 3);
}

/* One key, one stream over all messages: the place in the stream must agree too. */
Test(rc4_md5, seals_as_its_parts_do, .init = text_fill)
{
    static const uint8_t prefix[RC4_MD5_PREFIX] = {9, 8, 7, 6};
    struct bytes key = bytes_of("0123456789abcdef", 16);
    struct hmac_md5_key *mac = hmac_md5_key_new(key);
    struct rc4 *one = rc4_new(key), *two = rc4_new(key), *back = rc4_new(key), *copy;

    for (size_t size = 0; size <= sizeof text; size++) {
        struct bytes parts[2] = {{prefix, sizeof prefix}, {text, size}};
        uint8_t sealed[LONGEST], expected[LONGEST], digest[16], expected_digest[16];

        hmac_md5_with(mac, parts, 2, expected_digest);
        rc4_apply(two, text, expected, size);
        memcpy(sealed, text, size);
        rc4_md5_seal(one, mac, prefix, sealed, size, digest);
        assert_mem_eq(sealed, expected, size);
        assert_mem_eq(digest, expected_digest, sizeof digest);
        memset(digest, 0, sizeof digest);
        rc4_md5_unseal(back, mac, prefix, sealed, size, digest);
        assert_mem_eq(sealed, text, size);
        assert_mem_eq(digest, expected_digest, sizeof digest);
        /* What was made ahead must not be lost between messages, nor in a snapshot. */
        copy = rc4_copy(one);
        rc4_free(one);
        one = copy;
        rc4_apply(one, text, sealed, size % 150);
        rc4_apply(two, text, expected, size % 150);
        assert_mem_eq(sealed, expected, size % 150);
        rc4_apply(back, text, sealed, size % 150);
    }
    rc4_free(one);
    rc4_free(two);
    rc4_free(back);
    hmac_md5_key_free(mac);
}
