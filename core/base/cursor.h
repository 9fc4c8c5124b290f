/*
 * Reads hostile input from left to right. The one primitive under every decoder: each call either
 * delivers exactly what it names, or returns false and leaves the cursor where it was.
 */
#ifndef SSPI_BASE_CURSOR_H
#define SSPI_BASE_CURSOR_H

#include "base/attributes.h"
#include "base/bytes.h"

struct cursor {
    struct bytes rest;
};

static inline struct cursor cursor_over(struct bytes input)
{
    return (struct cursor){input};
}

static inline bool cursor_at_end(const struct cursor *in)
{
    return in->rest.size == 0;
}

MUST_CHECK bool cursor_take(struct cursor *in, size_t size, struct bytes *out);
MUST_CHECK bool cursor_skip(struct cursor *in, size_t size);
MUST_CHECK bool cursor_copy(struct cursor *in, void *out, size_t size);
MUST_CHECK bool cursor_u8(struct cursor *in, uint8_t *out);
MUST_CHECK bool cursor_u16le(struct cursor *in, uint16_t *out);
MUST_CHECK bool cursor_u32le(struct cursor *in, uint32_t *out);
MUST_CHECK bool cursor_u64le(struct cursor *in, uint64_t *out);
MUST_CHECK bool cursor_u16be(struct cursor *in, uint16_t *out);
MUST_CHECK bool cursor_u32be(struct cursor *in, uint32_t *out);
MUST_CHECK bool cursor_u64be(struct cursor *in, uint64_t *out);

#endif
