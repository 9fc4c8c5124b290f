/*
 * One connection to an account database, and the statements on it. Internal to sqlite*.c.
 */
#ifndef SSPI_ACCOUNT_SQLITE_FILE_H
#define SSPI_ACCOUNT_SQLITE_FILE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "account/account.h"
#include "account/file_rules.h"

#define SQLITE_SCHEMA_VERSION 1
#define SQLITE_APPLICATION_ID 0x53535049 /* "SSPI" */
#define SQLITE_WAIT_MS 2000              /* for another process's lock */

enum statement {
    STATEMENT_GENERATION,
    STATEMENT_COUNT,
    STATEMENT_ALL,
    STATEMENT_FIND,    /* by the order of account_store_lookup */
    STATEMENT_FIND_ID, /* one row, 0 for none; reads nothing but the index: it costs the same without an account */
    STATEMENT_EXACT_ID,
    STATEMENT_FAILURES,
    STATEMENT_PUT_ACCOUNT,
    STATEMENT_DROP_KEYS,
    STATEMENT_PUT_KEY,
    STATEMENT_DROP_ACCOUNT,
    STATEMENT_SET_DISABLED,
    STATEMENT_MAKE_FAILURES,
    STATEMENT_CLEAR_FAILURES,
    STATEMENT_DROP_FAILURES,
    STATEMENT_PUT_FAILURES,
    STATEMENTS
};

/* An open database. `database` NULL: closed. */
struct connection {
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENTS]; /* prepared on first use, kept */
    pid_t process;                        /* a child of fork() must not touch its parent's */
    struct file_identity identity;        /* of the file when it was opened */
    const char *path;                     /* borrowed from the store */
};

/*
 * Makes `connection` one to the file that is at `path` now, which fulfils the rules of file_rules.h and has our schema.
 * An open one is kept if it is still right. SEC_E_NO_CREDENTIALS, SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS connection_open(struct connection *connection, const char *path, bool writable,
                                           struct failure *failure);
void connection_close(struct connection *connection);

/* Makes a new file of mode 0600 with our schema; an existing one that is not empty is left alone. */
MUST_CHECK SECURITY_STATUS database_create(const char *path, struct failure *failure);

/* Whether this process may write the file, and the journal beside it would be as well kept as the file. `*why` if not.
 */
bool database_writable(const char *path, const struct file_identity *identity, const char **why);

/* A statement ready to bind; NULL: the status is in `*status`. */
MUST_CHECK sqlite3_stmt *statement_take(struct connection *connection, enum statement which, SECURITY_STATUS *status,
                                        struct failure *failure);
void statement_done(sqlite3_stmt *statement); /* resets and forgets what was bound; NULL is legal */

/* Runs a statement that gives no rows. */
MUST_CHECK SECURITY_STATUS statement_run(struct connection *connection, sqlite3_stmt *statement,
                                         struct failure *failure);
MUST_CHECK SECURITY_STATUS connection_execute(struct connection *connection, const char *sql, struct failure *failure);
void connection_rollback(struct connection *connection); /* if a transaction is open */

/* What a code of SQLite's means for the operator. Never SEC_E_OK. */
SECURITY_STATUS database_failed(int code, const char *path, struct failure *failure);

#endif
