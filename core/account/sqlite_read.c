/*
 * Looking up in an account database. All accounts are kept in a table as long as the file is the one that was
 * read, so that a warm look-up costs one lstat(); what cannot be read now lets nobody in, whatever was read before.
 */
#include <string.h>

#include "account/lockout.h"
#include "account/sqlite_schema.h"
#include "account/sqlite_store.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"

/* A file written in the same moment as it was read may change once more without a new time stamp. */
#define FRESH_SECONDS 2

bool names_fold(const char *user, const char *domain, struct folded *folded)
{
    folded->user = utf8_uppercase(user);
    folded->domain = utf8_uppercase(domain);
    if (folded->user && folded->domain)
        return true;
    names_clear(folded);
    return false;
}

void names_clear(struct folded *folded)
{
    mem_free(folded->user);
    mem_free(folded->domain);
    *folded = (struct folded){0};
}

SECURITY_STATUS names_bind(struct connection *connection, sqlite3_stmt *statement, const struct folded *folded,
                           struct failure *failure)
{
    int code = sqlite3_bind_text(statement, 1, folded->user, -1, SQLITE_STATIC);

    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 2, folded->domain, -1, SQLITE_STATIC);
    return code == SQLITE_OK ? SEC_E_OK : database_failed(code, connection->path, failure);
}

/* A row of STATEMENT_ALL or _FIND. A key of another size than an NT hash's is corruption, not an account
 * without key. */
static SECURITY_STATUS row_decode(struct connection *connection, sqlite3_stmt *row, struct account *account,
                                  struct failure *failure)
{
    const char *user = (const char *)sqlite3_column_text(row, 0);
    const char *domain = (const char *)sqlite3_column_text(row, 1);
    const void *hash = sqlite3_column_blob(row, 3);

    *account = (struct account){0};
    if (!user || !domain)
        return database_failed(SQLITE_NOMEM, connection->path, failure);
    if (!account_user_valid(user) || !account_domain_valid(domain))
        return file_unusable(failure, connection->path, "holds a name that cannot be that of an account");
    if (sqlite3_column_type(row, 3) != SQLITE_NULL
        && (!hash || sqlite3_column_bytes(row, 3) != ACCOUNT_NT_HASH_SIZE || !account_set_nt_hash(account, hash)))
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE,
                           "account file %s: the key of account %.64s is damaged or that of an empty password",
                           connection->path, user);
    account->disabled = sqlite3_column_int(row, 2) != 0;
    account->user = mem_strdup(user);
    account->domain = mem_strdup(domain);
    if (account->user && account->domain)
        return SEC_E_OK;
    account_clear(account);
    return store_no_memory(failure);
}

static SECURITY_STATUS find_step(struct connection *connection, sqlite3_stmt *statement, sqlite3_int64 *id,
                                 struct account *account, struct failure *failure)
{
    int code = sqlite3_step(statement);

    if (code == SQLITE_DONE)
        return SEC_E_OK;
    if (code != SQLITE_ROW)
        return database_failed(code, connection->path, failure);
    *id = sqlite3_column_int64(statement, account ? 4 : 0);
    return account ? row_decode(connection, statement, account, failure) : SEC_E_OK;
}

SECURITY_STATUS account_row_find(struct connection *connection, enum statement which, const char *user,
                                 const char *domain, sqlite3_int64 *id, struct account *account,
                                 struct failure *failure)
{
    struct folded folded;
    sqlite3_stmt *statement;
    SECURITY_STATUS status;

    *id = 0;
    if (!names_fold(user, domain, &folded))
        return store_no_memory(failure);
    statement = statement_take(connection, which, &status, failure);
    if (status == SEC_E_OK)
        status = names_bind(connection, statement, &folded, failure);
    if (status == SEC_E_OK)
        status = find_step(connection, statement, id, account, failure);
    statement_done(statement);
    names_clear(&folded);
    return status;
}

static SECURITY_STATUS number_read(struct connection *connection, enum statement which, sqlite3_int64 *number,
                                   struct failure *failure)
{
    SECURITY_STATUS status;
    sqlite3_stmt *statement = statement_take(connection, which, &status, failure);
    int code;

    if (status != SEC_E_OK)
        return status;
    code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *number = sqlite3_column_int64(statement, 0);
    statement_done(statement);
    if (code == SQLITE_DONE)
        return file_unusable(failure, connection->path, "has lost its generation number");
    return code == SQLITE_ROW ? SEC_E_OK : database_failed(code, connection->path, failure);
}

