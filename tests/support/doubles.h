/*
 * What stands in for objects of the core in tests: a folder's replace.txt names the files, one a line, and the linker
 * takes their functions in place of the core's. Each file can be used without the others. Tests put things back with
 * the call that takes 0, NULL or false.
 */
#ifndef SSPI_TESTS_DOUBLES_H
#define SSPI_TESTS_DOUBLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* memory_failing.c stands in for base/memory.c. Safe with threads. */

/* The nth allocation from now on (1 is the next) fails, once; 0: none fails. Also restarts memory_count(). */
void memory_fail_at(size_t nth);
/* The nth allocation from now on and all behind it fail, until memory_fail_at(0). */
void memory_fail_from(size_t nth);
/* How many allocations were asked for since. `for (n = 1; ...; n++)` ends when memory_count() < n. */
size_t memory_count(void);
/* How many allocations are not yet freed, since the start of the process. */
size_t memory_live(void);

/* clock_fixed.c stands in for base/clock.c. Local time is UTC plus clock_set_zone()'s minutes. */

/* Sets clock_now(); until then it is the start of 2024. */
void clock_set(int64_t filetime);
/* Moves clock_now() and clock_monotonic_ms() on. */
void clock_advance_ms(int64_t milliseconds);
void clock_set_zone(int minutes_east);

/* random_fixed.c stands in for crypto/random.c. */

/* The next bytes drawn, copied; at most 4096. Behind them, and without a script, a fixed sequence that never repeats.
 * NULL, 0 clears the script and starts that sequence anew. */
void random_script(const void *bytes, size_t size);
/* While true, every draw fails. */
void random_fail(bool fail);
/* How often random_bytes() was called since random_script(). */
size_t random_draws(void);

#endif
