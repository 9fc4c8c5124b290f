"""The options of a credential, read from the library's own table of them, for the reference page."""

from __future__ import annotations

import re
from pathlib import Path

TABLE = Path(__file__).resolve().parents[1] / "core/base/settings_table.h"

_TEXT = r'((?:"(?:[^"\\]|\\.)*"\s*)+)'
_ROW = re.compile(rf"\{{\{{{_TEXT},\s*{_TEXT},\s*{_TEXT},\s*{_TEXT}\}},")


class OptionsError(Exception):
    """The table is not written as it is expected to be."""


def read_options(table: Path = TABLE) -> list[tuple[str, str, str, str]]:
    """Name, values, default and description of every row of the table, in its order."""
    text = table.read_text(encoding="utf-8")
    rows = [(_joined(a), _joined(b), _joined(c), _joined(d)) for a, b, c, d in _ROW.findall(text)]
    if not rows or len(rows) != text.count("{{"):
        raise OptionsError(f"{table}: {len(rows)} rows of {text.count('{{')} could be read")
    return rows


def _joined(literals: str) -> str:
    return "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
