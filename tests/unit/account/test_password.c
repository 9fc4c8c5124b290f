/*
 * NT hashes: MD4 of the UTF-16LE password.
 */
#include "support_account.h"

Test(password, the_hash_is_that_of_the_specification) /* [MS-NLMP] 4.2.2.1.2, NTOWFv1("Password") */
{
    uint8_t expected[16], hash[16];

    test_hex("A4F49C406510BDCAB6824EE7C30FD852", expected, sizeof expected);
    assert_status(account_nt_hash(bytes_of("Password", 8), hash), SEC_E_OK);
    assert_mem_eq(hash, expected, sizeof hash);
}

Test(password, that_is_no_text_has_no_hash)
{
    uint8_t hash[16];

    assert_status(account_nt_hash(bytes_of("\xFF", 1), hash), SEC_E_INVALID_PARAMETER);
    assert_status(account_nt_hash(bytes_of("a\0b", 3), hash), SEC_E_INVALID_PARAMETER);
}

Test(password, the_empty_one_is_nobody_s_key)
{
    struct account account = {0};
    uint8_t hash[16];

    assert_status(account_nt_hash(bytes_of("", 0), hash), SEC_E_OK);
    cr_assert(account_nt_hash_is_empty(hash));
    cr_assert(!account_set_nt_hash(&account, hash));
    cr_assert(!account.has_nt_hash);
    hash[15] ^= 1;
    cr_assert(!account_nt_hash_is_empty(hash));
    cr_assert(account_set_nt_hash(&account, hash));
    cr_assert(account.has_nt_hash);
    assert_mem_eq(account.nt_hash, hash, sizeof hash);
}
