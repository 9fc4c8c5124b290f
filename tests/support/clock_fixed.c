/*
 * Stands in for base/clock.c: time stands still until a test moves it.
 */
#include "doubles.h"

#include <stdatomic.h>

#include "base/clock.h"

#define START_OF_2024 INT64_C(133485408000000000)

static _Atomic int64_t now = START_OF_2024;
static _Atomic int64_t monotonic_ms = 1000000;
static atomic_int zone_minutes;

void clock_set(int64_t filetime)
{
    atomic_store(&now, filetime);
}

void clock_advance_ms(int64_t milliseconds)
{
    atomic_fetch_add(&now, milliseconds * (CLOCK_TICKS_PER_SECOND / 1000));
    atomic_fetch_add(&monotonic_ms, milliseconds);
}

void clock_set_zone(int minutes_east)
{
    atomic_store(&zone_minutes, minutes_east);
}

int64_t clock_now(void)
{
    return atomic_load(&now);
}

int64_t clock_to_local(int64_t utc)
{
    return utc == CLOCK_FOREVER ? utc : utc + atomic_load(&zone_minutes) * 60 * CLOCK_TICKS_PER_SECOND;
}

int64_t clock_monotonic_ms(void)
{
    return atomic_load(&monotonic_ms);
}
