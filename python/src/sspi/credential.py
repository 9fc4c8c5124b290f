"""What a server checks its clients by, or what a client proves itself with."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal

import sspi.errors  # noqa: F401  (the generated module raises SSPIError from now on)
from sspi import _sspi
from sspi._arguments import data, kind, path, secret, text, text_or_none
from sspi.accounts import AccountStore, Lookup
from sspi.events import Event, receiver

if TYPE_CHECKING:
    from typing import Self

    from typing_extensions import Buffer

Usage = Literal["accept", "initiate", "both"]
_USAGES: dict[str, int] = {
    "accept": _sspi.SECPKG_CRED_INBOUND,
    "initiate": _sspi.SECPKG_CRED_OUTBOUND,
    "both": _sspi.SECPKG_CRED_BOTH,
}


Identity = tuple[str | None, str | None, "Buffer | None"]


def _store_of(accounts: AccountStore | str | os.PathLike[str] | Lookup) -> AccountStore:
    if isinstance(accounts, AccountStore):
        return accounts
    if isinstance(accounts, str | os.PathLike):
        return AccountStore(path(accounts, "accounts"))
    if callable(accounts):
        return AccountStore.from_lookup(accounts)
    raise TypeError(f"accounts must be an AccountStore, a location or a callable, not {kind(accounts)}")


def _option_text(value: str | int | bool | os.PathLike[str] | None, name: str) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return str(int(value))
    if value is None:
        return None
    if not isinstance(value, str | os.PathLike):
        raise TypeError(f"options[{name!r}] must be a str, an int, a bool or None, not {kind(value)}")
    return path(value, f"options[{name!r}]")


def _option_texts(options: Mapping[str, str | int | bool | os.PathLike[str] | None] | None) -> dict[str, str | None]:
    if options is None:
        return {}
    if not isinstance(options, Mapping):
        raise TypeError(f"options must be a mapping of names to values, not {kind(options)}")
    return {text(name, "a name in options"): _option_text(value, name) for name, value in options.items()}


def _user_and_domain(username: str | None, domain: str | None) -> tuple[str | None, str | None]:
    """Splits DOMAIN\\user where no domain is given beside it. user@domain is a name of its own and stays whole."""
    name, where = text_or_none(username, "username"), text_or_none(domain, "domain")
    if name is None or "\\" not in name:
        return name, where
    front, _, back = name.partition("\\")
    if where:
        raise ValueError("username names a domain (DOMAIN\\user), and domain is given as well")
    if not back or "\\" in back:
        raise ValueError("username must be user, DOMAIN\\user or user@domain")
    return back, front


def _identity(
    usage: Usage, username: str | None, domain: str | None, password: str | Buffer | None, nt_hash: Buffer | None
) -> Identity | None:
    """Who a client is; None: nobody was named."""
    name, where = _user_and_domain(username, domain)
    word = None if password is None else secret(password, "password")
    given = {"username": username, "domain": domain, "password": password, "nt_hash": nt_hash}
    if usage == "accept":
        for argument, value in given.items():
            if value is not None:
                raise ValueError(f"{argument} is for a client: usage='accept' takes accounts instead")
    if name is None:
        for argument in ("password", "nt_hash"):
            if given[argument] is not None:
                raise ValueError(f"{argument} is given without a username")
    return None if name is None and where is None and word is None else (name, where, word)


class Credential:
    """A credential for one package. Serves any number of contexts, on any threads.

    username: with domain, or in one as DOMAIN\\user or user@domain; for a client, as are password and nt_hash. A client
    that names nobody uses what the machine's configuration gives it.
    accounts: where the server finds its accounts: an AccountStore, a location, or a function of user and domain that
    gives a password, an NtHash or None. Without it, the machine's configuration (sspi.conf, SSPI_ACCOUNT_STORE) says.
    options: see sspi.options(). on_event: gets one Event for each login attempt, on the thread of the step.
    """

    __slots__ = ("_handle", "_package", "_usage")

    def __init__(
        self,
        package: str = "NTLM",
        *,
        usage: Usage = "accept",
        username: str | None = None,
        domain: str | None = None,
        password: str | Buffer | None = None,
        nt_hash: Buffer | None = None,
        accounts: AccountStore | str | os.PathLike[str] | Lookup | None = None,
        options: Mapping[str, str | int | bool | os.PathLike[str] | None] | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        self._package, self._usage = text(package, "package"), usage
        use = _USAGES.get(text(usage, "usage"))
        if use is None:
            raise ValueError(f"usage must be 'accept', 'initiate' or 'both', not {usage!r}")
        identity = _identity(usage, username, domain, password, nt_hash)
        key = None if nt_hash is None else data(nt_hash, "nt_hash")
        if key is not None and len(key) != 16:
            raise ValueError(f"nt_hash must be 16 bytes, not {len(key)}")
        settings = _option_texts(options)
        if on_event is not None and not callable(on_event):
            raise TypeError(f"on_event must be callable, not {kind(on_event)}")
        if accounts is not None and usage == "initiate":
            raise ValueError("accounts is for a server: usage='initiate' takes username and password instead")
        store = None if accounts is None else _store_of(accounts)
        self._handle, _ = _sspi.AcquireCredentialsHandle(None, package, use, identity)
        if key is not None:
            _sspi.SspiCredentialSetNtHash(self._handle, key)
        for name, value in settings.items():
            _sspi.SspiCredentialSetOption(self._handle, name, value)
        if store is not None:
            _sspi.SspiCredentialSetAccountStore(self._handle, store._handle)
        if on_event is not None:
            _sspi.SspiCredentialSetEventCallback(self._handle, receiver(on_event))

    @property
    def package(self) -> str:
        """The package's name, as it was given."""
        return self._package

    def close(self) -> None:
        """Releases the credential; its contexts go on working. May be repeated."""
        self._handle.close()

    @property
    def closed(self) -> bool:
        """True after close()."""
        return self._handle.closed

    def __repr__(self) -> str:
        state = "closed" if self.closed else "open"
        return f"<sspi.Credential package={self._package!r} usage={self._usage!r} {state}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
