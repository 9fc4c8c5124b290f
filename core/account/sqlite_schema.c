/*
 * The tables of an account database, and its making. The schema has room for what later packages need: SIDs,
 * groups, keys by kind (HA1 by realm, Kerberos keys by version).
 */
#include <stdbool.h>

#include "account/sqlite_file.h"
#include "account/sqlite_schema.h"

/*
 * The keys of names are their upper-case forms, made by the same mapping as NTLM's. account_key.kind 'nt' is the NT
 * hash with realm '' and kvno 0. login_failure has a row for each account, so that the first failure is written like
 * any other; account_id 0 stands for names that have no account. meta.generation becomes another random number with
 * every change of an account, so that it tells a restored copy apart too.
 */
static const char schema[] = "CREATE TABLE account ("
                             " account_id INTEGER PRIMARY KEY,"
                             " user TEXT NOT NULL CHECK (user <> ''),"
                             " domain TEXT NOT NULL,"
                             " user_key TEXT NOT NULL CHECK (user_key <> ''),"
                             " domain_key TEXT NOT NULL,"
                             " disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),"
                             " sid TEXT,"
                             " UNIQUE (domain_key, user_key)) STRICT;"
                             "CREATE TABLE account_key ("
                             " account_id INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
                             " kind TEXT NOT NULL,"
                             " realm TEXT NOT NULL DEFAULT '',"
                             " kvno INTEGER NOT NULL DEFAULT 0,"
                             " value BLOB NOT NULL CHECK (length(value) > 0),"
                             " PRIMARY KEY (account_id, kind, realm, kvno)) STRICT, WITHOUT ROWID;"
                             "CREATE TABLE account_group ("
                             " account_id INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
                             " sid TEXT NOT NULL,"
                             " name TEXT,"
                             " attributes INTEGER NOT NULL DEFAULT 7,"
                             " PRIMARY KEY (account_id, sid)) STRICT, WITHOUT ROWID;"
                             "CREATE TABLE login_failure ("
                             " account_id INTEGER PRIMARY KEY,"
                             " failures INTEGER NOT NULL,"
                             " last INTEGER NOT NULL) STRICT;"
                             "CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
                             "INSERT INTO login_failure VALUES (0, 0, 0);"
                             "INSERT INTO meta VALUES ('generation', random());";

static const char *const watched[] = {"account", "account_key"};
static const char *const changes[] = {"INSERT", "UPDATE", "DELETE"};

/* Triggers, so that an operator's own SQL counts as a change too. */
static SECURITY_STATUS triggers_create(struct connection *connection, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    for (size_t i = 0; i < sizeof watched / sizeof watched[0]; i++)
        for (size_t j = 0; j < sizeof changes / sizeof changes[0] && status == SEC_E_OK; j++) {
            char *sql = sqlite3_mprintf("CREATE TRIGGER %s_%s AFTER %s ON %s BEGIN"
                                        " UPDATE meta SET value = random() WHERE name = 'generation'; END",
                                        watched[i], changes[j], changes[j], watched[i]);
            status = sql ? connection_execute(connection, sql, failure)
                         : database_failed(SQLITE_NOMEM, connection->path, failure);
            sqlite3_free(sql);
        }
    return status;
}

static SECURITY_STATUS header_write(struct connection *connection, struct failure *failure)
{
    char *sql = sqlite3_mprintf("PRAGMA application_id = %d; PRAGMA user_version = %d", SQLITE_APPLICATION_ID,
                                SQLITE_SCHEMA_VERSION);
    SECURITY_STATUS status =
        sql ? connection_execute(connection, sql, failure) : database_failed(SQLITE_NOMEM, connection->path, failure);

    sqlite3_free(sql);
    return status;
}

static SECURITY_STATUS number_query(struct connection *connection, const char *sql, sqlite3_int64 *number,
                                    struct failure *failure)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->database, sql, -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SEC_E_OK : database_failed(code, connection->path, failure);
}

static SECURITY_STATUS wal_query(struct connection *connection, bool *wal, struct failure *failure)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(connection->database, "PRAGMA journal_mode", -1, &statement, NULL);

    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *wal = sqlite3_stricmp((const char *)sqlite3_column_text(statement, 0), "wal") == 0;
    (void)sqlite3_finalize(statement);
    return code == SQLITE_ROW ? SEC_E_OK : database_failed(code, connection->path, failure);
}

/* SQLite reads a page that is cut off as if the rest were zeros. Nobody can write between the three looks. */
static SECURITY_STATUS size_check(struct connection *connection, struct failure *failure)
{
    sqlite3_int64 page_size = 0, pages = 0;
    struct file_identity identity;
    SECURITY_STATUS status = connection_execute(connection, "SAVEPOINT size_check; SELECT 1 FROM meta", failure);

    if (status == SEC_E_OK)
        status = number_query(connection, "PRAGMA page_size", &page_size, failure);
    if (status == SEC_E_OK)
        status = number_query(connection, "PRAGMA page_count", &pages, failure);
    if (status == SEC_E_OK)
        status = file_rules_check(connection->path, &identity, failure);
    if (status == SEC_E_OK && identity.size != page_size * pages)
        status = file_unusable(failure, connection->path, "is corrupt: its size is not that of its pages");
    if (status != SEC_E_OK)
        connection_rollback(connection);
    else
        status = connection_execute(connection, "RELEASE size_check", failure);
    return status;
}

SECURITY_STATUS schema_check(struct connection *connection, struct failure *failure)
{
    sqlite3_int64 application = 0, version = 0;
    bool wal = false;
    SECURITY_STATUS status = number_query(connection, "PRAGMA application_id", &application, failure);

    if (status == SEC_E_OK)
        status = number_query(connection, "PRAGMA user_version", &version, failure);
    if (status == SEC_E_OK)
        status = wal_query(connection, &wal, failure);
    if (status != SEC_E_OK)
        return status;
    if (application != SQLITE_APPLICATION_ID)
        return file_unusable(failure, connection->path, "is an SQLite database, but not one of accounts");
    if (version > SQLITE_SCHEMA_VERSION)
        return file_unusable(failure, connection->path, "was made by a newer version of this library");
    if (version < 1)
        return file_unusable(failure, connection->path, "has an unknown schema version");
    if (wal)
        return file_unusable(failure, connection->path,
                             "is in WAL mode, which is not supported; set PRAGMA journal_mode = DELETE");
    return size_check(connection, failure);
}

/* Under an exclusive lock, so that of two makers one finds the other's work done. */
SECURITY_STATUS schema_create(struct connection *connection, struct failure *failure)
{
    sqlite3_int64 tables = 0;
    SECURITY_STATUS status = connection_execute(connection, "BEGIN EXCLUSIVE", failure);

    if (status != SEC_E_OK)
        return status;
    status = number_query(connection, "SELECT count(*) FROM sqlite_schema", &tables, failure);
    if (status == SEC_E_OK && tables == 0) {
        status = connection_execute(connection, schema, failure);
        if (status == SEC_E_OK)
            status = triggers_create(connection, failure);
        if (status == SEC_E_OK)
            status = header_write(connection, failure);
        if (status == SEC_E_OK)
            status = connection_execute(connection, "COMMIT", failure);
    }
    connection_rollback(connection);
    return status;
}
