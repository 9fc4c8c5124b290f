/*
 * The workers of parallel.h.
 */
#include "parallel.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORKERS = 2, TURNS = 9 };

static struct {
    bench_fn handshake;
    const void *argument;
    size_t size;
} task;

/* What one worker did, and in which time. */
struct result {
    double handshakes, wall, cpu; /* the times in seconds */
};

static double cpu_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct result work(void)
{
    void *own = malloc(task.size);
    struct result result = {.cpu = -cpu_seconds()};
    uint64_t start = bench_now_ns(), end = start + (uint64_t)(bench_seconds() * 1e9 / 3);

    if (!own)
        bench_die("memory", 0);
    memcpy(own, task.argument, task.size);
    do {
        int step = task.handshake(own);

        if (step)
            bench_die("handshakes side by side", step);
        result.handshakes++;
    } while (bench_now_ns() < end);
    result.wall = (double)(bench_now_ns() - start) / 1e9;
    result.cpu += cpu_seconds();
    free(own);
    return result;
}

static void *thread(void *result)
{
    *(struct result *)result = work();
    return NULL;
}

static void threads(struct result results[WORKERS])
{
    pthread_t handles[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        pthread_create(&handles[i], NULL, thread, &results[i]);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(handles[i], NULL);
}

static void processes(struct result results[WORKERS])
{
    int ends[2];

    if (pipe(ends) != 0)
        bench_die("pipe", 0);
    for (int i = 0; i < WORKERS; i++) {
        if (fork() == 0) {
            struct result result = work();

            _exit(write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        int status;

        if (wait(&status) < 0 || status != 0 || read(ends[0], &results[i], sizeof results[i]) != sizeof results[i])
            bench_die("process", status);
    }
    close(ends[0]);
    close(ends[1]);
}

/* Rates of all turns, by the clock and by CPU time. */
struct rates {
    double wall[TURNS], cpu[TURNS];
};

static void note(struct rates *rates, int turn, const struct result results[WORKERS])
{
    rates->wall[turn] = rates->cpu[turn] = 0;
    for (int i = 0; i < WORKERS; i++) {
        rates->wall[turn] += results[i].handshakes / results[i].wall;
        rates->cpu[turn] += results[i].handshakes / results[i].cpu;
    }
}

static void figure(const char *package, const char *unit, const char *who, double rates[TURNS])
{
    char name[128];

    snprintf(name, sizeof name, "%shandshakes per %s, 2 %s", package, unit, who);
    bench_figure(name, bench_median(rates, TURNS));
}

void parallel_compare(const char *package, bench_fn handshake, const void *argument, size_t size)
{
    static struct rates by_processes, by_threads;
    struct result results[WORKERS];

    task.handshake = handshake;
    task.argument = argument;
    task.size = size;
    /* By turns, since the machine's speed drifts. */
    for (int turn = 0; turn < TURNS; turn++) {
        processes(results);
        note(&by_processes, turn, results);
        threads(results);
        note(&by_threads, turn, results);
    }
    figure(package, "second", "processes", by_processes.wall);
    figure(package, "second", "threads", by_threads.wall);
    figure(package, "CPU second", "processes", by_processes.cpu);
    figure(package, "CPU second", "threads", by_threads.cpu);
}
