"""Emits the Lua module: one C function for each call, and the table of functions."""

from __future__ import annotations

import overrides
from emit_python import argument as python_argument
from emit_python import kind_of
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

HOLDERS = (BytesOut, RowOut, RowsOut)


def emit_lua(model: Model) -> str:
    lines = [f"/* {BANNER} */", '#include "runtime_lua.h"', '#include "sspi_tables.h"', ""]
    for call in model.calls:
        lines += release(call) if call.releases else function(call)
    lines.append("static const luaL_Reg functions[] = {")
    lines += [f"    {{{c_string(call.name)}, call_{call.name}}}," for call in model.calls]
    event = "&sspi_row_SSPI_EVENT" if "SSPI_EVENT" in model.rows else "NULL"
    lines += [
        "    {NULL, NULL}};",
        "",
        f"static const struct slua_module module = {{functions, sspi_constants, sspi_status_senses, {event}}};",
        "",
        "SSPI_API int luaopen_sspi_core(lua_State *L);",
        "",
        "int luaopen_sspi_core(lua_State *L)",
        "{",
        "    (void)sspi_rows;",
        "    return slua_module_open(L, &module);",
        "}",
        "",
    ]
    return "\n".join(lines)


def release(call: Call) -> list[str]:
    shape = call.inputs[0]
    if not isinstance(shape, HandleIn):
        raise TypeError(shape)
    name, parameter = c_string(call.name), c_string(shape.name)
    if shape.kind == "void":
        body = f"    return slua_release_buffer(L, {name}, {parameter});"
    else:
        optional = "true" if shape.optional else "false"
        body = f"    return slua_release_handle(L, {name}, {parameter}, {kind_of(shape.kind)}, {optional});"
    return [f"static int call_{call.name}(lua_State *L)", "{", body, "}", ""]


def declare_input(shape: Input) -> list[str]:
    name = shape.name
    match shape:
        case ContextStep():
            return [
                f"struct slua_handle *{name}, *{name}_object;",
                f"int {name}_index;",
                f"SecHandle {name}_made = {{0}};",
            ]
        case HandleIn():
            return [f"struct slua_handle *{name};"]
        case TextIn():
            return [f"const char *{name};"]
        case BytesIn():
            return [f"const void *{name};", f"ULONG {shape.size_name};"]
        case NumberIn():
            return [f"ULONG {name};"]
        case FlagIn():
            return [f"BOOL {name};"]
        case IdentityIn():
            return [f"struct sspi_identity {name};"]
        case BuffersIn() | BuffersOut():
            return [f"struct slua_buffers {name};"]
        case CallbackIn():
            return [f"void *{name};"]
    raise TypeError(shape)


def take_input(shape: Input, index: int) -> str:
    name, text = shape.name, c_string(shape.name)
    optional = "true" if shape.optional else "false"
    match shape:
        case ContextStep() | HandleIn():
            return f"{name} = slua_take_handle(&call, {index}, {text}, {kind_of(shape.kind)}, {optional});"
        case TextIn():
            return f"{name} = slua_take_text(&call, {index}, {text}, {optional});"
        case BytesIn():
            return f"{name} = slua_take_bytes(&call, {index}, {text}, {optional}, &{shape.size_name});"
        case NumberIn():
            return f"{name} = slua_take_number(&call, {index}, {text}, {'true' if shape.signed else 'false'});"
        case FlagIn():
            return f"{name} = slua_take_flag(&call, {index}, {text});"
        case IdentityIn():
            return f"slua_take_identity(&call, {index}, {text}, &{name});"
        case BuffersIn():
            return f"slua_take_buffers(&call, {index}, {text}, {optional}, {shape.writable}, &{name});"
        case BuffersOut():
            return f"slua_take_output(&call, {index}, {text}, &{name});"
        case CallbackIn():
            return f"{name} = slua_take_callback(&call, {index}, {text}, {optional});"
    raise TypeError(shape)


def argument(call: Call, name: str, shape: Input | Output | str) -> str:
    """As in Python, with the names of this runtime."""
    match shape:
        case BuffersIn() | BuffersOut():
            return f"sspi_buffers_desc(&{name}.common)" if shape.optional else f"&{name}.common.desc"
        case NumberIn() if name == "fContextReq":
            return f"sspi_buffers_flags(&pOutput.common, {name})"
        case AttributeOut():
            return f"&{name}->room"
    return python_argument(call, name, shape).replace("py_", "slua_")


