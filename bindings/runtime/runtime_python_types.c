/* The types of the Python module: credentials, contexts, account stores and memory that a package allocated.
 * Made by runtime_python_module.c. */
#include "runtime_python.h"

#include <string.h>

/* ---- Handles ---- */

/* The state behind a type; NULL while the interpreter ends. Leaves a pending exception alone. */
static struct py_state *state_of(PyTypeObject *type)
{
    PyObject *kind, *value, *traceback;
    struct py_state *state;

    PyErr_Fetch(&kind, &value, &traceback);
    state = PyType_GetModuleState(type);
    PyErr_Restore(kind, value, traceback);
    return state;
}

SecHandle *py_handle_pointer(struct py_handle *handle)
{
    return handle ? &handle->value.handle : NULL;
}

struct py_handle *py_handle_new(struct py_call *call, enum sspi_kind kind)
{
    struct py_handle *handle = (struct py_handle *)PyType_GenericAlloc(call->state->kinds[kind], 0);

    if (!handle)
        return NULL;
    handle->kind = kind;
    sspi_guard_init_closed(&handle->guard);
    return handle;
}

void py_handle_open(struct py_handle *handle, union sspi_value value)
{
    handle->value = value;
    sspi_guard_open(&handle->guard);
}

void py_handle_keep(struct py_handle *handle, struct py_handle *kept)
{
    PyObject *old;

    if (!handle || !kept)
        return;
    old = handle->keep;
    Py_INCREF((PyObject *)kept);
    handle->keep = (PyObject *)kept;
    Py_XDECREF(old);
}

/* Gives up the owner's half of a cell. */
static void drop_cell(struct py_cell *cell)
{
    PyObject *callable;

    if (!cell)
        return;
    callable = cell->callable;
    cell->callable = NULL;
    py_cell_release(cell);
    Py_XDECREF(callable);
}

void py_handle_own_cell(struct py_handle *handle, struct py_cell *cell)
{
    struct py_cell *old = handle->cell;

    handle->cell = cell;
    drop_cell(old);
}

PyObject *py_handle_result(struct py_handle *handle)
{
    Py_INCREF((PyObject *)handle);
    return (PyObject *)handle;
}

static int handle_traverse(PyObject *self, visitproc visit, void *arg)
{
    struct py_handle *handle = (struct py_handle *)self;

    Py_VISIT(Py_TYPE(self));
    Py_VISIT(handle->keep);
    if (handle->cell)
        Py_VISIT(handle->cell->callable);
    return 0;
}

static int handle_clear(PyObject *self)
{
    struct py_handle *handle = (struct py_handle *)self;

    Py_CLEAR(handle->keep);
    if (handle->cell)
        Py_CLEAR(handle->cell->callable);
    return 0;
}

static void handle_dealloc(PyObject *self)
{
    struct py_handle *handle = (struct py_handle *)self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    PyObject_GC_UnTrack(self);
    py_handle_close(state_of(type), handle, true);
    drop_cell(handle->cell);
    Py_CLEAR(handle->keep);
    release(self);
    Py_DECREF((PyObject *)type);
}

static PyObject *handle_close(PyObject *self, PyObject *unused)
{
    (void)unused;
    py_handle_close(state_of(Py_TYPE(self)), (struct py_handle *)self, false);
    Py_RETURN_NONE;
}

static PyObject *handle_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(sspi_guard_closed(&((struct py_handle *)self)->guard));
}

static PyObject *handle_repr(PyObject *self)
{
    static const char *const names[] = {"CredHandle", "CtxtHandle", "AccountStore"};
    struct py_handle *handle = (struct py_handle *)self;

    return PyUnicode_FromFormat("<sspi._sspi.%s %s at %p>", names[handle->kind],
                                sspi_guard_closed(&handle->guard) ? "closed" : "open", (void *)self);
}

static PyMethodDef handle_methods[] = {
    {"close", handle_close, METH_NOARGS,
     "close()\n--\n\nReleases it; after the calls that are using it. May be repeated."},
    {NULL, NULL, 0, NULL}};

