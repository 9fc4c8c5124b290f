"""The two ends of a login: ServerContext and ClientContext, fed with tokens until they are complete."""

from __future__ import annotations

import contextlib
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from sspi import _sspi
from sspi._arguments import data as copied
from sspi._arguments import kind, number, text_or_none
from sspi._enums import AcceptFlag, BindingsResult, InitFlag, Reason, Status
from sspi._time import local
from sspi.bindings import ChannelBindings, block_of
from sspi.credential import Credential
from sspi.errors import SSPIError
from sspi.identity import Identity, identity_of
from sspi.packages import package_info

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import Buffer

_TOKEN = _sspi.SECBUFFER_TOKEN
_DATA = _sspi.SECBUFFER_DATA
_PADDING = _sspi.SECBUFFER_PADDING
_STREAM = _sspi.SECBUFFER_STREAM
_STATUSES: dict[int, Status] = {int(status): status for status in Status}
_OK, _CONTINUE, _NO_REASON = Status.SEC_E_OK, Status.SEC_I_CONTINUE_NEEDED, Reason.NONE
_new = tuple.__new__  # half the time of the NamedTuple's own
_ALLOCATED = _sspi.ASC_RET_ALLOCATED_MEMORY

_Output = _sspi.ContextBuffer | tuple[_sspi.ContextBuffer | int | None, ...] | None


class Step(NamedTuple):
    """One step: the token to send to the peer (nothing if it is empty), and whether more steps follow."""

    token: bytes
    status: Status


class Sizes(NamedTuple):
    """Upper bounds in bytes. No security trailer: no encryption; no signature: no signing."""

    max_token: int
    max_signature: int
    block_size: int
    security_trailer: int


class KeyInfo(NamedTuple):
    """The algorithms that were agreed, and the size of the key in bits."""

    signature_algorithm: str
    encrypt_algorithm: str
    key_size: int
    signature_id: int
    encrypt_id: int


