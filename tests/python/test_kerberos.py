"""Kerberos through the typed layer: keys and tickets as files and in memory, and who the client is. No KDC is asked."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sspi
from logins import client_credential, shake

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SSPI_BUILD", ROOT / "build" / "release"))
SERVICE = "HTTP/server.example.test"
CLIENT = "alice@EXAMPLE.TEST"
PACKAGES = ("Kerberos", "Negotiate")


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with http.keytab and two ticket caches of alice's for it: cache, and cache.pac with her SIDs."""
    folder = tmp_path_factory.mktemp("realm")
    subprocess.run([BUILD / "tests" / "bin" / "kerberos_realm", folder], check=True, timeout=30)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KRB5_CONFIG", str(folder / "krb5.conf"))
        patch.setenv("SSPI_REPLAY_CACHE", "memory")
        patch.setenv("KRB5CCNAME", f"FILE:{folder}/nothing")
        patch.setenv("KRB5_KTNAME", f"{folder}/nothing")
        yield folder


def server_of(package: str = "Kerberos", **settings: Any) -> sspi.ServerContext:
    return sspi.ServerContext(sspi.Credential(package, **settings))


def client_of(realm: Path, cache: str = "cache", package: str = "Kerberos") -> sspi.ClientContext:
    credential = sspi.Credential(package, usage="initiate", ccache=f"FILE:{realm}/{cache}")
    return sspi.ClientContext(
        credential, target=SERVICE, flags=sspi.ClientContext.DEFAULT_FLAGS | sspi.InitFlag.MUTUAL_AUTH
    )


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("form", ["str", "path", "bytes", "bytearray", "memoryview"])
def test_keytab_in_each_form(realm: Path, package: str, form: str) -> None:
    path = realm / "http.keytab"
    keytab: Any = {
        "str": str, "path": Path, "bytes": Path.read_bytes,
        "bytearray": lambda p: bytearray(p.read_bytes()), "memoryview": lambda p: memoryview(p.read_bytes()),
    }[form](path)  # fmt: skip
    server, client = server_of(package, keytab=keytab), client_of(realm, package=package)
    shake(server, client)
    assert (server.client_name, server.package) == (CLIENT, "Kerberos")
    assert client.flags & sspi.InitFlag.MUTUAL_AUTH
    assert server.session_key == client.session_key
    assert server.unwrap(client.wrap(b"sealed")) == b"sealed"
    client.verify(b"signed", server.sign(b"signed"))


def test_ccache_as_a_path(realm: Path) -> None:
    credential = sspi.Credential("Kerberos", usage="initiate", ccache=realm / "cache")
    server = server_of(keytab=realm / "http.keytab")
    server.step(sspi.ClientContext(credential, target=SERVICE).step().token)
    assert server.client_name == CLIENT


@pytest.mark.parametrize(
    "settings",
    [
        {"services": "HTTP"},
        {"services": ["host", "HTTP"]},
        {"services": iter((SERVICE,))},
        {"services": "*"},
        {"principal": SERVICE},
        {"principal": f"{SERVICE}@EXAMPLE.TEST"},
    ],
    ids=str,
)
def test_services_that_are_accepted(realm: Path, settings: dict[str, Any]) -> None:
    server = server_of(keytab=realm / "http.keytab", **settings)
    shake(server, client_of(realm))
    assert server.complete


@pytest.mark.parametrize(
    "settings", [{"services": "host"}, {"services": ["host", "svc"]}, {"principal": "HTTP/other.example.test"}]
)
def test_services_that_are_not(realm: Path, settings: dict[str, Any]) -> None:
    server = server_of(keytab=realm / "http.keytab", **settings)
    with pytest.raises(sspi.SSPIError) as refused:
        server.step(client_of(realm).step().token)
    assert refused.value.reason is sspi.Reason.WRONG_SERVICE


def test_wrong_service_key(realm: Path) -> None:
    keytab = bytearray((realm / "http.keytab").read_bytes())
    keytab[-8] ^= 1
    server = server_of(keytab=keytab)
    with pytest.raises(sspi.SSPIError) as refused:
        server.step(client_of(realm).step().token)
    assert refused.value.reason is sspi.Reason.WRONG_KEY


