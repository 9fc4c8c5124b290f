/*
 * What curl's Windows sources need of Windows besides SSPI, put before each of curl's files. Schannel and the SSPI
 * logins are curl's own, unchanged.
 */
#ifndef SSPI_TESTS_CURL_PORT_H
#define SSPI_TESTS_CURL_PORT_H

#include <stdbool.h>
#include <sys/random.h>
#include <tchar.h>
#include <wincrypt.h>
#include <windows.h>

#define USE_SCHANNEL 1
#define USE_WINDOWS_SSPI 1

/* curl's own stand-ins, which it builds on Windows only. */
typedef enum {
    VERSION_LESS_THAN,
    VERSION_LESS_THAN_EQUAL,
    VERSION_EQUAL,
    VERSION_GREATER_THAN_EQUAL,
    VERSION_GREATER_THAN
} VersionCondition;
typedef enum { PLATFORM_DONT_CARE, PLATFORM_WINDOWS, PLATFORM_WINNT } PlatformIdentifier;
bool curlx_verify_windows_version(unsigned major, unsigned minor, unsigned build, PlatformIdentifier platform,
                                  VersionCondition condition);
HMODULE Curl_load_library(LPCSTR name);
const char *get_winapi_error(int error, char *text, size_t size);
#define Curl_win32_random(data, size) (getrandom((data), (size), 0) == (ssize_t)(size) ? CURLE_OK : CURLE_FAILED_INIT)

/* CryptoAPI hashes, for pinned keys only: there are none here. */
typedef void *HCRYPTHASH;
#define CRYPT_VERIFYCONTEXT 0
#define CRYPT_SILENT 0
#define PROV_RSA_AES 24
#define HP_HASHSIZE 4
#define HP_HASHVAL 2
#define CryptAcquireContext(provider, a, b, c, d) 0
#define CryptCreateHash(provider, a, b, c, hash) 0
#define CryptHashData(hash, data, size, flags) 0
#define CryptGetHashParam(hash, what, data, size, flags) 0
#define CryptDestroyHash(hash) ((void)0)
#define CryptReleaseContext(provider, flags) ((void)0)

#endif
