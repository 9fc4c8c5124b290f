"""What a server checks its clients by, or what a client proves itself with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal

import sspi.errors  # noqa: F401  (the generated module raises SSPIError from now on)
from sspi import _sspi
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


def _store_of(accounts: AccountStore | str | Lookup) -> AccountStore:
    if isinstance(accounts, AccountStore):
        return accounts
    if isinstance(accounts, str):
        return AccountStore(accounts)
    if callable(accounts):
        return AccountStore.from_lookup(accounts)
    raise TypeError(f"accounts must be an AccountStore, a location or a callable, not {type(accounts).__name__}")


def _option_text(value: str | int | bool | None) -> str | None:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value is None or isinstance(value, str) else str(value)


class Credential:
    """A credential for one package. Serves any number of contexts, on any threads.

    accounts: where the server finds its accounts: an AccountStore, a location, or a function of user and domain that
    gives a password, an NtHash or None. Without it, the machine's configuration (sspi.conf, SSPI_ACCOUNT_STORE) says.
    options: see sspi.options(). on_event: gets one Event for each login attempt, on the thread of the step.
    """

    __slots__ = ("_handle", "_package")

    def __init__(
        self,
        package: str = "NTLM",
        *,
        usage: Usage = "accept",
        username: str | None = None,
        domain: str | None = None,
        password: str | Buffer | None = None,
        nt_hash: Buffer | None = None,
        accounts: AccountStore | str | Lookup | None = None,
        options: Mapping[str, str | int | bool | None] | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        use = _USAGES.get(usage)
        if use is None:
            raise ValueError(f"usage must be 'accept', 'initiate' or 'both', not {usage!r}")
        identity = None if username is None and domain is None and password is None else (username, domain, password)
        self._package = package
        self._handle, _ = _sspi.AcquireCredentialsHandle(None, package, use, identity)
        if nt_hash is not None:
            _sspi.SspiCredentialSetNtHash(self._handle, nt_hash)
        for name, value in (options or {}).items():
            _sspi.SspiCredentialSetOption(self._handle, name, _option_text(value))
        if accounts is not None:
            _sspi.SspiCredentialSetAccountStore(self._handle, _store_of(accounts)._handle)
        if on_event is not None:
            if not callable(on_event):
                raise TypeError(f"on_event must be callable, not {type(on_event).__name__}")
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
