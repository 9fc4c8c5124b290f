/*
 * For soaks: what a process uses, before and after, and how long to go on.
 */
#ifndef SSPI_TESTS_LEVELS_H
#define SSPI_TESTS_LEVELS_H

#include <stddef.h>
#include <stdint.h>

/* Sanitizers keep what is freed: memory is not measured then. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

struct level {
    size_t memory; /* resident bytes of its own; what is shared, as a replay cache is, has its fixed size */
    unsigned descriptors, threads;
};

/* To be called once before: the same numbers each time, and what measuring itself needs. */
void levels_start(void);
struct level level_now(void);
/* Resident memory grew by at most 64 KiB, descriptors and threads are as many as before. */
void level_flat(struct level before, struct level after, const char *what);
/* `nightly` with SSPI_NIGHTLY set, else `daily`; a twentieth of it under sanitizers. */
size_t soak_rounds(size_t daily, size_t nightly);
uint32_t soak_random(void);

#endif
