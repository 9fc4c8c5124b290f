/*
 * What the fuzzers of account files share: a whole file is parsed, and every account that it gave must be fit to be
 * one.
 */
#ifndef SSPI_TESTS_FUZZ_ACCOUNT_TEXT_H
#define SSPI_TESTS_FUZZ_ACCOUNT_TEXT_H

#include <stdlib.h>
#include <string.h>

#include "account/text_file.h"
#include "account/text_lines.h"

static SECURITY_STATUS account_fits(void *argument, const struct account *account)
{
    size_t *count = argument;

    if (!account_user_valid(account->user) || !account_domain_valid(account->domain)
        || (account->has_nt_hash && account_nt_hash_is_empty(account->nt_hash)))
        abort();
    ++*count;
    return SEC_E_OK;
}

static inline void account_text_try(const uint8_t *data, size_t size, enum text_format format)
{
    struct account_table *table = account_table_new();
    struct failure failure = {0};
    size_t count = 0;
    SECURITY_STATUS status;

    if (!table)
        return;
    status = text_accounts_parse(bytes_of(data, size), format, "file", table, &failure);
    if ((status == SEC_E_OK) != (failure.text[0] == '\0'))
        abort();
    if (status != SEC_E_OK && !strstr(failure.text, "file"))
        abort();
    if (account_table_each(table, account_fits, &count) != SEC_E_OK || count != account_table_count(table))
        abort();
    account_table_release(table);
}

#endif
