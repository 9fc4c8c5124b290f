"""The reference page that readers of the repository see is the one the generator makes of today's headers."""

import subprocess
import sys
from pathlib import Path

import pytest

from options import OptionsError, read_options  # isort: skip

ROOT = Path(__file__).resolve().parents[2]


def test_reference_page_is_up_to_date(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-B",
            ROOT / "bindings/generate.py",
            "--include",
            ROOT / "core/include",
            "--output",
            tmp_path,
            "--only",
            "reference.md",
        ],
        check=True,
    )
    assert (tmp_path / "reference.md").read_text() == (ROOT / "docs/reference.md").read_text(), (
        "run: python3 bindings/generate.py --include core/include --output docs --only reference.md"
    )


def test_options_of_the_page_are_those_of_the_library() -> None:
    """Every row of the library's table is read; one that is written otherwise stops the generator."""
    listed = [row[0] for row in read_options()]
    page = (ROOT / "docs/reference.md").read_text()
    assert len(listed) == len(set(listed)) == (ROOT / "core/base/settings_table.h").read_text().count("{{")
    assert all(f"| `{name}` | " in page for name in listed)


def test_an_unreadable_row_stops_the_generator(tmp_path: Path) -> None:
    table = tmp_path / "table.h"
    table.write_text('{{"good", "text", "none", "One."},\n TEXT},\n{{NAME, "text", "none", "Two."},\n TEXT},\n')
    with pytest.raises(OptionsError, match="1 rows of 2"):
        read_options(table)