static SECURITY_STATUS rows_visit(struct connection *connection, sqlite3_stmt *statement,
                                  SECURITY_STATUS (*visit)(void *argument, const struct account *account),
                                  void *argument, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;
    struct account account;
    int code = SQLITE_DONE;

    while (status == SEC_E_OK && (code = sqlite3_step(statement)) == SQLITE_ROW) {
        status = row_decode(connection, statement, &account, failure);
        if (status == SEC_E_OK)
            status = visit(argument, &account);
        account_clear(&account);
    }
    if (status != SEC_E_OK)
        return status;
    return code == SQLITE_DONE ? SEC_E_OK : database_failed(code, connection->path, failure);
}

static SECURITY_STATUS all_visit(struct connection *connection,
                                 SECURITY_STATUS (*visit)(void *argument, const struct account *account),
                                 void *argument, struct failure *failure)
{
    SECURITY_STATUS status;
    sqlite3_stmt *statement = statement_take(connection, STATEMENT_ALL, &status, failure);

    if (status == SEC_E_OK)
        status = rows_visit(connection, statement, visit, argument, failure);
    statement_done(statement);
    return status;
}

static SECURITY_STATUS into_table(void *argument, const struct account *account)
{
    bool replaced;

    return account_table_put(argument, account, &replaced) ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS table_load(struct sqlite_store *sqlite, struct failure *failure)
{
    struct account_table *table = NULL;
    sqlite3_int64 count = 0;
    SECURITY_STATUS status = number_read(&sqlite->reader, STATEMENT_COUNT, &count, failure);

    if (status == SEC_E_OK && count <= sqlite->table_limit) {
        table = account_table_new();
        status = table ? all_visit(&sqlite->reader, into_table, table, failure) : SEC_E_INSUFFICIENT_MEMORY;
        if (status == SEC_E_INSUFFICIENT_MEMORY)
            status = store_no_memory(failure);
    }
    if (status != SEC_E_OK) {
        account_table_release(table);
        return status;
    }
    account_table_release(sqlite->table);
    sqlite->table = table;
    return SEC_E_OK;
}

static bool is_settled(const struct file_identity *identity)
{
    const int64_t unix_epoch = INT64_C(116444736000000000);
    int64_t now = (clock_now() - unix_epoch) / CLOCK_TICKS_PER_SECOND;

    return now - identity->written.tv_sec > FRESH_SECONDS && now - identity->changed.tv_sec > FRESH_SECONDS;
}

/* A connection to another file than before knows nothing of the table. */
static SECURITY_STATUS reader_open(struct sqlite_store *sqlite, struct failure *failure)
{
    struct file_identity before = sqlite->reader.identity;
    SECURITY_STATUS status = connection_open(&sqlite->reader, sqlite->path, false, failure);

    if (status == SEC_E_OK && file_identity_same_file(&before, &sqlite->reader.identity))
        return SEC_E_OK;
    account_table_release(sqlite->table);
    sqlite->table = NULL;
    sqlite->settled = false;
    return status;
}

/* Inside a read transaction, where nobody can write: what is looked at and what is read belong together. */
static SECURITY_STATUS state_read(struct sqlite_store *sqlite, struct failure *failure)
{
    struct file_identity identity;
    sqlite3_int64 generation = 0;
    SECURITY_STATUS status = number_read(&sqlite->reader, STATEMENT_GENERATION, &generation, failure);

    if (status == SEC_E_OK)
        status = file_rules_check(sqlite->path, &identity, failure);
    if (status == SEC_E_OK && !file_identity_same_file(&identity, &sqlite->reader.identity))
        status = file_unusable(failure, sqlite->path, "was replaced while it was read; try again");
    if (status == SEC_E_OK && !file_identity_same(&identity, &sqlite->identity))
        status = schema_check(&sqlite->reader, failure);
    if (status == SEC_E_OK && (!sqlite->table || generation != sqlite->generation))
        status = table_load(sqlite, failure);
    if (status != SEC_E_OK)
        return status;
    sqlite->generation = generation;
    sqlite->identity = identity;
    sqlite->settled = is_settled(&identity);
    return SEC_E_OK;
}

/* Brings the table up to date; read_mutex is held. */
static SECURITY_STATUS state_refresh(struct sqlite_store *sqlite, struct failure *failure)
{
    SECURITY_STATUS status = reader_open(sqlite, failure);

    if (status == SEC_E_OK)
        status = connection_execute(&sqlite->reader, "BEGIN", failure);
    if (status == SEC_E_OK)
        status = state_read(sqlite, failure);
    connection_rollback(&sqlite->reader);
    return status;
}

/*
 * Runs `state_refresh` if the file changed. Those who came while another waited in vain for a lock share its failure,
 * or the last of many would wait for the sum of all.
 */
static SECURITY_STATUS state_current(struct sqlite_store *sqlite, int64_t since, const struct file_identity *now,
                                     struct failure *failure)
{
    SECURITY_STATUS status;

    if (sqlite->settled && file_identity_same(now, &sqlite->identity))
        return SEC_E_OK;
    if (sqlite->busy_since > since)
        return database_failed(SQLITE_BUSY, sqlite->path, failure);
    status = state_refresh(sqlite, failure);
    if (status != SEC_E_OK && clock_monotonic_ms() - since >= SQLITE_WAIT_MS)
        sqlite->busy_since = clock_monotonic_ms();
    return status;
}

static SECURITY_STATUS table_answer(SECURITY_STATUS status, struct failure *failure)
{
    if (status == SEC_E_LOGON_DENIED)
        return store_lookup_unknown(failure);
    return status == SEC_E_OK ? status : store_no_memory(failure);
}

SECURITY_STATUS sqlite_lookup(SspiAccountStore *store, const char *user, const char *domain, struct account *account,
                              struct failure *failure)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    struct account_table *table = NULL;
    struct file_identity now;
    int64_t since = clock_monotonic_ms();
    sqlite3_int64 id = 0;
    SECURITY_STATUS status = file_rules_check(sqlite->path, &now, failure);

    if (status != SEC_E_OK)
        return status;
    pthread_mutex_lock(&sqlite->read_mutex);
    status = state_current(sqlite, since, &now, failure);
    if (status == SEC_E_OK && sqlite->table)
        table = account_table_retain(sqlite->table);
    else if (status == SEC_E_OK)
        status = account_row_find(&sqlite->reader, STATEMENT_FIND, user, domain, &id, account, failure);
    pthread_mutex_unlock(&sqlite->read_mutex);
    if (!table)
        return status == SEC_E_OK && !id ? store_lookup_unknown(failure) : status;
    status = account_table_find(table, user, domain, account);
    account_table_release(table);
    return table_answer(status, failure);
}

