"""Alerts of our choice as others receive them: openssl's and GnuTLS's clients and servers print their numbers."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sspi
from certificates import Authority, authority
from conftest import needs
from sspi.tls import TlsAlert, TlsConnection

__all__ = ["authority"]

NAME = "server.example.test"
ALERTS = (TlsAlert.CERTIFICATE_REVOKED, TlsAlert.ACCESS_DENIED, TlsAlert.INTERNAL_ERROR)
VERSIONS = ("1.2", "1.3")


def carry(tls: TlsConnection, link: socket.socket, *, until: bytes = b"") -> None:
    """The handshake, and then messages until the peer has said `until`."""
    said = b""
    tls.start()
    while not tls.complete or until not in said:
        link.sendall(tls.data_to_send())
        data = link.recv(65536)
        assert data, "the peer has gone"
        said += tls.receive_data(data)
    link.sendall(tls.data_to_send())


def refuse(tls: TlsConnection, link: socket.socket, number: TlsAlert) -> None:
    tls.send_data(b"words before the end\n")
    try:
        tls.alert(number)
    except sspi.SSPIError as error:
        if "this version of OpenSSL" in error.explanation:
            pytest.skip(error.explanation)
        raise
    link.sendall(tls.data_to_send())
    link.shutdown(socket.SHUT_WR)
    with contextlib.suppress(ConnectionError):
        while link.recv(65536):
            pass


def refuse_client(listener: socket.socket, credential: sspi.Credential, number: TlsAlert) -> None:
    link, _ = listener.accept()
    with link, TlsConnection(credential, server_side=True) as tls:
        link.settimeout(20)
        carry(tls, link, until=b"hello")
        refuse(tls, link, number)


def client_of(program: str, version: str, port: int, trust: Path) -> list[str]:
    if program == "openssl":
        return [
            needs("openssl", "openssl"), "s_client", "-connect", f"127.0.0.1:{port}", "-CAfile", str(trust),
            "-servername", NAME, f"-tls{version.replace('.', '_')}",
        ]  # fmt: skip
    return [
        needs("gnutls-cli", "gnutls-bin"), "--x509cafile", str(trust), "--sni-hostname", NAME,
        "--verify-hostname", NAME, "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}", "-p", str(port), "127.0.0.1",
    ]  # fmt: skip


def told(program: str, number: int) -> str:
    return f"SSL alert number {number}" if program == "openssl" else f"Received alert [{number}]"


@pytest.mark.parametrize("number", ALERTS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("program", ["openssl", "gnutls"])
def test_client_is_refused(authority: Authority, program: str, version: str, number: TlsAlert) -> None:
    credential = sspi.Credential("Schannel", options={"tls_certificate": authority.issue(NAME, key="rsa")})
    with socket.create_server(("127.0.0.1", 0)) as listener, ThreadPoolExecutor(1) as pool:
        listener.settimeout(20)
        refusal = pool.submit(refuse_client, listener, credential, number)
        process = subprocess.Popen(
            client_of(program, version, listener.getsockname()[1], authority.trust),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        try:
            assert process.stdin
            process.stdin.write("hello\n")
            process.stdin.flush()
            refusal.result(20)
            assert process.stdout
            output = process.stdout.read()
            process.wait(20)
        finally:
            process.kill()
            process.wait()
    assert "words before the end" in output
    assert told(program, number) in output, output


@contextlib.contextmanager
def server_of(program: str, version: str, certificate: Path) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    if program == "openssl":
        command = [
            needs("openssl", "openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate,
            f"-tls{version.replace('.', '_')}", "-naccept", "2",
        ]  # fmt: skip
    else:
        command = [
            needs("gnutls-serv", "gnutls-bin"), "--echo", "-d", "5", "-p", str(port), "--x509certfile", certificate,
            "--x509keyfile", certificate, "--priority", f"NORMAL:-VERS-ALL:+VERS-TLS{version}",
        ]  # fmt: skip
    process = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    try:
        yield port, process
    finally:
        process.kill()
        process.wait()


def reach(port: int) -> socket.socket:
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError):
            return socket.create_connection(("127.0.0.1", port), 20)
        time.sleep(0.05)
    raise AssertionError("the foreign server did not start")


@pytest.mark.parametrize("number", ALERTS)
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("program", ["openssl", "gnutls"])
def test_server_is_refused(authority: Authority, program: str, version: str, number: TlsAlert) -> None:
    credential = sspi.Credential("Schannel", usage="initiate", options={"tls_trust": authority.trust})
    with server_of(program, version, authority.issue(NAME, key="rsa")) as (port, process):
        with reach(port) as link, TlsConnection(credential, server_side=False, target=NAME) as tls:
            carry(tls, link)
            assert tls.version == f"TLSv{version}"
            refuse(tls, link, number)
        process.terminate()
        assert process.stdout
        output = process.stdout.read()
    expected = f"SSL alert number {number}" if program == "openssl" else f"Alert[2|{number}]"
    assert expected in output, output
