/*
 * Notes why something failed. Names in these texts come from the peer: here they are made harmless for logs and
 * terminals.
 */
#include "base/failure.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf.h"

/* C0, DEL and C1 controls, line and paragraph separators, and the marks that turn the direction of writing. */
static bool is_control(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0) || (character >= 0x200E && character <= 0x200F)
           || (character >= 0x2028 && character <= 0x202E) || (character >= 0x2066 && character <= 0x2069);
}

void failure_text_clean(char *text, bool cut)
{
    struct bytes rest = bytes_of(text, strlen(text));
    char *out = text;

    while (rest.size) {
        const uint8_t *start = rest.data;
        uint32_t character;

        if (utf8_next(&rest, &character)) {
            size_t size = (size_t)(rest.data - start);

            if (is_control(character))
                *out++ = '?';
            else
                out = (char *)memmove(out, start, size) + size;
            continue;
        }
        if (cut && rest.size < 4 && start[0] >= 0xC2)
            break;
        *out++ = '?';
        rest = bytes_of(start + 1, rest.size - 1);
    }
    *out = '\0';
}

SECURITY_STATUS failure_set(struct failure *failure, SECURITY_STATUS status, ULONG reason, const char *format, ...)
{
    va_list arguments;
    int length;

    if (!failure)
        return status;
    failure->reason = reason;
    va_start(arguments, format);
    length = vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    if (length < 0)
        failure->text[0] = '\0';
    failure_text_clean(failure->text, length >= (int)sizeof failure->text);
    return status;
}
