/*
 * Logs in at an echo server and prints what it answers. Each line of standard input is a message.
 *
 *     echo_client 127.0.0.1 7777 svc/server.example.com      by Kerberos, as whoever is logged in (kinit)
 *     echo_client 127.0.0.1 7777 EXAMPLE alice               by NTLM; the first line is the password
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "echo.h"

/* NTLM's server cannot prove itself: there the mutual authentication is left out of what was agreed. */
#define CLIENT_FLAGS                                                                                                   \
    (ISC_REQ_MUTUAL_AUTH | ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT                         \
     | ISC_REQ_SEQUENCE_DETECT)

static struct frame received, signature;
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

/* With the password of a user, or as whoever is logged in where `user` is NULL. */
static SECURITY_STATUS acquire(char *package, char *domain, char *user, char *password, CredHandle *credential)
{
    TimeStamp expiry;
    SEC_WINNT_AUTH_IDENTITY_A identity = {.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    if (user) {
        identity.User = (unsigned char *)user;
        identity.UserLength = (ULONG)strlen(user);
        identity.Domain = (unsigned char *)domain;
        identity.DomainLength = (ULONG)strlen(domain);
        identity.Password = (unsigned char *)password;
        identity.PasswordLength = (ULONG)strlen(password);
    }
    return AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, user ? &identity : NULL, NULL, NULL,
                                     credential, &expiry);
}

/*
 * The client's side of the handshake with `target`; what was agreed goes to `*attributes`. `*has_context` says whether
 * there is a context to delete.
 */
static SECURITY_STATUS log_in(CredHandle *credential, char *target, CtxtHandle *context, bool *has_context,
                              ULONG *attributes, SOCKET server)
{
    SECURITY_STATUS status;
    SecBuffer in = {0, SECBUFFER_TOKEN, received.data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in};
    *has_context = false;
    for (;;) {
        SecBuffer out = {sizeof request, SECBUFFER_TOKEN, request};
        SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};
        status = InitializeSecurityContextA(credential, *has_context ? context : NULL, target, CLIENT_FLAGS, 0,
                                            SECURITY_NATIVE_DREP, *has_context ? &input : NULL, 0, context, &output,
                                            attributes, NULL);
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
    /* NTLM's client cannot know that it is accepted until the server says something that only it could have signed. */
    SECURITY_STATUS status = signed_receive(context, server, &received, &signature);
    if (status != SEC_E_OK) {
        fprintf(stderr, "echo_client: the server refused the login\n");
        return 1;
    }
    printf("%.*s\n", (int)received.size, received.data);
    fflush(stdout);
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

/* Logs in over the socket and talks. `target`: the service, which has to prove itself; NULL: NTLM's. */
static int visit(CredHandle *credential, char *target, SOCKET server)
{
    CtxtHandle context;
    bool has_context;
    ULONG attributes = 0;
    int result = 1;
    SECURITY_STATUS status =
        log_in(credential, target ? target : (char *)"echo/127.0.0.1", &context, &has_context, &attributes, server);
    if (status == SEC_E_OK && target && !(attributes & ISC_RET_MUTUAL_AUTH)) {
        status = SEC_E_MUTUAL_AUTH_FAILED;
    }
    if (status == SEC_E_OK) {
        result = converse(&context, server);
    } else {
        complain("echo_client: login failed", status);
    }
    if (has_context) {
        DeleteSecurityContext(&context);
    }
    return result;
}

int main(int count, char **arguments)
{
    CredHandle credential;
    int result = 1;
    bool ntlm = count == 5;
    if ((count != 4 && !ntlm) || (ntlm && !read_line())) {
        fprintf(stderr,
                "usage: echo_client HOST PORT SERVICE\n"
                "       echo_client HOST PORT DOMAIN USER, with the password as first line of standard input\n");
        return 2;
    }
    SECURITY_STATUS status = ntlm ? acquire((char *)"NTLM", arguments[3], arguments[4], line, &credential)
                                  : acquire((char *)"Kerberos", NULL, NULL, NULL, &credential);
    SecureZeroMemory(line, sizeof line);
    if (status != SEC_E_OK) {
        complain("echo_client: no credential", status);
        return 1;
    }
    SOCKET server = connect_to(arguments[1], arguments[2]);
    if (server == INVALID_SOCKET) {
        fprintf(stderr, "echo_client: nobody listens on %s, port %s\n", arguments[1], arguments[2]);
    } else {
        result = visit(&credential, ntlm ? NULL : arguments[3], server);
        closesocket(server);
    }
    FreeCredentialsHandle(&credential);
    return result;
}
