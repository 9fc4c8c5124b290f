/*
 * Accounts in memory: found by name however many there are, and gone when they are removed.
 */
#include "account/table.h"

#include <stdio.h>

#include "doubles.h"
#include "support_account.h"

#define MANY 1000

static void name_of(int i, char user[16], char domain[16])
{
    snprintf(user, 16, "user%d", i);
    snprintf(domain, 16, "D%d", i % 7);
}

static bool put(struct account_table *table, const char *user, const char *domain, bool *replaced)
{
    struct account account = {.user = (char *)(uintptr_t)user, .domain = (char *)(uintptr_t)domain};

    return account_table_put(table, &account, replaced);
}

static SECURITY_STATUS find(struct account_table *table, const char *user, const char *domain)
{
    struct account account;
    SECURITY_STATUS status = account_table_find(table, user, domain, &account);

    account_clear(&account);
    return status;
}

Test(table, holds_many_and_forgets_them)
{
    struct account_table *table = account_table_new();
    char user[16], domain[16];
    bool replaced;

    for (int i = 0; i < MANY; i++) {
        name_of(i, user, domain);
        cr_assert(put(table, user, domain, &replaced) && !replaced);
    }
    cr_assert_eq(account_table_count(table), MANY);
    for (int i = 0; i < MANY; i += 2) {
        name_of(i, user, domain);
        cr_assert(account_table_remove(table, user, domain));
        cr_assert(!account_table_remove(table, user, domain));
    }
    cr_assert_eq(account_table_count(table), MANY / 2);
    for (int i = 0; i < MANY; i++) {
        name_of(i, user, domain);
        assert_status(find(table, user, domain), i % 2 ? SEC_E_OK : SEC_E_LOGON_DENIED);
        cr_assert_eq(account_table_exact(table, user, domain) != NULL, i % 2 == 1);
    }
    account_table_release(table);
}

Test(table, a_name_is_not_split_otherwise)
{
    struct account_table *table = account_table_new();
    bool replaced;

    cr_assert(put(table, "ab", "c", &replaced));
    assert_status(find(table, "b", "ca"), SEC_E_LOGON_DENIED);
    assert_status(find(table, "a", "bc"), SEC_E_LOGON_DENIED);
    assert_status(find(table, "", "c"), SEC_E_LOGON_DENIED);
    assert_status(find(table, "AB", "C"), SEC_E_OK);
    account_table_release(table);
}

static SECURITY_STATUS stop_at_second(void *argument, const struct account *account)
{
    (void)account;
    return ++*(int *)argument == 2 ? SEC_E_INTERNAL_ERROR : SEC_E_OK;
}

Test(table, a_visit_stops_at_the_first_failure)
{
    struct account_table *table = account_table_new();
    bool replaced;
    int visits = 0;

    cr_assert(put(table, "a", "", &replaced) && put(table, "b", "", &replaced) && put(table, "c", "", &replaced));
    assert_status(account_table_each(table, stop_at_second, &visits), SEC_E_INTERNAL_ERROR);
    cr_assert_eq(visits, 2);
    account_table_release(table);
}

Test(table, without_memory_nothing_changes)
{
    struct account_table *table = account_table_new();
    size_t live;
    bool replaced;

    cr_assert(put(table, "kept", "D", &replaced));
    live = memory_live();
    for (size_t n = 1;; n++) {
        bool done;

        memory_fail_at(n);
        done = put(table, "new", "E", &replaced);
        if (memory_count() < n) {
            cr_assert(done);
            break;
        }
        cr_assert(!done && account_table_count(table) == 1, "allocation %zu", n);
        cr_assert_eq(memory_live(), live, "allocation %zu", n);
    }
    memory_fail_at(0);
    assert_status(find(table, "kept", "D"), SEC_E_OK);
    account_table_release(table);
}
