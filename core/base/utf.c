/*
 * Text conversions at the edges: the W functions of api/ and the wire of NTLM are UTF-16LE, everything inside is UTF-8.
 */
#include "base/utf.h"

#include <string.h>

#include "base/memory.h"

#define SURROGATE_FIRST 0xD800u
#define SURROGATE_LOW_FIRST 0xDC00u
#define SURROGATE_LAST 0xDFFFu
#define CODE_POINT_LAST 0x10FFFFu

static bool is_surrogate(uint32_t character)
{
    return character >= SURROGATE_FIRST && character <= SURROGATE_LAST;
}

/* How many bytes follow a lead byte, the lead's own bits and the least code point of that length; false: no lead. */
static bool utf8_lead(uint8_t lead, size_t *follow, uint32_t *bits, uint32_t *least)
{
    if (lead >= 0xC2 && lead < 0xE0)
        *follow = 1, *bits = lead & 0x1Fu, *least = 0x80;
    else if (lead >= 0xE0 && lead < 0xF0)
        *follow = 2, *bits = lead & 0x0Fu, *least = 0x800;
    else if (lead >= 0xF0 && lead < 0xF5)
        *follow = 3, *bits = lead & 0x07u, *least = 0x10000;
    else
        return false;
    return true;
}

bool utf8_next(struct bytes *rest, uint32_t *character)
{
    uint32_t value, least;
    size_t follow;

    if (!rest->size)
        return false;
    if (rest->data[0] < 0x80) {
        *character = rest->data[0];
        *rest = bytes_of(rest->data + 1, rest->size - 1);
        return true;
    }
    if (!utf8_lead(rest->data[0], &follow, &value, &least) || follow >= rest->size)
        return false;
    for (size_t i = 1; i <= follow; i++) {
        if ((rest->data[i] & 0xC0) != 0x80)
            return false;
        value = value << 6 | (rest->data[i] & 0x3Fu);
    }
    if (value < least || value > CODE_POINT_LAST || is_surrogate(value))
        return false;
    *character = value;
    *rest = bytes_of(rest->data + follow + 1, rest->size - follow - 1);
    return true;
}

bool utf8_valid(struct bytes text)
{
    uint32_t character;

    while (text.size) {
        if (!utf8_next(&text, &character) || !character)
            return false;
    }
    return true;
}

/* Appends one code point; returns the place behind it. */
static char *utf8_put(char *out, uint32_t character)
{
    if (character < 0x80) {
        *out++ = (char)character;
        return out;
    }
    if (character < 0x800) {
        *out++ = (char)(0xC0 | character >> 6);
    } else if (character < 0x10000) {
        *out++ = (char)(0xE0 | character >> 12);
        *out++ = (char)(0x80 | (character >> 6 & 0x3F));
    } else {
        *out++ = (char)(0xF0 | character >> 18);
        *out++ = (char)(0x80 | (character >> 12 & 0x3F));
        *out++ = (char)(0x80 | (character >> 6 & 0x3F));
    }
    *out++ = (char)(0x80 | (character & 0x3F));
    return out;
}

static uint32_t utf16le_unit(const uint8_t *at)
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8;
}

/* Takes one code point of UTF-16LE from the front; false for an unpaired surrogate, half a unit or a NUL. */
static bool utf16le_next(struct bytes *rest, uint32_t *character)
{
    uint32_t low;

    if (rest->size < 2)
        return false;
    *character = utf16le_unit(rest->data);
    *rest = bytes_of(rest->data + 2, rest->size - 2);
    if (!is_surrogate(*character))
        return *character != 0;
    if (*character >= SURROGATE_LOW_FIRST || rest->size < 2)
        return false;
    low = utf16le_unit(rest->data);
    if (low < SURROGATE_LOW_FIRST || low > SURROGATE_LAST)
        return false;
    *character = 0x10000 + ((*character - SURROGATE_FIRST) << 10) + (low - SURROGATE_LOW_FIRST);
    *rest = bytes_of(rest->data + 2, rest->size - 2);
    return true;
}

SECURITY_STATUS utf8_from_utf16le(struct bytes text, char **out)
{
    size_t room;
    char *end;

    *out = NULL;
    /* A code unit takes at most three bytes of UTF-8; a pair of them takes four. */
    if (__builtin_mul_overflow(text.size / 2, 3, &room) || room == SIZE_MAX)
        return SEC_E_INSUFFICIENT_MEMORY;
    *out = end = mem_alloc(room + 1);
    if (!end)
        return SEC_E_INSUFFICIENT_MEMORY;
    while (text.size) {
        uint32_t character;

        if (!utf16le_next(&text, &character)) {
            mem_free_secret(*out, room + 1);
            *out = NULL;
            return SEC_E_INVALID_PARAMETER;
        }
        end = utf8_put(end, character);
    }
    *end = '\0';
    return SEC_E_OK;
}

