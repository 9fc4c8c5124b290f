/* One call from Python into libsspi: entering, leaving, failing, and the callbacks that arrive meanwhile.
 * Called by the generated module. */
#include "runtime_python.h"

#include <stdlib.h>
#include <string.h>

/* Calls of this thread, innermost first. A callback finds its call, and so the interpreter to run in, here. */
static _Thread_local struct py_call *current_call;

struct py_call *py_call_current(void)
{
    return current_call;
}

void py_call_init(struct py_call *call, struct py_state *state, const char *function)
{
    call->outer = NULL;
    call->state = state;
    call->function = function;
    call->args = NULL;
    call->nargs = 0;
    call->saved = NULL;
    call->raised = NULL;
    call->misfit = false;
    call->kept = NULL;
    call->handles_used = 0;
    call->views_used = 0;
}

bool py_call_begin(struct py_call *call, PyObject *module, const char *function, PyObject *const *args,
                   Py_ssize_t nargs, Py_ssize_t least, Py_ssize_t most)
{
    py_call_init(call, PyModule_GetState(module), function);
    call->args = args;
    call->nargs = nargs;
    if (!call->state->error) { /* the module has been cleared: the interpreter is ending */
        PyErr_SetString(PyExc_RuntimeError, "the module is gone");
        return false;
    }
    if (nargs >= least && nargs <= most)
        return true;
    if (least == most)
        PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments, not %zd", function, most, nargs);
    else
        PyErr_Format(PyExc_TypeError, "%s() takes %zd to %zd arguments, not %zd", function, least, most, nargs);
    return false;
}

/* Frees what a handle holds. The caller has the GIL; `quietly` keeps it, for finalizers. */
static void handle_free(struct py_state *state, struct py_handle *handle, bool quietly)
{
    struct py_call call;
    union sspi_value value = handle->value;

    py_call_init(&call, state, "close");
    memset(&handle->value, 0, sizeof handle->value);
    call.outer = current_call;
    current_call = &call;
    if (!quietly)
        call.saved = PyEval_SaveThread();
    sspi_value_free(handle->kind, &value);
    if (call.saved)
        PyEval_RestoreThread(call.saved);
    current_call = call.outer;
    Py_XDECREF(call.kept);
    if (call.raised) {
        PyErr_SetObject((PyObject *)Py_TYPE(call.raised), call.raised);
        PyErr_WriteUnraisable(NULL);
        Py_DECREF(call.raised);
    }
}

void py_handle_close(struct py_state *state, struct py_handle *handle, bool quietly)
{
    if (handle && sspi_guard_close(&handle->guard))
        handle_free(state, handle, quietly);
}

void py_call_end(struct py_call *call)
{
    for (unsigned i = 0; i < call->views_used; i++)
        PyBuffer_Release(&call->views[i]);
    for (unsigned i = 0; i < call->handles_used; i++) {
        struct py_handle *handle = call->handles[i];

        if (sspi_guard_leave(&handle->guard))
            handle_free(call->state, handle, true);
    }
    Py_CLEAR(call->kept);
    Py_CLEAR(call->raised);
}

/* True while no other call uses these objects: libsspi then waits for no lock that a callback of another thread could
 * hold while it waits for the GIL. */
static bool handles_alone(const struct py_call *call)
{
    for (unsigned i = 0; i < call->handles_used; i++) {
        if (!sspi_guard_alone(&call->handles[i]->guard))
            return false;
    }
    return true;
}

void py_call_enter(struct py_call *call, bool brief)
{
    call->outer = current_call;
    current_call = call;
    if (!brief || !handles_alone(call))
        call->saved = PyEval_SaveThread();
}

void py_call_leave(struct py_call *call)
{
    if (call->saved)
        PyEval_RestoreThread(call->saved);
    call->saved = NULL;
    current_call = call->outer;
}

/* ---- Failure ---- */

/* What a callback raised becomes the cause; an interruption (KeyboardInterrupt, SystemExit) goes on instead. */
static void raise_with_cause(struct py_call *call, PyObject *error)
{
    PyObject *raised = call->raised;

    call->raised = NULL;
    if (raised && !PyErr_GivenExceptionMatches(raised, PyExc_Exception)) {
        PyErr_SetObject((PyObject *)Py_TYPE(raised), raised);
        Py_DECREF(raised);
        return;
    }
    if (raised)
        PyException_SetCause(error, raised);
    PyErr_SetObject((PyObject *)Py_TYPE(error), error);
}

static PyObject *failure_token(struct sspi_buffers *output)
{
    SecBuffer *token = output ? sspi_buffers_token(output) : NULL;

    if (!token)
        return PyBytes_FromStringAndSize(NULL, 0);
    return PyBytes_FromStringAndSize(token->pvBuffer, (Py_ssize_t)token->cbBuffer);
}

/* The explanation of libsspi, and by type how the lookup went wrong. Never its message or value: they may hold a
 * secret, and explanations are logged. */
