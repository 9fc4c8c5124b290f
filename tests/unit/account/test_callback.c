/*
 * The store that asks the program: what it may answer, and what is not believed.
 */
#include "account/stores.h"
#include "support_account.h"

struct answer {
    SECURITY_STATUS status;
    SSPI_ACCOUNT_KEYS keys;
    char user[32], domain[32];
    int released;
};

static SECURITY_STATUS SEC_ENTRY answer_lookup(void *argument, const char *user, const char *domain,
                                               PSSPI_ACCOUNT_KEYS keys)
{
    struct answer *answer = argument;

    strncpy(answer->user, user, sizeof answer->user - 1);
    strncpy(answer->domain, domain, sizeof answer->domain - 1);
    *keys = answer->keys;
    return answer->status;
}

static void SEC_ENTRY answer_release(void *argument)
{
    ((struct answer *)argument)->released++;
}

static SspiAccountStore *store_of(struct answer *answer)
{
    struct failure failure = {0};
    SspiAccountStore *store;

    assert_status(callback_store_new(answer_lookup, answer, answer_release, &store, &failure), SEC_E_OK);
    return store;
}

static SECURITY_STATUS ask(struct answer *answer, struct account *account, struct failure *failure)
{
    SspiAccountStore *store = store_of(answer);
    SECURITY_STATUS status = account_store_lookup(store, "Alice", "Ex", 0, 1, account, failure);

    account_store_release(store);
    return status;
}

Test(callback, gives_a_password_or_a_hash)
{
    struct answer answer = {.keys = {.Password = "Passw0rd", .PasswordSize = 8, .Flags = SSPI_ACCOUNT_DISABLED}};
    struct failure failure = {0};
    struct account account;
    uint8_t hash[16];

    test_hex(ALICE_NT_HASH, hash, sizeof hash);
    assert_status(ask(&answer, &account, &failure), SEC_E_OK);
    cr_assert(account.has_nt_hash && account.disabled);
    assert_mem_eq(account.nt_hash, hash, sizeof hash);
    cr_assert_str_eq(account.user, "Alice");
    cr_assert_str_eq(account.domain, "Ex");
    cr_assert_str_eq(answer.user, "Alice");
    cr_assert_str_eq(answer.domain, "Ex");
    account_clear(&account);
    cr_assert_eq(answer.released, 1);

    answer.keys = (SSPI_ACCOUNT_KEYS){.HasNtHash = 1};
    memcpy(answer.keys.NtHash, hash, sizeof hash);
    assert_status(ask(&answer, &account, &failure), SEC_E_OK);
    assert_mem_eq(account.nt_hash, hash, sizeof hash);
    cr_assert(!account.disabled);
    account_clear(&account);
}

static const SSPI_ACCOUNT_KEYS unusable[] = {
    {.PasswordSize = 0},
    {.Password = "", .PasswordSize = 0},
    {.Password = NULL, .PasswordSize = 8},
    {.Password = "\xFF\xFE", .PasswordSize = 2},
    {.Password = "x", .PasswordSize = ACCOUNT_PASSWORD_LIMIT + 1},
    {.HasNtHash = 1,
     .NtHash = {0x31, 0xD6, 0xCF, 0xE0, 0xD1, 0x6A, 0xE9, 0x31, 0xB7, 0x3C, 0x59, 0xD7, 0xE0, 0xC0, 0x89, 0xC0}},
};

Test(callback, an_answer_without_a_usable_key_lets_nobody_in)
{
    for (size_t i = 0; i < sizeof unusable / sizeof unusable[0]; i++) {
        struct answer answer = {.keys = unusable[i]};
        struct failure failure = {0};
        struct account account;

        assert_status(ask(&answer, &account, &failure), SEC_E_NO_CREDENTIALS);
        cr_assert_eq(failure.reason, SSPI_REASON_STORE_UNAVAILABLE);
        cr_assert(!account.user && !account.has_nt_hash);
    }
}

Test(callback, an_unknown_user_and_a_failure_are_told_apart)
{
    struct answer answer = {.status = SEC_E_LOGON_DENIED, .keys = {.Password = "x", .PasswordSize = 1}};
    struct failure failure = {0};
    struct account account;

    assert_status(ask(&answer, &account, &failure), SEC_E_LOGON_DENIED);
    cr_assert_eq(failure.reason, SSPI_REASON_UNKNOWN_USER);
    cr_assert(!account.has_nt_hash);
    answer.status = SEC_E_INTERNAL_ERROR;
    assert_status(ask(&answer, &account, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(failure.reason, SSPI_REASON_STORE_UNAVAILABLE);
    cr_assert(!account.has_nt_hash);
}

Test(callback, a_password_of_513_characters_is_a_password)
{
    char password[513];
    struct answer answer = {.keys = {.Password = password, .PasswordSize = sizeof password}};
    struct failure failure = {0};
    struct account account;
    uint8_t hash[16];

    memset(password, 'a', sizeof password);
    assert_status(account_nt_hash(bytes_of(password, sizeof password), hash), SEC_E_OK);
    assert_status(ask(&answer, &account, &failure), SEC_E_OK);
    assert_mem_eq(account.nt_hash, hash, sizeof hash);
    account_clear(&account);
}

Test(callback, cannot_be_listed_or_written)
{
    struct answer answer = {.status = SEC_E_OK};
    SspiAccountStore *store = store_of(&answer);
    struct failure failure = {0};
    struct account *list;
    size_t count;

    assert_status(account_store_list(store, &list, &count, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(account_store_remove(store, "a", "", &failure), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert_eq(account_store_retain(store), store);
    account_store_release(store);
    cr_assert_eq(answer.released, 0);
    account_store_release(store);
    cr_assert_eq(answer.released, 1);
}
