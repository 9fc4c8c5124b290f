/*
 * A borrowed view of bytes. Every decoder hands these out; none owns memory.
 */
#ifndef SSPI_BASE_BYTES_H
#define SSPI_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *data;
    size_t size;
};

static inline struct bytes bytes_of(const void *data, size_t size)
{
    return (struct bytes){data, size};
}

/* The part of `whole` at `offset`, `size` long; false (and empty) when it does not lie inside. */
static inline bool bytes_slice(struct bytes whole, size_t offset, size_t size, struct bytes *part)
{
    *part = (struct bytes){0};
    if (offset > whole.size || size > whole.size - offset)
        return false;
    if (size)
        *part = (struct bytes){whole.data + offset, size};
    return true;
}

#endif
