"""Emits sspi_tables.h: structures, attributes, constants and status codes, for both modules."""

from __future__ import annotations

import re

from model import Model, Row, RowField

BANNER = "Made by bindings/generate.py from the public headers. Do not edit."


def c_string(text: str) -> str:
    """A C string literal."""
    out = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{out}"'


def first_sentence(text: str) -> str:
    """The first sentence of a comment, on one line."""
    flat = " ".join(text.split("\n\n")[0].split("@")[0].split())
    end = re.search(r"(?<!e\.g)(?<!i\.e)\. ", flat)
    return flat[: end.start() + 1] if end else flat


def emit_tables(model: Model) -> str:
    lines = [f"/* {BANNER} */", "#ifndef SSPI_TABLES_H", "#define SSPI_TABLES_H", "", '#include "runtime_common.h"', ""]
    names = ordered_rows(model)
    for index, name in enumerate(names):
        lines += row(model.rows[name], index)
    lines.append("static const struct sspi_row *const sspi_rows[] = {")
    lines += [f"    &sspi_row_{name}," for name in names] + ["    NULL};", ""]
    for table, entries in model.attributes.items():
        lines.append(f"static const struct sspi_attribute sspi_{table}_attributes[] = {{")
        lines += [f"    {{{constant.name}, &sspi_row_{struct}}}," for constant, struct in entries]
        lines += ["    {0, NULL}};", ""]
    lines += constants(model) + senses(model)
    for name in names:
        lines.append(f'_Static_assert(sizeof({name}) <= sizeof(union sspi_attribute_room), "room for {name}");')
    return "\n".join([*lines, "", "#endif", ""])


def ordered_rows(model: Model) -> list[str]:
    """Rows with those they point to in front."""
    done: list[str] = []

    def add(name: str) -> None:
        for field in model.rows[name].fields:
            if field.row and field.row not in done:
                add(field.row)
        if name not in done:
            done.append(name)

    for name in model.rows:
        add(name)
    return done


def row(shape: Row, index: int) -> list[str]:
    lines = [f"static const struct sspi_field sspi_fields_{shape.struct}[] = {{"]
    lines += [f"    {field(shape.struct, member)}," for member in shape.fields]
    doc = c_string(first_sentence(shape.comment) or shape.name)
    owns = "true" if any(member.kind in ("TEXT", "WIDE", "BYTES", "ROW") for member in shape.fields) else "false"
    lines += [
        "};",
        f"static const struct sspi_row sspi_row_{shape.struct} = {{",
        f"    {c_string(shape.name)}, {c_string('sspi.' + shape.name)}, {doc},",
        f"    sizeof({shape.struct}), sspi_fields_{shape.struct}, {len(shape.fields)}, {index}, {owns}}};",
        "",
    ]
    return lines


def field(struct: str, member: RowField) -> str:
    size = f"offsetof({struct}, {member.size_member})" if member.size_member else "0"
    nested = f"&sspi_row_{member.row}" if member.row else "NULL"
    secret = "true" if member.secret else "false"
    place = f"offsetof({struct}, {member.member})"
    return f"{{{c_string(member.name)}, SSPI_FIELD_{member.kind}, {place}, {member.width}, {size}, {nested}, {secret}}}"


def script_name(name: str) -> str:
    """NTLMSP_NAME_A is NTLMSP_NAME in scripts: there is only one kind of text."""
    return name.removesuffix("_A")


def constants(model: Model) -> list[str]:
    lines = ["static const struct sspi_constant sspi_constants[] = {"]
    for constant in model.constants:
        name = c_string(script_name(constant.name))
        if isinstance(constant.value, str):
            lines.append(f"    {{{name}, {c_string(constant.value)}, 0}},")
        else:
            value = constant.value & (
                0xFFFFFFFF if constant.value >= -(1 << 31) and constant.value < 0 else (1 << 64) - 1
            )
            lines.append(f"    {{{name}, NULL, {value:#x}u}},")
    return [*lines, "    {NULL, NULL, 0}};", ""]


def senses(model: Model) -> list[str]:
    lines = ["static const struct sspi_status_sense sspi_status_senses[] = {"]
    seen = set()
    for constant in model.constants:
        if constant.ctype not in ("SECURITY_STATUS", "NTSTATUS", "HRESULT") or constant.value in seen:
            continue
        seen.add(constant.value)
        sense = c_string(first_sentence(constant.comment) or constant.name)
        lines.append(f"    {{(SECURITY_STATUS){constant.name}, {c_string(constant.name)}, {sense}}},")
    return [*lines, "    {0, NULL, NULL}};", ""]
