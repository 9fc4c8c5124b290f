/*
 * What the account tests share: a folder of their own, files in it, and what a look-up must answer.
 */
#ifndef SSPI_TESTS_UNIT_ACCOUNT_SUPPORT_H
#define SSPI_TESTS_UNIT_ACCOUNT_SUPPORT_H

#include <sys/types.h>

#include "account/account.h"
#include "test.h"

/* A new folder of mode 0700, and path(name) inside it: valid until folder_remove. */
void folder_make(void);
void folder_remove(void);
const char *folder_path(const char *name);

/* A file of mode 0600 with this content, in place of any other of that name. */
void file_write(const char *path, const void *content, size_t size);
void file_write_text(const char *path, const char *text);
void file_append_text(const char *path, const char *text);

/* "KIND:PATH"; static storage, valid until the next call. */
const char *location_of(const char *kind, const char *path);

/* What every kind of store in the tests holds: EX\alice with password "Passw0rd". */
#define ALICE_DOMAIN "EX"
#define ALICE_NT_HASH "A87F3A337D73085C45F9416BE5787D86"

SspiAccountStore *store_open(const char *location);
SspiAccountStore *store_create(const char *location);
void store_add(SspiAccountStore *store, const char *user, const char *domain, const char *password);

/* Look-ups without lockout. */
SECURITY_STATUS status_of(SspiAccountStore *store, const char *user, const char *domain);
bool knows(SspiAccountStore *store, const char *user, const char *domain, const char *password);

/* The store is unavailable, not merely without the user; the explanation names `path`. */
void assert_unavailable(SspiAccountStore *store, const char *path);
/* The same when opening. */
void assert_cannot_open(const char *location, const char *path);

/* What every empty store that can be written must do: find by the order of domains; add, replace, disable, remove. */
void check_order(SspiAccountStore *store);
void check_changes(SspiAccountStore *store);

/* clock_now() becomes the time of day, moved on by `seconds`. */
void clock_follow(int seconds);

/* Runs `body` in a child process; the test fails unless it returns true. */
void in_child(bool (*body)(void));

#endif
