/*
 * Text at the edge: UTF-8 inside, UTF-8 or UTF-16 towards the caller. ansi.c implements it.
 */
#ifndef SSPI_API_TEXT_H
#define SSPI_API_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "sspi.h"

/* Characters a caller's string may have; nothing that names or authenticates somebody comes near. */
#define TEXT_MAX 32767

/* A caller's terminated string as UTF-8; mem_free. NULL gives NULL. SEC_E_INVALID_PARAMETER, SEC_E_INSUFFICIENT_MEMORY.
 */
MUST_CHECK SECURITY_STATUS text_from_wide(const SEC_WCHAR *text, char **out);
MUST_CHECK SECURITY_STATUS text_check_ansi(const char *text);

/* `count` characters (code units or bytes) at `text` as UTF-8; NULL gives NULL. Same statuses. */
MUST_CHECK SECURITY_STATUS text_from_counted(bool wide, const void *text, size_t count, char **out);

/* A copy of `text` for the caller in its own form, as a context buffer. SEC_E_INSUFFICIENT_MEMORY,
 * SEC_E_INTERNAL_ERROR. */
MUST_CHECK SECURITY_STATUS text_to_caller(bool wide, const char *text, void **out);

/* The same in two steps, for several strings in one allocation: the bytes needed with the terminator, then the bytes.
 */
MUST_CHECK SECURITY_STATUS text_measure(bool wide, const char *text, size_t *size);
MUST_CHECK SECURITY_STATUS text_store(bool wide, const char *text, void *out, size_t size);

#endif
