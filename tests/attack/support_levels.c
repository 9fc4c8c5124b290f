/*
 * See levels.h.
 */
#include "levels.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "test.h"

enum { ALLOWED = 64 * 1024 };

static uint64_t state;

uint32_t soak_random(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 16);
}

size_t soak_rounds(size_t daily, size_t nightly)
{
    const size_t count = getenv("SSPI_NIGHTLY") ? nightly : daily;

    return SANITIZED ? count / 20 : count;
}

static size_t resident(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0, all = 0, shared = 0;

    cr_assert_not_null(file);
    cr_assert_eq(fscanf(file, "%lu %lu %lu", &all, &pages, &shared), 3);
    fclose(file);
    return (size_t)(pages - shared) * (size_t)sysconf(_SC_PAGESIZE);
}

static unsigned entries(const char *path)
{
    DIR *folder = opendir(path);
    unsigned count = 0;

    cr_assert_not_null(folder);
    while (readdir(folder))
        count++;
    closedir(folder);
    return count;
}

struct level level_now(void)
{
    return (struct level){resident(), entries("/proc/self/fd"), entries("/proc/self/task")};
}

void levels_start(void)
{
    (void)level_now();
    state = UINT64_C(0x9E3779B97F4A7C15);
}

void level_flat(struct level before, struct level after, const char *what)
{
    cr_assert_eq(before.descriptors, after.descriptors, "%s: descriptors %u, then %u", what, before.descriptors,
                 after.descriptors);
    cr_assert_eq(before.threads, after.threads, "%s: threads %u, then %u", what, before.threads, after.threads);
    if (!SANITIZED)
        cr_assert(after.memory <= before.memory + ALLOWED, "%s: resident memory grew by %zu bytes", what,
                  after.memory - before.memory);
}
