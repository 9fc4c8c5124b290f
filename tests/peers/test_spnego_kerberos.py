"""Kerberos inside Negotiate: MIT's SPNEGO both ways, and curl with a ticket at both gateways."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import sspi
from conftest import ALICE, GATEWAYS, Server, needs, running_gateway
from test_kerberos import (
    GSS_PROTECT,
    PROTECT,
    SERVICE,
    Heimdal,
    exchange_with_heimdal,
    gssapi,
    handshake,
    heimdal,
)

__all__ = ["heimdal"]

SPNEGO = gssapi.OID.from_int_seq("1.3.6.1.5.5.2")
CLIENT = "alice@EXAMPLE.TEST"


@pytest.fixture(params=list(GATEWAYS))
def door(request: pytest.FixtureRequest, kdc: Path, accounts: Path, tmp_path: Path) -> Iterator[Server]:
    with running_gateway(request.param, tmp_path, "--accounts", accounts, "--scheme", "Negotiate,NTLM") as server:
        yield server


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSPI_SERVICE_NAMES", "HTTP")


class Ours:
    """One side of ours, as MIT's contexts step."""

    def __init__(self, context: sspi.ServerContext | sspi.ClientContext) -> None:
        self.context = context

    def step(self, token: bytes) -> bytes:
        return bytes(self.context.step(token).token)


@pytest.mark.parametrize("mutual", [True, False])
def test_mit_client(kdc: Path, services: None, mutual: bool) -> None:
    name = gssapi.Name(f"{SERVICE}@EXAMPLE.TEST", gssapi.NameType.kerberos_principal)
    flags = GSS_PROTECT | gssapi.RequirementFlag.mutual_authentication if mutual else GSS_PROTECT
    client = gssapi.SecurityContext(name=name, usage="initiate", flags=flags, mech=SPNEGO)
    server = Ours(sspi.ServerContext(sspi.Credential("Negotiate")))
    handshake(client, server)
    assert client.complete
    assert server.context.complete
    assert (server.context.client_name, server.context.package) == (CLIENT, "Kerberos")
    assert server.context.unwrap(client.wrap(b"up", True).message) == b"up"
    assert client.unwrap(server.context.wrap(b"down")).message == b"down"


def test_mit_server(kdc: Path) -> None:
    credential = sspi.Credential("Negotiate", usage="initiate")
    client = Ours(sspi.ClientContext(credential, target=SERVICE, flags=PROTECT | sspi.InitFlag.MUTUAL_AUTH))
    server = gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept", mechs=[SPNEGO]), usage="accept")
    handshake(client, server)
    assert client.context.complete
    assert server.complete
    assert str(server.initiator_name) == CLIENT
    assert server.unwrap(client.context.wrap(b"up")).message == b"up"


@pytest.mark.parametrize("mutual", [True, False])
def test_heimdal_client(kdc: Path, services: None, heimdal: Path, mutual: bool) -> None:
    client = Heimdal(heimdal, "client", f"{SERVICE}@EXAMPLE.TEST", "0x3e" if mutual else "0x3c", "spnego")
    server = Ours(sspi.ServerContext(sspi.Credential("Negotiate")))
    handshake(client, server)
    assert client.complete
    assert (server.context.client_name, server.context.package) == (CLIENT, "Kerberos")
    assert bool(server.context.flags & sspi.AcceptFlag.MUTUAL_AUTH) == mutual
    if mutual:
        exchange_with_heimdal(server.context, client)
    else:  # the way back, Heimdal's client takes a first message for one out of sequence, from Heimdal's server too
        assert server.context.unwrap(client.ask("wrap", b"up")) == b"up"
    client.close()


def test_heimdal_server(kdc: Path, heimdal: Path) -> None:
    credential = sspi.Credential("Negotiate", usage="initiate")
    client = Ours(sspi.ClientContext(credential, target=SERVICE, flags=PROTECT | sspi.InitFlag.MUTUAL_AUTH))
    server = Heimdal(heimdal, "server")
    handshake(client, server)
    assert client.context.complete
    assert server.complete
    assert client.context.flags & sspi.InitFlag.MUTUAL_AUTH
    exchange_with_heimdal(client.context, server)
    server.close()


