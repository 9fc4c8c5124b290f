"""Emits _enums.py: the enumerations of the typed Python layer, so that no list of numbers is kept by hand."""

from __future__ import annotations

import keyword

import overrides
from emit_tables import first_sentence
from model import Model


def emit_enums(model: Model) -> str:
    lines = [
        '"""Enumerations, made by bindings/generate.py from the public headers. Do not edit."""',
        "",
        "from __future__ import annotations",
        "",
        "import enum",
        "",
        f"__all__ = {sorted(overrides.ENUMS)!r}",
        "",
        "",
        "class _Number(enum.IntEnum):",
        '    """Values that the library does not name become members too, so that none is ever an error."""',
        "",
        "    @classmethod",
        "    def _missing_(cls, value: object) -> enum.IntEnum | None:",
        "        if not isinstance(value, int) or not -(1 << 31) <= value < 1 << 32:",
        "            return None",
        "        value &= 0xFFFFFFFF",
        "        if value in cls._value2member_map_:",
        "            return cls(value)",
        "        member = int.__new__(cls, value)",
        '        member._name_ = f"{cls.__name__.upper()}_0x{value:08X}"',
        "        member._value_ = value",
        "        return member",
    ]
    for name, (prefixes, flags, doc) in overrides.ENUMS.items():
        lines += enum_class(model, name, prefixes, flags, doc)
    return "\n".join(lines).rstrip() + "\n"


def members(model: Model, prefixes: tuple[str, ...]) -> dict[str, tuple[int, str]]:
    """Names and values. A name that two prefixes give different values is told apart by its ending."""
    found: dict[str, tuple[int, str]] = {}
    for prefix in prefixes:
        for constant in model.constants:
            if not constant.name.startswith(prefix) or not isinstance(constant.value, int):
                continue
            if constant.name in overrides.ENUM_LEFT_OUT or is_mask(constant.name, model):
                continue
            short = constant.name if prefix in overrides.ENUM_WHOLE_NAMES else constant.name.removeprefix(prefix)
            value = constant.value & 0xFFFFFFFF if constant.value < 0 else constant.value
            if short in found and found[short][0] != value:
                short += "_AGREED"
            if short.isidentifier() and not keyword.iskeyword(short):
                found.setdefault(short, (value, first_sentence(constant.comment)))
    return found


def is_mask(name: str, model: Model) -> bool:
    """FOO_VALID beside FOO_VALID_ONE: a union of others."""
    return any(other.name.startswith(name + "_") for other in model.constants) and name.endswith("VALID")


def enum_class(model: Model, name: str, prefixes: tuple[str, ...], flags: bool, doc: str) -> list[str]:
    base = "enum.IntFlag" if flags else "_Number"
    lines = ["", "", f"class {name}({base}):", f'    """{doc}"""', ""]
    for member, (value, sense) in members(model, prefixes).items():
        shown = f"{value:#x}" if flags or value > 0xFFFF else str(value)
        lines.append(f"    {member} = {shown}")
        if sense:
            text = sense.replace("\\", "\\\\").replace('"', "'")
            lines.append(f'    """{text}"""')
    return lines
