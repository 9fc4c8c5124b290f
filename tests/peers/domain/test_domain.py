"""Kerberos in a Samba domain: who the client is, by its PAC, and what the domain's KDC refuses. See samba.sh."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import realm
import sspi
from conftest import GATEWAYS, running_gateway
from realm import (
    BACK,
    DOMAIN,
    FOLDER,
    PASSWORD,
    REALM,
    WEB,
    HeimdalInitiator,
    MitInitiator,
    OurInitiator,
    OurServer,
    facts,
    tickets,
)
from test_kerberos import handshake, heimdal

__all__ = ["heimdal", "tickets"]

PACKAGES = ["Kerberos", "Negotiate"]
OF_THE_MACHINE = {"S-1-5-32-545"}  # BUILTIN\Users: winbind adds it, no ticket does


@pytest.fixture(params=["mit", "heimdal", "ours"])
def client_of(request: pytest.FixtureRequest, heimdal: Path) -> Callable[[str], object]:
    def made(package: str) -> object:
        if request.param == "heimdal":
            return HeimdalInitiator(heimdal, package)
        return MitInitiator(package) if request.param == "mit" else OurInitiator(package)

    return made


@pytest.mark.parametrize("package", PACKAGES)
def test_identity(client_of: Callable[[str], object], package: str) -> None:
    """Each client, mutual authentication, sealed messages both ways, and winbind's own word for who it is."""
    client, server = client_of(package), OurServer(package)
    handshake(client, server)
    assert server.context.complete
    assert server.context.unwrap(client.wrap(b"sealed, up")) == b"sealed, up"
    assert client.unwrap(server.context.wrap(b"sealed, down")) == b"sealed, down"
    known = facts(server.context)
    assert known["sid"] == realm.sid_by_winbind("alice")
    assert (known["user"], known["domain"]) == ("alice", DOMAIN)
    assert (known["principal"], known["realm"]) == (f"alice@{REALM}", REALM)
    assert (known["upn"], known["dns_domain"]) == ("alice.liddell@wonder.example", REALM)
    assert known["logon_server"] == "DC"
    assert server.context.client_name == f"{DOMAIN}\\alice"


