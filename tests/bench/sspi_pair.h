/*
 * An initiator and an acceptor of our library in one process, for every benchmark that needs them.
 */
#ifndef SSPI_BENCH_PAIR_H
#define SSPI_BENCH_PAIR_H

#include "security.h"
#include "sspi_ext.h"

enum { PAIR_TOKEN_MAX = 4096 };

#define PAIR_USER "testuser"
#define PAIR_DOMAIN "TESTDOM"
#define PAIR_PASSWORD "Password01"
#define PAIR_NT_HASH "7100a909c7ff05b266af3c42ec058c33" /* MD4 of PAIR_PASSWORD */

struct pair {
    CredHandle client_credential, server_credential;
    CtxtHandle client, server; /* of the last handshake */
    BYTE tokens[3][PAIR_TOKEN_MAX];
    ULONG sizes[3];
};

/* `location` of an account store, as SspiAccountStoreOpen takes it; NULL: a callback that gives the NT hash. */
void pair_open(struct pair *pair, char *package, const char *location);
void pair_close(struct pair *pair);

/* The three legs; 0 or the leg that failed. The acceptor's legs are timed as such. pair_delete() ends the handshake. */
int pair_start(struct pair *pair); /* both ends have begun: the acceptor is half open */
int pair_finish(struct pair *pair);
void pair_delete(struct pair *pair);

/* The first message from one side to the other, sealed; 0 or the call that failed. */
int pair_exchange(CtxtHandle *from, CtxtHandle *to);

/* Writes an account file of one line and gives its location. */
void pair_account_file(const char *kind, const char *path, char *location, size_t size);

#endif
