"""Which folder may include which header: the walls of the architecture."""

import posixpath
import re
from collections.abc import Iterator

from source import Tree, Violation, line_of

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*([<\"])([^>\"]+)[>\"]", re.M)

# What the folders of core/ may include besides themselves and the public headers.
FLOOR = {"base", "crypto"}
MAY = {
    "base": set[str](),
    "crypto": {"base"},
    "account": FLOOR,
    "certificate": FLOOR,
    "identity": FLOOR | {"account"},
    "state": FLOOR,
    "api": FLOOR | {"account", "certificate", "identity", "state"},
    "tools": {"base"},
    "include": set[str](),
}
# A package: these, and of api/ the vtable alone.
PACKAGE_MAY = FLOOR | {"account", "certificate", "identity", "state"}
PACKAGE_HEADER = "api/provider.h"

# Headers of other people, by the files that may include them.
OUTSIDE = {
    r"openssl/.*": r"core/crypto/.*|core/base/secret\.c|core/certificate/.*|core/schannel/.*",
    r"krb5.*|kadm5/.*|hx509.*|gssapi.*|heimbase.*": r"core/kerberos/.*|core/base/config_file\.c",
    r"sqlite3\.h": r"core/account/.*",
}


def includes(tree: Tree, path: str) -> Iterator[tuple[int, str, str]]:
    """Line, opening mark and name of each include directive."""
    text = tree.read(path)
    for match in INCLUDE.finditer(text):
        yield line_of(text, match.start()), match[1], match[2]


def resolve(tree: Tree, path: str, name: str) -> str:
    """The file of core/ that a quoted include means; empty when there is none."""
    here = path.rsplit("/", 1)[0]
    for folder in (here, "core", "core/include", "core/include/compat"):
        candidate = posixpath.normpath(f"{folder}/{name}")
        if candidate in tree.paths:
            return candidate
    return ""


def inside_allowed(path: str, target: str) -> bool:
    """Whether a file of core/ may include another file of core/."""
    folder, wanted = path.split("/")[1], target.split("/")[1]
    if wanted == folder or (wanted == "include" and folder != "include"):
        return True
    if folder in MAY:
        return wanted in MAY[folder]
    return wanted in PACKAGE_MAY or target == f"core/{PACKAGE_HEADER}"


def outside_allowed(path: str, name: str) -> bool:
    """Whether a file may include this system header."""
    return all(re.fullmatch(where, path) for what, where in OUTSIDE.items() if re.fullmatch(what, name))


def walls(tree: Tree) -> Iterator[Violation]:
    """Every include of core/ keeps the walls."""
    for path in tree.matching(r"core/\w+/.*\.[ch]"):
        for line, mark, name in includes(tree, path):
            if mark == "<":
                if not outside_allowed(path, name):
                    yield Violation(path, line, f"<{name}> is not for this folder")
                continue
            target = resolve(tree, path, name)
            if target and not inside_allowed(path, target):
                yield Violation(path, line, f'"{name}" is behind a wall')
            elif not target and "/" in name:
                yield Violation(path, line, f'"{name}" is no file of core/')


def public_headers(tree: Tree) -> Iterator[Violation]:
    """Installed headers include only installed headers and the standard library's."""
    standard = {"stdint.h", "stddef.h", "wchar.h", "uchar.h", "limits.h", "assert.h"}
    # What the windows.h of compat brings along.
    hosted = standard | {"dlfcn.h", "stdio.h", "stdlib.h", "string.h", "strings.h"}
    for path in tree.matching(r"core/include/.*\.h"):
        for line, mark, name in includes(tree, path):
            target = resolve(tree, path, name)
            allowed = hosted if "/compat/" in path else standard
            if not (target.startswith("core/include/") or (mark == "<" and name in allowed)):
                yield Violation(path, line, f"{name} is not an installed header")
