"""Hostile and odd conversations with our TLS server, and the same with openssl s_server."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tls_talks_blocks
import tls_talks_clients
import tls_talks_extensions
import tls_talks_hello
import tls_talks_keys
import tls_talks_later
import tls_talks_records
import tls_talks_sessions
from certificates import KEYS, Authority, authority
from conftest import Server, needs
from raw_tls import NAME, Raw
from tls_talks import TALKS, Place, Talk

__all__ = [
    "authority", "tls_talks_blocks", "tls_talks_clients", "tls_talks_extensions", "tls_talks_hello", "tls_talks_keys",
    "tls_talks_later", "tls_talks_records", "tls_talks_sessions",
]  # fmt: skip

PROGRAMS = {
    "python": [sys.executable, Path(__file__).with_name("tls_server.py")],
    "lua": ["lua5.4", Path(__file__).with_name("tls_server.lua")],
}
KINDS = ("port", "asks", "demands", "other", "short", "blocks")
BLOCKS = "ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA256"
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
GROUPS = "X25519:P-256:X448:P-384:P-521"


class OpenSsl(Server):
    """openssl s_server, which answers each line with its letters turned round."""

    def _wait_for_port(self) -> int:
        for _ in range(200):
            if match := re.search(r"ACCEPT 127\.0\.0\.1:(\d+)", self.said()):
                return int(match[1])
            time.sleep(0.05)
        self.stop()
        raise AssertionError(f"the server did not start: {self.said()}")


def ours(folder: Path, certificate: Path, trust: Path, kind: str, program: str) -> Server:
    options = {"tls_certificate": certificate, "tls_trust": trust, "tls_tickets": 4}
    options |= {
        "demands": {"tls_client_certificate": "require"},
        "short": {"tls_session_lifespan_seconds": 1},
        "blocks": {"tls_ciphers": BLOCKS, "tls_maximum_version": "1.2"},
    }.get(kind, {})
    words = [word for name, value in options.items() for word in ("--option", f"{name}={value}")]
    mutual = ["--mutual"] if kind in ("asks", "demands") else []
    command = [*PROGRAMS[program], *words, *mutual, "--alpn", "h2", "--alpn", "http/1.1"]
    return Server(command, folder / f"{program}-{kind}.log")


def openssls(folder: Path, certificate: Path, trust: Path, kind: str, _program: str) -> Server:
    more = {"asks": ["-verify", 1], "demands": ["-Verify", 1], "blocks": ["-tls1_2"]}.get(kind, [])
    command = [
        needs("openssl", "openssl"), "s_server", "-accept", "127.0.0.1:0", "-rev", "-cert", certificate,
        "-cipher", BLOCKS if kind == "blocks" else CIPHERS, "-groups", GROUPS, "-CAfile", trust, "-alpn", "h2,http/1.1",
        "-serverpref", "-min_protocol", "TLSv1.2", "-verify_return_error", "-num_tickets", 4, *more,
    ]  # fmt: skip
    return OpenSsl(command, folder / f"openssl-{kind}.log")


@pytest.fixture(scope="session", params=["python", "lua", "openssl"])
def place(
    request: pytest.FixtureRequest, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("conversations")
    if request.param == "lua":
        needs("lua5.4", "lua5.4")
    start = openssls if request.param == "openssl" else ours
    certificate = authority.issue(NAME)
    clients = {key: authority.issue("alice", key=key, usage="clientAuth") for key in KEYS}
    stranger = Authority(folder).issue("mallory", usage="clientAuth")
    with contextlib.ExitStack() as stack:
        servers = {}
        for kind in KINDS:
            servers[kind] = start(folder, certificate, authority.trust, kind, request.param)
            stack.callback(servers[kind].stop)
        ports = {kind: server.port for kind, server in servers.items()}
        yield Place(**ports, client=clients["ec"], stranger=stranger, clients=clients)
        for kind, server in servers.items():
            assert server.process.poll() is None, server.said()
            assert not re.search(r"Traceback|stack traceback", server.said()), server.said()
            with Raw(server.port) as raw:
                assert kind in ("asks", "demands", "blocks") or raw.open().outcome() == "echo"


def expected(talk: Talk, program: str) -> str:
    """What that server must answer; "": it is not asked."""
    if program == "openssl":
        return talk.openssl
    return talk.expected if program == "python" or talk.everywhere else ""


@pytest.mark.parametrize("name", list(TALKS))
def test_conversation(place: Place, request: pytest.FixtureRequest, name: str) -> None:
    talk, program = TALKS[name], str(request.node.callspec.params["place"])
    wanted = expected(talk, program)
    if not wanted:
        pytest.skip(talk.why)
    assert talk.run(place) == wanted
