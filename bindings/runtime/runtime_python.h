/*
 * What the generated CPython module calls: taking arguments, entering and leaving libsspi, making results.
 * Limited API of 3.11; no state outside the module and the thread's stack of calls.
 */
#ifndef SSPI_RUNTIME_PYTHON_H
#define SSPI_RUNTIME_PYTHON_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "runtime_common.h"

/* What the generator knows of the module. */
struct py_module {
    const struct sspi_row *const *rows; /* ended by NULL */
    const struct sspi_constant *constants;
    const struct sspi_status_sense *senses;
};

#define PY_ROWS_MAX 64

/* State of one module object. */
struct py_state {
    const struct py_module *module;
    PyTypeObject *kinds[3]; /* by enum sspi_kind */
    PyTypeObject *buffer;
    PyTypeObject *rows[PY_ROWS_MAX];
    PyObject *error; /* the class of what is raised on failure */
};

/* A callable that libsspi may call. Two owners: the Python object it was given to, and libsspi. */
struct py_cell {
    atomic_uint owners;
    PyObject *callable; /* owned through the Python object: cleared with it, under the GIL */
};

/* A credential, a context or an account store. */
struct py_handle {
    PyObject ob_base;
    enum sspi_kind kind;
    struct sspi_guard guard; /* closed until a value is set */
    union sspi_value value;
    PyObject *keep;       /* context: its credential; credential: its account store */
    struct py_cell *cell; /* store: the lookup; credential: the event callback */
};

#define PY_HANDLES_MAX 3
#define PY_VIEWS_MAX (2 * SSPI_BUFFERS_MAX + 4)

/* One call of a generated function, on the C stack. */
struct py_call {
    struct py_call *outer; /* the call whose callback this one comes from */
    struct py_state *state;
    const char *function;
    PyObject *const *args;
    Py_ssize_t nargs;
    PyThreadState *saved; /* not NULL: the GIL is released */
    PyObject *raised;     /* what a callback raised */
    bool misfit;          /* `raised` is about what a lookup returned, which is `kept` */
    PyObject *kept;       /* what a lookup returned: libsspi borrows from it until the call ends */
    unsigned handles_used;
    unsigned views_used;
    struct py_handle *handles[PY_HANDLES_MAX];
    Py_buffer views[PY_VIEWS_MAX];
};

/* ---- A call ---- */

/* False: wrong count of arguments, TypeError set. py_call_end() must follow true. */
SSPI_MUST_CHECK bool py_call_begin(struct py_call *call, PyObject *module, const char *function, PyObject *const *args,
                                   Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most);
void py_call_end(struct py_call *call);
/* Around the call of libsspi. With `brief` the GIL is kept if no other thread is in a call on the same objects. */
void py_call_enter(struct py_call *call, bool brief);
void py_call_leave(struct py_call *call);
/* Raises the failure: status, explanation, and the token for the peer if `output` has one. Always NULL. */
PyObject *py_call_fail(struct py_call *call, SECURITY_STATUS status, struct sspi_buffers *output);

/* ---- Arguments: false with an exception that names the argument ---- */

/* Handles are in use until py_call_end(). NULL for None where optional. */
SSPI_MUST_CHECK bool py_take_handle(struct py_call *call, Py_ssize_t index, const char *name, enum sspi_kind kind,
                                    bool optional, struct py_handle **handle);
SSPI_MUST_CHECK bool py_take_text(struct py_call *call, Py_ssize_t index, const char *name, bool optional,
                                  const char **text);
SSPI_MUST_CHECK bool py_take_number(struct py_call *call, Py_ssize_t index, const char *name, bool is_signed,
                                    ULONG *number);
SSPI_MUST_CHECK bool py_take_flag(struct py_call *call, Py_ssize_t index, const char *name, BOOL *flag);
SSPI_MUST_CHECK bool py_take_bytes(struct py_call *call, Py_ssize_t index, const char *name, bool optional,
                                   const void **data, ULONG *size);
/* (user, domain, password), each str or None, the password also bytes-like; None for no identity. */
SSPI_MUST_CHECK bool py_take_identity(struct py_call *call, Py_ssize_t index, const char *name,
                                      struct sspi_identity *identity);
/* A bytes-like object (one TOKEN buffer) or a list or tuple of (type, buffer). `writable`: 0 none, 1 all but those with
 * a READONLY bit, 2 as 1 but DATA is only read. */
SSPI_MUST_CHECK bool py_take_buffers(struct py_call *call, Py_ssize_t index, const char *name, bool optional,
                                     int writable, struct sspi_buffers *buffers);
/* None: one TOKEN buffer that the package allocates; else a list or tuple of types or of (type, writable buffer). */
SSPI_MUST_CHECK bool py_take_output(struct py_call *call, Py_ssize_t index, const char *name,
                                    struct sspi_buffers *buffers);
