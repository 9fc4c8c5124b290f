"""Emits the CPython module: one C function for each call, the table of functions and the module's definition."""

from __future__ import annotations

import overrides
from emit_tables import BANNER, c_string
from model import (
    AttributeOut,
    BuffersIn,
    BuffersOut,
    BuffersResult,
    BytesIn,
    BytesOut,
    Call,
    CallbackIn,
    ContextResult,
    ContextStep,
    FlagIn,
    HandleIn,
    HandleOut,
    IdentityIn,
    Input,
    Model,
    NumberIn,
    NumberOut,
    Output,
    RowOut,
    RowsOut,
    TextIn,
    TextOut,
    TimeOut,
    TokenResult,
)  # fmt: skip


def kind_of(handle: str) -> str:
    return overrides.HANDLES[handle][1]


def emit_python(model: Model) -> str:
    lines = [f"/* {BANNER} */", '#include "runtime_python.h"', '#include "sspi_tables.h"', ""]
    for call in model.calls:
        lines += release(call) if call.releases else function(call)
    lines += ["static PyMethodDef functions[] = {"]
    for call in model.calls:
        doc = c_string(signature(call) + "\n--\n\n" + call.function.comment)
        lines.append(
            f"    {{{c_string(call.name)}, (PyCFunction)(void (*)(void))call_{call.name}, METH_FASTCALL, {doc}}},"
        )
    lines += [TAIL]
    return "\n".join(lines)


def signature(call: Call) -> str:
    """As Python shows it; optional ones at the end may be left out."""
    names = []
    for position, shape in enumerate(call.inputs):
        tail = position >= least(call)
        names.append(shape.name + ("=None" if tail else ""))
    return f"{call.name}({', '.join([*names, '/'] if names else names)})"


def least(call: Call) -> int:
    """How many arguments must be given."""
    count = len(call.inputs)
    while count and call.inputs[count - 1].optional:
        count -= 1
    return count


def release(call: Call) -> list[str]:
    shape = call.inputs[0]
    if not isinstance(shape, HandleIn):
        raise TypeError(shape)
    head = [f"static PyObject *call_{call.name}(PyObject *module, PyObject *const *args, Py_ssize_t nargs)", "{"]
    if shape.kind == "void":
        body = f"    return py_release_buffer(module, {c_string(call.name)}, args, nargs, {c_string(shape.name)});"
    else:
        optional = "true" if shape.optional else "false"
        body = (
            f"    return py_release_handle(module, {c_string(call.name)}, args, nargs, {c_string(shape.name)},"
            f" {kind_of(shape.kind)}, {optional});"
        )
    return [*head, body, "}", ""]


# ---- inputs: declaration, taking, C argument ----


def declare_input(shape: Input) -> list[str]:
    name = shape.name
    match shape:
        case ContextStep():
            return [f"struct py_handle *{name} = NULL, *{name}_object = NULL;", f"SecHandle {name}_made = {{0}};"]
        case HandleIn():
            return [f"struct py_handle *{name} = NULL;"]
        case TextIn():
            return [f"const char *{name} = NULL;"]
        case BytesIn():
            return [f"const void *{name} = NULL;", f"ULONG {shape.size_name} = 0;"]
        case NumberIn():
            return [f"ULONG {name} = 0;"]
        case FlagIn():
            return [f"BOOL {name} = 0;"]
        case IdentityIn():
            return [f"struct sspi_identity {name};"]
        case BuffersIn() | BuffersOut():
            return [f"struct sspi_buffers {name};"]
        case CallbackIn():
            return [f"struct py_cell *{name} = NULL;"]
    raise TypeError(shape)


