/* Shared by both runtimes: guards, buffer descriptors and structures of the public API. Between the generated
 * modules and libsspi. */
#include "runtime_common.h"

#include <string.h>

void sspi_guard_init_closed(struct sspi_guard *guard)
{
    atomic_init(&guard->word, SSPI_GUARD_CLOSED);
}

void sspi_guard_open(struct sspi_guard *guard)
{
    atomic_store_explicit(&guard->word, 0, memory_order_release);
}

bool sspi_guard_enter(struct sspi_guard *guard)
{
    unsigned word = atomic_load_explicit(&guard->word, memory_order_relaxed);

    do {
        if (word & SSPI_GUARD_CLOSED)
            return false;
    } while (!atomic_compare_exchange_weak_explicit(&guard->word, &word, word + 1, memory_order_acquire,
                                                    memory_order_relaxed));
    return true;
}

bool sspi_guard_leave(struct sspi_guard *guard)
{
    return atomic_fetch_sub_explicit(&guard->word, 1, memory_order_acq_rel) == (SSPI_GUARD_CLOSED | 1);
}

bool sspi_guard_close(struct sspi_guard *guard)
{
    return atomic_fetch_or_explicit(&guard->word, SSPI_GUARD_CLOSED, memory_order_acq_rel) == 0;
}

bool sspi_guard_closed(const struct sspi_guard *guard)
{
    return (atomic_load_explicit(&guard->word, memory_order_relaxed) & SSPI_GUARD_CLOSED) != 0;
}

bool sspi_guard_alone(const struct sspi_guard *guard)
{
    return (atomic_load_explicit(&guard->word, memory_order_relaxed) & ~SSPI_GUARD_CLOSED) == 1;
}

void sspi_value_free(enum sspi_kind kind, union sspi_value *value)
{
    switch (kind) {
    case SSPI_KIND_CREDENTIAL:
        (void)FreeCredentialsHandle(&value->handle);
        break;
    case SSPI_KIND_CONTEXT:
        (void)DeleteSecurityContext(&value->handle);
        break;
    case SSPI_KIND_STORE:
        SspiAccountStoreFree(value->store);
        break;
    }
    memset(value, 0, sizeof *value);
}

/* ---- Arguments ---- */

bool sspi_buffers_offset(const struct sspi_buffers *buffers, ULONG i, ULONG *offset)
{
    uintptr_t first = (uintptr_t)buffers->first, at = (uintptr_t)buffers->buffers[i].pvBuffer;

    if (!first || at < first || at - first > buffers->first_size
        || buffers->buffers[i].cbBuffer > buffers->first_size - (at - first))
        return false;
    *offset = (ULONG)(at - first);
    return true;
}

uint64_t sspi_buffers_size(const struct sspi_buffers *buffers)
{
    uint64_t size = 0;

    for (ULONG i = 0; i < buffers->desc.cBuffers; i++)
        size += buffers->buffers[i].cbBuffer;
    return size;
}

void sspi_buffers_free_allocated(struct sspi_buffers *buffers)
{
    for (ULONG i = 0; i < buffers->desc.cBuffers; i++) {
        if (buffers->allocated >> i & 1 && buffers->buffers[i].pvBuffer) {
            (void)FreeContextBuffer(buffers->buffers[i].pvBuffer);
            buffers->buffers[i].pvBuffer = NULL;
        }
    }
}

SecBuffer *sspi_buffers_token(struct sspi_buffers *buffers)
{
    for (ULONG i = 0; i < buffers->desc.cBuffers; i++) {
        SecBuffer *buffer = &buffers->buffers[i];

        if (buffers->allocated >> i & 1 && buffers->types[i] == SECBUFFER_TOKEN && buffer->pvBuffer && buffer->cbBuffer)
            return buffer;
    }
    return NULL;
}

bool sspi_buffers_mixed(const struct sspi_buffers *buffers)
{
    for (ULONG i = 0; buffers->allocated && i < buffers->desc.cBuffers; i++) {
        ULONG type = buffers->types[i] & ~(ULONG)SECBUFFER_ATTRMASK;

        if (!(buffers->allocated >> i & 1) && (type == SECBUFFER_TOKEN || type == SECBUFFER_ALERT))
            return true;
    }
    return false;
}

