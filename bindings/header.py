"""Reads our public C headers: functions with their SAL annotations, structures, enums and constants.

First stage of the generator. It knows the C that our own headers are written in, and stops at anything else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from expression import evaluate, tokenize_expression


class HeaderError(Exception):
    """A construct that the parser does not know, with its place."""


@dataclass(frozen=True)
class CType:
    """A type as written: the name, how many pointers, and whether what it points to is const."""

    name: str
    pointers: int = 0
    const: bool = False

    def __str__(self) -> str:
        """As C writes it."""
        return ("const " if self.const else "") + self.name + (" " + "*" * self.pointers if self.pointers else "")


@dataclass(frozen=True)
class Annotation:
    """One SAL annotation with its arguments as text, e.g. _In_reads_bytes_(size)."""

    name: str
    arguments: tuple[str, ...] = ()


@dataclass
class Variable:
    """A parameter or a member of a structure."""

    name: str
    type: CType
    annotations: list[Annotation] = field(default_factory=list)
    array: int | None = None
    comment: str = ""

    def annotation(self, *names: str) -> Annotation | None:
        return next((a for a in self.annotations if a.name in names), None)


@dataclass
class Function:
    """An exported function, or the type of a callback."""

    name: str
    result: CType
    parameters: list[Variable]
    comment: str = ""
    annotations: list[Annotation] = field(default_factory=list)


@dataclass
class Struct:
    """A structure with members; an opaque one has none."""

    name: str
    members: list[Variable]
    comment: str = ""


@dataclass
class Constant:
    """A macro or an enumerator with a value: an integer or a string."""

    name: str
    value: int | str
    comment: str = ""
    ctype: str = ""


@dataclass
class Header:
    """Everything that was declared."""

    functions: dict[str, Function] = field(default_factory=dict)
    callbacks: dict[str, Function] = field(default_factory=dict)
    structs: dict[str, Struct] = field(default_factory=dict)
    typedefs: dict[str, CType] = field(default_factory=dict)
    constants: dict[str, Constant] = field(default_factory=dict)
    enums: dict[str, list[str]] = field(default_factory=dict)

    def resolve(self, ctype: CType) -> CType:
        """The type behind typedefs: PCredHandle gives SecHandle *."""
        while ctype.name in self.typedefs:
            target = self.typedefs[ctype.name]
            const = target.const or (ctype.const and not target.pointers)
            ctype = CType(target.name, target.pointers + ctype.pointers, const)
        return ctype


TOKEN = re.compile(
    r"""(?P<comment>/\*.*?\*/)
      | (?P<directive>^[ \t]*\#(?:/\*.*?\*/|\\\n|[^\n])*)
      | (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<char>'(?:[^'\\]|\\.)*')
      | (?P<name>[A-Za-z_]\w*)
      | (?P<number>\d[\w.]*)
      | (?P<space>\s+|\\\n)
      | (?P<mark>.)""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
# Words of ours without a meaning for a declaration.
SILENT = {"SEC_ENTRY", "WINAPI", "NTAPI", "SSPI_EXTENSION", "SEC_FAR", "SSPI_EXTERN_C_BEGIN", "SSPI_EXTERN_C_END"}
TYPE_WORDS = {"unsigned", "signed", "int", "short", "long", "char"}
SAL_NAME = re.compile(r"_[A-Z][a-z]\w*_$")


def clean_comment(text: str) -> str:
    """The words of a comment, without its marks, line breaks kept."""
    text = re.sub(r"^/\*+<?|\*+/$", "", text.strip())
    lines = [re.sub(r"^\s*\* ?", "", line).rstrip() for line in text.splitlines()]
    return "\n".join(lines).strip()


