/*
 * A peer that is plain OpenSSL over memory: for what our own ends never send. Joined to one of our ends by bytes.
 */
#ifndef SSPI_TESTS_RAW_PEER_H
#define SSPI_TESTS_RAW_PEER_H

#include <openssl/ssl.h>

#include "tls_rig.h"

struct raw_peer {
    SSL_CTX *tls;
    SSL *ssl;
    BIO *in, *out;
};

/* A server has the usual certificate. `version` 0: any; else a TLS1_*_VERSION for both bounds. */
void raw_begin(struct raw_peer *peer, bool server, int version);
/* Once SSL_CTX is as wanted: makes the SSL. */
void raw_start(struct raw_peer *peer);
/* Drives the handshake of our end with the peer until both are done. */
void raw_handshake(struct raw_peer *peer, struct tls_end *end);
/* What the peer wrote becomes our end's input; what `end` put out becomes the peer's. */
void raw_to_end(struct raw_peer *peer, struct tls_end *end);
void end_to_raw(struct tls_end *end, struct raw_peer *peer);
/* Bytes to the peer. */
void raw_feed(struct raw_peer *peer, const void *data, size_t size);
void raw_end(struct raw_peer *peer);

#endif