static uint8_t *utf16le_put(uint8_t *out, uint32_t character)
{
    if (character >= 0x10000) {
        out = utf16le_put(out, SURROGATE_FIRST + ((character - 0x10000) >> 10));
        character = SURROGATE_LOW_FIRST + ((character - 0x10000) & 0x3FF);
    }
    *out++ = (uint8_t)character;
    *out++ = (uint8_t)(character >> 8);
    return out;
}

SECURITY_STATUS utf16le_from_utf8(struct bytes text, uint8_t **out, size_t *out_size)
{
    uint8_t *end;
    size_t room;

    *out = NULL;
    *out_size = 0;
    /* A byte of UTF-8 takes at most one code unit. */
    if (__builtin_mul_overflow(text.size, 2, &room) || room > SIZE_MAX - 2)
        return SEC_E_INSUFFICIENT_MEMORY;
    *out = end = mem_alloc(room + 2);
    if (!end)
        return SEC_E_INSUFFICIENT_MEMORY;
    while (text.size) {
        uint32_t character;

        if (!utf8_next(&text, &character) || !character) {
            mem_free_secret(*out, room + 2);
            *out = NULL;
            return SEC_E_INVALID_PARAMETER;
        }
        end = utf16le_put(end, character);
    }
    *out_size = (size_t)(end - *out);
    end[0] = end[1] = 0;
    return SEC_E_OK;
}

SECURITY_STATUS utf8_from_oem(struct bytes text, char **out)
{
    size_t room;
    char *end;

    *out = NULL;
    if (__builtin_mul_overflow(text.size, 2, &room) || room == SIZE_MAX)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (text.size && memchr(text.data, 0, text.size))
        return SEC_E_INVALID_PARAMETER;
    *out = end = mem_alloc(room + 1);
    if (!end)
        return SEC_E_INSUFFICIENT_MEMORY;
    for (size_t i = 0; i < text.size; i++)
        end = utf8_put(end, text.data[i]);
    *end = '\0';
    return SEC_E_OK;
}

struct upper_range {
    uint16_t first, last;
    uint16_t step;
    uint16_t difference; /* modulo 2^16 */
};

static const struct upper_range upper_ranges[] = {
#include "base/utf_upper_table.h"
};

uint16_t utf16_upper(uint16_t unit)
{
    size_t low = 0, high = sizeof upper_ranges / sizeof upper_ranges[0];

    if (unit < 0x80)
        return unit >= 'a' && unit <= 'z' ? (uint16_t)(unit - ('a' - 'A')) : unit;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct upper_range *range = &upper_ranges[middle];

        if (unit < range->first)
            high = middle;
        else if (unit > range->last)
            low = middle + 1;
        else
            return (unit - range->first) % range->step ? unit : (uint16_t)(unit + range->difference);
    }
    return unit;
}

void utf16le_uppercase(uint8_t *text, size_t size)
{
    for (size_t i = 0; i + 1 < size; i += 2)
        utf16le_put(text + i, utf16_upper((uint16_t)utf16le_unit(text + i)));
}

/* Characters beyond the BMP are two code units, and no surrogate is mapped. */
static uint32_t upper_character(uint32_t character)
{
    return character < 0x10000 ? utf16_upper((uint16_t)character) : character;
}

bool utf8_same_name(const char *a, const char *b)
{
    struct bytes left = bytes_of(a, strlen(a)), right = bytes_of(b, strlen(b));
    uint32_t x, y;

    while (left.size && right.size) {
        if (!utf8_next(&left, &x) || !utf8_next(&right, &y) || upper_character(x) != upper_character(y))
            return false;
    }
    return left.size == right.size;
}

char *utf8_uppercase(const char *text)
{
    struct bytes rest = bytes_of(text, strlen(text));
    /* A letter of two bytes may have a capital of three; no other grows. */
    char *out = rest.size < SIZE_MAX / 2 ? mem_alloc(rest.size + rest.size / 2 + 1) : NULL;
    char *end = out;
    uint32_t character;

    if (!out)
        return NULL;
    while (rest.size) {
        if (!utf8_next(&rest, &character)) {
            mem_free(out);
            return NULL;
        }
        end = utf8_put(end, upper_character(character));
    }
    *end = '\0';
    return out;
}
