"""Servers and clients of asyncio over TLS by the package Schannel."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, cast

from sspi._arguments import text
from sspi._enums import AcceptFlag, InitFlag
from sspi.credential import Credential
from sspi.errors import SSPIError
from sspi.tls import TlsAlert, TlsConnection

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["TlsProtocol", "TlsTransport", "open_connection", "start_server"]

_LIMIT = 65536  # of a StreamReader's buffer, as asyncio has it


class TlsTransport(asyncio.Transport):
    """What the inner protocol writes to. get_extra_info("sspi.tls") gives the TlsConnection.

    What is asked of that one waits for the next write or for close(): ask for a certificate, and give an alert, here.
    Of a StreamWriter this is `writer.transport`.
    """

    def __init__(self, lower: asyncio.Transport, connection: TlsConnection, protocol: asyncio.BaseProtocol) -> None:
        super().__init__()
        self._lower, self._connection, self._protocol = lower, connection, protocol
        self._ended_here = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """As of the socket, and "sspi.tls"."""
        return self._connection if name == "sspi.tls" else self._lower.get_extra_info(name, default)

    def write(self, data: Buffer) -> None:
        """Encrypts and sends; nothing once the connection is closing."""
        if not self._lower.is_closing():
            if not self._connection._shut:
                self._connection.send_data(data)
            self._flush()

    def _flush(self) -> None:
        self._lower.write(self._connection.data_to_send())

    def request_certificate(self) -> None:
        """TlsConnection.request_certificate(), sent at once; nothing once the connection is closing.

        The answer comes as records do: peer_certificate and client_name tell it then.
        """
        if not self._lower.is_closing():
            self._connection.request_certificate()
            self._flush()

    def alert(self, number: TlsAlert | int) -> None:
        """TlsConnection.alert(), sent at once, after what was written; then closes. Nothing if closing already."""
        if not self._lower.is_closing():
            self._connection.alert(number)
            self._ended_here = True
            self._flush()
            self._lower.close()

    def writelines(self, list_of_data: Iterable[Buffer]) -> None:
        """The same with several pieces, in as few records as they need."""
        self.write(b"".join(list_of_data))

    def can_write_eof(self) -> bool:
        """Never: TLS ends as a whole."""
        return False

    def write_eof(self) -> None:
        """Not possible."""
        raise NotImplementedError("TLS cannot close one direction")

    def close(self) -> None:
        """Says goodbye and closes, after what was written."""
        self._ended_here = True
        if not self._lower.is_closing():
            self._connection.shut_down()
            self._flush()
        self._lower.close()

    def abort(self) -> None:
        """Closes at once."""
        self._ended_here = True
        self._lower.abort()

    def is_closing(self) -> bool:
        """True from close() or abort() on."""
        return self._lower.is_closing()

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Another inner protocol takes over."""
        self._protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """The inner protocol."""
        return self._protocol

    def pause_reading(self) -> None:
        """Stops what comes in."""
        self._lower.pause_reading()

    def resume_reading(self) -> None:
        """Lets it come again."""
        self._lower.resume_reading()

    def is_reading(self) -> bool:
        """True unless paused."""
        return self._lower.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """As of the socket; counts encrypted bytes."""
        self._lower.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Encrypted bytes that wait."""
        return self._lower.get_write_buffer_size()

    def get_write_buffer_limits(self) -> tuple[int, int]:
        """As of the socket."""
        return self._lower.get_write_buffer_limits()


class TlsProtocol(asyncio.Protocol):
    """TLS between a socket and an inner protocol, which meets its connection once the handshake has succeeded::

        await loop.create_server(lambda: TlsProtocol(TlsConnection(credential, server_side=True), factory), ...)

    on_failure: is called with the error when the handshake fails; the peer got its alert. The error's attribute
    `peername` is the peer's address as get_extra_info("peername") has it.
    """  # fmt: skip

    def __init__(
        self,
        connection: TlsConnection,
        factory: Callable[[], asyncio.BaseProtocol],
        *,
        handshake_timeout: float = 60,
        on_failure: Callable[[Exception], object] | None = None,
    ) -> None:
        self._connection, self._factory = connection, factory
        self._timeout, self._on_failure = handshake_timeout, on_failure
        self._upper: TlsTransport | None = None
        self._told_eof = False
        self._refused: SSPIError | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is connected."""
        self._lower = cast(asyncio.Transport, transport)
        self._deadline = asyncio.get_running_loop().call_later(self._timeout, self._too_late)
        self._guarded(b"", start=True)

    def data_received(self, data: bytes) -> None:
        """Bytes of the peer."""
        self._guarded(data)

    def _guarded(self, data: bytes, start: bool = False) -> None:
        connection = self._connection
        try:
            if start:
                connection.start()
            plain = connection.receive_data(data)
        except SSPIError as error:
            self._lower.write(connection.data_to_send())
            self._refused = error
            self._failed(error)
            self._lower.close()
            return
        self._lower.write(connection.data_to_send())
        if connection.complete and self._upper is None:
            self._established()
        if self._upper is not None:
            self._deliver(self._upper, plain)

    def _established(self) -> None:
        self._cancel()
        inner = self._factory()
        self._upper = TlsTransport(self._lower, self._connection, inner)
        inner.connection_made(self._upper)

    def _deliver(self, upper: TlsTransport, plain: bytes) -> None:
        inner = upper.get_protocol()
        if plain and isinstance(inner, asyncio.Protocol):
            inner.data_received(plain)
        if self._connection.eof and not self._told_eof:
            self._told_eof = True
            stays = inner.eof_received() if isinstance(inner, asyncio.Protocol) else False
            if not stays:  # it may still have an answer to send, and closes itself afterwards
                upper.close()

    def _failed(self, error: Exception) -> None:
        told, self._on_failure = self._on_failure, None
        if self._upper is None and told is not None:
            self._cancel()
            error.__dict__["peername"] = self._lower.get_extra_info("peername")
            told(error)

    def _too_late(self) -> None:
        self._failed(TimeoutError("no TLS handshake in time"))
        self._lower.abort()

    def _cancel(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()

    def eof_received(self) -> bool:
        """The socket's end. Without the peer's goodbye the connection counts as lost."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is gone."""
        self._cancel()
        if self._upper is not None:
            ended = self._connection.eof or self._connection._alerted or self._upper._ended_here
            cut_off = None if ended else ConnectionResetError("cut off")
            self._upper.get_protocol().connection_lost(exc or self._refused or cut_off)
        else:
            self._failed(exc or ConnectionResetError("closed during the TLS handshake"))
        self._connection.close()

    def pause_writing(self) -> None:
        """The socket's buffer is full."""
        if self._upper is not None:
            self._upper.get_protocol().pause_writing()

    def resume_writing(self) -> None:
        """It has room again."""
        if self._upper is not None:
            self._upper.get_protocol().resume_writing()


async def start_server(
    client_connected: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None] | None],
    host: str | None = None,
    port: int | None = None,
    *,
    credential: Credential,
    alpn: Iterable[str | bytes] = (),
    flags: AcceptFlag | int | None = None,
    limit: int = _LIMIT,
    handshake_timeout: float = 60,
    on_failure: Callable[[Exception], object] | None = None,
    **options: Any,
) -> asyncio.Server:
    """asyncio.start_server over TLS; writer.get_extra_info("sspi.tls") gives the TlsConnection.

    on_failure: is called with the error of a handshake that failed; its attribute `peername` is the peer's address.
    """
    names = list(alpn)
    loop = asyncio.get_running_loop()

    def inner() -> asyncio.StreamReaderProtocol:
        return asyncio.StreamReaderProtocol(asyncio.StreamReader(limit, loop), client_connected, loop)

    def protocol() -> TlsProtocol:
        connection = TlsConnection(credential, server_side=True, alpn=names, flags=flags)
        return TlsProtocol(connection, inner, handshake_timeout=handshake_timeout, on_failure=on_failure)

    return await loop.create_server(protocol, host, port, **options)


async def open_connection(
    host: str,
    port: int,
    *,
    credential: Credential,
    target: str | None = None,
    alpn: Iterable[str | bytes] = (),
    flags: InitFlag | int | None = None,
    limit: int = _LIMIT,
    handshake_timeout: float = 60,
    **options: Any,
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """asyncio.open_connection over TLS. target: the server's name, if it is not `host`.

    Raises what the handshake raised.
    """
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit, loop)
    inner = asyncio.StreamReaderProtocol(reader, loop=loop)
    connection = TlsConnection(
        credential, server_side=False, target=text(host, "host") if target is None else target, alpn=alpn, flags=flags
    )
    made: asyncio.Future[None] = loop.create_future()

    def failed(error: Exception) -> None:
        if not made.done():
            made.set_exception(error)

    def ready() -> asyncio.BaseProtocol:
        made.set_result(None)
        return inner

    protocol = TlsProtocol(connection, ready, handshake_timeout=handshake_timeout, on_failure=failed)
    await loop.create_connection(lambda: protocol, host, port, **options)
    await made
    assert protocol._upper is not None  # noqa: S101 - the handshake has succeeded
    return reader, asyncio.StreamWriter(protocol._upper, inner, reader, loop)
