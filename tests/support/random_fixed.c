/*
 * Stands in for crypto/random.c: the bytes of a script, then a fixed sequence, so that vectors replay.
 */
#include "doubles.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/random.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint8_t script[4096];
static size_t script_size, script_used, draws;
static uint64_t sequence;
static bool failing;

void random_script(const void *bytes, size_t size)
{
    pthread_mutex_lock(&lock);
    if (size > sizeof script)
        abort();
    if (size)
        memcpy(script, bytes, size);
    script_size = size;
    script_used = draws = 0;
    if (!size)
        sequence = 0;
    pthread_mutex_unlock(&lock);
}

void random_fail(bool fail)
{
    pthread_mutex_lock(&lock);
    failing = fail;
    pthread_mutex_unlock(&lock);
}

size_t random_draws(void)
{
    size_t count;

    pthread_mutex_lock(&lock);
    count = draws;
    pthread_mutex_unlock(&lock);
    return count;
}

/* One step of splitmix64: a bijection of the counter, so no eight bytes come twice. */
static uint64_t sequence_next(void)
{
    uint64_t mixed = sequence += UINT64_C(0x9E3779B97F4A7C15);

    mixed = (mixed ^ mixed >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ mixed >> 31;
}

bool random_bytes(void *out, size_t size)
{
    uint8_t *to = out;
    uint64_t word = 0;
    size_t made = 0;
    bool ok;

    pthread_mutex_lock(&lock);
    draws++;
    ok = !failing;
    for (size_t i = 0; ok && i < size; i++) {
        if (script_used < script_size) {
            to[i] = script[script_used++];
            continue;
        }
        if (made++ % sizeof word == 0)
            word = sequence_next();
        to[i] = (uint8_t)word;
        word >>= 8;
    }
    pthread_mutex_unlock(&lock);
    if (!ok)
        memset(out, 0, size);
    return ok;
}