class _Context:
    """What both ends have in common. Not to be used by two threads at once, except for close()."""

    __slots__ = (
        "_attributes", "_bindings", "_bindings_result", "_credential", "_expiry", "_explanation", "_flags", "_handle",
        "_reason", "_shut", "_status", "_trailer",
    )  # fmt: skip

    def __init__(self, credential: Credential, flags: int, channel_bindings: ChannelBindings | Buffer | None) -> None:
        if not isinstance(credential, Credential):
            raise TypeError(f"credential must be a Credential, not {kind(credential)}")
        if credential.closed:
            raise ValueError("credential is closed")
        self._credential = credential
        self._flags = number(flags, "flags")
        self._bindings = block_of(channel_bindings)
        self._bindings_result: bytearray | None = None
        self._handle: _sspi.CtxtHandle | None = None
        self._status = _CONTINUE
        self._attributes = 0
        self._expiry = 0
        self._explanation = ""
        self._reason = _NO_REASON
        self._shut = False
        self._trailer: tuple[int, int] | None = None

    # ---- the exchange ----

    def _leg(self, token: Buffer | None) -> tuple[int, _sspi.CtxtHandle, _Output, int, int]:
        raise NotImplementedError

    def _input(self, token: Buffer | None) -> Buffer | list[tuple[int, Buffer]] | None:
        if self._bindings is None:
            return token
        bindings: list[tuple[int, Buffer]] = [(_sspi.SECBUFFER_CHANNEL_BINDINGS, self._bindings)]
        return bindings if token is None else [(_TOKEN, token), *bindings]

    def step(self, token: Buffer = b"") -> Step:
        """Takes the peer's token and gives the next one to send. Raises SSPIError if the login fails.

        Send what `error.token` holds, if anything, and close the context. The explanation is the operator's.
        """
        if type(token) is not bytes:
            token = copied(token, "token")
        if self._shut:
            raise ValueError("the context is closed")
        try:
            status, self._handle, output, self._attributes, self._expiry = self._leg(token or None)
        except SSPIError as error:
            self._explanation, self._reason, self._status = error.explanation, error.reason, error.status
            raise
        except ValueError:
            if self._credential.closed:
                raise ValueError("the context's credential is closed") from None
            raise
        if self._shut and self._handle is not None:  # closed by another thread, or by a callback, during the step
            self._handle.close()
        if self._explanation:  # of an earlier step that failed
            self._explanation, self._reason = "", _NO_REASON
        known = _STATUSES.get(status)
        self._status = known = Status(status) if known is None else known
        made = output[0] if isinstance(output, tuple) else output
        token = made.tobytes() if isinstance(made, _sspi.ContextBuffer) else b""
        return _new(Step, (token, known))

    @property
    def complete(self) -> bool:
        """True when the login has succeeded: the peer is who it claims to be. False once the context is closed."""
        return self._status is _OK and not self.closed

    @property
    def status(self) -> Status:
        """The status of the last step."""
        return self._status

    def _open(self) -> _sspi.CtxtHandle:
        if self._shut:
            raise ValueError("the context is closed")
        if self._handle is None:
            raise ValueError("the context has not begun: call step() first")
        return self._handle

    # ---- what is known ----

    @property
    def client_name(self) -> str:
        """Who logged in, DOMAIN\\user."""
        return _sspi.QueryContextAttributes(self._open(), _sspi.SECPKG_ATTR_NAMES).sUserName or ""

    @property
    def package(self) -> str:
        """The package at work; with Negotiate the one that was chosen."""
        row = _sspi.QueryContextAttributes(self._open(), _sspi.SECPKG_ATTR_PACKAGE_INFO).PackageInfo
        return package_info(row).name if row else ""

    @property
    def session_key(self) -> bytes:
        """The key that both ends now share. A secret."""
        return _sspi.QueryContextAttributes(self._open(), _sspi.SECPKG_ATTR_SESSION_KEY).SessionKey

    @property
    def expiry(self) -> datetime | None:
        """Until when the context is good; None if it does not expire."""
        return local(self._expiry)

    @property
    def sizes(self) -> Sizes:
        """How large tokens, signatures and trailers can be."""
        return Sizes(*_sspi.QueryContextAttributes(self._open(), _sspi.SECPKG_ATTR_SIZES))

    @property
    def key_info(self) -> KeyInfo:
        """Algorithms and key size."""
        row = _sspi.QueryContextAttributes(self._open(), _sspi.SECPKG_ATTR_KEY_INFO)
        return KeyInfo(
            row.sSignatureAlgorithmName or "",
            row.sEncryptAlgorithmName or "",
            row.KeySize,
            row.SignatureAlgorithm,
            row.EncryptAlgorithm,
        )

    @property
    def target_name(self) -> str:
        """The service that the client named, e.g. HTTP/www.example.com; empty if it named none."""
        return _sspi.QueryContextAttributes(self._open(), _sspi.SECPKG_ATTR_CLIENT_SPECIFIED_TARGET).sTargetName or ""

    @property
    def explanation(self) -> str:
        """One sentence for the operator: why it failed, or who was logged in and how. Not for the peer."""
        if self._explanation or self._handle is None or self._handle.closed:
            return self._explanation
        return _sspi.SspiExplainContext(self._handle)

    @property
    def reason(self) -> Reason:
        """Why it failed, finer than the status. Not for the peer."""
        if self._handle is None or self._handle.closed:
            return self._reason
        return Reason(_sspi.SspiQueryContextReason(self._handle))

    @property
    def bindings_result(self) -> BindingsResult:
        """What became of the channel bindings, on a server that gave some."""
        return BindingsResult(int.from_bytes(self._bindings_result or b"", "little"))

    # ---- messages ----

    def _sealed(self, data: Buffer) -> tuple[bytearray, bytearray]:
        """Signature, and cipher text with the padding that some keys need behind it."""
        if self._trailer is None:
            sizes = self.sizes
            self._trailer = sizes.security_trailer, sizes.block_size
        text, token, padding = copied(data, "data"), *map(bytearray, self._trailer)
        used = _sspi.EncryptMessage(self._open(), 0, ((_TOKEN, token), (_DATA, text), (_PADDING, padding)), 0)
        del token[used[0][1] :]
        text += padding[: used[2][1]]
        return token, text

    def _unsealed(self, message: bytearray) -> bytes:
        """Decrypts in place; the plain text lies somewhere inside."""
        parts = _sspi.DecryptMessage(self._open(), ((_STREAM, message), (_DATA, bytearray())), 0)[1]
        _, size, offset = parts[1]
        return b"" if offset is None else bytes(memoryview(message)[offset : offset + size])

    def encrypt(self, data: Buffer) -> tuple[bytes, bytes]:
        """Encrypts a message: cipher text and signature, both to be sent."""
        token, text = self._sealed(data)
        return bytes(text), bytes(token)

    def decrypt(self, ciphertext: Buffer, signature: Buffer) -> bytes:
        """Decrypts a message and checks its signature."""
        text, token = copied(ciphertext, "ciphertext"), copied(signature, "signature")
        return self._unsealed(token + text)

    def wrap(self, data: Buffer) -> bytes:
        """Encrypts a message into one piece: signature first, then cipher text. As gss_wrap."""
        token, text = self._sealed(data)
        return bytes(token + text)

    def unwrap(self, message: Buffer) -> bytes:
        """Undoes the peer's wrap(), or gss_wrap, which may have signed alone."""
        return self._unsealed(copied(message, "message"))

    def sign(self, data: Buffer) -> bytes:
        """Signs a message, which is sent as it is beside the signature."""
        text, token = copied(data, "data"), bytearray(self.sizes.max_signature)
        sizes = _sspi.MakeSignature(self._open(), 0, ((_DATA, text), (_TOKEN, token)), 0)
        return bytes(token[: sizes[1][1]])

    def verify(self, data: Buffer, signature: Buffer) -> None:
        """Checks the peer's signature; raises SSPIError if the message was altered, repeated or came out of order."""
        text, token = copied(data, "data"), copied(signature, "signature")
        _sspi.VerifySignature(self._open(), ((_DATA, text), (_TOKEN, token)), 0)

    # ---- the end ----

    def close(self) -> None:
        """Releases the context, after a step in progress on another thread. May be repeated."""
        self._shut = True
        if self._handle is not None:
            self._handle.close()

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._shut or (self._handle is not None and self._handle.closed)

    def __repr__(self) -> str:
        words = [f"<sspi.{type(self).__name__}"]
        complete = self.complete
        with contextlib.suppress(SSPIError, ValueError, RuntimeError):  # closed, or in use by the call of this thread
            words.append(f"package={(self.package if complete else self._credential.package)!r}")
            words.append(f"complete={complete}")
            if complete:
                words.append(f"client_name={self.client_name!r}")
        return " ".join(words) + (" closed>" if self.closed else ">")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


