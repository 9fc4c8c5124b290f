/*
 * The text of an account file, line by line, into a table. One bad line makes the whole file useless: half of a
 * file that somebody broke is not what the operator meant.
 */
#include <string.h>

#include "account/text_file.h"
#include "account/text_lines.h"
#include "base/memory.h"
#include "base/secret.h"

/* Where we are, for the explanation. */
struct place {
    const char *path;
    size_t line;
    struct failure *failure;
};

static SECURITY_STATUS refuse(const struct place *place, const char *why)
{
    return failure_set(place->failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_STORE_UNAVAILABLE,
                       "account file %s: line %zu %s", place->path, place->line, why);
}

/* The next line without its end; false at the end of the text. */
static bool line_take(struct bytes *text, struct bytes *line)
{
    const uint8_t *end;
    size_t size;

    if (text->size == 0)
        return false;
    end = memchr(text->data, '\n', text->size);
    size = end ? (size_t)(end - text->data) : text->size;
    *line = bytes_of(text->data, size);
    size += end ? 1 : 0;
    *text = bytes_of(text->data + size, text->size - size);
    if (line->size && line->data[line->size - 1] == '\r')
        line->size--;
    return true;
}

static char *text_copy(struct bytes text)
{
    char *copy = mem_zalloc(text.size + 1);

    for (size_t i = 0; copy && i < text.size; i++)
        copy[i] = (char)text.data[i];
    return copy;
}

/* The key of a password line. */
static SECURITY_STATUS password_key(const struct text_line *line, struct account *account, const struct place *place)
{
    uint8_t hash[ACCOUNT_NT_HASH_SIZE];
    SECURITY_STATUS status = account_nt_hash(line->password, hash);

    if (status == SEC_E_OK && !account_set_nt_hash(account, hash))
        status = SEC_E_INVALID_PARAMETER;
    secret_wipe(hash, sizeof hash);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return store_no_memory(place->failure);
    if (status == SEC_E_INVALID_PARAMETER)
        return refuse(place, "has an unusable password");
    if (status != SEC_E_OK)
        return failure_set(place->failure, status, SSPI_REASON_CRYPTO_UNAVAILABLE,
                           "account file %s: MD4 is not available", place->path);
    return status;
}

static SECURITY_STATUS account_of(const struct text_line *line, struct account *account, const struct place *place)
{
    account->user = text_copy(line->user);
    account->domain = text_copy(line->domain);
    account->disabled = line->disabled;
    account->locked = line->locked;
    if (!account->user || !account->domain)
        return store_no_memory(place->failure);
    if (line->password.size)
        return password_key(line, account, place);
    if (line->has_nt_hash && !account_set_nt_hash(account, line->nt_hash))
        return refuse(place, "has an empty password");
    return SEC_E_OK;
}

static SECURITY_STATUS line_put(const struct text_line *line, struct account_table *table, const struct place *place)
{
    struct account account = {0};
    bool replaced = false;
    SECURITY_STATUS status = account_of(line, &account, place);

    if (status == SEC_E_OK && !account_table_put(table, &account, &replaced))
        status = store_no_memory(place->failure);
    else if (status == SEC_E_OK && replaced)
        status = refuse(place, "repeats an account of an earlier line");
    account_clear(&account);
    return status;
}

/* Some editors begin a file with a byte order mark, which is no part of the first name. */
static void mark_skip(struct bytes *text)
{
    static const uint8_t mark[] = {0xEF, 0xBB, 0xBF};

    if (text->size >= sizeof mark && memcmp(text->data, mark, sizeof mark) == 0)
        *text = bytes_of(text->data + sizeof mark, text->size - sizeof mark);
}

static SECURITY_STATUS line_parse(struct bytes text, enum text_format format, struct account_table *table,
                                  const struct place *place)
{
    struct text_line line;
    const char *why = "is malformed";
    SECURITY_STATUS status;
    bool decoded;

    if (text.size > TEXT_LINE_LIMIT)
        return refuse(place, "is too long");
    if (text.size && memchr(text.data, '\0', text.size))
        return refuse(place, "holds a NUL byte");
    if (text_line_is_blank(text))
        return SEC_E_OK;
    decoded = format == SMBPASSWD_FORMAT ? smbpasswd_line_decode(text, &line, &why)
                                         : ntlm_user_file_line_decode(text, &line, &why);
    status = decoded ? line_put(&line, table, place) : refuse(place, why);
    secret_wipe(&line, sizeof line);
    return status;
}

SECURITY_STATUS text_accounts_parse(struct bytes text, enum text_format format, const char *path,
                                    struct account_table *table, struct failure *failure)
{
    struct place place = {path, 0, failure};
    struct bytes line;
    SECURITY_STATUS status = SEC_E_OK;

    mark_skip(&text);
    while (status == SEC_E_OK && line_take(&text, &line)) {
        place.line++;
        status = line_parse(line, format, table, &place);
    }
    return status;
}
