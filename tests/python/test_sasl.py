"""SASL through the typed layer: both mechanisms with tickets of a realm without a KDC."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sspi
from logins import DOMAIN, PASSWORD, USER
from test_kerberos import CLIENT, SERVICE, realm

__all__ = ["realm"]

PACKAGES = {"GSSAPI": "Kerberos", "GSS-SPNEGO": "Negotiate"}
SEALED = sspi.SaslClient.DEFAULT_FLAGS
SIGNED = SEALED & ~sspi.InitFlag.CONFIDENTIALITY
BARE = sspi.InitFlag.MUTUAL_AUTH | sspi.InitFlag.SEQUENCE_DETECT


def server_of(
    realm: Path, mechanism: str = "GSSAPI", options: dict[str, str] | None = None, **rest: Any
) -> sspi.SaslServer:
    credential = sspi.Credential(PACKAGES[mechanism], keytab=realm / "http.keytab", options=options)
    return sspi.SaslServer(credential, mechanism, **rest)


def client_of(
    realm: Path, mechanism: str = "GSSAPI", options: dict[str, str] | None = None, **rest: Any
) -> sspi.SaslClient:
    credential = sspi.Credential(PACKAGES[mechanism], usage="initiate", ccache=f"FILE:{realm}/cache", options=options)
    return sspi.SaslClient(credential, mechanism, target=SERVICE, **rest)


def log_in(server: sspi.SaslServer, client: sspi.SaslClient) -> None:
    """As a protocol does that asks for the initial response and gives the last challenge with success."""
    challenge, status = server.step()
    assert (challenge, status) == (b"", sspi.Status.SEC_I_CONTINUE_NEEDED)
    while not server.complete:
        challenge = server.step(client.step(challenge).token).token
    if not client.complete:
        client.step(challenge)
    assert client.complete


@pytest.mark.parametrize("mechanism", PACKAGES)
@pytest.mark.parametrize(("flags", "layer"), [(SEALED, "confidentiality"), (SIGNED, "integrity")])
def test_layers(realm: Path, mechanism: str, flags: sspi.InitFlag, layer: str) -> None:
    server, client = server_of(realm, mechanism), client_of(realm, mechanism, flags=flags)
    assert (server.layer, client.layer) == (None, None)
    log_in(server, client)
    assert (server.layer, client.layer) == (layer, layer)
    assert (server.client_name, server.mechanism, server.package) == (CLIENT, mechanism, "Kerberos")
    assert bool(server.flags & sspi.AcceptFlag.CONFIDENTIALITY) == (layer == "confidentiality")
    for text in (b"", b"sixteen bytes...", bytes(range(256)) * 1000):
        assert client.unwrap(server.wrap(text)) == text
        message = client.wrap(text)
        assert (b"sixteen" in message) == (layer == "integrity" and b"sixteen" in text)
        halves = [server.unwrap(message[:5]), server.unwrap(message[5:-1]), server.unwrap(message[-1:])]
        assert b"".join(halves) == text


@pytest.mark.parametrize(("flags", "layer"), [(SEALED, "confidentiality"), (SIGNED, "integrity")])
def test_ntlm_inside(store: sspi.AccountStore, flags: sspi.InitFlag, layer: str) -> None:
    only = {"negotiate_packages": "NTLM"}
    server = sspi.SaslServer(sspi.Credential("Negotiate", accounts=store, options=only), "GSS-SPNEGO")
    credential = sspi.Credential(
        "Negotiate", usage="initiate", username=USER, domain=DOMAIN, password=PASSWORD, options=only
    )
    client = sspi.SaslClient(credential, "GSS-SPNEGO", target=SERVICE, flags=flags)
    log_in(server, client)
    assert (server.package, server.client_name) == ("NTLM", f"{DOMAIN}\\{USER}")
    assert (server.layer, client.layer) == (layer, layer)
    for text in (b"sixteen bytes...", bytes(70000)):
        message = client.wrap(text)
        assert (b"sixteen" in message) == (layer == "integrity" and b"sixteen" in text)
        assert server.unwrap(message) == text
        assert client.unwrap(server.wrap(text)) == text


def test_no_layer(realm: Path) -> None:
    one_leg = sspi.InitFlag.SEQUENCE_DETECT  # the offer comes with the package's first leg
    for flags, given in ((BARE, sspi.SaslServer.DEFAULT_FLAGS), (SEALED, 0), (one_leg, 0)):
        server, client = server_of(realm, flags=given), client_of(realm, flags=flags)
        log_in(server, client)
        assert (server.layer, client.layer) == ("none", "none")
        assert server.wrap(b"plain") == b"plain"
        assert client.unwrap(b"plain") == b"plain"
        assert not server.flags & (sspi.AcceptFlag.INTEGRITY | sspi.AcceptFlag.CONFIDENTIALITY)


@pytest.mark.parametrize("mechanism", PACKAGES)
def test_what_a_layer_needs(realm: Path, mechanism: str) -> None:
    """RFC 4752, 3.1: mutual authentication and numbered messages, asked for or not."""
    server, client = server_of(realm, mechanism), client_of(realm, mechanism, flags=sspi.InitFlag.INTEGRITY)
    log_in(server, client)
    assert client.layer == "integrity"
    assert client.flags & sspi.InitFlag.MUTUAL_AUTH
    assert server.flags & sspi.AcceptFlag.SEQUENCE_DETECT
    first, second = client.wrap(b"1"), client.wrap(b"2")
    assert server.unwrap(first) == b"1"
    with pytest.raises(sspi.SSPIError) as refused:
        server.unwrap(first)
    assert refused.value.status == sspi.Status.SEC_E_OUT_OF_SEQUENCE
    assert second != first


def test_what_the_server_allows(realm: Path) -> None:
    server, client = server_of(realm, flags=sspi.AcceptFlag.INTEGRITY), client_of(realm)
    log_in(server, client)
    assert (server.layer, client.layer) == ("integrity", "integrity")


@pytest.mark.parametrize("mechanism", PACKAGES)
def test_the_weakest_layer(realm: Path, mechanism: str) -> None:
    server = server_of(realm, mechanism, {"sasl_minimum_layer": "confidentiality"})
    with pytest.raises(sspi.SSPIError) as refused:
        log_in(server, client_of(realm, mechanism, flags=SIGNED))
    assert refused.value.status == sspi.Status.SEC_E_QOP_NOT_SUPPORTED
    assert refused.value.reason == sspi.Reason.POLICY


def test_the_client_insists(realm: Path) -> None:
    client = client_of(realm, options={"sasl_minimum_layer": "integrity"})
    with pytest.raises(sspi.SSPIError, match="does not offer"):
        log_in(server_of(realm, flags=0), client)


@pytest.mark.parametrize("name", [CLIENT, "alice"])
def test_acting_as_oneself(realm: Path, name: str) -> None:
    server, client = server_of(realm), client_of(realm, authorization_id=name)
    log_in(server, client)
    assert (server.authorization_id, client.authorization_id) == (name, name)


def test_acting_as_another(realm: Path) -> None:
    with pytest.raises(sspi.SSPIError, match="'bärbel', which is not its own name") as refused:
        log_in(server_of(realm), client_of(realm, authorization_id="bärbel"))
    assert refused.value.status == sspi.Status.SEC_E_LOGON_DENIED
    server = server_of(realm, options={"sasl_authorization": "program"})
    log_in(server, client_of(realm, authorization_id="bärbel"))
    assert (server.client_name, server.authorization_id) == (CLIENT, "bärbel")


def test_no_authorization(realm: Path) -> None:
    server = server_of(realm)
    log_in(server, client_of(realm))
    assert server.authorization_id == ""
    with pytest.raises(sspi.SSPIError) as refused:
        client_of(realm, "GSS-SPNEGO", authorization_id="bob").step()
    assert refused.value.status == sspi.Status.SEC_E_UNSUPPORTED_FUNCTION


def test_channel_bindings(realm: Path) -> None:
    server, client = (make(realm, channel_bindings=b"tls-unique:abc") for make in (server_of, client_of))
    log_in(server, client)
    assert server.bindings_result & sspi.BindingsResult.VALID_MATCHED
    with pytest.raises(sspi.SSPIError) as refused:
        log_in(
            server_of(realm, channel_bindings=b"tls-unique:abd"), client_of(realm, channel_bindings=b"tls-unique:abc")
        )
    assert refused.value.reason == sspi.Reason.BINDINGS_WRONG


def test_altered_messages(realm: Path) -> None:
    server, client = server_of(realm), client_of(realm)
    log_in(server, client)
    message = bytearray(client.wrap(b"a message"))
    message[-1] ^= 1
    with pytest.raises(sspi.SSPIError) as refused:
        server.unwrap(message)
    assert refused.value.status == sspi.Status.SEC_E_MESSAGE_ALTERED
    with pytest.raises(sspi.SSPIError, match="16777216 bytes"):
        client.unwrap(b"\1\0\0\0")


def test_a_choice_that_was_altered(realm: Path) -> None:
    server, client = server_of(realm), client_of(realm)
    challenge = b""
    while not client.complete:
        response = client.step(challenge).token
        challenge = b"" if client.complete else server.step(response).token
    altered = bytearray(response)
    altered[-1] ^= 1
    with pytest.raises(sspi.SSPIError) as refused:
        server.step(altered)
    assert refused.value.status == sspi.Status.SEC_E_MESSAGE_ALTERED
    assert not server.complete
    with pytest.raises(sspi.SSPIError):
        server.step(response)


def test_misuse(realm: Path) -> None:
    kerberos = sspi.Credential("Kerberos", keytab=realm / "http.keytab")
    with pytest.raises(ValueError, match="needs a credential for Negotiate, not for Kerberos"):
        sspi.SaslServer(kerberos, "GSS-SPNEGO")
    with pytest.raises(sspi.SSPIError) as missing:
        sspi.SaslServer(kerberos, "PLAIN")
    assert missing.value.status == sspi.Status.SEC_E_SECPKG_NOT_FOUND
    mechanism: Any = 1
    with pytest.raises(TypeError, match="mechanism must be a str"):
        sspi.SaslServer(kerberos, mechanism)
    server = sspi.SaslServer(kerberos, "gssapi")
    assert server.mechanism == "GSSAPI"
    with pytest.raises(ValueError, match="not begun"):
        server.wrap(b"")
    with pytest.raises(TypeError):
        server.step("text")  # type: ignore[arg-type]
    server.close()
    with pytest.raises(ValueError, match="closed"):
        server.step()
