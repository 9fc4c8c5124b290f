#include "api/context_buffer.h"

#include <pthread.h>
#include <stdlib.h>

#include "doubles.h"
#include "trial.h"

Test(context_buffer, freed_once)
{
    size_t before = context_buffer_count();
    void *memory = context_buffer_new(40);

    cr_assert_not_null(memory);
    cr_assert_eq(context_buffer_count(), before + 1);
    assert_status(FreeContextBuffer(memory), SEC_E_OK);
    cr_assert_eq(context_buffer_count(), before);
    assert_status(FreeContextBuffer(memory), SEC_E_INVALID_HANDLE);
    cr_assert_neq(strlen(trial_last_failure()), 0);
}

Test(context_buffer, foreign_memory_is_refused)
{
    int local;
    char *other = malloc(32), *memory = context_buffer_new(32);

    assert_status(FreeContextBuffer(NULL), SEC_E_OK);
    assert_status(FreeContextBuffer(&local), SEC_E_INVALID_HANDLE);
    assert_status(FreeContextBuffer(other), SEC_E_INVALID_HANDLE);
    assert_status(FreeContextBuffer(memory + 16), SEC_E_INVALID_HANDLE);
    assert_status(FreeContextBuffer((void *)(uintptr_t)1), SEC_E_INVALID_HANDLE);
    assert_status(FreeContextBuffer(memory), SEC_E_OK);
    free(other);
}

Test(context_buffer, without_memory)
{
    memory_fail_at(1);
    cr_assert_null(context_buffer_new(8));
    memory_fail_at(0);
    cr_assert_null(context_buffer_new(SIZE_MAX));
}

Test(context_buffer, copies_and_empty_pieces)
{
    char *copy = context_buffer_dup(bytes_of("abc", 4));
    void *empty = context_buffer_new(0);

    cr_assert_str_eq(copy, "abc");
    cr_assert_not_null(empty);
    cr_assert(context_buffer_free(copy));
    cr_assert(context_buffer_free(empty));
}

static void *churn(void *argument)
{
    void *pieces[50];

    (void)argument;
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 50; i++)
            pieces[i] = context_buffer_new((size_t)i);
        for (int i = 50; i-- > 0;)
            if (!context_buffer_free(pieces[i]))
                return argument;
    }
    return NULL;
}

Test(context_buffer, many_threads)
{
    pthread_t threads[4];
    void *failed;
    size_t before = context_buffer_count();

    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, churn, threads), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    cr_assert_eq(context_buffer_count(), before);
}
