"""wrap and unwrap of the script layers against MIT's and Heimdal's GSS-API: every key type, sealed and signed only."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import sspi
from test_kerberos import GSS_PROTECT, PROTECT, TYPES, Heimdal, gssapi, handshake, heimdal, mit_server

__all__ = ["heimdal"]
KINDS = [*TYPES, "arcfour-hmac-md5"]
SIZES = (0, 1, 15, 16, 17, 100, 4096, 65536)
RC4 = {"allow_insecure_rc4": "yes"}


class Ours:
    """Either of our ends."""

    def __init__(self, context: sspi.ClientContext | sspi.ServerContext) -> None:
        self.context = context

    def step(self, token: bytes) -> bytes:
        return bytes(self.context.step(token).token)


def our_server(kdc: Path, package: str, kind: str) -> Ours:
    options = {"service_names": kind, "keytab": str(kdc / "all.keytab")} | RC4
    return Ours(sspi.ServerContext(sspi.Credential(package, options=options)))


def our_client(package: str, service: str) -> Ours:
    credential = sspi.Credential(package, usage="initiate", options=RC4)
    flags = PROTECT | sspi.InitFlag.MUTUAL_AUTH
    return Ours(sspi.ClientContext(credential, target=service, flags=flags))


class Mit:
    def __init__(self, context: gssapi.SecurityContext) -> None:
        self.context = context

    def step(self, token: bytes) -> bytes:
        return self.context.step(token or None) or b""

    def wrap(self, text: bytes, sealed: bool) -> bytes:
        return self.context.wrap(text, sealed).message

    def unwrap(self, message: bytes) -> bytes:
        return self.context.unwrap(message).message


class HeimdalEnd(Heimdal):
    def wrap(self, text: bytes, sealed: bool) -> bytes:
        return self.ask("wrap" if sealed else "wrap-signed", text)

    def unwrap(self, message: bytes) -> bytes:
        return self.ask("unwrap", message)


def peer_client(peer: str, heimdal: Path, service: str, package: str) -> Mit | HeimdalEnd:
    if peer == "heimdal":
        mechanism = ["spnego"] if package == "Negotiate" else []
        return HeimdalEnd(heimdal, "client", f"{service}@EXAMPLE.TEST", "0x3e", *mechanism)
    name = gssapi.Name(f"{service}@EXAMPLE.TEST", gssapi.NameType.kerberos_principal)
    mechanism = gssapi.MechType.kerberos if package == "Kerberos" else gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
    flags = GSS_PROTECT | gssapi.RequirementFlag.mutual_authentication
    return Mit(gssapi.SecurityContext(name=name, usage="initiate", flags=flags, mech=mechanism))


def exchange(ours: Ours, theirs: Mit | HeimdalEnd) -> None:
    context = ours.context
    for size in SIZES:
        text = os.urandom(size)
        assert theirs.unwrap(context.wrap(text)) == text
        for sealed in (True, False):
            assert context.unwrap(theirs.wrap(text, sealed)) == text
        ciphertext, signature = context.encrypt(text)
        assert theirs.unwrap(signature + ciphertext) == text


def altered(ours: Ours, theirs: Mit | HeimdalEnd) -> None:
    """The last bit of a message, sealed or signed; a cut one."""
    for sealed in (True, False):
        message = bytearray(theirs.wrap(b"a message of theirs", sealed))
        with pytest.raises(sspi.SSPIError):
            ours.context.unwrap(message[:-1])
        message[-1] ^= 1
        with pytest.raises(sspi.SSPIError) as refused:
            ours.context.unwrap(message)
        assert refused.value.status == sspi.Status.SEC_E_MESSAGE_ALTERED


@pytest.fixture(params=["mit", "heimdal"])
def peer(request: pytest.FixtureRequest, kdc: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Peers take RC4 only where they are told to."""
    text = (kdc / "krb5.conf").read_text()
    weak = re.sub(r"(?m)^\[libdefaults\]$", "[libdefaults]\n    allow_weak_crypto = true", text)
    (kdc / "krb5-weak.conf").write_text(weak)
    monkeypatch.setenv("KRB5_CONFIG", str(kdc / "krb5-weak.conf"))
    monkeypatch.setenv("KRB5_KTNAME", str(kdc / "all.keytab"))
    return request.param


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
@pytest.mark.parametrize("kind", KINDS)
def test_our_server(kdc: Path, heimdal: Path, peer: str, kind: str, package: str) -> None:
    theirs, ours = peer_client(peer, heimdal, f"{kind}/server.example.test", package), our_server(kdc, package, kind)
    handshake(theirs, ours)
    assert kind in ours.context.explanation
    exchange(ours, theirs)
    altered(ours, theirs)


@pytest.mark.parametrize("kind", KINDS)
def test_our_client(kdc: Path, heimdal: Path, peer: str, kind: str) -> None:
    ours = our_client("Kerberos", f"{kind}/server.example.test")
    theirs = HeimdalEnd(heimdal, "server") if peer == "heimdal" else Mit(mit_server())
    handshake(ours, theirs)
    assert kind in ours.context.explanation
    exchange(ours, theirs)
    altered(ours, theirs)
