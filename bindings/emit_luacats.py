"""Emits sspi_core.d.lua: LuaCATS annotations of the generated Lua module, for editors."""

from __future__ import annotations

import overrides
from emit_tables import first_sentence, ordered_rows, script_name
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

HEAD = """---@meta sspi.core
-- Types of the functions of libsspi, made by bindings/generate.py from the public headers. Do not edit.
-- A failure gives nil, its sense, the status' name, a token for the peer or nil, an explanation, a reason.

---@class sspi.core
local core = {}

---@class sspi.ContextBuffer
---@field close fun(self: sspi.ContextBuffer)
---@field closed fun(self: sspi.ContextBuffer): boolean
---@operator len: integer
"""


def emit_luacats(model: Model) -> str:
    lines = [HEAD]
    for name, _ in overrides.HANDLES.values():
        kind = f"sspi.{name}"
        lines += [
            f"---@class {kind}",
            f"---@field close fun(self: {kind})",
            f"---@field closed fun(self: {kind}): boolean",
            "",
        ]
    for struct in ordered_rows(model):
        shape = model.rows[struct]
        lines.append(f"---@class sspi.{shape.name}")
        for field in shape.fields:
            text = field.kind in ("TEXT", "WIDE", "BYTES", "WIDE_ARRAY", "BYTES_ARRAY")
            kind = f"sspi.{model.rows[field.row].name}?" if field.kind == "ROW" else "string" if text else "integer"
            lines.append(f"---@field {field.name} {kind} {field.comment}".rstrip())
        lines.append("")
    for call in model.calls:
        lines += function(model, call)
    for constant in model.constants:
        value = (
            constant.value & 0xFFFFFFFF if isinstance(constant.value, int) and constant.value < 0 else constant.value
        )
        shown = f'"{value}"' if isinstance(value, str) else str(value)
        lines.append(f"core.{script_name(constant.name)} = {shown}")
    return "\n".join([*lines, "", "return core", ""])


def input_type(shape: Input) -> str:
    match shape:
        case ContextStep() | HandleIn():
            base = "sspi.ContextBuffer" if shape.kind == "void" else f"sspi.{overrides.HANDLES[shape.kind][0]}"
        case TextIn():
            base = "string"
        case BytesIn():
            base = "string|sspi.ContextBuffer"
        case NumberIn():
            base = "integer"
        case FlagIn():
            base = "boolean"
        case IdentityIn():
            base = "{user: string?, domain: string?, password: string?}"
        case BuffersIn():
            base = "string|sspi.ContextBuffer|{[1]: integer, [2]: string|integer}[]"
        case BuffersOut():
            base = "(integer|{[1]: integer, [2]: integer})[]"
        case CallbackIn():
            event = "fun(event: sspi.SSPI_EVENT)"
            base = event if "EVENT" in shape.function else "fun(user: string, domain: string): string|table|nil"
        case _:
            raise TypeError(shape)
    return f"({base})?" if shape.optional else base


def output_type(model: Model, shape: Output) -> str:
    match shape:
        case HandleOut():
            return f"sspi.{overrides.HANDLES[shape.kind][0]}"
        case ContextResult():
            return "sspi.CtxtHandle"
        case NumberOut() | TimeOut():
            return "integer"
        case TextOut():
            return "string"
        case BytesOut():
            return "sspi.ContextBuffer"
        case RowOut():
            return f"sspi.{model.rows[shape.row].name}"
        case RowsOut():
            return f"sspi.{model.rows[shape.row].name}[]"
        case BuffersResult():
            return "{[1]: integer, [2]: string|integer}[]"
        case TokenResult():
            return "string|table|nil"
        case AttributeOut():
            return "table"
    raise TypeError(shape)


def results(model: Model, call: Call) -> list[tuple[str, str]]:
    """Name and type of whatever a call gives."""
    named = [("status", "integer")] if call.reports_status else []
    named += [("value", "integer")] if call.result == "number" else []
    named += [("value", "string")] if call.result == "text" else []
    named += [(s.name, output_type(model, s)) for s in call.outputs]
    return named or [("done", "true")]


def function(model: Model, call: Call) -> list[str]:
    lines = [f"---{first_sentence(call.function.comment)}"]
    lines += [f"---@param {s.name} {input_type(s)}" for s in call.inputs]
    lines += [f"---@return {kind} {name}" for name, kind in results(model, call)]
    return [*lines, f"function core.{call.name}({', '.join(s.name for s in call.inputs)}) end", ""]
