"""What a server checks its clients by, or what a client proves itself with."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Literal, NamedTuple

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
_Named = tuple[str | None, str | None, "Buffer | None"]


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


def _check_sides(usage: Usage, given: Mapping[str, object]) -> None:
    """What belongs to the other side, or stands alone."""
    named = given["principal"] is not None
    if usage == "accept":
        for argument in ("username", "domain", "nt_hash", "ccache", *(() if named else ("password",))):
            if given[argument] is not None:
                raise ValueError(f"{argument} is for a client: usage='accept' takes accounts or a keytab instead")
    if usage == "initiate":
        for argument, instead in (("accounts", "username and password"), ("services", "the target of a context")):
            if given[argument] is not None:
                raise ValueError(f"{argument} is for a server: usage='initiate' takes {instead} instead")
    if named and given["username"] is not None:
        raise ValueError("principal is given as well as a username: one of them is enough")
    if given["username"] is None and not (named and given["nt_hash"] is None):
        for argument in ("password", "nt_hash"):
            if given[argument] is not None:
                raise ValueError(f"{argument} is given without a username")


def _identity(
    username: str | None, domain: str | None, password: str | Buffer | None, principal: str | None
) -> _Named | None:
    """Who the credential speaks for; None: nobody was named, or one whose keys are elsewhere."""
    name, where = _user_and_domain(username, domain)
    word = None if password is None else secret(password, "password")
    if principal is not None and word is not None:
        return principal, where, word
    return None if name is None and where is None and word is None else (name, where, word)


class _Keys(NamedTuple):
    """What Kerberos works with."""

    path: str | None
    content: bytearray | None
    ccache: str | None
    services: str | None


def _keys(
    keytab: str | os.PathLike[str] | Buffer | None, ccache: str | os.PathLike[str] | None, services: object
) -> _Keys:
    where = path(keytab, "keytab") if isinstance(keytab, str | os.PathLike) else None
    content = None
    if keytab is not None and not isinstance(keytab, str | os.PathLike):
        try:
            content = data(keytab, "keytab")
        except TypeError:
            raise TypeError(f"keytab must be a path or bytes-like, not {kind(keytab)}") from None
    cache = None if ccache is None else path(ccache, "ccache")
    if services is None or isinstance(services, str):
        return _Keys(where, content, cache, text_or_none(services, "services"))
    if not isinstance(services, Iterable):
        raise TypeError(f"services must be a str or several, not {kind(services)}")
    names = [text(name, "a name in services") for name in services]
    if not names:
        raise ValueError("services is empty: nobody could log in")
    return _Keys(where, content, cache, " ".join(names))


class Credential:
    """A credential for one package. Serves any number of contexts, on any threads.

    username: with domain, or in one as DOMAIN\\user or user@domain; for a client, as are password and nt_hash. A client
    that names nobody uses what the machine's configuration gives it.
    accounts: where the server finds its accounts: an AccountStore, a location, or a function of user and domain that
    gives a password, an NtHash or None. Without it, the machine's configuration (sspi.conf, SSPI_ACCOUNT_STORE) says.
    options: see sspi.options(). on_event: gets one Event for each login attempt, on the thread of the step.

    For Kerberos, and Negotiate, which may choose it:
    keytab: the path of a file of keys, or its content: a server's keys, or a client's in place of a password.
    principal: the one service that a server is, HTTP/www.example.com@REALM, or who a client is, in place of a username;
    with a password where there is no keytab. An account that runs services of other names (as in a domain) goes
    together with services. services: what a server accepts tickets for, if that is more than the one service of its
    keytab: "HTTP", "HTTP/www.example.com", several of them, or "*".
    ccache: where a client's tickets are, as libkrb5 calls it (FILE:/path, KCM:, ...); the default one without it.
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
        keytab: str | os.PathLike[str] | Buffer | None = None,
        principal: str | None = None,
        services: str | Iterable[str] | None = None,
        ccache: str | os.PathLike[str] | None = None,
        accounts: AccountStore | str | os.PathLike[str] | Lookup | None = None,
        options: Mapping[str, str | int | bool | os.PathLike[str] | None] | None = None,
        on_event: Callable[[Event], object] | None = None,
    ) -> None:
        self._package, self._usage = text(package, "package"), usage
        use = _USAGES.get(text(usage, "usage"))
        if use is None:
            raise ValueError(f"usage must be 'accept', 'initiate' or 'both', not {usage!r}")
        given = {
            "username": username, "domain": domain, "password": password, "nt_hash": nt_hash, "ccache": ccache,
            "principal": principal, "accounts": accounts, "services": services,
        }  # fmt: skip
        name = text_or_none(principal, "principal")
        identity = _identity(username, domain, password, name)
        _check_sides(usage, given)
        key = None if nt_hash is None else data(nt_hash, "nt_hash")
        if key is not None and len(key) != 16:
            raise ValueError(f"nt_hash must be 16 bytes, not {len(key)}")
        keys = _keys(keytab, ccache, services)
        settings = _option_texts(options)
        if keys.services is not None:
            settings["service_names"] = keys.services
        if on_event is not None and not callable(on_event):
            raise TypeError(f"on_event must be callable, not {kind(on_event)}")
        store = None if accounts is None else _store_of(accounts)
        if keys.services is not None and identity is not None:
            name = None  # the account is one thing, the services that it runs are another
        self._handle, _ = _sspi.AcquireCredentialsHandle(name, package, use, identity)
        if key is not None:
            _sspi.SspiCredentialSetNtHash(self._handle, key)
        self._set_keys(keys)
        for option, value in settings.items():
            _sspi.SspiCredentialSetOption(self._handle, option, value)
        if store is not None:
            _sspi.SspiCredentialSetAccountStore(self._handle, store._handle)
        if on_event is not None:
            _sspi.SspiCredentialSetEventCallback(self._handle, receiver(on_event))

    def _set_keys(self, keys: _Keys) -> None:
        if keys.path is not None:
            _sspi.SspiCredentialSetKeytab(self._handle, keys.path)
        if keys.content is not None:
            _sspi.SspiCredentialSetKeytabBytes(self._handle, keys.content)
        if keys.ccache is not None:
            _sspi.SspiCredentialSetTicketCache(self._handle, keys.ccache)

    @classmethod
    def _of(cls, handle: _sspi.CredHandle, package: str) -> Self:
        """What the library made from a context or another credential."""
        made = cls.__new__(cls)
        made._handle, made._package, made._usage = handle, package, "initiate"
        return made

    def for_user(self, user: str, realm: str | None = None) -> Credential:
        """A credential of a user whom this server knows by other means than Kerberos, and vouches for (S4U2Self).

        Needs options={"constrained_delegation": "anyone"}. user: as the KDC names it, alice or alice@REALM. A context
        of this server itself then shows the user's groups; elsewhere it goes as far as the KDC lets this server.
        """
        name, where = text(user, "user"), text_or_none(realm, "realm")
        return Credential._of(_sspi.SspiAcquireCredentialForUser(self._handle, name, where), self._package)

    @property
    def package(self) -> str:
        """The package's name, as it was given."""
        return self._package

    def check(self) -> None:
        """For a server's start: raises SSPIError unless accounts, replay cache, keys and certificates are usable."""
        _sspi.SspiCredentialCheck(self._handle)

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
