"""Windows programs in Wine with a ticket: its Kerberos and its Negotiate, which is MIT's GSS-API, at our acceptors."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sspi
from conftest import ALICE, GATEWAYS, ROOT, needs, running_gateway
from parties import Lines, Refused
from test_wine import MINGW, wine, winhttp

__all__ = ["wine", "winhttp"]
SERVICE = "HTTP/server.example.test"
CLIENT = "alice@EXAMPLE.TEST"
# ISC_REQ_MUTUAL_AUTH, REPLAY_DETECT, SEQUENCE_DETECT, CONFIDENTIALITY, INTEGRITY
FLAGS = 0x2 | 0x4 | 0x8 | 0x10 | 0x10000
DCE = 0x200


class Windows:
    """The program windows_peer.c."""

    def __init__(self, command: list[str]) -> None:
        self.lines = Lines(command)
        self.complete = False

    def ask(self, what: str, *parts: bytes) -> list[bytes]:
        verdict, *rest = self.lines.ask(" ".join([what, *(part.hex() for part in parts)])).split() or ["no"]
        if verdict != "ok":
            raise Refused(f"{what}: {rest}")
        self.complete = self.complete or "done" in rest
        return [bytes.fromhex(text) for text in rest if text != "done"]

    def step(self, token: bytes) -> bytes:
        return b"".join(self.ask("step", token))

    def close(self) -> None:
        self.lines.close()


@pytest.fixture(scope="module")
def program(compile_c: Callable[..., Path]) -> Path:
    needs(MINGW, "gcc-mingw-w64-x86-64")
    return compile_c("windows.exe", ROOT / "tests" / "peers" / "windows_peer.c", "-lsecur32", compiler=MINGW)


@pytest.fixture
def windows(kdc: Path, wine: Callable, program: Path) -> Iterator[Callable[..., Windows]]:
    """Starts the program, with alice's ticket unless there are other arguments."""
    made: list[Windows] = []

    def run(*arguments: str) -> Windows:
        made.append(Windows([*wine.command, str(program), *arguments]))
        return made[-1]

    yield run
    for each in made:
        each.close()


def handshake(client: Windows, server: sspi.ServerContext) -> None:
    token = client.step(b"")
    while token:
        answer = bytes(server.step(token).token)
        token = client.step(answer) if answer else b""
    assert server.complete
    assert client.complete


def acceptor(package: str, **options: str) -> sspi.ServerContext:
    return sspi.ServerContext(sspi.Credential(package, options={"service_names": "HTTP"} | options))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
@pytest.mark.parametrize("dce", [0, DCE], ids=["plain", "dce"])
def test_login_and_messages(windows: Callable[..., Windows], package: str, dce: int) -> None:
    """Mutual authentication, signatures and sealed messages both ways."""
    client, server = windows(package, SERVICE, hex(FLAGS | dce)), acceptor(package)
    handshake(client, server)
    assert (server.client_name, server.package) == (CLIENT, "Kerberos")
    assert server.flags & sspi.AcceptFlag.MUTUAL_AUTH
    for size in (1, 16, 1000, 4096):
        text = os.urandom(size)
        (signature,) = client.ask("sign", text)
        server.verify(text, signature)
        client.ask("verify", text, server.sign(text))
        token, data = client.ask("wrap", text)
        # Unless DCE style asks for it, Wine puts what a token adds behind the data.
        assert server.unwrap(token + data if dce else data + token) == text
        sealed = server.wrap(text)
        size_of_token = len(sealed) - size
        token, data = (sealed[:size_of_token], sealed[size_of_token:]) if dce else (sealed[size:], sealed[:size])
        assert client.ask("unwrap", token, data) == [text]


@pytest.mark.timeout(400)
@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_altered_message(windows: Callable[..., Windows], package: str) -> None:
    client, server = windows(package, SERVICE, hex(FLAGS | DCE)), acceptor(package)
    handshake(client, server)
    token, data = client.ask("wrap", b"to be altered")
    with pytest.raises(sspi.SSPIError):
        server.unwrap(token + bytes([data[0] ^ 1]) + data[1:])
    sealed = server.wrap(b"to be altered")
    with pytest.raises(Refused):
        client.ask("unwrap", sealed[:-13], sealed[-13:-1] + bytes([sealed[-1] ^ 1]))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_wrong_key(windows: Callable[..., Windows], package: str, tmp_path: Path) -> None:
    """The acceptor's, so that the client's ticket does not open; the client's own password."""
    other = tmp_path / "other.keytab"
    command = ["ktutil", "-k", f"FILE:{other}", "add", "-p", f"{SERVICE}@EXAMPLE.TEST", "-V", "1", "-r", "-e"]
    subprocess.run([*command, "aes256-cts-hmac-sha1-96"], check=True, timeout=30)
    with pytest.raises(sspi.SSPIError) as refused:
        handshake(windows(package, SERVICE, hex(FLAGS)), acceptor(package, keytab=str(other)))
    assert refused.value.reason == sspi.Reason.WRONG_KEY


@pytest.mark.timeout(400)
@pytest.mark.parametrize("password", ["Correct-Horse-1", "not his password"])
def test_password(windows: Callable[..., Windows], password: str) -> None:
    """Wine asks the KDC for the ticket."""
    client = windows("Kerberos", SERVICE, hex(FLAGS), "EXAMPLE.TEST", "bob", password)
    if password == "Correct-Horse-1":
        server = acceptor("Kerberos")
        handshake(client, server)
        assert server.client_name == "bob@EXAMPLE.TEST"
    else:
        with pytest.raises((Refused, BrokenPipeError)):
            client.step(b"")


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", list(GATEWAYS))
@pytest.mark.parametrize("password", [ALICE.password, "not her password"])
def test_winhttp_falls_back(
    kdc: Path, accounts: Path, wine: Callable, winhttp: Path, kind: str, password: str, tmp_path: Path
) -> None:
    """Wine's WinHTTP asks for a ticket of the bare host name; no gateway is known by that, so it goes on with NTLM."""
    with running_gateway(kind, tmp_path, "--accounts", accounts, "--scheme", "Negotiate") as door:
        result = wine(winhttp, door.port, ALICE.full_name, "localhost", text=password + "\n")
    pages = [json.loads(page) for page in result.stdout.split("status 200\n")[1:]]
    expected = [(ALICE.full_name, "NTLM")] * 2 if password == ALICE.password else []
    assert [(page["name"], page["package"]) for page in pages] == expected
    assert ("status 401" in result.stdout) == (not expected)
