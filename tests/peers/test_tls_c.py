"""The TLS programs in C, plain SSPI: on Linux with our library, and the same source as Windows programs in Wine."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from certificates import Authority, authority
from conftest import BUILD, ROOT, Server, needs
from test_tls import NAME, connect, running
from test_wine import MINGW, wine

__all__ = ["authority", "wine"]

ENDS = ("client", "server")
CLIENT, SERVER = ([ROOT / "examples" / "c" / name for name in (f"tls_{end}.c", "tls.c", "echo.c")] for end in ENDS)
TEXT = "hello\nfacts\n" + "x" * 3000 + "\n"


@pytest.fixture(scope="module")
def programs(compile_c: Callable[..., Path]) -> dict[str, Path]:
    library = next(BUILD.rglob("libsspi.so")).parent
    folders = [ROOT / "core" / "include", ROOT / "core" / "include" / "compat"]
    link = [*(f"-I{folder}" for folder in folders), f"-L{library}", f"-Wl,-rpath,{library}", "-lsspi"]
    return {end: compile_c(f"tls_{end}", *sources, *link) for end, sources in zip(ENDS, (CLIENT, SERVER), strict=True)}


@pytest.fixture
def program(programs: dict[str, Path]) -> Path:
    return programs["client"]


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


def archive(authority: Authority, folder: Path) -> Path:
    """The server's certificate and key in a PKCS#12 file."""
    path = folder / "server.pfx"
    command = [
        authority.program,
        "pkcs12",
        "-export",
        "-in",
        authority.issue(NAME),
        "-out",
        path,
        "-passout",
        "pass:pw",
    ]
    subprocess.run([str(word) for word in command], check=True, capture_output=True, timeout=30)
    return path


def test_server(programs: dict[str, Path], authority: Authority, tmp_path: Path) -> None:
    server = Server([programs["server"], 0, archive(authority, tmp_path), "pw"], tmp_path / "log")
    try:
        for size in (6, 3000, 16384, 50_000):
            with connect(server, authority) as one:
                line = b"x" * (size - 1) + b"\n"
                one.sendall(line)
                got = b""
                while len(got) < size:
                    got += one.recv(65536)
                assert got == line
                one.unwrap()
        assert server.said().count("it said goodbye") == 4
        ours = talk([programs["client"]], server, NAME, environment=believing(tmp_path, authority))
        assert (ours.returncode, ours.stdout) == (0, TEXT)
        with socket.create_connection(("127.0.0.1", server.port), 20) as rubbish:
            rubbish.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while rubbish.recv(1000):
                pass
        server.wait_for("connection lost: SEC_E_")
        with connect(server, authority):
            pass
    finally:
        server.stop()


def test_server_without_its_key(programs: dict[str, Path], authority: Authority, tmp_path: Path) -> None:
    result = subprocess.run(
        [programs["server"], "0", archive(authority, tmp_path), "wrong"], capture_output=True, text=True, timeout=20
    )
    assert (result.returncode, result.stdout) == (1, "")
    assert "no certificate" in result.stderr


@pytest.mark.timeout(400)
def test_server_is_a_windows_program_too(compile_c: Callable[..., Path]) -> None:
    """Built only: Wine's Schannel is a client alone."""
    needs(MINGW, "gcc-mingw-w64-x86-64")
    libraries = ["-lsecur32", "-lcrypt32", "-lws2_32"]
    assert compile_c("tls_server.exe", *SERVER, *libraries, compiler=MINGW).stat().st_size > 0


@pytest.mark.timeout(400)
def test_windows_client(wine: Callable, compile_c: Callable[..., Path], authority: Authority, tmp_path: Path) -> None:
    needs(MINGW, "gcc-mingw-w64-x86-64")
    windows = compile_c("tls_client.exe", *CLIENT, "-lsecur32", "-lws2_32", compiler=MINGW)
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
