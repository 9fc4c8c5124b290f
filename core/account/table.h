/*
 * Accounts in memory, found by name. The memory store is one; text files and SQLite keep one as a snapshot of the file.
 * A table is not locked: its owner does that. Snapshots are shared by reference and no longer change.
 */
#ifndef SSPI_ACCOUNT_TABLE_H
#define SSPI_ACCOUNT_TABLE_H

#include "account/account.h"

struct account_table;

MUST_CHECK struct account_table *account_table_new(void); /* one reference; NULL: no memory */
struct account_table *account_table_retain(struct account_table *table);
void account_table_release(struct account_table *table); /* wipes with the last reference; NULL is legal */

size_t account_table_count(const struct account_table *table);

/* Copies `account` in. `*replaced`: there was one of that name, whose place it takes; disabled or locked, it stays so.
 * False: no memory, table unchanged. */
MUST_CHECK bool account_table_put(struct account_table *table, const struct account *account, bool *replaced);

/* Exactly this name; NULL if there is none. Borrowed, and writable for the table's owner. */
struct account *account_table_exact(struct account_table *table, const char *user, const char *domain);
bool account_table_remove(struct account_table *table, const char *user, const char *domain); /* false: none */

/*
 * Copies the account out by the order of account_store_lookup. SEC_E_OK, SEC_E_LOGON_DENIED, SEC_E_INSUFFICIENT_MEMORY.
 * Looks in the same places whether there is such an account or not.
 */
MUST_CHECK SECURITY_STATUS account_table_find(struct account_table *table, const char *user, const char *domain,
                                              struct account *account);

SECURITY_STATUS account_table_each(struct account_table *table,
                                   SECURITY_STATUS (*visit)(void *argument, const struct account *account),
                                   void *argument);

/* A deep copy; false: no memory, and `copy` is empty. */
MUST_CHECK bool account_copy(const struct account *account, struct account *copy);

#endif
