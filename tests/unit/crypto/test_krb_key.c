/*
 * Kerberos keys (krb_key.c, krb_derive.c, aes.c): vectors of RFC 3961 A, RFC 3962 B, RFC 8009 A, and what decryption
 * must refuse.
 */
#include "crypto/krb_key.h"

#include "crypto/aes.h"
#include "crypto/krb_derive.h"
#include "test.h"

static struct krb_key key_of(int32_t etype, const char *hex)
{
    struct krb_key key;
    uint8_t value[KRB_KEY_MAX];

    cr_assert(krb_key_set(&key, etype, bytes_of(value, test_hex(hex, value, sizeof value))));
    return key;
}

static void expect_fold(const char *in, size_t out_size, const char *expected)
{
    uint8_t out[32], wanted[32];

    krb_fold(bytes_of(in, strlen(in)), out, out_size);
    assert_mem_eq(out, wanted, test_hex(expected, wanted, sizeof wanted));
}

/* RFC 3961 A.1. */
Test(krb_key, n_fold)
{
    expect_fold("012345", 8, "be072631276b1955");
    expect_fold("password", 7, "78a07b6caf85fa");
    expect_fold("Rough Consensus, and Running Code", 8, "bb6ed30870b7f0e0");
    expect_fold("password", 21, "59e4a8ca7c0385c3c37b3f6d2000247cb6e6bd5b3e");
    expect_fold("MASSACHVSETTS INSTITVTE OF TECHNOLOGY", 24, "db3b0d8f0b061e603282b308a50841229ad798fab9540c1b");
    expect_fold("Q", 21, "518a54a2 15a8452a 518a54a2 15a8452a 518a54a2 15");
    expect_fold("ba", 21, "fb25d531 ae897449 9f52fd92 ea9857c4 ba24cf29 7e");
    expect_fold("kerberos", 16, "6b657262 65726f73 7b9b5b2b 93132b93");
}

/* RFC 3962 B: CBC with ciphertext stealing, key "chicken teriyaki". */
Test(krb_key, cts_vectors)
{
    static const char text[] = "I would like the General Gau's Chicken, please, and wonton soup.";
    static const struct {
        size_t size;
        const char *cipher;
    } cases[] = {
        {17, "c6353568f2bf8cb4d8a580362da7ff7f97"},
        {31, "fc00783e0efdb2c1d445d4c8eff7ed2297687268d6ecccc0c07b25e25ecfe5"},
        {32, "39312523a78662d5be7fcbcc98ebf5a897687268d6ecccc0c07b25e25ecfe584"},
        {47, "97687268d6ecccc0c07b25e25ecfe584b3fffd940c16a18c1b5549d2f838029e39312523a78662d5be7fcbcc98ebf5"},
        {64, "97687268d6ecccc0c07b25e25ecfe58439312523a78662d5be7fcbcc98ebf5a84807efe836ee89a526730dbc2f7bc8409dad8bbb9"
             "6c4cd"
             "c03bc103e1a194bbd8"},
    };
    struct bytes key = bytes_of("chicken teriyaki", 16);
    uint8_t out[64], wanted[64];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cr_assert(aes_cts_encrypt(key, (const uint8_t *)text, out, cases[i].size));
        assert_mem_eq(out, wanted, test_hex(cases[i].cipher, wanted, sizeof wanted));
        cr_assert(aes_cts_decrypt(key, out, out, cases[i].size));
        assert_mem_eq(out, text, cases[i].size);
    }
    cr_assert(!aes_cts_encrypt(key, (const uint8_t *)text, out, 15));
}

/* [MS-KILE] 4.4: the last step of AES-128 string to key is DK with the constant "kerberos". */
Test(krb_key, block_encryption_makes_the_published_key)
{
    uint8_t base[16], block[16], wanted[16];

    test_hex("c7730daa23521bc16ab83cbee3b37f41", base, sizeof base);
    krb_fold(bytes_of("kerberos", 8), block, sizeof block);
    cr_assert(aes_chains_encrypt(bytes_of(base, 16), block, 1, false, block));
    test_hex("b82ee122531c2d94821ac755bccb5879", wanted, sizeof wanted);
    assert_mem_eq(block, wanted, 16);
}

static void expect_derived(const struct krb_key *key, uint8_t purpose, const char *expected)
{
    uint8_t out[KRB_KEY_MAX], wanted[KRB_KEY_MAX];
    size_t size = test_hex(expected, wanted, sizeof wanted);

    cr_assert(krb_derive(key, 2, purpose, out));
    cr_assert_eq(size, krb_derived_size(key->etype, purpose));
    assert_mem_eq(out, wanted, size);
}

