/*
 * The only clock of the core. Times are FILETIME ticks: 100 ns since 1601-01-01 UTC.
 */
#ifndef SSPI_BASE_CLOCK_H
#define SSPI_BASE_CLOCK_H

#include <stdint.h>

#define CLOCK_TICKS_PER_SECOND INT64_C(10000000)
#define CLOCK_FOREVER INT64_C(0x7FFFFFFFFFFFFFFF) /* an expiry that never comes */

int64_t clock_now(void);             /* FILETIME, UTC */
int64_t clock_to_local(int64_t utc); /* FILETIME in local time, as SSPI reports expiries; CLOCK_FOREVER stays */
int64_t clock_monotonic_ms(void);

#endif
