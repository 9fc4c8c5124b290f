"""The reference page that readers of the repository see is the one the generator makes of today's headers."""

import subprocess
import sys
from pathlib import Path

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