class Parser:
    """One pass over the headers in the order of their inclusion."""

    def __init__(self, folders: list[Path]) -> None:
        self.folders = folders
        self.header = Header()
        self.macros: dict[str, str] = {"__SIZEOF_WCHAR_T__": "4", "__GNUC__": "12"}
        self.seen: set[str] = set()
        self.place = ""

    # ---- the preprocessor ----

    def include(self, name: str) -> None:
        """Reads a header once; system headers are none of ours and skipped."""
        path = next((folder / name for folder in self.folders if (folder / name).exists()), None)
        if path is None or name in self.seen:
            return
        self.seen.add(name)
        outer, self.place = self.place, name
        self.read(path.read_text(encoding="utf-8"))
        self.place = outer

    def read(self, text: str) -> None:
        """Splits one file at its directives and declarations."""
        conditions: list[bool] = []
        tokens: list[tuple[str, str]] = []
        for match in TOKEN.finditer(text):
            kind = match.lastgroup or ""
            if kind == "directive":
                self.directive(match.group(), conditions, tokens, text[match.end() :])
            elif all(conditions) and kind != "space" and match.group() not in SILENT:
                tokens.append((kind, match.group()))
                if self.ends_declaration(tokens):
                    self.declaration(tokens)
                    tokens = []
        if conditions:
            raise HeaderError(f"{self.place}: a conditional is not closed")

    def directive(self, line: str, conditions: list[bool], tokens: list[tuple[str, str]], rest: str) -> None:
        words = re.match(r"\s*#\s*(\w+)\s*(.*)", line.replace("\\\n", " "), re.DOTALL)
        if words is None:
            return
        word, value = words.group(1), words.group(2)
        plain = re.sub(r"/\*.*?\*/", "", value, flags=re.DOTALL).strip()
        if word in ("if", "ifdef", "ifndef"):
            conditions.append(self.condition(word, plain) if all(conditions) else False)
        elif word == "endif":
            conditions.pop()
        elif word in ("else", "elif"):
            self.alternative(word, plain, conditions)
        elif all(conditions) and word == "define":
            self.define(value, tokens)
        elif all(conditions) and word == "undef":
            self.macros.pop(plain, None)
        elif all(conditions) and word == "include" and plain.startswith('"'):
            self.include(plain.strip('"'))

    def alternative(self, word: str, plain: str, conditions: list[bool]) -> None:
        """#else and #elif: none of ours follows a branch that was taken with another true one."""
        taken = conditions.pop()
        outer = all(conditions)
        conditions.append(outer and not taken and (word == "else" or self.condition("if", plain)))

    def condition(self, word: str, text: str) -> bool:
        if word != "if":
            return (text in self.macros) == (word == "ifdef")
        known = re.compile(r"defined\s*(?:\(\s*(\w+)\s*\)|(\w+))")
        text = known.sub(lambda m: str(int((m.group(1) or m.group(2)) in self.macros)), text)
        return bool(evaluate(tokenize_expression(text), self.lookup_or_zero))

    def lookup_or_zero(self, name: str) -> int:
        value = self.lookup(name)
        return value if isinstance(value, int) else 0

    def lookup(self, name: str) -> int | str | None:
        """The value of a name: a constant already met, or None."""
        constant = self.header.constants.get(name)
        if constant is not None:
            return constant.value
        text = self.macros.get(name)
        return int(text, 0) if text and re.fullmatch(r"\d+|0[xX][0-9a-fA-F]+", text) else None

    def define(self, value: str, tokens: list[tuple[str, str]]) -> None:
        match = re.match(r"(\w+)(\()?(.*)", value, re.DOTALL)
        if match is None:
            raise HeaderError(f"{self.place}: #define {value}")
        name, call, body = match.groups()
        comments = re.findall(r"/\*.*?\*/", body, flags=re.DOTALL)
        plain = re.sub(r"/\*.*?\*/", "", body, flags=re.DOTALL).strip()
        self.macros[name] = "" if call else plain
        if call or not plain:
            return
        before = tokens[-1][1] if tokens and tokens[-1][0] == "comment" and tokens[-1][1].startswith("/**") else ""
        comment = clean_comment(comments[0] if comments else before)
        if before and not comments:
            tokens.pop()
        constant = self.constant(name, plain)
        if constant is not None:
            constant.comment = comment
            self.header.constants[name] = constant

    def constant(self, name: str, text: str) -> Constant | None:
        """A macro that stands for a number or a UTF-8 string; None for any other."""
        if re.fullmatch(r'"[^"\\]*"', text):
            return Constant(name, text[1:-1])
        try:
            value = evaluate(tokenize_expression(text), self.lookup)
        except ValueError:
            return None
        if value is None:
            return None
        cast = re.match(r"\(\(?(\w+)\)", text)
        known = self.header.constants.get(text)
        ctype = cast.group(1) if cast else known.ctype if known else ""
        return Constant(name, value, ctype=ctype)

    # ---- declarations ----

    def ends_declaration(self, tokens: list[tuple[str, str]]) -> bool:
        kind, text = tokens[-1]
        if kind != "mark" or text not in ";}":
            return False
        marks = [t for k, t in tokens if k == "mark"]
        if marks.count("{") != marks.count("}") or marks.count("(") != marks.count(")"):
            return False
        words = [t for k, t in tokens if k == "name"]
        return text == ";" or words[:1] == ["static"] or words[:2] == ["SSPI_API", "static"]

    def declaration(self, tokens: list[tuple[str, str]]) -> None:
        """One declaration, from its comment to its semicolon."""
        start = next(i for i, t in enumerate(tokens) if t[0] != "comment")
        comment = clean_comment(tokens[start - 1][1]) if start and tokens[start - 1][1].startswith("/**") else ""
        body = tokens[start:]
        first = body[0][1] if body else ";"
        if first in ("static", "SSPI_STATIC_ASSERT", ";"):
            return
        words = [text for kind, text in body if kind != "comment"]
        if first == "typedef":
            self.typedef(body, words, comment)
        elif "SSPI_API" in words:
            self.function([w for w in words if w != "SSPI_API"][:-1], comment)
        elif first in ("struct", "enum", "union") and "{" not in words:
            return
        else:
            raise HeaderError(f"{self.place}: cannot read: {' '.join(words)[:120]}")

    def typedef(self, body: list[tuple[str, str]], words: list[str], comment: str) -> None:
        if words[1] in ("struct", "union") and "{" in words:
            self.struct(body, comment)
        elif words[1] == "enum" and "{" in words:
            self.enum(body)
        elif words[1] == "struct":
            self.header.structs.setdefault(words[-2], Struct(words[-2], [], comment))
        elif "(" in words:
            self.callback(words, comment)
        else:
            self.aliases(words[1:-1])

    def aliases(self, words: list[str]) -> None:
        """typedef base A, *PA;"""
        groups = split(words, ",")
        annotations, rest = take_annotations(groups[0])
        base = self.variable(rest, annotations)
        self.header.typedefs[base.name] = base.type
        # PCredHandle stays a pointer to CredHandle, which says more; a pointer's twin has its base alone.
        bare = base.type.name if base.type.pointers else base.name
        for group in groups[1:]:
            self.header.typedefs[group[-1]] = CType(bare, group.count("*"), base.type.const and base.type.pointers > 0)

    def callback(self, words: list[str], comment: str) -> None:
        """typedef result (*NAME)(parameters);"""
        text = " ".join(words[1:-1])
        match = re.match(r"(.*?) \( \* (\w+) \) \( (.*) \)$", text)
        if match is None:
            # A function type without a pointer has no use in a script.
            return
        result = self.variable([*match.group(1).split(), "result"], []).type
        function = Function(match.group(2), result, self.parameters(match.group(3).split()), comment)
        self.header.callbacks[function.name] = function

    def enum(self, body: list[tuple[str, str]]) -> None:
        words = [text for kind, text in body if kind != "comment"]
        inner = words[words.index("{") + 1 : words.index("}")]
        names, value = [], -1
        for group in split(inner, ","):
            if not group:
                continue
            value = value + 1 if len(group) == 1 else self.enumerator(group)
            self.header.constants[group[0]] = Constant(group[0], value)
            names.append(group[0])
        tail = [g[-1] for g in split(words[words.index("}") + 1 : -1], ",")]
        self.header.enums[tail[0]] = names
        for alias in tail[1:]:
            self.header.typedefs[alias] = CType(tail[0], 1)

    def enumerator(self, group: list[str]) -> int:
        value = evaluate(tokenize_expression(" ".join(group[2:])), self.lookup)
        if value is None:
            raise HeaderError(f"{self.place}: the value of {group[0]} is not known")
        return value

    def struct(self, body: list[tuple[str, str]], comment: str) -> None:
        texts = [t[1] for t in body]
        opening, closing = texts.index("{"), len(texts) - 1 - texts[::-1].index("}")
        tail = list(split(list(texts[closing + 1 : -1]), ","))
        name = tail[0][-1]
        members = (
            [] if "struct" in texts[2:opening] + texts[opening:closing] else self.members(body[opening + 1 : closing])
        )
        self.header.structs[name] = Struct(name, members, comment)
        for group in tail[1:]:
            self.header.typedefs[group[-1]] = CType(name, group.count("*"))

    def members(self, body: list[tuple[str, str]]) -> list[Variable]:
        members: list[Variable] = []
        current: list[str] = []
        for kind, text in body:
            if kind == "comment":
                if members and not current and text.startswith("/**<"):
                    members[-1].comment = " ".join(clean_comment(text).split())
            elif text == ";":
                annotations, rest = take_annotations(current)
                members.append(self.variable(rest, annotations))
                current = []
            else:
                current.append(text)
        return members

    def function(self, words: list[str], comment: str) -> None:
        opening = self.parameters_start(words)
        annotations, head = take_annotations(words[:opening])
        result = self.variable(head, [])
        parameters = self.parameters(words[opening + 1 : -1])
        self.header.functions[result.name] = Function(result.name, result.type, parameters, comment, annotations)

    def parameters_start(self, words: list[str]) -> int:
        """The parenthesis that closes at the end of the declaration."""
        depth = 0
        for i in range(len(words) - 1, -1, -1):
            depth += (words[i] == ")") - (words[i] == "(")
            if depth == 0:
                return i
        raise HeaderError(f"{self.place}: no parameters: {' '.join(words)[:120]}")

    def parameters(self, words: list[str]) -> list[Variable]:
        if words in ([], ["void"]):
            return []
        result = []
        for group in split(words, ","):
            annotations, rest = take_annotations(group)
            named = [w for w in rest if w not in ("const", "*", "struct")]
            result.append(self.variable(rest if len(named) > 1 else [*rest, "unnamed"], annotations))
        return result

    def variable(self, words: list[str], annotations: list[Annotation]) -> Variable:
        """`const char *name` or `UCHAR name[16]`."""
        array: int | None = None
        if words and words[-1] == "]":
            opening = words.index("[")
            array = evaluate(tokenize_expression(" ".join(words[opening + 1 : -1])), self.lookup)
            words = words[:opening]
        const = "const" in words
        words = [w for w in words if w not in ("const", "struct", "enum", "union")]
        pointers = words.count("*")
        names = [w for w in words if w != "*"]
        if len(names) < 2 or (len(names) > 2 and not set(names[:-1]) <= TYPE_WORDS):
            raise HeaderError(f"{self.place}: cannot read the declaration: {' '.join(words)[:120]}")
        return Variable(names[-1], CType(" ".join(names[:-1]), pointers, const), annotations, array)


