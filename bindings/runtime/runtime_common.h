/*
 * What the Python and the Lua runtime share: the guard that lets close() wait for calls in progress, and the tables
 * that generated code fills in. Below the generated modules, above the public API of libsspi; knows no script language.
 */
#ifndef SSPI_RUNTIME_COMMON_H
#define SSPI_RUNTIME_COMMON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <schannel.h>
#include <sspi.h>
#include <sspi_ext.h>

#if defined(__GNUC__)
#define SSPI_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SSPI_MUST_CHECK
#endif

/* ---- Objects of a script ---- */

enum sspi_kind { SSPI_KIND_CREDENTIAL, SSPI_KIND_CONTEXT, SSPI_KIND_STORE };

#define SSPI_GUARD_CLOSED 0x80000000u

/* Users of an object in its low bits, closed in its top bit. Zero is an open object that nobody uses. */
struct sspi_guard {
    atomic_uint word;
};

/* An object that has nothing to free yet is closed; it is opened when it has. */
void sspi_guard_init_closed(struct sspi_guard *guard);
void sspi_guard_open(struct sspi_guard *guard);
/* Starts a use. False: the object is closed. */
SSPI_MUST_CHECK bool sspi_guard_enter(struct sspi_guard *guard);
/* Ends a use. True: it was the last one of a closed object, so the caller must free what the object holds. */
SSPI_MUST_CHECK bool sspi_guard_leave(struct sspi_guard *guard);
/* Closes. True: nobody uses the object, so the caller must free; false: done already, or left to the last user. */
SSPI_MUST_CHECK bool sspi_guard_close(struct sspi_guard *guard);
bool sspi_guard_closed(const struct sspi_guard *guard);
/* The caller is the only user, and no other can come before it gives up the lock of its interpreter. */
bool sspi_guard_alone(const struct sspi_guard *guard);

/* Enter and leave for an object that one thread at a time can reach, as those of a Lua state: without locked
 * instructions. The object is open. */
static inline void sspi_guard_enter_unshared(struct sspi_guard *guard)
{
    unsigned word = atomic_load_explicit(&guard->word, memory_order_relaxed);

    atomic_store_explicit(&guard->word, word + 1, memory_order_relaxed);
}

SSPI_MUST_CHECK static inline bool sspi_guard_leave_unshared(struct sspi_guard *guard)
{
    unsigned word = atomic_load_explicit(&guard->word, memory_order_relaxed) - 1;

    atomic_store_explicit(&guard->word, word, memory_order_relaxed);
    return word == SSPI_GUARD_CLOSED;
}

/* What a handle object holds. */
union sspi_value {
    SecHandle handle;
    SspiAccountStore *store;
};

/* Frees a value of its kind; the guard has said that it is time. */
void sspi_value_free(enum sspi_kind kind, union sspi_value *value);

/* ---- Arguments ---- */

/* More buffers than any package takes. */
#define SSPI_BUFFERS_MAX 16

/* A descriptor and its buffers in one place; `flags` says what the binding must do with each after the call. */
struct sspi_buffers {
    SecBufferDesc desc;
    SecBuffer buffers[SSPI_BUFFERS_MAX];
    ULONG types[SSPI_BUFFERS_MAX]; /* as the script gave them: a package may retype a buffer */
    uint32_t allocated;            /* bit i: buffer i was left to the package to allocate */
    const void *first;             /* the memory of the first buffer, as the script gave it */
    ULONG first_size;
};

static inline void sspi_buffers_init(struct sspi_buffers *buffers)
{
    buffers->desc = (SecBufferDesc){SECBUFFER_VERSION, 0, buffers->buffers};
    buffers->allocated = 0;
    buffers->first = NULL;
    buffers->first_size = 0;
}

/* The descriptor, or NULL where the script gave none and none is needed. */
static inline SecBufferDesc *sspi_buffers_desc(struct sspi_buffers *buffers)
{
    return buffers->desc.cBuffers ? &buffers->desc : NULL;
}

/* Appends; the caller has checked the count against SSPI_BUFFERS_MAX. */
static inline void sspi_buffers_add(struct sspi_buffers *buffers, ULONG type, void *data, ULONG size)
{
    ULONG i = buffers->desc.cBuffers++;

    buffers->buffers[i] = (SecBuffer){size, type, data};
    buffers->types[i] = type;
    if (i == 0) {
        buffers->first = data;
        buffers->first_size = size;
    }
}

/* The package gave buffer `i` another type (EMPTY became EXTRA, MISSING, DATA). */
static inline bool sspi_buffers_retyped(const struct sspi_buffers *buffers, ULONG i)
{
    return buffers->buffers[i].BufferType != buffers->types[i];
}

