/*
 * From a password to the key that NTLM needs: MD4 of its UTF-16LE text ([MS-NLMP] 3.3.1, NTOWFv1).
 */
#include "account/account.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"
#include "crypto/hash.h"

SECURITY_STATUS account_nt_hash(struct bytes password_utf8, uint8_t hash[ACCOUNT_NT_HASH_SIZE])
{
    uint8_t *text;
    size_t size;
    struct bytes part;
    SECURITY_STATUS status = utf16le_from_utf8(password_utf8, &text, &size);

    secret_wipe(hash, ACCOUNT_NT_HASH_SIZE);
    if (status != SEC_E_OK)
        return status;
    part = bytes_of(text, size);
    if (!md4_digest(&part, 1, hash))
        status = SEC_E_CRYPTO_SYSTEM_INVALID;
    mem_free_secret(text, size);
    return status;
}

bool account_nt_hash_is_empty(const uint8_t hash[ACCOUNT_NT_HASH_SIZE])
{
    static const uint8_t empty[ACCOUNT_NT_HASH_SIZE] = {0x31, 0xD6, 0xCF, 0xE0, 0xD1, 0x6A, 0xE9, 0x31,
                                                        0xB7, 0x3C, 0x59, 0xD7, 0xE0, 0xC0, 0x89, 0xC0};

    return secret_equal(hash, empty, sizeof empty);
}

bool account_set_nt_hash(struct account *account, const uint8_t hash[ACCOUNT_NT_HASH_SIZE])
{
    if (account_nt_hash_is_empty(hash))
        return false;
    for (size_t i = 0; i < ACCOUNT_NT_HASH_SIZE; i++)
        account->nt_hash[i] = hash[i];
    account->has_nt_hash = true;
    return true;
}
