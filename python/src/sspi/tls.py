"""TLS by the package Schannel: a connection that knows no socket. tls_asyncio serves and connects with it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from enum import IntEnum
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar

from sspi import _sspi
from sspi._arguments import data as copied
from sspi._arguments import text_or_none
from sspi._enums import AcceptFlag, InitFlag, Reason, Status
from sspi.bindings import ChannelBindings
from sspi.context import ClientContext, ServerContext
from sspi.credential import Credential
from sspi.errors import SSPIError

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import Buffer

    from sspi.context import _Output

__all__ = ["TlsAlert", "TlsConnection"]

_TOKEN, _DATA, _EMPTY, _EXTRA = (
    _sspi.SECBUFFER_TOKEN, _sspi.SECBUFFER_DATA, _sspi.SECBUFFER_EMPTY, _sspi.SECBUFFER_EXTRA,
)  # fmt: skip
_HEADER, _TRAILER = _sspi.SECBUFFER_STREAM_HEADER, _sspi.SECBUFFER_STREAM_TRAILER
_OUTPUT = (_TOKEN, _sspi.SECBUFFER_ALERT)
_PACKAGES = ("schannel", _sspi.UNISP_NAME.casefold())
_SHUTDOWN = _sspi.SCHANNEL_SHUTDOWN.to_bytes(4, "little")
_FATAL = _sspi.TLS1_ALERT_FATAL
_VERSIONS = {
    _sspi.SP_PROT_TLS1_0_SERVER | _sspi.SP_PROT_TLS1_0_CLIENT: "TLSv1",
    _sspi.SP_PROT_TLS1_1_SERVER | _sspi.SP_PROT_TLS1_1_CLIENT: "TLSv1.1",
    _sspi.SP_PROT_TLS1_2_SERVER | _sspi.SP_PROT_TLS1_2_CLIENT: "TLSv1.2",
    _sspi.SP_PROT_TLS1_3_SERVER | _sspi.SP_PROT_TLS1_3_CLIENT: "TLSv1.3",
}


def _protocol_list(names: Iterable[str | bytes]) -> bytes | None:
    """SEC_APPLICATION_PROTOCOLS of ALPN names (RFC 7301); None for none."""
    wire = [name.encode("ascii") if isinstance(name, str) else bytes(name) for name in names]
    if any(not 0 < len(name) < 256 for name in wire):
        raise ValueError("a name in alpn must have 1 to 255 bytes")
    if not wire:
        return None
    listed = b"".join(bytes([len(name)]) + name for name in wire)
    alpn = _sspi.SecApplicationProtocolNegotiationExt_ALPN.to_bytes(4, "little")
    inner = alpn + len(listed).to_bytes(2, "little") + listed
    return len(inner).to_bytes(4, "little") + inner


class _Server(ServerContext):
    """The server's legs: what is left of the input is kept."""

    __slots__ = ("alpn", "extra")
    alpn: bytes | None
    extra: int

    def _leg(self, token: Buffer | None) -> tuple[int, _sspi.CtxtHandle, _Output, int, int]:
        given = _input(token, self.alpn if self._handle is None else None)
        try:
            return _sspi.AcceptSecurityContext(self._credential._handle, self._handle, given, self._flags, 0, _OUTPUT)
        finally:
            self.extra = _size_of(given, _EXTRA)


class _Client(ClientContext):
    """The client's legs."""

    __slots__ = ("alpn", "extra")
    alpn: bytes | None
    extra: int

    def _leg(self, token: Buffer | None) -> tuple[int, _sspi.CtxtHandle, _Output, int, int]:
        given = _input(token, self.alpn if self._handle is None else None)
        try:
            return _sspi.InitializeSecurityContext(
                self._credential._handle, self._handle, self._target, self._flags, 0, given, _OUTPUT
            )
        finally:
            self.extra = _size_of(given, _EXTRA)


def _input(token: Buffer | None, alpn: bytes | None) -> list[tuple[int, Buffer]]:
    given: list[tuple[int, Buffer]] = [(_TOKEN, b"" if token is None else token), (_EMPTY, b"")]
    return given if alpn is None else [*given, (_sspi.SECBUFFER_APPLICATION_PROTOCOLS, alpn)]


def _size_of(buffers: Iterable[tuple[Any, ...]], kind: int) -> int:
    """The size of the buffer that the package gave this type; 0: none."""
    return next((size for type_, size, *_ in buffers if type_ == kind and isinstance(size, int)), 0)