void sspi_identity_set(struct sspi_identity *identity, int part, const void *data, ULONG size)
{
    UCHAR *text = (UCHAR *)(uintptr_t)data;

    identity->present = true;
    identity->value.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI;
    if (part == 0) {
        identity->value.User = text;
        identity->value.UserLength = size;
    } else if (part == 1) {
        identity->value.Domain = text;
        identity->value.DomainLength = size;
    } else {
        identity->value.Password = text;
        identity->value.PasswordLength = size;
    }
}

void *sspi_identity_pointer(struct sspi_identity *identity)
{
    return identity->present ? &identity->value : NULL;
}

/* ---- Structures ---- */

const struct sspi_row *sspi_attribute_find(const struct sspi_attribute *attributes, ULONG number)
{
    for (; attributes->row; attributes++) {
        if (attributes->number == number)
            return attributes->row;
    }
    return NULL;
}

uint64_t sspi_field_number(const void *base, size_t offset, size_t width)
{
    uint8_t u8;
    uint16_t u16;
    uint32_t u32;
    uint64_t u64;
    const void *at = (const char *)base + offset;

    switch (width) {
    case 1:
        memcpy(&u8, at, sizeof u8);
        return u8;
    case 2:
        memcpy(&u16, at, sizeof u16);
        return u16;
    case 4:
        memcpy(&u32, at, sizeof u32);
        return u32;
    default:
        memcpy(&u64, at, sizeof u64);
        return u64;
    }
}

const void *sspi_field_pointer(const void *base, const struct sspi_field *field)
{
    const void *pointer;

    if (field->kind >= SSPI_FIELD_WIDE_ARRAY)
        return (const char *)base + field->offset;
    memcpy(&pointer, (const char *)base + field->offset, sizeof pointer);
    return pointer;
}

void sspi_row_free(const struct sspi_row *row, void *base)
{
    if (!row->owns)
        return;
    for (size_t i = 0; i < row->count; i++) {
        const struct sspi_field *field = &row->fields[i];
        void *pointer;

        if (field->kind < SSPI_FIELD_TEXT || field->kind >= SSPI_FIELD_WIDE_ARRAY)
            continue;
        pointer = (void *)(uintptr_t)sspi_field_pointer(base, field);
        if (pointer && field->secret)
            explicit_bzero(pointer, (size_t)sspi_field_number(base, field->size_offset, field->width));
        if (pointer)
            (void)FreeContextBuffer(pointer);
    }
}

/* One code point of UTF-16, advancing the text. */
static uint32_t wide_next(const WCHAR **text)
{
    uint32_t unit = *(*text)++;

    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    if (unit < 0xdc00 && **text >= 0xdc00 && **text <= 0xdfff)
        return 0x10000 + ((unit - 0xd800) << 10) + (uint32_t)(*(*text)++ - 0xdc00);
    return 0xfffd;
}

static size_t utf8_encode(uint32_t point, unsigned char out[4])
{
    if (point < 0x80) {
        out[0] = (unsigned char)point;
        return 1;
    }
    if (point < 0x800) {
        out[0] = (unsigned char)(0xc0 | point >> 6);
        out[1] = (unsigned char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        out[0] = (unsigned char)(0xe0 | point >> 12);
        out[1] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
        out[2] = (unsigned char)(0x80 | (point & 0x3f));
        return 3;
    }
    out[0] = (unsigned char)(0xf0 | point >> 18);
    out[1] = (unsigned char)(0x80 | (point >> 12 & 0x3f));
    out[2] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
    out[3] = (unsigned char)(0x80 | (point & 0x3f));
    return 4;
}

size_t sspi_wide_to_utf8(const WCHAR *text, char *out, size_t room)
{
    size_t size = 0;

    while (*text) {
        unsigned char piece[4];
        size_t length = utf8_encode(wide_next(&text), piece);

        if (size + length <= room)
            memcpy(out + size, piece, length);
        size += length;
    }
    return size;
}

const char *sspi_status_sense(const struct sspi_status_sense *table, SECURITY_STATUS status, const char **name)
{
    for (; table->name; table++) {
        if (table->status == status) {
            *name = table->name;
            return table->sense;
        }
    }
    *name = SspiStatusName(status);
    return "Unknown status.";
}
