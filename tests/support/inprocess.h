/*
 * Criterion's macros, as far as test.h promises them, for one process and no fork: what thread sanitizers and
 * valgrind can follow. Included by test.h when SSPI_TEST_INPROCESS is defined; inprocess.c is the main program.
 */
#ifndef SSPI_TESTS_INPROCESS_H
#define SSPI_TESTS_INPROCESS_H

#include <stdbool.h>
#include <string.h>

/* One test. Lives in static storage; `timeout` is read by Criterion only (the caller bounds the whole process). */
struct inprocess_test {
    const char *suite;
    const char *name;
    void (*body)(void);
    void (*init)(void);
    void (*fini)(void);
    double timeout;
    struct inprocess_test *next;
};

/* Called by constructors, before main. */
void inprocess_register(struct inprocess_test *test);

/* Prints one line and leaves the test by longjmp; called off the main thread it ends the process, which then fails. */
_Noreturn void inprocess_fail(const char *file, int line, const char *what, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Leaves the test, which counts as skipped; on the main thread only. */
_Noreturn void inprocess_skip(void);

/* The blank before the message lets a call without one compile: adjacent literals join. */
#define INPROCESS_CHECK(holds, text, ...)                                                                              \
    do {                                                                                                               \
        if (!(holds))                                                                                                  \
            inprocess_fail(__FILE__, __LINE__, text, " " __VA_ARGS__);                                                 \
    } while (0)

#define cr_assert(condition, ...) INPROCESS_CHECK((condition), #condition, __VA_ARGS__)
#define cr_assert_not(condition, ...) INPROCESS_CHECK(!(condition), "not " #condition, __VA_ARGS__)
#define cr_assert_eq(a, b, ...) INPROCESS_CHECK((a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) INPROCESS_CHECK((a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) INPROCESS_CHECK((a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) INPROCESS_CHECK((a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) INPROCESS_CHECK((a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) INPROCESS_CHECK((a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(a, ...) INPROCESS_CHECK((a) == NULL, #a " is NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...) INPROCESS_CHECK((a) != NULL, #a " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...) INPROCESS_CHECK(strcmp((a), (b)) == 0, #a " reads " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...) INPROCESS_CHECK(strcmp((a), (b)) != 0, #a " does not read " #b, __VA_ARGS__)
#define cr_assert_fail(...) inprocess_fail(__FILE__, __LINE__, "failed", " " __VA_ARGS__)

#define Test(suite_, name_, ...)                                                                                       \
    static void suite_##_##name_##_body(void);                                                                         \
    static struct inprocess_test suite_##_##name_##_test = {                                                           \
        .suite = #suite_, .name = #name_, .body = suite_##_##name_##_body, __VA_ARGS__};                               \
    __attribute__((constructor)) static void suite_##_##name_##_register(void)                                         \
    {                                                                                                                  \
        inprocess_register(&suite_##_##name_##_test);                                                                  \
    }                                                                                                                  \
    static void suite_##_##name_##_body(void)

#endif
