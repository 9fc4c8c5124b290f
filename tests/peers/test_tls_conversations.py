"""Hostile and odd conversations with our TLS server, and the same with openssl s_server."""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import tls_talks_extensions
import tls_talks_hello
import tls_talks_keys
import tls_talks_later
import tls_talks_records
from certificates import Authority, authority
from conftest import Server, needs
from raw_tls import NAME, Raw
from tls_talks import TALKS, Place

__all__ = [
    "authority", "tls_talks_extensions", "tls_talks_hello", "tls_talks_keys", "tls_talks_later", "tls_talks_records",
]  # fmt: skip

PROGRAM = Path(__file__).with_name("tls_server.py")
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


def ours(folder: Path, certificate: Path, trust: Path, kind: str) -> Server:
    options = {"tls_certificate": certificate, "tls_trust": trust}
    options |= {"demands": {"tls_client_certificate": "require"}, "short": {"tls_session_lifespan_seconds": 1}}.get(
        kind, {}
    )
    words = [word for name, value in options.items() for word in ("--option", f"{name}={value}")]
    mutual = ["--mutual"] if kind in ("asks", "demands") else []
    command = [sys.executable, PROGRAM, *words, *mutual, "--alpn", "h2", "--alpn", "http/1.1"]
    return Server(command, folder / f"ours-{kind}.log")


def openssls(folder: Path, certificate: Path, trust: Path, kind: str) -> Server:
    more = {"asks": ["-verify", 1], "demands": ["-Verify", 1]}.get(kind, [])
    command = [
        needs("openssl", "openssl"), "s_server", "-accept", "127.0.0.1:0", "-rev", "-cert", certificate,
        "-cipher", CIPHERS, "-groups", GROUPS, "-CAfile", trust, "-alpn", "h2,http/1.1", "-serverpref",
        "-min_protocol", "TLSv1.2", "-verify_return_error", *more,
    ]  # fmt: skip
    return OpenSsl(command, folder / f"openssl-{kind}.log")


@pytest.fixture(scope="session", params=["ours", "openssl"])
def place(
    request: pytest.FixtureRequest, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("conversations")
    start = ours if request.param == "ours" else openssls
    certificate = authority.issue(NAME)
    client = authority.issue("alice", usage="clientAuth")
    stranger = Authority(folder).issue("mallory", usage="clientAuth")
    with contextlib.ExitStack() as stack:
        servers = {}
        for kind in ("port", "asks", "demands", "other", "short"):
            servers[kind] = start(folder, certificate, authority.trust, kind)
            stack.callback(servers[kind].stop)
        yield Place(**{kind: server.port for kind, server in servers.items()}, client=client, stranger=stranger)
        for kind, server in servers.items():
            assert server.process.poll() is None, server.said()
            assert "Traceback" not in server.said(), server.said()
            with Raw(server.port) as raw:
                assert kind in ("asks", "demands") or raw.open().outcome() == "echo"


@pytest.fixture
def is_ours(request: pytest.FixtureRequest) -> bool:
    return bool(request.node.callspec.params["place"] == "ours")


@pytest.mark.parametrize("name", list(TALKS))
def test_conversation(place: Place, is_ours: bool, name: str) -> None:
    talk = TALKS[name]
    if not is_ours and not talk.openssl:
        pytest.skip(talk.why)
    assert talk.run(place) == (talk.expected if is_ours else talk.openssl)
