"""The group of a curve and ML-KEM with what we did not write: openssl, Python's ssl, curl, GnuTLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
import sspi
from certificates import Authority, authority
from conftest import needs
from test_tls import NAME, _ask, _wait, facts, running

__all__ = ["authority"]

HYBRID = "X25519MLKEM768"
ONLY = {"tls_groups": HYBRID}


@pytest.fixture(autouse=True)
def program() -> str:
    """The program openssl, which has the group where our library has it."""
    found = needs("openssl", "openssl")
    listed = subprocess.run([found, "list", "-tls1_3", "-tls-groups"], capture_output=True, text=True).stdout
    if HYBRID not in listed:
        pytest.skip(f"OpenSSL has no group {HYBRID}: version 3.5 and later do")
    return found


def hello_client(program: str, port: int, groups: str) -> str:
    result = subprocess.run(
        [program, "s_client", "-connect", f"127.0.0.1:{port}", "-groups", groups, "-servername", NAME, "-msg",
         "-ign_eof"],
        input="GET / HTTP/1.0\r\n\r\n", capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert '"version": "TLSv1.3"' in result.stdout
    return result.stdout


@pytest.mark.parametrize("options", [{}, ONLY], ids=["usual", "only"])
def test_openssl_client(authority: Authority, tmp_path: Path, program: str, options: dict[str, str]) -> None:
    """At once where the client guesses it; with a second hello where it guesses X25519."""
    with running(tmp_path, authority.issue(NAME), **options) as server:
        for groups, hellos in ((HYBRID, 1), (f"X25519:{HYBRID}", 2), (f"*X25519:*{HYBRID}", 1)):
            said = hello_client(program, server.port, groups)
            assert f"Negotiated TLS1.3 group: {HYBRID}" in said
            assert said.count("ClientHello") == hellos


def test_clients_without_it(authority: Authority, tmp_path: Path, program: str) -> None:
    with running(tmp_path, authority.issue(NAME)) as server:
        said = hello_client(program, server.port, "X25519")
        assert said.count("ClientHello") == 1
        assert "Peer Temp Key: X25519" in said
    with running(tmp_path, authority.issue(NAME), **ONLY) as server:
        result = subprocess.run(
            [program, "s_client", "-connect", f"127.0.0.1:{server.port}", "-groups", "X25519"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert result.returncode != 0
        assert "alert handshake failure" in result.stderr


@pytest.mark.parametrize("groups", [HYBRID, f"X25519:{HYBRID}", "P-256:X25519", "P-384"])
def test_our_client_at_openssl(authority: Authority, tmp_path: Path, program: str, groups: str) -> None:
    """Where the server has no hybrid, the key of X25519 that we sent too will do."""
    certificate = authority.issue(NAME)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = tmp_path / "s_server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [program, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-groups", groups, "-www",
             "-msg"],
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            _wait(port)
            trusting = sspi.Credential("Schannel", usage="initiate", options={"tls_trust": authority.trust})
            assert asyncio.run(_ask(port, trusting, NAME)).startswith(b"HTTP/1.0 200 ok")
        finally:
            process.kill()
            process.wait()
    assert log.read_text(errors="replace").count("ClientHello") == (2 if groups == "P-384" else 1)


@pytest.mark.parametrize("sizes", [(1,), (1460,), (600, 1)], ids=["bytes", "segments", "mixed"])
def test_hello_in_parts(authority: Authority, tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """Larger than a packet: it comes in parts, each of which is a read of ours."""
    context = ssl.create_default_context(cafile=authority.trust)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=NAME)
    with running(tmp_path, authority.issue(NAME), **ONLY) as server:
        with socket.create_connection(("127.0.0.1", server.port), 20) as one:
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                try:
                    tls.do_handshake()
                    done = True
                except ssl.SSLWantReadError:
                    done = False
                data = outgoing.read()
                pieces(one, data, sizes)
                if done:
                    break
                incoming.write(one.recv(65536))
            assert tls.version() == "TLSv1.3"
        server.wait_for('"version": "TLSv1.3"')


def pieces(one: socket.socket, data: bytes, sizes: tuple[int, ...]) -> None:
    """Parts of these sizes, the last of which repeats."""
    at, turn = 0, 0
    while at < len(data):
        size = sizes[min(turn, len(sizes) - 1)]
        one.sendall(data[at : at + size])
        at, turn = at + size, turn + 1


def test_curl(authority: Authority, tmp_path: Path) -> None:
    curl = needs("curl", "curl")
    with running(tmp_path, authority.issue(NAME), **ONLY) as server:
        result = subprocess.run(
            [curl, "-sS", "--cacert", authority.trust, "--resolve", f"{NAME}:{server.port}:127.0.0.1",
             f"https://{NAME}:{server.port}/"],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert '"version": "TLSv1.3"' in result.stdout, result.stderr


def test_python(authority: Authority, tmp_path: Path) -> None:
    context = ssl.create_default_context(cafile=authority.trust)
    with running(tmp_path, authority.issue(NAME), **ONLY) as server:
        plain = socket.create_connection(("127.0.0.1", server.port), 20)
        with context.wrap_socket(plain, server_hostname=NAME) as one:
            assert facts(one)["version"] == "TLSv1.3"


def test_gnutls(authority: Authority, tmp_path: Path) -> None:
    gnutls = needs("gnutls-cli", "gnutls-bin")
    if "GROUP-X25519-MLKEM768" not in subprocess.run([gnutls, "--list"], capture_output=True, text=True).stdout:
        pytest.skip("this GnuTLS has no group of X25519 and ML-KEM-768")
    with running(tmp_path, authority.issue(NAME), **ONLY) as server:
        result = subprocess.run(
            [gnutls, "--x509cafile", authority.trust, "--sni-hostname", NAME, "--verify-hostname", NAME, "--priority",
             "NORMAL:-GROUP-ALL:+GROUP-X25519-MLKEM768", "-p", str(server.port), "127.0.0.1"],
            input=b"facts\n", capture_output=True, timeout=30,
        )  # fmt: skip
        assert b'"version": "TLSv1.3"' in result.stdout, result.stderr
