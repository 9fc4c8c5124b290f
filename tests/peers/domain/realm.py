"""The test domain as its tests use it: tickets of its users, what winbind says of them, and both ends of a login."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import gssapi
import pytest
import sspi
from sspi import InitFlag, _sspi
from test_kerberos import GSS_PROTECT, PROTECT, Heimdal, OurClient

FOLDER = Path(os.environ.get("SAMBA_DOMAIN", "/nonexistent"))
REALM = "AD.EXAMPLE.TEST"
DOMAIN = "ADEXAMPLE"
PASSWORD = "Correct-Horse-1"
WEB = "HTTP/web.ad.example.test"
BACK = "svc/back.ad.example.test"
MECHANISMS = {"Kerberos": gssapi.MechType.kerberos, "Negotiate": gssapi.OID.from_int_seq("1.3.6.1.5.5.2")}


def ticket_cache(user: str) -> str:
    """A cache with a ticket-granting ticket of the user, asked for once."""
    path = FOLDER / f"cache-{user}"
    if not path.exists():
        (FOLDER / "password").write_text(PASSWORD)
        command = ["kinit", f"--password-file={FOLDER}/password", "-c", f"FILE:{path}", "-f", f"{user}@{REALM}"]
        subprocess.run(command, check=True, timeout=30)
    return f"FILE:{path}"


@pytest.fixture(autouse=True)
def tickets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """For every test of a module that imports it: alice's tickets, and a replay cache of its own."""
    monkeypatch.setenv("SSPI_REPLAY_CACHE", str(tmp_path / "replay"))
    monkeypatch.setenv("KRB5CCNAME", ticket_cache("alice"))


class OurServer:
    """Our acceptor: a service of the domain, by its keytab unless other options say."""

    FLAGS = sspi.ServerContext.DEFAULT_FLAGS

    def __init__(
        self, package: str = "Kerberos", keytab: str = "web", flags: sspi.AcceptFlag = FLAGS, **options: object
    ) -> None:
        wanted = {"service_names": WEB, "keytab": str(FOLDER / f"{keytab}.keytab")} | options
        self.credential = sspi.Credential(package, options=wanted)
        self.context = sspi.ServerContext(self.credential, flags=flags)

    def step(self, token: bytes) -> bytes:
        return bytes(self.context.step(token).token)


def facts(context: sspi.ServerContext) -> dict[str, str]:
    """What our library lists of the client, one row a name."""
    rows = _sspi.SspiListIdentity(context._open())
    return {row.Name: row.Value for row in rows if row.Name != "group"}


def numbers(context: sspi.ServerContext) -> dict[str, int]:
    return {row.Name: row.Number for row in _sspi.SspiListIdentity(context._open())}


def groups(context: sspi.ServerContext) -> set[str]:
    return {row.Value for row in _sspi.SspiListIdentity(context._open()) if row.Name == "group"}


def domain_groups(context: sspi.ServerContext) -> set[str]:
    """Those of the domain: neither well-known ones nor the machine's own."""
    return {sid for sid in groups(context) if sid.startswith("S-1-5-21-")}


def wbinfo(*arguments: str) -> list[str]:
    command = ["wbinfo", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.splitlines()


def sid_by_winbind(name: str) -> str:
    return wbinfo("-n", f"{DOMAIN}\\{name}")[0].split()[0]


def sids_by_winbind(user: str) -> set[str]:
    """The user's own SID and those of all its groups, as a login through winbind finds them."""
    wbinfo("-a", f"{DOMAIN}\\{user}%{PASSWORD}")
    return set(wbinfo(f"--user-sids={sid_by_winbind(user)}"))


class OurInitiator(OurClient):
    """Our initiator with the cache of the environment, or whoever the arguments name."""

    def __init__(
        self, package: str, service: str = WEB, flags: int = PROTECT | InitFlag.MUTUAL_AUTH, **arguments: object
    ) -> None:
        self.credential = sspi.Credential(package, usage="initiate", **arguments)
        self.context = sspi.ClientContext(self.credential, target=service, flags=InitFlag(flags))

    def wrap(self, data: bytes) -> bytes:
        return self.context.wrap(data)

    def unwrap(self, data: bytes) -> bytes:
        return self.context.unwrap(data)


class HeldInitiator(OurInitiator):
    """Our initiator with a credential that another call made."""

    def __init__(self, handle: _sspi.CredHandle, package: str, service: str) -> None:
        super().__init__(package, service)
        self.credential._handle = handle
        self.context = sspi.ClientContext(self.credential, target=service, flags=PROTECT | InitFlag.MUTUAL_AUTH)


class MitInitiator:
    """MIT's GSS-API with the same words."""

    def __init__(self, package: str, service: str = WEB, extra: int = 0) -> None:
        name = gssapi.Name(f"{service}@{REALM}", gssapi.NameType.kerberos_principal)
        flags = GSS_PROTECT | gssapi.RequirementFlag.mutual_authentication | extra
        mechanism = MECHANISMS[package]
        self.context = gssapi.SecurityContext(name=name, usage="initiate", flags=flags, mech=mechanism)

    def step(self, token: bytes) -> bytes:
        return self.context.step(token or None) or b""

    def wrap(self, data: bytes) -> bytes:
        return self.context.wrap(data, True).message

    def unwrap(self, data: bytes) -> bytes:
        return self.context.unwrap(data).message


class HeimdalInitiator(Heimdal):
    """Heimdal's GSS-API with the same words."""

    def __init__(self, program: Path, package: str, service: str = WEB, extra: int = 0) -> None:
        mechanism = ["spnego"] if package == "Negotiate" else []
        super().__init__(program, "client", f"{service}@{REALM}", hex(0x3E | extra), *mechanism)

    def wrap(self, data: bytes) -> bytes:
        return self.ask("wrap", data)

    def unwrap(self, data: bytes) -> bytes:
        return self.ask("unwrap", data)
