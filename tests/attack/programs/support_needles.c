/*
 * See needles.h.
 */
#include "needles.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

enum { REGIONS = 512 };

struct region {
    const uint8_t *start, *end;
    char name[64];
};

static struct region regions[REGIONS];

void needle_tell(int pipe_end, const char *name, const void *value, size_t size)
{
    struct needle needle = {.size = (uint32_t)size};

    snprintf(needle.name, sizeof needle.name, "%s", name);
    for (size_t i = 0; i < size; i++)
        needle.masked[i] = ((const uint8_t *)value)[i] ^ MASK;
    cr_assert_eq(write(pipe_end, &needle, sizeof needle), (ssize_t)sizeof needle);
}

void needles_receive(void (*child)(int pipe_end, const void *argument), const void *argument, struct needle *needles,
                     size_t count)
{
    int ends[2], status = -1;
    pid_t pid;

    cr_assert_eq(pipe(ends), 0);
    fflush(stdout);
    pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        child(ends[1], argument);
        _exit(0);
    }
    close(ends[1]);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(read(ends[0], &needles[i], sizeof needles[i]), (ssize_t)sizeof needles[i]);
    close(ends[0]);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
}

static size_t regions_list(void)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[512], mode[8], name[256];
    unsigned long start, end;
    size_t count = 0;

    cr_assert_not_null(maps);
    while (fgets(line, sizeof line, maps)) {
        name[0] = '\0';
        if (sscanf(line, "%lx-%lx %7s %*s %*s %*s %255s", &start, &end, mode, name) < 3 || strncmp(mode, "rw", 2) != 0)
            continue;
        cr_assert_lt(count, (size_t)REGIONS);
        regions[count].start = (const uint8_t *)start;
        regions[count].end = (const uint8_t *)end;
        snprintf(regions[count++].name, sizeof regions->name, "%.63s", name[0] ? name : "anonymous memory");
    }
    fclose(maps);
    return count;
}

static bool matches(const uint8_t *at, const struct needle *needle)
{
    for (uint32_t i = 0; i < needle->size; i++)
        if ((at[i] ^ MASK) != needle->masked[i])
            return false;
    return true;
}

unsigned needle_hits(const struct needle *needle, bool show)
{
    size_t count = regions_list();
    unsigned found = 0;

    for (size_t r = 0; r < count; r++) {
        for (const uint8_t *at = regions[r].start; at + needle->size <= regions[r].end; at++) {
            if (!matches(at, needle))
                continue;
            found++;
            if (show)
                printf("%s in %s at +0x%zx\n", needle->name, regions[r].name, (size_t)(at - regions[r].start));
        }
    }
    return found;
}