/* A callable, or None where optional: then *cell is NULL. The cell belongs to the caller. */
SSPI_MUST_CHECK bool py_take_callback(struct py_call *call, Py_ssize_t index, const char *name, bool optional,
                                      struct py_cell **cell);

/* ---- Handles ---- */

/* NULL for none; otherwise what libsspi wants. */
SecHandle *py_handle_pointer(struct py_handle *handle);
/* A new object that is closed until py_handle_open(). NULL with an exception. */
struct py_handle *py_handle_new(struct py_call *call, enum sspi_kind kind);
void py_handle_open(struct py_handle *handle, union sspi_value value);
/* Lives as long as `handle`. NULL is legal for both. */
void py_handle_keep(struct py_handle *handle, struct py_handle *kept);
void py_handle_own_cell(struct py_handle *handle, struct py_cell *cell);
/* close(): any number of times; takes effect after the calls in progress. NULL is legal. `quietly`, for finalizers,
 * keeps the GIL. */
void py_handle_close(struct py_state *state, struct py_handle *handle, bool quietly);
/* A function that releases its argument: an object of one kind, or None where optional. */
PyObject *py_release_handle(PyObject *module, const char *function, PyObject *const *args, Py_ssize_t nargs,
                            const char *name, enum sspi_kind kind, bool optional);
PyObject *py_release_buffer(PyObject *module, const char *function, PyObject *const *args, Py_ssize_t nargs,
                            const char *name);

/* ---- Callbacks, to be given to libsspi with a cell as argument ---- */

SECURITY_STATUS py_callback_SSPI_ACCOUNT_LOOKUP_FN(void *argument, const char *user, const char *domain,
                                                   PSSPI_ACCOUNT_KEYS keys);
void py_callback_SSPI_EVENT_FN(void *argument, const SSPI_EVENT *event);
void py_cell_release(void *argument);
/* libsspi did not take the cell: both owners give it up. NULL is legal. */
void py_cell_discard(struct py_cell *cell);

/* The frame of the calling thread, for callbacks; NULL outside a call. */
struct py_call *py_call_current(void);
/* Takes a result apart into keys; false with an exception. */
SSPI_MUST_CHECK bool py_keys_fill(struct py_call *call, PyObject *result, PSSPI_ACCOUNT_KEYS keys);
/* A call that begins outside a generated function: close() and finalizers. */
void py_call_init(struct py_call *call, struct py_state *state, const char *function);

/* ---- Results: NULL with an exception ---- */

/* One object, a tuple of `count`, or None for none; takes the references, and drops them all if one is NULL. */
PyObject *py_pack(int count, ...);
PyObject *py_handle_result(struct py_handle *handle);
PyObject *py_status(SECURITY_STATUS status);
PyObject *py_time(TimeStamp time);
/* UTF-8 that a package allocated: copied and freed. NULL gives None. */
PyObject *py_text_result(char *text);
PyObject *py_text(const char *text);
/* Takes over `data` and sets it to NULL. */
PyObject *py_buffer_new(struct py_state *state, void **data, ULONG size);
/* A tuple of (type, size, offset within the first buffer or None). */
PyObject *py_buffers_result(struct sspi_buffers *buffers);
/* Where the script gave a list: what the package retyped is replaced in it, as py_buffers_result shows it. False with
 * an exception. */
SSPI_MUST_CHECK bool py_buffers_tell(struct py_call *call, Py_ssize_t index, const struct sspi_buffers *buffers);
PyObject *py_output_result(struct py_call *call, Py_ssize_t index, struct sspi_buffers *buffers);
PyObject *py_row(struct py_state *state, const struct sspi_row *row, const void *base);
/* An attribute structure: converted, and its pointers freed. */
PyObject *py_attribute_result(struct py_call *call, const struct sspi_row *row, union sspi_attribute_room *room);
/* One allocation with `count` structures: converted and freed. */
PyObject *py_rows_result(struct py_call *call, const struct sspi_row *row, void *rows, ULONG count);
/* The same with exactly one. */
PyObject *py_row_result(struct py_call *call, const struct sspi_row *row, void *value);

/* The row of an attribute; NULL with a ValueError. */
const struct sspi_row *py_take_attribute(struct py_call *call, const char *name, const struct sspi_attribute *table,
                                         ULONG number);

/* ---- The module ---- */

int py_module_exec(PyObject *module, const struct py_module *description);
int py_module_traverse(PyObject *module, visitproc visit, void *arg);
int py_module_clear(PyObject *module);
void py_module_free(void *module);
PyObject *py_set_error(PyObject *module, PyObject *type);

/* Makes the types of runtime_python_types.c; false with an exception. */
SSPI_MUST_CHECK bool py_types_make(PyObject *module, struct py_state *state);

#endif