def take_input(shape: Input, index: int) -> str:
    name, text = shape.name, c_string(shape.name)
    optional = "true" if shape.optional else "false"
    match shape:
        case ContextStep() | HandleIn():
            return f"py_take_handle(&call, {index}, {text}, {kind_of(shape.kind)}, {optional}, &{name})"
        case TextIn():
            return f"py_take_text(&call, {index}, {text}, {optional}, &{name})"
        case BytesIn():
            return f"py_take_bytes(&call, {index}, {text}, {optional}, &{name}, &{shape.size_name})"
        case NumberIn():
            return f"py_take_number(&call, {index}, {text}, {'true' if shape.signed else 'false'}, &{name})"
        case FlagIn():
            return f"py_take_flag(&call, {index}, {text}, &{name})"
        case IdentityIn():
            return f"py_take_identity(&call, {index}, {text}, &{name})"
        case BuffersIn():
            return f"py_take_buffers(&call, {index}, {text}, {optional}, {shape.writable}, &{name})"
        case BuffersOut():
            return f"py_take_output(&call, {index}, {text}, &{name})"
        case CallbackIn():
            return f"py_take_callback(&call, {index}, {text}, {optional}, &{name})"
    raise TypeError(shape)


def argument(call: Call, name: str, shape: Input | Output | str) -> str:
    """The C expression for one parameter."""
    variable = next(v for v in call.function.parameters if v.name == name)
    match shape:
        case str():
            return shape
        case ContextStep():
            pointer = f"py_handle_pointer({shape.name})"
            return pointer if name == shape.name else f"{shape.name} ? {pointer} : &{shape.name}_made"
        case HandleIn():
            return f"{name}->value.store" if shape.kind == "SspiAccountStore" else f"py_handle_pointer({name})"
        case TextIn():
            return f"({variable.type})(uintptr_t){name}" if not variable.type.const else name
        case BytesIn() if name == shape.name and not variable.type.const:
            return f"({variable.type})(uintptr_t){name}"
        case NumberIn() if shape.signed:
            return f"({variable.type}){name}"
        case NumberIn() if name == "fContextReq":
            return f"sspi_buffers_flags(&pOutput, {name})"
        case FlagIn():
            return f"({variable.type}){name}"
        case IdentityIn():
            return f"sspi_identity_pointer(&{name})"
        case BuffersIn() | BuffersOut():
            return f"sspi_buffers_desc(&{name})" if shape.optional else f"&{name}.desc"
        case CallbackIn():
            part = {"argument": shape.name, "release": "py_cell_release"}.get(name, f"py_callback_{shape.function}")
            return part if name == "argument" or not shape.optional else f"{shape.name} ? {part} : NULL"
        case HandleOut():
            return f"&{name}_made.{'store' if shape.kind == 'SspiAccountStore' else 'handle'}"
        case AttributeOut():
            return f"&{name}"
        case Output():
            return f"&{name}"
    return name


# ---- outputs: declaration and result ----


def declare_output(call: Call, shape: Output) -> list[str]:
    name = shape.name
    match shape:
        case HandleOut():
            return [f"struct py_handle *{name} = NULL;", f"union sspi_value {name}_made = {{{{0, 0}}}};"]
        case NumberOut():
            return [f"ULONG {name} = 0;"]
        case TimeOut():
            return [f"TimeStamp {name} = {{0}};"]
        case TextOut():
            return [f"char *{name} = NULL;"]
        case BytesOut():
            return [f"{shape.ctype}{name} = NULL;", f"ULONG {shape.size_name} = 0;"]
        case RowOut():
            return [f"{shape.row} *{name} = NULL;"]
        case RowsOut():
            return [f"{shape.row} *{name} = NULL;", f"ULONG {shape.count_name} = 0;"]
        case AttributeOut():
            return [f"union sspi_attribute_room {name} = {{{{0}}}};", f"const struct sspi_row *{name}_row;"]
    return []


def output_result(call: Call, shape: Output) -> str:
    name = shape.name
    match shape:
        case HandleOut():
            return f"py_handle_result({name})"
        case ContextResult():
            return f"py_handle_result({name}_object)"
        case NumberOut():
            return f"PyLong_FromUnsignedLong({name})"
        case TimeOut():
            return f"py_time({name})"
        case TextOut():
            return f"py_text_result({name})"
        case BytesOut():
            return f"py_buffer_new(call.state, (void **)&{name}, {shape.size_name})"
        case RowOut():
            return f"py_row_result(&call, &sspi_row_{shape.row}, {name})"
        case RowsOut():
            return f"py_rows_result(&call, &sspi_row_{shape.row}, {name}, {shape.count_name})"
        case AttributeOut():
            return f"py_attribute_result(&call, {name}_row, &{name})"
        case BuffersResult():
            return f"py_buffers_result(&{name})"
        case TokenResult():
            index = next(i for i, s in enumerate(call.inputs) if s.name == name)
            return f"py_output_result(&call, {index}, &{name})"
    raise TypeError(shape)