class TlsAlert(IntEnum):
    """Why a connection is ended, by the names of RFC 8446 6.2 and the registry of alerts."""

    UNEXPECTED_MESSAGE = 10
    BAD_RECORD_MAC = 20
    RECORD_OVERFLOW = 22
    HANDSHAKE_FAILURE = 40
    BAD_CERTIFICATE = 42
    UNSUPPORTED_CERTIFICATE = 43
    CERTIFICATE_REVOKED = 44
    CERTIFICATE_EXPIRED = 45
    CERTIFICATE_UNKNOWN = 46
    ILLEGAL_PARAMETER = 47
    UNKNOWN_CA = 48
    ACCESS_DENIED = 49
    DECODE_ERROR = 50
    DECRYPT_ERROR = 51
    PROTOCOL_VERSION = 70
    INSUFFICIENT_SECURITY = 71
    INTERNAL_ERROR = 80
    INAPPROPRIATE_FALLBACK = 86
    USER_CANCELED = 90
    NO_RENEGOTIATION = 100
    MISSING_EXTENSION = 109
    UNSUPPORTED_EXTENSION = 110
    UNRECOGNIZED_NAME = 112
    BAD_CERTIFICATE_STATUS_RESPONSE = 113
    UNKNOWN_PSK_IDENTITY = 115
    CERTIFICATE_REQUIRED = 116
    NO_APPLICATION_PROTOCOL = 120


