"""Python's and Lua's layers with a KDC: clients by keytab and password, and servers that act for their clients."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import sspi
from conftest import ALICE, GATEWAYS, needs, running_gateway

HERE = Path(__file__).resolve().parent
SERVICE, BACK = "HTTP/server.example.test", "svc/server.example.test"
PROTECTED = sspi.ClientContext.DEFAULT_FLAGS | sspi.InitFlag.MUTUAL_AUTH

heimdal_alone = pytest.mark.skipif(
    os.environ.get("SSPI_TEST_KDC") == "mit", reason="MIT's KDC keeps who may act for whom in LDAP alone"
)


def accepted(
    token: bytes, flags: int = sspi.ServerContext.DEFAULT_FLAGS, package: str = "Kerberos", **settings: Any
) -> sspi.ServerContext:
    context = sspi.ServerContext(sspi.Credential(package, **settings), flags=flags)
    context.step(token)
    return context


def first_token(target: str = SERVICE, flags: int = PROTECTED, **settings: Any) -> bytes:
    credential = sspi.Credential("Kerberos", usage="initiate", **settings)
    return sspi.ClientContext(credential, target=target, flags=flags).step().token


def behind(kdc: Path, credential: sspi.Credential) -> str:
    """Who the second service sees when the first logs in there."""
    token = sspi.ClientContext(credential, target=BACK).step().token
    return accepted(token, package=credential.package, keytab=kdc / "all.keytab", services="svc").client_name


@pytest.mark.parametrize(
    "settings",
    [
        {"principal": "bob@EXAMPLE.TEST", "keytab": "path"},
        {"principal": "bob@EXAMPLE.TEST", "keytab": "bytes"},
        {"username": "bob", "domain": "EXAMPLE.TEST", "keytab": "path"},
        {"username": "bob@EXAMPLE.TEST", "password": ALICE.password},
        {"principal": "bob@EXAMPLE.TEST", "password": ALICE.password},
    ],
    ids=lambda settings: "-".join(settings),
)
def test_client_by(kdc: Path, settings: dict[str, Any]) -> None:
    path = kdc / "bob.keytab"
    if "keytab" in settings:
        settings = settings | {"keytab": path if settings["keytab"] == "path" else path.read_bytes()}
    server = accepted(first_token(**settings), keytab=kdc / "http.keytab")
    assert server.client_name == "bob@EXAMPLE.TEST"
    assert server.identity.principal == "bob@EXAMPLE.TEST"


def test_lent(kdc: Path) -> None:
    token = first_token(flags=PROTECTED | sspi.InitFlag.DELEGATE)
    with accepted(token, sspi.AcceptFlag.DELEGATE, keytab=kdc / "http.keytab") as server:
        assert server.flags & sspi.AcceptFlag.DELEGATE
        lent = server.delegated_credential()
    assert repr(lent) == "<sspi.Credential package='Kerberos' usage='initiate' open>"
    assert behind(kdc, lent) == "alice@EXAMPLE.TEST"
    lent.close()
    assert lent.closed


def test_lent_through_negotiate(kdc: Path) -> None:
    client = sspi.ClientContext(
        sspi.Credential("Negotiate", usage="initiate"), target=SERVICE, flags=PROTECTED | sspi.InitFlag.DELEGATE
    )
    credential = sspi.Credential("Negotiate", keytab=kdc / "http.keytab")
    server = sspi.ServerContext(credential, flags=sspi.ServerContext.DEFAULT_FLAGS | sspi.AcceptFlag.DELEGATE)
    client.step(server.step(client.step().token).token)
    lent = server.delegated_credential()
    assert lent.package == "Negotiate"
    assert behind(kdc, lent) == "alice@EXAMPLE.TEST"


def own(kdc: Path, allowed: str) -> sspi.Credential:
    """The first service's."""
    return sspi.Credential(
        "Kerberos", keytab=kdc / "http.keytab", principal=SERVICE, options={"constrained_delegation": allowed}
    )


@heimdal_alone
def test_for_a_user(kdc: Path) -> None:
    service = own(kdc, "anyone")
    assert behind(kdc, service.for_user("bob")) == "bob@EXAMPLE.TEST"
    assert behind(kdc, service.for_user("bob", "EXAMPLE.TEST")) == "bob@EXAMPLE.TEST"
    with pytest.raises(sspi.SSPIError) as refused:
        service.for_user("nobody")
    assert refused.value.status is sspi.Status.SEC_E_LOGON_DENIED
    for name, call in (
        ("user", lambda: service.for_user(5)),  # type: ignore[arg-type]
        ("realm", lambda: service.for_user("x", 5)),  # type: ignore[arg-type]
    ):
        with pytest.raises(TypeError, match=f"^{name} "):
            call()


