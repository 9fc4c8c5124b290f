/* A small stand-in for Windows' header of the same name: base types and the macros that sources built on SSPI
 * use with them, and CloseHandle. It lives apart (pkg-config sspi-windows), so that no probe takes it for Windows. */
#ifndef SSPI_COMPAT_WINDOWS_H
#define SSPI_COMPAT_WINDOWS_H

#include <string.h>

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

#endif
