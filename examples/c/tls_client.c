/*
 * Talks to a TLS server in lines: each line of standard input is sent, and a line of the answer printed.
 *
 *     tls_client 127.0.0.1 8443 server.example.com       the server's certificate must be for this name
 *     tls_client 127.0.0.1 8443 server.example.com -k    whoever it is: for tests alone
 *
 * Plain SSPI and sockets, as on Windows
 * (cl /DSECURITY_WIN32 tls_client.c tls.c echo.c secur32.lib ws2_32.lib).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tls.h"

static struct tls tls;
static char line[4096], answer[TLS_ROOM];

/* Prints records until one ends with its line. */
static SECURITY_STATUS print_line(void)
{
    ULONG size;
    do {
        SECURITY_STATUS status = tls_read(&tls, answer, sizeof answer, &size);
        if (status != SEC_E_OK) {
            return status;
        }
        fwrite(answer, 1, size, stdout);
    } while (answer[size - 1] != '\n');
    fflush(stdout);
    return SEC_E_OK;
}

static int converse(void)
{
    SECURITY_STATUS status = tls_shake_hands(&tls);
    if (status != SEC_E_OK) {
        complain("tls_client: handshake failed", status);
        return 1;
    }
    while (status == SEC_E_OK && fgets(line, sizeof line, stdin) != NULL) {
        size_t length = strcspn(line, "\r\n");
        line[length] = '\n';
        status = tls_write(&tls, line, (ULONG)length + 1);
        if (status == SEC_E_OK) {
            status = print_line();
        }
    }
    if (status != SEC_E_OK) {
        complain("tls_client: connection lost", status);
        return 1;
    }
    tls_shut_down(&tls);
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
    tls.name = arguments[3];
    tls.socket = connect_to(arguments[1], arguments[2]);
    if (tls.socket == INVALID_SOCKET) {
        fprintf(stderr, "tls_client: nobody listens on %s, port %s\n", arguments[1], arguments[2]);
    } else {
        result = converse();
        closesocket(tls.socket);
    }
    if (tls.has_context) {
        DeleteSecurityContext(&tls.context);
    }
    FreeCredentialsHandle(&credential);
    return result;
}
