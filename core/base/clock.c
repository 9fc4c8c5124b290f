/*
 * The system's clocks as FILETIME ticks. Alone in its object, so that a test can link a fixed clock in its place.
 */
#include "base/clock.h"

#include <time.h>

#define SECONDS_1601_TO_1970 INT64_C(11644473600)

int64_t clock_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (now.tv_sec + SECONDS_1601_TO_1970) * CLOCK_TICKS_PER_SECOND + now.tv_nsec / 100;
}

int64_t clock_to_local(int64_t utc)
{
    time_t seconds = utc / CLOCK_TICKS_PER_SECOND - SECONDS_1601_TO_1970;
    struct tm local;
    int64_t result;

    if (utc == CLOCK_FOREVER || !localtime_r(&seconds, &local))
        return utc;
    if (__builtin_add_overflow(utc, local.tm_gmtoff * CLOCK_TICKS_PER_SECOND, &result))
        return CLOCK_FOREVER;
    return result;
}

int64_t clock_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
