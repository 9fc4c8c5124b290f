"""What a TLS conversation is: a function of a place that tells how the server ended it, and the answer it must give."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec

from raw_tls import EndedError, Hello, Raw

_Given = ParamSpec("_Given")


@dataclass(frozen=True)
class Place:
    """The servers of one kind, ours or OpenSSL's, and certificates for clients: the one that is trusted, another."""

    port: int
    asks: int  # for a certificate
    demands: int  # one
    other: int  # shares no keys with the first
    short: int  # its sessions live for a second
    blocks: int  # knows CBC and nothing else
    client: Path
    stranger: Path
    clients: dict[str, Path]  # by the kind of their keys


@dataclass(frozen=True)
class Talk:
    """`openssl`: what its server answers where it differs from `expected` ("": not asked), and `why` that is so.

    `everywhere`: our server in Lua is asked too."""

    run: Callable[[Place], str]
    expected: str
    openssl: str
    why: str
    everywhere: bool


TALKS: dict[str, Talk] = {}


def talk(
    expected: str,
    *,
    since_3_5: str | None = None,
    openssl: str | None = None,
    why: str = "",
    everywhere: bool = True,
) -> Callable[[Callable[[Place], str]], Callable[[Place], str]]:
    """`since_3_5`: what both servers answer instead where OpenSSL is of that version or later."""
    assert (openssl is None) == (why == "")
    if since_3_5 is not None and ssl.OPENSSL_VERSION_INFO >= (3, 5):
        expected = since_3_5

    def add(run: Callable[[Place], str]) -> Callable[[Place], str]:
        run = heard(run)
        TALKS[run.__name__] = Talk(run, expected, expected if openssl is None else openssl, why, everywhere)
        return run

    return add


def heard(run: Callable[_Given, str]) -> Callable[_Given, str]:
    """Where the server ends a conversation early, how it did is the answer."""

    @functools.wraps(run)
    def wrapped(*given: _Given.args, **named: _Given.kwargs) -> str:
        try:
            return run(*given, **named)
        except EndedError as ended:
            return str(ended)

    return wrapped


def each(answers: Iterable[str]) -> str:
    """All answers of a row, each of them once."""
    return " ".join(sorted(set(answers)))


@heard
def tried(place: Place, hello: Hello) -> str:
    with Raw(place.port) as raw:
        return (raw.open(hello) if hello.new else raw.open_old(hello)).outcome()


@heard
def said(place: Place, data: bytes) -> str:
    """The answer to bytes after which nothing comes."""
    with Raw(place.port) as raw:
        raw.raw(data)
        return raw.ending()


def opened(place: Place, new: bool) -> Raw:
    raw = Raw(place.port)
    return raw.open() if new else raw.open_old()


@heard
def sent(place: Place, new: bool, *records: tuple[int, bytes], padding: int = 0) -> str:
    """Then a line, where all was passed over."""
    with opened(place, new) as raw:
        how = {"padding": padding} if padding else {}
        raw.raw(b"".join(raw.pack(kind, data, **how) for kind, data in records))
        return raw.outcome()


def both(place: Place, *records: tuple[int, bytes]) -> str:
    return each(sent(place, new, *records) for new in (True, False))
