#include <pthread.h>
#include <stdatomic.h>

#include "api/handle.h"
#include "doubles.h"
#include "trial.h"

static atomic_int destroyed;

static void destroy(void *object)
{
    (void)object;
    atomic_fetch_add(&destroyed, 1);
}

static SecHandle publish(enum handle_kind kind, void *object)
{
    struct handle_slot *slot = handle_reserve(kind, object, destroy);
    SecHandle handle;

    cr_assert_not_null(slot);
    handle_publish(slot, &handle);
    handle_unpin(slot);
    return handle;
}

Test(handle, pins_what_was_published)
{
    int object;
    struct handle_slot *slot;
    SecHandle handle = publish(HANDLE_CONTEXT, &object);

    cr_assert(SecIsValidHandle(&handle));
    cr_assert_eq(handle_pin(&handle, HANDLE_CONTEXT, &slot), &object);
    handle_unpin(slot);
    cr_assert(handle_retire(&handle, HANDLE_CONTEXT));
}

Test(handle, other_kind_is_refused)
{
    int object;
    struct handle_slot *slot;
    SecHandle handle = publish(HANDLE_CONTEXT, &object);

    cr_assert_null(handle_pin(&handle, HANDLE_CREDENTIAL, &slot));
    cr_assert_not(handle_retire(&handle, HANDLE_CREDENTIAL));
    cr_assert_not(handle_alive(&handle, HANDLE_CREDENTIAL));
    cr_assert(handle_retire(&handle, HANDLE_CONTEXT));
}

Test(handle, retired_object_lives_until_the_last_pin)
{
    int object;
    struct handle_slot *slot, *other;
    SecHandle handle = publish(HANDLE_CONTEXT, &object);

    atomic_store(&destroyed, 0);
    cr_assert_not_null(handle_pin(&handle, HANDLE_CONTEXT, &slot));
    cr_assert(handle_retire(&handle, HANDLE_CONTEXT));
    cr_assert_eq(atomic_load(&destroyed), 0);
    cr_assert(handle_retired(slot));
    cr_assert_null(handle_pin(&handle, HANDLE_CONTEXT, &other));
    cr_assert_not(handle_retire(&handle, HANDLE_CONTEXT));
    handle_unpin(slot);
    cr_assert_eq(atomic_load(&destroyed), 1);
}

Test(handle, slot_used_again_does_not_answer_to_the_old_handle)
{
    int object;
    SecHandle old = publish(HANDLE_CONTEXT, &object), fresh;
    struct handle_slot *slot;

    cr_assert(handle_retire(&old, HANDLE_CONTEXT));
    fresh = publish(HANDLE_CONTEXT, &object);
    cr_assert_eq(fresh.dwLower, old.dwLower);
    cr_assert_neq(fresh.dwUpper, old.dwUpper);
    cr_assert_null(handle_pin(&old, HANDLE_CONTEXT, &slot));
    cr_assert(handle_retire(&fresh, HANDLE_CONTEXT));
}

Test(handle, reserved_slot_is_nobodys_until_published)
{
    int object;
    struct handle_slot *slot = handle_reserve(HANDLE_CONTEXT, &object, destroy);

    atomic_store(&destroyed, 0);
    handle_unpin(slot);
    cr_assert_eq(atomic_load(&destroyed), 1);
}