@pytest.mark.parametrize("user", ["alice", "several"])
def test_groups_as_winbind_knows_them(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every kind, direct and through another group; and 60 of them."""
    monkeypatch.setenv("KRB5CCNAME", realm.ticket_cache(user))
    client, server = OurInitiator("Kerberos"), OurServer()
    handshake(client, server)
    ours = realm.domain_groups(server.context)
    assert ours | {facts(server.context)["sid"]} == realm.sids_by_winbind(user) - OF_THE_MACHINE
    named = ("staff", "department", "everywhere", "vault", "doors") if user == "alice" else ("crowd-0000", "crowd-0059")
    assert {realm.sid_by_winbind(name) for name in named} < ours


def test_account_flags() -> None:
    """NORMAL_ACCOUNT and DONT_EXPIRE_PASSWORD of [MS-SAMR] 2.2.1.12, and for bob NOT_DELEGATED."""
    flags = {}
    for user in ("alice", "bob"):
        client = OurInitiator("Kerberos", username=user, domain=REALM, password=PASSWORD)
        server = OurServer()
        handshake(client, server)
        flags[user] = realm.numbers(server.context)["account_flags"]
    assert flags == {"alice": 0x210, "bob": 0x4210}


def test_name_beyond_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    for arguments in ({"username": "bärbel", "domain": REALM, "password": PASSWORD}, {}):
        monkeypatch.setenv("KRB5CCNAME", realm.ticket_cache("bärbel"))
        client, server = OurInitiator("Kerberos", **arguments), OurServer()
        handshake(client, server)
        assert server.context.client_name == f"{DOMAIN}\\bärbel"
        assert facts(server.context)["sid"] == realm.sid_by_winbind("bärbel")


@pytest.mark.parametrize(
    ("user", "domain"),
    [
        ("alice", DOMAIN),
        ("alice", "ad.example.test"),
        ("alice@ad.example.test", None),
        ("alice.liddell@wonder.example", None),
    ],
)
@pytest.mark.parametrize("package", PACKAGES)
def test_names_as_people_write_them(package: str, user: str, domain: str | None) -> None:
    """The NetBIOS name of the domain, small letters, the name for users of [MS-ADTS] 5.1.1.1.1."""
    options = {"negotiate_packages": "Kerberos"} if package == "Negotiate" else {}
    client, server = (
        OurInitiator(package, username=user, domain=domain, password=PASSWORD, options=options),
        OurServer(package),
    )
    handshake(client, server)
    assert server.context.client_name == f"{DOMAIN}\\alice"
    client = OurInitiator(package, username=user, domain=domain, password="not her password", options=options)
    with pytest.raises(sspi.SSPIError) as refused:
        client.step(b"")
    assert refused.value.reason == sspi.Reason.WRONG_PASSWORD


def test_name_of_nobody_elsewhere() -> None:
    """No KDC of that realm, and ours does not know such a name either."""
    client = OurInitiator("Kerberos", username="mallory@wonder.example", password=PASSWORD)
    with pytest.raises(sspi.SSPIError) as refused:
        client.step(b"")
    assert refused.value.status == sspi.Status.SEC_E_NO_AUTHENTICATING_AUTHORITY
    assert "mallory@wonder.example" in refused.value.explanation


@pytest.mark.parametrize("package", PACKAGES)
def test_pac_required(package: str) -> None:
    """A service that asked its KDC to leave the PAC out of its tickets."""
    service = "HTTP/bare.ad.example.test"
    for wanted, user in ((WEB, f"{DOMAIN}\\alice"), (service, None)):
        keytab = "web" if wanted == WEB else "bare"
        client = OurInitiator(package, wanted)
        server = OurServer(package, keytab, service_names=wanted, require_pac="yes")
        if user is None:
            with pytest.raises(sspi.SSPIError) as refused:
                handshake(client, server)
            assert refused.value.reason == sspi.Reason.PAC_MISSING
        else:
            handshake(client, server)
            assert server.context.client_name == user
    client, server = OurInitiator(package, service), OurServer(package, "bare", service_names=service)
    handshake(client, server)
    assert server.context.client_name == f"alice@{REALM}"
    assert "sid" not in facts(server.context)
    assert realm.groups(server.context) == set()


@pytest.mark.parametrize("password", [PASSWORD, "not its password"])
def test_password_of_the_service_account(password: str) -> None:
    """The domain salts with the account's name, not with the service's."""
    credential = sspi.Credential("Kerberos", principal=f"web@{REALM}", password=password, services=WEB)
    server = sspi.ServerContext(credential)
    token = OurInitiator("Kerberos").step(b"")
    if password == PASSWORD:
        server.step(token)
        assert server.client_name == f"{DOMAIN}\\alice"
    else:
        with pytest.raises(sspi.SSPIError) as refused:
            server.step(token)
        assert refused.value.reason == sspi.Reason.WRONG_KEY


@pytest.mark.parametrize("package", PACKAGES)
def test_wrong_key(client_of: Callable[[str], object], package: str, tmp_path: Path) -> None:
    """A keytab of that service, of the right version, from another time or place."""
    other = tmp_path / "other.keytab"
    for kind in ("aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96"):
        command = ["ktutil", "-k", f"FILE:{other}", "add", "-p", f"{WEB}@{REALM}", "-V", "2", "-e", kind, "-r"]
        subprocess.run(command, check=True, timeout=30)
    server = OurServer(package, str(other.with_suffix("")))
    with pytest.raises(sspi.SSPIError) as refused:
        handshake(client_of(package), server)
    assert refused.value.reason == sspi.Reason.WRONG_KEY


@pytest.mark.parametrize("package", PACKAGES)
def test_ticket_for_another_service(client_of: Callable[[str], object], package: str) -> None:
    """Its key is in the keytab, or not."""
    for keytab, services in (("all", BACK), ("back", BACK)):
        server = OurServer(package, keytab, service_names=services)
        with pytest.raises(sspi.SSPIError) as refused:
            handshake(client_of(package), server)
        assert refused.value.reason == sspi.Reason.WRONG_SERVICE


def test_replay(client_of: Callable[[str], object]) -> None:
    token = client_of("Kerberos").step(b"")
    OurServer().step(token)
    with pytest.raises(sspi.SSPIError) as refused:
        OurServer().step(token)
    assert refused.value.reason == sspi.Reason.REPLAY


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [
        ("alice", "not her password", "WRONG_PASSWORD"),
        ("mallory", PASSWORD, "UNKNOWN_USER"),
        ("gone", PASSWORD, "ACCOUNT_DISABLED"),
        ("past", PASSWORD, "ACCOUNT_DISABLED"),
    ],
)
@pytest.mark.parametrize("package", PACKAGES)
def test_refused_by_the_domain(package: str, user: str, password: str, reason: str) -> None:
    options = {"negotiate_packages": "Kerberos"} if package == "Negotiate" else {}
    client = OurInitiator(package, username=user, domain=REALM, password=password, options=options)
    with pytest.raises(sspi.SSPIError) as refused:
        client.step(b"")
    assert refused.value.reason.name == reason


def test_unknown_service() -> None:
    with pytest.raises(sspi.SSPIError) as refused:
        OurInitiator("Kerberos", "HTTP/nowhere.ad.example.test").step(b"")
    assert refused.value.status == sspi.Status.SEC_E_TARGET_UNKNOWN


def test_user_of_many_groups(client_of: Callable[[str], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of some 25 KB, whose PAC names 2,500 groups."""
    monkeypatch.setenv("KRB5CCNAME", realm.ticket_cache("many"))
    client, server = client_of("Negotiate"), OurServer("Negotiate")
    token = client.step(b"")
    assert len(token) > 20000
    client.step(server.step(token))
    of_database = set((FOLDER / "many.sids").read_text().split())
    assert len(of_database) == 2500
    assert of_database < realm.domain_groups(server.context)


@pytest.mark.parametrize("kind", list(GATEWAYS))
@pytest.mark.parametrize("user", ["alice", "many"])
def test_curl_at_the_gateways(
    kind: str, user: str, accounts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5_KTNAME", str(FOLDER / "web.keytab"))
    monkeypatch.setenv("SSPI_SERVICE_NAMES", "HTTP")
    monkeypatch.setenv("KRB5CCNAME", realm.ticket_cache(user))
    with running_gateway(kind, tmp_path, "--accounts", accounts, "--scheme", "Negotiate") as door:
        command = ["curl", "-sS", "--negotiate", "-u", ":", "-H", "Accept: application/json",
                   "--resolve", f"web.ad.example.test:{door.port}:127.0.0.1",
                   f"http://web.ad.example.test:{door.port}/"]  # fmt: skip
        answer = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert answer.returncode == 0, answer.stderr
        page = json.loads(answer.stdout)
        assert (page["name"], page["package"]) == (f"{DOMAIN}\\{user}", "Kerberos")
        monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/none")
        code = subprocess.run([*command, "-o", "/dev/null", "-w", "%{http_code}"], capture_output=True, text=True)
        assert code.stdout == "401"
