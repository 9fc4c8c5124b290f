"""Counts the tests of one suite from its log: the closing line of every runner in it, and reports of sanitizers.

Prints what the reader must know (reports, skips with their reasons), then "PASSED FAILED SKIPPED" on the last line.
"""

import argparse
import re
import sys
from collections import Counter
from pathlib import Path

Counts = tuple[int, int, int]

PLAIN = re.compile(r"^(?:[\w-]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
CRITERION = re.compile(
    r"Synthesis: Tested: \S*?(\d+)\S* \| Passing: \S*?(\d+)\S* \| Failing: \S*?(\d+)\S* \| Crashing: \S*?(\d+)"
)
PYTEST = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s(?: \([\d:]+\))? ?=*$")
BUSTED = re.compile(r"^(\d+) success(?:es)? / (\d+) failures? / (\d+) errors? / (\d+) pending")
# Terminal colours.
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
SKIP_REASON = re.compile(r"^(?:SKIP|SKIPPED|skip|Pending)\b.*")


def pytest_counts(text: str) -> Counts:
    """The counts of a closing line of pytest, such as "3 failed, 10 passed, 2 skipped"."""
    found = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", text)}
    passed = found.get("passed", 0) + found.get("xfailed", 0)
    failed = found.get("failed", 0) + found.get("error", 0) + found.get("errors", 0) + found.get("xpassed", 0)
    return passed, failed, found.get("skipped", 0)


def line_counts(line: str) -> Counts | None:
    """The counts of one line, or None when it closes no runner."""
    if match := PLAIN.match(line):
        return int(match[1]), int(match[2]), int(match[3] or 0)
    if match := CRITERION.search(line):
        return int(match[2]), int(match[3]) + int(match[4]), 0
    if match := PYTEST.match(line):
        return pytest_counts(match[1])
    if match := BUSTED.match(line):
        return int(match[1]), int(match[2]) + int(match[3]), int(match[4])
    return None


def log_counts(log: str) -> tuple[Counts, int, list[str]]:
    """Totals of a log, how many runners that ran no test, and the reasons of skips."""
    totals = [0, 0, 0]
    empty = 0
    reasons: list[str] = []
    for raw in log.splitlines():
        line = ESCAPE.sub("", raw).rstrip()
        counts = line_counts(line)
        if counts:
            totals = [total + count for total, count in zip(totals, counts, strict=True)]
            empty += counts == (0, 0, 0)
        elif SKIP_REASON.match(line):
            reasons.append(line)
    return (totals[0], totals[1], totals[2]), empty, reasons


def criterion_leaks_alone(report: str) -> bool:
    """Whether a report tells of nothing but leaks that Criterion itself allocated, as it does now and then under load.

    A suppression cannot say this: every test is called from Criterion, so it would forgive the tests' own leaks.
    """
    if report.count("ERROR:") != report.count("ERROR: LeakSanitizer:"):
        return False
    blocks = re.split(r"^(?:Direct|Indirect) leak of .*$", report, flags=re.M)[1:]
    return bool(blocks) and all(re.search(r"^ *#1 .*libcriterion\.so", block, re.M) for block in blocks)


def reports_show(folder: Path) -> int:
    """Prints the head of each report and returns how many count."""
    reports = sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size > 0)
    count = 0
    for path in reports:
        text = path.read_text(errors="replace")
        if criterion_leaks_alone(text):
            print(f"report {path}: a leak of Criterion's own, not counted")
            continue
        count += 1
        print(f"report {path}:")
        print("\n".join(text.splitlines()[:40]))
    return count


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--status", type=int, required=True, help="exit status of the suite")
    parser.add_argument("--reports", type=Path, required=True, help="folder of sanitizer reports")
    parser.add_argument("log", type=Path)
    arguments = parser.parse_args()

    (passed, failed, skipped), empty, reasons = log_counts(arguments.log.read_text(errors="replace"))
    failed += reports_show(arguments.reports)
    for reason, times in Counter(reasons).items():
        print(reason if times == 1 else f"{reason} ({times} times)")
    if skipped > 0 and not reasons:
        print("a skip without a reason")
        failed += 1
    if empty:
        print(f"{empty} runners ran no test")
        failed += empty
    if passed + failed == 0:
        print("no test ran")
        failed += 1
    if arguments.status != 0 and failed == 0:
        print(f"the suite ended with status {arguments.status}")
        failed += 1
    print(passed, failed, skipped)
    return 0


if __name__ == "__main__":
    sys.exit(main())
