/* The doubles themselves: the allocator, the clock and the randomness of the core are the tests' own here. */
#include "test.h"

#include "base/clock.h"
#include "base/memory.h"
#include "crypto/random.h"
#include "doubles.h"

static void doubles_reset(void)
{
    memory_fail_at(0);
    random_fail(false);
    random_script(NULL, 0);
}

Test(doubles, nth_allocation_fails_once, .fini = doubles_reset)
{
    size_t live = memory_live();
    void *memory[3];

    memory_fail_at(2);
    for (size_t i = 0; i < 3; i++)
        memory[i] = mem_alloc(8);
    cr_assert(memory[0] && !memory[1] && memory[2]);
    cr_assert_eq(memory_count(), 3);
    cr_assert_eq(memory_live(), live + 2);
    mem_free(memory[0]);
    mem_free_secret(memory[2], 8);
    cr_assert_eq(memory_live(), live);
}

Test(doubles, all_allocations_fail_from_the_nth, .fini = doubles_reset)
{
    char *first;

    memory_fail_from(2);
    first = mem_strdup("x");
    cr_assert_not_null(first);
    cr_assert_null(mem_zalloc(1));
    cr_assert_null(mem_array(1, 1));
    cr_assert_null(mem_dup("x", 1));
    mem_free(first);
}

Test(doubles, clock_stands_until_moved)
{
    int64_t now = clock_now(), monotonic = clock_monotonic_ms();

    cr_assert_eq(clock_now(), now);
    clock_advance_ms(1500);
    cr_assert_eq(clock_now(), now + 3 * CLOCK_TICKS_PER_SECOND / 2);
    cr_assert_eq(clock_monotonic_ms(), monotonic + 1500);
    clock_set_zone(-60);
    cr_assert_eq(clock_to_local(now), now - 3600 * CLOCK_TICKS_PER_SECOND);
    cr_assert_eq(clock_to_local(CLOCK_FOREVER), CLOCK_FOREVER);
    clock_set_zone(0);
    clock_set(now);
    cr_assert_eq(clock_now(), now);
}

Test(doubles, random_follows_its_script, .fini = doubles_reset)
{
    uint8_t first[4], second[16], third[16];

    random_script("\1\2\3\4\5\6", 6);
    cr_assert(random_bytes(first, sizeof first));
    assert_mem_eq(first, "\1\2\3\4", 4);
    cr_assert(random_bytes(second, sizeof second));
    assert_mem_eq(second, "\5\6", 2);
    cr_assert_eq(random_draws(), 2);
    random_script(NULL, 0);
    cr_assert(random_bytes(second, sizeof second) && random_bytes(third, sizeof third));
    cr_assert(memcmp(second, third, sizeof second) != 0);
    random_script(NULL, 0);
    cr_assert(random_bytes(third, sizeof third));
    assert_mem_eq(third, second, sizeof third);
    random_fail(true);
    cr_assert(!random_bytes(third, sizeof third));
}
