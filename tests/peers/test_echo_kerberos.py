"""The echo programs in C, Python and Lua with each other by Kerberos, with mutual authentication and a private KDC."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Server
from test_echo import LANGUAGES, programs
from test_kerberos import SERVICE

__all__ = ["programs"]

Programs = dict[str, dict[str, list[object]]]
CLIENT = "alice@EXAMPLE.TEST"


def started(programs: Programs, language: str, keytab: Path, folder: Path) -> Server:
    arguments = {
        "c": [0, "Kerberos"], "python": ["--keytab", keytab, "--port", 0], "lua": [keytab, 0, "Kerberos"],
    }[language]  # fmt: skip
    return Server([*programs["server"][language], *arguments], folder / "log", {"KRB5_KTNAME": str(keytab)})


@pytest.fixture(scope="module", params=LANGUAGES)
def server(
    request: pytest.FixtureRequest, kdc: Path, programs: Programs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    made = started(programs, request.param, kdc / "http.keytab", tmp_path_factory.mktemp("echo"))
    yield made
    assert made.process.poll() is None, made.said()
    made.stop()


def talk(
    program: list[object], port: int, *lines: str, service: str = SERVICE, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, program), "127.0.0.1", str(port), service],
        input="".join(f"{line}\n" for line in lines),
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_come_back(server: Server, programs: Programs, language: str) -> None:
    lines = ["hello", "x" * 4000, "and good bye"]
    result = talk(programs["client"][language], server.port, *lines)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [f"You are {CLIENT}", *lines]


@pytest.mark.parametrize("language", LANGUAGES)
def test_ticket_for_another_service(server: Server, programs: Programs, language: str) -> None:
    start = len(server.said())
    result = talk(programs["client"][language], server.port, "hello", service="host/server.example.test")
    assert result.returncode == 1
    assert result.stdout == ""
    assert "the server refused the login" in result.stderr or "login failed" in result.stderr
    server.wait_for("client refused: .*host/server.example.test", start)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_ticket(server: Server, programs: Programs, language: str, tmp_path: Path) -> None:
    result = talk(programs["client"][language], server.port, "hello", KRB5CCNAME=f"FILE:{tmp_path}/empty")
    assert (result.returncode, result.stdout) == (1, "")
    assert "no ticket for" in result.stderr
    assert "Traceback" not in result.stderr


def with_other_keys(content: bytes) -> bytes:
    """The same keytab (MIT's format, 0x0502) with one bit of each key changed."""
    changed, entry = bytearray(content), 2
    while entry < len(content):
        size, parts = struct.unpack_from(">iH", content, entry)
        position = entry + 6
        for _ in range(parts + 1):  # the realm, then the name's parts
            position += 2 + struct.unpack_from(">H", content, position)[0]
        position += 4 + 4 + 1 + 2 + 2  # type of the name, time, version, type and length of the key
        changed[position] ^= 1
        entry += 4 + size
    return bytes(changed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_service_key(kdc: Path, programs: Programs, language: str, tmp_path: Path) -> None:
    """Such a server cannot let anybody in, nor prove itself: clients of all languages go away."""
    keytab = tmp_path / "wrong.keytab"
    keytab.write_bytes(with_other_keys((kdc / "http.keytab").read_bytes()))
    keytab.chmod(0o600)
    impostor = started(programs, language, keytab, tmp_path)
    try:
        for client in LANGUAGES:
            start = len(impostor.said())
            result = talk(programs["client"][client], impostor.port, "hello")
            assert (result.returncode, result.stdout) == (1, "")
            impostor.wait_for("client refused: .*does not open with our key", start)
    finally:
        impostor.stop()
