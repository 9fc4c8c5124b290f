"""Both ends of a login under one interface: ours, and those of the foreign implementations that the tests speak to.

A party has step(token) giving the next token (b"" for none) and `complete`; once established also wrap, unwrap, sign
and verify.
Whatever refuses a login or a message raises Refused.
"""

from __future__ import annotations

import base64
import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import sspi


class Refused(Exception):  # noqa: N818 - not an error here but an outcome
    """The other end, or we, refused a token or a message."""


class Party(Protocol):
    complete: bool

    def step(self, token: bytes) -> bytes: ...
    def wrap(self, data: bytes) -> bytes: ...
    def unwrap(self, data: bytes) -> bytes: ...
    def sign(self, data: bytes) -> bytes: ...
    def verify(self, data: bytes, signature: bytes) -> None: ...
    def session_key(self) -> bytes | None: ...
    def close(self) -> None: ...


@contextlib.contextmanager
def refusing(*kinds: type[BaseException]) -> Iterator[None]:
    try:
        yield
    except kinds as failure:
        raise Refused(f"{type(failure).__name__}: {failure}") from failure


class Ours:
    """Our library, either end."""

    def __init__(self, context: sspi.ServerContext | sspi.ClientContext) -> None:
        self.context = context

    @property
    def complete(self) -> bool:
        return self.context.complete

    def step(self, token: bytes) -> bytes:
        with refusing(sspi.SSPIError):
            return bytes(self.context.step(token).token)

    def wrap(self, data: bytes) -> bytes:
        with refusing(sspi.SSPIError):
            return self.context.wrap(data)

    def unwrap(self, data: bytes) -> bytes:
        with refusing(sspi.SSPIError):
            return self.context.unwrap(data)

    def sign(self, data: bytes) -> bytes:
        with refusing(sspi.SSPIError):
            return self.context.sign(data)

    def verify(self, data: bytes, signature: bytes) -> None:
        with refusing(sspi.SSPIError):
            self.context.verify(data, signature)

    def session_key(self) -> bytes:
        return self.context.session_key

    def close(self) -> None:
        self.context.close()


class Spnego:
    """pyspnego's own NTLM, pure Python."""

    def __init__(self, context: object) -> None:
        self.context = context

    @property
    def complete(self) -> bool:
        return self.context.complete

    def step(self, token: bytes) -> bytes:
        import spnego.exceptions

        with refusing(spnego.exceptions.SpnegoError, ValueError):
            return self.context.step(token or None) or b""

    def wrap(self, data: bytes) -> bytes:
        return self.context.wrap(data).data

    def unwrap(self, data: bytes) -> bytes:
        import spnego.exceptions

        with refusing(spnego.exceptions.SpnegoError):
            return self.context.unwrap(data).data

    def sign(self, data: bytes) -> bytes:
        return self.context.sign(data)

    def verify(self, data: bytes, signature: bytes) -> None:
        import spnego.exceptions

        with refusing(spnego.exceptions.SpnegoError):
            self.context.verify(data, signature)

    def session_key(self) -> bytes:
        return self.context.session_key

    def close(self) -> None:
        pass


class Gss:
    """gss-ntlmssp under MIT's GSSAPI, in this process."""

    def __init__(self, context: object) -> None:
        self.context = context

    @property
    def complete(self) -> bool:
        return self.context.complete

    def step(self, token: bytes) -> bytes:
        import gssapi

        with refusing(gssapi.exceptions.GSSError):
            return self.context.step(token or None) or b""

    def wrap(self, data: bytes) -> bytes:
        return self.context.wrap(data, True).message

    def unwrap(self, data: bytes) -> bytes:
        import gssapi

        with refusing(gssapi.exceptions.GSSError):
            result = self.context.unwrap(data)
        if not result.encrypted:
            raise Refused("not sealed")
        return result.message

    def sign(self, data: bytes) -> bytes:
        return self.context.get_signature(data)

    def verify(self, data: bytes, signature: bytes) -> None:
        import gssapi

        with refusing(gssapi.exceptions.GSSError):
            self.context.verify_signature(data, signature)

    def session_key(self) -> None:
        return None

    def close(self) -> None:
        pass


class Lines:
    """A program that answers one line with one line."""

    def __init__(self, arguments: list[str], first_line: str | None = None) -> None:
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        if first_line is not None:
            self.process.stdin.write(first_line + "\n")

    def ask(self, line: str) -> str:
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


