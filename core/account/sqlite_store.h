/*
 * The SQLite store and its two halves: looking up (sqlite_read.c) and writing (sqlite_write.c). Internal to sqlite*.c.
 */
#ifndef SSPI_ACCOUNT_SQLITE_STORE_H
#define SSPI_ACCOUNT_SQLITE_STORE_H

#include <pthread.h>

#include "account/sqlite_file.h"
#include "account/stores.h"
#include "account/table.h"

/* Databases of more accounts are asked for each one; smaller ones are kept as a table of all. */
#define SQLITE_TABLE_LIMIT 50000

struct sqlite_store {
    SspiAccountStore base;
    char *path;
    sqlite3_int64 table_limit; /* SQLITE_TABLE_LIMIT, less in tests */

    pthread_mutex_t read_mutex; /* guards what follows, but not `writer` */
    struct connection reader;
    struct account_table *table; /* what the file held at `identity`; NULL: nothing read, or too many accounts */
    struct file_identity identity;
    sqlite3_int64 generation;
    bool settled;       /* the file was not fresh then, so its time stamp tells of any change */
    int64_t busy_since; /* clock_monotonic_ms when somebody last waited in vain for another process */

    pthread_mutex_t write_mutex; /* guards `writer`; never taken while holding read_mutex, nor the other way round */
    struct connection writer;
};

struct sqlite_store *sqlite_of(SspiAccountStore *store);

/* The names folded into the keys of the tables; free with names_clear. */
struct folded {
    char *user, *domain;
};

MUST_CHECK bool names_fold(const char *user, const char *domain, struct folded *folded);
void names_clear(struct folded *folded);
MUST_CHECK SECURITY_STATUS names_bind(struct connection *connection, sqlite3_stmt *statement,
                                      const struct folded *folded, struct failure *failure);

/*
 * Finds an account's row: by STATEMENT_FIND with `account`, by STATEMENT_FIND_ID or STATEMENT_EXACT_ID with NULL. `*id`
 * 0: none.
 */
MUST_CHECK SECURITY_STATUS account_row_find(struct connection *connection, enum statement which, const char *user,
                                            const char *domain, sqlite3_int64 *id, struct account *account,
                                            struct failure *failure);

/* login_failure of one account; zeros where there is no row. */
MUST_CHECK SECURITY_STATUS failures_read(struct connection *connection, sqlite3_int64 id, int64_t *failures,
                                         int64_t *last, struct failure *failure);

SECURITY_STATUS sqlite_lookup(SspiAccountStore *store, const char *user, const char *domain, struct account *account,
                              struct failure *failure);
SECURITY_STATUS sqlite_each(SspiAccountStore *store,
                            SECURITY_STATUS (*visit)(void *argument, const struct account *account), void *argument,
                            struct failure *failure);
SECURITY_STATUS sqlite_is_locked(SspiAccountStore *store, const char *user, const char *domain, ULONG threshold,
                                 ULONG seconds, bool *locked, struct failure *failure);
SECURITY_STATUS sqlite_put(SspiAccountStore *store, const struct account *accounts, size_t count,
                           struct failure *failure);
SECURITY_STATUS sqlite_remove(SspiAccountStore *store, const char *user, const char *domain, struct failure *failure);
SECURITY_STATUS sqlite_set_disabled(SspiAccountStore *store, const char *user, const char *domain, bool disabled,
                                    struct failure *failure);
SECURITY_STATUS sqlite_note_login(SspiAccountStore *store, const char *user, const char *domain, bool success,
                                  ULONG threshold, ULONG seconds, struct failure *failure);

#endif