static PyObject *failure_text(const struct py_call *call)
{
    char *explanation = NULL;
    PyObject *text, *type, *longer = NULL;

    if (SspiExplainLastFailure(&explanation) != SEC_E_OK)
        explanation = NULL;
    text = explanation ? PyUnicode_DecodeUTF8(explanation, (Py_ssize_t)strlen(explanation), "replace")
                       : PyUnicode_FromString("");
    if (explanation)
        (void)FreeContextBuffer(explanation);
    if (!text || !call->raised)
        return text;
    type = PyType_GetName(Py_TYPE(call->misfit ? call->kept : call->raised));
    if (type)
        longer = PyUnicode_FromFormat(
            call->misfit ? "%U: the account callback returned a value of type %U that is no password, NtHash or None"
                         : "%U: the account callback raised %U",
            text, type);
    Py_XDECREF(type);
    Py_DECREF(text);
    return longer;
}

PyObject *py_call_fail(struct py_call *call, SECURITY_STATUS status, struct sspi_buffers *output)
{
    ULONG reason = SspiQueryLastFailureReason();
    const char *name;
    const char *sense = sspi_status_sense(call->state->module->senses, status, &name);
    PyObject *text = failure_text(call), *token = failure_token(output), *error = NULL;

    if (text && token)
        error = PyObject_CallFunction(call->state->error, "sIIOOs", call->function, (unsigned)status, (unsigned)reason,
                                      text, token, sense);
    Py_XDECREF(text);
    Py_XDECREF(token);
    if (!error)
        return NULL;
    raise_with_cause(call, error);
    Py_DECREF(error);
    return NULL;
}

/* ---- Callbacks ---- */

void py_cell_release(void *argument)
{
    struct py_cell *cell = argument;

    if (atomic_fetch_sub(&cell->owners, 1) == 1)
        free(cell);
}

void py_cell_discard(struct py_cell *cell)
{
    if (!cell)
        return;
    Py_CLEAR(cell->callable);
    py_cell_release(cell);
    py_cell_release(cell);
}

/* Takes the GIL for a callback, if this call gave it up. The result goes to callback_end(). */
static bool callback_begin(struct py_call *call)
{
    bool released = call->saved != NULL;

    if (released)
        PyEval_RestoreThread(call->saved);
    call->saved = NULL;
    return released;
}

static void callback_end(struct py_call *call, bool released)
{
    if (released)
        call->saved = PyEval_SaveThread();
}

/* The exception of a callback, kept for the end of the call. */
static void keep_raised(struct py_call *call)
{
    PyObject *type, *value, *traceback;

    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (value && traceback)
        (void)PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    Py_XDECREF(call->raised);
    call->raised = value;
}

static SECURITY_STATUS lookup(struct py_call *call, PyObject *callable, const char *user, const char *domain,
                              PSSPI_ACCOUNT_KEYS keys)
{
    PyObject *result = PyObject_CallFunction(callable, "ss", user, domain);

    if (result == Py_None) {
        Py_DECREF(result);
        return SEC_E_LOGON_DENIED;
    }
    Py_XDECREF(call->kept);
    call->kept = result;
    if (result && py_keys_fill(call, result, keys))
        return SEC_E_OK;
    call->misfit = result != NULL;
    keep_raised(call);
    return SEC_E_INTERNAL_ERROR;
}

SECURITY_STATUS py_callback_SSPI_ACCOUNT_LOOKUP_FN(void *argument, const char *user, const char *domain,
                                                   PSSPI_ACCOUNT_KEYS keys)
{
    struct py_cell *cell = argument;
    struct py_call *call = current_call;
    SECURITY_STATUS status = SEC_E_INTERNAL_ERROR;
    PyObject *callable;
    bool released;

    if (!call)
        return SEC_E_INTERNAL_ERROR;
    released = callback_begin(call);
    callable = cell->callable;
    if (callable) {
        Py_INCREF(callable);
        status = lookup(call, callable, user, domain, keys);
        Py_DECREF(callable);
    }
    callback_end(call, released);
    return status;
}

static void deliver(struct py_call *call, PyObject *callable, const SSPI_EVENT *event)
{
    PyObject *type, *value, *traceback, *row, *result = NULL;
    const struct sspi_row *const *rows = call->state->module->rows;

    PyErr_Fetch(&type, &value, &traceback);
    while (*rows && strcmp((*rows)->name, "SSPI_EVENT") != 0)
        rows++;
    row = *rows ? py_row(call->state, *rows, event) : NULL;
    if (row)
        result = PyObject_CallFunctionObjArgs(callable, row, NULL);
    if (!result)
        PyErr_WriteUnraisable(callable);
    Py_XDECREF(result);
    Py_XDECREF(row);
    PyErr_Restore(type, value, traceback);
}

void py_callback_SSPI_EVENT_FN(void *argument, const SSPI_EVENT *event)
{
    struct py_cell *cell = argument;
    struct py_call *call = current_call;
    PyObject *callable;
    bool released;

    if (!call || !call->state)
        return;
    released = callback_begin(call);
    callable = cell->callable;
    if (callable) {
        Py_INCREF(callable);
        deliver(call, callable, event);
        Py_DECREF(callable);
    }
    callback_end(call, released);
}