class ServerContext(_Context):
    """The server's end: finds out who the client is.

    channel_bindings: application data of the TLS channel, b"tls-server-end-point:" and the hash, or ChannelBindings.
    """

    __slots__ = ()
    DEFAULT_FLAGS: ClassVar[AcceptFlag] = (
        AcceptFlag.CONFIDENTIALITY | AcceptFlag.INTEGRITY | AcceptFlag.REPLAY_DETECT | AcceptFlag.SEQUENCE_DETECT
    )

    def __init__(
        self,
        credential: Credential,
        *,
        flags: AcceptFlag | int = DEFAULT_FLAGS,
        channel_bindings: ChannelBindings | Buffer | None = None,
    ) -> None:
        if isinstance(flags, InitFlag):
            raise TypeError("flags of a ServerContext must be AcceptFlag: some bits of InitFlag differ")
        super().__init__(credential, flags, channel_bindings)

    def _leg(self, token: Buffer | None) -> tuple[int, _sspi.CtxtHandle, _Output, int, int]:
        if self._bindings is None:
            return _sspi.AcceptSecurityContext(self._credential._handle, self._handle, token, self._flags, 0)
        self._bindings_result = bytearray(4)
        output: list[int | tuple[int, Buffer]] = [
            _TOKEN,
            (_sspi.SECBUFFER_CHANNEL_BINDINGS_RESULT, self._bindings_result),
        ]
        return _sspi.AcceptSecurityContext(
            self._credential._handle, self._handle, self._input(token), self._flags, 0, output
        )

    @property
    def flags(self) -> AcceptFlag:
        """What was agreed; final when complete."""
        return AcceptFlag(self._attributes & ~_ALLOCATED)

    @property
    def identity(self) -> Identity:
        """Who the client is, verified: names, SID and groups, as far as the package knows them."""
        return identity_of(self._open(), self.client_name)

    def delegated_credential(self) -> Credential:
        """What the client lent, to log in elsewhere as the client: a credential that may outlive this context.

        The context must have been made with AcceptFlag.DELEGATE. The client must ask for InitFlag.DELEGATE and
        MUTUAL_AUTH and have a forwardable ticket, and the KDC must trust this server with it (OK-AS-DELEGATE): `flags`
        says what came of it. Otherwise SSPIError, SEC_E_NO_CREDENTIALS.
        """
        handle = _sspi.SspiAcquireDelegatedCredential(self._open())
        return Credential._of(handle, self._credential.package)

    def constrained_credential(self) -> Credential:
        """A credential to log in elsewhere as the client, who lent nothing, as far as the KDC allows (S4U2Proxy).

        The server's credential needs options={"constrained_delegation": "clients"}. Waits for the KDC; what that does
        not allow, the first step of a context refuses.
        """
        handle = _sspi.SspiAcquireConstrainedCredential(self._open())
        return Credential._of(handle, self._credential.package)


class ClientContext(_Context):
    """The client's end: proves who it is. target: the service, e.g. HTTP/www.example.com."""

    __slots__ = ("_target",)
    DEFAULT_FLAGS: ClassVar[InitFlag] = (
        InitFlag.CONFIDENTIALITY | InitFlag.INTEGRITY | InitFlag.REPLAY_DETECT | InitFlag.SEQUENCE_DETECT
    )

    def __init__(
        self,
        credential: Credential,
        *,
        target: str | None = None,
        flags: InitFlag | int = DEFAULT_FLAGS,
        channel_bindings: ChannelBindings | Buffer | None = None,
    ) -> None:
        if isinstance(flags, AcceptFlag):
            raise TypeError("flags of a ClientContext must be InitFlag: some bits of AcceptFlag differ")
        super().__init__(credential, flags, channel_bindings)
        self._target = text_or_none(target, "target")

    def _leg(self, token: Buffer | None) -> tuple[int, _sspi.CtxtHandle, _Output, int, int]:
        return _sspi.InitializeSecurityContext(
            self._credential._handle, self._handle, self._target, self._flags, 0, self._input(token)
        )

    @property
    def flags(self) -> InitFlag:
        """What was agreed; final when complete."""
        return InitFlag(self._attributes & ~_ALLOCATED)
