/*
 * Strict DER (ITU-T X.690) over the cursor: definite lengths in their shortest form, one-byte tags, no allocation.
 * Depth is bounded by the callers' grammars: nothing here recurses.
 */
#ifndef SSPI_BASE_DER_H
#define SSPI_BASE_DER_H

#include "base/attributes.h"
#include "base/bytes.h"
#include "base/cursor.h"

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0A,
    DER_UTF8_STRING = 0x0C,
    DER_GENERALIZED_TIME = 0x18,
    DER_GENERAL_STRING = 0x1B,
    DER_SEQUENCE = 0x30,
    DER_APPLICATION = 0x60, /* constructed, | number */
    DER_CONTEXT = 0xA0,     /* constructed, | number */
};

/* The tag of the next element, 0 at the end of the input. */
uint8_t der_next_tag(const struct cursor *in);

/* One element of exactly this tag; `content` is what is inside. On false the cursor has not moved. */
MUST_CHECK bool der_read(struct cursor *in, uint8_t tag, struct bytes *content);

/* The same, with a cursor over the content. */
MUST_CHECK bool der_enter(struct cursor *in, uint8_t tag, struct cursor *inner);

/* One element of any tag, whole (tag and length included). */
MUST_CHECK bool der_element(struct cursor *in, struct bytes *element);

/* Skips one element if it has this tag. False only if it has and is malformed. */
MUST_CHECK bool der_skip_optional(struct cursor *in, uint8_t tag);

/* INTEGER or ENUMERATED (by tag) in its shortest form, within int64. */
MUST_CHECK bool der_integer(struct cursor *in, uint8_t tag, int64_t *value);

/* INTEGER as an unsigned or signed 32-bit number: Kerberos peers write UInt32 both ways, so -1 reads as 0xFFFFFFFF. */
MUST_CHECK bool der_u32(struct cursor *in, uint32_t *value);

/* BIT STRING of flags, most significant bit first: bit 0 of the string is 0x80000000. Bits beyond 32 are ignored. */
MUST_CHECK bool der_flags(struct cursor *in, uint32_t *value);

/* GeneralizedTime YYYYMMDDHHMMSSZ as FILETIME ticks (UTC). */
MUST_CHECK bool der_time(struct cursor *in, int64_t *filetime);

/* `[number] { ... }` around exactly one element: der_context_read(in, 1, DER_OCTET_STRING, &octets). */
MUST_CHECK bool der_context_read(struct cursor *in, unsigned number, uint8_t tag, struct bytes *content);
MUST_CHECK bool der_context_u32(struct cursor *in, unsigned number, uint32_t *value);
MUST_CHECK bool der_context_integer(struct cursor *in, unsigned number, int64_t *value);
MUST_CHECK bool der_context_time(struct cursor *in, unsigned number, int64_t *filetime);
MUST_CHECK bool der_context_flags(struct cursor *in, unsigned number, uint32_t *value);
MUST_CHECK bool der_context_enter(struct cursor *in, unsigned number, uint8_t tag, struct cursor *inner);

/*
 * Writes DER from the last byte to the first, so that every length is known when it is written. Past the start of the
 * buffer it stores nothing but keeps counting, as struct writer does.
 */
struct der_writer {
    uint8_t *data;
    size_t size;
    size_t used; /* counted from the end of the buffer */
};

static inline struct der_writer der_writer_over(void *data, size_t size)
{
    return (struct der_writer){data, size, 0};
}

static inline bool der_writer_ok(const struct der_writer *out)
{
    return out->used <= out->size;
}

/* What was written, or nothing if it did not fit. */
struct bytes der_writer_result(const struct der_writer *out);

void der_put_bytes(struct der_writer *out, struct bytes value);           /* raw */
void der_put_header(struct der_writer *out, uint8_t tag, size_t mark);    /* around all written since used == mark */
void der_put(struct der_writer *out, uint8_t tag, struct bytes content);  /* a whole primitive element */
void der_put_integer(struct der_writer *out, uint8_t tag, int64_t value); /* INTEGER or ENUMERATED */
void der_put_flags(struct der_writer *out, uint32_t value);               /* BIT STRING of 32 bits */
void der_put_time(struct der_writer *out, int64_t filetime);              /* GeneralizedTime, whole seconds */
void der_put_context(struct der_writer *out, unsigned number, uint8_t tag, struct bytes content);
void der_put_context_integer(struct der_writer *out, unsigned number, int64_t value);
void der_put_context_time(struct der_writer *out, unsigned number, int64_t filetime);
void der_put_context_flags(struct der_writer *out, unsigned number, uint32_t value);

#endif
