"""Lines and branches that tests reached, from what gcov wrote beside the objects of a build.

    coverage.py BUILD [--missing] [FOLDER ...]

One row for each folder of core/; --missing names each line that never ran and each branch that went one way only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any, cast

# For each line: how often it ran, and how often each of its branches was taken.
Line = tuple[int, list[int]]
Lines = dict[int, Line]


def report_of(notes: Path) -> dict[str, Any]:
    """What gcov says of one object; nothing for an object that no test ran."""
    command = ["gcov", "--json-format", "--stdout", "--branch-probabilities", str(notes)]
    output = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    return cast("dict[str, Any]", json.loads(output)) if output.strip() else {"files": []}


def merged(old: Line | None, new: Line) -> Line:
    """Both counts of one line, which several objects may hold."""
    if old is None:
        return new
    taken = [a + b for a, b in zip(old[1], new[1], strict=False)] if old[1] and new[1] else old[1] or new[1]
    return old[0] + new[0], taken


def read(build: Path, source: Path) -> dict[Path, Lines]:
    """Every line of core/ that was compiled for the build, by file."""
    files: dict[Path, Lines] = defaultdict(dict)
    for notes in sorted((build / "core").rglob("*.gcno")):
        for file in report_of(notes)["files"]:
            path = Path(file["file"]).resolve()
            if not path.is_relative_to(source / "core"):
                continue
            lines = files[path.relative_to(source)]
            for line in file["lines"]:
                number = int(line["line_number"])
                new = (int(line["count"]), [int(branch["count"]) for branch in line["branches"]])
                lines[number] = merged(lines.get(number), new)
    return files


def missing(path: Path, lines: Lines) -> None:
    """Names what was not reached."""
    for number, (count, branches) in sorted(lines.items()):
        if not count:
            print(f"{path}:{number}: never ran")
        elif not all(branches):
            print(f"{path}:{number}: {sum(1 for taken in branches if not taken)} of {len(branches)} branches not taken")


def percent(part: int, whole: int) -> str:
    """One part of a whole, in a column."""
    return f"{100 * part / whole:6.1f}" if whole else "     -"


def row(name: str, all_lines: list[Lines]) -> None:
    """One row of the table."""
    lines = [line for lines in all_lines for line in lines.values()]
    branches = [taken for _, taken_of in lines for taken in taken_of]
    ran = sum(1 for count, _ in lines if count)
    taken = sum(1 for count in branches if count)
    print(
        f"{name:34} {len(lines):6} {percent(ran, len(lines))} {len(branches):6} {percent(taken, len(branches))}",
    )


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("build", type=Path)
    parser.add_argument("folders", nargs="*", help="folders of core/; without any: all")
    parser.add_argument("--missing", action="store_true", help="name what was not reached")
    arguments = parser.parse_args()
    source = Path(__file__).resolve().parents[2]
    files = read(arguments.build.resolve(), source)
    wanted = {
        path: lines for path, lines in files.items() if not arguments.folders or path.parts[1] in arguments.folders
    }
    if not wanted:
        print("nothing was measured", file=sys.stderr)
        return 1
    if arguments.missing:
        for path, lines in sorted(wanted.items()):
            missing(path, lines)
    print(f"{'':34} {'lines':>6} {'%':>6} {'branches':>6} {'%':>4}")
    if arguments.folders:
        for path, lines in sorted(wanted.items()):
            row(str(path), [lines])
    for folder in sorted({path.parts[1] for path in wanted}):
        row(f"core/{folder}", [lines for path, lines in wanted.items() if path.parts[1] == folder])
    return 0


if __name__ == "__main__":
    sys.exit(main())
