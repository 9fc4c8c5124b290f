"""The public edge: what the headers declare, what the map exports, what the library holds, and how it is annotated."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from source import Tree, Violation, line_of

DECLARED = re.compile(r"\bSSPI_API\b(.*?)\b(\w+)\s*\(", re.S)
ANNOTATION = re.compile(r"\b_[A-Z]\w*_\b")
DEFINED_SAL = re.compile(r"^#\s*define\s+(_[A-Z]\w*_)\b", re.M)
MAP = "core/sspi.map"


def parameters(text: str, opening: int) -> tuple[list[str], int]:
    """The parameters of a declaration, split at the outermost commas, from its opening parenthesis; and its end."""
    depth, part = 0, ""
    parts: list[str] = []
    for offset in range(opening, len(text)):
        char = text[offset]
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0:
            return [*parts, part.strip()], offset
        if char == "," and depth == 1:
            parts.append(part.strip())
            part = ""
        elif offset > opening:
            part += char
    return parts, len(text)


def declarations(tree: Tree) -> Iterator[tuple[str, int, str, list[str]]]:
    """Path, line, name and parameters of each exported function."""
    for path in tree.matching(r"core/include/(?:compat/)?\w+\.h"):
        code = re.sub(
            r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda m: re.sub(r"[^\n]", " ", m[0]), tree.code(path), flags=re.M
        )
        for match in DECLARED.finditer(code):
            yield path, line_of(code, match.start(2)), match[2], parameters(code, match.end() - 1)[0]


def sal(tree: Tree) -> Iterator[Violation]:
    """Every parameter of an exported function carries SAL, spelled as sspi_sal.h spells it."""
    known = (
        set(DEFINED_SAL.findall(tree.read("core/include/sspi_sal.h")))
        if tree.matching(r"core/include/sspi_sal\.h")
        else set()
    )
    for path, line, name, arguments in declarations(tree):
        for argument in arguments:
            found = ANNOTATION.findall(argument)
            if argument not in ("", "void") and not re.match(r"_(In|Out|Inout|Outptr|Reserved|COM)", argument):
                yield Violation(path, line, f"{name}: '{argument}' says no direction")
            for annotation in found:
                if annotation not in known:
                    yield Violation(path, line, f"{name}: {annotation} is not in sspi_sal.h")


def map_names(tree: Tree) -> set[str]:
    """The symbols that the version script exports."""
    text = tree.code(MAP)
    exported = re.findall(r"global:(.*?)(?:local:|\})", text, re.S)
    return set(re.findall(r"\w+", " ".join(exported)))


def exports(tree: Tree) -> Iterator[Violation]:
    """The map exports exactly what the headers declare."""
    declared = {name: (path, line) for path, line, name, _ in declarations(tree)}
    if MAP not in tree.paths:
        yield Violation(MAP, 0, "is missing")
        return
    exported = map_names(tree)
    for name in sorted(set(declared) - exported):
        yield Violation(*declared[name], f"{name} is declared and not in {MAP}")
    for name in sorted(exported - set(declared)):
        yield Violation(MAP, 0, f"{name} is exported and not declared")


def library_symbols(library: Path) -> set[str]:
    """The defined dynamic symbols of a library, version names aside."""
    listed = subprocess.run(["nm", "-D", "--defined-only", str(library)], capture_output=True, text=True, check=True)
    rows = [line.split() for line in listed.stdout.splitlines()]
    return {row[2].split("@")[0] for row in rows if row[1] != "A"}


def library(tree: Tree, build: Path) -> Iterator[Violation]:
    """libsspi.so holds exactly the symbols of the map."""
    path = build / "core" / "libsspi.so"
    if not path.exists():
        yield Violation(str(path), 0, "is not built")
        return
    held, exported = library_symbols(path), map_names(tree)
    for name in sorted(held ^ exported):
        yield Violation(MAP, 0, f"{name} is {'in the library only' if name in held else 'not in the library'}")
