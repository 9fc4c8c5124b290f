/*
 * The schema of an account database. Internal to sqlite*.c.
 */
#ifndef SSPI_ACCOUNT_SQLITE_SCHEMA_H
#define SSPI_ACCOUNT_SQLITE_SCHEMA_H

#include "account/sqlite_file.h"

/* SEC_E_NO_CREDENTIALS, naming the file, when it is not ours, newer than we are, or in a mode that we cannot follow. */
MUST_CHECK SECURITY_STATUS schema_check(struct connection *connection, struct failure *failure);

/* Makes the tables in an empty database; one that has tables is left alone. */
MUST_CHECK SECURITY_STATUS schema_create(struct connection *connection, struct failure *failure);

#endif
