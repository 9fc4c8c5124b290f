"""Further handshakes of TLS 1.2 with openssl's client and server, begun by either side where options allow them."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
import sspi
from certificates import Authority, authority
from conftest import needs
from sspi.tls import TlsConnection

__all__ = ["authority"]

NAME = "server.example.test"
ALLOWED = {"allow_insecure_renegotiation": "yes", "tls_maximum_version": "1.2"}


class Line:
    """A connection of ours on a socket, one step after the other."""

    def __init__(self, tls: TlsConnection, connection: socket.socket) -> None:
        self.tls, self.connection, self.plain = tls, connection, b""
        connection.settimeout(20)
        tls.start()
        self.flush()

    def flush(self) -> None:
        self.connection.sendall(self.tls.data_to_send())

    def take(self) -> bool:
        data = self.connection.recv(65536)
        try:
            self.plain += self.tls.receive_data(data)
        finally:
            self.flush()
        return bool(data)

    def until(self, done: Callable[[], bool]) -> None:
        while not done():
            assert self.take(), self.plain

    def keys_change(self, before: bytes) -> None:
        """Until another handshake is over. Between two handshakes there are no keys to look at."""
        after = before
        while after == before:
            assert self.take()
            with contextlib.suppress(sspi.SSPIError):
                after = self.tls.exporter_bindings.data

    def say(self, data: bytes) -> None:
        self.tls.send_data(data)
        self.flush()


@contextlib.contextmanager
def openssl(*words: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [needs("openssl", "openssl"), *map(str, words)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def tell(process: subprocess.Popen[bytes], line: bytes) -> None:
    assert process.stdin
    process.stdin.write(line)
    process.stdin.flush()


def hear(process: subprocess.Popen[bytes], wanted: bytes) -> None:
    """Reads until a line with these words."""
    assert process.stdout
    heard = b""
    while wanted not in heard:
        line = process.stdout.readline()
        assert line, heard
        heard += line


@contextlib.contextmanager
def serving(authority: Authority, *words: object, **options: object) -> Iterator[tuple[Line, subprocess.Popen[bytes]]]:
    """Our server with one s_client on it."""
    settings = {"tls_certificate": str(authority.issue(NAME)), "tls_trust": authority.trust, **options}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with openssl("s_client", "-connect", f"127.0.0.1:{port}", "-tls1_2", "-quiet", "-no_ign_eof", *words) as client:
            connection, _ = listener.accept()
            with connection, sspi.Credential("Schannel", options=settings) as credential:
                line = Line(TlsConnection(credential, server_side=True), connection)
                line.until(lambda: line.tls.complete)
                yield line, client
                line.tls.close()


@contextlib.contextmanager
def asking(authority: Authority, **options: object) -> Iterator[tuple[Line, subprocess.Popen[bytes]]]:
    """Our client at s_server."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with openssl("s_server", "-accept", f"127.0.0.1:{port}", "-cert", authority.issue(NAME), "-tls1_2",
                 "-CAfile", authority.trust) as server:  # fmt: skip
        hear(server, b"ACCEPT")
        settings = {"tls_trust": authority.trust, **options}
        with (
            socket.create_connection(("127.0.0.1", port)) as connection,
            sspi.Credential("Schannel", usage="initiate", options=settings) as credential,
        ):
            line = Line(TlsConnection(credential, server_side=False, target=NAME), connection)
            line.until(lambda: line.tls.complete)
            yield line, server
            line.tls.close()


def test_openssl_client_begins_one(authority: Authority) -> None:
    with serving(authority, **ALLOWED) as (line, client):
        before = line.tls.channel_bindings.data
        for expected in (b"again\n", b"again\nagain\n"):
            tell(client, b"R\n")
            time.sleep(0.3)
            tell(client, b"again\n")
            line.until(lambda words=expected: line.plain == words)
        line.say(b"and back\n")
        hear(client, b"and back")
        assert line.tls.channel_bindings.data == before  # of the certificate, which is the same


def test_our_server_asks_for_the_certificate(authority: Authority) -> None:
    certificate = authority.issue("alice", usage="clientAuth")
    with serving(authority, "-cert", certificate, **ALLOWED) as (line, client):
        assert line.tls.peer_certificate is None
        line.tls.request_certificate()
        line.flush()
        line.until(lambda: line.tls.peer_certificate is not None)
        tell(client, b"hello\n")
        line.until(lambda: line.plain.endswith(b"hello\n"))
        line.say(b"hello alice\n")
        hear(client, b"hello alice")


def test_nothing_of_it_without_the_option(authority: Authority) -> None:
    with serving(authority, tls_maximum_version="1.2") as (line, client):
        with pytest.raises(sspi.SSPIError) as caught:
            line.tls.request_certificate()
        assert caught.value.status is sspi.Status.SEC_E_UNSUPPORTED_FUNCTION
    with serving(authority, tls_maximum_version="1.2") as (line, client):
        tell(client, b"R\n")
        with contextlib.suppress(sspi.SSPIError, ConnectionError):
            while line.take():
                pass
        hear(client, b"no renegotiation")


@pytest.mark.parametrize("letter", [b"r", b"R"])
def test_openssl_server_begins_one(authority: Authority, letter: bytes) -> None:
    """r asks for another handshake, R for the client's certificate as well, of which ours has none."""
    with asking(authority, allow_insecure_renegotiation="yes") as (line, server):
        line.say(b"before\n")
        hear(server, b"before")
        before = line.tls.exporter_bindings.data
        tell(server, letter + b"\n")
        line.keys_change(before)
        tell(server, b"words\n")
        line.until(lambda: b"words\n" in line.plain)
        line.say(b"after\n")
        hear(server, b"after")


def test_openssl_server_is_told_no(authority: Authority) -> None:
    with asking(authority) as (line, server):
        tell(server, b"r\n")
        with contextlib.suppress(sspi.SSPIError, ConnectionError, AssertionError):
            for _ in range(4):
                line.take()
        hear(server, b"no renegotiation")
