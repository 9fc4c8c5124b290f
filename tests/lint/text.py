"""What no file may say, what each file of the core must have, and links that must lead somewhere."""

import re
from collections.abc import Iterator

from source import Tree, Violation, line_of

TEXT = (
    r"(?!tests/lint/|tests/vectors/|tests/fuzz/corpus/)"
    r".*\.(?:c|h|py|pyi|lua|sh|md|txt|cmake|json|toml|in|map|conf|yml)|\.ci/run"
)

# Built from halves so that these rules do not find themselves.
BANNED = [
    (re.compile(r"\b(?:TO" r"DO|FIX" r"ME|HA" r"CK)\b|\bXX" r"X:"), "unfinished work belongs in an issue"),
    (re.compile(r"/root/|/home/\w+/|/Users/\w+/"), "a path of one machine"),
    (re.compile(r"(?i)\bissue #?\d+\b"), "issues are not cited in the tree"),
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def words(tree: Tree) -> Iterator[Violation]:
    """No unfinished work, no path of one machine."""
    for path in tree.matching(TEXT):
        text = tree.read(path)
        for pattern, why in BANNED:
            for match in pattern.finditer(text):
                yield Violation(path, line_of(text, match.start()), f"'{match[0]}': {why}")


def whitespace(tree: Tree) -> Iterator[Violation]:
    """No tabs in C, no blanks at the end of a line, one newline at the end of a file."""
    for path in tree.matching(TEXT):
        text = tree.read(path)
        for match in re.finditer(r"[ \t]+$", text, re.M):
            yield Violation(path, line_of(text, match.start()), "blanks at the end of the line")
        if path.endswith((".c", ".h")) and "\t" in text:
            yield Violation(path, line_of(text, text.index("\t")), "a tab")
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            yield Violation(path, text.count("\n"), "must end with one newline")


def head_comment(text: str) -> str:
    """The comment at the head of a file."""
    return text[: text.find("*/")]


def mirror(tree: Tree) -> Iterator[Violation]:
    """Each core/FOLDER/x.c has tests/unit/FOLDER/test_x.c, or another test there names x.c in its head."""
    for path in tree.matching(r"core/(?!tools/)\w+/\w+\.c"):
        _, folder, name = path.split("/")
        tests = tree.matching(rf"tests/unit/{folder}(?:_\w+)?/test_\w+\.c")
        named = any(re.search(rf"\b{re.escape(name)}", head_comment(tree.read(test))) for test in tests)
        if not named and f"tests/unit/{folder}/test_{name}" not in tests:
            yield Violation(path, 1, f"no tests/unit/{folder}/test_{name}, and no test there names {name} in its head")


def file_heads(tree: Tree) -> Iterator[Violation]:
    """Each file of the core says at its head where it stands in the flow."""
    for path in tree.matching(r"core/\w+/\w+\.[ch]"):
        if not tree.read(path).lstrip().startswith("/*"):
            yield Violation(path, 1, "no comment at the head")


def links(tree: Tree) -> Iterator[Violation]:
    """Links between the pages lead to files that are there."""
    for path in tree.matching(r".*\.md"):
        text = tree.read(path)
        for match in LINK.finditer(text):
            target = match[1].split("#")[0]
            if not target or re.match(r"\w+:", target):
                continue
            folder = (tree.root / path).parent
            if not (folder / target).exists():
                yield Violation(path, line_of(text, match.start()), f"{target} is not there")