static PyGetSetDef handle_getset[] = {{"closed", handle_closed, NULL, "True after close().", NULL},
                                      {NULL, NULL, NULL, NULL, NULL}};

static PyTypeObject *handle_type_make(PyObject *module, const char *name, const char *doc)
{
    PyType_Slot slots[] = {{Py_tp_doc, (void *)(uintptr_t)doc},
                           {Py_tp_dealloc, (void *)handle_dealloc},
                           {Py_tp_traverse, (void *)handle_traverse},
                           {Py_tp_clear, (void *)handle_clear},
                           {Py_tp_repr, (void *)handle_repr},
                           {Py_tp_methods, handle_methods},
                           {Py_tp_getset, handle_getset},
                           {0, NULL}};
    PyType_Spec spec = {
        name, (int)sizeof(struct py_handle), 0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};

    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
}

static PyObject *release_argument(PyObject *module, const char *function, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs == 1)
        return args[0];
    (void)module;
    PyErr_Format(PyExc_TypeError, "%s() takes 1 arguments, not %zd", function, nargs);
    return NULL;
}

static PyObject *release_refused(const char *function, const char *name, const char *expected)
{
    PyErr_Format(PyExc_TypeError, "%s() argument '%s' must be %s", function, name, expected);
    return NULL;
}

PyObject *py_release_handle(PyObject *module, const char *function, PyObject *const *args, Py_ssize_t nargs,
                            const char *name, enum sspi_kind kind, bool optional)
{
    static const char *const names[] = {"CredHandle", "CtxtHandle", "AccountStore"};
    struct py_state *state = PyModule_GetState(module);
    PyObject *value = release_argument(module, function, args, nargs);

    if (!value)
        return NULL;
    if (value == Py_None && optional)
        Py_RETURN_NONE;
    if (Py_TYPE(value) != state->kinds[kind])
        return release_refused(function, name, names[kind]);
    py_handle_close(state, (struct py_handle *)value, false);
    Py_RETURN_NONE;
}

/* ---- Memory that a package allocated ---- */

struct py_buffer {
    PyObject ob_base;
    struct sspi_guard guard; /* its users are the views */
    void *data;
    Py_ssize_t size;
};

PyObject *py_buffer_new(struct py_state *state, void **data, ULONG size)
{
    struct py_buffer *buffer = (struct py_buffer *)PyType_GenericAlloc(state->buffer, 0);

    if (!buffer)
        return NULL;
    buffer->data = *data;
    buffer->size = (Py_ssize_t)size;
    *data = NULL;
    return (PyObject *)buffer;
}

static void buffer_free(struct py_buffer *buffer)
{
    void *data = buffer->data;

    buffer->data = NULL;
    buffer->size = 0;
    if (data)
        (void)FreeContextBuffer(data);
}

static void buffer_dealloc(PyObject *self)
{
    struct py_buffer *buffer = (struct py_buffer *)self;
    PyTypeObject *type = Py_TYPE(self);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);

    if (sspi_guard_close(&buffer->guard))
        buffer_free(buffer);
    release(self);
    Py_DECREF((PyObject *)type);
}

static int buffer_get(PyObject *self, Py_buffer *view, int flags)
{
    struct py_buffer *buffer = (struct py_buffer *)self;

    if (!sspi_guard_enter(&buffer->guard)) {
        view->obj = NULL;
        PyErr_SetString(PyExc_ValueError, "the ContextBuffer is closed");
        return -1;
    }
    if (PyBuffer_FillInfo(view, self, buffer->data, buffer->size, 1, flags) == 0)
        return 0;
    if (sspi_guard_leave(&buffer->guard))
        buffer_free(buffer);
    return -1;
}

static void buffer_release(PyObject *self, Py_buffer *view)
{
    struct py_buffer *buffer = (struct py_buffer *)self;

    (void)view;
    if (sspi_guard_leave(&buffer->guard))
        buffer_free(buffer);
}

static Py_ssize_t buffer_length(PyObject *self)
{
    struct py_buffer *buffer = (struct py_buffer *)self;

    return sspi_guard_closed(&buffer->guard) ? 0 : buffer->size;
}

