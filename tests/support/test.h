/*
 * Unit tests are written against this header: Criterion's macros, or the in-process runner's of the same names.
 */
#ifndef SSPI_TESTS_TEST_H
#define SSPI_TESTS_TEST_H

#ifdef SSPI_TEST_INPROCESS
#include "inprocess.h"
#else
#include <criterion/criterion.h>
#endif

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "sspi.h"

/* Byte strings equal, shown in hex at the first difference. */
void test_mem_eq(const char *file, int line, const void *actual, const void *expected, size_t size);
void test_status(const char *file, int line, SECURITY_STATUS actual, SECURITY_STATUS expected);

#define assert_mem_eq(actual, expected, size) test_mem_eq(__FILE__, __LINE__, (actual), (expected), (size))
#define assert_status(actual, expected) test_status(__FILE__, __LINE__, (actual), (expected))

/* Ends the test here: it is counted as skipped, and the reason is shown to whoever runs all tests. */
#define test_skip(...) test_skipped(__FILE__, __LINE__, __VA_ARGS__)
_Noreturn void test_skipped(const char *file, int line, const char *reason, ...) __attribute__((format(printf, 3, 4)));

/* Bytes of a hex string (blanks skipped) into `out`; the test fails if it does not fit. Returns the count. */
size_t test_hex(const char *hex, void *out, size_t room);

#endif
