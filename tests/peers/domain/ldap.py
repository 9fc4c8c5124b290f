"""A small LDAP client whose SASL tokens another party makes, for the domain controller's directory."""

from __future__ import annotations

import contextlib
import socket
import struct
from collections.abc import Iterator

from impacket.ldap import ldapasn1
from pyasn1.codec.ber import decoder, encoder
from realm import OurInitiator
from sspi import _sspi

SASL_IN_PROGRESS = 14


class Refused(Exception):  # noqa: N818 - not an error here but an outcome
    """The directory refused the login."""


class Directory:
    """One connection. bind() logs in; afterwards each message is wrapped, sealed if that was agreed."""

    def __init__(self, host: str) -> None:
        self.socket = socket.create_connection((host, 389), 10)
        self.stream = self.socket.makefile("rb")
        self.party: OurInitiator | None = None
        self.last = 0
        self.unread = b""

    def _receive(self) -> bytes:
        """What came: sealed, its length is in front; otherwise its own BER header says it."""
        if self.party is not None:
            (size,) = struct.unpack(">I", self.stream.read(4))
            return self.party.unwrap(self.stream.read(size))
        head = self.stream.read(2)
        size, more = head[1], b""
        if size & 0x80:
            more = self.stream.read(size & 0x7F)
            size = int.from_bytes(more, "big")
        return head + more + self.stream.read(size)

    def ask(self, name: str, operation: object) -> ldapasn1.LDAPMessage:
        message = ldapasn1.LDAPMessage()
        self.last += 1
        message["messageID"] = self.last
        message["protocolOp"].setComponentByName(name, operation)
        data = encoder.encode(message)
        if self.party is not None:
            data = self.party.wrap(data)
            data = struct.pack(">I", len(data)) + data
        self.socket.sendall(data)
        return self.next()

    def next(self) -> ldapasn1.LDAPMessage:
        """One answer; several may come sealed as one."""
        message, self.unread = decoder.decode(self.unread or self._receive(), asn1Spec=ldapasn1.LDAPMessage())
        return message["protocolOp"].getComponent()

    def bind(self, mechanism: str, party: OurInitiator) -> None:
        token, result = party.step(b""), SASL_IN_PROGRESS
        while result == SASL_IN_PROGRESS:
            request = ldapasn1.BindRequest()
            request["version"], request["name"] = 3, ""
            sasl = request["authentication"].setComponentByName("sasl").getComponent()
            sasl["mechanism"], sasl["credentials"] = mechanism, token
            answer = self.ask("bindRequest", request)
            result, token = int(answer["resultCode"]), bytes(answer["serverSaslCreds"])
            if token and not party.context.complete:
                token = party.step(token)
            elif result == SASL_IN_PROGRESS:
                token = choose_layer(party, token)
        if result != 0:
            raise Refused(f"{result} {answer['diagnosticMessage']}")
        self.party = party

    def root(self, attribute: str) -> list[bytes]:
        """Values of the directory's first entry, such as the SIDs of whoever asks."""
        request = ldapasn1.SearchRequest()
        request["baseObject"], request["scope"], request["derefAliases"] = "", 0, 0
        request["sizeLimit"], request["timeLimit"], request["typesOnly"] = 0, 10, False
        request["filter"] = ldapasn1.Filter()
        request["filter"]["present"] = "objectClass"
        request["attributes"].setComponents(attribute)
        entry = self.ask("searchRequest", request)
        while self.next().__class__ is not ldapasn1.SearchResultDone:
            pass
        return [bytes(value) for values in entry["attributes"] for value in values["vals"]]


def choose_layer(party: OurInitiator, offer: bytes) -> bytes:
    """RFC 4752 3.1: of what the server offers, sealing, as much at once as we may send."""
    if not offer:
        return b""
    token = bytearray(offer)
    message = ((_sspi.SECBUFFER_STREAM, token), (_sspi.SECBUFFER_DATA, bytearray()))
    _, sizes, quality = _sspi.DecryptMessage(party.context._open(), message, 0)
    layers = token[16 : 16 + sizes[1][1]]  # plain, in place, behind the header of RFC 4121
    assert (len(layers), quality) == (4, _sspi.SECQOP_WRAP_NO_ENCRYPT)
    assert layers[0] & 4
    return party.wrap(b"\x04" + (65536).to_bytes(3, "big"))


def sid_text(sid: bytes) -> str:
    parts = struct.unpack(f"<{sid[1]}I", sid[8:])
    return "-".join(["S-1", str(int.from_bytes(sid[2:8], "big")), *map(str, parts)])


@contextlib.contextmanager
def directory(host: str) -> Iterator[Directory]:
    opened = Directory(host)
    try:
        yield opened
    finally:
        opened.stream.close()
        opened.socket.close()
