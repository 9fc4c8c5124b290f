/*
 * The cases of TLS, the same for each library: tls_cases.c has the main program, and the file of a library what is
 * declared here. Both ends are in one process, the server's part is what is timed as the acceptor's.
 */
#ifndef SSPI_BENCH_TLS_CASES_H
#define SSPI_BENCH_TLS_CASES_H

#include <stdbool.h>
#include <stddef.h>

#include "bench.h"

/* All of them agree on these (the second group is for the certificate in TLS 1.2), and the server sends so many tickets
 * in a full handshake of TLS 1.3. */
#define TLS_SUITES "TLS_AES_128_GCM_SHA256"
#define TLS_CIPHERS "ECDHE-ECDSA-AES128-GCM-SHA256"
#define TLS_GROUPS "X25519:P-256"
#define TLS_TICKETS 2
#define TLS_NAME "server.example.test" /* of the server whose sessions are resumed */

enum { TLS_BEFORE = 64, TLS_AFTER = 256 }; /* room around a message's text */

/* TLS_KEPT: the connection that those that are TLS_RESUMED follow. */
enum tls_kind { TLS_FULL, TLS_KEPT, TLS_RESUMED };

struct tls;            /* the credentials of both ends */
struct tls_connection; /* both ends */

/* `newest`: TLS 1.3, else 1.2. `pem`: a file with the server's key and certificate. */
struct tls *tls_open(const char *pem, bool newest);
void tls_close(struct tls *tls);

/* A whole handshake, the tickets taken in by the client; 0 or what failed. */
int tls_connect(struct tls *tls, enum tls_kind kind, struct tls_connection **connection);
/* One message from the client to the server, `text` having room around it; 0 or what failed. */
int tls_exchange(struct tls_connection *connection, unsigned char *text, size_t size);
/* The server first. */
void tls_delete_server(struct tls_connection *connection);
void tls_delete_client(struct tls_connection *connection);

#endif
