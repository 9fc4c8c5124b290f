/*
 * What echo_server.c and echo_client.c share: frames on a socket, and messages sealed by an established context.
 * Plain SSPI and sockets: the same source builds on Windows (cl /DSECURITY_WIN32 ... secur32.lib ws2_32.lib).
 */
#ifndef EXAMPLES_ECHO_H
#define EXAMPLES_ECHO_H

#include <stdbool.h>
#include <stddef.h>

#ifdef _WIN32
#include <winsock2.h>
#include <ws2tcpip.h>
#else
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
typedef int SOCKET;
#define INVALID_SOCKET (-1)
#define closesocket close
#define SecureZeroMemory explicit_bzero
#endif

#ifndef SECURITY_WIN32
#define SECURITY_WIN32
#endif
#include <security.h>

/* The largest frame: four bytes of length, most significant first, then so many bytes. */
#define ECHO_FRAME 65536

/* A frame as it lies in memory. */
struct frame {
    unsigned long size;
    char data[ECHO_FRAME];
};

bool frame_send(SOCKET peer, const void *data, unsigned long size);
bool frame_receive(SOCKET peer, struct frame *frame);

/* Signs `text` and sends it as it is, then its signature, each as a frame. */
SECURITY_STATUS signed_send(CtxtHandle *context, SOCKET peer, const char *text, unsigned long size);

/* Receives text and signature into one frame each, and checks. SEC_I_CONTEXT_EXPIRED: the peer is gone. */
SECURITY_STATUS signed_receive(CtxtHandle *context, SOCKET peer, struct frame *text, struct frame *signature);

/* Seals `text` and sends it as one frame: the token first, then the encrypted text. */
SECURITY_STATUS sealed_send(CtxtHandle *context, SOCKET peer, const char *text, unsigned long size);

/* Receives one frame and opens it in place; `*text` borrows from the frame. SEC_I_CONTEXT_EXPIRED: the peer is gone. */
SECURITY_STATUS sealed_receive(CtxtHandle *context, SOCKET peer, struct frame *frame, char **text, unsigned long *size);

/* Says on standard error what failed, with the status, and where it is our library why. */
void complain(const char *what, SECURITY_STATUS status);

/* Starts the system's sockets (Windows asks for that), and lets a write to a closed one fail instead of ending us. */
bool sockets_start(void);

#endif
