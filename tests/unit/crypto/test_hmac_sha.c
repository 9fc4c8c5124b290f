/*
 * HMAC with SHA-1 (RFC 2202), SHA-256 and SHA-384 (RFC 4231).
 */
#include "crypto/hmac.h"

#include "test.h"

typedef bool (*hmac_function)(struct bytes key, const struct bytes *parts, size_t count, uint8_t *out);

static void expect(hmac_function function, struct bytes key, const char *message, const char *expected)
{
    size_t length = strlen(message);
    struct bytes parts[2] = {bytes_of(message, length / 2), bytes_of(message + length / 2, length - length / 2)};
    uint8_t digest[HMAC_SHA384_SIZE], wanted[HMAC_SHA384_SIZE];

    cr_assert(function(key, parts, 2, digest));
    assert_mem_eq(digest, wanted, test_hex(expected, wanted, sizeof wanted));
}

Test(hmac_sha, vectors_of_the_rfcs)
{
    uint8_t large[131], b[20];
    struct bytes jefe = bytes_of("Jefe", 4), big = bytes_of(large, sizeof large);
    const char *message = "what do ya want for nothing?";

    memset(b, 0x0B, sizeof b);
    memset(large, 0xAA, sizeof large);
    expect(hmac_sha1, bytes_of(b, sizeof b), "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00");
    expect(hmac_sha1, jefe, message, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
    expect(hmac_sha1, bytes_of(large, 80), "Test Using Larger Than Block-Size Key - Hash Key First",
           "aa4ae5e15272d00e95705637ce8a3b55ed402112");
    expect(hmac_sha256, jefe, message, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    expect(hmac_sha256, big, "Test Using Larger Than Block-Size Key - Hash Key First",
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    expect(hmac_sha384, jefe, message,
           "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649");
    expect(hmac_sha384, big, "Test Using Larger Than Block-Size Key - Hash Key First",
           "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952");
}
