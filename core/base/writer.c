/*
 * The writer's stores: each value is stored whole or not at all, and counted in any case.
 */
#include "base/writer.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

/* Room for `size` more bytes, NULL where they do not fit. Counts them; a count that would overflow stays at the top. */
static uint8_t *writer_advance(struct writer *out, size_t size)
{
    uint8_t *place = NULL;

    if (size && out->used <= out->size && size <= out->size - out->used)
        place = out->data + out->used;
    if (__builtin_add_overflow(out->used, size, &out->used))
        out->used = SIZE_MAX;
    return place;
}

void writer_bytes(struct writer *out, struct bytes value)
{
    uint8_t *place = writer_advance(out, value.size);

    if (place)
        memcpy(place, value.data, value.size);
}

void writer_zeros(struct writer *out, size_t size)
{
    uint8_t *place = writer_advance(out, size);

    if (place)
        memset(place, 0, size);
}

void writer_u8(struct writer *out, uint8_t value)
{
    writer_bytes(out, bytes_of(&value, sizeof value));
}

void writer_u16le(struct writer *out, uint16_t value)
{
    value = htole16(value);
    writer_bytes(out, bytes_of(&value, sizeof value));
}

void writer_u32le(struct writer *out, uint32_t value)
{
    value = htole32(value);
    writer_bytes(out, bytes_of(&value, sizeof value));
}

void writer_u64le(struct writer *out, uint64_t value)
{
    value = htole64(value);
    writer_bytes(out, bytes_of(&value, sizeof value));
}

void writer_u16be(struct writer *out, uint16_t value)
{
    value = htobe16(value);
    writer_bytes(out, bytes_of(&value, sizeof value));
}

void writer_u32be(struct writer *out, uint32_t value)
{
    value = htobe32(value);
    writer_bytes(out, bytes_of(&value, sizeof value));
}

void writer_u64be(struct writer *out, uint64_t value)
{
    value = htobe64(value);
    writer_bytes(out, bytes_of(&value, sizeof value));
}
