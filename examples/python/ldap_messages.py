"""LDAP's messages (RFC 4511) for ldap_directory.py: in and out of bytes, by the definitions of the library ldap3."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ldap3.protocol import rfc4511 as ldap
from ldap3.strategy.base import BaseStrategy
from pyasn1.codec.ber import decoder, encoder
from pyasn1.error import PyAsn1Error

MAX_MESSAGE = 65536
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
SUCCESS, PROTOCOL_ERROR, METHOD_NOT_SUPPORTED = 0, 2, 7
BIND_IN_PROGRESS, NO_SUCH_OBJECT, INVALID_CREDENTIALS = 14, 32, 49
ACCESS_DENIED, UNWILLING = 50, 53


@dataclass(frozen=True)
class Request:
    """One message of the client: its number, what it wants (bindRequest, ...), and the details."""

    number: int
    kind: str
    body: Any


def take(received: bytearray) -> Request | None:
    """The first message of what was received, if it is there as a whole. ValueError: it is no LDAP."""
    size = BaseStrategy.compute_ldap_message_size(received)
    if len(received) > 1 and received[1] > 0x84 or size > MAX_MESSAGE:
        raise ValueError("a message is too long")
    if size < 0 or size > len(received):
        return None
    try:
        message, rest = decoder.decode(bytes(received[:size]), asn1Spec=ldap.LDAPMessage())
    except (PyAsn1Error, RecursionError):
        raise ValueError("a message cannot be read") from None
    if rest:
        raise ValueError("a message has an end that does not belong to it")
    del received[:size]
    operation = message["protocolOp"]
    return Request(int(message["messageID"]), operation.getName(), operation.getComponent())


def _message(number: int, kind: str, body: Any) -> bytes:
    message = ldap.LDAPMessage()
    message["messageID"] = number
    message["protocolOp"] = ldap.ProtocolOp().setComponentByName(kind, body)
    encoded: bytes = encoder.encode(message)
    return encoded


def _result(body: Any, code: int, text: str) -> Any:
    body["resultCode"] = code
    body["matchedDN"] = ""
    body["diagnosticMessage"] = text
    return body


def bind_response(number: int, code: int, text: str = "", challenge: bytes | None = None) -> bytes:
    """The answer to a bindRequest, with the challenge of SASL."""
    body = _result(ldap.BindResponse(), code, text)
    if challenge is not None:
        body["serverSaslCreds"] = ldap.ServerSaslCreds(challenge)
    return _message(number, "bindResponse", body)


def extended_response(number: int, code: int, text: str = "", value: str | None = None) -> bytes:
    """The answer to an extendedReq."""
    body = _result(ldap.ExtendedResponse(), code, text)
    if value is not None:
        body["responseValue"] = ldap.ResponseValue(value.encode())
    return _message(number, "extendedResp", body)


def search_entry(number: int, name: str, attributes: dict[str, list[str]]) -> bytes:
    """One entry that a search found."""
    body = ldap.SearchResultEntry()
    body["object"] = name
    rows = ldap.PartialAttributeList()
    for i, (kind, values) in enumerate(attributes.items()):
        row, held = ldap.PartialAttribute(), ldap.Vals()
        for k, value in enumerate(values):
            held[k] = value
        row["type"] = kind
        row["vals"] = held
        rows[i] = row
    body["attributes"] = rows
    return _message(number, "searchResEntry", body)


def search_done(number: int, code: int, text: str = "") -> bytes:
    """The end of a search."""
    return _message(number, "searchResDone", _result(ldap.SearchResultDone(), code, text))
