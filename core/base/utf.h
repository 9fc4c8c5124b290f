/*
 * Text: UTF-8 inside, UTF-16LE on the wire and at the W edge. Malformed text is refused, never repaired.
 */
#ifndef SSPI_BASE_UTF_H
#define SSPI_BASE_UTF_H

#include "base/attributes.h"
#include "base/bytes.h"
#include "sspi.h"

/* No overlong forms, no surrogates, nothing above U+10FFFF, no embedded NUL. */
MUST_CHECK bool utf8_valid(struct bytes text);

/* Takes one character (a NUL too) from the front; false, leaving `rest` as it is, at the end or before malformed text.
 */
MUST_CHECK bool utf8_next(struct bytes *rest, uint32_t *character);

/*
 * Conversions. `*out` is allocated with mem_alloc, terminated (one NUL char / one NUL code unit beyond the size).
 * SEC_E_INVALID_PARAMETER for malformed text (unpaired surrogate, odd size, embedded NUL), SEC_E_INSUFFICIENT_MEMORY.
 * On failure `*out` is NULL.
 */
MUST_CHECK SECURITY_STATUS utf8_from_utf16le(struct bytes text, char **out);
MUST_CHECK SECURITY_STATUS utf16le_from_utf8(struct bytes text, uint8_t **out, size_t *out_size /* bytes */);

/* OEM text of old peers is read as ISO 8859-1. Same contract. */
MUST_CHECK SECURITY_STATUS utf8_from_oem(struct bytes text, char **out);

/*
 * Simple upper-casing of UTF-16LE in place, code unit by code unit as NTLM does ([MS-NLMP] 6, Uppercase). Only letters
 * with a capital of their own are mapped, as Windows does; see unicode_upper.py for the rule.
 */
void utf16le_uppercase(uint8_t *text, size_t size);

/* The same mapping of one code unit, and equality of two UTF-8 names under it (case-insensitive). */
uint16_t utf16_upper(uint16_t unit);
MUST_CHECK bool utf8_same_name(const char *a, const char *b);

/* `text` folded by the same mapping, as a key for look-ups; allocated; NULL without memory or for malformed text. */
MUST_CHECK char *utf8_uppercase(const char *text);

#endif
