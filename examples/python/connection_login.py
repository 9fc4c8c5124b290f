"""The login of one HTTP connection: what its Authorization headers have proved so far.

Between the HTTP server (gateway.py) and sspi: header values go in, a verdict comes out. NTLM and Negotiate authenticate
the connection, not the request, so one of these objects lives as long as the connection and dies with it.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sspi

MAX_TOKEN = 48 * 1024
SERVER_FLAGS = (
    sspi.AcceptFlag.CONFIDENTIALITY
    | sspi.AcceptFlag.INTEGRITY
    | sspi.AcceptFlag.REPLAY_DETECT
    | sspi.AcceptFlag.SEQUENCE_DETECT
)


@dataclass(frozen=True)
class Leg:
    """One message of the client and what it cost us."""

    received: datetime
    after_ms: float  # since the first leg
    step_us: float  # spent in the security package


@dataclass(frozen=True)
class Key:
    """What would protect messages; HTTP clients seldom ask for it."""

    bits: int
    encryption: str
    signature: str


@dataclass(frozen=True)
class Identity:
    """Who the client is and how that was proved. Holds no secret."""

    name: str
    package: str
    flags: tuple[str, ...]
    key: Key
    legs: tuple[Leg, ...]
    expires: datetime | None  # None: never, as with NTLM


@dataclass(frozen=True)
class Verdict:
    """What to answer: an identity means yes; `offers` are the values of WWW-Authenticate."""

    identity: Identity | None
    offers: tuple[str, ...] = ()
    pending: bool = False  # a challenge is in `offers` and the client's answer is awaited


@dataclass(frozen=True)
class Channel:
    """What a login travels in: with bindings, one that was made for another TLS channel (a relayed one) is refused."""

    bindings: sspi.ChannelBindings | None = None
    allow_missing: bool = False  # clients that know nothing of bindings, such as curl before 8.11

    def context(self, credential: sspi.Credential) -> sspi.ServerContext:
        """A new login inside the channel."""
        flags = SERVER_FLAGS | sspi.AcceptFlag.ALLOW_MISSING_BINDINGS if self.allow_missing else SERVER_FLAGS
        return sspi.ServerContext(credential, flags=flags, channel_bindings=self.bindings)


class ConnectionLogin:
    """Feeds a connection's Authorization headers to the package that the client chose."""

    def __init__(self, credentials: Mapping[str, sspi.Credential], channel: Channel | None = None) -> None:
        self._credentials = credentials
        self._channel = channel or Channel()
        self._context: sspi.ServerContext | None = None
        self._scheme = ""
        self._legs: list[Leg] = []
        self._first = 0.0
        self.identity: Identity | None = None

    def close(self) -> None:
        """Forgets the identity and a handshake under way."""
        self.identity = None
        if self._context is not None:
            self._context.close()
            self._context = None

    def check(self, headers: Sequence[str], persistent: bool) -> Verdict:
        """Judges one request by its Authorization headers.

        `persistent` says whether the connection outlives the reply: a challenge on one that does not is useless.
        """
        if not headers:
            if self.identity is None or has_expired(self.identity):
                self.close()  # a request without credentials breaks off a handshake under way
            return self._answer()
        scheme, _, text = headers[0].partition(" ")
        credential = self._credentials.get(scheme.casefold())
        token = decode_token(text)
        if len(headers) != 1 or credential is None or token is None:
            self.close()
            return self._answer()
        # New credentials end what the old ones proved, also when they turn out to be wrong.
        if self.identity is not None or begins_handshake(token) or scheme.casefold() != self._scheme:
            self.close()
        self._scheme = scheme.casefold()
        return self._step(scheme, credential, token, persistent)

    def _step(self, scheme: str, credential: sspi.Credential, token: bytes, persistent: bool) -> Verdict:
        if self._context is None:
            self._context = self._channel.context(credential)
            self._legs = []
        started = time.perf_counter()
        try:
            # Inline: a step takes microseconds. With a store that waits for a network use loop.run_in_executor.
            step = self._context.step(token)
        except sspi.SSPIError:
            self.close()  # the event callback has told the operator why; the client learns nothing more
            return self._answer()
        self._note_leg(started)
        if self._context.complete:
            self.identity = identity_of(self._context, tuple(self._legs))
            self._context.close()
            self._context = None
            return Verdict(self.identity, (with_token(scheme, step.token),) if step.token else ())
        if not persistent:
            self.close()
            return self._answer()
        return Verdict(None, (with_token(scheme, step.token),), pending=True)

    def _note_leg(self, started: float) -> None:
        if not self._legs:
            self._first = started
        spent = (time.perf_counter() - started) * 1e6
        after = (started - self._first) * 1e3
        self._legs.append(Leg(datetime.now(UTC), round(after, 3), round(spent, 1)))

    def _answer(self) -> Verdict:
        if self.identity is not None:
            return Verdict(self.identity)
        return Verdict(None, tuple(credential.package for credential in self._credentials.values()))


def identity_of(context: sspi.ServerContext, legs: tuple[Leg, ...]) -> Identity:
    """What the page tells of an established context."""
    return Identity(
        name=context.client_name,
        package=context.package,
        flags=tuple(flag.name or hex(flag) for flag in context.flags),
        key=key_of(context),
        legs=legs,
        expires=context.expiry,
    )


def key_of(context: sspi.ServerContext) -> Key:
    """The keys that were agreed, if any."""
    try:
        info = context.key_info
    except sspi.SSPIError:
        return Key(0, "none", "none")
    return Key(info.key_size, info.encrypt_algorithm, info.signature_algorithm)


def has_expired(identity: Identity) -> bool:
    """Whether what was proved has lapsed (a Kerberos ticket does)."""
    return identity.expires is not None and identity.expires <= datetime.now(UTC)


def decode_token(text: str) -> bytes | None:
    """The token of a header, or None where it is not clean base64 or too long."""
    text = text.strip()
    if not text or len(text) > MAX_TOKEN * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def begins_handshake(token: bytes) -> bool:
    """A first message of NTLM (type 1) or of the GSS mechanisms: the client starts anew on this connection."""
    return token.startswith((b"NTLMSSP\0\1\0\0\0", b"\x60"))


def with_token(scheme: str, token: bytes) -> str:
    """A value of WWW-Authenticate."""
    return f"{scheme} {base64.b64encode(token).decode('ascii')}"
