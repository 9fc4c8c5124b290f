/*
 * Changing an account database: what sspi-accounts does, and the count of failed logins. Each call is one transaction.
 */
#include "account/lockout.h"
#include "account/sqlite_store.h"
#include "base/clock.h"

/* Opens the writer and a transaction; write_mutex is held. */
static SECURITY_STATUS transaction_begin(struct sqlite_store *sqlite, struct failure *failure)
{
    SECURITY_STATUS status = connection_open(&sqlite->writer, sqlite->path, true, failure);

    return status == SEC_E_OK ? connection_execute(&sqlite->writer, "BEGIN IMMEDIATE", failure) : status;
}

static SECURITY_STATUS transaction_end(struct sqlite_store *sqlite, SECURITY_STATUS status, struct failure *failure)
{
    if (status == SEC_E_OK)
        status = connection_execute(&sqlite->writer, "COMMIT", failure);
    connection_rollback(&sqlite->writer);
    return status;
}

/* Runs a statement whose parameters are an account's id and, for some, one or two numbers more. */
static SECURITY_STATUS numbers_run(struct connection *writer, enum statement which, const sqlite3_int64 *numbers,
                                   int count, struct failure *failure)
{
    SECURITY_STATUS status;
    sqlite3_stmt *statement = statement_take(writer, which, &status, failure);
    int code = SQLITE_OK;

    if (status != SEC_E_OK)
        return status;
    for (int i = 0; i < count && code == SQLITE_OK; i++)
        code = sqlite3_bind_int64(statement, i + 1, numbers[i]);
    if (code == SQLITE_OK)
        return statement_run(writer, statement, failure);
    statement_done(statement);
    return database_failed(code, writer->path, failure);
}

static SECURITY_STATUS row_put(struct connection *writer, const struct account *account, const struct folded *folded,
                               struct failure *failure)
{
    SECURITY_STATUS status;
    sqlite3_stmt *statement = statement_take(writer, STATEMENT_PUT_ACCOUNT, &status, failure);
    int code;

    if (status == SEC_E_OK)
        status = names_bind(writer, statement, folded, failure);
    if (status != SEC_E_OK)
        return status;
    code = sqlite3_bind_text(statement, 3, account->user, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(statement, 4, account->domain, -1, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_bind_int(statement, 5, account->disabled);
    if (code == SQLITE_OK)
        return statement_run(writer, statement, failure);
    statement_done(statement);
    return database_failed(code, writer->path, failure);
}

static SECURITY_STATUS key_put(struct connection *writer, sqlite3_int64 id, const struct account *account,
                               struct failure *failure)
{
    SECURITY_STATUS status;
    sqlite3_stmt *statement;
    int code;

    if (!account->has_nt_hash)
        return SEC_E_OK;
    statement = statement_take(writer, STATEMENT_PUT_KEY, &status, failure);
    if (status != SEC_E_OK)
        return status;
    code = sqlite3_bind_int64(statement, 1, id);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 2, account->nt_hash, sizeof account->nt_hash, SQLITE_STATIC);
    if (code == SQLITE_OK)
        return statement_run(writer, statement, failure);
    statement_done(statement);
    return database_failed(code, writer->path, failure);
}

static SECURITY_STATUS account_put(struct connection *writer, const struct account *account, struct failure *failure)
{
    struct folded folded;
    sqlite3_int64 id = 0;
    SECURITY_STATUS status;

    if (!names_fold(account->user, account->domain, &folded))
        return store_no_memory(failure);
    status = row_put(writer, account, &folded, failure);
    names_clear(&folded);
    if (status == SEC_E_OK)
        status = account_row_find(writer, STATEMENT_EXACT_ID, account->user, account->domain, &id, NULL, failure);
    if (status == SEC_E_OK)
        status = numbers_run(writer, STATEMENT_DROP_KEYS, &id, 1, failure);
    if (status == SEC_E_OK)
        status = key_put(writer, id, account, failure);
    if (status == SEC_E_OK)
        status = numbers_run(writer, STATEMENT_MAKE_FAILURES, &id, 1, failure);
    return status;
}

SECURITY_STATUS sqlite_put(SspiAccountStore *store, const struct account *accounts, size_t count,
                           struct failure *failure)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    SECURITY_STATUS status;

    pthread_mutex_lock(&sqlite->write_mutex);
    status = transaction_begin(sqlite, failure);
    for (size_t i = 0; i < count && status == SEC_E_OK; i++)
        status = account_put(&sqlite->writer, &accounts[i], failure);
    status = transaction_end(sqlite, status, failure);
    pthread_mutex_unlock(&sqlite->write_mutex);
    return status;
}

/* One account, exactly of that name, in a transaction: `numbers[0]` becomes its id. `forgive`: what becomes of its
 * count of failures; STATEMENTS: nothing. */
static SECURITY_STATUS account_change(struct sqlite_store *sqlite, const char *user, const char *domain,
                                      enum statement which, sqlite3_int64 *numbers, int count, enum statement forgive,
                                      struct failure *failure)
{
    SECURITY_STATUS status;