def declare_output(shape: Output) -> list[str]:
    name = shape.name
    holder = [f"struct slua_buffer *{name}_holder;"]
    match shape:
        case HandleOut():
            return [
                f"struct slua_handle *{name}_object;",
                f"int {name}_index;",
                f"union sspi_value {name}_made = {{{{0, 0}}}};",
            ]
        case NumberOut():
            return [f"ULONG {name} = 0;"]
        case TimeOut():
            return [f"TimeStamp {name} = {{0}};"]
        case TextOut():
            return [f"char *{name} = NULL;"]
        case BytesOut():
            return [f"{shape.ctype}{name} = NULL;", f"ULONG {shape.size_name} = 0;", f"int {name}_index;", *holder]
        case RowOut():
            return [f"{shape.row} *{name} = NULL;", *holder]
        case RowsOut():
            return [f"{shape.row} *{name} = NULL;", f"ULONG {shape.count_name} = 0;", *holder]
        case AttributeOut():
            return [f"struct slua_attribute {name}_room, *{name};"]
    return []


def push_output(shape: Output) -> str:
    name = shape.name
    match shape:
        case HandleOut() | ContextResult():
            return f"lua_pushvalue(L, {name}_index);"
        case NumberOut():
            return f"slua_push_number(L, {name});"
        case TimeOut():
            return f"slua_push_time(L, {name});"
        case TextOut():
            return f"slua_push_text(&call, {name});"
        case BytesOut():
            return f"lua_pushvalue(L, {name}_index);"
        case RowOut():
            return f"slua_push_single(L, &sspi_row_{shape.row}, {name}_holder);"
        case RowsOut():
            return f"slua_push_rows(L, &sspi_row_{shape.row}, {name}_holder, {shape.count_name});"
        case AttributeOut():
            return f"slua_push_attribute(L, {name});"
        case BuffersResult():
            return f"slua_push_buffers(&call, &{name});"
        case TokenResult():
            return f"slua_push_output(&call, &{name});"
    raise TypeError(shape)


def function(call: Call) -> list[str]:
    declared = ["struct slua_call call;"]
    declared += [d for s in call.inputs for d in declare_input(s)]
    declared += [d for s in call.outputs for d in declare_output(s)]
    declared += {"status": ["SECURITY_STATUS status;"], "number": ["ULONG value;"], "text": ["const char *value;"]}[
        call.result
    ]
    lines = [f"static int call_{call.name}(lua_State *L)", "{"] + [f"    {d}" for d in declared] + [""]
    lines.append(f"    slua_call_begin(&call, L, {c_string(call.name)}, {len(call.inputs)});")
    lines += [f"    {take_input(s, i + 1)}" for i, s in enumerate(call.inputs)]
    lines += prepare(call) + invoke(call) + finish(call)
    return [*lines, "}", ""]


def prepare(call: Call) -> list[str]:
    """Every object that will own something exists before the call."""
    lines = []
    for index, shape in enumerate(call.inputs):
        name = shape.name
        if isinstance(shape, ContextStep):
            lines += [
                f"    {name}_object = {name} ? {name} : slua_handle_new(&call, {kind_of(shape.kind)});",
                f"    {name}_index = {name} ? {index + 1} : lua_gettop(L);",
            ]
    for output in call.outputs:
        name = output.name
        if isinstance(output, HandleOut):
            lines += [
                f"    {name}_object = slua_handle_new(&call, {kind_of(output.kind)});",
                f"    {name}_index = lua_gettop(L);",
            ]
        if isinstance(output, HOLDERS):
            lines.append(f"    {name}_holder = slua_buffer_new(&call);")
        if isinstance(output, BytesOut):
            lines.append(f"    {name}_index = lua_gettop(L);")
        if isinstance(output, AttributeOut):
            number, table = output.number_name, f"sspi_{output.table}_attributes"
            row = f"slua_take_attribute(&call, {c_string(number)}, {table}, {number})"
            lines.append(f"    {name} = slua_attribute_new(&call, {row}, &{name}_room);")
    for index, shape in enumerate(call.inputs):
        if isinstance(shape, CallbackIn):
            lines.append(f"    slua_cell_own(&call, {owner_index(call)}, {index + 1}, {shape.name});")
    if call.function.name in overrides.KEEPS:
        keeper, kept = overrides.KEEPS[call.function.name]
        lines.append(
            f"    slua_handle_keep(&call, {keeper_object(call, keeper)}, {keeper_index(call, keeper)},"
            f" {kept}, {input_index(call, kept)});"
        )
    return lines


