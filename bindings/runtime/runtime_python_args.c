/* Arguments of a generated Python function: each is taken as what its shape says, or refused with its name.
 * Called by the generated module. */
#include "runtime_python.h"

#include <stdlib.h>
#include <string.h>

/* The argument, or NULL if it is absent or None. */
static PyObject *argument(const struct py_call *call, Py_ssize_t index)
{
    PyObject *value = index < call->nargs ? call->args[index] : NULL;

    return value == Py_None ? NULL : value;
}

/* Always false. */
static bool wrong_type(const struct py_call *call, Py_ssize_t index, const char *name, const char *expected,
                       bool optional)
{
    PyObject *value = index < call->nargs ? call->args[index] : Py_None;
    PyObject *type = PyObject_GetAttrString((PyObject *)Py_TYPE(value), "__name__");

    if (value == Py_None)
        PyErr_Format(PyExc_TypeError, "%s() argument '%s' must be %s, not None", call->function, name, expected);
    else if (type)
        PyErr_Format(PyExc_TypeError, "%s() argument '%s' must be %s%s, not %U", call->function, name, expected,
                     optional ? " or None" : "", type);
    Py_XDECREF(type);
    return false;
}

static bool wrong_value(const struct py_call *call, const char *name, const char *problem)
{
    PyErr_Format(PyExc_ValueError, "%s() argument '%s': %s", call->function, name, problem);
    return false;
}

static const char *const kind_names[] = {"CredHandle", "CtxtHandle", "AccountStore"};

/* A context is locked while one of its own callbacks runs. */
static bool in_own_callback(const struct py_handle *handle)
{
    for (const struct py_call *call = py_call_current(); call; call = call->outer) {
        for (unsigned i = 0; i < call->handles_used; i++) {
            if (call->handles[i] == handle && handle->kind == SSPI_KIND_CONTEXT)
                return true;
        }
    }
    return false;
}

bool py_take_handle(struct py_call *call, Py_ssize_t index, const char *name, enum sspi_kind kind, bool optional,
                    struct py_handle **handle)
{
    PyObject *value = argument(call, index);
    struct py_handle *taken = (struct py_handle *)value;

    *handle = NULL;
    if (!value && optional)
        return true;
    if (!value || Py_TYPE(value) != call->state->kinds[kind])
        return wrong_type(call, index, name, kind_names[kind], optional);
    if (in_own_callback(taken)) {
        PyErr_Format(PyExc_RuntimeError, "%s() argument '%s' is in use by the call that this callback belongs to",
                     call->function, name);
        return false;
    }
    if (!sspi_guard_enter(&taken->guard))
        return wrong_value(call, name, "is closed");
    call->handles[call->handles_used++] = taken;
    *handle = taken;
    return true;
}

/* The UTF-8 of a str. Python keeps it with the object. */
static bool utf8(struct py_call *call, PyObject *value, const char *name, const char **text, Py_ssize_t *size)
{
    *text = PyUnicode_AsUTF8AndSize(value, size);
    if (*text)
        return true;
    PyErr_Clear();
    return wrong_value(call, name, "holds a lone surrogate, which UTF-8 cannot express");
}

bool py_take_text(struct py_call *call, Py_ssize_t index, const char *name, bool optional, const char **text)
{
    PyObject *value = argument(call, index);
    Py_ssize_t size;

    *text = NULL;
    if (!value && optional)
        return true;
    if (!value || !PyUnicode_Check(value))
        return wrong_type(call, index, name, "str", optional);
    if (!utf8(call, value, name, text, &size))
        return false;
    return memchr(*text, 0, (size_t)size) ? wrong_value(call, name, "holds a null character") : true;
}

bool py_take_number(struct py_call *call, Py_ssize_t index, const char *name, bool is_signed, ULONG *number)
{
    PyObject *value = argument(call, index);
    long long wide;

    if (!value || !PyLong_Check(value))
        return wrong_type(call, index, name, "int", false);
    wide = PyLong_AsLongLong(value);
    if (wide == -1 && PyErr_Occurred())
        PyErr_Clear();
    else if (wide >= (is_signed ? INT32_MIN : 0) && wide <= UINT32_MAX) {
        *number = (ULONG)wide;
        return true;
    }
    return wrong_value(call, name, "does not fit 32 bits");
}

bool py_take_flag(struct py_call *call, Py_ssize_t index, const char *name, BOOL *flag)
{
    PyObject *value = argument(call, index);

    if (!value || !PyBool_Check(value))
        return wrong_type(call, index, name, "bool", false);
    *flag = value == Py_True;
    return true;
}

