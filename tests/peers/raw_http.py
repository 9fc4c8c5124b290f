"""An HTTP client that does what it is told, byte by byte, and a login through it with our own initiator."""

from __future__ import annotations

import base64
import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sspi
from conftest import User

Headers = Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]

    @property
    def closes(self) -> bool:
        return any(value.lower() == "close" for value in self.all("connection"))

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def challenge(self) -> bytes:
        """The token of WWW-Authenticate: NTLM."""
        (offer,) = self.all("www-authenticate")
        scheme, _, text = offer.partition(" ")
        assert scheme == "NTLM"
        assert text, "no challenge"
        return base64.b64decode(text, validate=True)

    @property
    def told(self) -> tuple[int, list[tuple[str, str]], bytes]:
        """Everything that a client can tell apart, the date aside."""
        return self.status, sorted(pair for pair in self.headers if pair[0] != "date"), self.body


class Http:
    """One connection."""

    def __init__(self, port: int, timeout: float = 20) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.buffer = b""

    def __enter__(self) -> Http:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def _more(self) -> bool:
        try:
            part = self.socket.recv(65536)
        except ConnectionResetError:
            return False
        self.buffer += part
        return bool(part)

    def _until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            if not self._more():
                raise EOFError(self.buffer)
        part, self.buffer = self.buffer.split(end, 1)
        return part

    def receive(self, method: str = "GET") -> Response:
        """The next response. EOFError: the server closed instead."""
        head = self._until(b"\r\n\r\n").decode("latin-1")
        first, *lines = head.split("\r\n")
        headers = tuple((key.lower(), value.strip()) for key, _, value in (line.partition(":") for line in lines))
        status = int(first.split()[1])
        response = Response(status, headers, b"")
        if method == "HEAD" or status < 200:
            return response
        size = int(response.all("content-length")[0])
        while len(self.buffer) < size:
            if not self._more():
                raise EOFError(self.buffer)
        body, self.buffer = self.buffer[:size], self.buffer[size:]
        return Response(status, headers, body)

    def is_closed(self) -> bool:
        """Waits until the server closes; False when it has something to say first."""
        return not self.buffer and not self._more()

    def ask(self, headers: Headers = (), method: str = "GET", body: bytes = b"", version: str = "1.1") -> Response:
        self.send(request(headers, method, body, version))
        return self.receive(method)

    def ask_with(self, token: bytes, scheme: str = "NTLM", **options: Any) -> Response:
        headers = [*options.pop("headers", ()), ("Authorization", authorization(token, scheme))]
        return self.ask(headers, **options)

    def log_in(self, user: User, **options: Any) -> Response:
        """Both legs of a login; the response to the second."""
        with client_of(user) as context:
            first = self.ask_with(context.step().token, **options)
            assert first.status == 401
            return self.ask_with(context.step(first.challenge).token, **options)


def client_of(user: User, channel_bindings: bytes | None = None) -> sspi.ClientContext:
    credential = sspi.Credential(
        "NTLM", usage="initiate", username=user.name, domain=user.domain, password=user.password
    )
    return sspi.ClientContext(credential, target="HTTP/127.0.0.1", channel_bindings=channel_bindings)


def authorization(token: bytes, scheme: str = "NTLM") -> str:
    return f"{scheme} {base64.b64encode(token).decode()}"


def request(headers: Headers = (), method: str = "GET", body: bytes = b"", version: str = "1.1") -> bytes:
    lines = [f"{method} /page HTTP/{version}", "Host: 127.0.0.1", "Accept: application/json"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body