def input_index(call: Call, name: str) -> int:
    return 1 + next(i for i, s in enumerate(call.inputs) if s.name == name)


def keeper_object(call: Call, name: str) -> str:
    step = any(isinstance(s, ContextStep) and s.name == name for s in call.inputs)
    return f"{name}_object" if step else name


def keeper_index(call: Call, name: str) -> str:
    step = any(isinstance(s, ContextStep) and s.name == name for s in call.inputs)
    return f"{name}_index" if step else str(input_index(call, name))


def owner_index(call: Call) -> str:
    owner = overrides.OWNS_CALLBACK[call.function.name]
    return (
        f"{owner}_index"
        if any(isinstance(o, HandleOut) and o.name == owner for o in call.outputs)
        else str(input_index(call, owner))
    )


def invoke(call: Call) -> list[str]:
    arguments = ", ".join(argument(call, name, shape) for name, shape in call.arguments)
    target = {"status": "status = ", "void": "", "number": "value = (ULONG)"}.get(call.result, "value = ")
    statement = f"{target}{call.function.name}({arguments});"
    room = next((s.name for s in call.inputs if isinstance(s, BuffersOut)), None)
    if room:
        lines = ["    do", f"        {statement}", f"    while (slua_output_again(&{room}, status));"]
    else:
        lines = [f"    {statement}"]
    lines = ["    slua_call_enter(&call);", *lines, "    slua_call_leave(&call);"]
    for shape in call.inputs:
        if isinstance(shape, BuffersOut):
            lines.append(f"    slua_buffers_own(&call, &{shape.name});")
    for output in call.outputs:
        if isinstance(output, HOLDERS):
            lines.append(f"    {output.name}_holder->data = {output.name};")
        if isinstance(output, BytesOut):
            lines.append(f"    {output.name}_holder->size = {output.size_name};")
    return lines


def finish(call: Call) -> list[str]:
    lines = []
    told = []
    if call.result == "status":
        lines.append("    if (status < 0) {")
        lines += [f"        slua_cell_discard({s.name});" for s in call.inputs if isinstance(s, CallbackIn)]
        token = next((f"&{s.name}" for s in call.inputs if isinstance(s, BuffersOut)), "NULL")
        told = [
            f"slua_buffers_tell(&call, {i + 1}, &{s.name});"
            for i, s in enumerate(call.inputs)
            if isinstance(s, BuffersIn) and call.reports_status
        ]
        fail = f"slua_call_fail(&call, status, {token});"
        if told:
            lines += [f"        int count = {fail}", "", *(f"        {line}" for line in told), "        return count;"]
        else:
            lines.append(f"        return {fail}")
        lines.append("    }")
    for output in call.outputs:
        if isinstance(output, HandleOut):
            lines.append(f"    slua_handle_open({output.name}_object, {output.name}_made);")
    for shape in call.inputs:
        if isinstance(shape, ContextStep):
            lines += [f"    if (!{shape.name})"]
            lines += [
                f"        slua_handle_open({shape.name}_object, (union sspi_value){{.handle = {shape.name}_made}});"
            ]
    pushes = [push_output(s) for s in call.outputs]
    if call.reports_status:
        pushes.insert(0, "slua_push_number(L, (ULONG)status);")
    if call.result == "number":
        pushes.insert(0, "slua_push_number(L, value);")
    if call.result == "text":
        pushes.insert(0, "lua_pushstring(L, value);")
    pushes = pushes or ["lua_pushboolean(L, 1);"]
    return [*lines, *(f"    {p}" for p in pushes), *(f"    {line}" for line in told), f"    return {len(pushes)};"]
