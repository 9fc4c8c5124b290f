"""How long and how deep things may be."""

import re
from collections.abc import Iterator
from statistics import median, quantiles

from source import Tree, Violation, c_without_directives, line_of

LONGEST_FUNCTION = 60
MEDIAN_FUNCTION = 15
P95_FUNCTION = 40
LONGEST_FILE = 500
DEEPEST = 3

OURS_C = r"(?:core|bindings|tests|examples)/.*\.c"
OURS_PYTHON = r"(?:bindings|python|tests|examples|core)/.*\.py"
OURS_FILES = r"(?:core|bindings|lua|python|tests|examples|cmake)/.*\.(?:c|h|py|pyi|lua|sh|cmake)|.*CMakeLists\.txt"
EXEMPT_FUNCTIONS = r"tests/unit/include/.*"  # one assertion a constant
EXEMPT_FILES = r"core/include/.*|.*_table\.h|tests/vectors/.*"

TOKEN = re.compile(r"\w+|[^\s\w]")


def function_lengths(tree: Tree) -> Iterator[Violation]:
    """No function of C or Python is longer than the longest allowed."""
    for pattern in (OURS_C, OURS_PYTHON):
        for function in tree.functions(pattern):
            if function.length > LONGEST_FUNCTION and not re.fullmatch(EXEMPT_FUNCTIONS, function.path):
                text = f"{function.name} has {function.length} lines, at most {LONGEST_FUNCTION}"
                yield Violation(function.path, function.line, text)


def function_spread(tree: Tree) -> Iterator[Violation]:
    """Median and 95th percentile of the functions of core/."""
    lengths = [function.length for function in tree.functions(r"core/.*\.c")]
    if len(lengths) < 2:
        return
    middle, high = median(lengths), quantiles(lengths, n=20, method="inclusive")[18]
    if middle > MEDIAN_FUNCTION:
        yield Violation("core", 0, f"median function has {middle:g} lines, at most {MEDIAN_FUNCTION}")
    if high > P95_FUNCTION:
        yield Violation("core", 0, f"95th percentile of functions is {high:g} lines, at most {P95_FUNCTION}")


def file_lengths(tree: Tree) -> Iterator[Violation]:
    """Files end within the limit; public headers, tables and vectors are as long as they are."""
    for path in tree.matching(OURS_FILES):
        lines = tree.read(path).count("\n")
        if lines > LONGEST_FILE and not re.fullmatch(EXEMPT_FILES, path):
            yield Violation(path, lines, f"{lines} lines, at most {LONGEST_FILE}")


class Nesting:
    """Walks the tokens of one C file and notes how deep control statements lie."""

    CONTROL = ("if", "for", "while", "switch")

    def __init__(self, code: str) -> None:
        """Takes C without comments, literals and directives."""
        self.tokens = [(match[0], match.start()) for match in TOKEN.finditer(code)]
        self.stack: list[str] = []  # "c": a control statement's braces, "s": one without, "b": other braces
        self.deep: list[tuple[int, int]] = []  # offset, level

    def level(self) -> int:
        """Control statements that enclose this place."""
        return sum(kind in "cs" for kind in self.stack)

    def run(self) -> list[tuple[int, int]]:
        """Offset and level of each control statement inside a function."""
        i, parens = 0, 0
        while i < len(self.tokens):
            word, offset = self.tokens[i]
            if word in self.CONTROL or word in ("else", "do"):
                i = self._control(i, offset)
                continue
            if word == "{":
                self.stack.append("b")
            elif word == "}":
                self._close()
            elif word == "(":
                parens += 1
            elif word == ")":
                parens -= 1
            elif word == ";" and parens == 0:
                self._end_statement()
            i += 1
        return self.deep

    def _control(self, i: int, offset: int) -> int:
        word = self.tokens[i][0]
        i += 1
        if word == "else" and i < len(self.tokens) and self.tokens[i][0] == "if":
            word = "if"
            i += 1
        if word == "while" and self._is_do_while(i):
            return i
        self.deep.append((offset, self.level() + 1))
        if word in self.CONTROL:
            i = self._skip_parens(i)
        if i < len(self.tokens) and self.tokens[i][0] == "{":
            self.stack.append("c")
            return i + 1
        self.stack.append("s")
        return i

    def _is_do_while(self, i: int) -> bool:
        end = self._skip_parens(i)
        return end < len(self.tokens) and self.tokens[end][0] == ";"

    def _skip_parens(self, i: int) -> int:
        depth = 0
        while i < len(self.tokens):
            depth += {"(": 1, ")": -1}.get(self.tokens[i][0], 0)
            i += 1
            if depth == 0:
                return i
        return i

    def _close(self) -> None:
        while self.stack and self.stack[-1] == "s":
            self.stack.pop()
        if self.stack and self.stack.pop() == "c":
            self._end_statement()

    def _end_statement(self) -> None:
        while self.stack and self.stack[-1] == "s":
            self.stack.pop()


def nesting(tree: Tree) -> Iterator[Violation]:
    """At most three levels of control statements."""
    for path in tree.matching(OURS_C):
        code = c_without_directives(tree.code(path))
        for offset, level in Nesting(code).run():
            if level > DEEPEST:
                yield Violation(path, line_of(code, offset), f"nested {level} deep, at most {DEEPEST}")
