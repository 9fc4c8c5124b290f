#!/usr/bin/python3
"""An HTTP server whose page is for known users only: NTLM or Kerberos over HTTP, bound to the connection.

    gateway.py --accounts accounts.db --domain EXAMPLE --port 8080

Every package that speaks HTTP joins by its name: `--scheme Negotiate,NTLM`. Do not put a proxy in front that shares its
connections between clients: what is authenticated is the connection.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import contextvars
import errno
import logging
import resource
import signal
import sys
from typing import cast

try:
    import h2  # noqa: F401 - for http2_login
    from aiohttp import web
    from aiohttp.http_exceptions import HttpProcessingError
except ImportError as missing:
    sys.exit(f"gateway: {missing}: install it with 'apt-get install python3-aiohttp python3-h2'")
try:
    import sspi
    from sspi.tls import TlsConnection
    from sspi.tls_asyncio import TlsProtocol
except ImportError as missing:
    sys.exit(f"gateway: the Python package sspi is missing ({missing}): install it, or set PYTHONPATH to its build")

import page
from connection_login import MAX_TOKEN, Channel, ConnectionLogin, Verdict
from http2_login import PREFACE, Http2Connection

HTTP2 = "negotiate over HTTP/2"
MAX_BODY = 1024 * 1024
METHODS = ("GET", "HEAD", "POST")
HEADERS = {"Server": "gateway", "Cache-Control": "no-store", "Vary": "Accept", "X-Content-Type-Options": "nosniff"}

log = logging.getLogger("gateway")
peer_of_step: contextvars.ContextVar[str] = contextvars.ContextVar("peer_of_step", default="?")


class Connection:
    """One client's connection: its login, its deadline, its count of requests."""

    def __init__(self, login: ConnectionLogin, transport: asyncio.Transport) -> None:
        self.login = login
        self.transport = transport
        self.requests = 0
        self.deadline: asyncio.TimerHandle | None = None
        peer = transport.get_extra_info("peername")
        self.peer = f"{peer[0]}:{peer[1]}" if peer else "?"

    def allow(self, seconds: float) -> None:
        """Closes the connection unless the next step of its login comes in time."""
        self.at_rest()
        self.deadline = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def at_rest(self) -> None:
        """Lifts the limit."""
        if self.deadline is not None:
            self.deadline.cancel()
            self.deadline = None

    def _too_late(self) -> None:
        log.info("timeout peer=%s: no login in time, connection closed", self.peer)
        self.login.close()
        self.transport.abort()


