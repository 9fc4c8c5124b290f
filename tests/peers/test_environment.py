"""What is wrong around the gateways is said in one sentence that tells what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import GATEWAYS, ROOT

KINDS = tuple(GATEWAYS)


def fails(kind: str, *arguments: object, environment: dict[str, str] | None = None, command: list[object] = ()) -> str:
    """Starts a gateway that must fail, and gives what it said: one line."""
    result = subprocess.run(
        [str(part) for part in [*(command or GATEWAYS[kind]), *arguments]],
        capture_output=True,
        text=True,
        timeout=15,
        env=os.environ | (environment or {}),
        stdin=subprocess.DEVNULL,
    )
    assert result.returncode == 1
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("gateway: ")
    return line


@pytest.mark.parametrize("kind", KINDS)
def test_port_in_use(kind: str, accounts: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = fails(kind, "--accounts", accounts, "--port", port)
    assert f"port {port} is in use" in line
    assert "--port" in line


@pytest.mark.parametrize("kind", KINDS)
def test_address_of_nobody(kind: str, accounts: Path) -> None:
    line = fails(kind, "--accounts", accounts, "--listen", "192.0.2.1", "--port", 0)
    assert "cannot listen on 192.0.2.1" in line


@pytest.mark.parametrize("kind", KINDS)
def test_store_missing(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "nowhere.db"
    assert str(path) in fails(kind, "--accounts", path, "--port", 0)
    assert not path.exists()


@pytest.mark.parametrize("kind", KINDS)
def test_store_open_to_others(kind: str, tmp_path: Path, accounts: Path) -> None:
    path = tmp_path / "open.db"
    path.write_bytes(accounts.read_bytes())
    path.chmod(0o644)
    assert str(path) in fails(kind, "--accounts", path, "--port", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_store_corrupt(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "corrupt.db"
    path.write_bytes(b"this is no database" * 100)
    path.chmod(0o600)
    assert str(path) in fails(kind, "--accounts", path, "--port", 0)


@pytest.mark.parametrize("kind", KINDS)
def test_no_legacy_provider(kind: str, accounts: Path, tmp_path: Path) -> None:
    """Without OpenSSL's legacy provider there is no NTLM."""
    line = fails(kind, "--accounts", accounts, "--port", 0, environment={"OPENSSL_MODULES": str(tmp_path)})
    assert "legacy" in line


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_scheme(kind: str, accounts: Path) -> None:
    assert "Nonsense" in fails(kind, "--accounts", accounts, "--port", 0, "--scheme", "Nonsense")


def test_python_package_missing(tmp_path: Path) -> None:
    line = fails("python", environment={"PYTHONPATH": str(tmp_path)})
    assert "sspi is missing" in line
    assert "PYTHONPATH" in line


def test_aiohttp_missing() -> None:
    gateway = ROOT / "examples" / "python" / "gateway.py"
    code = f"import sys, runpy; sys.modules['aiohttp'] = None; runpy.run_path({str(gateway)!r}, run_name='__main__')"
    line = fails("python", command=[sys.executable, "-c", code])
    assert "apt-get install python3-aiohttp" in line


@pytest.mark.parametrize(
    ("module", "paths", "advice"),
    [
        ("sspi", (";;", ";;"), "LUA_CPATH"),
        ("cqueues", ("/nowhere/?.lua", "/nowhere/?.so"), "apt-get install lua-cqueues"),
    ],
)
def test_lua_module_missing(module: str, paths: tuple[str, str], advice: str) -> None:
    line = fails("lua", environment={"LUA_PATH_5_4": paths[0], "LUA_CPATH_5_4": paths[1]})
    assert f"module {module} is missing" in line
    assert advice in line
