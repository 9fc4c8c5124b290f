"""Where a server finds its accounts: stores in files or in memory, and lookups by the program itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

from sspi import _sspi
from sspi._arguments import data, path, secret, text, text_or_none

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import Buffer


class NtHash(tuple[None, bytes, int]):
    """What a lookup returns in place of a password: the 16 bytes of the NT hash (MD4 of the UTF-16LE password)."""

    __slots__ = ()

    def __new__(cls, value: Buffer, *, disabled: bool = False) -> NtHash:
        """Copies the hash; anything but 16 bytes is a ValueError."""
        copy = bytes(data(value, "value"))
        if len(copy) != 16:
            raise ValueError(f"an NT hash is 16 bytes, not {len(copy)}")
        return super().__new__(cls, (None, copy, _sspi.SSPI_ACCOUNT_DISABLED if disabled else 0))

    def __repr__(self) -> str:
        return "NtHash(...)"


# Gets the user and the domain as the client named them; gives a password, an NT hash, or None for an unknown user.
Lookup = Callable[[str, str], "str | Buffer | NtHash | None"]


class Account(NamedTuple):
    """One account of a store. An empty domain is the store's default domain."""

    user: str
    domain: str
    disabled: bool
    locked: bool


class AccountStore:
    """A store of accounts: `sqlite:PATH`, `ntlm-user-file:PATH`, `smbpasswd:PATH` or `memory:`; a bare path is SQLite.

    A location is a str or a path of pathlib. Credentials that use a store keep it alive, also after close(). Safe
    between threads.
    """

    __slots__ = ("_handle", "_location")

    def __init__(self, location: str | os.PathLike[str]) -> None:
        self._location = path(location, "location")
        self._handle = _sspi.SspiAccountStoreOpen(self._location)

    @classmethod
    def create(cls, location: str | os.PathLike[str]) -> Self:
        """Makes an SQLite store (mode 0600), or opens the one that is there."""
        where = path(location, "location")
        return cls._of(_sspi.SspiAccountStoreCreate(where), where)

    @classmethod
    def from_lookup(cls, lookup: Lookup) -> Self:
        """A store that asks the program, on the thread of the step that needs the account.

        An exception in the lookup refuses the login as "store unavailable", and is the cause of the SSPIError.
        """
        if not callable(lookup):
            raise TypeError(f"lookup must be callable, not {type(lookup).__name__}")
        return cls._of(_sspi.SspiAccountStoreFromCallback(lookup), "a callable")

    @classmethod
    def _of(cls, handle: _sspi.AccountStore, location: str) -> Self:
        made = cls.__new__(cls)
        made._handle = handle
        made._location = location
        return made

    def add(self, user: str, password: str | Buffer, domain: str | None = None) -> None:
        """Replaces the account of that name if there is one, without asking; adds it otherwise.

        To add only what is new, look into accounts() first. The store keeps keys only, never the password.
        """
        name, where = text(user, "user"), text_or_none(domain, "domain")
        _sspi.SspiAccountStoreAdd(self._handle, name, where, secret(password, "password"))

    def add_nt_hash(self, user: str, nt_hash: Buffer, domain: str | None = None) -> None:
        """Adds or replaces an account, as add() does, by the 16 bytes of its NT hash."""
        name, where = text(user, "user"), text_or_none(domain, "domain")
        _sspi.SspiAccountStoreAddNtHash(self._handle, name, where, data(nt_hash, "nt_hash"))

    def remove(self, user: str, domain: str | None = None) -> None:
        """Removes an account; SEC_E_LOGON_DENIED if there is none of that name."""
        _sspi.SspiAccountStoreRemove(self._handle, text(user, "user"), text_or_none(domain, "domain"))

    def set_disabled(self, user: str, disabled: bool = True, domain: str | None = None) -> None:
        """Disables or enables an account; enabling also clears a lock."""
        name, where = text(user, "user"), text_or_none(domain, "domain")
        if not isinstance(disabled, bool):
            raise TypeError(f"disabled must be a bool, not {type(disabled).__name__}")
        _sspi.SspiAccountStoreSetDisabled(self._handle, name, where, disabled)

    def accounts(self) -> list[Account]:
        """The accounts, sorted by domain and user."""
        return [
            Account(
                row.User or "",
                row.Domain or "",
                bool(row.Flags & _sspi.SSPI_ACCOUNT_DISABLED),
                bool(row.Flags & _sspi.SSPI_ACCOUNT_LOCKED),
            )
            for row in _sspi.SspiAccountStoreList(self._handle)
        ]

    def import_from(self, location: str | os.PathLike[str]) -> int:
        """Copies every account of another store, in one transaction; how many they were."""
        return _sspi.SspiAccountStoreImport(self._handle, path(location, "location"))

    def close(self) -> None:
        """Releases the store. May be repeated."""
        self._handle.close()

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._handle.closed

    def __repr__(self) -> str:
        return f"<sspi.AccountStore {self._location!r} {'closed' if self.closed else 'open'}>"

    def __iter__(self) -> Iterator[Account]:
        return iter(self.accounts())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
