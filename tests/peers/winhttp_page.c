/*
 * A Windows program that gets a page over https by WinHTTP and prints it:
 *
 *     winhttp_page HOST PORT [-k]        -k: whoever signed the server's certificate
 *
 * Built by mingw-w64 and run in Wine by test_tls_c.py.
 */
#include <stdio.h>
#include <stdlib.h>

#include <windows.h>

#include <winhttp.h>

static int complain(const char *what)
{
    fprintf(stderr, "%s: error %lu\n", what, GetLastError());
    return 1;
}

static int get(HINTERNET server, BOOL anyone)
{
    DWORD ignored = SECURITY_FLAG_IGNORE_UNKNOWN_CA | SECURITY_FLAG_IGNORE_CERT_WRONG_USAGE
                    | SECURITY_FLAG_IGNORE_CERT_CN_INVALID | SECURITY_FLAG_IGNORE_CERT_DATE_INVALID;
    char page[8192];
    DWORD size = 0;
    HINTERNET request = WinHttpOpenRequest(server, L"GET", L"/", NULL, WINHTTP_NO_REFERER, WINHTTP_DEFAULT_ACCEPT_TYPES,
                                           WINHTTP_FLAG_SECURE);
    if (request == NULL) {
        return complain("request");
    }
    if (anyone && !WinHttpSetOption(request, WINHTTP_OPTION_SECURITY_FLAGS, &ignored, sizeof ignored)) {
        return complain("option");
    }
    if (!WinHttpSendRequest(request, NULL, 0, WINHTTP_NO_REQUEST_DATA, 0, 0, 0)
        || !WinHttpReceiveResponse(request, NULL)) {
        return complain("exchange");
    }
    while (WinHttpReadData(request, page, sizeof page - 1, &size) && size > 0) {
        fwrite(page, 1, size, stdout);
    }
    WinHttpCloseHandle(request);
    return 0;
}

int main(int count, char **arguments)
{
    WCHAR host[256];
    if (count < 3 || count > 4) {
        fprintf(stderr, "usage: winhttp_page HOST PORT [-k]\n");
        return 2;
    }
    MultiByteToWideChar(CP_UTF8, 0, arguments[1], -1, host, 256);
    HINTERNET session = WinHttpOpen(L"peer", WINHTTP_ACCESS_TYPE_NO_PROXY, NULL, NULL, 0);
    HINTERNET server = session ? WinHttpConnect(session, host, (INTERNET_PORT)atoi(arguments[2]), 0) : NULL;
    if (server == NULL) {
        return complain("connect");
    }
    return get(server, count == 4);
}