@heimdal_alone
def test_constrained(kdc: Path) -> None:
    """Heimdal's KDC takes no ticket without a PAC as proof that the client was there, but those that it made for us."""
    service = own(kdc, "anyone")
    server = sspi.ServerContext(service)
    server.step(sspi.ClientContext(service.for_user("bob"), target=SERVICE).step().token)
    with server:
        credential = server.constrained_credential()
    assert repr(credential) == "<sspi.Credential package='Kerberos' usage='initiate' open>"
    assert behind(kdc, credential) == "bob@EXAMPLE.TEST"
    with pytest.raises(sspi.SSPIError) as refused:
        sspi.ClientContext(credential, target="host/server.example.test").step()
    assert refused.value.status is sspi.Status.SEC_E_DELEGATION_REQUIRED


@pytest.mark.parametrize("allowed", ["none", "clients"])
def test_not_what_the_option_forbids(kdc: Path, allowed: str) -> None:
    service = own(kdc, allowed)
    with pytest.raises(sspi.SSPIError) as refused:
        service.for_user("bob")
    assert refused.value.status is sspi.Status.SEC_E_DELEGATION_REQUIRED
    server = sspi.ServerContext(service)
    server.step(first_token())
    if allowed == "clients":
        assert server.constrained_credential().package == "Kerberos"
        return
    with pytest.raises(sspi.SSPIError) as refused:
        server.constrained_credential()
    assert refused.value.status is sspi.Status.SEC_E_DELEGATION_REQUIRED


@heimdal_alone
def test_lua(kdc: Path) -> None:
    result = subprocess.run(
        ["lua5.4", HERE / "kerberos_layer.lua", kdc, ALICE.password], capture_output=True, text=True, timeout=60
    )
    assert result.stderr == ""
    assert result.stdout.splitlines() == [
        "keytab\tbob@EXAMPLE.TEST",
        "keytab\tbob@EXAMPLE.TEST",
        "password\tbob@EXAMPLE.TEST",
        "lent\tsspi.credential (Kerberos, initiate, open)\talice@EXAMPLE.TEST",
        "for a user\tbob@EXAMPLE.TEST",
        "constrained\tbob@EXAMPLE.TEST",
        "not allowed\tSEC_E_DELEGATION_REQUIRED",
        "unknown\tSEC_E_LOGON_DENIED",
        "misuse\tfalse\tsspi: user must be a string, not number",
    ]


@pytest.mark.parametrize("kind", list(GATEWAYS))
def test_gateways_take_tickets_for_http_alone(kdc: Path, accounts: Path, tmp_path: Path, kind: str) -> None:
    """Whatever else is in the keytab that they were given."""
    options = ("--accounts", accounts, "--scheme", "Negotiate,NTLM", "--keytab", kdc / "all.keytab")
    with running_gateway(kind, tmp_path, *options) as server:
        command = [
            needs("curl", "curl"), "-s", "--negotiate", "-u", ":", "-H", "Accept: application/json",
            "-w", "\n%{http_code}", "--resolve", f"server.example.test:{server.port}:127.0.0.1", f"http://server.example.test:{server.port}/",
        ]  # fmt: skip
        page, status = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.rsplit("\n", 1)
        assert (json.loads(page)["name"], status) == ("alice@EXAMPLE.TEST", "200")
        other = subprocess.run([*command, "--service-name", "host"], capture_output=True, text=True, timeout=60).stdout
        assert other.endswith("\n401")
        server.wait_for("refused .*reason=WRONG_SERVICE")


@pytest.mark.parametrize("kind", list(GATEWAYS))
def test_gateway_without_its_keytab(kind: str, tmp_path: Path) -> None:
    for options, said in (
        (["--scheme", "Negotiate", "--keytab", tmp_path / "absent"], "absent: No such file"),
        (["--keytab", tmp_path / "absent"], "--keytab is for Kerberos"),
    ):
        result = subprocess.run(
            [str(part) for part in [*GATEWAYS[kind], *options]], capture_output=True, text=True, timeout=30
        )
        assert result.returncode == 1
        assert said in result.stderr
        assert len(result.stderr.splitlines()) == 1
