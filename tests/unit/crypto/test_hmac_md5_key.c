/* Kept keys of HMAC-MD5 against the one-shot function. */
#include "test.h"

#include "crypto/hash.h"
#include "crypto/hmac.h"

/* Around the block of 64 bytes: shorter keys are filled up, longer ones digested. */
Test(hmac_md5_key, agrees_with_one_shot_at_every_length)
{
    static uint8_t octets[200];

    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)(i * 11 + 1);
    for (size_t size = 0; size < sizeof octets; size++) {
        struct bytes key = bytes_of(octets, size), message = bytes_of(octets, sizeof octets - size);
        struct hmac_md5_key *kept = hmac_md5_key_new(key);
        uint8_t expected[HMAC_MD5_SIZE], digest[HMAC_MD5_SIZE];

        cr_assert_not_null(kept);
        cr_assert(hmac_md5(key, &message, 1, expected));
        hmac_md5_with(kept, &message, 1, digest);
        assert_mem_eq(digest, expected, sizeof digest);
        hmac_md5_key_free(kept);
    }
}

Test(hmac_md5_key, other_digests_between_do_not_disturb)
{
    struct hmac_md5_key *a = hmac_md5_key_new(bytes_of("a", 1)), *b = hmac_md5_key_new(bytes_of("b", 1));
    struct bytes message = bytes_of("message", 7);
    uint8_t first[16], other[16], again[16];

    hmac_md5_with(a, &message, 1, first);
    hmac_md5_with(b, &message, 1, other);
    cr_assert(memcmp(first, other, sizeof first) != 0);
    cr_assert(md5_digest(&message, 1, other));
    hmac_md5_with(a, &message, 1, again);
    assert_mem_eq(again, first, sizeof again);
    hmac_md5_key_free(a);
    hmac_md5_key_free(b);
}

Test(hmac_md5_key, two_at_once)
{
    static const uint8_t octets[80] = {1, 2, 3, 4};
    struct bytes message = bytes_of("message", 7);
    uint8_t expected[HMAC_MD5_SIZE], digest[HMAC_MD5_SIZE];
    struct hmac_md5_key *keys[2];

    for (size_t size = 0; size <= 64; size += 16) {
        const struct bytes given[2] = {bytes_of(octets, size), bytes_of(octets + 2, 64 - size)};

        cr_assert(hmac_md5_keys_new(given[0], given[1], keys));
        for (size_t i = 0; i < 2; i++) {
            cr_assert(hmac_md5(given[i], &message, 1, expected));
            hmac_md5_with(keys[i], &message, 1, digest);
            assert_mem_eq(digest, expected, sizeof digest);
            hmac_md5_key_free(keys[i]);
        }
    }
    cr_assert(!hmac_md5_keys_new(bytes_of(octets, 65), bytes_of(octets, 16), keys));
    cr_assert(!keys[0] && !keys[1]);
}
