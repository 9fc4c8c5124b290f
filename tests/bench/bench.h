/*
 * The timing core of every benchmark program: one operation is timed singly, the acceptor's part of it apart.
 * Each program prints lines of `case <tab> total ns <tab> acceptor ns`; run.sh collects them over interleaved rounds.
 *
 * Under callgrind nothing is timed: a fixed number of operations is executed and the instructions are dumped
 * twice, of the whole operation and of the acceptor alone (see count.sh).
 *
 * Environment: BENCH_SECS seconds per case (default 0.3), BENCH_ONLY substring a case must contain,
 * BENCH_COUNT operations under callgrind (default 20).
 */
#ifndef SSPI_BENCH_H
#define SSPI_BENCH_H

#include <stddef.h>
#include <stdint.h>

/* Returns 0, or the number of the step that failed: a benchmark that does not work must not be timed. */
typedef int (*bench_fn)(void *argument);

void bench_case(const char *name, bench_fn operation, void *argument);

/* Around what the acceptor does within an operation. */
void bench_acceptor_begin(void);
void bench_acceptor_end(void);

/* Prints a figure that is not a time, in the same format. */
void bench_figure(const char *name, double value);

/* Whether BENCH_ONLY leaves this case in. */
int bench_wanted(const char *name);

/* Whether instructions are counted: no times then, and figures that are neither have no meaning. */
int bench_counting(void);

double bench_median(double *values, size_t size); /* sorts them */
uint64_t bench_now_ns(void);
double bench_seconds(void);

/* Ends the program: `step` of `name` failed. */
_Noreturn void bench_die(const char *name, int step);

#endif
