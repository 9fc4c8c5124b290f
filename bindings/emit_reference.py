"""Emits the reference page of both generated modules, as Markdown."""

from __future__ import annotations

import overrides
from emit_luacats import input_type as lua_input
from emit_luacats import results as lua_results
from emit_stub import parameters, result_type
from emit_tables import first_sentence, ordered_rows, script_name
from model import AttributeOut, Call, Model

HEAD = """# The generated modules: `sspi._sspi` (Python) and `sspi.core` (Lua)

Made by `bindings/generate.py` from the public headers. The names are Windows' own, without the A and W of text: scripts
have one kind of text, UTF-8. The layers above, `sspi` in both languages, are what most programs want.

* A failing call raises `sspi.SSPIError` in Python. In Lua it gives `nil`, the sense of the status, its name, a token
  for the peer or `nil`, an explanation for the operator, and a reason (`SSPI_REASON_`).
* A wrong type, a closed object, and a number that does not fit raise an error that names the argument.
* What the library allocates is an object: a `memoryview` of it (Python) or `tostring` (Lua) reads it; `close` or the
  garbage collector frees it. Credentials, contexts and stores are objects too; `close` may be repeated, and takes
  effect after the calls that are using the object.
* Buffers, going in: in Python one bytes-like object, or a list of `(type, buffer)`; in Lua one string, or a list of
  `{type, data}`. Python changes a message's buffers in place; Lua gives new ones.

"""

OPTIONS = """## Options

Of one credential: `options` of `sspi.Credential` and `sspi.credential`, or SspiCredentialSetOption. Of every program:
section `[sspi]` of `/etc/sspi.conf`, or of the file that `SSPI_CONFIG` names. Of one process: the environment, by
`SSPI_` and the name in upper case. The credential's word goes before the environment's, and that before the file's.
`sspi.options()` lists them.
"""


def emit_reference(model: Model) -> str:
    lines = [HEAD + "## Functions", ""]
    for call in model.calls:
        lines += function(model, call)
    lines += ["## Structures", ""]
    for struct in ordered_rows(model):
        shape = model.rows[struct]
        lines += [f"### {shape.name}", "", first_sentence(shape.comment), ""]
        lines += [f"* `{f.name}`: {f.kind.lower()}{'. ' + f.comment if f.comment else ''}" for f in shape.fields] + [""]
    lines += options(model) if model.options else []
    lines += ["## Attributes", ""]
    for table, entries in model.attributes.items():
        lines += [f"Of a {table}:", "", "| number | structure |", "| --- | --- |"]
        lines += [f"| `{constant.name}` | {model.rows[struct].name} |" for constant, struct in entries] + [""]
    lines += ["## Functions that scripts do not get", "", "| function | why |", "| --- | --- |"]
    lines += [f"| `{name}` | {why} |" for name, why in overrides.LEFT_OUT.items()] + [""]
    lines += ["## Constants", "", "| name | value | |", "| --- | --- | --- |"]
    for constant in model.constants:
        value = (
            constant.value & 0xFFFFFFFF if isinstance(constant.value, int) and constant.value < 0 else constant.value
        )
        shown = f"{value:#x}" if isinstance(value, int) else value
        lines.append(f"| `{script_name(constant.name)}` | {shown} | {first_sentence(constant.comment)} |")
    return "\n".join([*lines, ""])


def options(model: Model) -> list[str]:
    lines = [OPTIONS, "| option | values | default | |", "| --- | --- | --- | --- |"]
    for name, *rest in model.options:
        cells = [cell.replace("|", "\\|") for cell in rest]
        lines.append(" | ".join([f"| `{name}`", *cells]) + " |")
    return [*lines, ""]


def function(model: Model, call: Call) -> list[str]:
    attribute = any(isinstance(o, AttributeOut) for o in call.outputs)
    python = "the structure of the attribute" if attribute else f"`{result_type(model, call)}`"
    lua = ", ".join(name if name == "status" else kind for name, kind in lua_results(model, call))
    given = "; ".join(f"{s.name}: {lua_input(s)}" for s in call.inputs)
    return [
        f"### {call.name}",
        "",
        first_sentence(call.function.comment),
        "",
        f"* Python: `{call.name}({parameters(call)})` gives {python}",
        f"* Lua: `{call.name}({', '.join(s.name for s in call.inputs)})` takes {given or 'nothing'}; gives {lua}",
        "",
    ]
