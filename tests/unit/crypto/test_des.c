/* DES with keys of seven bytes: as NTLM's hashes use it, and against the same key with its parity written out. */
#include "test.h"

#include "crypto/des.h"

static void assert_des(const char *key, const char *text, const char *expected_hex)
{
    uint8_t expected[8], out[8];

    test_hex(expected_hex, expected, sizeof expected);
    cr_assert(des_encrypt((const uint8_t *)key, (const uint8_t *)text, out));
    assert_mem_eq(out, expected, sizeof out);
}

/* LMOWFv1("Password"), [MS-NLMP] 4.2.2.1.1. */
Test(des, halves_of_the_lm_hash)
{
    assert_des("PASSWOR", "KGS!@#$%", "e52cac67419a9a22");
    assert_des("D\0\0\0\0\0\0", "KGS!@#$%", "4a3b108f3fa6cb6d");
}

/* The half of an empty password: the value that every LM hash of a short password ends in. */
Test(des, empty_half)
{
    assert_des("\0\0\0\0\0\0\0", "KGS!@#$%", "aad3b435b51404ee");
}

/* Three encryptions, the third with the last two bytes of the key: [MS-NLMP] 4.2.2.2.2. */
Test(des, desl)
{
    static const uint8_t challenge[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
    uint8_t key[16], expected[24], out[24], last_key[7] = {0}, last[8];

    test_hex("e52cac67419a9a224a3b108f3fa6cb6d", key, sizeof key);
    test_hex("98def7b87f88aa5dafe2df779688a172def11c7d5ccdef13", expected, sizeof expected);
    cr_assert(desl_encrypt(key, challenge, out));
    assert_mem_eq(out, expected, sizeof out);
    last_key[0] = key[14];
    last_key[1] = key[15];
    cr_assert(des_encrypt(last_key, challenge, last));
    assert_mem_eq(last, expected + 16, sizeof last);
}
