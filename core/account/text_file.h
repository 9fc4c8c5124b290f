/*
 * Whole account files as text. Apart from text_file.c only tests and fuzzers need this.
 */
#ifndef SSPI_ACCOUNT_TEXT_FILE_H
#define SSPI_ACCOUNT_TEXT_FILE_H

#include "account/stores.h"
#include "account/table.h"

#define TEXT_FILE_LIMIT ((size_t)16 << 20)
#define TEXT_LINE_LIMIT ((size_t)8192)

/*
 * Puts every account of `text` into `table`. SEC_E_NO_CREDENTIALS at the first line that is malformed, too long, holds
 * a NUL or repeats an account: the failure names `path` and the line. SEC_E_INSUFFICIENT_MEMORY,
 * SEC_E_CRYPTO_SYSTEM_INVALID.
 */
MUST_CHECK SECURITY_STATUS text_accounts_parse(struct bytes text, enum text_format format, const char *path,
                                               struct account_table *table, struct failure *failure);

#endif
