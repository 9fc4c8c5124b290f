/*
 * The `memory:` store.
 */
#include "support_account.h"

Test(memory_store, memory_finds_by_the_order_of_domains)
{
    SspiAccountStore *store = store_open("memory:");

    check_order(store);
    account_store_release(store);
}

Test(memory_store, memory_changes)
{
    SspiAccountStore *store = store_open("memory:");

    check_changes(store);
    account_store_release(store);
}
