#include "base/live.h"
#include "test.h"

Test(live, many_come_and_go)
{
    static char places[3000];
    bool last;

    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < sizeof places; i++)
            cr_assert(live_add(&places[i], i % 2 ? LIVE_STORE : LIVE_CERTIFICATE));
        cr_assert_eq(live_count(), sizeof places);
        for (size_t i = 0; i < sizeof places; i++) {
            cr_assert_not(live_hold(&places[i], i % 2 ? LIVE_CERTIFICATE : LIVE_STORE));
            cr_assert(live_hold(&places[i], i % 2 ? LIVE_STORE : LIVE_CERTIFICATE));
            cr_assert(live_drop(&places[i], i % 2 ? LIVE_STORE : LIVE_CERTIFICATE, &last) && !last);
        }
        for (size_t i = sizeof places; i-- > 0;)
            cr_assert(live_drop(&places[i], i % 2 ? LIVE_STORE : LIVE_CERTIFICATE, &last) && last);
        cr_assert_eq(live_count(), 0);
    }
}
