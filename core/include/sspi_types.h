/* Windows' base types with the sizes Windows gives them, for LP64 systems: LONG and ULONG have 32 bits.
 * First link of the chain of public headers; compat/windows.h is this file and a few macros more. */
#ifndef SSPI_TYPES_H
#define SSPI_TYPES_H

#include <stddef.h>
#include <stdint.h>

#include "sspi_sal.h"

/* ---- Linkage ---- */

/* Marks every exported function. */
#ifndef SSPI_API
#if defined(__GNUC__)
#define SSPI_API __attribute__((visibility("default")))
#else
#define SSPI_API
#endif
#endif

/* Calling conventions exist on 32-bit x86 Windows only; here the names are empty. */
#ifndef WINAPI
#define WINAPI
#endif
#ifndef NTAPI
#define NTAPI
#endif
#ifndef SEC_ENTRY
#define SEC_ENTRY
#endif

/* Anonymous structures are C11 but an extension in C++, where strict compilers would warn. */
#if defined(__GNUC__)
#define SSPI_EXTENSION __extension__
#else
#define SSPI_EXTENSION
#endif

#if defined(__cplusplus)
#define SSPI_STATIC_ASSERT(condition, text) static_assert(condition, text)
#define SSPI_EXTERN_C_BEGIN extern "C" {
#define SSPI_EXTERN_C_END }
#else
#define SSPI_STATIC_ASSERT(condition, text) _Static_assert(condition, text)
#define SSPI_EXTERN_C_BEGIN
#define SSPI_EXTERN_C_END
#endif

/* ---- Text ---- */

/* WCHAR is one unit of UTF-16. It is wchar_t where that has 16 bits (-fshort-wchar), so that L"" literals
 * fit; elsewhere it is char16_t, and u"" literals fit. SSPI_WIDE("x") is a literal of the right kind. */
#if defined(__SIZEOF_WCHAR_T__) && __SIZEOF_WCHAR_T__ == 2
#define SSPI_WIDE_(text) L##text
typedef wchar_t WCHAR;
#elif defined(__cplusplus)
#define SSPI_WIDE_(text) u##text
typedef char16_t WCHAR;
#else
#define SSPI_WIDE_(text) u##text
typedef uint_least16_t WCHAR; /* what <uchar.h> calls char16_t */
#endif
#define SSPI_WIDE(text) SSPI_WIDE_(text)

/* name##W with UNICODE, name##A without: the one place where a generic name chooses. */
#ifdef UNICODE
#define SSPI_NAME_AW(name) name##W
#define SSPI_NAME_UAW(name) name##_W
#else
#define SSPI_NAME_AW(name) name##A
#define SSPI_NAME_UAW(name) name##_A
#endif

#ifndef TEXT
#ifdef UNICODE
#define TEXT(text) SSPI_WIDE(text)
#else
#define TEXT(text) text
#endif
#endif

SSPI_STATIC_ASSERT(sizeof(WCHAR) == 2, "WCHAR is one 16-bit unit of UTF-16");

/* A program that brings full Windows types of the same layout (another portability layer) defines
 * SSPI_HAVE_WINDOWS_TYPES before the first header of ours. */
#if !defined(SSPI_HAVE_WINDOWS_TYPES) && !defined(WINPR_WTYPES_H) && !defined(_WINDEF_)

/* ---- Integers ---- */

typedef char CHAR;
typedef unsigned char UCHAR;
typedef unsigned char BYTE;
typedef unsigned char BOOLEAN;
typedef int16_t SHORT;
typedef uint16_t USHORT;
typedef uint16_t WORD;
typedef int INT;
typedef unsigned int UINT;
typedef int32_t LONG;
typedef uint32_t ULONG;
typedef uint32_t DWORD;
typedef int BOOL;
typedef int64_t LONGLONG;
typedef uint64_t ULONGLONG;
typedef int64_t LONG64;
typedef uint64_t ULONG64;
typedef uint64_t DWORD64;
typedef intptr_t INT_PTR;
typedef uintptr_t UINT_PTR;
typedef intptr_t LONG_PTR;
typedef uintptr_t ULONG_PTR;
typedef uintptr_t DWORD_PTR;
typedef size_t SIZE_T;
typedef LONG HRESULT;
typedef LONG NTSTATUS;

