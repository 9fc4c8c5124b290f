/*
 * How each kind of store is made. Only location.c and the public functions in api/accounts.c need this.
 */
#ifndef SSPI_ACCOUNT_STORES_H
#define SSPI_ACCOUNT_STORES_H

#include "account/account.h"

enum text_format { NTLM_USER_FILE_FORMAT, SMBPASSWD_FORMAT };

/* Fills in the common part of a store just allocated: one reference, no lockout yet. */
void account_store_init(SspiAccountStore *store, const struct account_store_ops *ops);

/* `path` is absolute. The file is read at once, so that a bad one is told when the store is opened. */
MUST_CHECK SECURITY_STATUS text_file_store_open(const char *path, enum text_format format, SspiAccountStore **store,
                                                struct failure *failure);
MUST_CHECK SECURITY_STATUS sqlite_store_open(const char *path, bool create, SspiAccountStore **store,
                                             struct failure *failure);
MUST_CHECK SECURITY_STATUS memory_store_new(SspiAccountStore **store, struct failure *failure);
MUST_CHECK SECURITY_STATUS callback_store_new(SSPI_ACCOUNT_LOOKUP_FN lookup, void *argument, SSPI_RELEASE_FN release,
                                              SspiAccountStore **store, struct failure *failure);

/* The failures that every store tells alike. */
SECURITY_STATUS store_no_memory(struct failure *failure);
SECURITY_STATUS store_unknown_user(struct failure *failure, const char *user, const char *domain);
SECURITY_STATUS store_locked_meanwhile(struct failure *failure);
/* Of a lookup: the reason without a sentence, the making of which would tell by time that there is no such user. */
SECURITY_STATUS store_lookup_unknown(struct failure *failure);

#endif
