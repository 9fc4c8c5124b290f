"""Constrained delegation in a Samba domain: a service acts for its clients, and for users it vouches for."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import realm
import sspi
from realm import (
    BACK,
    DOMAIN,
    PASSWORD,
    REALM,
    WEB,
    HeldInitiator,
    MitInitiator,
    OurInitiator,
    OurServer,
    facts,
    tickets,
)
from sspi import Status, _sspi
from test_kerberos import handshake

__all__ = ["tickets"]
DIRECTORY = "ldap/dc.ad.example.test"


def acting(server: OurServer, package: str, service: str) -> HeldInitiator:
    """Our initiator in the name of an acceptor's client, who lent nothing."""
    return HeldInitiator(_sspi.SspiAcquireConstrainedCredential(server.context._open()), package, service)


def vouched(service: OurServer, user: str, package: str, target: str) -> HeldInitiator:
    """Our initiator in the name of somebody who never logged in."""
    handle = _sspi.SspiAcquireCredentialForUser(service.credential._handle, user, None)
    return HeldInitiator(handle, package, target)


@pytest.fixture(params=["Kerberos", "Negotiate"])
def package(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("client_of", [MitInitiator, OurInitiator], ids=["mit", "ours"])
def test_for_a_client(client_of: Callable[[str], object], package: str) -> None:
    server = OurServer(package, constrained_delegation="clients")
    handshake(client_of(package), server)
    second = OurServer(package, "back", service_names=BACK)
    onward = acting(server, package, BACK)
    handshake(onward, second)
    assert second.context.client_name == f"{DOMAIN}\\alice"
    assert facts(second.context)["sid"] == realm.sid_by_winbind("alice")
    assert realm.domain_groups(second.context) == realm.domain_groups(server.context)
    assert second.context.unwrap(onward.wrap(b"for alice")) == b"for alice"


def test_not_everywhere(package: str) -> None:
    """The domain names the services; the directory is none of them."""
    server = OurServer(package, constrained_delegation="clients")
    handshake(OurInitiator(package), server)
    with pytest.raises(sspi.SSPIError) as refused:
        acting(server, package, DIRECTORY).step(b"")
    assert refused.value.status == Status.SEC_E_DELEGATION_REQUIRED


def test_not_for_everybody(package: str) -> None:
    """An account that is not to be delegated."""
    server = OurServer(package, constrained_delegation="clients")
    handshake(OurInitiator(package, username="bob", domain=REALM, password=PASSWORD), server)
    with pytest.raises(sspi.SSPIError) as refused:
        acting(server, package, BACK).step(b"")
    assert refused.value.status == Status.SEC_E_DELEGATION_REQUIRED


def test_not_unless_the_option_says(package: str) -> None:
    server = OurServer(package)
    handshake(OurInitiator(package), server)
    for act in (lambda: acting(server, package, BACK), lambda: vouched(server, "alice", package, BACK)):
        with pytest.raises(sspi.SSPIError) as refused:
            act()
        assert refused.value.status == Status.SEC_E_DELEGATION_REQUIRED


def test_not_by_everybody(package: str) -> None:
    """A service that the domain trusts with nothing."""
    server = OurServer(package, "back", service_names=BACK, constrained_delegation="anyone")
    handshake(OurInitiator(package, BACK), server)
    for act in (lambda: acting(server, package, WEB), lambda: vouched(server, "alice", package, WEB)):
        with pytest.raises(sspi.SSPIError) as refused:
            act().step(b"")
        assert refused.value.status == Status.SEC_E_DELEGATION_REQUIRED


@pytest.mark.parametrize("user", ["alice", "bärbel", f"several@{REALM}"])
def test_for_a_user(package: str, user: str) -> None:
    """Who they are, by a context of the service with itself; then at the other service."""
    service = OurServer(package, constrained_delegation="anyone")
    name = user.partition("@")[0]
    for target, keytab in ((WEB, "web"), (BACK, "back")):
        server = OurServer(package, keytab, service_names=target)
        handshake(vouched(service, user, package, target), server)
        assert server.context.client_name == f"{DOMAIN}\\{name}"
        ours = realm.domain_groups(server.context) | {facts(server.context)["sid"]}
        assert ours == realm.sids_by_winbind(name) - {"S-1-5-32-545"}


@pytest.mark.parametrize("user", ["mallory", "gone", "past"])
def test_for_nobody(package: str, user: str) -> None:
    """Unknown to the domain, disabled, expired."""
    service = OurServer(package, constrained_delegation="anyone")
    with pytest.raises(sspi.SSPIError) as refused:
        vouched(service, user, package, WEB)
    assert refused.value.status == Status.SEC_E_LOGON_DENIED
    assert refused.value.reason == (sspi.Reason.UNKNOWN_USER if user == "mallory" else sspi.Reason.ACCOUNT_DISABLED)


def test_service_with_a_password() -> None:
    """One that has its account's password and no keytab: the account is not called as the service is."""
    account = ("web", REALM, PASSWORD)
    service, _ = _sspi.AcquireCredentialsHandle(None, "Kerberos", _sspi.SECPKG_CRED_INBOUND, account)
    for name, value in (("service_names", WEB), ("constrained_delegation", "anyone")):
        _sspi.SspiCredentialSetOption(service, name, value)
    _, context, *_ = _sspi.AcceptSecurityContext(service, None, OurInitiator("Kerberos").step(b""), 0, 0)
    for user, handle in (
        ("alice", _sspi.SspiAcquireConstrainedCredential(context)),
        ("several", _sspi.SspiAcquireCredentialForUser(service, "several")),
    ):
        second = OurServer("Kerberos", "back", service_names=BACK)
        handshake(HeldInitiator(handle, "Kerberos", BACK), second)
        assert second.context.client_name == f"{DOMAIN}\\{user}"


def test_keytab_without_the_account(package: str) -> None:
    """A domain knows a service by its account only, and the keytab has none."""
    server = OurServer(package, "all", constrained_delegation="clients")
    handshake(OurInitiator(package), server)
    with pytest.raises(sspi.SSPIError, match="the keytab must also hold the name of the service's account"):
        _sspi.SspiAcquireConstrainedCredential(server.context._open())