/* Derived together or one by one, from kept constants or freshly folded ones: the same keys. */
Test(krb_key, usages_derived_together)
{
    static const int32_t types[] = {KRB_ETYPE_AES256_SHA1, KRB_ETYPE_AES128_SHA1, KRB_ETYPE_AES256_SHA384,
                                    KRB_ETYPE_AES128_SHA256, KRB_ETYPE_RC4};
    static const uint32_t numbers[][2] = {{11, 12}, {31, 32}, {0, 0xFFFFFFFF}};
    uint8_t value[KRB_KEY_MAX] = {1, 2, 3, 4, 5};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct krb_key key;

        cr_assert(krb_key_set(&key, types[i], bytes_of(value, krb_etype_find(types[i])->key_size)));
        for (size_t j = 0; j < sizeof numbers / sizeof *numbers; j++) {
            struct krb_usage both[2], one, other;

            cr_assert(krb_usages_derive(&key, numbers[j], 2, both));
            cr_assert(krb_usage_derive(&key, numbers[j][0], &one) && krb_usage_derive(&key, numbers[j][1], &other));
            assert_mem_eq(&both[0], &one, sizeof one);
            assert_mem_eq(&both[1], &other, sizeof other);
        }
        cr_assert(!krb_usages_derive(&key, (uint32_t[3]){1, 2, 3}, 3, (struct krb_usage[3]){0}));
    }
}

/* DK of RFC 3961 5.1 written out: the constants that are kept are folded ones. */
Test(krb_key, constants_are_folded)
{
    struct krb_key key = {0};
    uint8_t value[16] = {9}, constant[5] = {0, 0, 0, 0, KRB_FOR_INTEGRITY}, folded[16], expected[16];

    cr_assert(krb_key_set(&key, KRB_ETYPE_AES128_SHA1, bytes_of(value, sizeof value)));
    for (uint32_t usage = 0; usage < 40; usage++) {
        uint8_t derived[KRB_KEY_MAX];

        constant[3] = (uint8_t)usage;
        krb_fold(bytes_of(constant, sizeof constant), folded, sizeof folded);
        cr_assert(aes_chains_encrypt(bytes_of(value, sizeof value), folded, 1, false, expected));
        cr_assert(krb_derive(&key, usage, KRB_FOR_INTEGRITY, derived));
        assert_mem_eq(derived, expected, sizeof expected);
    }
}

/* Chains side by side are what each would be alone. */
Test(krb_key, chains)
{
    uint8_t key[32] = {3}, in[64], out[128], once[64], more[64], one[32];

    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 5);
    cr_assert(aes_chains_encrypt(bytes_of(key, 32), in, 4, true, out));
    cr_assert(aes_chains_encrypt(bytes_of(key, 32), in, 4, false, once));
    cr_assert(aes_chains_encrypt(bytes_of(key, 32), once, 4, false, more));
    for (size_t i = 0; i < 4; i++) {
        assert_mem_eq(out + 32 * i, once + 16 * i, 16);
        assert_mem_eq(out + 32 * i + 16, more + 16 * i, 16);
        cr_assert(aes_chains_encrypt(bytes_of(key, 32), in + 16 * i, 1, true, one));
        assert_mem_eq(out + 32 * i, one, 32);
    }
    cr_assert(!aes_chains_encrypt(bytes_of(key, 32), in, 5, false, out));
    cr_assert(!aes_chains_encrypt(bytes_of(key, 24), in, 1, false, out));
}

/* RFC 8009 A: key derivation for usage 2. */
Test(krb_key, sha2_derivation)
{
    struct krb_key narrow = key_of(KRB_ETYPE_AES128_SHA256, "3705D96080C17728A0E800EAB6E0D23C");
    struct krb_key wide =
        key_of(KRB_ETYPE_AES256_SHA384, "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52");

    expect_derived(&narrow, KRB_FOR_CHECKSUM, "B31A018A48F54776F403E9A396325DC3");
    expect_derived(&narrow, KRB_FOR_ENCRYPTION, "9B197DD1E8C5609D6E67C3E37C62C72E");
    expect_derived(&narrow, KRB_FOR_INTEGRITY, "9FDA0E56AB2D85E1569A688696C26A6C");
    expect_derived(&wide, KRB_FOR_CHECKSUM, "EF5718BE86CC84963D8BBB5031E9F5C4BA41F28FAF69E73D");
    expect_derived(&wide, KRB_FOR_ENCRYPTION, "56AB22BEE63D82D7BC5227F6773F8EA7A5EB1C825160C38312980C442E5C7E49");
    expect_derived(&wide, KRB_FOR_INTEGRITY, "69B16514E3CD8E56B82010D5C73012B622C4D00FFC23ED1F");
}

