/*
 * Logs clients in, tells each who it is, signed, and gives back what it says, sealed. One client at a time.
 *
 *     SSPI_ACCOUNT_STORE=accounts.db echo_server 7777              by NTLM
 *     KRB5_KTNAME=svc.keytab         echo_server 7777 Kerberos     by Kerberos; or by Negotiate
 *
 * Nothing here is particular to Linux: accounts and keys come from sspi.conf or the environment, as on Windows they
 * come from the system.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"

#define SERVER_FLAGS (ASC_REQ_CONFIDENTIALITY | ASC_REQ_INTEGRITY | ASC_REQ_REPLAY_DETECT | ASC_REQ_SEQUENCE_DETECT)

static struct frame received;
static char reply[ECHO_FRAME];

/* One token in, one token out, until the client is known. `*has_context` says whether there is one to delete. */
static SECURITY_STATUS log_in(CredHandle *credential, CtxtHandle *context, bool *has_context, SOCKET peer)
{
    SECURITY_STATUS status;
    ULONG attributes;
    *has_context = false;
    do {
        if (!frame_receive(peer, &received)) {
            return SEC_I_CONTEXT_EXPIRED;
        }
        SecBuffer in = {(ULONG)received.size, SECBUFFER_TOKEN, received.data};
        SecBuffer out = {sizeof reply, SECBUFFER_TOKEN, reply};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
        status = AcceptSecurityContext(credential, *has_context ? context : NULL, &input, SERVER_FLAGS,
                                       SECURITY_NATIVE_DREP, context, &output, &attributes, NULL);
        if (!*has_context) {
            *has_context = status >= 0;
        }
        if (status >= 0 && out.cbBuffer > 0 && !frame_send(peer, reply, out.cbBuffer)) {
            return SEC_I_CONTEXT_EXPIRED;
        }
    } while (status == SEC_I_CONTINUE_NEEDED);
    /* Without sealing there would be nothing to say. */
    return status == SEC_E_OK && !(attributes & ASC_RET_CONFIDENTIALITY) ? SEC_E_QOP_NOT_SUPPORTED : status;
}

static SECURITY_STATUS greet(CtxtHandle *context, SOCKET peer)
{
    char greeting[600];
    SecPkgContext_NamesA names;
    SECURITY_STATUS status = QueryContextAttributesA(context, SECPKG_ATTR_NAMES, &names);
    if (status != SEC_E_OK) {
        return status;
    }
    snprintf(greeting, sizeof greeting, "You are %s", names.sUserName);
    printf("%s\n", greeting);
    fflush(stdout);
    FreeContextBuffer(names.sUserName);
    return signed_send(context, peer, greeting, (unsigned long)strlen(greeting));
}

static SECURITY_STATUS echo(CtxtHandle *context, SOCKET peer)
{
    SECURITY_STATUS status = greet(context, peer);
    while (status == SEC_E_OK) {
        char *text;
        unsigned long size;
        status = sealed_receive(context, peer, &received, &text, &size);
        if (status == SEC_E_OK) {
            status = sealed_send(context, peer, text, size);
        }
    }
    return status;
}

static void serve(CredHandle *credential, SOCKET peer)
{
    CtxtHandle context;
    bool has_context;
    SECURITY_STATUS status = log_in(credential, &context, &has_context, peer);
    if (status == SEC_E_OK) {
        status = echo(&context, peer);
    }
    if (status != SEC_I_CONTEXT_EXPIRED) {
        complain("client refused", status);
    }
    if (has_context) {
        DeleteSecurityContext(&context);
    }
}

/* A listening socket on the loopback address; prints the port, which the system chooses where `port` is 0. */
static SOCKET listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    socklen_t size = sizeof address;
    int yes = 1;
    SOCKET listener = socket(AF_INET, SOCK_STREAM, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener == INVALID_SOCKET) {
        return INVALID_SOCKET;
    }
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, (const char *)&yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 16) != 0
        || getsockname(listener, (struct sockaddr *)&address, &size) != 0) {
        closesocket(listener);
        return INVALID_SOCKET;
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int count, char **arguments)
{
    CredHandle credential;
    TimeStamp expiry;
    int port = count > 1 ? atoi(arguments[1]) : 7777;
    char *package = count > 2 ? arguments[2] : (char *)"NTLM";
    SECURITY_STATUS status =
        AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, &expiry);
    if (status != SEC_E_OK) {
        complain("echo_server: no credential", status);
        return 1;
    }
    SOCKET listener = sockets_start() ? listen_on(port) : INVALID_SOCKET;
    if (listener == INVALID_SOCKET) {
        fprintf(stderr, "echo_server: port %d is in use or not allowed: name another one\n", port);
        FreeCredentialsHandle(&credential);
        return 1;
    }
    for (;;) {
        SOCKET peer = accept(listener, NULL, NULL);
        if (peer != INVALID_SOCKET) {
            serve(&credential, peer);
            closesocket(peer);
        }
    }
}
