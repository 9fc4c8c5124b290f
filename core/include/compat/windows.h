/* A small stand-in for Windows' header of the same name: base types and the macros that sources built on SSPI
 * use with them; CloseHandle; LoadLibrary as far as it finds SSPI. It lives apart (pkg-config sspi-windows), so that no probe takes it for Windows. */
#ifndef SSPI_COMPAT_WINDOWS_H
#define SSPI_COMPAT_WINDOWS_H

#include <dlfcn.h>
#include <string.h>
#include <strings.h>

#include "../sspi_types.h"

#ifndef VOID
#define VOID void
#endif
#ifndef CONST
#define CONST const
#endif
#ifndef TRUE
#define TRUE 1
#endif
#ifndef FALSE
#define FALSE 0
#endif
#ifndef MAX_PATH
#define MAX_PATH 260
#endif

/* Calling conventions and modifiers that mean nothing here. */
#ifndef __cdecl
#define __cdecl
#endif
#ifndef __stdcall
#define __stdcall
#endif
#ifndef CALLBACK
#define CALLBACK
#endif
#ifndef APIENTRY
#define APIENTRY WINAPI
#endif
#ifndef FAR
#define FAR
#endif

/* Results. */
#ifndef SUCCEEDED
#define SUCCEEDED(hr) (((HRESULT)(hr)) >= 0)
#endif
#ifndef FAILED
#define FAILED(hr) (((HRESULT)(hr)) < 0)
#endif
#ifndef NT_SUCCESS
#define NT_SUCCESS(status) (((NTSTATUS)(status)) >= 0)
#endif
#ifndef S_OK
#define S_OK ((HRESULT)0)
#endif
#ifndef ERROR_SUCCESS
#define ERROR_SUCCESS 0L
#endif
#ifndef NO_ERROR
#define NO_ERROR 0L
#endif
#ifndef INVALID_HANDLE_VALUE
#define INVALID_HANDLE_VALUE ((HANDLE)(LONG_PTR)-1)
#endif
#ifndef MAXDWORD
#define MAXDWORD 0xFFFFFFFF
#endif

/* Memory. */
#ifndef ZeroMemory
#define ZeroMemory(destination, size) memset((destination), 0, (size))
#endif
#ifndef FillMemory
#define FillMemory(destination, size, value) memset((destination), (value), (size))
#endif
#ifndef CopyMemory
#define CopyMemory(destination, source, size) memcpy((destination), (source), (size))
#endif
#ifndef MoveMemory
#define MoveMemory(destination, source, size) memmove((destination), (source), (size))
#endif

#ifndef UNREFERENCED_PARAMETER
#define UNREFERENCED_PARAMETER(parameter) ((void)(parameter))
#endif
#ifndef ARRAYSIZE
#define ARRAYSIZE(array) (sizeof(array) / sizeof((array)[0]))
#endif

SSPI_EXTERN_C_BEGIN

SSPI_API LONG SEC_ENTRY SspiCloseToken(_In_ void *token);

SSPI_EXTERN_C_END

/** Closes a token of QuerySecurityContextToken. TRUE; FALSE for what is no open token: no other handles exist here. It is
 * no symbol of the library, which shares processes with libraries that have handles of their own. */
static inline BOOL CloseHandle(HANDLE hObject)
{
    return SspiCloseToken(hObject) == 0 ? TRUE : FALSE;
}

/* ---- Libraries: many sources fetch the interface from its DLL instead of linking it ---- */

typedef HANDLE HINSTANCE, HMODULE;
typedef INT_PTR(WINAPI *FARPROC)(void);

/** Opens libsspi for the DLLs that hold its functions on Windows: secur32, security, sspicli, schannel, crypt32; with or
 * without a folder and ".dll", in any case. NULL for any other. */
static inline HMODULE LoadLibraryA(LPCSTR lpLibFileName)
{
    static const char *const names[] = {"secur32", "security", "sspicli", "schannel", "crypt32"};
    const char *name = lpLibFileName, *end;

    if (!name)
        return NULL;
    for (const char *c = name; *c; c++)
        if (*c == '\\' || *c == '/')
            name = c + 1;
    end = strrchr(name, '.');
    if (!end || strcasecmp(end, ".dll") != 0)
        end = name + strlen(name);
    for (size_t i = 0; i < ARRAYSIZE(names); i++)
        if (strlen(names[i]) == (size_t)(end - name) && strncasecmp(names[i], name, (size_t)(end - name)) == 0)
            return dlopen("libsspi.so.0", RTLD_NOW | RTLD_LOCAL);
    return NULL;
}

/** The same in UTF-16. */
static inline HMODULE LoadLibraryW(LPCWSTR lpLibFileName)
{
    char name[MAX_PATH];
    size_t i = 0;

    if (!lpLibFileName)
        return NULL;
    for (; lpLibFileName[i] && i + 1 < sizeof name; i++)
        name[i] = (char)(lpLibFileName[i] < 0x80 ? lpLibFileName[i] : '?');
    name[i] = '\0';
    return LoadLibraryA(name);
}

#ifdef UNICODE
#define LoadLibrary LoadLibraryW
#else
#define LoadLibrary LoadLibraryA
#endif

/** A function of what LoadLibrary opened; NULL: it has none of that name. */
static inline FARPROC GetProcAddress(HMODULE hModule, LPCSTR lpProcName)
{
    void *found = hModule ? dlsym(hModule, lpProcName) : NULL;
    FARPROC function;

    memcpy(&function, &found, sizeof function);
    return function;
}

static inline BOOL FreeLibrary(HMODULE hLibModule)
{
    return hLibModule && dlclose(hLibModule) == 0 ? TRUE : FALSE;
}

#endif
