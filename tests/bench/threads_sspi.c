/*
 * Handshakes of two threads that share one acceptor's credential, against two processes, in handshakes per second.
 */
#include <pthread.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "sspi_pair.h"

enum { WORKERS = 2, TURNS = 9 };

static struct pair shared;

static double work(void)
{
    struct pair pair = shared;
    uint64_t start = bench_now_ns(), end = start + (uint64_t)(bench_seconds() * 1e9 / 3);
    double handshakes = 0;

    do {
        if (pair_start(&pair) || pair_finish(&pair))
            bench_die("threads", 0);
        pair_delete(&pair);
        handshakes++;
    } while (bench_now_ns() < end);
    return handshakes / (double)(bench_now_ns() - start) * 1e9;
}

static void *thread(void *result)
{
    *(double *)result = work();
    return NULL;
}

static double threads(void)
{
    pthread_t handles[WORKERS];
    double results[WORKERS], sum = 0;

    for (int i = 0; i < WORKERS; i++)
        pthread_create(&handles[i], NULL, thread, &results[i]);
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(handles[i], NULL);
        sum += results[i];
    }
    return sum;
}

static double processes(void)
{
    double result, sum = 0;
    int ends[2];

    if (pipe(ends) != 0)
        bench_die("pipe", 0);
    for (int i = 0; i < WORKERS; i++) {
        if (fork() == 0) {
            result = work();
            _exit(write(ends[1], &result, sizeof result) == sizeof result ? 0 : 1);
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        int status;

        if (wait(&status) < 0 || status != 0 || read(ends[0], &result, sizeof result) != sizeof result)
            bench_die("process", status);
        sum += result;
    }
    close(ends[0]);
    close(ends[1]);
    return sum;
}

int main(void)
{
    double by_processes[TURNS], by_threads[TURNS];

    pair_open(&shared, NULL);
    /* By turns, since the machine's speed drifts. */
    for (int turn = 0; turn < TURNS; turn++) {
        by_processes[turn] = processes();
        by_threads[turn] = threads();
    }
    bench_figure("handshakes/s, 2 processes", bench_median(by_processes, TURNS));
    bench_figure("handshakes/s, 2 threads", bench_median(by_threads, TURNS));
    pair_close(&shared);
    return 0;
}
