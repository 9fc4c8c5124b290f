/*
 * The timing core, see bench.h. Every operation is timed by itself and the median counts, so that one that was
 * preempted does not; operations below 2 us are timed by CPU time over the whole case instead.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>

enum { SAMPLES_MAX = 1 << 18, BATCH = 64, WARM_OPERATIONS = 5, SHORT_NS = 2000 };

static enum { TIMING, COUNTING_ALL, COUNTING_ACCEPTOR } mode;
static _Thread_local uint64_t acceptor_ns, acceptor_started;
static double samples[SAMPLES_MAX], acceptor_samples[SAMPLES_MAX];

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t bench_now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

void bench_acceptor_begin(void)
{
    if (mode == COUNTING_ACCEPTOR)
        CALLGRIND_TOGGLE_COLLECT;
    else if (mode == TIMING)
        acceptor_started = bench_now_ns();
}

void bench_acceptor_end(void)
{
    if (mode == COUNTING_ACCEPTOR)
        CALLGRIND_TOGGLE_COLLECT;
    else if (mode == TIMING)
        acceptor_ns += bench_now_ns() - acceptor_started;
}

static double from_environment(const char *name, double fallback)
{
    const char *value = getenv(name);

    return value && *value ? strtod(value, NULL) : fallback;
}

double bench_seconds(void)
{
    return from_environment("BENCH_SECS", 0.3);
}

int bench_wanted(const char *name)
{
    const char *only = getenv("BENCH_ONLY");

    return !only || strstr(name, only) != NULL;
}

int bench_counting(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

void bench_die(const char *name, int step)
{
    fprintf(stderr, "bench: %s failed at step %d\n", name, step);
    exit(1);
}

void bench_figure(const char *name, double value)
{
    printf("%s\t%.1f\t0\n", name, value);
    fflush(stdout);
}

static void operate(const char *name, bench_fn operation, void *argument)
{
    int step = operation(argument);

    if (step)
        bench_die(name, step);
}

static void count(const char *name, bench_fn operation, void *argument)
{
    int operations = (int)from_environment("BENCH_COUNT", 20);
    char tag[256];

    for (int i = 0; i < WARM_OPERATIONS; i++)
        operate(name, operation, argument);
    for (mode = COUNTING_ALL; mode <= COUNTING_ACCEPTOR; mode++) {
        CALLGRIND_ZERO_STATS;
        for (int i = 0; i < operations; i++) {
            if (mode == COUNTING_ALL)
                CALLGRIND_TOGGLE_COLLECT;
            operate(name, operation, argument);
            if (mode == COUNTING_ALL)
                CALLGRIND_TOGGLE_COLLECT;
        }
        snprintf(tag, sizeof tag, "%s|%s|%d", name, mode == COUNTING_ALL ? "total" : "acceptor", operations);
        CALLGRIND_DUMP_STATS_AT(tag);
    }
    mode = TIMING;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median(double *values, size_t size)
{
    qsort(values, size, sizeof *values, compare);
    return size % 2 ? values[size / 2] : (values[size / 2 - 1] + values[size / 2]) / 2;
}

/* CPU time of one operation, over as many as fit. */
static double time_batches(const char *name, bench_fn operation, void *argument, double seconds)
{
    uint64_t end = bench_now_ns() + (uint64_t)(seconds * 1e9), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    double operations = 0;

    do {
        for (int i = 0; i < BATCH; i++)
            operate(name, operation, argument);
        operations += BATCH;
    } while (bench_now_ns() < end);
    return (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / operations;
}

static void time_singly(const char *name, bench_fn operation, void *argument)
{
    uint64_t end = bench_now_ns() + (uint64_t)(bench_seconds() * 1e9);
    size_t taken = 0;

    do {
        uint64_t start = bench_now_ns();

        acceptor_ns = 0;
        operate(name, operation, argument);
        samples[taken] = (double)(bench_now_ns() - start);
        acceptor_samples[taken++] = (double)acceptor_ns;
    } while (bench_now_ns() < end && taken < SAMPLES_MAX);
    printf("%s\t%.1f\t%.1f\n", name, bench_median(samples, taken), bench_median(acceptor_samples, taken));
}

void bench_case(const char *name, bench_fn operation, void *argument)
{
    if (!bench_wanted(name))
        return;
    if (bench_counting()) {
        count(name, operation, argument);
        return;
    }
    if (time_batches(name, operation, argument, bench_seconds() / 10) > SHORT_NS)
        time_singly(name, operation, argument);
    else
        printf("%s\t%.1f\t0\n", name, time_batches(name, operation, argument, bench_seconds()));
    fflush(stdout);
}
