/*
 * What is searched for in the memory of this process. Needles are kept masked and computed by a child, so that a search
 * finds nothing of its own.
 */
#ifndef SSPI_TESTS_NEEDLES_H
#define SSPI_TESTS_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MASK = 0x5A, NEEDLE_ROOM = 64 };

struct needle {
    char name[32];
    uint32_t size;
    uint8_t masked[NEEDLE_ROOM];
};

/* In the child: one more needle. */
void needle_tell(int pipe_end, const char *name, const void *value, size_t size);
/* Runs `child` in a process of its own and takes what it tells; it must tell `count` needles and return. */
void needles_receive(void (*child)(int pipe_end, const void *argument), const void *argument, struct needle *needles,
                     size_t count);
/* How often it is in writable memory, stacks and freed heap included. */
unsigned needle_hits(const struct needle *needle, bool show);

#endif
