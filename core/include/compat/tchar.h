/* A small stand-in for Windows' header of the same name: text that is UTF-16 with UNICODE and 8-bit without.
 * The C library has no functions for 16-bit text, so names for those exist only without UNICODE. */
#ifndef SSPI_COMPAT_TCHAR_H
#define SSPI_COMPAT_TCHAR_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sspi_types.h"

#if defined(_UNICODE) != defined(UNICODE)
#error "define both UNICODE (headers) and _UNICODE (tchar.h), or none"
#endif

#ifndef _T
#define _T(text) TEXT(text)
#endif
#ifndef _TEXT
#define _TEXT(text) TEXT(text)
#endif

#ifndef _UNICODE
#define _tmain main
#define _tcslen strlen
#define _tcscmp strcmp
#define _tcsncmp strncmp
#define _tcscpy strcpy
#define _tcsncpy strncpy
#define _tcsdup strdup
#define _tcscat strcat
#define _tcschr strchr
#define _tcsrchr strrchr
#define _tcsstr strstr
#define _tprintf printf
#define _ftprintf fprintf
#define _stprintf sprintf
#define _sntprintf snprintf
#define _fputts fputs
#define _ttoi atoi
#define _tgetenv getenv
#endif

#endif
