/*
 * Handshakes of two threads against those of two processes: by the clock and by CPU time, which other programs on the
 * machine disturb less.
 */
#ifndef SSPI_BENCH_PARALLEL_H
#define SSPI_BENCH_PARALLEL_H

#include "bench.h"

/*
 * Prints the rates of `handshake`, each worker with its own copy of the `size` bytes at `argument`. `package` is in the
 * cases' names, with a blank behind it; empty for NTLM.
 */
void parallel_compare(const char *package, bench_fn handshake, const void *argument, size_t size);

#endif
