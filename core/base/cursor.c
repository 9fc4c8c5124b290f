/*
 * The cursor's reads: one check of length each, then a copy, so that alignment never matters.
 */
#include "base/cursor.h"

#include <endian.h>
#include <string.h>

bool cursor_take(struct cursor *in, size_t size, struct bytes *out)
{
    if (size > in->rest.size)
        return false;
    *out = bytes_of(in->rest.data, size);
    if (size)
        in->rest = bytes_of(in->rest.data + size, in->rest.size - size);
    return true;
}

bool cursor_skip(struct cursor *in, size_t size)
{
    struct bytes skipped;

    return cursor_take(in, size, &skipped);
}

bool cursor_copy(struct cursor *in, void *out, size_t size)
{
    struct bytes taken;

    if (!cursor_take(in, size, &taken))
        return false;
    if (size)
        memcpy(out, taken.data, size);
    return true;
}

bool cursor_u8(struct cursor *in, uint8_t *out)
{
    return cursor_copy(in, out, sizeof *out);
}

bool cursor_u16le(struct cursor *in, uint16_t *out)
{
    uint16_t value;

    if (!cursor_copy(in, &value, sizeof value))
        return false;
    *out = le16toh(value);
    return true;
}

bool cursor_u32le(struct cursor *in, uint32_t *out)
{
    uint32_t value;

    if (!cursor_copy(in, &value, sizeof value))
        return false;
    *out = le32toh(value);
    return true;
}

bool cursor_u64le(struct cursor *in, uint64_t *out)
{
    uint64_t value;

    if (!cursor_copy(in, &value, sizeof value))
        return false;
    *out = le64toh(value);
    return true;
}

bool cursor_u16be(struct cursor *in, uint16_t *out)
{
    uint16_t value;

    if (!cursor_copy(in, &value, sizeof value))
        return false;
    *out = be16toh(value);
    return true;
}

bool cursor_u32be(struct cursor *in, uint32_t *out)
{
    uint32_t value;

    if (!cursor_copy(in, &value, sizeof value))
        return false;
    *out = be32toh(value);
    return true;
}

bool cursor_u64be(struct cursor *in, uint64_t *out)
{
    uint64_t value;

    if (!cursor_copy(in, &value, sizeof value))
        return false;
    *out = be64toh(value);
    return true;
}