class WinPr:
    """libwinpr2 through winpr_peer.c."""

    def __init__(self, lines: Lines) -> None:
        self.lines = lines
        self.complete = False

    def _ask(self, command: str, *data: bytes) -> bytes:
        kind, _, rest = self.lines.ask(" ".join([command, *(part.hex() for part in data)])).partition(" ")
        if kind != "ok":
            raise Refused(f"{command}: {kind} {rest}")
        text, _, done = rest.partition(" ")
        self.complete = self.complete or done == "done"
        return bytes.fromhex(text)

    def step(self, token: bytes) -> bytes:
        return self._ask("step", token)

    def wrap(self, data: bytes) -> bytes:
        return self._ask("wrap", data)

    def unwrap(self, data: bytes) -> bytes:
        return self._ask("unwrap", data)

    def sign(self, data: bytes) -> bytes:
        return self._ask("sign", data)

    def verify(self, data: bytes, signature: bytes) -> None:
        self._ask("verify", data, signature)

    def session_key(self) -> None:
        return None

    def close(self) -> None:
        self.lines.close()


class Samba:
    """Samba's ntlm_auth as client or as server; it tells its session key but seals nothing."""

    def __init__(self, server: bool, domain: str, user: str, password: str) -> None:
        protocol = "squid-2.5-ntlmssp" if server else "ntlmssp-client-1"
        self.lines = Lines(
            [
                "ntlm_auth",
                f"--helper-protocol={protocol}",
                f"--domain={domain}",
                f"--username={user}",
                f"--password={password}",
            ]
        )
        self.server = server
        self.complete = False
        self.started = False
        self.client_name = ""

    def step(self, token: bytes) -> bytes:
        if self.server:
            line = ("KK " if self.started else "YR ") + base64.b64encode(token).decode()
        else:
            line = "TT " + base64.b64encode(token).decode() if self.started else "YR"
        self.started = True
        kind, _, text = self.lines.ask(line).partition(" ")
        if kind == "AF":
            self.complete = True
            if self.server:
                self.client_name, text = text, ""
        elif kind not in ("YR", "TT"):
            raise Refused(f"{kind} {text}")
        return base64.b64decode(text)

    def session_key(self) -> bytes:
        return base64.b64decode(self.lines.ask("GK").removeprefix("GK "))

    def close(self) -> None:
        self.lines.close()


def spnego_client(domain: str, user: str, password: str, bindings: bytes | None = None) -> Spnego:
    import spnego
    from spnego.channel_bindings import GssChannelBindings

    return Spnego(
        spnego.client(
            f"{domain}\\{user}",
            password,
            hostname="server",
            service="HTTP",
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
            channel_bindings=GssChannelBindings(application_data=bindings) if bindings else None,
        )
    )


def spnego_server(bindings: bytes | None = None) -> Spnego:
    """Its accounts are those of NTLM_USER_FILE."""
    import spnego
    from spnego.channel_bindings import GssChannelBindings

    return Spnego(
        spnego.server(
            protocol="ntlm",
            options=spnego.NegotiateOptions.use_ntlm,
            channel_bindings=GssChannelBindings(application_data=bindings) if bindings else None,
        )
    )


def _gss_bindings(data: bytes | None) -> object:
    from gssapi.raw import ChannelBindings

    return ChannelBindings(application_data=data) if data else None


def gss_client(domain: str, user: str, password: str, bindings: bytes | None = None) -> Gss:
    import gssapi

    mechanism = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
    name = gssapi.Name(f"{domain}\\{user}", gssapi.NameType.user)
    flags = gssapi.RequirementFlag
    acquired = gssapi.raw.acquire_cred_with_password(name, password.encode(), mechs=[mechanism], usage="initiate")
    return Gss(
        gssapi.SecurityContext(
            name=gssapi.Name("HTTP@server", gssapi.NameType.hostbased_service),
            creds=gssapi.Credentials(acquired.creds),
            mech=mechanism,
            usage="initiate",
            flags=flags.confidentiality | flags.integrity | flags.replay_detection | flags.out_of_sequence_detection,
            channel_bindings=_gss_bindings(bindings),
        )
    )


def gss_server(bindings: bytes | None = None) -> Gss:
    """Its accounts are those of NTLM_USER_FILE."""
    import gssapi

    mechanism = gssapi.OID.from_int_seq("1.3.6.1.4.1.311.2.2.10")
    credential = gssapi.Credentials(usage="accept", mechs=[mechanism])
    return Gss(gssapi.SecurityContext(creds=credential, usage="accept", channel_bindings=_gss_bindings(bindings)))


def winpr_client(program: Path, domain: str, user: str, password: str) -> WinPr:
    return WinPr(Lines([os.fspath(program), "client", domain, user], password))


def winpr_server(program: Path, sam_file: Path) -> WinPr:
    return WinPr(Lines([os.fspath(program), "server", os.fspath(sam_file)]))


def handshake(client: Party, server: Party) -> None:
    """Runs both ends against each other until both are complete, or one refuses."""
    token = client.step(b"")
    for _ in range(3):
        reply = server.step(token)
        if not reply:
            break
        token = client.step(reply)
        if not token:
            break
    if not (client.complete and server.complete):
        raise AssertionError("the handshake ended with one side incomplete")
