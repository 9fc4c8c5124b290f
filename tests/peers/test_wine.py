"""Windows programs in Wine, whose NTLM is Samba's ntlm_auth: WinHTTP at the gateways, and the echo client, sealing."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import ALICE, ROOT, Server, User, needs

WRONG = User(ALICE.domain, ALICE.name, "not her password")
UNKNOWN = User(ALICE.domain, "mallory", ALICE.password)
MINGW = "x86_64-w64-mingw32-gcc"
ECHO_SERVER = ["lua5.4", ROOT / "examples" / "lua" / "echo_server.lua"]


@pytest.fixture(scope="session")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs a Windows program in a Wine of its own."""
    program = needs("wine", "wine64")
    needs("ntlm_auth", "winbind")
    prefix = tmp_path_factory.mktemp("wine") / "prefix"
    environment = os.environ | {"WINEPREFIX": str(prefix), "WINEDEBUG": "-all"}
    environment.pop("DISPLAY", None)
    subprocess.run([program, "wineboot", "-i"], env=environment, timeout=300, capture_output=True)

    def run(*arguments: object, text: str) -> subprocess.CompletedProcess[str]:
        command = [program, *map(str, arguments)]
        return subprocess.run(command, env=environment, input=text, capture_output=True, text=True, timeout=120)

    run.command = ["env", "-u", "DISPLAY", f"WINEPREFIX={prefix}", "WINEDEBUG=-all", program]
    return run


@pytest.fixture(scope="module")
def winhttp(compile_c: Callable[..., Path]) -> Path:
    needs(MINGW, "gcc-mingw-w64-x86-64")
    return compile_c("winhttp.exe", ROOT / "tests" / "peers" / "winhttp_client.c", "-lwinhttp", compiler=MINGW)


@pytest.fixture(scope="module")
def echo_programs(compile_c: Callable[..., Path]) -> dict[str, Path]:
    """The C examples as Windows programs: their source is the same."""
    needs(MINGW, "gcc-mingw-w64-x86-64")
    folder = ROOT / "examples" / "c"
    libraries = ["-lsecur32", "-lws2_32"]
    return {
        end: compile_c(f"{end}.exe", folder / f"echo_{end}.c", folder / "echo.c", *libraries, compiler=MINGW)
        for end in ("client", "server")
    }


@pytest.fixture(scope="module")
def echo_server(accounts: Path, tmp_path_factory: pytest.TempPathFactory) -> Server:
    server = Server([*ECHO_SERVER, accounts, 0], tmp_path_factory.mktemp("echo") / "log")
    yield server
    server.stop()


@pytest.mark.timeout(400)
def test_winhttp_is_known(gateway: Server, wine: Callable, winhttp: Path) -> None:
    result = wine(winhttp, gateway.port, ALICE.full_name, text=ALICE.password + "\n")
    assert (result.returncode, result.stderr) == (0, "")
    pages = [json.loads(page) for page in result.stdout.split("status 200\n")[1:]]
    assert [page["name"] for page in pages] == [ALICE.full_name] * 2


@pytest.mark.timeout(400)
@pytest.mark.parametrize("user", [WRONG, UNKNOWN], ids=["wrong password", "unknown user"])
def test_winhttp_is_refused(gateway: Server, wine: Callable, winhttp: Path, user: User) -> None:
    start = len(gateway.said())
    result = wine(winhttp, gateway.port, user.full_name, text=user.password + "\n")
    assert "status 401" in result.stdout
    assert "status 200" not in result.stdout
    reason = "WRONG_PASSWORD" if user is WRONG else "UNKNOWN_USER"
    gateway.wait_for(f"refused .*reason={reason}", start)


@pytest.mark.timeout(400)
def test_windows_client_seals(echo_server: Server, wine: Callable, echo_programs: dict[str, Path]) -> None:
    lines = [ALICE.password, "hello", "y" * 3000, "good bye", ""]
    result = wine(
        echo_programs["client"], "127.0.0.1", echo_server.port, ALICE.domain, ALICE.name, text="\n".join(lines)
    )
    assert result.stdout.splitlines() == [f"You are {ALICE.full_name}", *lines[1:-1]]
    assert result.returncode == 0


@pytest.mark.timeout(400)
def test_windows_client_is_refused(echo_server: Server, wine: Callable, echo_programs: dict[str, Path]) -> None:
    text = f"{WRONG.password}\nhello\n"
    result = wine(echo_programs["client"], "127.0.0.1", echo_server.port, WRONG.domain, WRONG.name, text=text)
    assert result.returncode == 1
    assert "refused the login" in result.stderr
    echo_server.wait_for("client refused: .*wrong password")


@pytest.mark.timeout(400)
def test_windows_client_with_a_ticket(
    kdc: Path, wine: Callable, echo_programs: dict[str, Path], tmp_path: Path
) -> None:
    """Up to the signed greeting: what Wine's Kerberos seals is not laid out as Windows lays it out."""
    server = Server([*ECHO_SERVER, kdc / "http.keytab", 0, "Kerberos"], tmp_path / "log")
    try:
        command = [*wine.command, echo_programs["client"], "127.0.0.1", str(server.port), "HTTP/server.example.test"]
        result = subprocess.run(command, input="", capture_output=True, text=True, timeout=120)
    finally:
        server.stop()
    assert (result.returncode, result.stdout) == (0, "You are alice@EXAMPLE.TEST\n"), result.stderr + server.said()
