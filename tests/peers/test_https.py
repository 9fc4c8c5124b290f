"""The gateways over TLS by our own Schannel: logins that are tied to their channel, and those that are not."""

from __future__ import annotations

import json
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sspi
from certificates import Authority, authority
from conftest import ALICE, BOB, GATEWAYS, Server, User, needs, running_gateway
from raw_http import Http, Response, client_of
from test_chromium import browse
from test_kerberos import SERVICE
from test_requests import session
from test_spnego_kerberos import CLIENT, services

__all__ = ["authority", "services"]

NAME = "server.example.test"
WRONG = User(ALICE.domain, ALICE.name, "not her password")


class Https(Http):
    """A connection over Python's own TLS."""

    def __init__(self, port: int, trust: Path, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> None:
        super().__init__(port)
        context = ssl.create_default_context(cafile=trust)
        context.maximum_version = version
        self.socket = context.wrap_socket(self.socket, server_hostname=NAME)
        self.certificate = self.socket.getpeercert(binary_form=True)

    def bindings(self) -> bytes:
        """tls-server-end-point, as Python's users make it."""
        import hashlib

        return b"tls-server-end-point:" + hashlib.sha256(self.certificate or b"").digest()


@pytest.fixture(scope="session")
def certificate(authority: Authority) -> Path:
    return authority.issue(NAME, extra="IP:127.0.0.1,DNS:localhost")


@pytest.fixture(params=list(GATEWAYS))
def door(request: pytest.FixtureRequest, accounts: Path, certificate: Path, tmp_path: Path) -> Iterator[Server]:
    options = ["--accounts", accounts, "--certificate", certificate]
    with running_gateway(request.param, tmp_path, *options) as server:
        yield server


@pytest.fixture(params=list(GATEWAYS))
def lenient(request: pytest.FixtureRequest, accounts: Path, certificate: Path, tmp_path: Path) -> Iterator[Server]:
    options = ["--accounts", accounts, "--certificate", certificate, "--allow-missing-bindings"]
    with running_gateway(request.param, tmp_path, *options) as server:
        yield server


def log_in(http: Https, user: User, bindings: bytes | None) -> Response:
    with client_of(user, channel_bindings=bindings) as context:
        challenge = http.ask_with(context.step().token).challenge
        return http.ask_with(context.step(challenge).token)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_bound_login(door: Server, authority: Authority, version: ssl.TLSVersion) -> None:
    with Https(door.port, authority.trust, version) as http:
        answer = log_in(http, ALICE, http.bindings())
        assert (answer.status, answer.json["name"]) == (200, ALICE.full_name)
        assert http.ask().status == 200


def test_login_without_bindings_is_refused(door: Server, authority: Authority) -> None:
    with Https(door.port, authority.trust) as http:
        assert log_in(http, ALICE, None).status == 401
    assert "reason=BINDINGS_MISSING" in door.wait_for("refused ")


def test_relayed_login_is_refused(door: Server, lenient: Server, authority: Authority) -> None:
    """Bindings of another server's certificate: what a man in the middle would pass on."""
    other = b"tls-server-end-point:" + bytes(32)
    for server in (door, lenient):
        with Https(server.port, authority.trust) as http:
            assert log_in(http, ALICE, other).status == 401
        assert "reason=BINDINGS_WRONG" in server.wait_for("refused ")


def test_leniency_is_about_missing_ones_alone(lenient: Server, authority: Authority) -> None:
    with Https(lenient.port, authority.trust) as http:  # it says that it knows bindings, and has none
        assert log_in(http, ALICE, None).status == 401
    with Https(lenient.port, authority.trust) as http:
        assert log_in(http, ALICE, http.bindings()).json["name"] == ALICE.full_name
    with Https(lenient.port, authority.trust) as http:
        assert log_in(http, WRONG, http.bindings()).status == 401


def test_requests_sends_bindings(door: Server, authority: Authority) -> None:
    with session(ALICE) as one, session(BOB) as other:
        for made, user in ((one, ALICE), (other, BOB)):
            answer = made.get(f"https://127.0.0.1:{door.port}/", verify=str(authority.trust), timeout=20)
            assert answer.json()["name"] == user.full_name
    with session(ALICE, "not her password") as made:
        answer = made.get(f"https://127.0.0.1:{door.port}/", verify=str(authority.trust), timeout=20)
        assert answer.status_code == 401


def curl(server: Server, authority: Authority, *arguments: str) -> subprocess.CompletedProcess[str]:
    address = f"https://{NAME}:{server.port}/"
    return subprocess.run(
        [needs("curl", "curl"), "-s", "--cacert", authority.trust, "--resolve", f"{NAME}:{server.port}:127.0.0.1",
         "-H", "Accept: application/json", *arguments, address],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_curl_knows_no_bindings(door: Server, lenient: Server, authority: Authority) -> None:
    login = ("--ntlm", "-u", f"{ALICE.full_name}:{ALICE.password}")
    assert curl(door, authority, *login, "-o", "/dev/null", "-w", "%{http_code}").stdout == "401"
    assert json.loads(curl(lenient, authority, *login).stdout)["name"] == ALICE.full_name
    assert curl(lenient, authority, *login[:2], f"{ALICE.full_name}:wrong", "-f").returncode == 22


def test_large_bodies_through_tls(lenient: Server, authority: Authority, tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"x" * 1_000_000)
    login = ("--ntlm", "-u", f"{ALICE.full_name}:{ALICE.password}")
    page = json.loads(curl(lenient, authority, *login, "--data-binary", f"@{body}").stdout)
    assert page["body_bytes"] == 1_000_000


def test_curl_over_http2(accounts: Path, certificate: Path, authority: Authority, tmp_path: Path) -> None:
    """ALPN chooses HTTP/2 at the Python gateway, which offers nothing that a request cannot carry alone."""
    with running_gateway("python", tmp_path, "--accounts", accounts, "--certificate", certificate) as door:
        assert curl(door, authority, "--http2", "-o", "/dev/null", "-w", "%{http_version}").stdout == "1.1"
        door.wait_for("sent back to HTTP/1.1")
        assert curl(door, authority, "--http1.1", "-o", "/dev/null", "-w", "%{http_code}").stdout == "401"


def test_browser_sends_bindings(door: Server, tmp_path: Path) -> None:
    address = f"https://EXAMPLE%5Calice:{ALICE.password}@127.0.0.1:{door.port}/"
    page = browse(address, tmp_path, "--ignore-certificate-errors")
    assert f"<h1>You are {ALICE.full_name}</h1>" in page


@pytest.mark.parametrize("kind", list(GATEWAYS))
def test_ticket_is_bound(
    kind: str, kdc: Path, services: None, accounts: Path, certificate: Path, authority: Authority, tmp_path: Path
) -> None:
    options = ["--accounts", accounts, "--scheme", "Negotiate", "--certificate", certificate]
    credential = sspi.Credential("Negotiate", usage="initiate")
    with running_gateway(kind, tmp_path, *options) as server:
        for bound in (True, False):
            with Https(server.port, authority.trust) as http:
                context = sspi.ClientContext(
                    credential, target=SERVICE, channel_bindings=http.bindings() if bound else None
                )
                token = context.step().token
                answer = http.ask_with(token, scheme="Negotiate")
                assert answer.status == (200 if bound else 401)
                if bound:
                    assert answer.json["name"] == CLIENT


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"", b"\x80" * 100])
def test_no_tls(door: Server, authority: Authority, data: bytes) -> None:
    """Rubbish is answered by an end of the connection, and the next client is served."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=20) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        while peer.recv(65536):
            pass
    with Https(door.port, authority.trust) as http:
        assert http.ask().status == 401


def test_bad_certificate_is_named(accounts: Path, tmp_path: Path) -> None:
    for kind, command in GATEWAYS.items():
        bad = tmp_path / f"{kind}.pem"
        bad.write_text("no certificate")
        result = subprocess.run(
            [str(part) for part in (*command, "--port", 0, "--accounts", accounts, "--certificate", bad)],
            capture_output=True, text=True, timeout=20,
        )  # fmt: skip
        assert result.returncode != 0
        assert str(bad) in result.stderr
