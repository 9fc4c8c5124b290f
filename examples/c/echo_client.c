/*
 * Logs in at an echo server by NTLM and prints what it answers. The first line of standard input is the password,
 * each further line a message.
 *
 *     printf 'password\nhello\n' | echo_client 127.0.0.1 7777 EXAMPLE alice
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"

#define CLIENT_FLAGS (ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT)

static struct frame received;
static char request[ECHO_FRAME];
static char line[4096];

/* A line of standard input without its end; false at the end of the input. */
static bool read_line(void)
{
    if (fgets(line, sizeof line, stdin) == NULL) {
        return false;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return true;
}

static SECURITY_STATUS acquire(char *domain, char *user, char *password, CredHandle *credential)
{
    TimeStamp expiry;
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        .User = (unsigned char *)user,
        .UserLength = (ULONG)strlen(user),
        .Domain = (unsigned char *)domain,
        .DomainLength = (ULONG)strlen(domain),
        .Password = (unsigned char *)password,
        .PasswordLength = (ULONG)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    return AcquireCredentialsHandleA(NULL, (char *)"NTLM", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                     credential, &expiry);
}

/* The client's side of the handshake. `*has_context` says whether there is a context to delete. */
static SECURITY_STATUS log_in(CredHandle *credential, CtxtHandle *context, bool *has_context, SOCKET server)
{
    SECURITY_STATUS status;
    ULONG attributes;
    SecBuffer in = {0, SECBUFFER_TOKEN, received.data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    *has_context = false;
    for (;;) {
        SecBuffer out = {sizeof request, SECBUFFER_TOKEN, request};
        SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
        status = InitializeSecurityContextA(credential, *has_context ? context : NULL, (char *)"echo/127.0.0.1",
                                            CLIENT_FLAGS, 0, SECURITY_NATIVE_DREP, *has_context ? &input : NULL, 0,
                                            context, &output, &attributes, NULL);
        if (!*has_context) {
            *has_context = status >= 0;
        }
        if (status < 0) {
            return status;
        }
        if (out.cbBuffer > 0 && !frame_send(server, request, out.cbBuffer)) {
            return SEC_I_CONTEXT_EXPIRED;
        }
        if (status != SEC_I_CONTINUE_NEEDED) {
            return status;
        }
        if (!frame_receive(server, &received)) {
            return SEC_E_LOGON_DENIED;
        }
        in.cbBuffer = (ULONG)received.size;
    }
}

/* Prints one sealed message of the server. */
static SECURITY_STATUS print_answer(CtxtHandle *context, SOCKET server)
{
    char *text;
    unsigned long size;
    SECURITY_STATUS status = sealed_receive(context, server, &received, &text, &size);
    if (status == SEC_E_OK) {
        printf("%.*s\n", (int)size, text);
        fflush(stdout);
    }
    return status;
}

static int converse(CtxtHandle *context, SOCKET server)
{
    /* NTLM's client cannot know that it is accepted until the server says something that only it could have sealed. */
    SECURITY_STATUS status = print_answer(context, server);
    if (status != SEC_E_OK) {
        fprintf(stderr, "echo_client: the server refused the login\n");
        return 1;
    }
    while (status == SEC_E_OK && read_line()) {
        status = sealed_send(context, server, line, (unsigned long)strlen(line));
        if (status == SEC_E_OK) {
            status = print_answer(context, server);
        }
    }
    if (status != SEC_E_OK) {
        complain("echo_client: message lost", status);
    }
    return status == SEC_E_OK ? 0 : 1;
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
    CtxtHandle context;
    bool has_context;
    int result = 1;
    if (count != 5 || !read_line()) {
        fprintf(stderr,
                "usage: echo_client HOST PORT DOMAIN USER, with the password as first line of standard input\n");
        return 2;
    }
    SECURITY_STATUS status = acquire(arguments[3], arguments[4], line, &credential);
    SecureZeroMemory(line, sizeof line);
    if (status != SEC_E_OK) {
        complain("echo_client: no credential", status);
        return 1;
    }
    SOCKET server = connect_to(arguments[1], arguments[2]);
    if (server == INVALID_SOCKET) {
        fprintf(stderr, "echo_client: nobody listens on %s, port %s\n", arguments[1], arguments[2]);
        FreeCredentialsHandle(&credential);
        return 1;
    }
    status = log_in(&credential, &context, &has_context, server);
    if (status == SEC_E_OK) {
        result = converse(&context, server);
    } else {
        complain("echo_client: login failed", status);
    }
    if (has_context) {
        DeleteSecurityContext(&context);
    }
    FreeCredentialsHandle(&credential);
    closesocket(server);
    return result;
}