# ---- a function ----


def function(call: Call) -> list[str]:
    lines = [f"static PyObject *call_{call.name}(PyObject *module, PyObject *const *args, Py_ssize_t nargs)", "{"]
    declared = ["struct py_call call;", "PyObject *result = NULL;"]
    declared += [d for s in call.inputs for d in declare_input(s)]
    declared += [d for s in call.outputs for d in declare_output(call, s)]
    declared += {"status": ["SECURITY_STATUS status;"], "number": ["ULONG value;"], "text": ["const char *value;"]}[
        call.result
    ]
    lines += [f"    {d}" for d in declared] + [""]
    lines += [f"    sspi_buffers_init(&{s.name});" for s in call.inputs if isinstance(s, BuffersOut)]
    lines += [
        f"    if (!py_call_begin(&call, module, {c_string(call.name)}, args, nargs, {least(call)},"
        f" {len(call.inputs)}))",
        "        return NULL;",
    ]
    checks = [take_input(s, i) for i, s in enumerate(call.inputs)]
    if checks:
        joined = "\n        || !".join(checks)
        lines += [f"    if (!{joined})", "        goto out;"]
    lines += prepare(call) + invoke(call) + finish(call)
    lines += [*cleanup(call), "    py_call_end(&call);", "    return result;", "}", ""]
    if "goto out;" not in "\n".join(lines):
        lines.remove("out:")
    return lines


def prepare(call: Call) -> list[str]:
    """What can fail for want of memory happens before the call, so that no result is lost afterwards."""
    lines = []
    for shape in call.inputs:
        if isinstance(shape, ContextStep):
            made = f"py_handle_new(&call, {kind_of(shape.kind)})"
            lines += [
                f"    {shape.name}_object = {shape.name} ? {shape.name} : {made};",
                f"    if (!{shape.name}_object)",
            ]
            lines += ["        goto out;"]
    for output in call.outputs:
        if isinstance(output, HandleOut):
            lines += [f"    {output.name} = py_handle_new(&call, {kind_of(output.kind)});", f"    if (!{output.name})"]
            lines += ["        goto out;"]
        if isinstance(output, AttributeOut):
            number, table = output.number_name, f"sspi_{output.table}_attributes"
            lines += [f"    {output.name}_row = py_take_attribute(&call, {c_string(number)}, {table}, {number});"]
            lines += [f"    if (!{output.name}_row)", "        goto out;"]
    return lines


def brief(call: Call) -> str:
    """C expression: may the GIL be kept while nobody else uses the objects?"""
    if call.function.name in overrides.BRIEF:
        return "true"
    if call.function.name in overrides.BRIEF_MESSAGES:
        message = next(s.name for s in call.inputs if isinstance(s, BuffersIn))
        return f"sspi_buffers_size(&{message}) <= {overrides.BRIEF_BYTES}"
    return "false"


def invoke(call: Call) -> list[str]:
    arguments = ", ".join(argument(call, name, shape) for name, shape in call.arguments)
    target = {"status": "status = ", "void": "", "number": "value = (ULONG)"}.get(call.result, "value = ")
    expression = f"{target}{call.function.name}({arguments});"
    return [f"    py_call_enter(&call, {brief(call)});", f"    {expression}", "    py_call_leave(&call);"]