/* Where buffer `i` lies within the first buffer that the script gave. False: elsewhere, or nowhere. */
SSPI_MUST_CHECK bool sspi_buffers_offset(const struct sspi_buffers *buffers, ULONG i, ULONG *offset);
/* Bytes in all buffers. */
uint64_t sspi_buffers_size(const struct sspi_buffers *buffers);
/* Frees what the package allocated and nobody took. */
void sspi_buffers_free_allocated(struct sspi_buffers *buffers);
/* The first TOKEN buffer that the package allocated, with something in it; NULL. */
SecBuffer *sspi_buffers_token(struct sspi_buffers *buffers);
/* A buffer is left to the package, and a TOKEN or ALERT has the script's room: the package would allocate both. */
bool sspi_buffers_mixed(const struct sspi_buffers *buffers);

/* ASC_REQ_ or ISC_REQ_ALLOCATE_MEMORY, the same bit, where a buffer is left to the package and nowhere else. */
static inline ULONG sspi_buffers_flags(const struct sspi_buffers *buffers, ULONG flags)
{
    return buffers->allocated ? flags | ASC_REQ_ALLOCATE_MEMORY : flags & ~(ULONG)ASC_REQ_ALLOCATE_MEMORY;
}

/* User, domain and password of a script: borrowed pointers. */
struct sspi_identity {
    bool present;
    SEC_WINNT_AUTH_IDENTITY_A value;
};

void sspi_identity_set(struct sspi_identity *identity, int part, const void *data, ULONG size);
void *sspi_identity_pointer(struct sspi_identity *identity);

/* ---- Structures that a call fills in ---- */

enum sspi_field_kind {
    SSPI_FIELD_UNSIGNED,   /* 1, 2, 4 or 8 bytes */
    SSPI_FIELD_SIGNED,     /* 4 bytes */
    SSPI_FIELD_STATUS,     /* shown as unsigned, as the specifications print it */
    SSPI_FIELD_TIME,       /* TimeStamp: 100 ns since 1601 */
    SSPI_FIELD_TEXT,       /* char *, UTF-8, terminated; NULL: none */
    SSPI_FIELD_WIDE,       /* WCHAR *, UTF-16, terminated; NULL: none */
    SSPI_FIELD_BYTES,      /* pointer, with the size in another member */
    SSPI_FIELD_ROW,        /* pointer to another structure; NULL: none */
    SSPI_FIELD_WIDE_ARRAY, /* WCHAR[], UTF-16, terminated */
    SSPI_FIELD_BYTES_ARRAY /* BYTE[], with the size in another member */
};

struct sspi_row;

struct sspi_field {
    const char *name;
    enum sspi_field_kind kind;
    size_t offset;
    size_t width;       /* bytes of a number; of the size member for BYTES and BYTES_ARRAY */
    size_t size_offset; /* BYTES, BYTES_ARRAY: where its size is */
    const struct sspi_row *row;
    bool secret; /* wiped before it is freed */
};

struct sspi_row {
    const char *name;      /* as scripts see it */
    const char *type_name; /* "sspi." and the name */
    const char *doc;
    size_t size;
    const struct sspi_field *fields;
    size_t count;
    size_t index; /* place among all rows: the type made for it */
    bool owns;    /* has pointers, which sspi_row_free frees */
};

struct sspi_attribute {
    ULONG number;
    const struct sspi_row *row;
};

/* Room for any attribute structure. */
union sspi_attribute_room {
    unsigned char bytes[1024];
    ULONGLONG align;
    void *pointer;
};

/* The row of an attribute number; NULL: no such attribute. */
const struct sspi_row *sspi_attribute_find(const struct sspi_attribute *attributes, ULONG number);
/* Reads members: numbers by width, and views. */
uint64_t sspi_field_number(const void *base, size_t offset, size_t width);
/* What a pointer member points to, or where an array begins. */
const void *sspi_field_pointer(const void *base, const struct sspi_field *field);
/* Frees every pointer that a query put into an attribute structure, secrets wiped. */
void sspi_row_free(const struct sspi_row *row, void *base);
/* A NUL-terminated UTF-16 string as UTF-8: bytes needed, written up to `room`. Lone surrogates become U+FFFD. */
size_t sspi_wide_to_utf8(const WCHAR *text, char *out, size_t room);

/* ---- Constants ---- */

struct sspi_constant {
    const char *name;
    const char *text; /* NULL: a number */
    uint64_t number;
};

struct sspi_status_sense {
    SECURITY_STATUS status;
    const char *name;
    const char *sense;
};

/* One sentence and the symbolic name; never NULL. */
const char *sspi_status_sense(const struct sspi_status_sense *table, SECURITY_STATUS status, const char **name);

#endif
