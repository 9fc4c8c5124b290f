/*
 * The gate between fork() and the stores: fork() waits for those inside, and a child finds it open.
 */
#include "account/fork_lock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support_account.h"

static atomic_bool inside, left;

static void *stay_a_while(void *argument)
{
    (void)argument;
    fork_lock_enter();
    atomic_store(&inside, true);
    (void)usleep(100000);
    atomic_store(&left, true);
    fork_lock_leave();
    return NULL;
}

static bool child_enters(void)
{
    bool in_time = atomic_load(&left);

    (void)alarm(10);
    fork_lock_enter();
    fork_lock_leave();
    return in_time;
}

Test(fork_lock, fork_waits_for_a_thread_inside)
{
    pthread_t thread;

    atomic_store(&inside, false);
    atomic_store(&left, false);
    cr_assert_eq(pthread_create(&thread, NULL, stay_a_while, NULL), 0);
    while (!atomic_load(&inside))
        (void)usleep(100);
    cr_assert_eq(pthread_detach(thread), 0); /* to a child it would look like one that nobody joins */
    in_child(child_enters);
    cr_assert(atomic_load(&left));
}

static bool grandchild_enters(void)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0)
        _exit(child_enters() ? 0 : 1);
    return waitpid(child, &status, 0) == child && status == 0;
}

Test(fork_lock, a_child_may_fork_too)
{
    fork_lock_enter();
    fork_lock_leave();
    atomic_store(&left, true);
    in_child(grandchild_enters);
}
