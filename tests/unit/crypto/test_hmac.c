/* HMAC-MD5 against RFC 2202, one-shot and with a kept key. */
#include "test.h"

#include "crypto/hash.h"
#include "crypto/hmac.h"

struct vector {
    uint8_t key_byte; /* 0: `key` */
    const char *key;
    size_t key_size;
    uint8_t data_byte; /* 0: `data` */
    const char *data;
    size_t data_size;
    const char *digest;
};

/* RFC 2202 2. */
static const struct vector vectors[] = {
    {0x0B, NULL, 16, 0, "Hi There", 8, "9294727a3638bb1c13f48ef8158bfc9d"},
    {0, "Jefe", 4, 0, "what do ya want for nothing?", 28, "750c783e6ab0b503eaa86e310a5db738"},
    {0xAA, NULL, 16, 0xDD, NULL, 50, "56be34521d144c88dbb8c733f0e8b3f6"},
    {0, "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19", 25,
     0xCD, NULL, 50, "697eaf0aca3a3aea3a75164746ffaa79"},
    {0x0C, NULL, 16, 0, "Test With Truncation", 20, "56461ef2342edc00f9bab995690efd4c"},
    {0xAA, NULL, 80, 0, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
     "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
    {0xAA, NULL, 80, 0, "Test Using Larger Than Block-Size Key and Larger Than One Block-Size Data", 73,
     "6f630fad67cda0ee1fb1f562db3aa53e"},
};

static struct bytes filled(uint8_t *buffer, uint8_t byte, const char *text, size_t size)
{
    if (byte)
        memset(buffer, byte, size);
    return bytes_of(byte ? buffer : (const void *)text, size);
}

Test(hmac, md5_of_rfc_2202)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        uint8_t key_bytes[80], data_bytes[80], expected[16], digest[16];
        struct bytes key = filled(key_bytes, v->key_byte, v->key, v->key_size);
        struct bytes data = filled(data_bytes, v->data_byte, v->data, v->data_size);
        struct hmac_md5_key *kept = hmac_md5_key_new(key);

        test_hex(v->digest, expected, sizeof expected);
        cr_assert(hmac_md5(key, &data, 1, digest));
        assert_mem_eq(digest, expected, sizeof digest);
        cr_assert_not_null(kept);
        for (int again = 0; again < 3; again++) {
            memset(digest, 0, sizeof digest);
            hmac_md5_with(kept, &data, 1, digest);
            assert_mem_eq(digest, expected, sizeof digest);
        }
        hmac_md5_key_free(kept);
    }
}

Test(hmac, key_of_one_block_is_not_hashed_and_one_more_is)
{
    uint8_t long_key[65] = {0}, digest[16], expected[16];
    struct bytes key = bytes_of(long_key, 65), message = bytes_of("m", 1), hashed;
    uint8_t key_digest[16] = {0};

    memset(long_key, 0x5A, sizeof long_key);
    cr_assert(md5_digest(&key, 1, key_digest));
    hashed = bytes_of(key_digest, sizeof key_digest);
    cr_assert(hmac_md5(hashed, &message, 1, expected) && hmac_md5(key, &message, 1, digest));
    assert_mem_eq(digest, expected, sizeof digest);
    key.size = 64;
    cr_assert(md5_digest(&key, 1, key_digest));
    cr_assert(hmac_md5(hashed, &message, 1, expected) && hmac_md5(key, &message, 1, digest));
    cr_assert(memcmp(digest, expected, sizeof digest) != 0);
}

Test(hmac, parts_and_empty_messages)
{
    struct bytes key = bytes_of("Jefe", 4), parts[3] = {{(const uint8_t *)"what do ya ", 11},
                                                        {NULL, 0},
                                                        {(const uint8_t *)"want for nothing?", 17}};
    uint8_t expected[16], digest[16];
    struct hmac_md5_key *kept = hmac_md5_key_new((struct bytes){0});

    test_hex(vectors[1].digest, expected, sizeof expected);
    cr_assert(hmac_md5(key, parts, 3, digest));
    assert_mem_eq(digest, expected, sizeof digest);
    test_hex("74e6f7298a9c2d168935f58c001bad88", expected, sizeof expected); /* no key, no message */
    cr_assert(hmac_md5((struct bytes){0}, NULL, 0, digest));
    assert_mem_eq(digest, expected, sizeof digest);
    hmac_md5_with(kept, NULL, 0, digest);
    assert_mem_eq(digest, expected, sizeof digest);
    hmac_md5_key_free(kept);
    hmac_md5_key_free(NULL);
}

Test(hmac, output_may_lie_over_key_and_message)
{
    uint8_t key[16] = {1, 2, 3}, expected[16];
    struct bytes view = bytes_of(key, sizeof key);

    cr_assert(hmac_md5(view, &view, 1, expected));
    cr_assert(hmac_md5(view, &view, 1, key));
    assert_mem_eq(key, expected, sizeof key);
}