    pthread_mutex_lock(&sqlite->write_mutex);
    status = transaction_begin(sqlite, failure);
    if (status == SEC_E_OK)
        status = account_row_find(&sqlite->writer, STATEMENT_EXACT_ID, user, domain, &numbers[0], NULL, failure);
    if (status == SEC_E_OK && !numbers[0])
        status = store_unknown_user(failure, user, domain);
    if (status == SEC_E_OK)
        status = numbers_run(&sqlite->writer, which, numbers, count, failure);
    if (status == SEC_E_OK && forgive != STATEMENTS)
        status = numbers_run(&sqlite->writer, forgive, numbers, 1, failure);
    status = transaction_end(sqlite, status, failure);
    pthread_mutex_unlock(&sqlite->write_mutex);
    return status;
}

SECURITY_STATUS sqlite_remove(SspiAccountStore *store, const char *user, const char *domain, struct failure *failure)
{
    sqlite3_int64 numbers[1] = {0};

    return account_change(sqlite_of(store), user, domain, STATEMENT_DROP_ACCOUNT, numbers, 1, STATEMENT_DROP_FAILURES,
                          failure);
}

SECURITY_STATUS sqlite_set_disabled(SspiAccountStore *store, const char *user, const char *domain, bool disabled,
                                    struct failure *failure)
{
    sqlite3_int64 numbers[2] = {0, disabled};

    return account_change(sqlite_of(store), user, domain, STATEMENT_SET_DISABLED, numbers, 2,
                          disabled ? STATEMENTS : STATEMENT_CLEAR_FAILURES, failure);
}

/*
 * Judges and counts in one transaction. A name without account is counted in the row of nobody, and every failure makes
 * the row another, also that of a locked or disabled account: SQLite writes nothing where nothing changed, and the time
 * would tell. Denied: a good login of an account that is locked by now, counted as one that failed.
 */
static SECURITY_STATUS login_count(struct sqlite_store *sqlite, const char *user, const char *domain, bool success,
                                   ULONG threshold, ULONG seconds, struct failure *failure)
{
    const int64_t window = (int64_t)seconds * CLOCK_TICKS_PER_SECOND, now = clock_now();
    int64_t failures = 0, last = 0;
    sqlite3_int64 id = 0;
    bool locked = false;
    SECURITY_STATUS status = transaction_begin(sqlite, failure);

    if (status == SEC_E_OK)
        status = account_row_find(&sqlite->writer, STATEMENT_FIND_ID, user, domain, &id, NULL, failure);
    if (status == SEC_E_OK)
        status = failures_read(&sqlite->writer, id, &failures, &last, failure);
    if (status == SEC_E_OK) {
        locked = id && lockout_reached(failures, threshold, now, last, window);
        if (success && !locked)
            failures = last = 0;
        else
            lockout_count(&failures, &last, threshold, now, window);
        status =
            numbers_run(&sqlite->writer, STATEMENT_PUT_FAILURES, (sqlite3_int64[]){id, failures, last}, 3, failure);
    }
    status = transaction_end(sqlite, status, failure);
    return status == SEC_E_OK && success && locked ? store_locked_meanwhile(failure) : status;
}

/* Writes only where there is something to forget. */
static SECURITY_STATUS success_note(struct sqlite_store *sqlite, const char *user, const char *domain, ULONG threshold,
                                    ULONG seconds, struct failure *failure)
{
    int64_t failures, last;
    sqlite3_int64 id;
    SECURITY_STATUS status = connection_open(&sqlite->writer, sqlite->path, true, failure);

    if (status == SEC_E_OK)
        status = account_row_find(&sqlite->writer, STATEMENT_FIND_ID, user, domain, &id, NULL, failure);
    if (status == SEC_E_OK)
        status = failures_read(&sqlite->writer, id, &failures, &last, failure);
    if (status != SEC_E_OK || !id || failures == 0)
        return status;
    return login_count(sqlite, user, domain, true, threshold, seconds, failure);
}

SECURITY_STATUS sqlite_note_login(SspiAccountStore *store, const char *user, const char *domain, bool success,
                                  ULONG threshold, ULONG seconds, struct failure *failure)
{
    struct sqlite_store *sqlite = sqlite_of(store);
    struct file_identity identity;
    const char *why;
    SECURITY_STATUS status = file_rules_check(sqlite->path, &identity, failure);

    if (status != SEC_E_OK)
        return status;
    if (!database_writable(sqlite->path, &identity, &why))
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (!account_user_valid(user) || !account_domain_valid(domain))
        user = domain = "";
    pthread_mutex_lock(&sqlite->write_mutex);
    status = success ? success_note(sqlite, user, domain, threshold, seconds, failure)
                     : login_count(sqlite, user, domain, false, threshold, seconds, failure);
    pthread_mutex_unlock(&sqlite->write_mutex);
    return status;
}
