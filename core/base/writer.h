/*
 * Writes a token into a buffer of fixed size. Writing past the end stores nothing more but keeps
 * counting, so `used` tells the size that would have been needed and writer_ok() says whether it fitted.
 */
#ifndef SSPI_BASE_WRITER_H
#define SSPI_BASE_WRITER_H

#include "base/attributes.h"
#include "base/bytes.h"

struct writer {
    uint8_t *data;
    size_t size;
    size_t used;
};

static inline struct writer writer_over(void *data, size_t size)
{
    return (struct writer){data, size, 0};
}

static inline bool writer_ok(const struct writer *out)
{
    return out->used <= out->size;
}

void writer_bytes(struct writer *out, struct bytes value);
void writer_zeros(struct writer *out, size_t size);
void writer_u8(struct writer *out, uint8_t value);
void writer_u16le(struct writer *out, uint16_t value);
void writer_u32le(struct writer *out, uint32_t value);
void writer_u64le(struct writer *out, uint64_t value);
void writer_u16be(struct writer *out, uint16_t value);
void writer_u32be(struct writer *out, uint32_t value);
void writer_u64be(struct writer *out, uint64_t value);

#endif
