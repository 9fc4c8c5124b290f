/*
 * Talks to a TLS server in lines: each line of standard input is sent, and a line of the answer printed.
 *
 *     tls_client 127.0.0.1 8443 server.example.com       the server's certificate must be for this name
 *     tls_client 127.0.0.1 8443 server.example.com -k    whoever it is: for tests alone
 *
 * The server speaks first in nothing: this is TLS alone. Plain SSPI and sockets, as on Windows
 * (cl /DSECURITY_WIN32 tls_client.c echo.c secur32.lib ws2_32.lib).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"
#include <schannel.h>

#define CLIENT_FLAGS                                                                                                   \
    (ISC_REQ_STREAM | ISC_REQ_CONFIDENTIALITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT                        \
     | ISC_REQ_EXTENDED_ERROR | ISC_REQ_ALLOCATE_MEMORY)
#define ROOM 65536

/* A connection: what came and was not used yet. */
struct tls {
    SOCKET socket;
    CredHandle *credential;
    CtxtHandle context;
    bool has_context;
    char in[ROOM];
    ULONG size;
    SecPkgContext_StreamSizes sizes;
};

static struct tls tls;
static char line[4096], record[ROOM];

static bool send_all(const char *data, size_t size)
{
    while (size > 0) {
        long sent = (long)send(tls.socket, data, size, 0);
        if (sent <= 0) {
            return false;
        }
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* More of what the server says. */
static bool receive_more(void)
{
    long got = tls.size < ROOM ? (long)recv(tls.socket, tls.in + tls.size, ROOM - tls.size, 0) : 0;
    tls.size += got > 0 ? (ULONG)got : 0;
    return got > 0;
}

/* Keeps the last `rest` bytes of what came. */
static void keep(ULONG rest)
{
    memmove(tls.in, tls.in + tls.size - rest, rest);
    tls.size = rest;
}

/* One call: its token is sent, what it did not use is kept. */
static SECURITY_STATUS leg(char *name)
{
    SecBuffer in[2] = {{tls.size, SECBUFFER_TOKEN, tls.in}, {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer out = {0, SECBUFFER_TOKEN, NULL};
    SecBufferDesc input = {SECBUFFER_VERSION, 2, in}, output = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;
    SECURITY_STATUS status = InitializeSecurityContextA(
        tls.credential, tls.has_context ? &tls.context : NULL, name, CLIENT_FLAGS, 0, SECURITY_NATIVE_DREP,
        tls.has_context ? &input : NULL, 0, &tls.context, &output, &attributes, NULL);
    bool sent = true;
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
        return status;
    }
    if (!tls.has_context) {
        tls.has_context = status >= 0;
    }
    if (out.cbBuffer > 0 && out.pvBuffer != NULL) {
        sent = send_all(out.pvBuffer, out.cbBuffer);
        FreeContextBuffer(out.pvBuffer);
    }
    keep(in[1].BufferType == SECBUFFER_EXTRA ? in[1].cbBuffer : 0);
    return status >= 0 && !sent ? SEC_I_CONTEXT_EXPIRED : status;
}

/* The handshake, the first one or a later one that the server asked for. */
static SECURITY_STATUS shake_hands(char *name)
{
    for (;;) {
        SECURITY_STATUS status = leg(name);
        if (status != SEC_I_CONTINUE_NEEDED && status != SEC_E_INCOMPLETE_MESSAGE) {
            return status;
        }
        if ((status == SEC_E_INCOMPLETE_MESSAGE || tls.size == 0) && !receive_more()) {
            return SEC_E_INCOMPLETE_MESSAGE;
        }
    }
}

static SECURITY_STATUS say(const char *text, ULONG size)
{
    SecBuffer buffers[4] = {
        {tls.sizes.cbHeader, SECBUFFER_STREAM_HEADER, record},
        {size, SECBUFFER_DATA, record + tls.sizes.cbHeader},
        {tls.sizes.cbTrailer, SECBUFFER_STREAM_TRAILER, record + tls.sizes.cbHeader + size},
        {0, SECBUFFER_EMPTY, NULL},
    };
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    memcpy(buffers[1].pvBuffer, text, size);
    SECURITY_STATUS status = EncryptMessage(&tls.context, 0, &message, 0);
    for (int i = 0; i < 3 && status == SEC_E_OK; i++) {
        if (!send_all(buffers[i].pvBuffer, buffers[i].cbBuffer)) {
            status = SEC_I_CONTEXT_EXPIRED;
        }
    }
    return status;
}

/* Prints one record's data. `*ended`: with its line. */
static SECURITY_STATUS print_record(bool *ended)
{
    SecBuffer buffers[4] = {{tls.size, SECBUFFER_DATA, tls.in}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status = DecryptMessage(&tls.context, &message, 0, NULL);
    ULONG rest = 0;
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
        return status;
    }
    for (int i = 0; i < 4; i++) {
        if (buffers[i].BufferType == SECBUFFER_EXTRA) {
            rest = buffers[i].cbBuffer;
        } else if (buffers[i].BufferType == SECBUFFER_DATA && status == SEC_E_OK && buffers[i].cbBuffer > 0) {
            fwrite(buffers[i].pvBuffer, 1, buffers[i].cbBuffer, stdout);
            *ended = ((char *)buffers[i].pvBuffer)[buffers[i].cbBuffer - 1] == '\n';
        }
    }
    keep(rest);
    return status;
}

static SECURITY_STATUS print_line(char *name)
{
    bool ended = false;
    while (!ended) {
        SECURITY_STATUS status = tls.size > 0 ? print_record(&ended) : SEC_E_INCOMPLETE_MESSAGE;
        if (status == SEC_I_RENEGOTIATE) {
            status = shake_hands(name);
        } else if (status == SEC_E_INCOMPLETE_MESSAGE) {
            status = receive_more() ? SEC_E_OK : SEC_E_INCOMPLETE_MESSAGE;
        }
        if (status != SEC_E_OK) {
            return status;
        }
    }
    return SEC_E_OK;
}

/* close_notify: nothing was cut off. */
static void say_goodbye(char *name)
{
    DWORD type = SCHANNEL_SHUTDOWN;
    SecBuffer control = {sizeof type, SECBUFFER_TOKEN, &type};
    SecBufferDesc controls = {SECBUFFER_VERSION, 1, &control};
    if (ApplyControlToken(&tls.context, &controls) == SEC_E_OK) {
        tls.size = 0;
        (void)leg(name);
    }
}

static int converse(char *name)
{
    SECURITY_STATUS status = shake_hands(name);
    if (status != SEC_E_OK) {
        complain("tls_client: handshake failed", status);
        return 1;
    }
    status = QueryContextAttributesA(&tls.context, SECPKG_ATTR_STREAM_SIZES, &tls.sizes);
    while (status == SEC_E_OK && fgets(line, sizeof line, stdin) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        strcat(line, "\n");
        status = say(line, (ULONG)strlen(line));
        if (status == SEC_E_OK) {
            status = print_line(name);
        }
        fflush(stdout);
    }
    if (status != SEC_E_OK) {
        complain("tls_client: connection lost", status);
        return 1;
    }
    say_goodbye(name);
    return 0;
}

static SOCKET connect_to(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    SOCKET server = INVALID_SOCKET;
    if (!sockets_start() || getaddrinfo(host, port, &hints, &found) != 0) {
        return INVALID_SOCKET;
    }
    server = socket(found->ai_family, found->ai_socktype, 0);
    if (server != INVALID_SOCKET && connect(server, found->ai_addr, (socklen_t)found->ai_addrlen) != 0) {
        closesocket(server);
        server = INVALID_SOCKET;
    }
    freeaddrinfo(found);
    return server;
}

int main(int count, char **arguments)
{
    CredHandle credential;
    SCHANNEL_CRED wanted = {.dwVersion = SCHANNEL_CRED_VERSION};
    bool anyone = count == 5 && strcmp(arguments[4], "-k") == 0;
    int result = 1;
    if (count != 4 && !anyone) {
        fprintf(stderr, "usage: tls_client HOST PORT NAME [-k]\n");
        return 2;
    }
    wanted.dwFlags = SCH_CRED_NO_DEFAULT_CREDS;
    wanted.dwFlags |= anyone ? SCH_CRED_MANUAL_CRED_VALIDATION : SCH_CRED_AUTO_CRED_VALIDATION;
    SECURITY_STATUS status = AcquireCredentialsHandleA(NULL, (char *)UNISP_NAME_A, SECPKG_CRED_OUTBOUND, NULL, &wanted,
                                                       NULL, NULL, &credential, NULL);
    if (status != SEC_E_OK) {
        complain("tls_client: no credential", status);
        return 1;
    }
    tls.credential = &credential;
    tls.socket = connect_to(arguments[1], arguments[2]);
    if (tls.socket == INVALID_SOCKET) {
        fprintf(stderr, "tls_client: nobody listens on %s, port %s\n", arguments[1], arguments[2]);
    } else {
        result = converse(arguments[3]);
        closesocket(tls.socket);
    }
    if (tls.has_context) {
        DeleteSecurityContext(&tls.context);
    }
    FreeCredentialsHandle(&credential);
    return result;
}