def test_password_of_a_service(realm: Path) -> None:
    """Derives other keys than the ticket's: the password is used, and found wrong."""
    server = server_of(principal=f"{SERVICE}@EXAMPLE.TEST", password="not the key")
    with pytest.raises(sspi.SSPIError) as refused:
        server.step(client_of(realm).step().token)
    assert refused.value.reason is sspi.Reason.WRONG_KEY


def test_password_of_an_account_that_runs_the_service(realm: Path) -> None:
    """As in a domain: the keys are the account's, the tickets are for the service."""
    server = server_of(principal="web@EXAMPLE.TEST", password="not the key", services=SERVICE)
    with pytest.raises(sspi.SSPIError) as refused:
        server.step(client_of(realm).step().token)
    assert refused.value.reason is sspi.Reason.WRONG_KEY


@pytest.mark.parametrize("package", PACKAGES)
def test_identity_of_a_pac(realm: Path, package: str) -> None:
    server, client = (
        server_of(package, keytab=realm / "http.keytab"),
        client_of(realm, "cache.pac", package),
    )
    shake(server, client)
    who = server.identity
    assert server.client_name == "EXAMPLE\\alice"
    assert (who.domain, who.user, who.principal, who.realm) == ("EXAMPLE", "alice", CLIENT, "EXAMPLE.TEST")
    assert (who.upn, who.dns_domain, who.logon_server) == ("alice@example.test", "EXAMPLE.TEST", "DC1")
    assert who.sid == "S-1-5-21-1-2-3-1105"
    assert [group.sid for group in who.groups] == ["S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1200", "S-1-18-1"]
    assert {group.attributes for group in who.groups} == {7}
    assert who.account_flags == 0x210
    assert who.user_flags == 0x20


def test_identity_without_a_pac(realm: Path) -> None:
    server = server_of(keytab=realm / "http.keytab")
    shake(server, client_of(realm))
    assert server.identity == sspi.Identity(principal=CLIENT, realm="EXAMPLE.TEST")


@pytest.mark.parametrize("package", ["NTLM", "Negotiate"])
def test_identity_of_ntlm(realm: Path, store: sspi.AccountStore, package: str) -> None:
    server = server_of(package, accounts=store, options={"negotiate_packages": "NTLM"})
    shake(server, sspi.ClientContext(client_credential()))
    assert server.identity == sspi.Identity(user="alice", domain="EXAMPLE")


def test_identity_too_early(realm: Path, acceptor: sspi.Credential, initiator: sspi.Credential) -> None:
    with pytest.raises(ValueError, match=r"call step\(\) first"):
        _ = sspi.ServerContext(acceptor).identity
    server = sspi.ServerContext(acceptor)
    server.step(sspi.ClientContext(initiator).step().token)
    with pytest.raises(sspi.SSPIError):
        _ = server.identity


@pytest.mark.parametrize("package", PACKAGES)
def test_nothing_was_delegated(realm: Path, package: str) -> None:
    server = server_of(package, keytab=realm / "http.keytab")
    with pytest.raises(ValueError, match=r"call step\(\) first"):
        server.delegated_credential()
    shake(server, client_of(realm, package=package))
    with pytest.raises(sspi.SSPIError) as none:
        server.delegated_credential()
    assert none.value.status is sspi.Status.SEC_E_NO_CREDENTIALS


def test_ntlm_delegates_nothing(acceptor: sspi.Credential, initiator: sspi.Credential) -> None:
    server = sspi.ServerContext(acceptor)
    shake(server, sspi.ClientContext(initiator))
    with pytest.raises(sspi.SSPIError) as never:
        server.delegated_credential()
    assert never.value.status is sspi.Status.SEC_E_UNSUPPORTED_FUNCTION


def test_missing_keytab_is_named() -> None:
    with pytest.raises(sspi.SSPIError, match="/nowhere/http.keytab") as missing:
        sspi.Credential("Kerberos", keytab="/nowhere/http.keytab")
    assert (missing.value.status, missing.value.reason) == (
        sspi.Status.SEC_E_NO_CREDENTIALS, sspi.Reason.KEYTAB,
    )  # fmt: skip


def test_missing_cache_is_named(realm: Path) -> None:
    with pytest.raises(sspi.SSPIError, match="absent") as missing:
        client_of(realm, "absent").step()
    assert missing.value.status is sspi.Status.SEC_E_NO_CREDENTIALS


