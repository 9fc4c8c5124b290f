"""Who a client is, beyond its name: SIDs, groups and the rest of what the domain says of it."""

from __future__ import annotations

from typing import NamedTuple

from sspi import _sspi
from sspi._enums import Status
from sspi.errors import SSPIError


class Group(NamedTuple):
    """One group of a client. `attributes` are SE_GROUP_* bits."""

    sid: str
    attributes: int


class Identity(NamedTuple):
    """What was verified of a client. Whatever its ticket does not tell is empty, or 0.

    user and domain are the account; principal and realm are Kerberos' names of it. SIDs are text, S-1-...
    """

    user: str = ""
    domain: str = ""
    principal: str = ""
    realm: str = ""
    upn: str = ""
    dns_domain: str = ""
    logon_server: str = ""
    sid: str = ""
    groups: tuple[Group, ...] = ()
    account_flags: int = 0
    user_flags: int = 0


_TEXTS = ("user", "domain", "principal", "realm", "upn", "dns_domain", "logon_server", "sid")


def identity_of(handle: _sspi.CtxtHandle, client_name: str) -> Identity:
    """The typed form of what the library lists; of its name alone where the package knows no more, as NTLM."""
    try:
        rows = _sspi.SspiListIdentity(handle)
    except SSPIError as error:
        if error.status is not Status.SEC_E_UNSUPPORTED_FUNCTION:
            raise
        rows = []
    if not rows:
        domain, _, user = client_name.rpartition("\\")
        return Identity(user=user, domain=domain)
    texts = {row.Name or "": row.Value or "" for row in rows}
    numbers = {row.Name or "": row.Number for row in rows}
    return Identity(
        **{name: texts.get(name, "") for name in _TEXTS},
        groups=tuple(Group(row.Value or "", row.Number) for row in rows if row.Name == "group"),
        account_flags=numbers.get("account_flags", 0),
        user_flags=numbers.get("user_flags", 0),
    )