/* Any object with the buffer protocol; its memory stays where it is until the call ends. */
static bool view(struct py_call *call, PyObject *value, const char *name, bool writable, const void **data, ULONG *size)
{
    Py_buffer *taken = &call->views[call->views_used];
    Py_ssize_t length;

    if (PyBytes_Check(value) && !writable) {
        *data = PyBytes_AsString(value);
        length = PyBytes_Size(value);
    } else {
        if (!PyObject_CheckBuffer(value)
            || PyObject_GetBuffer(value, taken, writable ? PyBUF_WRITABLE : PyBUF_SIMPLE)) {
            PyErr_Clear();
            return false;
        }
        call->views_used++;
        *data = taken->buf;
        length = taken->len;
    }
    if ((uint64_t)length > UINT32_MAX)
        return wrong_value(call, name, "is larger than 4 GiB");
    *size = (ULONG)length;
    return true;
}

bool py_take_bytes(struct py_call *call, Py_ssize_t index, const char *name, bool optional, const void **data,
                   ULONG *size)
{
    PyObject *value = argument(call, index);

    *data = NULL;
    *size = 0;
    if (!value && optional)
        return true;
    if (value && view(call, value, name, false, data, size))
        return true;
    return PyErr_Occurred() ? false : wrong_type(call, index, name, "a bytes-like object", optional);
}

/* One part of an identity: str, or None; the password also bytes-like. */
static bool identity_part(struct py_call *call, PyObject *value, const char *name, int part,
                          struct sspi_identity *identity)
{
    const void *data;
    const char *text;
    Py_ssize_t length;
    ULONG size;

    if (value == Py_None)
        return true;
    if (PyUnicode_Check(value)) {
        if (!utf8(call, value, name, &text, &length))
            return false;
        if ((uint64_t)length > UINT32_MAX)
            return wrong_value(call, name, "is larger than 4 GiB");
        sspi_identity_set(identity, part, text, (ULONG)length);
        return true;
    }
    if (part < 2 || !view(call, value, name, false, &data, &size)) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "%s() argument '%s' must be a tuple (user, domain, password) of str or None",
                         call->function, name);
        return false;
    }
    sspi_identity_set(identity, part, data, size);
    return true;
}

bool py_take_identity(struct py_call *call, Py_ssize_t index, const char *name, struct sspi_identity *identity)
{
    PyObject *value = argument(call, index);

    memset(identity, 0, sizeof *identity);
    if (!value)
        return true;
    if (!PyTuple_Check(value) || PyTuple_Size(value) != 3)
        return wrong_type(call, index, name, "a tuple (user, domain, password)", true);
    for (int part = 0; part < 3; part++) {
        if (!identity_part(call, PyTuple_GetItem(value, part), name, part, identity))
            return false;
    }
    return true;
}

/* ---- Buffers ---- */

/* Items of a list or tuple; -1: it is neither. */
static Py_ssize_t items_count(PyObject *value)
{
    if (PyTuple_Check(value))
        return PyTuple_Size(value);
    return PyList_Check(value) ? PyList_Size(value) : -1;
}

static PyObject *items_get(PyObject *value, Py_ssize_t index)
{
    return PyTuple_Check(value) ? PyTuple_GetItem(value, index) : PyList_GetItem(value, index);
}

static bool buffer_type(struct py_call *call, PyObject *value, const char *name, ULONG *type)
{
    unsigned long number = PyLong_Check(value) ? PyLong_AsUnsignedLong(value) : UINT32_MAX + 1ul;

    if (number <= UINT32_MAX) {
        *type = (ULONG)number;
        return true;
    }
    PyErr_Clear();
    PyErr_Format(PyExc_TypeError, "%s() argument '%s': a buffer's type must be an int of 32 bits", call->function,
                 name);
    return false;
}

static bool is_written(int writable, ULONG type)
{
    if (type == SECBUFFER_EMPTY || type & (SECBUFFER_READONLY | SECBUFFER_READONLY_WITH_CHECKSUM))
        return false;
    return writable == 1 || (writable == 2 && type != SECBUFFER_DATA);
}

/* One (type, buffer). */
static bool take_pair(struct py_call *call, PyObject *item, const char *name, int writable,
                      struct sspi_buffers *buffers)
{
    const void *data;
    ULONG type, size;

    if (!PyTuple_Check(item) || PyTuple_Size(item) != 2) {
        PyErr_Format(PyExc_TypeError, "%s() argument '%s' must hold tuples (type, buffer)", call->function, name);
        return false;
    }
    if (!buffer_type(call, PyTuple_GetItem(item, 0), name, &type))
        return false;
    if (!view(call, PyTuple_GetItem(item, 1), name, is_written(writable, type), &data, &size)) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "%s() argument '%s': a buffer of type %u must be a %s object", call->function,
                         name, (unsigned)type, is_written(writable, type) ? "writable bytes-like" : "bytes-like");
        return false;
    }
    sspi_buffers_add(buffers, type, (void *)(uintptr_t)data, size);
    return true;
}

bool py_take_buffers(struct py_call *call, Py_ssize_t index, const char *name, bool optional, int writable,
                     struct sspi_buffers *buffers)
{
    PyObject *value = argument(call, index);
    const void *data;
    ULONG size;
    Py_ssize_t count;