SECURITY_STATUS sqlite_each(SspiAccountStore *store,
                            SECURITY_STATUS (*visit)(void *argument, const struct account *account), void *argument,
                            struct failure *failure)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    SECURITY_STATUS status;

    pthread_mutex_lock(&sqlite->read_mutex);
    status = reader_open(sqlite, failure);
    if (status == SEC_E_OK)
        status = all_visit(&sqlite->reader, visit, argument, failure);
    pthread_mutex_unlock(&sqlite->read_mutex);
    return status;
}

SECURITY_STATUS failures_read(struct connection *connection, sqlite3_int64 id, int64_t *failures, int64_t *last,
                              struct failure *failure)
{
    SECURITY_STATUS status;
    sqlite3_stmt *statement = statement_take(connection, STATEMENT_FAILURES, &status, failure);
    int code;

    *failures = *last = 0;
    if (status != SEC_E_OK)
        return status;
    code = sqlite3_bind_int64(statement, 1, id);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *failures = sqlite3_column_int64(statement, 0);
        *last = sqlite3_column_int64(statement, 1);
    }
    statement_done(statement);
    return code == SQLITE_ROW || code == SQLITE_DONE ? SEC_E_OK : database_failed(code, connection->path, failure);
}

SECURITY_STATUS sqlite_is_locked(SspiAccountStore *store, const char *user, const char *domain, ULONG threshold,
                                 ULONG seconds, bool *locked, struct failure *failure)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    int64_t failures = 0, last = 0;
    sqlite3_int64 id = 0;
    const char *why;
    bool writable = false;
    SECURITY_STATUS status;

    *locked = true;
    pthread_mutex_lock(&sqlite->read_mutex);
    status = reader_open(sqlite, failure);
    if (status == SEC_E_OK)
        status = account_row_find(&sqlite->reader, STATEMENT_EXACT_ID, user, domain, &id, NULL, failure);
    if (status == SEC_E_OK)
        status = failures_read(&sqlite->reader, id, &failures, &last, failure);
    if (status == SEC_E_OK)
        writable = database_writable(sqlite->path, &sqlite->reader.identity, &why);
    pthread_mutex_unlock(&sqlite->read_mutex);
    if (status != SEC_E_OK)
        return status;
    *locked = id && lockout_reached(failures, threshold, clock_now(), last, (int64_t)seconds * CLOCK_TICKS_PER_SECOND);
    return *locked || writable ? SEC_E_OK : SEC_E_UNSUPPORTED_FUNCTION;
}
