"""The two ends of a SASL login (RFC 4422): the mechanism's tokens, the agreement on a security layer, and the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from sspi import _sspi
from sspi._arguments import data as copied
from sspi._arguments import text, text_or_none
from sspi._enums import AcceptFlag, InitFlag, Status
from sspi.context import ClientContext, ServerContext, Step, _Context
from sspi.errors import SSPIError

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from sspi.bindings import ChannelBindings
    from sspi.context import _Output
    from sspi.credential import Credential

Layer = Literal["none", "integrity", "confidentiality"]
_LAYERS: dict[int, Layer] = {
    _sspi.SSPI_SASL_LAYER_NONE: "none",
    _sspi.SSPI_SASL_LAYER_INTEGRITY: "integrity",
    _sspi.SSPI_SASL_LAYER_CONFIDENTIALITY: "confidentiality",
}
_TOKEN = _sspi.SECBUFFER_TOKEN


def _mechanism_of(credential: Credential, mechanism: str) -> str:
    """The mechanism, if the credential's package serves it. SSPIError: there is none of that name."""
    package = _sspi.SaslGetProfilePackage(text(mechanism, "mechanism")).Name or ""
    if package.lower() != credential.package.lower():
        raise ValueError(f"mechanism {mechanism} needs a credential for {package}, not for {credential.package}")
    return mechanism.upper()


class _Layered(_Context):
    """What both ends have in common: the layer, once it is agreed on."""

    __slots__ = ()
    _mechanism: str
    _received: bytearray

    @property
    def mechanism(self) -> str:
        """The mechanism's name."""
        return self._mechanism

    @property
    def layer(self) -> Layer | None:
        """How messages are protected from now on; None until the login is complete."""
        return _LAYERS[_sspi.SspiSaslQueryLayer(self._open())] if self.complete else None

    @property
    def authorization_id(self) -> str:
        """Whom the client asked to act as; empty: itself."""
        return _sspi.SspiSaslQueryAuthorization(self._open())

    def wrap(self, data: Buffer) -> bytes:
        """What to send in place of the data: protected messages with their lengths, none longer than the peer takes."""
        return _sspi.SspiSaslWrap(self._open(), copied(data, "data")).tobytes()

    def unwrap(self, message: Buffer) -> bytes:
        """Takes what was received, in pieces of any size; gives the data of every message that is whole by now."""
        handle, received, plain = self._open(), self._received, bytearray()
        received += copied(message, "message")
        while received:
            try:
                taken, data = _sspi.SspiSaslUnwrap(handle, received)
            except SSPIError as error:
                if error.status == Status.SEC_E_INCOMPLETE_MESSAGE:
                    break
                raise
            plain += data.tobytes()
            del received[:taken]
        return bytes(plain)


class SaslServer(_Layered, ServerContext):
    """The server's end of a SASL login.

    mechanism: "GSSAPI" (RFC 4752) with a credential for Kerberos, "GSS-SPNEGO" with one for Negotiate. flags: what the
    client may choose from: without CONFIDENTIALITY messages are signed at most. The credential's options say more:
    sasl_minimum_layer, and sasl_authorization, by default "same": a client may act as nobody but itself.

    A last token may come with success: send it as the additional data of success, or as one more challenge.
    """

    __slots__ = ("_mechanism", "_received")

    def __init__(
        self,
        credential: Credential,
        mechanism: str,
        *,
        flags: AcceptFlag | int = ServerContext.DEFAULT_FLAGS,
        channel_bindings: ChannelBindings | Buffer | None = None,
    ) -> None:
        super().__init__(credential, flags=flags, channel_bindings=channel_bindings)
        self._mechanism = _mechanism_of(credential, mechanism)
        self._received = bytearray()

    def step(self, token: Buffer = b"") -> Step:
        """Takes the client's response and gives the next challenge. With nothing at first it asks for the client's
        initial response, by an empty challenge.
        """  # fmt: skip
        if self._handle is None and not self.closed and memoryview(token).nbytes == 0:
            return Step(b"", Status.SEC_I_CONTINUE_NEEDED)
        return super().step(token)

    def _leg(self, token: Buffer | None) -> tuple[int, _sspi.CtxtHandle, _Output, int, int]:
        if self._bindings is None:
            return _sspi.SaslAcceptSecurityContext(self._credential._handle, self._handle, token, self._flags, 0)
        self._bindings_result = bytearray(4)
        output: list[int | tuple[int, Buffer]] = [
            _TOKEN,
            (_sspi.SECBUFFER_CHANNEL_BINDINGS_RESULT, self._bindings_result),
        ]
        return _sspi.SaslAcceptSecurityContext(
            self._credential._handle, self._handle, self._input(token), self._flags, 0, output
        )


class SaslClient(_Layered, ClientContext):
    """The client's end of a SASL login.

    target: the service, e.g. ldap/server.example.com. flags: the strongest layer to choose. authorization_id: whom to
    act as, where the mechanism can say so (GSSAPI); the server decides.
    """

    __slots__ = ("_authorization", "_mechanism", "_received")
    DEFAULT_FLAGS = ClientContext.DEFAULT_FLAGS | InitFlag.MUTUAL_AUTH

    def __init__(
        self,
        credential: Credential,
        mechanism: str,
        *,
        target: str | None = None,
        flags: InitFlag | int = DEFAULT_FLAGS,
        channel_bindings: ChannelBindings | Buffer | None = None,
        authorization_id: str | None = None,
    ) -> None:
        super().__init__(credential, target=target, flags=flags, channel_bindings=channel_bindings)
        self._mechanism = _mechanism_of(credential, mechanism)
        self._authorization = text_or_none(authorization_id, "authorization_id")
        self._received = bytearray()

    def _leg(self, token: Buffer | None) -> tuple[int, _sspi.CtxtHandle, _Output, int, int]:
        first = self._handle is None
        made = _sspi.SaslInitializeSecurityContext(
            self._credential._handle, self._handle, self._target, self._flags, 0, self._input(token)
        )
        if first and self._authorization:
            _sspi.SaslSetContextOption(made[1], _sspi.SASL_OPTION_AUTHZ_STRING, self._authorization.encode())
        return made
