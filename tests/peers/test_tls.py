"""TLS with what we did not write: openssl's and GnuTLS's clients and servers, curl, Python's ssl."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sspi
from certificates import Authority, authority
from conftest import Server, needs
from sspi.tls_asyncio import open_connection

__all__ = ["authority"]

NAME = "server.example.test"
PROGRAM = Path(__file__).with_name("tls_server.py")


@contextlib.contextmanager
def running(folder: Path, certificate: Path, *arguments: object, **options: object) -> Iterator[Server]:
    given = {"tls_certificate": certificate, **options}
    words = [word for name, value in given.items() for word in ("--option", f"{name}={value}")]
    log = folder / f"tls-{len(list(folder.glob('tls-*')))}.log"
    server = Server([sys.executable, PROGRAM, *words, *arguments], log)
    try:
        yield server
        assert server.process.poll() is None, server.said()
    finally:
        server.stop()
    assert "Traceback" not in server.said(), server.said()


def connect(server: Server, authority: Authority, **settings: object) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=authority.trust)
    for name, value in settings.items():
        if name == "client":
            context.load_cert_chain(str(value))
        elif name == "alpn":
            context.set_alpn_protocols(value)
        else:
            setattr(context, name, value)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", server.port), 20), server_hostname=NAME)


def facts(connection: ssl.SSLSocket) -> dict[str, object]:
    connection.sendall(b"facts\n")
    data = b""
    while not data.endswith(b"\n"):
        data += connection.recv(65536)
    return json.loads(data)


@pytest.mark.parametrize("key", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_python_client(authority: Authority, tmp_path: Path, key: str, version: str) -> None:
    wanted = {"TLSv1.2": ssl.TLSVersion.TLSv1_2, "TLSv1.3": ssl.TLSVersion.TLSv1_3}[version]
    certificate = authority.issue(NAME, key=key)
    with running(tmp_path, certificate) as server, connect(server, authority, maximum_version=wanted) as one:
        told = facts(one)
        assert (told["version"], told["alpn"], told["resumed"]) == (version, None, False)
        assert one.version() == version
        der = one.getpeercert(binary_form=True) or b""
        assert bytes.fromhex(str(told["endpoint"]))[32:] == b"tls-server-end-point:" + hashlib.sha256(der).digest()
        for size in (1, 16383, 16384, 16385, 200_000):
            line = b"x" * (size - 1) + b"\n"
            one.sendall(line)
            got = b""
            while len(got) < size:
                got += one.recv(65536)
            assert got == line


def test_alpn(authority: Authority, tmp_path: Path) -> None:
    with running(tmp_path, authority.issue(NAME), "--alpn", "h2", "--alpn", "http/1.1") as server:
        with connect(server, authority, alpn=["http/1.1", "h2"]) as one:
            assert one.selected_alpn_protocol() == facts(one)["alpn"]
        with connect(server, authority) as one:
            assert (one.selected_alpn_protocol(), facts(one)["alpn"]) == (None, None)
        with pytest.raises(ssl.SSLError, match="NO_APPLICATION_PROTOCOL|no application protocol"):
            connect(server, authority, alpn=["unheard/1"]).close()
        server.wait_for("refused SEC_E_APPLICATION_PROTOCOL_MISMATCH")


def test_client_certificates(authority: Authority, tmp_path: Path) -> None:
    mine, foreign = (
        authority.issue("alice", usage="clientAuth"),
        Authority(tmp_path).issue("bob", usage="clientAuth"),
    )
    with running(tmp_path, authority.issue(NAME), "--mutual", tls_trust=authority.trust) as server:
        with connect(server, authority, client=mine) as one:
            assert bytes.fromhex(str(facts(one)["certificate"])).find(b"alice") > 0
        with connect(server, authority) as one:
            assert facts(one)["certificate"] is None
        with pytest.raises((ssl.SSLError, ConnectionError)), connect(server, authority, client=foreign) as one:
            facts(one)
        server.wait_for("refused SEC_E_UNTRUSTED_ROOT|refused SEC_E_CERT_UNKNOWN")
    required = {"tls_trust": authority.trust, "tls_client_certificate": "require"}
    with running(tmp_path, authority.issue(NAME), **required) as server:
        with connect(server, authority, client=mine) as one:
            assert facts(one)["certificate"]
        with pytest.raises((ssl.SSLError, ConnectionError)), connect(server, authority) as one:
            facts(one)
        server.wait_for("refused ")


def test_old_versions_are_refused(authority: Authority, tmp_path: Path) -> None:
    program = needs("openssl", "openssl")
    with running(tmp_path, authority.issue(NAME)) as server:
        for version in ("-tls1", "-tls1_1"):
            result = subprocess.run(
                [program, "s_client", "-connect", f"127.0.0.1:{server.port}", version, "-cipher", "ALL:@SECLEVEL=0"],
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20,
            )  # fmt: skip
            assert result.returncode != 0
            assert "alert protocol version" in result.stderr


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1", "TLSv1_2"])
def test_old_versions_where_they_are_allowed(authority: Authority, tmp_path: Path, version: str) -> None:
    """With a cipher of their time: blocks, a vector in front, a MAC and padding behind."""
    options = {"allow_insecure_tls1": "yes", "tls_minimum_version": "1.0"}
    context = ssl.create_default_context(cafile=authority.trust)
    context.set_ciphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = getattr(ssl.TLSVersion, version)
    with running(tmp_path, authority.issue(NAME), **options) as server:
        plain = socket.create_connection(("127.0.0.1", server.port), 20)
        with context.wrap_socket(plain, server_hostname=NAME) as one:
            assert facts(one)["version"] == version.replace("_", ".")
            for size in (1, 15, 16, 17, 16384, 100_000):
                line = b"x" * (size - 1) + b"\n"
                one.sendall(line)
                got = b""
                while len(got) < size:
                    got += one.recv(65536)
                assert got == line


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_openssl_resumes(authority: Authority, tmp_path: Path, version: str) -> None:
    program, ticket = needs("openssl", "openssl"), tmp_path / "session"
    with running(tmp_path, authority.issue(NAME)) as server:
        for option in ("-sess_out", "-sess_in"):
            result = subprocess.run(
                [program, "s_client", "-connect", f"127.0.0.1:{server.port}", version, "-CAfile", authority.trust,
                 "-verify_return_error", "-servername", NAME, option, ticket, "-ign_eof"],
                input=b"GET / HTTP/1.0\r\n\r\n", capture_output=True, timeout=20,
            )  # fmt: skip
            assert result.returncode == 0, result.stderr
            resumed = option == "-sess_in"
            assert (b"Reused, TLSv1" in result.stdout) is resumed
            assert f'"resumed": {str(resumed).lower()}'.encode() in result.stdout


def s_client(server: Server, authority: Authority, *arguments: object) -> str:
    """What it says of a connection that asks for a page."""
    words = [
        needs("openssl", "openssl"),
        "s_client",
        "-connect",
        f"127.0.0.1:{server.port}",
        "-CAfile",
        authority.trust,
    ]
    result = subprocess.run(
        [str(word) for word in (*words, "-verify_return_error", "-ign_eof", *arguments)],
        input="GET / HTTP/1.0\r\n\r\n", capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    return result.stdout + result.stderr


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_resumption_is_under_the_same_name(authority: Authority, tmp_path: Path, version: str) -> None:
    """RFC 6066 3: under another one, or none, a full handshake, though the certificate would do for all of them."""
    name, other = ["-servername", NAME], ["-servername", "other.example.test"]
    with running(tmp_path, authority.issue(NAME, extra="DNS:other.example.test")) as server:
        for first, second in ((name, other), (other, name), (["-noservername"], name), (name, ["-noservername"])):
            held = tmp_path / "session"
            assert "New, TLSv1" in s_client(server, authority, version, *first, "-sess_out", held)
            assert "Reused, TLSv1" in s_client(server, authority, version, *first, "-sess_in", held)
            assert "New, TLSv1" in s_client(server, authority, version, *first, "-sess_out", held)
            assert "New, TLSv1" in s_client(server, authority, version, *second, "-sess_in", held)


def test_openssl_key_update_and_renegotiation(authority: Authority, tmp_path: Path) -> None:
    """K asks for new keys, which are given; R for a renegotiation, which is not."""
    program = needs("openssl", "openssl")
    with running(tmp_path, authority.issue(NAME)) as server:
        for version, letters, fine in (("-tls1_3", "K", True), ("-tls1_3", "k", True), ("-tls1_2", "R", False)):
            process = subprocess.Popen(
                [program, "s_client", "-connect", f"127.0.0.1:{server.port}", version],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            assert process.stdin
            process.stdin.write(b"before\n")
            process.stdin.flush()
            time.sleep(0.5)
            process.stdin.write(letters.encode() + b"\n")
            process.stdin.flush()
            time.sleep(0.5)
            process.stdin.write(b"facts\n")
            with contextlib.suppress(BrokenPipeError):
                process.stdin.flush()
            time.sleep(0.5)
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            assert process.stdout
            output = process.stdout.read()
            process.wait(20)
            assert b"before" in output
            assert (output.count(b'"resumed"') == 1) is fine, output


@pytest.mark.parametrize("priority", ["NORMAL:-VERS-ALL:+VERS-TLS1.2", "NORMAL:-VERS-ALL:+VERS-TLS1.3", "SECURE128"])
def test_gnutls_client(authority: Authority, tmp_path: Path, priority: str) -> None:
    program = needs("gnutls-cli", "gnutls-bin")
    with running(tmp_path, authority.issue(NAME, key="rsa"), "--alpn", "http/1.1") as server:
        result = subprocess.run(
            [program, "--x509cafile", authority.trust, "--sni-hostname", NAME, "--verify-hostname", NAME,
             "--priority", priority, "--alpn", "http/1.1", "-p", str(server.port), "127.0.0.1"],
            input=b"facts\n", capture_output=True, timeout=30,
        )  # fmt: skip
        assert b'"alpn": "http/1.1"' in result.stdout, result.stderr
        resumed = subprocess.run(
            [program, "--x509cafile", authority.trust, "--sni-hostname", NAME, "--verify-hostname", NAME,
             "--resume", "--waitresumption", "--priority", priority, "-p", str(server.port), "127.0.0.1"],
            input=b"facts\n", capture_output=True, timeout=30,
        )  # fmt: skip
        assert b"This is a resumed session" in resumed.stdout, resumed.stdout + resumed.stderr


def test_goodbye_and_truncation_are_told_apart(authority: Authority, tmp_path: Path) -> None:
    with running(tmp_path, authority.issue(NAME)) as server:
        with connect(server, authority) as one:
            facts(one)
            one.unwrap().close()
        server.wait_for("end with goodbye")
        one = connect(server, authority)
        facts(one)
        one.close()
        server.wait_for("end cut off")


def test_certificate_by_name(authority: Authority, tmp_path: Path) -> None:
    """A certificate for another name is what the client refuses."""
    with running(tmp_path, authority.issue("other.example.test")) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(server, authority).close()
        server.wait_for("refused SEC_E_CERT_UNKNOWN")


async def _ask(port: int, credential: sspi.Credential, target: str) -> bytes:
    reader, writer = await open_connection("127.0.0.1", port, credential=credential, target=target)
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    data = await reader.read(4096)
    writer.close()
    return data


@pytest.mark.parametrize("key", ["ec", "rsa", "ed25519"])
@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_our_client_at_openssl(authority: Authority, tmp_path: Path, key: str, version: str) -> None:
    program, certificate = needs("openssl", "openssl"), authority.issue(NAME, key=key)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [program, "s_server", "-accept", f"127.0.0.1:{port}", "-cert", certificate, "-www", version],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        trusting = sspi.Credential("Schannel", usage="initiate", options={"tls_trust": authority.trust})
        answer = asyncio.run(_ask(port, trusting, NAME))
        assert answer.startswith(b"HTTP/1.0 200 ok")
        with pytest.raises(sspi.SSPIError) as caught:
            asyncio.run(_ask(port, trusting, "another.example.test"))
        assert caught.value.status is sspi.Status.SEC_E_WRONG_PRINCIPAL
        doubting = sspi.Credential("Schannel", usage="initiate")
        with pytest.raises(sspi.SSPIError) as caught:
            asyncio.run(_ask(port, doubting, NAME))
        assert caught.value.status is sspi.Status.SEC_E_UNTRUSTED_ROOT
    finally:
        process.kill()
        process.wait()


def test_our_client_at_gnutls(authority: Authority, tmp_path: Path) -> None:
    program, certificate = needs("gnutls-serv", "gnutls-bin"), authority.issue(NAME, key="rsa")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [program, "--http", "-p", str(port), "--x509certfile", certificate, "--x509keyfile", certificate],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port)
        trusting = sspi.Credential("Schannel", usage="initiate", options={"tls_trust": authority.trust})
        assert asyncio.run(_ask(port, trusting, NAME)).startswith(b"HTTP/1.0 200")
        with pytest.raises(sspi.SSPIError):
            asyncio.run(_ask(port, trusting, "another.example.test"))
    finally:
        process.kill()
        process.wait()


def _wait(port: int) -> None:
    for _ in range(100):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), 5):
            return
        time.sleep(0.05)
    raise AssertionError("the foreign server did not start")


def test_many_connections_at_once(authority: Authority, tmp_path: Path) -> None:
    """One that fails in mid-handshake touches no other: the error queue of OpenSSL belongs to a thread, not to them."""
    with running(tmp_path, authority.issue(NAME)) as server:
        good = [connect(server, authority) for _ in range(50)]
        for rubbish in (b"\x16\x03\x01\x00\x02\x01\x00", b"\x15\x03\x03\x00\x02\x02\x28", b"x" * 50):
            with socket.create_connection(("127.0.0.1", server.port), 20) as bad:
                bad.sendall(rubbish)
                bad.shutdown(socket.SHUT_WR)
                while bad.recv(65536):
                    pass
            for one in good:
                assert facts(one)["version"] == "TLSv1.3"
        for one in good:
            one.close()
        assert len(re.findall("^refused", server.said(), re.M)) == 3
