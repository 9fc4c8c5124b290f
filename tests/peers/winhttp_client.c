/*
 * A Windows program that gets a page by WinHTTP with NTLM and prints the status and the page, twice on one session:
 *
 *     winhttp_client PORT DOMAIN\user [HOST]        the password is the first line of standard input
 *
 * With a host it is Negotiate, and asks for a ticket if it can.
 *
 * Built by mingw-w64 and run in Wine by test_wine.py.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <windows.h>

#include <winhttp.h>

static WCHAR user[256], password[256], host[256] = L"127.0.0.1";
static DWORD scheme = WINHTTP_AUTH_SCHEME_NTLM;

static int complain(const char *what)
{
    fprintf(stderr, "%s: error %lu\n", what, GetLastError());
    return 1;
}

static DWORD status_of(HINTERNET request)
{
    DWORD status = 0, size = sizeof status;
    WinHttpQueryHeaders(request, WINHTTP_QUERY_STATUS_CODE | WINHTTP_QUERY_FLAG_NUMBER, WINHTTP_HEADER_NAME_BY_INDEX,
                        &status, &size, WINHTTP_NO_HEADER_INDEX);
    return status;
}

static BOOL exchange(HINTERNET request)
{
    return WinHttpSendRequest(request, L"Accept: application/json", (DWORD)-1, WINHTTP_NO_REQUEST_DATA, 0, 0, 0)
           && WinHttpReceiveResponse(request, NULL);
}

static int get(HINTERNET server)
{
    char page[8192];
    DWORD size = 0;
    HINTERNET request =
        WinHttpOpenRequest(server, L"GET", L"/windows", NULL, WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES, 0);
    if (request == NULL || !exchange(request)) {
        return complain("request");
    }
    if (status_of(request) == HTTP_STATUS_DENIED) {
        if (!WinHttpSetCredentials(request, WINHTTP_AUTH_TARGET_SERVER, scheme, user, password, NULL)
            || !exchange(request)) {
            return complain("login");
        }
    }
    printf("status %lu\n", status_of(request));
    while (WinHttpReadData(request, page, sizeof page - 1, &size) && size > 0) {
        fwrite(page, 1, size, stdout);
    }
    WinHttpCloseHandle(request);
    return 0;
}

int main(int count, char **arguments)
{
    char line[256];
    if (count < 3 || count > 4 || fgets(line, sizeof line, stdin) == NULL) {
        fprintf(stderr, "usage: winhttp_client PORT DOMAIN\\user [HOST], with the password on standard input\n");
        return 2;
    }
    line[strcspn(line, "\r\n")] = '\0';
    MultiByteToWideChar(CP_UTF8, 0, line, -1, password, 256);
    MultiByteToWideChar(CP_UTF8, 0, arguments[2], -1, user, 256);
    if (count == 4) {
        MultiByteToWideChar(CP_UTF8, 0, arguments[3], -1, host, 256);
        scheme = WINHTTP_AUTH_SCHEME_NEGOTIATE;
    }
    HINTERNET session = WinHttpOpen(L"peer", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    HINTERNET server = session ? WinHttpConnect(session, host, (INTERNET_PORT)atoi(arguments[1]), 0) : NULL;
    if (server == NULL) {
        return complain("connect");
    }
    return get(server) || get(server);
}
