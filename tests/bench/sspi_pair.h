/*
 * An initiator and an acceptor of our library in one process, for every benchmark that needs them.
 */
#ifndef SSPI_BENCH_PAIR_H
#define SSPI_BENCH_PAIR_H

#include "security.h"
#include "sspi_ext.h"

enum { PAIR_TOKEN_MAX = 8192, PAIR_TRAILER_MAX = 128 };

#define PAIR_USER "testuser"
#define PAIR_DOMAIN "TESTDOM"
#define PAIR_PASSWORD "Password01"
#define PAIR_NT_HASH "7100a909c7ff05b266af3c42ec058c33" /* MD4 of PAIR_PASSWORD */

struct pair {
    CredHandle client_credential, server_credential;
    CtxtHandle client, server; /* of the last handshake */
    char *target;
    ULONG more_flags; /* ISC_REQ_* beside the usual ones */
    BYTE tokens[3][PAIR_TOKEN_MAX];
    ULONG sizes[3];
};

/* `location` of an account store, as SspiAccountStoreOpen takes it; NULL: a callback that gives the NT hash. */
void pair_open(struct pair *pair, char *package, const char *location);
/* With keytab and ticket cache of the folder that kerberos_realm filled, and a replay cache there. */
void pair_open_kerberos(struct pair *pair, char *package, const char *folder, const char *cache);
void pair_close(struct pair *pair);

/* A handshake of any number of legs; 0 or what failed. */
int pair_connect(struct pair *pair);

/* NTLM's three legs; 0 or the leg that failed. The acceptor's legs are timed as such. pair_delete() ends the handshake.
 */
int pair_start(struct pair *pair); /* both ends have begun: the acceptor is half open */
int pair_finish(struct pair *pair);
void pair_delete(struct pair *pair);

/* The first message from one side to the other, sealed; 0 or the call that failed. */
int pair_exchange(CtxtHandle *from, CtxtHandle *to);

/* Messages of 64, 1024 and 16384 bytes from the client to the server of an established pair, the cases of it timed. */
void pair_time_messages(struct pair *pair);

/* Writes an account file of one line and gives its location. */
void pair_account_file(const char *kind, const char *path, char *location, size_t size);

#endif