class TlsConnection:
    """One TLS connection without a socket: bytes of the peer go in, plaintext and bytes for the peer come out.

    credential: of the package "Schannel"; its options name certificate and key (tls_certificate, tls_private_key) and
    what is trusted (tls_trust). A client's `target` is the server's name: it is sent as SNI, and the certificate must
    be for it. alpn: application protocols in the order of preference.

    A server that wants the client's certificate adds AcceptFlag.MUTUAL_AUTH to `flags`, or sets the option
    tls_client_certificate; tls_trust says whose it believes. Not to be used by two threads at once.
    """

    SERVER_FLAGS: ClassVar[AcceptFlag] = (
        AcceptFlag.STREAM
        | AcceptFlag.CONFIDENTIALITY
        | AcceptFlag.REPLAY_DETECT
        | AcceptFlag.SEQUENCE_DETECT
        | AcceptFlag.EXTENDED_ERROR
    )
    CLIENT_FLAGS: ClassVar[InitFlag] = (
        InitFlag.STREAM
        | InitFlag.CONFIDENTIALITY
        | InitFlag.REPLAY_DETECT
        | InitFlag.SEQUENCE_DETECT
        | InitFlag.EXTENDED_ERROR
    )

    def __init__(
        self,
        credential: Credential,
        *,
        server_side: bool,
        target: str | None = None,
        alpn: Iterable[str | bytes] = (),
        flags: AcceptFlag | InitFlag | int | None = None,
    ) -> None:
        if isinstance(credential, Credential) and credential.package.casefold() not in _PACKAGES:
            raise ValueError(f"TLS needs a credential for Schannel, not for {credential.package}")
        protocols = _protocol_list(alpn)
        name = text_or_none(target, "target")
        context: _Server | _Client
        if server_side:
            if name is not None:
                raise ValueError("target is for a client")
            context = _Server(credential, flags=self.SERVER_FLAGS if flags is None else flags)
        else:
            context = _Client(credential, target=name, flags=self.CLIENT_FLAGS if flags is None else flags)
        context.alpn, context.extra = protocols, 0
        self._context = context
        self._server_side = server_side
        self._received = bytearray()
        self._to_send = bytearray()
        self._sizes: Any = None
        self._complete = self._again = self._eof = self._shut = self._alerted = False
        self._refused: SSPIError | None = None

    # ---- the exchange ----

    def start(self) -> None:
        """A client's first message; a server has nothing to say yet."""
        if not self._server_side:
            self._step(b"")

    def receive_data(self, data: Buffer) -> bytes:
        """Takes what the peer sent, in pieces of any size; gives the plaintext that became readable.

        Raises SSPIError when the handshake or a record fails; data_to_send() may then hold an alert for the peer.
        What follows the peer's goodbye is dropped.
        """
        if self._eof or self._alerted:
            return b""
        self._received += copied(data, "data")
        while not self._complete and self._received:
            if not self._handshake():
                return b""
        return self._decrypt() if self._complete else b""

    def send_data(self, data: Buffer) -> None:
        """Encrypts data for the peer."""
        if not self._complete or self._shut:
            raise ValueError("the connection is not open for data")
        whole = memoryview(copied(data, "data"))
        for start in range(0, len(whole), self._sizes.cbMaximumMessage):
            self._encrypt(whole[start : start + self._sizes.cbMaximumMessage])

    def data_to_send(self) -> bytes:
        """What must go to the peer now; empty: nothing. Ask after every other call, also after a failure."""
        data = bytes(self._to_send)
        self._to_send.clear()
        return data

    def request_certificate(self) -> None:
        """Asks a client for its certificate in the middle of the conversation; what it answers, receive_data() takes.

        In TLS 1.3 by authentication after the handshake, before it by a further handshake, which the option
        allow_insecure_renegotiation has to allow. Raises SSPIError, and the connection goes on as it was, where the
        client cannot be asked.
        """
        if not self._server_side or not self._complete or self._shut:
            raise ValueError("only a server asks, on an open connection")
        context, flags = self._context, self._context._flags
        context._flags |= AcceptFlag.MUTUAL_AUTH
        try:
            self._to_send += context.step().token
        except SSPIError:
            context._flags = flags
            raise

    def shut_down(self) -> None:
        """Says goodbye (close_notify), so that the peer knows that nothing was cut off. May be repeated."""
        if not self._complete or self._shut:
            return
        self._shut = True
        handle = self._context._open()
        _sspi.ApplyControlToken(handle, ((_TOKEN, _SHUTDOWN),))
        self._to_send += self._context.step().token

    def alert(self, number: TlsAlert | int) -> None:
        """Ends the connection with a fatal alert, which tells the peer why. What the peer still sends is dropped.

        Raises SSPIError, and changes nothing, where the alert cannot be sent: of a number that TLS does not have, or
        in the middle of a handshake whose records are encrypted already.
        """
        if self._shut:
            raise ValueError("the connection is closed for sending")
        token = b"".join(part.to_bytes(4, "little") for part in (_sspi.SCHANNEL_ALERT, _FATAL, int(number)))
        _sspi.ApplyControlToken(self._context._open(), ((_TOKEN, token),))
        self._shut = self._alerted = True
        self._received.clear()
        self._to_send += self._context.step().token

    def close(self) -> None:
        """Releases the context. May be repeated."""
        self._context.close()

    def _step(self, token: Buffer) -> bool:
        """One leg. False: more bytes are needed first."""
        context = self._context
        before = len(token) if isinstance(token, bytes | bytearray) else 0
        try:
            step = context.step(token)
        except SSPIError as error:
            if error.status is Status.SEC_E_INCOMPLETE_MESSAGE:
                return False
            self._to_send += error.token
            raise
        self._to_send += step.token
        del self._received[: before - context.extra]
        self._again = self._complete and step.status is not Status.SEC_E_OK
        if step.status is Status.SEC_E_OK:
            self._complete = True
            self._sizes = _sspi.QueryContextAttributes(context._open(), _sspi.SECPKG_ATTR_STREAM_SIZES)
        return True

    def _handshake(self) -> bool:
        return self._step(bytes(self._received))

    def _decrypt(self) -> bytes:
        plain, handle = bytearray(), self._context._open()
        while self._received and not self._eof:
            if self._again:
                if not self._handshake():
                    break
                continue
            given: list[Any] = [(_DATA, self._received), (_EMPTY, b""), (_EMPTY, b""), (_EMPTY, b"")]
            try:
                status, buffers, _ = _sspi.DecryptMessage(handle, given, 0)
            except SSPIError as error:
                if error.status is Status.SEC_E_INCOMPLETE_MESSAGE:
                    break
                self._refuse(error)
                raise
            for type_, size, offset in buffers if status == Status.SEC_E_OK else ():
                if type_ == _DATA and offset is not None:
                    plain += self._received[offset : offset + size]
            extra = _size_of(buffers, _EXTRA)
            del self._received[: len(self._received) - extra]
            if status == Status.SEC_I_CONTEXT_EXPIRED:
                self._eof = True
                self._received.clear()
            elif status == Status.SEC_I_RENEGOTIATE:
                self._again = True
                if not self._handshake():
                    break
        return bytes(plain)

    def _refuse(self, error: SSPIError) -> None:
        """The alert that tells the peer why a record was refused is made by the next leg."""
        self._refused = self._refused or error
        with suppress(ValueError):
            try:
                self._context._leg(b"")
            except SSPIError as answer:
                self._to_send += answer.token

    def _encrypt(self, piece: memoryview) -> None:
        sizes, length = self._sizes, len(piece)
        record = bytearray(sizes.cbHeader + length + sizes.cbTrailer)
        record[sizes.cbHeader : sizes.cbHeader + length] = piece
        with memoryview(record) as view:
            message = (
                (_HEADER, view[: sizes.cbHeader]),
                (_DATA, view[sizes.cbHeader : sizes.cbHeader + length]),
                (_TRAILER, view[sizes.cbHeader + length :]),
                (_EMPTY, b""),
            )
            used = _sspi.EncryptMessage(self._context._open(), 0, message, 0)
            for (_, part), (_, size, _) in zip(message[:3], used, strict=False):
                self._to_send += part[:size]
                part.release()

    # ---- what was agreed ----

    @property
    def complete(self) -> bool:
        """True once the handshake has succeeded."""
        return self._complete

    @property
    def eof(self) -> bool:
        """True once the peer has said goodbye. A connection that ends without it was cut off."""
        return self._eof

    def _attribute(self, number: int) -> Any:
        return _sspi.QueryContextAttributes(self._context._open(), number)

    @property
    def version(self) -> str:
        """ "TLSv1.3", "TLSv1.2"."""
        protocol = self._attribute(_sspi.SECPKG_ATTR_CONNECTION_INFO).dwProtocol
        return next((name for bits, name in _VERSIONS.items() if bits & protocol), hex(protocol))

    @property
    def cipher(self) -> str:
        """The cipher suite, by its name in the specification of TLS."""
        return str(self._attribute(_sspi.SECPKG_ATTR_CIPHER_INFO).szCipherSuite)

    @property
    def alpn_protocol(self) -> str | None:
        """The application protocol that both sides speak; None: none was agreed."""
        agreed = self._attribute(_sspi.SECPKG_ATTR_APPLICATION_PROTOCOL)
        if agreed.ProtoNegoStatus != _sspi.SecApplicationProtocolNegotiationStatus_Success:
            return None
        return bytes(agreed.ProtocolId).decode("ascii", "backslashreplace")

    @property
    def resumed(self) -> bool:
        """True where an earlier session was taken up again."""
        flags: int = self._attribute(_sspi.SECPKG_ATTR_SESSION_INFO).dwFlags
        return bool(flags & _sspi.SSL_SESSION_RECONNECT)

    @property
    def peer_certificate(self) -> bytes | None:
        """The peer's certificate in DER; None where it gave none."""
        return self._certificate(_sspi.SECPKG_ATTR_REMOTE_CERT_CONTEXT)

    @property
    def certificate(self) -> bytes | None:
        """Our own certificate in DER."""
        return self._certificate(_sspi.SECPKG_ATTR_LOCAL_CERT_CONTEXT)

    def _certificate(self, number: int) -> bytes | None:
        try:
            return _sspi.SspiQueryContextCertificate(self._context._open(), number).tobytes()
        except SSPIError as error:
            if error.status is Status.SEC_E_NO_CREDENTIALS:
                return None
            raise

    @property
    def channel_bindings(self) -> ChannelBindings:
        """tls-server-end-point (RFC 5929), for a login inside this connection: what Windows and browsers use."""
        return ChannelBindings.from_block(self._attribute(_sspi.SECPKG_ATTR_ENDPOINT_BINDINGS).Bindings)

    @property
    def exporter_bindings(self) -> ChannelBindings:
        """tls-exporter (RFC 9266), which ties a login to this very connection."""
        return ChannelBindings.from_block(self._attribute(_sspi.SSPI_ATTR_EXPORTER_BINDINGS).Bindings)

    @property
    def client_name(self) -> str:
        """The account that the client's certificate belongs to.

        Raises SSPIError (SEC_E_NO_CREDENTIALS) where the client showed none, or one that no account is named as; its
        explanation says which. The connection is open all the same: tls_client_certificate = require asks for a
        certificate, not for an account.
        """
        try:
            return self._context.client_name
        except SSPIError as error:
            if not self._server_side or error.status is not Status.SEC_E_NO_CREDENTIALS:
                raise
            raise SSPIError(error.function, error.status, Reason.PEER_CERTIFICATE, self._nameless()) from None

    def _nameless(self) -> str:
        """Why the client has no name: the end of the explanation tells whom its certificate names."""
        if self.peer_certificate is None:
            return "the client showed no certificate"
        return self._context.explanation.partition("; ")[2] or "the client's certificate is not mapped to an account"

    @property
    def explanation(self) -> str:
        """One sentence for the operator on how the handshake, or the connection, ended. Nothing for the peer."""
        return self._refused.explanation if self._refused else self._context.explanation

    @property
    def reason(self) -> Reason:
        """Why it failed."""
        return self._refused.reason if self._refused else self._context.reason

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