    sspi_buffers_init(buffers);
    if (!value)
        return optional ? true : wrong_type(call, index, name, "buffers", false);
    count = items_count(value);
    if (count < 0) {
        if (!view(call, value, name, is_written(writable, SECBUFFER_TOKEN), &data, &size))
            return PyErr_Occurred() ? false
                                    : wrong_type(call, index, name, "bytes-like or a list of (type, buffer)", optional);
        sspi_buffers_add(buffers, SECBUFFER_TOKEN, (void *)(uintptr_t)data, size);
        return true;
    }
    if (count > SSPI_BUFFERS_MAX)
        return wrong_value(call, name, "holds more than 16 buffers");
    for (Py_ssize_t i = 0; i < count && i < items_count(value); i++) {
        if (!take_pair(call, items_get(value, i), name, writable, buffers))
            return false;
    }
    return true;
}

bool py_take_output(struct py_call *call, Py_ssize_t index, const char *name, struct sspi_buffers *buffers)
{
    PyObject *value = argument(call, index);
    Py_ssize_t count;
    ULONG type;

    sspi_buffers_init(buffers);
    if (!value) {
        sspi_buffers_add(buffers, SECBUFFER_TOKEN, NULL, 0);
        buffers->allocated = 1;
        return true;
    }
    count = items_count(value);
    if (count < 0)
        return wrong_type(call, index, name, "a list of buffer types or of (type, buffer)", true);
    if (count > SSPI_BUFFERS_MAX)
        return wrong_value(call, name, "holds more than 16 buffers");
    for (Py_ssize_t i = 0; i < count && i < items_count(value); i++) {
        PyObject *item = items_get(value, i);

        if (!PyLong_Check(item)) {
            if (!take_pair(call, item, name, 1, buffers))
                return false;
            continue;
        }
        if (!buffer_type(call, item, name, &type))
            return false;
        buffers->allocated |= 1u << buffers->desc.cBuffers;
        sspi_buffers_add(buffers, type, NULL, 0);
    }
    if (sspi_buffers_mixed(buffers))
        return wrong_value(call, name, "leaves one buffer to the package and has room for a token or an alert");
    return true;
}

/* ---- Callbacks and attributes ---- */

bool py_take_callback(struct py_call *call, Py_ssize_t index, const char *name, bool optional, struct py_cell **cell)
{
    PyObject *value = argument(call, index);

    *cell = NULL;
    if (!value && optional)
        return true;
    if (!value || !PyCallable_Check(value))
        return wrong_type(call, index, name, "callable", optional);
    *cell = malloc(sizeof **cell);
    if (!*cell) {
        PyErr_NoMemory();
        return false;
    }
    atomic_init(&(*cell)->owners, 2);
    Py_INCREF(value);
    (*cell)->callable = value;
    return true;
}

const struct sspi_row *py_take_attribute(struct py_call *call, const char *name, const struct sspi_attribute *table,
                                         ULONG number)
{
    const struct sspi_row *row = sspi_attribute_find(table, number);

    if (!row)
        (void)wrong_value(call, name, "no attribute with a structure that scripts can read has this number");
    return row;
}

/* (password, nt_hash, flags) */
static bool keys_from_tuple(struct py_call *call, PyObject *result, PSSPI_ACCOUNT_KEYS keys)
{
    PyObject *password = PyTuple_GetItem(result, 0), *hash = PyTuple_GetItem(result, 1);
    PyObject *flags = PyTuple_GetItem(result, 2);
    Py_ssize_t size;

    if (!PyLong_Check(flags) || !buffer_type(call, flags, "lookup", &keys->Flags))
        return false;
    if (hash != Py_None) {
        if (!PyBytes_Check(hash) || PyBytes_Size(hash) != (Py_ssize_t)sizeof keys->NtHash)
            return wrong_value(call, "lookup", "an NT hash must be 16 bytes");
        memcpy(keys->NtHash, PyBytes_AsString(hash), sizeof keys->NtHash);
        keys->HasNtHash = 1;
    }
    if (password == Py_None)
        return true;
    if (PyUnicode_Check(password)) {
        if (!utf8(call, password, "lookup", (const char **)&keys->Password, &size))
            return false;
        keys->PasswordSize = (ULONG)size;
        return true;
    }
    return view(call, password, "lookup", false, &keys->Password, &keys->PasswordSize);
}

bool py_keys_fill(struct py_call *call, PyObject *result, PSSPI_ACCOUNT_KEYS keys)
{
    Py_ssize_t size;
    bool filled = false;

    if (call->views_used == PY_VIEWS_MAX)
        return wrong_value(call, "lookup", "too many lookups in one call");
    if (PyUnicode_Check(result)) {
        filled = utf8(call, result, "lookup", (const char **)&keys->Password, &size);
        keys->PasswordSize = filled ? (ULONG)size : 0;
    } else if (PyTuple_Check(result) && PyTuple_Size(result) == 3) {
        filled = keys_from_tuple(call, result, keys);
    } else {
        filled = view(call, result, "lookup", false, &keys->Password, &keys->PasswordSize);
    }
    if (!filled && !PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError,
                        "the lookup must return a password (str or bytes-like), (password, nt_hash, flags) or None");
    return filled;
}
