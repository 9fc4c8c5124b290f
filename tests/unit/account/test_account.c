/*
 * What account.c does for every store: names that cannot be, operations that are not there, references.
 */
#include <stdio.h>

#include "account/stores.h"
#include "support_account.h"

Test(account, names_that_cannot_be)
{
    char longest[ACCOUNT_NAME_LIMIT + 2];

    memset(longest, 'a', sizeof longest);
    longest[ACCOUNT_NAME_LIMIT + 1] = '\0';
    cr_assert(!account_user_valid(longest) && !account_domain_valid(longest));
    longest[ACCOUNT_NAME_LIMIT] = '\0';
    cr_assert(account_user_valid(longest) && account_domain_valid(longest));
    cr_assert(account_user_valid("j\xC3\xBCrgen") && account_user_valid("a b/c"));
    cr_assert(!account_user_valid("EX\\alice") && !account_domain_valid("EX\\"), "EX\\a\\b would be two accounts");
    cr_assert(!account_user_valid("") && account_domain_valid(""));
    cr_assert(!account_user_valid("a\tb") && !account_user_valid("\x7F") && !account_user_valid("\xC0\x80"));
    cr_assert(!account_domain_valid("a\nb") && !account_domain_valid("\xED\xA0\x80"));
}

/* A store that can do nothing at all. */
struct idle {
    SspiAccountStore base;
    int destroyed;
};

static void idle_destroy(SspiAccountStore *store)
{
    ((struct idle *)(void *)store)->destroyed++;
}

static const struct account_store_ops idle_ops = {.kind = "idle", .destroy = idle_destroy};

Test(account, an_operation_that_is_not_there_says_so)
{
    struct idle idle = {.destroyed = 0};
    struct failure failure = {0};
    struct account account = {.user = (char[]){"a"}, .domain = (char[]){""}}, found, *list;
    struct account_ntlm_request request = {.user = "a", .domain = "", .workstation = ""};
    struct account_ntlm_result result;
    size_t count;

    account_store_init(&idle.base, &idle_ops);
    assert_status(account_store_lookup(&idle.base, "a", "", 0, 1, &found, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(strstr(failure.text, "idle"));
    assert_status(account_store_put(&idle.base, &account, 1, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(account_store_remove(&idle.base, "a", "", &failure), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(account_store_set_disabled(&idle.base, "a", "", false, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(account_store_list(&idle.base, &list, &count, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(account_store_verify_ntlm(&idle.base, &request, &result, &failure), SEC_E_UNSUPPORTED_FUNCTION);
    cr_assert(!account_store_can_verify_ntlm(&idle.base));
    account_store_release(&idle.base);
    cr_assert_eq(idle.destroyed, 1);
}

Test(account, the_last_reference_destroys)
{
    struct idle idle = {.destroyed = 0};

    account_store_init(&idle.base, &idle_ops);
    cr_assert_eq(account_store_retain(&idle.base), &idle.base);
    account_store_release(&idle.base);
    cr_assert_eq(idle.destroyed, 0);
    account_store_release(&idle.base);
    cr_assert_eq(idle.destroyed, 1);
    account_store_release(NULL);
}

Test(account, clearing_wipes_the_key)
{
    struct account account = {.has_nt_hash = true, .nt_hash = {1, 2, 3}};
    static const struct account empty;

    account_clear(&account);
    assert_mem_eq(account.nt_hash, empty.nt_hash, sizeof empty.nt_hash);
    cr_assert(!account.has_nt_hash && !account.user);
}
