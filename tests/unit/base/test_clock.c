/* The clock: FILETIME against the C library's time. */
#include "test.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"

#define UNIX_EPOCH INT64_C(116444736000000000) /* 1970-01-01 as a FILETIME, [MS-DTYP] 2.3.3 */

static void zone_set(const char *zone)
{
    setenv("TZ", zone, 1);
    tzset();
}

static void zone_reset(void)
{
    unsetenv("TZ");
    tzset();
}

Test(clock, now_is_filetime)
{
    time_t before = time(NULL);
    int64_t now = clock_now();
    time_t after = time(NULL);

    cr_assert_geq(now, UNIX_EPOCH + before * CLOCK_TICKS_PER_SECOND);
    cr_assert_lt(now, UNIX_EPOCH + (after + 2) * CLOCK_TICKS_PER_SECOND);
}

Test(clock, local_time_follows_the_zone, .fini = zone_reset)
{
    int64_t utc = UNIX_EPOCH + 3;

    zone_set("XXX-2");
    cr_assert_eq(clock_to_local(utc), utc + 2 * 3600 * CLOCK_TICKS_PER_SECOND);
    zone_set("XXX+5:30");
    cr_assert_eq(clock_to_local(utc), utc - 19800 * CLOCK_TICKS_PER_SECOND);
}

Test(clock, summer_time_is_that_of_the_date, .fini = zone_reset)
{
    int64_t january = UNIX_EPOCH + INT64_C(1704067200) * CLOCK_TICKS_PER_SECOND; /* 2024-01-01 */
    int64_t july = UNIX_EPOCH + INT64_C(1719792000) * CLOCK_TICKS_PER_SECOND;    /* 2024-07-01 */

    zone_set("CET-1CEST,M3.5.0,M10.5.0/3");
    cr_assert_eq(clock_to_local(january) - january, 3600 * CLOCK_TICKS_PER_SECOND);
    cr_assert_eq(clock_to_local(july) - july, 7200 * CLOCK_TICKS_PER_SECOND);
}

Test(clock, forever_stays_and_nothing_wraps, .fini = zone_reset)
{
    zone_set("XXX-12");
    cr_assert_eq(clock_to_local(CLOCK_FOREVER), CLOCK_FOREVER);
    cr_assert_eq(clock_to_local(CLOCK_FOREVER - 1), CLOCK_FOREVER);
}

Test(clock, monotonic_does_not_go_back)
{
    int64_t first = clock_monotonic_ms();

    for (int i = 0; i < 1000; i++)
        cr_assert_geq(clock_monotonic_ms(), first);
}
