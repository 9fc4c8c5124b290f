"""Emits _sspi.pyi: the types of the generated CPython module."""

from __future__ import annotations

import overrides
from emit_python import least
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
    Row,
    RowField,
    RowOut,
    RowsOut,
    TextIn,
    TextOut,
    TimeOut,
    TokenResult,
)  # fmt: skip

HEAD = '''"""Types of the functions of libsspi, made by bindings/generate.py from the public headers. Do not edit."""

from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, final, overload

from typing_extensions import Buffer

_Buffers = Buffer | Sequence[tuple[int, Buffer]]
_Message = Sequence[tuple[int, Buffer]]
_Output = Sequence[int | tuple[int, Buffer]]
_Identity = tuple[str | None, str | None, str | Buffer | None]

class Error(Exception): ...

def set_error(type: type[Exception], /) -> None: ...
@final
class ContextBuffer:
    """Memory that libsspi allocated, read-only, freed with the last view of it."""

    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    def tobytes(self) -> bytes: ...
    def __len__(self) -> int: ...
    def __buffer__(self, flags: int, /) -> memoryview: ...
'''


def emit_stub(model: Model) -> str:
    lines = [HEAD]
    for name, _ in overrides.HANDLES.values():
        lines += [
            "@final",
            f"class {name}:",
            "    @property",
            "    def closed(self) -> bool: ...",
            "    def close(self) -> None: ...",
            "",
        ]
    for struct in ordered_rows(model):
        lines += row(model, model.rows[struct])
    for call in model.calls:
        lines += overloads(model, call)
    for constant in model.constants:
        kind = "str" if isinstance(constant.value, str) else "int"
        value = (
            constant.value & 0xFFFFFFFF if isinstance(constant.value, int) and constant.value < 0 else constant.value
        )
        literal = f" = {value!r}" if isinstance(value, int) else ""
        lines.append(f"{script_name(constant.name)}: Final{'' if literal else '[' + kind + ']'}{literal}")
    return "\n".join([*lines, ""])


def field_type(model: Model, field: RowField) -> str:
    if field.kind in ("TEXT", "WIDE"):
        return "str | None"
    if field.kind == "WIDE_ARRAY":
        return "str"
    if field.kind in ("BYTES", "BYTES_ARRAY"):
        return "bytes"
    return f"{model.rows[field.row].name} | None" if field.kind == "ROW" else "int"


def row(model: Model, shape: Row) -> list[str]:
    types = [field_type(model, f) for f in shape.fields]
    lines = ["@final", f"class {shape.name}(tuple[{', '.join(types)}]):"]
    for field, kind in zip(shape.fields, types, strict=True):
        lines += ["    @property", f"    def {field.name}(self) -> {kind}: ..."]
    return [*lines, ""]


def input_type(shape: Input) -> str:
    match shape:
        case ContextStep() | HandleIn():
            base = "ContextBuffer" if shape.kind == "void" else overrides.HANDLES[shape.kind][0]
        case TextIn():
            base = "str"
        case BytesIn():
            base = "Buffer"
        case NumberIn():
            base = "int"
        case FlagIn():
            base = "bool"
        case IdentityIn():
            base = "_Identity"
        case BuffersIn():
            base = "_Message" if shape.writable else "_Buffers"
        case BuffersOut():
            base = "_Output"
        case CallbackIn():
            base = "Callable[[SSPI_EVENT], object]" if "EVENT" in shape.function else "Callable[[str, str], object]"
        case _:
            raise TypeError(shape)
    return f"{base} | None" if shape.optional else base


def output_type(model: Model, shape: Output) -> str:
    match shape:
        case HandleOut():
            return overrides.HANDLES[shape.kind][0]
        case ContextResult():
            return "CtxtHandle"
        case NumberOut() | TimeOut():
            return "int"
        case TextOut():
            return "str"
        case BytesOut():
            return "ContextBuffer"
        case RowOut():
            return model.rows[shape.row].name
        case RowsOut():
            return f"list[{model.rows[shape.row].name}]"
        case BuffersResult():
            return "tuple[tuple[int, int, int | None], ...]"
        case TokenResult():
            return "ContextBuffer | None"
        case AttributeOut():
            return "tuple[Any, ...]"
    raise TypeError(shape)


def result_type(model: Model, call: Call, replaced: dict[str, str] | None = None) -> str:
    types = [(replaced or {}).get(type(s).__name__) or output_type(model, s) for s in call.outputs]
    if call.reports_status or call.result == "number":
        types.insert(0, "int")
    if call.result == "text":
        types.insert(0, "str")
    if call.releases or not types:
        return "None"
    return types[0] if len(types) == 1 else f"tuple[{', '.join(types)}]"


def parameters(call: Call, replaced: dict[str, str] | None = None) -> str:
    """Positional parameters; the last ones have a default as far as None is a value of each."""
    kinds = [(replaced or {}).get(s.name) or input_type(s) for s in call.inputs]
    count = len(kinds)
    while count > least(call) and kinds[count - 1].endswith("None"):
        count -= 1
    parts = [
        f"{s.name}: {k}{' = ...' if i >= count else ''}"
        for i, (s, k) in enumerate(zip(call.inputs, kinds, strict=True))
    ]
    return ", ".join([*parts, "/"] if parts else parts)


def overloads(model: Model, call: Call) -> list[str]:
    """One signature; several where the result depends on an argument: the attribute, or pOutput."""
    doc = first_sentence(call.function.comment)
    attribute = next((o for o in call.outputs if isinstance(o, AttributeOut)), None)
    output = next((s for s in call.inputs if isinstance(s, BuffersOut)), None)
    if attribute:
        lines = []
        for constant, struct in model.attributes[attribute.table]:
            given = parameters(call, {attribute.number_name: f"Literal[{constant.value}]"})
            lines += ["@overload", f"def {call.name}({given}) -> {model.rows[struct].name}: ..."]
        return [*lines, "@overload", f"def {call.name}({parameters(call)}) -> {result_type(model, call)}: ..."]
    if output:
        listed = result_type(model, call, {"TokenResult": "tuple[ContextBuffer | int | None, ...]"})
        given = parameters(call, {output.name: "_Output"})
        without = parameters(call, {output.name: "None"})
        return [
            "@overload",
            f"def {call.name}({without}) -> {result_type(model, call)}: ...",
            "@overload",
            f"def {call.name}({given}) -> {listed}: ...",
        ]
    return [
        f"def {call.name}({parameters(call)}) -> {result_type(model, call)}:",
        f'    """{doc}"""' if doc else "    ...",
    ]
