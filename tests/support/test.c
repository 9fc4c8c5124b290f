/*
 * The assertions that Criterion lacks, compiled once for Criterion and once for the in-process runner.
 */
#include "test.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_BYTES = 16 };

/* At most SHOWN_BYTES of `size` bytes, in hex. */
static void bytes_show(const uint8_t *bytes, size_t size, char text[3 * SHOWN_BYTES + 1])
{
    text[0] = '\0';
    for (size_t i = 0; i < size && i < SHOWN_BYTES; i++)
        snprintf(text + 3 * i, 4, "%02x ", bytes[i]);
}

void test_mem_eq(const char *file, int line, const void *actual, const void *expected, size_t size)
{
    const uint8_t *left = (const uint8_t *)actual;
    const uint8_t *right = (const uint8_t *)expected;
    char got[3 * SHOWN_BYTES + 1];
    char want[3 * SHOWN_BYTES + 1];
    size_t at = 0;

    if (size == 0)
        return;
    if (!left || !right)
        cr_assert_fail("%s:%d: %s bytes are NULL", file, line, left ? "expected" : "actual");
    while (at < size && left[at] == right[at])
        at++;
    if (at == size)
        return;
    bytes_show(left + at, size - at, got);
    bytes_show(right + at, size - at, want);
    cr_assert_fail("%s:%d: bytes differ at %zu of %zu: got %swant %s", file, line, at, size, got, want);
}

void test_status(const char *file, int line, SECURITY_STATUS actual, SECURITY_STATUS expected)
{
    if (actual != expected)
        cr_assert_fail("%s:%d: status 0x%08x, expected 0x%08x", file, line, (unsigned)actual, (unsigned)expected);
}

/* One write: tests under Criterion run at the same time. The in-process runner counts for itself. */
_Noreturn void test_skipped(const char *file, int line, const char *reason, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, reason);
    vsnprintf(text, sizeof text, reason, arguments);
    va_end(arguments);
#ifdef SSPI_TEST_INPROCESS
    printf("SKIP %s:%d: %s\n", file, line, text);
    inprocess_skip();
#else
    printf("SKIP %s:%d: %s\n0 passed, 0 failed, 1 skipped\n", file, line, text);
    fflush(stdout);
    cr_skip_test();
    abort();
#endif
}

static int hex_digit(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

size_t test_hex(const char *hex, void *out, size_t room)
{
    uint8_t *bytes = (uint8_t *)out;
    size_t digits = 0;

    for (const char *at = hex; *at; at++) {
        int value = hex_digit(*at);

        if (*at == ' ' || *at == '\t' || *at == '\r' || *at == '\n')
            continue;
        if (value < 0 || digits / 2 >= room)
            cr_assert_fail("hex string: %s at character %zu", value < 0 ? "not a digit" : "no room",
                           (size_t)(at - hex));
        if (digits % 2 == 0)
            bytes[digits / 2] = (uint8_t)(value << 4);
        else
            bytes[digits / 2] = (uint8_t)(bytes[digits / 2] | value);
        digits++;
    }
    if (digits % 2 != 0)
        cr_assert_fail("hex string: odd number of digits");
    return digits / 2;
}
