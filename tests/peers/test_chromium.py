"""Chromium, headless, at both gateways: the credentials are in the address."""

from __future__ import annotations

import subprocess
import urllib.parse
from pathlib import Path

import pytest
from conftest import ALICE, Server, needs


def browse(address: str, profile: Path, *options: str) -> str:
    """The page at an address as the browser shows it."""
    program = needs("chromium", "chromium")
    result = subprocess.run(
        [
            program,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            f"--user-data-dir={profile}",
            *options,
            "--dump-dom",
            address,
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    return result.stdout


def dump(port: int, user: str, password: str, profile: Path) -> str:
    """The page for a user whose password is in the address."""
    login = f"{urllib.parse.quote(user, safe='')}:{urllib.parse.quote(password, safe='')}"
    return browse(f"http://{login}@127.0.0.1:{port}/", profile)


@pytest.mark.timeout(300)
def test_browser_is_known(gateway: Server, tmp_path: Path) -> None:
    page = dump(gateway.port, ALICE.full_name, ALICE.password, tmp_path)
    assert f"<h1>You are {ALICE.full_name}</h1>" in page


@pytest.mark.timeout(300)
def test_browser_is_refused(gateway: Server, tmp_path: Path) -> None:
    start = len(gateway.said())
    page = dump(gateway.port, ALICE.full_name, "not her password", tmp_path)
    assert "You are EXAMPLE" not in page
    gateway.wait_for("refused .*reason=WRONG_PASSWORD", start)
