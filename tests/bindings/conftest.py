"""The generator on tiny headers: what it makes, and where it stops."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tiny import PRELUDE

from header import Header, read_headers  # isort: skip
from model import Model, build_model  # isort: skip


@pytest.fixture
def parse(tmp_path: Path) -> Callable[[str], Header]:
    def parsed(text: str) -> Header:
        (tmp_path / "tiny.h").write_text(text)
        return read_headers(["tiny.h"], [tmp_path])

    return parsed


@pytest.fixture
def model(parse: Callable[[str], Header]) -> Callable[[str], Model]:
    return lambda text: build_model(parse(PRELUDE + text))
