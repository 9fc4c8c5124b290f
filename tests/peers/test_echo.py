"""The echo programs in C, Python and Lua with each other, by NTLM and by Kerberos: a login, then messages."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import ALICE, BUILD, ROOT, Server, User

WRONG = User(ALICE.domain, ALICE.name, "not her password")
LANGUAGES = ("c", "python", "lua")
EXAMPLES = ROOT / "examples"


def library() -> Path:
    found = sorted(BUILD.rglob("libsspi.so"))
    assert found, f"no libsspi.so below {BUILD}: build the preset release"
    return found[0].parent


@pytest.fixture(scope="session")
def programs(compile_c: Callable[..., Path]) -> dict[str, dict[str, list[object]]]:
    folder, include = library(), ROOT / "core" / "include"
    link = ["-I", include, "-L", folder, f"-Wl,-rpath,{folder}", "-lsspi"]
    shared = EXAMPLES / "c" / "echo.c"
    compiled = {
        end: compile_c(f"echo_{end}", EXAMPLES / "c" / f"echo_{end}.c", shared, *link) for end in ("server", "client")
    }
    return {
        end: {
            "c": [compiled[end]],
            "python": [sys.executable, EXAMPLES / "python" / f"echo_{end}.py"],
            "lua": ["lua5.4", EXAMPLES / "lua" / f"echo_{end}.lua"],
        }
        for end in ("server", "client")
    }


@pytest.fixture(scope="module", params=LANGUAGES)
def echo_server(
    request: pytest.FixtureRequest,
    programs: dict[str, dict[str, list[object]]],
    accounts: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    command = [*programs["server"][request.param]]
    command += {"c": [0], "python": ["--accounts", accounts, "--port", 0], "lua": [accounts, 0]}[request.param]
    server = Server(command, tmp_path_factory.mktemp("echo") / "log", {"SSPI_ACCOUNT_STORE": str(accounts)})
    yield server
    assert server.process.poll() is None, server.said()
    server.stop()


def talk(command: list[object], port: int, user: User, *lines: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(os.fspath, map(str, command)), "127.0.0.1", str(port), user.domain, user.name],
        input="\n".join([user.password, *lines, ""]),
        capture_output=True,
        text=True,
        timeout=30,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_come_back(echo_server: Server, programs: dict[str, dict[str, list[object]]], language: str) -> None:
    lines = ["hello", "x" * 4000, "and good bye"]
    result = talk(programs["client"][language], echo_server.port, ALICE, *lines)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [f"You are {ALICE.full_name}", *lines]


@pytest.mark.parametrize("language", LANGUAGES)
def test_wrong_password(echo_server: Server, programs: dict[str, dict[str, list[object]]], language: str) -> None:
    start = len(echo_server.said())
    result = talk(programs["client"][language], echo_server.port, WRONG, "hello")
    assert result.returncode == 1
    assert "the server refused the login" in result.stderr
    assert result.stdout == ""
    echo_server.wait_for("client refused: ", start)


def test_nobody_listens(programs: dict[str, dict[str, list[object]]]) -> None:
    for language in LANGUAGES:
        result = talk(programs["client"][language], 1, ALICE)
        assert result.returncode == 1
        assert len(result.stderr.splitlines()) == 1


def test_rubbish_does_not_stop_the_server(echo_server: Server, programs: dict[str, dict[str, list[object]]]) -> None:
    import socket

    for data in (b"", b"\xff\xff\xff\xff", b"\0\0\0\5hello", b"\0\0\1\0half", b"\0\0\0\0"):
        with socket.create_connection(("127.0.0.1", echo_server.port), timeout=10) as connection:
            connection.sendall(data)
    result = talk(programs["client"]["python"], echo_server.port, ALICE, "still there?")
    assert result.stdout.splitlines()[-1] == "still there?"
