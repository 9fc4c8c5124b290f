"""The TLS client in C, plain SSPI: on Linux with our library, and the same source as a Windows program in Wine."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from certificates import Authority, authority
from conftest import BUILD, ROOT, Server, needs
from test_tls import NAME, running
from test_wine import MINGW, wine

__all__ = ["authority", "wine"]

SOURCES = [ROOT / "examples" / "c" / name for name in ("tls_client.c", "echo.c")]
TEXT = "hello\nfacts\n" + "x" * 3000 + "\n"


@pytest.fixture(scope="module")
def program(compile_c: Callable[..., Path]) -> Path:
    library = next(BUILD.rglob("libsspi.so")).parent
    folders = [ROOT / "core" / "include", ROOT / "core" / "include" / "compat"]
    link = [*(f"-I{folder}" for folder in folders), f"-L{library}", f"-Wl,-rpath,{library}", "-lsspi"]
    return compile_c("tls_client", *SOURCES, *link)


def believing(folder: Path, authority: Authority) -> dict[str, str]:
    """An environment in which the authority is trusted."""
    path = folder / "sspi.conf"
    path.write_text(f"[sspi]\ntls_trust = {authority.trust}\n")
    return {"SSPI_CONFIG": str(path)}


def talk(
    command: list[object], server: Server, *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in (*command, "127.0.0.1", server.port, *arguments)]
    settings = os.environ | (environment or {})
    return subprocess.run(words, input=TEXT, capture_output=True, text=True, timeout=120, env=settings)


def check(result: subprocess.CompletedProcess[str], server: Server) -> None:
    first, told, last = result.stdout.splitlines()
    assert (result.returncode, first, last) == (0, "hello", "x" * 3000)
    assert json.loads(told)["version"] == "TLSv1.2"  # the old structure of a credential asks for no more
    server.wait_for("end with goodbye")


def test_trusted_server(program: Path, authority: Authority, tmp_path: Path) -> None:
    with running(tmp_path, authority.issue(NAME)) as server:
        check(talk([program], server, NAME, environment=believing(tmp_path, authority)), server)


def test_whoever_it_is(program: Path, authority: Authority, tmp_path: Path) -> None:
    with running(tmp_path, authority.issue(NAME)) as server:
        check(talk([program], server, NAME, "-k"), server)


def test_refused_server(program: Path, authority: Authority, tmp_path: Path) -> None:
    trusting = believing(tmp_path, authority)
    with running(tmp_path, authority.issue(NAME)) as server:
        unknown = talk([program], server, NAME)
        other = talk([program], server, "other.example.test", environment=trusting)
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "SEC_E_UNTRUSTED_ROOT" in unknown.stderr
    assert (other.returncode, other.stdout) == (1, "")
    assert "SEC_E_WRONG_PRINCIPAL" in other.stderr


@pytest.mark.timeout(400)
def test_windows_client(wine: Callable, compile_c: Callable[..., Path], authority: Authority, tmp_path: Path) -> None:
    needs(MINGW, "gcc-mingw-w64-x86-64")
    windows = compile_c("tls_client.exe", *SOURCES, "-lsecur32", "-lws2_32", compiler=MINGW)
    with running(tmp_path, authority.issue(NAME)) as server:
        check(talk([*wine.command, windows], server, NAME, "-k"), server)


@pytest.mark.timeout(400)
def test_winhttp(wine: Callable, compile_c: Callable[..., Path], authority: Authority, tmp_path: Path) -> None:
    """A page over https, and none of a server that Windows does not believe."""
    needs(MINGW, "gcc-mingw-w64-x86-64")
    program = ROOT / "tests" / "peers" / "winhttp_page.c"
    windows = compile_c("winhttp_page.exe", program, "-lwinhttp", compiler=MINGW)
    with running(tmp_path, authority.issue("localhost")) as server:
        page = subprocess.run(
            [*wine.command, windows, "localhost", str(server.port), "-k"], capture_output=True, text=True, timeout=120
        )
        assert (page.returncode, page.stderr) == (0, "")
        assert json.loads(page.stdout)["version"] in ("TLSv1.2", "TLSv1.3")
        refused = subprocess.run(
            [*wine.command, windows, "localhost", str(server.port)], capture_output=True, text=True, timeout=120
        )
        assert (refused.returncode, refused.stdout) == (1, "")
