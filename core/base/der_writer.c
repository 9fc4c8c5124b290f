/*
 * Writes DER from the end of the buffer to its start, see der.h.
 */
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/der.h"

#define SECONDS_1601_TO_1970 INT64_C(11644473600)

struct bytes der_writer_result(const struct der_writer *out)
{
    if (!der_writer_ok(out))
        return (struct bytes){0};
    return bytes_of(out->data + (out->size - out->used), out->used);
}

void der_put_bytes(struct der_writer *out, struct bytes value)
{
    out->used += value.size;
    if (value.size && der_writer_ok(out))
        memcpy(out->data + (out->size - out->used), value.data, value.size);
}

static void put_octet(struct der_writer *out, uint8_t octet)
{
    der_put_bytes(out, bytes_of(&octet, 1));
}

void der_put_header(struct der_writer *out, uint8_t tag, size_t mark)
{
    size_t length = out->used - mark;
    uint8_t octets = 0;

    if (length >= 0x80) {
        for (size_t rest = length; rest; rest >>= 8, octets++)
            put_octet(out, (uint8_t)rest);
        put_octet(out, (uint8_t)(0x80 | octets));
    } else {
        put_octet(out, (uint8_t)length);
    }
    put_octet(out, tag);
}

void der_put(struct der_writer *out, uint8_t tag, struct bytes content)
{
    size_t mark = out->used;

    der_put_bytes(out, content);
    der_put_header(out, tag, mark);
}

void der_put_integer(struct der_writer *out, uint8_t tag, int64_t value)
{
    size_t mark = out->used;
    int64_t rest = value;
    uint8_t octet;

    do {
        octet = (uint8_t)rest;
        put_octet(out, octet);
        rest >>= 8;
    } while (!(rest == 0 && octet < 0x80) && !(rest == -1 && octet >= 0x80));
    der_put_header(out, tag, mark);
}

void der_put_flags(struct der_writer *out, uint32_t value)
{
    uint8_t content[5] = {0, (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};

    der_put(out, DER_BIT_STRING, bytes_of(content, sizeof content));
}

void der_put_time(struct der_writer *out, int64_t filetime)
{
    time_t seconds = (time_t)(filetime / CLOCK_TICKS_PER_SECOND - SECONDS_1601_TO_1970);
    char text[32] = "";
    struct tm parts;

    if (gmtime_r(&seconds, &parts))
        (void)strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &parts);
    der_put(out, DER_GENERALIZED_TIME, bytes_of(text, strlen(text)));
}

void der_put_context(struct der_writer *out, unsigned number, uint8_t tag, struct bytes content)
{
    size_t mark = out->used;

    der_put(out, tag, content);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

void der_put_context_integer(struct der_writer *out, unsigned number, int64_t value)
{
    size_t mark = out->used;

    der_put_integer(out, DER_INTEGER, value);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

void der_put_context_time(struct der_writer *out, unsigned number, int64_t filetime)
{
    size_t mark = out->used;

    der_put_time(out, filetime);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

void der_put_context_flags(struct der_writer *out, unsigned number, uint32_t value)
{
    size_t mark = out->used;

    der_put_flags(out, value);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}
