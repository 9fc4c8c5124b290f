"""Runs the rules over a tree: lint.py [--root FOLDER] [--build FOLDER]. One line a rule, and what breaks it."""

import argparse
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import banned
import public
import sizes
import text
import walls
from source import Tree, Violation

Rule = Callable[[Tree], Iterator[Violation]]

RULES: dict[str, Rule] = {
    "walls": walls.walls,
    "public headers": walls.public_headers,
    "banned calls": banned.banned_calls,
    "raw secrets": banned.raw_secrets,
    "function lengths": sizes.function_lengths,
    "function spread": sizes.function_spread,
    "file lengths": sizes.file_lengths,
    "nesting": sizes.nesting,
    "SAL": public.sal,
    "exports": public.exports,
    "words": text.words,
    "whitespace": text.whitespace,
    "mirror": text.mirror,
    "file heads": text.file_heads,
    "links": text.links,
}


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--build", type=Path, help="a build tree, whose library is compared with the map")
    arguments = parser.parse_args()
    tree = Tree(arguments.root)
    rules = dict(RULES)
    if arguments.build:
        rules["library symbols"] = partial(public.library, build=arguments.build)
    failed = 0
    for name, rule in rules.items():
        violations = list(rule(tree))
        failed += bool(violations)
        print(f"{'NOT OK' if violations else 'ok'}: {name}")
        for violation in violations:
            print(f"  {violation}")
    print(f"{len(rules) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
