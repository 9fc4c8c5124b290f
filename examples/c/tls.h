/*
 * What tls_server.c and tls_client.c share: a connection of Schannel over a socket. Plain SSPI, as on Windows.
 */
#ifndef EXAMPLES_TLS_H
#define EXAMPLES_TLS_H

#include "echo.h"
#include <schannel.h>

#define TLS_ROOM 65536

/* A connection. To be zeroed but for the first four. */
struct tls {
    SOCKET socket;
    CredHandle *credential;
    char *name; /* of the server, for a client; NULL: this is the server */
    CtxtHandle context;
    bool has_context;
    ULONG size; /* of what came and was not used yet */
    char in[TLS_ROOM], out[TLS_ROOM];
    SecPkgContext_StreamSizes sizes;
};

/* The handshake, from the beginning or one that DecryptMessage met. */
SECURITY_STATUS tls_shake_hands(struct tls *tls);
/* Sends data, at most what one record holds. */
SECURITY_STATUS tls_write(struct tls *tls, const char *data, ULONG size);
/*
 * One record's data, at most `room` bytes of it. SEC_I_CONTEXT_EXPIRED: the peer said goodbye;
 * SEC_E_INCOMPLETE_MESSAGE: it is gone without a goodbye, so that something may have been cut off.
 */
SECURITY_STATUS tls_read(struct tls *tls, char *data, ULONG room, ULONG *size);
/* Says goodbye (close_notify). */
void tls_shut_down(struct tls *tls);

#endif
