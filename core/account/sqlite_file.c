/*
 * Opening an account database, and running statements on it, for sqlite.c and its parts. A rollback journal, not WAL:
 * its readers need no right to write, and every change shows in the time stamp of the file.
 */
#include "account/sqlite_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "account/sqlite_schema.h"
#include "account/stores.h"
#include "base/memory.h"

#define ACCOUNT_COLUMNS                                                                                                \
    "SELECT a.user, a.domain, a.disabled, k.value, a.account_id FROM account a"                                        \
    " LEFT JOIN account_key k ON k.account_id = a.account_id AND k.kind = 'nt'"                                        \
    " AND k.realm = '' AND k.kvno = 0"

#define FIND_ORDER                                                                                                     \
    " WHERE a.user_key = ?1 AND a.domain_key IN (?2, '') AND (a.domain_key = ?2"                                       \
    " OR NOT EXISTS (SELECT 1 FROM account WHERE domain_key = ?2))"
#define PUT_ACCOUNT                                                                                                    \
    "INSERT INTO account (user, domain, user_key, domain_key, disabled) VALUES (?3, ?4, ?1, ?2, ?5)"                   \
    " ON CONFLICT (domain_key, user_key) DO UPDATE SET user = ?3, domain = ?4, disabled = max(disabled, ?5)"
#define PUT_FAILURES                                                                                                   \
    "INSERT INTO login_failure VALUES (?1, ?2, ?3)"                                                                    \
    " ON CONFLICT (account_id) DO UPDATE SET failures = ?2, last = ?3"

static const char *const statement_texts[STATEMENTS] = {
    [STATEMENT_GENERATION] = "SELECT value FROM meta WHERE name = 'generation'",
    [STATEMENT_COUNT] = "SELECT count(*) FROM account",
    [STATEMENT_ALL] = ACCOUNT_COLUMNS,
    [STATEMENT_FIND] = (ACCOUNT_COLUMNS FIND_ORDER),
    [STATEMENT_FIND_ID] = ("SELECT coalesce((SELECT a.account_id FROM account a" FIND_ORDER "), 0)"),
    [STATEMENT_EXACT_ID] =
        "SELECT coalesce((SELECT account_id FROM account WHERE user_key = ?1 AND domain_key = ?2), 0)",
    [STATEMENT_FAILURES] = "SELECT failures, last FROM login_failure WHERE account_id = ?1",
    [STATEMENT_PUT_ACCOUNT] = PUT_ACCOUNT,
    [STATEMENT_DROP_KEYS] = "DELETE FROM account_key WHERE account_id = ?1",
    [STATEMENT_PUT_KEY] = "INSERT INTO account_key (account_id, kind, value) VALUES (?1, 'nt', ?2)",
    [STATEMENT_DROP_ACCOUNT] = "DELETE FROM account WHERE account_id = ?1",
    [STATEMENT_SET_DISABLED] = "UPDATE account SET disabled = ?2 WHERE account_id = ?1",
    [STATEMENT_MAKE_FAILURES] = "INSERT OR IGNORE INTO login_failure VALUES (?1, 0, 0)",
    [STATEMENT_CLEAR_FAILURES] = "UPDATE login_failure SET failures = 0, last = 0 WHERE account_id = ?1",
    [STATEMENT_DROP_FAILURES] = "DELETE FROM login_failure WHERE account_id = ?1",
    [STATEMENT_PUT_FAILURES] = PUT_FAILURES,
};

SECURITY_STATUS database_failed(int code, const char *path, struct failure *failure)
{
    switch (code & 0xFF) {
    case SQLITE_NOMEM:
        return store_no_memory(failure);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return file_unusable(failure, path, "another process keeps it locked");
    case SQLITE_NOTADB:
        return file_unusable(failure, path, "is no SQLite database");
    case SQLITE_CORRUPT:
        return file_unusable(failure, path, "is corrupt");
    case SQLITE_READONLY:
        return file_unusable(failure, path, "may not be written");
    case SQLITE_FULL:
        return file_unusable(failure, path, "the disk is full");
    default:
        return file_unusable(failure, path, sqlite3_errstr(code));
    }
}

sqlite3_stmt *statement_take(struct connection *connection, enum statement which, SECURITY_STATUS *status,
                             struct failure *failure)
{
    int code = SQLITE_OK;

    if (!connection->statements[which])
        code = sqlite3_prepare_v3(connection->database, statement_texts[which], -1, SQLITE_PREPARE_PERSISTENT,
                                  &connection->statements[which], NULL);
    *status = code == SQLITE_OK ? SEC_E_OK : database_failed(code, connection->path, failure);
    return connection->statements[which];
}

void statement_done(sqlite3_stmt *statement)
{
    if (!statement)
        return;
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}

SECURITY_STATUS statement_run(struct connection *connection, sqlite3_stmt *statement, struct failure *failure)
{
    int code = sqlite3_step(statement);

    statement_done(statement);
    return code == SQLITE_DONE ? SEC_E_OK : database_failed(code, connection->path, failure);
}