/* RFC 8009 A: checksum and decryption of the published cipher texts, usage 2. */
Test(krb_key, sha2_vectors)
{
    static const uint8_t text[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20};
    struct krb_key key = key_of(KRB_ETYPE_AES128_SHA256, "3705D96080C17728A0E800EAB6E0D23C");
    struct bytes message = bytes_of(text, sizeof text), plain;
    uint8_t mac[KRB_MAC_MAX], wanted[64], cipher[64], room[64];
    struct krb_usage usage;
    size_t size;

    cr_assert(krb_checksum(&key, 2, &message, 1, mac));
    assert_mem_eq(mac, wanted, test_hex("D78367186643D67B411CBA9139FC1DEE", wanted, sizeof wanted));
    cr_assert(krb_usage_derive(&key, 2, &usage));
    size =
        test_hex("84D7F30754ED987BAB0BF3506BEB09CFB55402CEF7E6877CE99E247E52D16ED4421DFDF8976C", cipher, sizeof cipher);
    cr_assert(krb_decrypt(&usage, bytes_of(cipher, size), room, &plain));
    cr_assert_eq(plain.size, 6);
    assert_mem_eq(plain.data, text, 6);
}

static void round_trip(int32_t number, const char *hex)
{
    struct krb_key key = key_of(number, hex);
    uint8_t text[100], cipher[100 + KRB_OVERHEAD_MAX], room[100 + KRB_OVERHEAD_MAX];
    struct krb_usage usage, other;
    struct bytes plain;

    memset(text, 'x', sizeof text);
    cr_assert(krb_usage_derive(&key, 11, &usage) && krb_usage_derive(&key, 12, &other));
    for (size_t size = 0; size <= sizeof text; size++) {
        size_t whole = krb_cipher_size(key.etype, size);

        cr_assert(krb_encrypt(&usage, bytes_of(text, size), cipher));
        cr_assert(krb_decrypt(&usage, bytes_of(cipher, whole), room, &plain) && plain.size == size);
        assert_mem_eq(plain.data, text, size);
        cr_assert(!krb_decrypt(&other, bytes_of(cipher, whole), room, &plain), "another usage");
        cr_assert(!krb_decrypt(&usage, bytes_of(cipher, whole - 1), room, &plain), "cut short");
        for (size_t i = 0; i < whole; i += 7) {
            cipher[i] ^= 0x40;
            cr_assert(!krb_decrypt(&usage, bytes_of(cipher, whole), room, &plain), "byte %zu of %zu", i, whole);
            cipher[i] ^= 0x40;
        }
    }
    for (size_t size = 0; size < krb_cipher_size(key.etype, 0); size++)
        cr_assert(!krb_decrypt(&usage, bytes_of(cipher, size), room, &plain));
}

Test(krb_key, every_type_encrypts_decrypts_and_refuses)
{
    round_trip(17, "c7730daa23521bc16ab83cbee3b37f41");
    round_trip(18, "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52");
    round_trip(19, "3705D96080C17728A0E800EAB6E0D23C");
    round_trip(20, "6D404D37FAF79F9DF0D33568D320669800EB4836472EA8A026D16B7182460C52");
    round_trip(23, "81a2cb90af7fc2d19554a150d8185359");
}

Test(krb_key, checksums_verify_and_refuse)
{
    static const int32_t numbers[] = {17, 18, 19, 20, 23};
    uint8_t value[KRB_KEY_MAX] = {7}, mac[KRB_MAC_MAX];
    struct bytes parts[] = {bytes_of("abc", 3), bytes_of("defg", 4)}, whole = bytes_of("abcdefg", 7);

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const struct krb_etype *etype = krb_etype_find(numbers[i]);
        struct krb_key key;

        cr_assert(krb_key_set(&key, numbers[i], bytes_of(value, etype->key_size)));
        cr_assert(krb_checksum(&key, 17, parts, 2, mac));
        cr_assert(krb_checksum_verify(&key, 17, &whole, 1, bytes_of(mac, etype->checksum_size)));
        cr_assert(!krb_checksum_verify(&key, 18, &whole, 1, bytes_of(mac, etype->checksum_size)));
        cr_assert(!krb_checksum_verify(&key, 17, parts, 1, bytes_of(mac, etype->checksum_size)));
        cr_assert(!krb_checksum_verify(&key, 17, &whole, 1, bytes_of(mac, etype->checksum_size - 1u)));
        cr_assert_eq(krb_etype_of_checksum(etype->checksum), etype);
    }
}

Test(krb_key, unknown_types_and_sizes_are_refused)
{
    static const uint8_t value[KRB_KEY_MAX];
    static const int32_t unknown[] = {0, 1, 3, 16, 24, -1};
    struct krb_key key;

    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
        cr_assert(!krb_key_set(&key, unknown[i], bytes_of(value, 16)));
    cr_assert(!krb_key_set(&key, KRB_ETYPE_AES256_SHA1, bytes_of(value, 16)));
    cr_assert(!krb_key_set(&key, KRB_ETYPE_AES128_SHA1, bytes_of(value, 32)));
}
