"""HTTP/2 at the Python gateway: a ticket serves a request; what proves a connection is sent back to HTTP/1.1."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import sspi
from conftest import ALICE, Server, running_gateway
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import ConnectionTerminated, DataReceived, ResponseReceived, StreamEnded, StreamReset
from raw_http import Http, authorization, client_of
from test_kerberos import SERVICE
from test_spnego_kerberos import CLIENT, curl, no_ticket, services

__all__ = ["no_ticket", "services"]

HTTP_1_1_REQUIRED = 13


@pytest.fixture
def door(kdc: Path, services: None, accounts: Path, tmp_path: Path) -> Iterator[Server]:
    with running_gateway("python", tmp_path, "--accounts", accounts, "--scheme", "Negotiate,NTLM") as server:
        yield server


class Http2:
    """A connection of HTTP/2 whose requests are answered one by one."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.http = H2Connection(H2Configuration(client_side=True, header_encoding="utf-8"))
        self.http.initiate_connection()

    def __enter__(self) -> Http2:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def ask(self, *authorization: str, method: str = "GET", body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body; a negative status is the error code of a reset."""
        stream = self.http.get_next_available_stream_id()
        headers = [(":method", method), (":scheme", "http"), (":authority", "x"), (":path", "/")]
        headers += [("accept", "application/json"), *(("authorization", value) for value in authorization)]
        self.http.send_headers(stream, headers, end_stream=not body)
        if body:
            self.http.send_data(stream, body, end_stream=True)
        status, answered, content = 0, {}, b""
        while True:
            self.socket.sendall(self.http.data_to_send())
            data = self.socket.recv(65536)
            assert data, "closed"
            for event in self.http.receive_data(data):
                if isinstance(event, ResponseReceived):
                    answered = dict(event.headers)
                    status = int(answered[":status"])
                elif isinstance(event, DataReceived):
                    content += event.data
                elif isinstance(event, StreamReset):
                    return -int(event.error_code), {}, b""
                elif isinstance(event, StreamEnded):
                    return status, answered, content
                assert not isinstance(event, ConnectionTerminated)


def ticket() -> str:
    """An Authorization value with a fresh ticket's proof."""
    credential = sspi.Credential("Negotiate", usage="initiate", options={"negotiate_packages": "Kerberos"})
    with sspi.ClientContext(credential, target=SERVICE) as context:
        return "Negotiate " + base64.b64encode(context.step().token).decode()


def test_each_request_proves_itself(door: Server) -> None:
    with Http2(door.port) as http:
        assert http.ask()[0] == 401
        for _ in range(2):
            status, headers, body = http.ask(ticket())
            page = json.loads(body)
            assert (status, page["name"], page["package"]) == (200, CLIENT, "Kerberos")
            assert headers["www-authenticate"].startswith("Negotiate ")
            status, headers, _ = http.ask()  # what was proved served its own request alone
            assert (status, headers["www-authenticate"]) == (401, "Negotiate")


def test_a_proof_serves_once(door: Server) -> None:
    value = ticket()
    with Http2(door.port) as http:
        assert http.ask(value)[0] == 200
        assert http.ask(value)[0] == 401
    assert "REPLAY" in door.wait_for("refused .*REPLAY")


def test_ntlm_is_sent_back(door: Server) -> None:
    with Http2(door.port) as http, client_of(ALICE) as context:
        assert http.ask(authorization(context.step().token))[0] == -HTTP_1_1_REQUIRED
        assert http.ask(ticket())[0] == 200  # the connection goes on
    assert "sent back to HTTP/1.1: what the client sent proves a connection" in door.said()


@pytest.mark.parametrize("raw", [True, False])
def test_ntlm_inside_negotiate_is_sent_back(door: Server, raw: bool) -> None:
    """And the package's own event tells the operator why."""
    package, options = ("NTLM", {}) if raw else ("Negotiate", {"negotiate_packages": "NTLM"})
    credential = sspi.Credential(
        package, usage="initiate", username="alice", domain="EXAMPLE", password=ALICE.password, options=options
    )
    with Http2(door.port) as http, sspi.ClientContext(credential, target=SERVICE) as context:
        value = "Negotiate " + base64.b64encode(context.step().token).decode()
        assert http.ask(value)[0] == -HTTP_1_1_REQUIRED
    assert "reason=POLICY" in door.wait_for("refused ")


@pytest.mark.parametrize("value", ["Negotiate", "Negotiate ====", "Basic YTpi", "Negotiate YGYGBisGAQUFAg=="])
def test_rubbish_is_refused(door: Server, value: str) -> None:
    with Http2(door.port) as http:
        assert http.ask(value)[0] in (401, -HTTP_1_1_REQUIRED)
        assert http.ask(ticket(), ticket())[0] == 401
        assert http.ask(ticket())[0] == 200


def test_body_and_methods(door: Server) -> None:
    with Http2(door.port) as http:
        status, _, body = http.ask(ticket(), method="POST", body=b"x" * 10_000)
        assert (status, json.loads(body)["body_bytes"]) == (200, 10_000)
        status, headers, body = http.ask(ticket(), method="HEAD")
        assert (status, body) == (200, b"")
        assert int(headers["content-length"]) > 100
        assert http.ask(ticket(), method="DELETE")[0] == 405


def test_preface_byte_by_byte(door: Server) -> None:
    """Also what only begins like HTTP/2 is served as HTTP/1.1."""
    with socket.create_connection(("127.0.0.1", door.port), timeout=10) as peer:
        for byte in b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n":
            peer.send(bytes([byte]))
        assert peer.recv(9)[3] == 4  # a SETTINGS frame
    with Http(door.port) as http:
        http.send(b"P")
        http.send(b"OST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert http.receive().status == 401


def test_curl_with_a_ticket(door: Server) -> None:
    answer = curl(door, "--http2-prior-knowledge", "-w", "%{stderr}%{http_version}")
    assert (json.loads(answer.stdout)["name"], answer.stderr) == (CLIENT, "2")


def test_curl_without_a_ticket(door: Server, no_ticket: Path) -> None:
    no_ticket.write_text(f"{ALICE.domain}:{ALICE.name}:{ALICE.password}\n")
    page = json.loads(curl(door, "--http2-prior-knowledge").stdout)
    assert (page["name"], page["package"]) == (ALICE.full_name, "NTLM")  # curl came back over HTTP/1.1
    door.wait_for("sent back to HTTP/1.1")
