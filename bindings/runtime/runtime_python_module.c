/* Results of a generated Python function, and the module itself: its state, types and constants.
 * Called by the generated module. */
#include "runtime_python.h"

#include <stdarg.h>
#include <string.h>

PyObject *py_pack(int count, ...)
{
    PyObject *items[8], *tuple;
    bool whole = true;
    va_list list;

    va_start(list, count);
    for (int i = 0; i < count; i++) {
        items[i] = va_arg(list, PyObject *);
        whole = whole && items[i];
    }
    va_end(list);
    if (count == 1)
        return items[0];
    tuple = whole ? PyTuple_New(count) : NULL;
    for (int i = 0; i < count; i++) {
        if (!tuple)
            Py_XDECREF(items[i]);
        else
            (void)PyTuple_SetItem(tuple, i, items[i]);
    }
    return tuple;
}

PyObject *py_status(SECURITY_STATUS status)
{
    return PyLong_FromUnsignedLong((ULONG)status);
}

PyObject *py_time(TimeStamp time)
{
    return PyLong_FromLongLong(time.QuadPart);
}

PyObject *py_text(const char *text)
{
    if (!text)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(text, (Py_ssize_t)strlen(text), "replace");
}

PyObject *py_text_result(char *text)
{
    PyObject *result = py_text(text);

    if (text)
        (void)FreeContextBuffer(text);
    return result;
}

/* What became of the buffers of a message: a tuple of (type, size). */
/* (type, size, offset): the offset within the first buffer, or None. */
static PyObject *buffer_item(const struct sspi_buffers *buffers, ULONG i)
{
    ULONG offset;
    PyObject *type = PyLong_FromUnsignedLong(buffers->buffers[i].BufferType);
    PyObject *size = PyLong_FromUnsignedLong(buffers->buffers[i].cbBuffer);

    if (sspi_buffers_offset(buffers, i, &offset))
        return py_pack(3, type, size, PyLong_FromUnsignedLong(offset));
    Py_INCREF(Py_None);
    return py_pack(3, type, size, Py_None);
}

PyObject *py_buffers_result(struct sspi_buffers *buffers)
{
    Py_ssize_t count = (Py_ssize_t)buffers->desc.cBuffers;
    PyObject *tuple = PyTuple_New(count);

    for (Py_ssize_t i = 0; tuple && i < count; i++) {
        PyObject *item = buffer_item(buffers, (ULONG)i);

        if (!item) {
            Py_DECREF(tuple);
            return NULL;
        }
        (void)PyTuple_SetItem(tuple, i, item);
    }
    return tuple;
}

bool py_buffers_tell(struct py_call *call, Py_ssize_t index, const struct sspi_buffers *buffers)
{
    PyObject *list = index < call->nargs ? call->args[index] : Py_None;

    if (!PyList_Check(list))
        return true;
    for (ULONG i = 0; i < buffers->desc.cBuffers && (Py_ssize_t)i < PyList_Size(list); i++) {
        PyObject *item;

        if (!sspi_buffers_retyped(buffers, i))
            continue;
        item = buffer_item(buffers, i);
        if (!item || PyList_SetItem(list, (Py_ssize_t)i, item))
            return false;
    }
    return true;
}

/* One output buffer: memory of the package as an object, or how much of the caller's was used. */
static PyObject *output_item(struct py_call *call, struct sspi_buffers *buffers, ULONG i)
{
    SecBuffer *buffer = &buffers->buffers[i];

    if (!(buffers->allocated >> i & 1))
        return PyLong_FromUnsignedLong(buffer->cbBuffer);
    if (!buffer->pvBuffer || !buffer->cbBuffer)
        Py_RETURN_NONE;
    return py_buffer_new(call->state, &buffer->pvBuffer, buffer->cbBuffer);
}

PyObject *py_output_result(struct py_call *call, Py_ssize_t index, struct sspi_buffers *buffers)
{
    bool plain = index >= call->nargs || call->args[index] == Py_None;
    ULONG count = buffers->desc.cBuffers;
    PyObject *tuple;

    if (plain)
        return output_item(call, buffers, 0);
    tuple = PyTuple_New((Py_ssize_t)count);
    for (ULONG i = 0; tuple && i < count; i++) {
        PyObject *item = output_item(call, buffers, i);

        if (!item) {
            Py_DECREF(tuple);
            return NULL;
        }
        (void)PyTuple_SetItem(tuple, (Py_ssize_t)i, item);
    }
    return tuple;
}

/* ---- Structures ---- */

static PyObject *wide_result(const WCHAR *text)
{
    Py_ssize_t length = 0;
    int order = 0;

    while (text[length])
        length++;
    return PyUnicode_DecodeUTF16((const char *)text, length * 2, "replace", &order);
}

static PyObject *field_result(struct py_state *state, const struct sspi_field *field, const void *base)
{
    const void *pointer = field->kind < SSPI_FIELD_TEXT ? NULL : sspi_field_pointer(base, field);

    switch (field->kind) {
    case SSPI_FIELD_UNSIGNED:
    case SSPI_FIELD_STATUS:
        return PyLong_FromUnsignedLongLong(sspi_field_number(base, field->offset, field->width));
    case SSPI_FIELD_SIGNED:
        return PyLong_FromLong((int32_t)sspi_field_number(base, field->offset, field->width));
    case SSPI_FIELD_TIME:
        return PyLong_FromLongLong((int64_t)sspi_field_number(base, field->offset, 8));
    case SSPI_FIELD_BYTES:
    case SSPI_FIELD_BYTES_ARRAY:
        return PyBytes_FromStringAndSize(
            pointer, pointer ? (Py_ssize_t)sspi_field_number(base, field->size_offset, field->width) : 0);
    default:
        break;
    }
    if (!pointer)
        Py_RETURN_NONE;
    if (field->kind == SSPI_FIELD_TEXT)
        return py_text(pointer);
    if (field->kind == SSPI_FIELD_WIDE || field->kind == SSPI_FIELD_WIDE_ARRAY)
        return wide_result(pointer);
    return py_row(state, field->row, pointer);
}