static PyObject *buffer_close(PyObject *self, PyObject *unused)
{
    struct py_buffer *buffer = (struct py_buffer *)self;

    (void)unused;
    if (sspi_guard_close(&buffer->guard))
        buffer_free(buffer);
    Py_RETURN_NONE;
}

static PyObject *buffer_tobytes(PyObject *self, PyObject *unused)
{
    struct py_buffer *buffer = (struct py_buffer *)self;
    PyObject *bytes;

    (void)unused;
    if (!sspi_guard_enter(&buffer->guard)) {
        PyErr_SetString(PyExc_ValueError, "the ContextBuffer is closed");
        return NULL;
    }
    bytes = PyBytes_FromStringAndSize(buffer->data, buffer->size);
    if (sspi_guard_leave(&buffer->guard))
        buffer_free(buffer);
    return bytes;
}

static PyObject *buffer_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(sspi_guard_closed(&((struct py_buffer *)self)->guard));
}

static PyObject *buffer_repr(PyObject *self)
{
    return PyUnicode_FromFormat("<sspi._sspi.ContextBuffer of %zd bytes at %p>", buffer_length(self), (void *)self);
}

static PyMethodDef buffer_methods[] = {{"close", buffer_close, METH_NOARGS,
                                        "close()\n--\n\nFrees the memory, after the last view of it. May be repeated."},
                                       {"tobytes", buffer_tobytes, METH_NOARGS, "tobytes()\n--\n\nA copy as bytes."},
                                       {NULL, NULL, 0, NULL}};

static PyGetSetDef buffer_getset[] = {{"closed", buffer_closed, NULL, "True after close().", NULL},
                                      {NULL, NULL, NULL, NULL, NULL}};

static PyTypeObject *buffer_type_make(PyObject *module)
{
    static const char doc[] = "Memory that libsspi allocated, read-only, freed with the last view of it.";
    PyType_Slot slots[] = {{Py_tp_doc, (void *)(uintptr_t)doc},
                           {Py_tp_dealloc, (void *)buffer_dealloc},
                           {Py_tp_repr, (void *)buffer_repr},
                           {Py_tp_methods, buffer_methods},
                           {Py_tp_getset, buffer_getset},
                           {Py_sq_length, (void *)buffer_length},
                           {Py_bf_getbuffer, (void *)buffer_get},
                           {Py_bf_releasebuffer, (void *)buffer_release},
                           {0, NULL}};
    PyType_Spec spec = {"sspi._sspi.ContextBuffer", (int)sizeof(struct py_buffer), 0,
                        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE, slots};

    return (PyTypeObject *)PyType_FromModuleAndSpec(module, &spec, NULL);
}

PyObject *py_release_buffer(PyObject *module, const char *function, PyObject *const *args, Py_ssize_t nargs,
                            const char *name)
{
    struct py_state *state = PyModule_GetState(module);
    PyObject *value = release_argument(module, function, args, nargs);

    if (!value || value == Py_None) {
        Py_XINCREF(value);
        return value;
    }
    if (Py_TYPE(value) != state->buffer)
        return release_refused(function, name, "ContextBuffer or None");
    return buffer_close(value, NULL);
}

bool py_types_make(PyObject *module, struct py_state *state)
{
    state->kinds[SSPI_KIND_CREDENTIAL] = handle_type_make(module, "sspi._sspi.CredHandle", "A credential.");
    state->kinds[SSPI_KIND_CONTEXT] = handle_type_make(module, "sspi._sspi.CtxtHandle", "A context.");
    state->kinds[SSPI_KIND_STORE] = handle_type_make(module, "sspi._sspi.AccountStore", "A store of accounts.");
    state->buffer = buffer_type_make(module);
    if (!state->buffer || PyModule_AddType(module, state->buffer))
        return false;
    for (int kind = 0; kind < 3; kind++) {
        if (!state->kinds[kind] || PyModule_AddType(module, state->kinds[kind]))
            return false;
    }
    return true;
}
