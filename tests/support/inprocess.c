/*
 * The in-process runner: every Test() of the linked files, one after another, in one process and without fork.
 * Usage: [--filter GLOB] [--list]; the glob is matched against "suite/name". Exit 1 on a failure or when no test ran.
 */
#include "inprocess.h"

#include <fnmatch.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct inprocess_test *first_test;
static struct inprocess_test **last_link = &first_test;
static const struct inprocess_test *running;
static pthread_t main_thread;
static jmp_buf leave;

enum outcome { PASSED, FAILED, SKIPPED, OUTCOMES };

void inprocess_register(struct inprocess_test *test)
{
    *last_link = test;
    last_link = &test->next;
}

void inprocess_fail(const char *file, int line, const char *what, const char *format, ...)
{
    va_list arguments;

    printf("%s:%d: %s/%s: %s:", file, line, running ? running->suite : "", running ? running->name : "", what);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    if (!running || !pthread_equal(pthread_self(), main_thread))
        _exit(1);
    longjmp(leave, FAILED);
}

void inprocess_skip(void)
{
    fflush(stdout);
    longjmp(leave, SKIPPED);
}

/* PASSED where `part` came to its end. */
static enum outcome part_run(void (*part)(void))
{
    switch (setjmp(leave)) {
    case PASSED:
        if (part)
            part();
        return PASSED;
    case SKIPPED:
        return SKIPPED;
    default:
        return FAILED;
    }
}

static enum outcome test_run(const struct inprocess_test *test)
{
    enum outcome outcome;

    running = test;
    outcome = part_run(test->init);
    if (outcome == PASSED)
        outcome = part_run(test->body);
    /* As under Criterion, a failed test is tidied up too. */
    if (part_run(test->fini) == FAILED)
        outcome = FAILED;
    running = NULL;
    return outcome;
}

static bool test_selected(const struct inprocess_test *test, const char *filter)
{
    char name[256];

    snprintf(name, sizeof name, "%s/%s", test->suite, test->name);
    return !filter || fnmatch(filter, name, 0) == 0;
}

static int tests_list(const char *filter)
{
    for (const struct inprocess_test *test = first_test; test; test = test->next)
        if (test_selected(test, filter))
            printf("%s/%s\n", test->suite, test->name);
    return 0;
}

static int tests_run(const char *filter)
{
    unsigned counts[OUTCOMES] = {0};

    for (const struct inprocess_test *test = first_test; test; test = test->next) {
        if (test_selected(test, filter))
            counts[test_run(test)]++;
    }
    if (counts[PASSED] + counts[FAILED] + counts[SKIPPED] == 0)
        fprintf(stderr, "no test selected\n");
    printf("%u passed, %u failed, %u skipped\n", counts[PASSED], counts[FAILED], counts[SKIPPED]);
    return counts[PASSED] + counts[SKIPPED] > 0 && counts[FAILED] == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    const char *filter = NULL;
    bool list = false;

    main_thread = pthread_self();
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc) {
            filter = argv[++i];
        } else if (strcmp(argv[i], "--list") == 0) {
            list = true;
        } else {
            fprintf(stderr, "usage: %s [--filter GLOB] [--list]\n", argv[0]);
            return 2;
        }
    }
    return list ? tests_list(filter) : tests_run(filter);
}