@pytest.mark.parametrize("length", [0, 1, 2, 10, 60, 97])
def test_truncated_keytab(realm: Path, length: int) -> None:
    with pytest.raises(sspi.SSPIError) as refused:
        sspi.Credential("Kerberos", keytab=(realm / "http.keytab").read_bytes()[:length])
    assert refused.value.reason is sspi.Reason.KEYTAB


def test_ntlm_has_no_use_for_keys(realm: Path) -> None:
    for settings in ({"keytab": realm / "http.keytab"}, {"usage": "initiate", "ccache": "FILE:/nowhere"}):
        with pytest.raises(sspi.SSPIError) as refused:
            sspi.Credential("NTLM", **settings)  # type: ignore[arg-type]
        assert refused.value.status is sspi.Status.SEC_E_UNSUPPORTED_FUNCTION


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("keytab", {"keytab": 5}),
        ("keytab", {"keytab": "a\0b"}),
        ("keytab", {"keytab": ["x"]}),
        ("principal", {"principal": 5}),
        ("principal", {"principal": b"x"}),
        ("ccache", {"usage": "initiate", "ccache": 5}),
        ("ccache", {"usage": "initiate", "ccache": b"FILE:/x"}),
        ("ccache", {"ccache": "FILE:/x"}),
        ("services", {"services": 5}),
        ("services", {"services": [5]}),
        ("services", {"services": []}),
        ("services", {"services": "a\0b"}),
        ("services", {"usage": "initiate", "services": "HTTP"}),
        ("principal", {"usage": "initiate", "principal": "x", "username": "y"}),
        ("nt_hash", {"usage": "initiate", "principal": "x", "nt_hash": bytes(16)}),
        ("username", {"username": "x", "keytab": b""}),
        ("password", {"password": "x", "keytab": b""}),
    ],
)
def test_arguments(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        sspi.Credential("Kerberos", **settings)
    assert re.match(rf"(a name in )?{name} ", str(caught.value)), caught.value


@pytest.mark.parametrize("package", PACKAGES)
def test_a_missing_ticket_names_its_cache_and_the_remedy(realm: Path, package: str) -> None:
    for cache, target in (("absent", SERVICE), ("cache", "HTTP/other.example.test")):
        credential = sspi.Credential(package, usage="initiate", ccache=f"FILE:{realm}/{cache}")
        with pytest.raises(sspi.SSPIError, match=f"no ticket for {target}") as missing:
            sspi.ClientContext(credential, target=target).step()
        assert missing.value.status is sspi.Status.SEC_E_NO_CREDENTIALS or cache == "cache"
        if cache == "absent":
            assert re.search(r"/absent is missing or expired, kinit", missing.value.explanation)
        assert ("NTLM: " in missing.value.explanation) == (package == "Negotiate")


def test_a_client_without_a_key_of_its_own(realm: Path) -> None:
    credential = sspi.Credential(
        "Kerberos", usage="initiate", keytab=realm / "http.keytab", principal="job@EXAMPLE.TEST"
    )
    with pytest.raises(sspi.SSPIError, match=r"keytab has no key of job@EXAMPLE\.TEST$"):
        sspi.ClientContext(credential, target=SERVICE).step()


def test_wrong_settings_name_what_would_be_right() -> None:
    with pytest.raises(sspi.SSPIError, match='no package "Kerbros"'):
        sspi.Credential("Kerbros")
    with pytest.raises(sspi.SSPIError, match='lockout_threshold: "2000000" .* number from 0 to 1000000'):
        sspi.Credential("NTLM", options={"lockout_threshold": 2000000})


def test_check_says_what_would_refuse_every_login(realm: Path, tmp_path: Path) -> None:
    keytab = realm / "http.keytab"
    sspi.Credential(keytab=keytab, package="Kerberos").check()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"package": "Kerberos", "keytab": keytab, "services": "ldap"}, str(keytab)),
        ({"package": "Kerberos", "keytab": keytab, "options": {"replay_cache": str(tmp_path)}}, str(tmp_path)),
        ({"package": "Negotiate", "keytab": keytab, "options": {"replay_cache": str(tmp_path)}}, str(tmp_path)),
        ({"package": "NTLM"}, "account_store"),
        ({"package": "Negotiate"}, "account_store"),
    ]
    for settings, named in cases:
        with pytest.raises(sspi.SSPIError, match=re.escape(named)):
            sspi.Credential(**settings).check()
