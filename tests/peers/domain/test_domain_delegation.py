"""Tickets on their way further in a Samba domain: lent by the client, used at another service and at the directory."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ldap
import pytest
import realm
import sspi
from realm import (
    BACK,
    DOMAIN,
    PASSWORD,
    REALM,
    HeimdalInitiator,
    HeldInitiator,
    MitInitiator,
    OurInitiator,
    OurServer,
    facts,
    tickets,
)
from sspi import AcceptFlag, InitFlag, _sspi
from test_kerberos import PROTECT, handshake, heimdal

__all__ = ["heimdal", "tickets"]
CONTROLLER = "dc.ad.example.test"
LENDING = PROTECT | InitFlag.MUTUAL_AUTH | InitFlag.DELEGATE


@pytest.fixture(params=["mit", "heimdal", "ours"])
def lender(request: pytest.FixtureRequest, heimdal: Path) -> Callable[[str], object]:
    """A client that lends its tickets."""

    def made(package: str) -> object:
        if request.param == "heimdal":
            return HeimdalInitiator(heimdal, package, extra=1)
        return MitInitiator(package, extra=1) if request.param == "mit" else OurInitiator(package, flags=LENDING)

    return made


def lent(server: OurServer, package: str, service: str) -> HeldInitiator:
    """Our initiator with what a client lent to our acceptor."""
    return HeldInitiator(_sspi.SspiAcquireDelegatedCredential(server.context._open()), package, service)


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_lent_tickets(lender: Callable[[str], object], package: str) -> None:
    """At another service of ours, and at the controller's directory, which tells whose SIDs it sees."""
    client, server = lender(package), OurServer(package, flags=OurServer.FLAGS | AcceptFlag.DELEGATE)
    handshake(client, server)
    assert server.context.flags & AcceptFlag.DELEGATE
    onward, second = lent(server, package, BACK), OurServer(package, "back", service_names=BACK)
    handshake(onward, second)
    assert second.context.client_name == f"{DOMAIN}\\alice"
    assert facts(second.context)["sid"] == realm.sid_by_winbind("alice")
    with ldap.directory(CONTROLLER) as directory:
        directory.bind("GSS-SPNEGO", lent(server, "Negotiate", f"ldap/{CONTROLLER}"))
        assert realm.sid_by_winbind("alice") in map(ldap.sid_text, directory.root("tokenGroups"))


def test_nothing_lent(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one whose account is not to be delegated; to a service that the domain does not trust with it."""
    monkeypatch.setenv("KRB5CCNAME", realm.ticket_cache("bob"))
    server = OurServer(flags=OurServer.FLAGS | AcceptFlag.DELEGATE)
    handshake(OurInitiator("Kerberos", flags=LENDING), server)
    assert not server.context.flags & AcceptFlag.DELEGATE
    with pytest.raises(sspi.SSPIError) as refused:
        _sspi.SspiAcquireDelegatedCredential(server.context._open())
    assert refused.value.status == sspi.Status.SEC_E_NO_CREDENTIALS
    monkeypatch.setenv("KRB5CCNAME", realm.ticket_cache("alice"))
    server = OurServer("Kerberos", "back", OurServer.FLAGS | AcceptFlag.DELEGATE, service_names=BACK)
    handshake(OurInitiator("Kerberos", BACK, flags=LENDING), server)
    assert not server.context.flags & AcceptFlag.DELEGATE


@pytest.mark.parametrize(("mechanism", "package"), [("GSS-SPNEGO", "Negotiate"), ("GSSAPI", "Kerberos")])
@pytest.mark.parametrize("user", ["alice", "several"])
def test_directory(mechanism: str, package: str, user: str) -> None:
    """Our initiator at Samba's LDAP: mutual, and all after the login sealed."""
    with ldap.directory(CONTROLLER) as directory:
        client = OurInitiator(package, f"ldap/{CONTROLLER}", username=user, domain=REALM, password=PASSWORD)
        directory.bind(mechanism, client)
        seen = set(map(ldap.sid_text, directory.root("tokenGroups")))
    assert {sid for sid in seen if sid.startswith("S-1-5-21-")} == realm.sids_by_winbind(user) - {"S-1-5-32-545"}
