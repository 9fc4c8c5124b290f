"""Checks of arguments for the typed layer: each error names the argument as the script knows it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Buffer


def kind(value: object) -> str:
    """The type of a value, for a message. Never the value, which may be a secret."""
    return type(value).__name__


def text(value: object, name: str) -> str:
    """A str that the library can take: no NUL, no lone surrogate."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {kind(value)}")
    if "\0" in value:
        raise ValueError(f"{name} holds a NUL")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} is not valid Unicode") from None  # the cause would hold the value
    return value


def text_or_none(value: object, name: str) -> str | None:
    """The same, where nothing may be given."""
    return None if value is None else text(value, name)


def data(value: Buffer, name: str) -> bytearray:
    """A copy of the bytes. A number or a str is no data, though bytearray() takes both."""
    try:
        return bytearray(memoryview(value))
    except TypeError:
        raise TypeError(f"{name} must be bytes-like, not {kind(value)}") from None


def secret(value: str | Buffer, name: str) -> Buffer:
    """A password as the library takes it; nothing is copied that need not be."""
    if isinstance(value, str):
        return text(value, name).encode()
    try:
        memoryview(value)
    except TypeError:
        raise TypeError(f"{name} must be str or bytes-like, not {kind(value)}") from None
    return value


def path(value: str | os.PathLike[str], name: str) -> str:
    """A location: a str, or a path of pathlib."""
    if isinstance(value, os.PathLike):
        return text(os.fspath(value), name)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str or an os.PathLike, not {kind(value)}")
    return text(value, name)


def number(value: int, name: str) -> int:
    """An unsigned number of 32 bits, such as flags."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not {kind(value)}")
    if not 0 <= value <= 0xFFFFFFFF:
        raise ValueError(f"{name} must fit into 32 bits")
    return int(value)
