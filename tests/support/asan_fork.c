/*
 * Linked into every test of an AddressSanitizer build: makes fork() wait until no thread is inside the allocator, as
 * glibc does for its own and the sanitizers of gcc 12 and clang 14 do not for theirs. Without it a child that was
 * forked beside busy threads inherits a locked allocator now and then, and hangs in its first malloc().
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *memory, size_t size);
void free(void *memory);

/* The sanitizer's own, under the names that it keeps for those who define the others themselves. */
void *__interceptor_malloc(size_t size);
void *__interceptor_calloc(size_t count, size_t size);
void *__interceptor_realloc(void *memory, size_t size);
void __interceptor_free(void *memory);

static atomic_uint inside;
static atomic_bool closed;
static _Thread_local bool forking; /* this thread closed the gate: other handlers of fork() may allocate */

static void enter(void)
{
    atomic_fetch_add(&inside, 1);
    while (atomic_load(&closed) && !forking) {
        atomic_fetch_sub(&inside, 1);
        while (atomic_load(&closed))
            (void)sched_yield();
        atomic_fetch_add(&inside, 1);
    }
}

static void leave(void)
{
    atomic_fetch_sub(&inside, 1);
}

static void before_fork(void)
{
    bool free_gate = false;

    while (!atomic_compare_exchange_weak(&closed, &free_gate, true)) {
        free_gate = false;
        (void)sched_yield();
    }
    forking = true;
    while (atomic_load(&inside))
        (void)sched_yield();
}

static void after_fork(void)
{
    forking = false;
    atomic_store(&closed, false);
}

/* A new process may have inherited counts of threads that it does not have: those that were about to wait. */
static void in_child(void)
{
    atomic_store(&inside, 0);
    after_fork();
}

/* The first to register is the last to be asked before a fork(): other handlers wait for threads that allocate. */
__attribute__((constructor(101))) static void start(void)
{
    (void)pthread_atfork(before_fork, after_fork, in_child);
}

void *malloc(size_t size)
{
    void *memory;

    enter();
    memory = __interceptor_malloc(size);
    leave();
    return memory;
}

void *calloc(size_t count, size_t size)
{
    void *memory;

    enter();
    memory = __interceptor_calloc(count, size);
    leave();
    return memory;
}

void *realloc(void *memory, size_t size)
{
    void *moved;

    enter();
    moved = __interceptor_realloc(memory, size);
    leave();
    return moved;
}

void free(void *memory)
{
    enter();
    __interceptor_free(memory);
    leave();
}