def other_keys(keytab: Path, folder: Path) -> str:
    """A keytab of the same service and version with other keys."""
    path = folder / "other.keytab"
    for line in subprocess.run(["ktutil", "-k", keytab, "list"], capture_output=True, text=True).stdout.splitlines():
        if match := re.match(r" +(\d+) +(\S+) +(HTTP/\S+)", line):
            version, kind, name = match.groups()
            command = ["ktutil", "-k", f"FILE:{path}", "add", "-p", name, "-V", version, "-e", kind, "-r"]
            subprocess.run(command, check=True, timeout=30)
    return str(path)


def test_wrong_key(kdc: Path, heimdal: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At our acceptor, whoever the client is; and at Heimdal's, with our client."""
    other = other_keys(kdc / "http.keytab", tmp_path)
    name = gssapi.Name(f"{SERVICE}@EXAMPLE.TEST", gssapi.NameType.kerberos_principal)
    for token in (
        gssapi.SecurityContext(name=name, usage="initiate", mech=SPNEGO).step(),
        Heimdal(heimdal, "client", f"{SERVICE}@EXAMPLE.TEST", "0x3e", "spnego").step(b""),
        bytes(sspi.ClientContext(sspi.Credential("Negotiate", usage="initiate"), target=SERVICE).step().token),
    ):
        credential = sspi.Credential("Negotiate", keytab=other, services="HTTP")
        with pytest.raises(sspi.SSPIError) as refused:
            sspi.ServerContext(credential).step(token)
        assert refused.value.reason == sspi.Reason.WRONG_KEY
    monkeypatch.setenv("KRB5_KTNAME", other)
    client = Ours(sspi.ClientContext(sspi.Credential("Negotiate", usage="initiate"), target=SERVICE))
    server = Heimdal(heimdal, "server")
    with pytest.raises((AssertionError, sspi.SSPIError)):
        handshake(client, server)
    assert not server.complete
    assert not client.context.complete


def test_ours_both_ways(kdc: Path, services: None) -> None:
    client = Ours(sspi.ClientContext(sspi.Credential("Negotiate", usage="initiate"), target=SERVICE))
    server = Ours(sspi.ServerContext(sspi.Credential("Negotiate")))
    handshake(client, server)
    assert (server.context.client_name, server.context.package) == (CLIENT, "Kerberos")


def test_no_ticket_for_an_unknown_service(kdc: Path) -> None:
    credential = sspi.Credential("Negotiate", usage="initiate", options={"negotiate_packages": "Kerberos"})
    with pytest.raises(sspi.SSPIError):
        sspi.ClientContext(credential, target="HTTP/nowhere.example.test").step()


def curl(server: Server, *arguments: str) -> subprocess.CompletedProcess[str]:
    address = f"http://server.example.test:{server.port}/"
    return subprocess.run(
        [needs("curl", "curl"), "-s", "--resolve", f"server.example.test:{server.port}:127.0.0.1", "-H",
         "Accept: application/json", "--negotiate", "-u", ":", *arguments, address],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_curl_with_a_ticket(services: None, door: Server) -> None:
    page = json.loads(curl(door).stdout)
    assert (page["name"], page["package"]) == (CLIENT, "Kerberos")


@pytest.fixture
def no_ticket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Neither a ticket nor, until the file is written, a password."""
    monkeypatch.setenv("KRB5CCNAME", f"FILE:{tmp_path}/empty")
    monkeypatch.setenv("NTLM_USER_FILE", str(tmp_path / "passwords"))
    return tmp_path / "passwords"


def test_curl_with_nothing(services: None, door: Server, no_ticket: Path) -> None:
    assert curl(door, "-o", "/dev/null", "-w", "%{http_code}").stdout == "401"


def test_curl_falls_back_to_ntlm(services: None, door: Server, no_ticket: Path) -> None:
    no_ticket.write_text(f"{ALICE.domain}:{ALICE.name}:{ALICE.password}\n")
    page = json.loads(curl(door).stdout)
    assert (page["name"], page["package"]) == (ALICE.full_name, "NTLM")


def test_curl_falls_back_and_is_refused(services: None, door: Server, no_ticket: Path) -> None:
    no_ticket.write_text(f"{ALICE.domain}:{ALICE.name}:not her password\n")
    assert curl(door, "-o", "/dev/null", "-w", "%{http_code}").stdout == "401"