/* ---- Pointers ---- */

typedef void *PVOID;
typedef void *LPVOID;
typedef const void *LPCVOID;
typedef CHAR *PCHAR;
typedef CHAR *PSTR;
typedef CHAR *LPSTR;
typedef const CHAR *PCSTR;
typedef const CHAR *LPCSTR;
typedef WCHAR *PWCHAR;
typedef WCHAR *PWSTR;
typedef WCHAR *LPWSTR;
typedef const WCHAR *PCWSTR;
typedef const WCHAR *LPCWSTR;
typedef UCHAR *PUCHAR;
typedef BYTE *PBYTE;
typedef BYTE *LPBYTE;
typedef BOOLEAN *PBOOLEAN;
typedef USHORT *PUSHORT;
typedef WORD *PWORD;
typedef LONG *PLONG;
typedef ULONG *PULONG;
typedef DWORD *PDWORD;
typedef DWORD *LPDWORD;
typedef BOOL *PBOOL;
typedef ULONG_PTR *PULONG_PTR;

typedef void *HANDLE;
typedef HANDLE *PHANDLE;
typedef HANDLE *LPHANDLE;
typedef void *HWND;

/* ---- Structures ---- */

typedef union _LARGE_INTEGER {
    SSPI_EXTENSION struct {
        DWORD LowPart;
        LONG HighPart;
    };
    struct {
        DWORD LowPart;
        LONG HighPart;
    } u;
    LONGLONG QuadPart;
} LARGE_INTEGER, *PLARGE_INTEGER;

/** 100 ns ticks since 1601-01-01 UTC. */
typedef struct _FILETIME {
    DWORD dwLowDateTime;
    DWORD dwHighDateTime;
} FILETIME, *PFILETIME, *LPFILETIME;

typedef struct _LUID {
    DWORD LowPart;
    LONG HighPart;
} LUID, *PLUID;

#ifndef GUID_DEFINED
#define GUID_DEFINED
typedef struct _GUID {
    ULONG Data1;
    USHORT Data2;
    USHORT Data3;
    UCHAR Data4[8];
} GUID;
#endif

/** Counted UTF-16 text; both lengths are in bytes. */
typedef struct _UNICODE_STRING {
    USHORT Length;
    USHORT MaximumLength;
    _Field_size_bytes_(MaximumLength) PWSTR Buffer;
} UNICODE_STRING, *PUNICODE_STRING;
typedef const UNICODE_STRING *PCUNICODE_STRING;

/** Counted 8-bit text; both lengths are in bytes. */
typedef struct _STRING {
    USHORT Length;
    USHORT MaximumLength;
    _Field_size_bytes_(MaximumLength) PCHAR Buffer;
} STRING, *PSTRING;

#ifdef UNICODE
typedef WCHAR TCHAR, *PTCHAR;
typedef LPWSTR PTSTR, LPTSTR;
typedef LPCWSTR PCTSTR, LPCTSTR;
#else
typedef CHAR TCHAR, *PTCHAR;
typedef LPSTR PTSTR, LPTSTR;
typedef LPCSTR PCTSTR, LPCTSTR;
#endif

#endif /* no Windows types yet */

/* Size of the last array member of a structure that continues behind it. */
#ifndef ANYSIZE_ARRAY
#define ANYSIZE_ARRAY 1
#endif

/* A foreign definition with 64-bit longs would shift every structure below in silence. */
SSPI_STATIC_ASSERT(sizeof(ULONG) == 4 && sizeof(LONG) == 4 && sizeof(DWORD) == 4, "32-bit longs");
SSPI_STATIC_ASSERT(sizeof(USHORT) == 2 && sizeof(UCHAR) == 1, "Windows' short and char");
SSPI_STATIC_ASSERT(sizeof(ULONG_PTR) == sizeof(void *), "ULONG_PTR holds a pointer");
SSPI_STATIC_ASSERT(sizeof(LARGE_INTEGER) == 8 && sizeof(FILETIME) == 8 && sizeof(LUID) == 8,
                   "64-bit times and identifiers");
SSPI_STATIC_ASSERT(sizeof(GUID) == 16, "GUID without padding");

#endif