def finish(call: Call) -> list[str]:
    lines = []
    if call.result == "status":
        output = next((f"&{s.name}" for s in call.inputs if isinstance(s, BuffersOut)), "NULL")
        tell = told(call)
        fail = f"py_call_fail(&call, status, {output})"
        lines += [
            "    if (status < 0) {",
            f"        result = {f'{tell} ? {fail} : NULL' if tell else fail};",
            "        goto out;",
            "    }",
        ]
    lines += take_over(call)
    if told(call):
        lines += [f"    if (!{told(call)})", "        goto out;"]
    items = [output_result(call, s) for s in call.outputs]
    if call.reports_status:
        items.insert(0, "py_status(status)")
    if call.result == "number":
        items.insert(0, "PyLong_FromUnsignedLong(value)")
    if call.result == "text":
        items.insert(0, "py_text(value)")
    if not items:
        return [*lines, "    result = Py_None;", "    Py_INCREF(result);", "out:"]
    joined = items[0] if len(items) == 1 else f"py_pack({len(items)}, {', '.join(items)})"
    return [*lines, f"    result = {joined};", "out:"]


def told(call: Call) -> str:
    """C expression that shows the script which of its buffers the package retyped; empty where none does."""
    if not call.reports_status:
        return ""
    return next(
        (f"py_buffers_tell(&call, {i}, &{s.name})" for i, s in enumerate(call.inputs) if isinstance(s, BuffersIn))
    )


def take_over(call: Call) -> list[str]:
    """After success: handles into their objects, and who keeps whom."""
    lines = []
    for output in call.outputs:
        if isinstance(output, HandleOut):
            lines.append(f"    py_handle_open({output.name}, {output.name}_made);")
    for shape in call.inputs:
        if isinstance(shape, ContextStep):
            lines += [f"    if (!{shape.name})"]
            lines += [
                f"        py_handle_open({shape.name}_object, (union sspi_value){{.handle = {shape.name}_made}});"
            ]
        if isinstance(shape, CallbackIn):
            owner = overrides.OWNS_CALLBACK[call.function.name]
            lines += [f"    py_handle_own_cell({owner}, {shape.name});", f"    {shape.name} = NULL;"]
    if call.function.name in overrides.KEEPS:
        keeper, kept = overrides.KEEPS[call.function.name]
        keeper += "_object" if any(isinstance(s, ContextStep) and s.name == keeper for s in call.inputs) else ""
        lines.append(f"    py_handle_keep({keeper}, {kept});")
    return lines


def cleanup(call: Call) -> list[str]:
    lines = []
    for shape in call.inputs:
        if isinstance(shape, BuffersOut):
            lines.append(f"    sspi_buffers_free_allocated(&{shape.name});")
        if isinstance(shape, ContextStep):
            lines += [f"    if (!{shape.name})", f"        Py_XDECREF((PyObject *){shape.name}_object);"]
        if isinstance(shape, CallbackIn):
            lines.append(f"    py_cell_discard({shape.name});")
    for output in call.outputs:
        if isinstance(output, HandleOut):
            lines.append(f"    Py_XDECREF((PyObject *){output.name});")
        if isinstance(output, BytesOut):
            lines += [f"    if ({output.name})", f"        (void)FreeContextBuffer({output.name});"]
    return lines


TAIL = """    {"set_error", py_set_error, METH_O,
     "set_error(type, /)\\n--\\n\\nSets the class of what is raised on failure, made with (function, status, reason, "
     "explanation, token, sense)."},
    {NULL, NULL, 0, NULL}};

static const struct py_module description = {sspi_rows, sspi_constants, sspi_status_senses};

static int module_exec(PyObject *module)
{
    return py_module_exec(module, &description);
}

/* Python 3.12 and later ask whether each interpreter may have a lock of its own; 3.11 does not know the question. */
#define SLOT_MULTIPLE_INTERPRETERS 3
#define PER_INTERPRETER_GIL ((void *)2)

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)module_exec}, {0, NULL}};
static PyModuleDef_Slot slots_312[] = {
    {Py_mod_exec, (void *)module_exec}, {SLOT_MULTIPLE_INTERPRETERS, PER_INTERPRETER_GIL}, {0, NULL}};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "sspi._sspi",
    "The functions of libsspi under Windows' names; generated from its header.",
    sizeof(struct py_state),
    functions,
    slots,
    py_module_traverse,
    py_module_clear,
    py_module_free};

PyMODINIT_FUNC PyInit__sspi(void);

PyMODINIT_FUNC PyInit__sspi(void)
{
    if (Py_Version >= 0x030C0000)
        definition.m_slots = slots_312;
    return PyModuleDef_Init(&definition);
}
"""
