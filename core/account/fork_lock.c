/*
 * One lock of the process between fork() and the account stores. account.c enters it around every operation
 * of a store that does not call back into the program.
 */
#include "account/fork_lock.h"

#include <pthread.h>

/* Prefers the writer: a busy server must not keep fork() waiting for ever. */
static pthread_rwlock_t lock = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_rwlock_wrlock(&lock);
}

static void after_in_parent(void)
{
    pthread_rwlock_unlock(&lock);
}

static void after_in_child(void)
{
    /* Made anew: threads that waited for it do not exist in the child. */
    static const pthread_rwlock_t fresh = PTHREAD_RWLOCK_WRITER_NONRECURSIVE_INITIALIZER_NP;
    lock = fresh;
}

static void start(void)
{
    (void)pthread_atfork(before_fork, after_in_parent, after_in_child);
}

void fork_lock_enter(void)
{
    pthread_once(&once, start);
    pthread_rwlock_rdlock(&lock);
}

void fork_lock_leave(void)
{
    pthread_rwlock_unlock(&lock);
}
