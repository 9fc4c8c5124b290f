/* Digests against RFC 1320, RFC 1321, FIPS 180 and the check value of CRC-32. */
#include "test.h"

#include "crypto/hash.h"

struct vector {
    const char *text, *md4, *md5;
};

/* RFC 1320 A.5 and RFC 1321 A.5. */
static const struct vector vectors[] = {
    {"", "31d6cfe0d16ae931b73c59d7e0c089c0", "d41d8cd98f00b204e9800998ecf8427e"},
    {"a", "bde52cb31de33e46245e05fbdbd6fb24", "0cc175b9c0f1b6a831c399e269772661"},
    {"abc", "a448017aaf21d8525fc10ae87aa6729d", "900150983cd24fb0d6963f7d28e17f72"},
    {"message digest", "d9130a8164549fe818874806e1c7014b", "f96b697d7cb7938d525a2f31aaf161d0"},
    {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9", "c3fcd3d76192e4007dfb496cca67e13b"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789", "043f8582f241db351ce627e153e7f0e4",
     "d174ab98d277d9f5a5611c2c9f419d9f"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "e33b4ddc9c38f2199c3e7b164fcc0536", "57edf4a22be3c955ac49da2e2107b67a"},
};

Test(hash, md4_and_md5_of_the_rfcs)
{
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct bytes whole = bytes_of(vectors[i].text, strlen(vectors[i].text));
        uint8_t expected[16], digest[16];

        test_hex(vectors[i].md4, expected, sizeof expected);
        cr_assert(md4_digest(&whole, 1, digest));
        assert_mem_eq(digest, expected, sizeof digest);
        test_hex(vectors[i].md5, expected, sizeof expected);
        cr_assert(md5_digest(&whole, 1, digest));
        assert_mem_eq(digest, expected, sizeof digest);
    }
}

Test(hash, sha256)
{
    struct bytes whole = bytes_of("abc", 3);
    uint8_t expected[SHA256_SIZE], digest[SHA256_SIZE];

    test_hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", expected, sizeof expected);
    cr_assert(sha256_digest(&whole, 1, digest));
    assert_mem_eq(digest, expected, sizeof digest);
    test_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", expected, sizeof expected);
    cr_assert(sha256_digest(NULL, 0, digest));
    assert_mem_eq(digest, expected, sizeof digest);
}

Test(hash, parts_are_joined)
{
    static const char text[] = "12345678901234567890123456789012345678901234567890123456789012345678901234567890";
    struct bytes whole = bytes_of(text, sizeof text - 1);
    uint8_t expected[SHA256_SIZE], digest[SHA256_SIZE];

    for (size_t cut = 0; cut < sizeof text; cut++) {
        struct bytes parts[3] = {{whole.data, cut}, {NULL, 0}, {whole.data + cut, whole.size - cut}};

        cr_assert(md4_digest(&whole, 1, expected) && md4_digest(parts, 3, digest));
        assert_mem_eq(digest, expected, MD4_SIZE);
        cr_assert(md5_digest(&whole, 1, expected) && md5_digest(parts, 3, digest));
        assert_mem_eq(digest, expected, MD5_SIZE);
        cr_assert(sha256_digest(&whole, 1, expected) && sha256_digest(parts, 3, digest));
        assert_mem_eq(digest, expected, SHA256_SIZE);
        cr_assert_eq(crc32_digest(parts, 3), crc32_digest(&whole, 1));
    }
}

Test(hash, output_may_lie_over_the_input)
{
    uint8_t buffer[MD5_SIZE] = {0}, expected[MD5_SIZE];
    struct bytes whole = bytes_of(buffer, sizeof buffer);

    cr_assert(md5_digest(&whole, 1, expected));
    cr_assert(md5_digest(&whole, 1, buffer));
    assert_mem_eq(buffer, expected, sizeof buffer);
}

Test(hash, crc32)
{
    struct bytes check = bytes_of("123456789", 9);

    cr_assert_eq(crc32_digest(&check, 1), 0xCBF43926u);
    cr_assert_eq(crc32_digest(NULL, 0), 0u);
}
