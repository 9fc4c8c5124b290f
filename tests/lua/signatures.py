#!/usr/bin/env python3
"""Prints the shapes of the generated Lua functions as a Lua table, for arguments_spec.lua."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings"))

from header import read_headers  # noqa: E402
from model import build_model  # noqa: E402


def main() -> None:
    """Writes the calls of the generated module as a Lua table."""
    print("return {")
    for call in build_model(read_headers(["sspi.h", "sspi_ext.h", "schannel.h"], [ROOT / "core/include"])).calls:
        print(f"  {{ name = '{call.name}', releases = {str(bool(call.releases)).lower()}, inputs = {{")
        for shape in call.inputs:
            facts = {
                "name": f"'{shape.name}'",
                "shape": f"'{type(shape).__name__}'",
                "kind": f"'{getattr(shape, 'kind', '')}'",
                "optional": str(shape.optional).lower(),
                "signed": str(getattr(shape, "signed", False)).lower(),
            }
            print("    { " + ", ".join(f"{key} = {value}" for key, value in facts.items()) + " },")
        print("  } },")
    print("}")


main()