class FirstBytes(asyncio.Protocol):
    """Waits for the first bytes of a connection, which tell HTTP/2 (RFC 9113, section 3.3) from HTTP/1.1."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client came."""
        self.transport = cast(asyncio.Transport, transport)
        self.deadline = asyncio.get_running_loop().call_later(self.gateway.options.login_timeout, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """A client went without a word."""
        self.deadline.cancel()

    def _too_late(self) -> None:
        log.info(
            "timeout peer=%s:%d: no request in time, connection closed", *self.transport.get_extra_info("peername")
        )
        self.transport.abort()

    def data_received(self, data: bytes) -> None:
        """Hands the connection to the one that understands it."""
        self.seen += data
        if len(self.seen) < len(PREFACE) and PREFACE.startswith(self.seen):
            return
        self.deadline.cancel()
        protocol = self.gateway.http2(self.transport) if self.seen.startswith(PREFACE) else self.gateway()
        self.transport.set_protocol(protocol)
        protocol.connection_made(self.transport)
        protocol.data_received(self.seen)


class Gateway(web.Server):
    """aiohttp's server, which tells when a connection comes and goes: the life of a login."""

    def __init__(self, credentials: dict[str, sspi.Credential], options: argparse.Namespace) -> None:
        super().__init__(
            self.handle,
            access_log=None,
            keepalive_timeout=options.idle_timeout,
            lingering_time=2,
            max_field_size=MAX_TOKEN * 4 // 3 + 64,
        )
        self.credentials = credentials
        self.offered = {scheme: credential for scheme, credential in credentials.items() if scheme != HTTP2}
        self.options = options
        self.tls = acquire_tls(options)
        self.clients: dict[web.RequestHandler, Connection] = {}

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        """A client came (called by aiohttp)."""
        super().connection_made(handler, transport)
        login = ConnectionLogin(self.offered, self.channel(transport))
        self.clients[handler] = connection = Connection(login, transport)
        connection.allow(self.options.login_timeout)

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        """A client went (called by aiohttp): nothing of it stays."""
        super().connection_lost(handler, exc)
        connection = self.clients.pop(handler, None)
        if connection is not None:
            connection.at_rest()
            connection.login.close()

    def http2(self, transport: asyncio.Transport) -> Http2Connection:
        """A connection of HTTP/2."""
        channel = self.channel(transport)
        return Http2Connection(self.credentials.get(HTTP2), channel, self.options.idle_timeout, peer_of_step.set)

    def channel(self, transport: asyncio.Transport) -> Channel:
        """What ties a login to its TLS connection (Extended Protection)."""
        tls = transport.get_extra_info("sspi.tls")
        return Channel(tls.channel_bindings, self.options.allow_missing_bindings) if tls else Channel()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answers one request."""
        connection = self.clients.get(request.protocol)
        if connection is None:  # gone while the request waited in line
            raise ConnectionResetError
        connection.requests += 1
        body_size = await self.drain(request)
        peer_of_step.set(connection.peer)
        headers = request.headers.getall("Authorization", [])
        verdict = connection.login.check(headers, persistent=bool(request.keep_alive))
        if verdict.identity is None:
            connection.allow(self.options.leg_timeout if verdict.pending else self.options.login_timeout)
            return reply(401, page.REFUSED, "text/plain", verdict)
        connection.at_rest()
        if request.method not in METHODS:
            raise web.HTTPMethodNotAllowed(request.method, METHODS)
        content = page.facts(verdict.identity, connection.requests, body_size)
        if "application/json" in request.headers.get("Accept", ""):
            return reply(200, page.as_json(content), "application/json", verdict)
        return reply(200, page.as_html(content), "text/html", verdict)

    async def drain(self, request: web.BaseRequest) -> int:
        """Reads the body, whoever sends it: the connection must stay usable for the rest of the handshake."""
        if request.headers.get("Expect", "").lower() == "100-continue" and request.version >= (1, 1):
            await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        size = 0
        try:
            async with asyncio.timeout(self.options.body_timeout):
                async for chunk in request.content.iter_chunked(65536):
                    size += len(chunk)
                    if size > MAX_BODY:
                        raise closing(web.HTTPRequestEntityTooLarge(MAX_BODY, size))
        except TimeoutError:
            raise closing(web.HTTPRequestTimeout()) from None
        return size


def closing(answer: web.HTTPException) -> web.HTTPException:
    """The same answer, with the connection closed behind it."""
    answer.force_close()
    return answer


def reply(status: int, text: str, kind: str, verdict: Verdict) -> web.Response:
    """An answer with what the verdict offers."""
    response = web.Response(status=status, text=text, content_type=kind, charset="utf-8", headers=HEADERS)
    for offer in verdict.offers:
        response.headers.add("WWW-Authenticate", offer)
    return response


def quoted(text: str) -> str:
    """What a client claims may hold anything: control characters and quotes never reach the log as they are."""
    text = text.replace("'", "\\'")
    return "'" + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text) + "'"


def log_event(event: sspi.Event) -> None:
    """One line a login attempt, for the operator only."""
    outcome = "login" if event.status == sspi.Status.SEC_E_OK else "refused"
    log.info(
        "%s %s client=%s workstation=%s package=%s status=%s reason=%s peer=%s: %s",
        event.time.isoformat(timespec="milliseconds"),
        outcome,
        quoted(event.client_name),
        quoted(event.workstation),
        event.package,
        event.status.name,
        event.reason.name,
        peer_of_step.get(),
        quoted(event.explanation)[1:-1],
    )


class OneLine(logging.Filter):
    """aiohttp gives a traceback for whatever is no HTTP: one line tells as much."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Lets every record pass, shortened where it is a client's fault."""
        cause = record.exc_info[1] if record.exc_info else None
        if isinstance(cause, HttpProcessingError):
            record.msg, record.args, record.exc_info = "no HTTP: %s", (ascii(cause.message),), None
        return True


def acquire(options: argparse.Namespace) -> dict[str, sspi.Credential]:
    """One credential a scheme; the name of an HTTP scheme is that of its package."""
    settings = {"netbios_domain_name": options.domain} if options.domain else {}
    credentials = {}
    if options.keytab and "negotiate" not in options.scheme.casefold().split(","):
        sys.exit("gateway: --keytab is for Kerberos: offer it with --scheme Negotiate,NTLM")
    for scheme in options.scheme.split(","):
        credentials[scheme.casefold()] = acquire_one(scheme, options, settings)
        if scheme.casefold() == "negotiate":
            credentials[HTTP2] = acquire_one(scheme, options, {**settings, "negotiate_packages": "Kerberos"})
    return credentials


def acquire_tls(options: argparse.Namespace) -> sspi.Credential | None:
    """The server's certificate; None: no TLS."""
    if not options.certificate:
        return None
    try:
        settings = {"tls_certificate": options.certificate, "tls_private_key": options.key}
        credential = sspi.Credential("Schannel", usage="accept", options={n: v for n, v in settings.items() if v})
        credential.check()
        return credential
    except sspi.SSPIError as failure:
        sys.exit(f"gateway: {failure.explanation or failure.status.name}")


def acquire_one(scheme: str, options: argparse.Namespace, settings: dict[str, str]) -> sspi.Credential:
    """A credential, or the end of the program with a sentence."""
    tickets = scheme.casefold() == "negotiate"
    try:
        return sspi.Credential(
            scheme,
            usage="accept",
            accounts=options.accounts,
            keytab=options.keytab if tickets else None,
            services="HTTP" if tickets else None,  # whatever else the keytab is for
            options=settings,
            on_event=log_event,
        )
    except sspi.SSPIError as failure:
        sys.exit(f"gateway: {scheme}: {failure.explanation or failure.status.name}")


def allow_many_connections() -> None:
    """The usual limit of 1,024 descriptors is just below 1,000 clients and what the process needs itself."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def log_no_tls(error: Exception) -> None:
    """One line a handshake that failed."""
    peer = getattr(error, "peername", None)
    log.info("no TLS peer=%s: %s", f"{peer[0]}:{peer[1]}" if peer else "?", ascii(str(error)))


def first_protocol(gateway: Gateway) -> asyncio.Protocol:
    """What a new connection meets first: TLS by Schannel, where there is a certificate."""
    if gateway.tls is None:
        return FirstBytes(gateway)
    return TlsProtocol(
        TlsConnection(gateway.tls, server_side=True, alpn=("h2", "http/1.1")),
        lambda: FirstBytes(gateway),
        handshake_timeout=gateway.options.leg_timeout,
        on_failure=log_no_tls,
    )


async def serve(gateway: Gateway, host: str, port: int) -> None:
    """Listens until a signal says stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    server = await loop.create_server(lambda: first_protocol(gateway), host, port, backlog=1024)
    scheme = "https" if gateway.tls else "http"
    log.info("listening on %s://%s:%d/", scheme, *server.sockets[0].getsockname()[:2])
    await stop.wait()
    server.close()
    await gateway.shutdown(1)


def port_number(text: str) -> int:
    """A port's number."""
    number = int(text)
    if not 0 <= number <= 65535:
        raise argparse.ArgumentTypeError("a port is a number up to 65535")
    return number


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="gateway", description="Serves one page to users who log in by NTLM or Kerberos."
    )
    parser.add_argument("--listen", default="127.0.0.1", metavar="ADDRESS", help="address to listen on (%(default)s)")
    parser.add_argument(
        "--port", type=port_number, default=8080, help="port to listen on, 0: any free one (%(default)s)"
    )
    parser.add_argument("--accounts", metavar="LOCATION", help="account store (default: sspi.conf's)")
    parser.add_argument("--keytab", metavar="FILE", help="keys of HTTP/this-host for Kerberos (default: sspi.conf's)")
    parser.add_argument("--certificate", metavar="FILE", help="serve HTTPS with this certificate (PEM)")
    parser.add_argument("--key", metavar="FILE", help="its private key, if it is in another file")
    parser.add_argument(
        "--allow-missing-bindings",
        action="store_true",
        help="HTTPS: let clients in that send no channel bindings (wrong ones are refused all the same)",
    )
    parser.add_argument("--domain", metavar="NAME", help="NetBIOS name of the domain to announce")
    parser.add_argument(
        "--scheme", default="NTLM", metavar="NAMES", help="schemes to offer, e.g. Negotiate,NTLM (%(default)s)"
    )
    parser.add_argument("--leg-timeout", type=float, default=15, metavar="S", help="between two legs (%(default)s)")
    parser.add_argument("--login-timeout", type=float, default=60, metavar="S", help="without login (%(default)s)")
    parser.add_argument("--body-timeout", type=float, default=30, metavar="S", help="for a body (%(default)s)")
    parser.add_argument("--idle-timeout", type=float, default=75, metavar="S", help="between requests (%(default)s)")
    return parser.parse_args()


async def run(options: argparse.Namespace) -> None:
    """Acquires the credentials and serves."""
    await serve(Gateway(acquire(options), options), options.listen, options.port)


def main() -> None:
    """Starts; what is wrong with the surroundings is said in one sentence."""
    options = arguments()
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)
    logging.getLogger("aiohttp.server").addFilter(OneLine())
    allow_many_connections()
    try:
        asyncio.run(run(options))
    except OSError as failure:
        if failure.errno == errno.EADDRINUSE:
            sys.exit(f"gateway: port {options.port} is in use: stop what uses it, or choose another with --port")
        sys.exit(f"gateway: cannot listen on {options.listen}, port {options.port}: {failure.strerror}")


if __name__ == "__main__":
    main()
