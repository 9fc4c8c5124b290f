/*
 * The gate between fork() and the account stores. account.c enters it around every operation of a store that does
 * not call back into the program. Two atomic additions a look-up; only fork() itself waits.
 */
#include "account/fork_lock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

static atomic_uint inside;
static atomic_bool closed;                               /* a fork() is under way */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held by the thread that forks */
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    const struct timespec moment = {.tv_nsec = 50000};

    pthread_mutex_lock(&gate);
    atomic_store(&closed, true);
    while (atomic_load(&inside))
        (void)nanosleep(&moment, NULL);
}

/* In the parent and in the child: the child's only thread is the one that holds the gate. */
static void after_fork(void)
{
    atomic_store(&closed, false);
    pthread_mutex_unlock(&gate);
}

static void start(void)
{
    (void)pthread_atfork(before_fork, after_fork, after_fork);
}

void fork_lock_enter(void)
{
    pthread_once(&once, start);
    atomic_fetch_add(&inside, 1);
    if (!atomic_load(&closed))
        return;
    atomic_fetch_sub(&inside, 1);
    pthread_mutex_lock(&gate);
    atomic_fetch_add(&inside, 1);
    pthread_mutex_unlock(&gate);
}

void fork_lock_leave(void)
{
    atomic_fetch_sub(&inside, 1);
}
