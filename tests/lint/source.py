"""The source tree as the lint rules see it: its files, C without comments and literals, and the functions in it."""

import functools
import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COMMENT_OR_LITERAL = re.compile(r"//[^\n]*|/\*.*?\*/|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


@dataclass(frozen=True)
class Violation:
    """One place that breaks a rule."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        """As compilers print it."""
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class Function:
    """A function and the lines it spans."""

    path: str
    name: str
    line: int
    end: int

    @property
    def length(self) -> int:
        """Lines from the first of its head to the closing brace."""
        return self.end - self.line + 1


def c_strip(text: str) -> str:
    """C with comments blanked and literals emptied, every line kept in its place."""

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        if found.startswith("/"):
            return re.sub(r"[^\n]", " ", found)
        return found[0] + found[0]

    return COMMENT_OR_LITERAL.sub(blank, text)


def c_without_directives(code: str) -> str:
    """Stripped C with preprocessor lines (and their continuations) blanked."""
    return re.sub(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", lambda match: re.sub(r"[^\n]", " ", match[0]), code, flags=re.M)


class Tree:
    """The files of a source tree that are tracked, or would be: what .gitignore names is not looked at."""

    def __init__(self, root: Path) -> None:
        """Lists the files below `root`."""
        self.root = root
        self.paths = sorted(self._list())

    def _list(self) -> Iterator[str]:
        listed = subprocess.run(
            ["git", "-C", str(self.root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            capture_output=True,
            text=True,
            check=False,
        )
        if listed.returncode == 0 and (self.root / ".git").exists():
            names = [name for name in listed.stdout.split("\0") if name]
        else:
            names = [str(path.relative_to(self.root)) for path in self.root.rglob("*")]
        return (name for name in names if (self.root / name).is_file())

    @functools.cache  # noqa: B019 - one tree lives as long as the process
    def read(self, path: str) -> str:
        """The text of a file; empty when it is not text."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return ""

    @functools.cache  # noqa: B019
    def code(self, path: str) -> str:
        """C without comments and literals."""
        return c_strip(self.read(path))

    def matching(self, pattern: str) -> list[str]:
        """Paths that a regular expression matches in full."""
        compiled = re.compile(pattern)
        return [path for path in self.paths if compiled.fullmatch(path)]

    @functools.cache  # noqa: B019
    def functions(self, pattern: str) -> list[Function]:
        """Functions of the matching files, as universal-ctags finds them."""
        paths = self.matching(pattern)
        if not paths:
            return []
        listed = subprocess.run(
            ["ctags", "--output-format=json", "--fields=+ne", "--kinds-C=f", "--kinds-Python=fm", "-f", "-", *paths],
            cwd=self.root,
            capture_output=True,
            text=True,
            check=True,
        )
        tags = [json.loads(line) for line in listed.stdout.splitlines()]
        return [Function(tag["path"], tag["name"], tag["line"], tag["end"]) for tag in tags if "end" in tag]


def line_of(text: str, offset: int) -> int:
    """The line number of a character."""
    return text.count("\n", 0, offset) + 1