def split(words: list[str], mark: str) -> list[list[str]]:
    """Splits at a mark that stands outside parentheses."""
    groups: list[list[str]] = [[]]
    depth = 0
    for word in words:
        depth += (word in "([{") - (word in ")]}")
        if word == mark and depth == 0:
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def take_annotations(words: list[str]) -> tuple[list[Annotation], list[str]]:
    """Separates the SAL annotations from the declaration proper."""
    annotations: list[Annotation] = []
    rest: list[str] = []
    i = 0
    while i < len(words):
        if not SAL_NAME.match(words[i]):
            rest.append(words[i])
            i += 1
            continue
        name, i = words[i], i + 1
        arguments: tuple[str, ...] = ()
        if i < len(words) and words[i] == "(":
            end = closing(words, i)
            arguments = tuple("".join(group) for group in split(words[i + 1 : end], ","))
            i = end + 1
        annotations.append(Annotation(name, arguments))
    return annotations, rest


def closing(words: list[str], opening: int) -> int:
    depth = 0
    for i in range(opening, len(words)):
        depth += (words[i] == "(") - (words[i] == ")")
        if depth == 0:
            return i
    raise HeaderError(f"no closing parenthesis: {' '.join(words)[:120]}")


def read_headers(names: list[str], folders: list[Path]) -> Header:
    """Parses the named headers and what they include from the same folders."""
    parser = Parser(folders)
    for name in names:
        if not any((folder / name).exists() for folder in folders):
            raise HeaderError(f"{name}: no such header")
        parser.include(name)
    return parser.header
