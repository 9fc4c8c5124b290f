/* RC4 against RFC 6229, in streams, copies, in place and once. */
#include "test.h"

#include "crypto/rc4.h"

struct vector {
    size_t key_size;
    const char *at_0, *at_240, *at_4080;
};

/* RFC 6229 2, keys 0102030405...: key streams at three offsets. */
static const struct vector vectors[] = {
    {5, "b2396305f03dc027ccc3524a0a1118a8", "28cb1132c96ce286421dcaadb8b69eae", "068326a2118416d21f9d04b2cd1ca050"},
    {7, "293f02d47f37c9b633f2af5285feb46b", "914f02531c9218810df60f67e338154c", "f3172ceffc3b3d997c85ccd5af1a950c"},
    {8, "97ab8a1bf0afb96132f2f67258da15a8", "9636ebc9841926f4f7d1f362bddf6e18", "d5fa5a3469d29aaaf83d23589db8c85b"},
    {16, "9ac7cc9a609d1ef7b2932899cde41b97", "065902e4b620f6cc36c8589f66432f2b", "ff38265c1642c1abe8d3c2fe5e572bf8"},
    {32, "eaa6bd25880bf93d3f5d1e4ca2611d91", "114ae344ded71b35f2e60febad727fd8", "a13a7c79c7e119b5ab0296ab28c300b9"},
};

static void assert_stream(const uint8_t *stream, size_t offset, const char *expected_hex)
{
    uint8_t expected[16];

    test_hex(expected_hex, expected, sizeof expected);
    assert_mem_eq(stream + offset, expected, sizeof expected);
}

enum { STREAM = 4096 };

static const uint8_t counting[32] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
                                     17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};

Test(rc4, streams_of_rfc_6229)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct rc4 *state = rc4_new(bytes_of(counting, vectors[i].key_size));
        uint8_t zeros[STREAM] = {0}, stream[STREAM];

        cr_assert_not_null(state);
        rc4_apply(state, zeros, stream, sizeof stream);
        assert_stream(stream, 0, vectors[i].at_0);
        assert_stream(stream, 240, vectors[i].at_240);
        assert_stream(stream, 4080, vectors[i].at_4080);
        rc4_free(state);
        memset(stream, 0, sizeof stream);
        cr_assert(rc4_once(bytes_of(counting, vectors[i].key_size), stream, stream, sizeof stream));
        assert_stream(stream, 0, vectors[i].at_0);
        assert_stream(stream, 4080, vectors[i].at_4080);
    }
}

Test(rc4, pieces_make_the_same_stream)
{
    struct bytes key = bytes_of(counting, 16);
    struct rc4 *state = rc4_new(key);
    uint8_t whole[300] = {0}, pieces[300] = {0};

    cr_assert(rc4_once(key, whole, whole, sizeof whole));
    for (size_t at = 0, size = 0; at < sizeof pieces;
         at += size, size = size + 1 < 300 - at - size ? size + 1 : 300 - at - size)
        rc4_apply(state, pieces + at, pieces + at, size);
    assert_mem_eq(pieces, whole, sizeof whole);
    rc4_apply(state, NULL, NULL, 0);
    rc4_free(state);
    rc4_free(NULL);
}

Test(rc4, copy_is_a_snapshot)
{
    struct rc4 *state = rc4_new(bytes_of(counting, 16)), *snapshot;
    uint8_t first[40] = {0}, second[40] = {0};

    rc4_apply(state, first, first, 7);
    snapshot = rc4_copy(state);
    cr_assert_not_null(snapshot);
    memset(first, 0, sizeof first);
    rc4_apply(state, first, first, sizeof first);
    rc4_apply(snapshot, second, second, sizeof second);
    assert_mem_eq(second, first, sizeof first);
    rc4_free(state);
    rc4_apply(snapshot, second, second, sizeof second);
    rc4_free(snapshot);
}

Test(rc4, refuses_keys_that_rc4_has_not)
{
    static const uint8_t long_key[257] = {1};
    uint8_t out[4] = {1, 2, 3, 4};
    struct rc4 *longest = rc4_new(bytes_of(long_key, 256));

    cr_assert_not_null(longest);
    rc4_free(longest);
    cr_assert_null(rc4_new(bytes_of(long_key, 257)));
    cr_assert_null(rc4_new((struct bytes){0}));
    cr_assert(!rc4_once((struct bytes){0}, out, out, sizeof out));
    assert_mem_eq(out, "\0\0\0\0", 4);
}

Test(rc4, a_pair_is_two_streams)
{
    const uint8_t *keys[2] = {counting, counting + 16};
    uint8_t zeros[300] = {0}, stream[300], expected[300];
    struct rc4 *states[2];

    cr_assert(rc4_new_pair(keys[0], keys[1], states));
    for (size_t i = 0; i < 2; i++) {
        cr_assert(rc4_once(bytes_of(keys[i], 16), zeros, expected, sizeof expected));
        rc4_apply(states[i], zeros, stream, sizeof stream);
        assert_mem_eq(stream, expected, sizeof stream);
        rc4_free(states[i]);
    }
}
