/*
 * Finding the borders of records, before OpenSSL reads a byte.
 */
#include "schannel/records.h"

#define TYPE_FIRST 20 /* change_cipher_spec */
#define TYPE_LAST 24  /* heartbeat: OpenSSL answers it as it likes */
#define MAJOR_VERSION 3
#define SSL2_CLIENT_HELLO 1

enum record_kind { RECORD_WHOLE, RECORD_PARTIAL, RECORD_MALFORMED };

/* SSL 2.0: a length of 15 bits, then the message's type. */
static enum record_kind old_hello(struct bytes input, size_t *size)
{
    *size = RECORD_HEADER;
    if (input.size < 3)
        return RECORD_PARTIAL;
    if (input.data[2] != SSL2_CLIENT_HELLO)
        return RECORD_MALFORMED;
    *size = 2 + (((size_t)input.data[0] & 0x7F) << 8 | input.data[1]);
    return input.size < *size ? RECORD_PARTIAL : RECORD_WHOLE;
}

/* The first record of the input and its size, or the size that is known to be needed. */
static enum record_kind record_first(struct bytes input, size_t *size)
{
    size_t content;

    *size = RECORD_HEADER;
    if (input.size >= 1 && (input.data[0] < TYPE_FIRST || input.data[0] > TYPE_LAST))
        return RECORD_MALFORMED;
    if (input.size >= 2 && input.data[1] != MAJOR_VERSION)
        return RECORD_MALFORMED;
    if (input.size < RECORD_HEADER)
        return RECORD_PARTIAL;
    content = (size_t)input.data[3] << 8 | input.data[4];
    if (content > RECORD_LIMIT)
        return RECORD_MALFORMED;
    *size = RECORD_HEADER + content;
    return input.size < *size ? RECORD_PARTIAL : RECORD_WHOLE;
}

struct record_scan record_scan(struct bytes input, size_t limit, bool hello)
{
    struct record_scan scan = {0};

    for (; limit && scan.whole < input.size; limit--) {
        struct bytes rest = bytes_of(input.data + scan.whole, input.size - scan.whole);
        bool old = hello && scan.whole == 0 && (rest.data[0] & 0x80);
        size_t size;
        enum record_kind kind = old ? old_hello(rest, &size) : record_first(rest, &size);

        if (kind == RECORD_MALFORMED)
            scan.malformed = true;
        if (kind == RECORD_PARTIAL)
            scan.missing = size - rest.size;
        if (kind != RECORD_WHOLE)
            return scan;
        scan.whole += size;
    }
    if (input.size == 0)
        scan.missing = RECORD_HEADER;
    return scan;
}
