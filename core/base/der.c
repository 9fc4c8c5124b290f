/*
 * Reads DER. Every token of SPNEGO, Kerberos and CredSSP passes through here before anything is known of the peer.
 */
#include "base/der.h"

#include "base/clock.h"

#define LONG_FORM 0x80
#define HIGH_TAG 0x1F

uint8_t der_next_tag(const struct cursor *in)
{
    return in->rest.size ? in->rest.data[0] : 0;
}

/* Length octets, X.690 8.1.3 with the restriction of 10.1. Four octets are more than any token may hold. */
static bool length_read(struct cursor *in, size_t *length)
{
    uint8_t first, octet;
    size_t value = 0;

    if (!cursor_u8(in, &first))
        return false;
    if (first < LONG_FORM) {
        *length = first;
        return true;
    }
    first &= 0x7F;
    if (first == 0 || first > 4)
        return false;
    for (unsigned i = 0; i < first; i++) {
        if (!cursor_u8(in, &octet) || (i == 0 && octet == 0))
            return false;
        value = value << 8 | octet;
    }
    *length = value;
    return value >= LONG_FORM;
}

bool der_read(struct cursor *in, uint8_t tag, struct bytes *content)
{
    struct cursor ahead = *in;
    uint8_t found;
    size_t length;

    *content = (struct bytes){0};
    if (!cursor_u8(&ahead, &found) || found != tag || !length_read(&ahead, &length)
        || !cursor_take(&ahead, length, content))
        return false;
    *in = ahead;
    return true;
}

bool der_enter(struct cursor *in, uint8_t tag, struct cursor *inner)
{
    struct bytes content;

    *inner = (struct cursor){0};
    if (!der_read(in, tag, &content))
        return false;
    *inner = cursor_over(content);
    return true;
}

bool der_element(struct cursor *in, struct bytes *element)
{
    struct bytes start = in->rest, content;

    *element = (struct bytes){0};
    if (!start.size || (start.data[0] & HIGH_TAG) == HIGH_TAG || !der_read(in, start.data[0], &content))
        return false;
    *element = bytes_of(start.data, start.size - in->rest.size);
    return true;
}

bool der_skip_optional(struct cursor *in, uint8_t tag)
{
    struct bytes content;

    return der_next_tag(in) != tag || der_read(in, tag, &content);
}

/* Shortest form: the first nine bits are not all alike (X.690 8.3.2). */
static bool integer_is_shortest(struct bytes content)
{
    if (content.size < 2)
        return content.size == 1;
    return !(content.data[0] == 0x00 && content.data[1] < 0x80)
           && !(content.data[0] == 0xFF && content.data[1] >= 0x80);
}

bool der_integer(struct cursor *in, uint8_t tag, int64_t *value)
{
    struct cursor ahead = *in;
    struct bytes content;
    uint64_t bits;

    *value = 0;
    if (!der_read(&ahead, tag, &content) || content.size > sizeof bits || !integer_is_shortest(content))
        return false;
    bits = content.data[0] >= 0x80 ? UINT64_MAX : 0;
    for (size_t i = 0; i < content.size; i++)
        bits = bits << 8 | content.data[i];
    *value = (int64_t)bits;
    *in = ahead;
    return true;
}

bool der_u32(struct cursor *in, uint32_t *value)
{
    struct cursor ahead = *in;
    int64_t wide;

    *value = 0;
    if (!der_integer(&ahead, DER_INTEGER, &wide) || wide < INT32_MIN || wide > UINT32_MAX)
        return false;
    *value = (uint32_t)wide;
    *in = ahead;
    return true;
}

bool der_flags(struct cursor *in, uint32_t *value)
{
    struct cursor ahead = *in;
    struct bytes content;

    *value = 0;
    if (!der_read(&ahead, DER_BIT_STRING, &content) || !content.size || content.data[0] > 7
        || (content.size == 1 && content.data[0]))
        return false;
    for (size_t i = 1; i < content.size && i <= sizeof *value; i++)
        *value |= (uint32_t)content.data[i] << (8 * (sizeof *value - i));
    *in = ahead;
    return true;
}

