/*
 * Faults planted on purpose, one a macro: selftest.sh builds this file with each and expects the run to turn red.
 */
#include "test.h"

#include <pthread.h>
#include <stdlib.h>

static void *keep;
static int shared;

static void *race(void *argument)
{
    shared++;
    return argument;
}

#ifndef PLANT_NOTHING
Test(planted, sound)
{
    cr_assert_eq(shared, 0);
}
#endif

#ifdef PLANT_FAILURE
Test(planted, failure)
{
    assert_mem_eq("abc", "abd", 3);
}
#endif

#ifdef PLANT_SKIP
Test(planted, skip)
{
    test_skip("there is no %s here", "thing");
}
#endif

#ifdef PLANT_LEAK
Test(planted, leak)
{
    keep = malloc(100);
    cr_assert_not_null(keep);
    keep = NULL;
}
#endif

#ifdef PLANT_OVERFLOW
Test(planted, overflow)
{
    volatile int large = 0x7fffffff;

    large = large + 1;
    cr_assert_lt(large, 0);
}
#endif

#ifdef PLANT_RACE
Test(planted, race)
{
    pthread_t thread;

    cr_assert_eq(pthread_create(&thread, NULL, race, NULL), 0);
    race(NULL);
    cr_assert_eq(pthread_join(thread, NULL), 0);
}
#endif

void planted_unused(void)
{
    race(keep);
}