Test(handle, made_up_handles)
{
    static const ULONG_PTR values[] = {
        0, 1, 2, 77, 0x7FFFFFFF, 0x80000000, (ULONG_PTR)-1, (ULONG_PTR)-2, 0x7F0012345678};
    struct handle_slot *slot;
    uint64_t random = 88172645463325252;

    cr_assert_null(handle_pin(NULL, HANDLE_CONTEXT, &slot));
    cr_assert_not(handle_retire(NULL, HANDLE_CONTEXT));
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        for (size_t k = 0; k < sizeof values / sizeof *values; k++) {
            SecHandle handle = {values[i], values[k]};

            cr_assert_null(handle_pin(&handle, HANDLE_CONTEXT, &slot));
            cr_assert_not(handle_retire(&handle, HANDLE_CREDENTIAL));
        }
    for (int i = 0; i < 100000; i++) {
        SecHandle handle;

        random ^= random << 13, random ^= random >> 7, random ^= random << 17;
        handle = (SecHandle){(ULONG_PTR)(random & 0xFFFFFF), (ULONG_PTR)(random >> 32)};
        cr_assert_null(handle_pin(&handle, HANDLE_CONTEXT, &slot));
    }
}

Test(handle, thirty_thousand_at_once)
{
    static SecHandle handles[30000];
    static int objects[30000];
    struct handle_slot *slot;
    size_t before = handle_count();

    for (int i = 0; i < 30000; i++)
        handles[i] = publish(HANDLE_CONTEXT, &objects[i]);
    cr_assert_eq(handle_count(), before + 30000);
    for (int i = 0; i < 30000; i++) {
        cr_assert_eq(handle_pin(&handles[i], HANDLE_CONTEXT, &slot), &objects[i]);
        handle_unpin(slot);
        cr_assert(handle_retire(&handles[i], HANDLE_CONTEXT));
    }
    cr_assert_eq(handle_count(), before);
}

/* ---- Threads: some pin, one retires; each object is destroyed once, after its last pin. ---- */

#define ROUNDS 3000

static SecHandle shared;
static atomic_int pinned;
static atomic_bool stop;

static void *pin_all_the_time(void *argument)
{
    struct handle_slot *slot;

    (void)argument;
    while (!atomic_load(&stop)) {
        SecHandle handle = {__atomic_load_n(&shared.dwLower, __ATOMIC_RELAXED),
                            __atomic_load_n(&shared.dwUpper, __ATOMIC_RELAXED)};
        atomic_int *object = handle_pin(&handle, HANDLE_CONTEXT, &slot);

        if (object) {
            if (atomic_load(object) != 1)
                __builtin_trap();
            atomic_fetch_add(&pinned, 1);
            handle_unpin(slot);
        }
    }
    return NULL;
}

static void destroy_counter(void *object)
{
    atomic_store((atomic_int *)object, 0);
    atomic_fetch_add(&destroyed, 1);
}

Test(handle, pinning_and_retiring_race)
{
    static atomic_int objects[ROUNDS];
    pthread_t threads[3];

    atomic_store(&destroyed, 0);
    for (int i = 0; i < 3; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, pin_all_the_time, NULL), 0);
    for (int i = 0; i < ROUNDS; i++) {
        struct handle_slot *slot;
        SecHandle handle;

        atomic_store(&objects[i], 1);
        slot = handle_reserve(HANDLE_CONTEXT, &objects[i], destroy_counter);
        handle_publish(slot, &handle);
        __atomic_store_n(&shared.dwLower, handle.dwLower, __ATOMIC_RELAXED);
        __atomic_store_n(&shared.dwUpper, handle.dwUpper, __ATOMIC_RELAXED);
        handle_unpin(slot);
        cr_assert(handle_retire(&handle, HANDLE_CONTEXT));
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    atomic_store(&stop, false);
    cr_assert_eq(atomic_load(&destroyed), ROUNDS);
}

Test(handle, no_memory_for_more_slots)
{
    static SecHandle handles[65536];
    int object, count = 0;
    struct handle_slot *slot = NULL;

    memory_fail_from(1);
    while (count < 65536 && (slot = handle_reserve(HANDLE_CONTEXT, &object, destroy)) != NULL) {
        handle_publish(slot, &handles[count++]);
        handle_unpin(slot);
    }
    memory_fail_at(0);
    cr_assert_null(slot);
    while (count > 0)
        cr_assert(handle_retire(&handles[--count], HANDLE_CONTEXT));
}