SECURITY_STATUS connection_execute(struct connection *connection, const char *sql, struct failure *failure)
{
    int code = sqlite3_exec(connection->database, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? SEC_E_OK : database_failed(code, connection->path, failure);
}

void connection_rollback(struct connection *connection)
{
    if (connection->database && !sqlite3_get_autocommit(connection->database))
        (void)sqlite3_exec(connection->database, "ROLLBACK", NULL, NULL, NULL);
}

/* Connections that a child inherited: closing them would be wrong, forgetting them would look like a leak. */
struct inherited {
    struct inherited *next;
    struct connection connection;
};

static struct inherited *inherited_list; /* atomic */

static void connection_abandon(struct connection *connection)
{
    struct inherited *kept = mem_alloc(sizeof *kept);

    if (kept) {
        kept->connection = *connection;
        kept->next = __atomic_load_n(&inherited_list, __ATOMIC_ACQUIRE);
        while (
            !__atomic_compare_exchange_n(&inherited_list, &kept->next, kept, true, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
            ;
    }
    *connection = (struct connection){0};
}

void connection_close(struct connection *connection)
{
    if (!connection->database)
        return;
    if (connection->process != getpid()) {
        connection_abandon(connection);
        return;
    }
    for (size_t i = 0; i < STATEMENTS; i++)
        (void)sqlite3_finalize(connection->statements[i]);
    (void)sqlite3_close(connection->database);
    *connection = (struct connection){0};
}

bool database_writable(const char *path, const struct file_identity *identity, const char **why)
{
    *why = "may not be written";
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0)
        return false;
    /* SQLite gives the journal the file's mode, but only root can give it the file's group. */
    *why = "has a group that its journal would not get; write it as root, or with that group as your own (sg)";
    return geteuid() == 0 || !(identity->mode & S_IRGRP) || identity->group == getegid();
}

/* A journal or log that somebody else planted beside the file would be played back into it. */
static SECURITY_STATUS companions_check(const char *path, struct failure *failure)
{
    static const char *const suffixes[] = {"-journal", "-wal", "-shm"};
    SECURITY_STATUS status = SEC_E_OK;
    size_t size = strlen(path);
    char *name = mem_alloc(size + sizeof "-journal");

    if (!name)
        return store_no_memory(failure);
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0] && status == SEC_E_OK; i++) {
        struct file_identity identity;
        (void)stpcpy(stpcpy(name, path), suffixes[i]);
        if (faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
            status = file_rules_check(name, &identity, failure);
        if (status != SEC_E_OK && faccessat(AT_FDCWD, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0)
            status = SEC_E_OK; /* a journal that was just finished */
    }
    mem_free(name);
    return status;
}

static SECURITY_STATUS database_configure(sqlite3 *database, const char *path, struct failure *failure)
{
    int code = sqlite3_busy_timeout(database, SQLITE_WAIT_MS);

    (void)sqlite3_extended_result_codes(database, 1);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database,
                            "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;"
                            "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0",
                            NULL, NULL, NULL);
    return code == SQLITE_OK ? SEC_E_OK : database_failed(code, path, failure);
}

static SECURITY_STATUS database_open(struct connection *connection, const char *path, bool writable,
                                     struct failure *failure)
{
    int flags = (writable ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX;
    int code = sqlite3_open_v2(path, &connection->database, flags, NULL);
    int error = code == SQLITE_OK ? 0 : sqlite3_system_errno(connection->database);

    connection->path = path;
    connection->process = getpid();
    if (code == SQLITE_OK)
        return database_configure(connection->database, path, failure);
    return error && (code & 0xFF) == SQLITE_CANTOPEN ? file_unusable(failure, path, strerror(error))
                                                     : database_failed(code, path, failure);
}

/* Opened between two looks at the name, so that it is the file that was checked. */
static SECURITY_STATUS checked_open(struct connection *connection, const char *path, bool writable, bool make,
                                    struct failure *failure)
{
    struct file_identity after;
    const char *why;
    SECURITY_STATUS status = file_rules_check(path, &connection->identity, failure);

    if (status == SEC_E_OK)
        status = file_rules_check_folder(path, &connection->identity, failure);
    if (status == SEC_E_OK)
        status = companions_check(path, failure);
    if (status == SEC_E_OK && writable && !database_writable(path, &connection->identity, &why))
        status = file_unusable(failure, path, why);
    if (status == SEC_E_OK)
        status = database_open(connection, path, writable, failure);
    if (status == SEC_E_OK && make)
        status = schema_create(connection, failure);
    if (status == SEC_E_OK)
        status = schema_check(connection, failure);
    if (status == SEC_E_OK)
        status = file_rules_check(path, &after, failure);
    if (status == SEC_E_OK && !file_identity_same_file(&connection->identity, &after))
        status = file_unusable(failure, path, "was replaced while it was opened; try again");
    return status;
}

SECURITY_STATUS connection_open(struct connection *connection, const char *path, bool writable, struct failure *failure)
{
    struct file_identity now;
    SECURITY_STATUS status;

    if (connection->database && connection->process == getpid()) {
        status = file_rules_check(path, &now, failure);
        if (status == SEC_E_OK && file_identity_same_file(&connection->identity, &now))
            return SEC_E_OK;
    }
    connection_close(connection);
    status = checked_open(connection, path, writable, false, failure);
    if (status != SEC_E_OK)
        connection_close(connection);
    return status;
}

/* Mode 0600 whatever the umask, before anything is in the file. `*made`: it was not there. */
static SECURITY_STATUS file_make(const char *path, bool *made, struct failure *failure)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    int error = 0;

    *made = descriptor >= 0;
    if (!*made)
        return errno == EEXIST ? SEC_E_OK : file_unusable(failure, path, strerror(errno));
    if (fchmod(descriptor, 0600) != 0)
        error = errno;
    (void)close(descriptor);
    return error ? file_unusable(failure, path, strerror(error)) : SEC_E_OK;
}

SECURITY_STATUS database_create(const char *path, struct failure *failure)
{
    struct connection connection = {0};
    struct file_identity identity;
    bool made;
    SECURITY_STATUS status = file_make(path, &made, failure);

    if (status == SEC_E_OK)
        status = file_rules_check(path, &identity, failure);
    if (status == SEC_E_OK && (made || identity.size == 0))
        status = checked_open(&connection, path, true, true, failure);
    connection_close(&connection);
    if (status != SEC_E_OK && made)
        (void)unlink(path);
    return status;
}
