"""HTTP/2 for the gateway: one request, one proof. Kerberos serves; NTLM is sent back to HTTP/1.1.

NTLM, and Negotiate where it takes more than one token, prove who is at the other end of a connection. HTTP/2 mixes the
requests of a connection, also those of several users behind a proxy, so no request may rest on what another proved:
each carries a whole proof of its own, which only a ticket can be. A client that tries anything else gets
HTTP_1_1_REQUIRED (RFC 9113, section 7), whereupon browsers and curl come back over HTTP/1.1.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

import page
import sspi
from connection_login import MAX_TOKEN, Channel, Identity, Verdict, decode_token, identity_of, with_token
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived, StreamEnded, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
MAX_BODY = 1024 * 1024
STREAMS = 100
METHODS = ("GET", "HEAD", "POST")
WHY = "what the client sent proves a connection, and HTTP/2 shares one between requests"

log = logging.getLogger("gateway")


@dataclass
class Request:
    """What has come of one request."""

    method: str = ""
    accept: str = ""
    authorization: list[str] = field(default_factory=list)
    body_size: int = 0


class Http2Connection(asyncio.Protocol):
    """One client's connection. Holds no identity: each request stands for itself.

    `credential` is Negotiate without NTLM (`negotiate_packages` = Kerberos): the package itself refuses what needs a
    connection, and says so in its event. Without a credential every request is sent back.
    """

    def __init__(
        self,
        credential: sspi.Credential | None,
        channel: Channel,
        idle_timeout: float,
        note_peer: Callable[[str], object],
    ) -> None:
        self._credential = credential
        self._channel = channel
        self._idle_timeout = idle_timeout
        self._note_peer = note_peer
        self._http = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self._requests: dict[int, Request] = {}
        self._count = 0
        self._idle: asyncio.TimerHandle | None = None
        self._peer = "?"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self._transport = cast(asyncio.Transport, transport)
        address = transport.get_extra_info("peername")
        self._peer = f"{address[0]}:{address[1]}" if address else "?"
        self._http.initiate_connection()
        self._http.update_settings(
            {
                SettingCodes.MAX_CONCURRENT_STREAMS: STREAMS,
                SettingCodes.MAX_HEADER_LIST_SIZE: MAX_TOKEN * 4 // 3 + 16384,
            }
        )
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """A client went."""
        if self._idle is not None:
            self._idle.cancel()

    def data_received(self, data: bytes) -> None:
        """Bytes of a client."""
        try:
            for event in self._http.receive_data(data):
                self._handle(event)
        except ProtocolError as failure:
            log.info("no HTTP/2: %s peer=%s", ascii(str(failure)), self._peer)
            self._send()
            self._transport.close()
            return
        self._send()

    def _send(self) -> None:
        self._transport.write(self._http.data_to_send())
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(self._idle_timeout, self._transport.abort)

    def _handle(self, event: Event) -> None:
        if isinstance(event, RequestReceived):
            self._requests[event.stream_id] = request_of(event.headers)
        elif isinstance(event, DataReceived):
            self._http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            request = self._requests.get(event.stream_id)
            if request is not None:
                request.body_size += len(event.data)
                if request.body_size > MAX_BODY:
                    self._forget(event.stream_id, ErrorCodes.CANCEL)
        elif isinstance(event, StreamReset):
            self._requests.pop(event.stream_id, None)
        elif isinstance(event, StreamEnded):
            request = self._requests.pop(event.stream_id, None)
            if request is not None:
                self._answer(event.stream_id, request)

    def _forget(self, stream: int, why: ErrorCodes) -> None:
        self._requests.pop(stream, None)
        self._http.reset_stream(stream, why)

    def _answer(self, stream: int, request: Request) -> None:
        self._count += 1
        self._note_peer(self._peer)
        if self._credential is None:
            self._back_to_http1(stream)
            return
        if not request.authorization:
            self._reply(stream, request, 401, page.REFUSED, "text/plain", Verdict(None, ("Negotiate",)))
            return
        verdict = prove(self._credential, self._channel, request.authorization)
        if verdict is None:
            self._back_to_http1(stream)
        elif verdict.identity is None:
            self._reply(stream, request, 401, page.REFUSED, "text/plain", verdict)
        elif request.method not in METHODS:
            self._reply(stream, request, 405, "405: Method Not Allowed\n", "text/plain", verdict)
        else:
            self._page(stream, request, verdict, verdict.identity)

    def _page(self, stream: int, request: Request, verdict: Verdict, identity: Identity) -> None:
        content = page.facts(identity, self._count, request.body_size)
        if "application/json" in request.accept:
            self._reply(stream, request, 200, page.as_json(content), "application/json", verdict)
        else:
            self._reply(stream, request, 200, page.as_html(content), "text/html", verdict)

    def _back_to_http1(self, stream: int) -> None:
        log.info("http2 peer=%s: sent back to HTTP/1.1: %s", self._peer, WHY)
        self._http.reset_stream(stream, ErrorCodes.HTTP_1_1_REQUIRED)

    def _reply(self, stream: int, request: Request, status: int, text: str, kind: str, verdict: Verdict) -> None:
        body = text.encode()
        headers = [
            (":status", str(status)),
            ("server", "gateway"),
            ("cache-control", "no-store"),
            ("vary", "Accept"),
            ("x-content-type-options", "nosniff"),
            ("content-type", f"{kind}; charset=utf-8"),
            ("content-length", str(len(body))),
            *(("www-authenticate", offer) for offer in verdict.offers),
        ]
        window = self._http.local_flow_control_window(stream)
        if request.method == "HEAD" or len(body) > min(window, self._http.max_outbound_frame_size):
            self._http.send_headers(stream, headers, end_stream=True)
        else:
            self._http.send_headers(stream, headers)
            self._http.send_data(stream, body, end_stream=True)


def request_of(headers: Sequence[tuple[str, str]]) -> Request:
    """The parts that matter here."""
    request = Request()
    for name, value in headers:
        if name == ":method":
            request.method = value
        elif name == "accept":
            request.accept = value
        elif name == "authorization":
            request.authorization.append(value)
    return request


def prove(credential: sspi.Credential, channel: Channel, headers: Sequence[str]) -> Verdict | None:
    """One request's proof; None where it is none that a request can carry alone."""
    scheme, _, text = headers[0].partition(" ")
    token = decode_token(text)
    if len(headers) != 1 or token is None or scheme.casefold() not in ("negotiate", "ntlm"):
        return Verdict(None, ("Negotiate",))
    if scheme.casefold() == "ntlm":
        return None
    with channel.context(credential) as context:
        try:
            step = context.step(token)
        except sspi.SSPIError as failure:
            return None if failure.reason == sspi.Reason.POLICY else Verdict(None, ("Negotiate",))
        if not context.complete:
            return None
        identity = identity_of(context, ())
        return Verdict(identity, (with_token("Negotiate", step.token),) if step.token else ())