PyObject *py_row(struct py_state *state, const struct sspi_row *row, const void *base)
{
    PyTypeObject *type = state->rows[row->index];
    PyObject *result = type ? PyStructSequence_New(type) : NULL;

    if (!type) /* the module has been cleared: the interpreter is ending */
        PyErr_SetString(PyExc_RuntimeError, "the module is gone");
    for (size_t i = 0; result && i < row->count; i++) {
        PyObject *item = field_result(state, &row->fields[i], base);

        if (!item) {
            Py_DECREF(result);
            return NULL;
        }
        PyStructSequence_SetItem(result, (Py_ssize_t)i, item);
    }
    return result;
}

PyObject *py_attribute_result(struct py_call *call, const struct sspi_row *row, union sspi_attribute_room *room)
{
    PyObject *result = py_row(call->state, row, room);

    sspi_row_free(row, room);
    return result;
}

PyObject *py_rows_result(struct py_call *call, const struct sspi_row *row, void *rows, ULONG count)
{
    PyObject *list = PyList_New((Py_ssize_t)count);

    for (ULONG i = 0; list && i < count; i++) {
        PyObject *item = py_row(call->state, row, (const char *)rows + i * row->size);

        if (!item) {
            Py_CLEAR(list);
            break;
        }
        (void)PyList_SetItem(list, (Py_ssize_t)i, item);
    }
    if (rows)
        (void)FreeContextBuffer(rows);
    return list;
}

PyObject *py_row_result(struct py_call *call, const struct sspi_row *row, void *value)
{
    PyObject *result = py_row(call->state, row, value);

    (void)FreeContextBuffer(value);
    return result;
}

/* ---- The module ---- */

static PyTypeObject *row_type_make(const struct sspi_row *row)
{
    PyStructSequence_Field fields[32];
    PyStructSequence_Desc desc = {row->type_name, row->doc, fields, (int)row->count};

    for (size_t i = 0; i < row->count; i++)
        fields[i] = (PyStructSequence_Field){row->fields[i].name, NULL};
    fields[row->count] = (PyStructSequence_Field){NULL, NULL};
    return PyStructSequence_NewType(&desc);
}

static bool add_rows(PyObject *module, struct py_state *state)
{
    for (size_t i = 0; state->module->rows[i]; i++) {
        const struct sspi_row *row = state->module->rows[i];
        PyTypeObject *type = row_type_make(row);

        state->rows[row->index] = type;
        if (!type || PyModule_AddObjectRef(module, row->name, (PyObject *)type))
            return false;
    }
    return true;
}

static bool add_constants(PyObject *module, const struct sspi_constant *constant)
{
    for (; constant->name; constant++) {
        PyObject *value =
            constant->text ? PyUnicode_FromString(constant->text) : PyLong_FromUnsignedLongLong(constant->number);
        int failed = PyModule_AddObjectRef(module, constant->name, value);

        Py_XDECREF(value);
        if (failed)
            return false;
    }
    return true;
}

int py_module_exec(PyObject *module, const struct py_module *description)
{
    struct py_state *state = PyModule_GetState(module);

    state->module = description;
    state->error = PyErr_NewExceptionWithDoc(
        "sspi._sspi.Error", "(function, status, reason, explanation, token, sense): a call failed.", NULL, NULL);
    if (!state->error || PyModule_AddObjectRef(module, "Error", state->error))
        return -1;
    if (!py_types_make(module, state) || !add_rows(module, state) || !add_constants(module, description->constants))
        return -1;
    return 0;
}

int py_module_traverse(PyObject *module, visitproc visit, void *arg)
{
    struct py_state *state = PyModule_GetState(module);

    for (int i = 0; i < 3; i++)
        Py_VISIT(state->kinds[i]);
    Py_VISIT(state->buffer);
    Py_VISIT(state->error);
    for (int i = 0; i < PY_ROWS_MAX; i++)
        Py_VISIT(state->rows[i]);
    return 0;
}

int py_module_clear(PyObject *module)
{
    struct py_state *state = PyModule_GetState(module);

    for (int i = 0; i < 3; i++)
        Py_CLEAR(state->kinds[i]);
    Py_CLEAR(state->buffer);
    Py_CLEAR(state->error);
    for (int i = 0; i < PY_ROWS_MAX; i++)
        Py_CLEAR(state->rows[i]);
    return 0;
}

void py_module_free(void *module)
{
    if (PyModule_GetState(module))
        (void)py_module_clear(module);
}

PyObject *py_set_error(PyObject *module, PyObject *type)
{
    struct py_state *state = PyModule_GetState(module);
    PyObject *old;

    if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, (PyTypeObject *)PyExc_Exception)) {
        PyErr_SetString(PyExc_TypeError, "set_error() argument 'type' must be a class of exceptions");
        return NULL;
    }
    old = state->error;
    Py_INCREF(type);
    state->error = type;
    Py_XDECREF(old);
    Py_RETURN_NONE;
}