static bool digits_read(struct cursor *in, unsigned count, unsigned low, unsigned high, unsigned *value)
{
    uint8_t digit;

    *value = 0;
    while (count--) {
        if (!cursor_u8(in, &digit) || digit < '0' || digit > '9')
            return false;
        *value = *value * 10 + (unsigned)(digit - '0');
    }
    return *value >= low && *value <= high;
}

/* Days from 1601-01-01 to a date of the Gregorian calendar. */
static int64_t days_from_1601(unsigned year, unsigned month, unsigned day)
{
    static const unsigned before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    int64_t past = (int64_t)year - 1601;
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

    return past * 365 + past / 4 - past / 100 + past / 400 + before[month - 1] + (month > 2 && leap) + day - 1;
}

bool der_time(struct cursor *in, int64_t *filetime)
{
    struct cursor ahead = *in, text;
    unsigned year, month, day, hour, minute, second;
    uint8_t zone;

    *filetime = 0;
    if (!der_enter(&ahead, DER_GENERALIZED_TIME, &text) || !digits_read(&text, 4, 1601, 9999, &year)
        || !digits_read(&text, 2, 1, 12, &month) || !digits_read(&text, 2, 1, 31, &day)
        || !digits_read(&text, 2, 0, 23, &hour) || !digits_read(&text, 2, 0, 59, &minute)
        || !digits_read(&text, 2, 0, 59, &second) || !cursor_u8(&text, &zone) || zone != 'Z' || !cursor_at_end(&text))
        return false;
    *filetime = (((days_from_1601(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * CLOCK_TICKS_PER_SECOND;
    *in = ahead;
    return true;
}

static bool context_open(const struct cursor *in, unsigned number, struct cursor *ahead, struct cursor *inner)
{
    *ahead = *in;
    return der_enter(ahead, (uint8_t)(DER_CONTEXT | number), inner);
}

/* Moves `in` on if the one element inside was read and nothing follows it. */
static bool context_close(struct cursor *in, const struct cursor *ahead, const struct cursor *inner)
{
    if (!cursor_at_end(inner))
        return false;
    *in = *ahead;
    return true;
}

bool der_context_read(struct cursor *in, unsigned number, uint8_t tag, struct bytes *content)
{
    struct cursor ahead, inner;

    *content = (struct bytes){0};
    return context_open(in, number, &ahead, &inner) && der_read(&inner, tag, content)
           && context_close(in, &ahead, &inner);
}

bool der_context_enter(struct cursor *in, unsigned number, uint8_t tag, struct cursor *inner)
{
    struct bytes content;
    bool ok = der_context_read(in, number, tag, &content);

    *inner = cursor_over(content);
    return ok;
}

bool der_context_u32(struct cursor *in, unsigned number, uint32_t *value)
{
    struct cursor ahead, inner;

    *value = 0;
    return context_open(in, number, &ahead, &inner) && der_u32(&inner, value) && context_close(in, &ahead, &inner);
}

bool der_context_integer(struct cursor *in, unsigned number, int64_t *value)
{
    struct cursor ahead, inner;

    *value = 0;
    return context_open(in, number, &ahead, &inner) && der_integer(&inner, DER_INTEGER, value)
           && context_close(in, &ahead, &inner);
}

bool der_context_time(struct cursor *in, unsigned number, int64_t *filetime)
{
    struct cursor ahead, inner;

    *filetime = 0;
    return context_open(in, number, &ahead, &inner) && der_time(&inner, filetime) && context_close(in, &ahead, &inner);
}

bool der_context_flags(struct cursor *in, unsigned number, uint32_t *value)
{
    struct cursor ahead, inner;

    *value = 0;
    return context_open(in, number, &ahead, &inner) && der_flags(&inner, value) && context_close(in, &ahead, &inner);
}
