#!/usr/bin/env python3
"""Generates the script bindings of libsspi from its public headers.

    generate.py --include core/include --output BUILD/bindings

Writes the C sources of both modules and their common tables, the typing files and the reference page. Stops with the
name of the function and the parameter if a declaration fits no shape.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from emit_enums import emit_enums
from emit_lua import emit_lua
from emit_luacats import emit_luacats
from emit_python import emit_python
from emit_reference import emit_reference
from emit_stub import emit_stub
from emit_tables import emit_tables
from header import HeaderError, read_headers
from model import ShapeError, build_model
from options import OptionsError, read_options

FILES = {
    "sspi_tables.h": emit_tables,
    "sspi_python.c": emit_python,
    "sspi_lua.c": emit_lua,
    "_sspi.pyi": emit_stub,
    "_enums.py": emit_enums,
    "sspi_core.d.lua": emit_luacats,
    "reference.md": emit_reference,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--include", type=Path, action="append", required=True, help="folder of the public headers")
    parser.add_argument("--output", type=Path, required=True, help="folder for the generated files")
    parser.add_argument(
        "--header", action="append", help="header to read; sspi.h, sspi_ext.h and schannel.h by default"
    )
    parser.add_argument("--only", action="append", help="write only this file")
    arguments = parser.parse_args()
    try:
        model = build_model(read_headers(arguments.header or ["sspi.h", "sspi_ext.h", "schannel.h"], arguments.include))
        model.options = [] if arguments.header else list(read_options())
        texts = {name: emit(model) for name, emit in FILES.items() if not arguments.only or name in arguments.only}
    except (HeaderError, OptionsError, ShapeError) as error:
        print(f"generate.py: {error}", file=sys.stderr)
        return 1
    arguments.output.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (arguments.output / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
