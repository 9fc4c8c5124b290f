"""Kerberos against MIT's GSS-API and a Heimdal KDC: both directions, signing and sealing, and what is refused."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import sspi
from sspi import _sspi

gssapi = pytest.importorskip("gssapi", reason="apt-get install python3-gssapi")

HERE = Path(__file__).resolve().parent
SERVICE = "HTTP/server.example.test"
PASSWORD = "Correct-Horse-1"
PROTECT = (
    sspi.InitFlag.CONFIDENTIALITY
    | sspi.InitFlag.INTEGRITY
    | sspi.InitFlag.REPLAY_DETECT
    | sspi.InitFlag.SEQUENCE_DETECT
)
GSS_PROTECT = (
    gssapi.RequirementFlag.confidentiality
    | gssapi.RequirementFlag.integrity
    | gssapi.RequirementFlag.replay_detection
    | gssapi.RequirementFlag.out_of_sequence_detection
)
TYPES = [
    "aes256-cts-hmac-sha1-96",
    "aes128-cts-hmac-sha1-96",
    "aes256-cts-hmac-sha384-192",
    "aes128-cts-hmac-sha256-128",
]


class OurServer:
    def __init__(self, **options: str) -> None:
        self.credential = sspi.Credential("Kerberos", options={"service_names": "HTTP"} | options)
        self.context = sspi.ServerContext(self.credential)

    def step(self, token: bytes) -> bytes:
        return bytes(self.context.step(token).token)


class OurClient:
    def __init__(
        self,
        flags: sspi.InitFlag = PROTECT | sspi.InitFlag.MUTUAL_AUTH,
        service: str = SERVICE,
        **arguments: str,
    ) -> None:
        self.credential = sspi.Credential("Kerberos", usage="initiate", **arguments)
        self.context = sspi.ClientContext(self.credential, target=service, flags=flags)

    def step(self, token: bytes) -> bytes:
        return bytes(self.context.step(token).token)


def mit_client(
    flags: gssapi.RequirementFlag = GSS_PROTECT | gssapi.RequirementFlag.mutual_authentication, service: str = SERVICE
) -> object:
    name = gssapi.Name(f"{service}@EXAMPLE.TEST", gssapi.NameType.kerberos_principal)
    return gssapi.SecurityContext(name=name, usage="initiate", flags=flags, mech=gssapi.MechType.kerberos)


def mit_server() -> object:
    return gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept"), usage="accept")


def handshake(client: object, server: object) -> None:
    """Tokens to and fro until neither has one."""
    token = client.step(b"") if not isinstance(client, gssapi.SecurityContext) else client.step()
    while token:
        answer = server.step(token) or b""
        token = (client.step(answer) or b"") if answer else b""


def exchange(ours: object, theirs: object) -> None:
    for size in (0, 1, 15, 16, 17, 100, 4096, 65536):
        text = os.urandom(size)
        assert theirs.unwrap(ours.wrap(text)).message == text
        assert ours.unwrap(theirs.wrap(text, True).message) == text
        theirs.verify_signature(text, ours.sign(text))
        ours.verify(text, theirs.get_signature(text))


def key_of(context: object) -> bytes:
    """MIT's session key by its extension for one."""
    return gssapi.raw.inquire_sec_context_by_oid(context, gssapi.OID.from_int_seq("1.2.840.113554.1.2.2.5.5"))[0]


def test_mit_client_our_server(kdc: Path) -> None:
    client, server = mit_client(), OurServer()
    handshake(client, server)
    assert client.complete
    assert server.context.complete
    assert server.context.client_name == "alice@EXAMPLE.TEST"
    assert server.context.session_key == key_of(client)
    exchange(server.context, client)


def test_our_client_mit_server(kdc: Path) -> None:
    client, server = OurClient(), mit_server()
    handshake(client, server)
    assert client.context.complete
    assert server.complete
    assert str(server.initiator_name) == "alice@EXAMPLE.TEST"
    assert client.context.session_key == key_of(server)
    exchange(client.context, server)


@pytest.mark.parametrize("kind", TYPES)
def test_encryption_types(kdc: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keytab, service = str(kdc / "all.keytab"), f"{kind}/server.example.test"
    client, server = mit_client(service=service), OurServer(service_names=kind, keytab=keytab)
    handshake(client, server)
    assert f"EXAMPLE.TEST, {kind}, " in server.context.explanation
    exchange(server.context, client)
    monkeypatch.setenv("KRB5_KTNAME", keytab)
    ours, theirs = OurClient(service=service), mit_server()
    handshake(ours, theirs)
    assert f"EXAMPLE.TEST, {kind}, " in ours.context.explanation
    exchange(ours.context, theirs)


def test_one_leg(kdc: Path) -> None:
    client, server = mit_client(GSS_PROTECT), OurServer()
    handshake(client, server)
    assert server.context.complete
    exchange(server.context, client)
    ours, theirs = OurClient(PROTECT), mit_server()
    handshake(ours, theirs)
    assert theirs.complete
    exchange(ours.context, theirs)


def test_dce_style(kdc: Path) -> None:
    flag = gssapi.RequirementFlag.dce_style if hasattr(gssapi.RequirementFlag, "dce_style") else 0x1000
    client, server = mit_client(GSS_PROTECT | gssapi.RequirementFlag.mutual_authentication | flag), OurServer()
    handshake(client, server)
    assert server.context.complete
    text = b"one call of RPC "
    server.context.verify(text, client.get_signature(text))
    client.verify_signature(text, server.context.sign(text))
    ours, theirs = OurClient(PROTECT | sspi.InitFlag.MUTUAL_AUTH | sspi.InitFlag.USE_DCE_STYLE), mit_server()
    handshake(ours, theirs)
    assert ours.context.complete
    assert theirs.complete
    ours.context.verify(text, theirs.get_signature(text))
    theirs.verify_signature(text, ours.context.sign(text))


def test_channel_bindings(kdc: Path) -> None:
    channel = gssapi.raw.ChannelBindings(application_data=b"tls-unique:abcdef")
    name = gssapi.Name(f"{SERVICE}@EXAMPLE.TEST", gssapi.NameType.kerberos_principal)

    def token() -> bytes:
        client = gssapi.SecurityContext(
            name=name, usage="initiate", mech=gssapi.MechType.kerberos, channel_bindings=channel
        )
        return client.step()

    credential = sspi.Credential("Kerberos", options={"service_names": "HTTP"})
    same = sspi.ServerContext(credential, channel_bindings=b"tls-unique:abcdef")
    same.step(token())
    other = sspi.ServerContext(credential, channel_bindings=b"tls-unique:abcdeg")
    with pytest.raises(sspi.SSPIError) as refused:
        other.step(token())
    assert refused.value.reason == sspi.Reason.BINDINGS_WRONG


def test_bindings_of_ours_reach_mit(kdc: Path) -> None:
    credential = sspi.Credential("Kerberos", usage="initiate")
    client = sspi.ClientContext(credential, target=SERVICE, channel_bindings=b"tls-unique:abcdef")
    channel = gssapi.raw.ChannelBindings(application_data=b"tls-unique:abcdef")
    server = gssapi.SecurityContext(creds=gssapi.Credentials(usage="accept"), usage="accept", channel_bindings=channel)
    server.step(bytes(client.step().token))
    assert server.complete


def test_replay_of_a_mit_token(kdc: Path) -> None:
    token = mit_client().step()
    OurServer().step(token)
    with pytest.raises(sspi.SSPIError) as refused:
        OurServer().step(token)
    assert refused.value.reason == sspi.Reason.REPLAY


def test_wrong_service(kdc: Path) -> None:
    server = OurServer(service_names="host", keytab=str(kdc / "all.keytab"))
    with pytest.raises(sspi.SSPIError) as refused:
        server.step(mit_client().step())
    assert refused.value.reason == sspi.Reason.WRONG_SERVICE


def test_password_login(kdc: Path) -> None:
    client, server = OurClient(username="bob", domain="EXAMPLE.TEST", password=PASSWORD), OurServer()
    handshake(client, server)
    assert server.context.client_name == "bob@EXAMPLE.TEST"


@pytest.mark.parametrize(
    ("user", "password", "reason"),
    [("bob", "wrong", sspi.Reason.WRONG_PASSWORD), ("nobody", PASSWORD, sspi.Reason.UNKNOWN_USER)],
)
def test_refused_by_the_kdc(kdc: Path, user: str, password: str, reason: sspi.Reason) -> None:
    client = OurClient(username=user, domain="EXAMPLE.TEST", password=password)
    with pytest.raises(sspi.SSPIError) as refused:
        client.step(b"")
    assert refused.value.reason == reason


def test_unknown_service(kdc: Path) -> None:
    credential = sspi.Credential("Kerberos", usage="initiate")
    client = sspi.ClientContext(credential, target="HTTP/elsewhere.example.test")
    with pytest.raises(sspi.SSPIError) as refused:
        client.step()
    assert refused.value.status == sspi.Status.SEC_E_TARGET_UNKNOWN


def test_delegation(kdc: Path) -> None:
    """The server logs in elsewhere with what the client lent: from MIT's client, and from ours."""
    lent = GSS_PROTECT | gssapi.RequirementFlag.mutual_authentication | gssapi.RequirementFlag.delegate_to_peer
    for client in (mit_client(lent), OurClient(PROTECT | sspi.InitFlag.MUTUAL_AUTH | sspi.InitFlag.DELEGATE)):
        credential = sspi.Credential("Kerberos", options={"service_names": "HTTP"})
        server = sspi.ServerContext(credential, flags=sspi.AcceptFlag.DELEGATE)
        token = client.step() if isinstance(client, gssapi.SecurityContext) else client.step(b"")
        server.step(token)
        assert server.flags & sspi.AcceptFlag.DELEGATE
        onward = _sspi.SspiAcquireDelegatedCredential(server._open())
        _, _, request, _, _ = _sspi.InitializeSecurityContext(
            onward, None, "svc/server.example.test", int(sspi.InitFlag.MUTUAL_AUTH), 0, None
        )
        second = OurServer(service_names="svc", keytab=str(kdc / "all.keytab"))
        second.step(bytes(request))
        assert second.context.client_name == "alice@EXAMPLE.TEST"


def test_our_client_lends_to_mit(kdc: Path) -> None:
    client, server = OurClient(PROTECT | sspi.InitFlag.MUTUAL_AUTH | sspi.InitFlag.DELEGATE), mit_server()
    handshake(client, server)
    assert server.delegated_creds is not None
    assert str(server.delegated_creds.name) == "alice@EXAMPLE.TEST"


def test_nothing_is_lent_to_a_server_without_the_kdcs_trust(kdc: Path) -> None:
    client = OurClient(PROTECT | sspi.InitFlag.MUTUAL_AUTH | sspi.InitFlag.DELEGATE, "svc/server.example.test")
    client.step(b"")
    assert not client.context.flags & sspi.InitFlag.DELEGATE


def test_keytab_login(kdc: Path) -> None:
    credential = _sspi.AcquireCredentialsHandle("bob@EXAMPLE.TEST", "Kerberos", _sspi.SECPKG_CRED_OUTBOUND, None)[0]
    _sspi.SspiCredentialSetKeytab(credential, str(kdc / "bob.keytab"))
    _, _, request, _, _ = _sspi.InitializeSecurityContext(credential, None, SERVICE, 0, 0, None)
    server = OurServer()
    server.step(bytes(request))
    assert server.context.client_name == "bob@EXAMPLE.TEST"


class Heimdal:
    """The program heimdal_peer.c: one end of Heimdal's GSS-API."""

    def __init__(self, program: Path, *arguments: str) -> None:
        self.process = subprocess.Popen([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.complete = False

    def ask(self, what: str, *parts: bytes) -> bytes:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        # An empty message is no word of its own: its line has a blank.
        self.process.stdin.write(" ".join([what, *(part.hex() for part in parts)]) + "\n")
        self.process.stdin.flush()
        verdict, *rest = self.process.stdout.readline().split()
        assert verdict == "ok", f"{what}: {rest}"
        self.complete = self.complete or "done" in rest
        return bytes.fromhex(rest[0]) if rest and rest[0] != "done" else b""

    def step(self, token: bytes) -> bytes:
        return self.ask("step", token)

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(timeout=10) == 0


@pytest.fixture(scope="session")
def heimdal(compile_c: Callable[..., Path]) -> Path:
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "heimdal-gssapi"], capture_output=True, text=True)
    if flags.returncode != 0:
        pytest.skip("no heimdal-gssapi: apt-get install heimdal-multidev")
    return compile_c("heimdal_peer", HERE / "heimdal_peer.c", *flags.stdout.split())


def exchange_with_heimdal(ours: object, theirs: Heimdal) -> None:
    for size in (1, 15, 16, 17, 100, 4096, 65536):
        text = os.urandom(size)
        assert theirs.ask("unwrap", ours.wrap(text)) == text
        assert ours.unwrap(theirs.ask("wrap", text)) == text
        theirs.ask("verify", text, ours.sign(text))
        ours.verify(text, theirs.ask("sign", text))


@pytest.mark.parametrize("kind", ["HTTP", *TYPES])
@pytest.mark.parametrize("dce", [0, 0x1000], ids=["plain", "dce"])
def test_heimdal_client_our_server(kdc: Path, heimdal: Path, kind: str, dce: int) -> None:
    client = Heimdal(heimdal, "client", f"{kind}/server.example.test@EXAMPLE.TEST", hex(0x3E | dce))
    server = OurServer(service_names=kind, keytab=str(kdc / "all.keytab"))
    handshake(client, server)
    assert client.complete
    assert server.context.complete
    if not dce:
        exchange_with_heimdal(server.context, client)
    client.close()


@pytest.mark.parametrize("kind", ["HTTP", *TYPES])
@pytest.mark.parametrize("dce", [0, sspi.InitFlag.USE_DCE_STYLE], ids=["plain", "dce"])
def test_our_client_heimdal_server(
    kdc: Path, heimdal: Path, kind: str, dce: sspi.InitFlag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRB5_KTNAME", str(kdc / "all.keytab"))
    client = OurClient(PROTECT | sspi.InitFlag.MUTUAL_AUTH | dce, f"{kind}/server.example.test")
    server = Heimdal(heimdal, "server")
    handshake(client, server)
    assert client.context.complete
    assert server.complete
    if not dce:
        exchange_with_heimdal(client.context, server)
    server.close()


def test_rc4_only_where_allowed(kdc: Path, heimdal: Path) -> None:
    service = "arcfour-hmac-md5/server.example.test"
    options = {"service_names": "arcfour-hmac-md5", "keytab": str(kdc / "all.keytab")}
    for theirs in (mit_client(service=service), Heimdal(heimdal, "client", f"{service}@EXAMPLE.TEST", "0x3e")):
        token = theirs.step(b"") if isinstance(theirs, Heimdal) else theirs.step()
        with pytest.raises(sspi.SSPIError) as refused:
            OurServer(**options).step(token)
        assert refused.value.reason == sspi.Reason.POLICY
        server = OurServer(**options, allow_insecure_rc4="yes")
        theirs.step(server.step(token))
        assert "rc4-hmac" in server.context.explanation
        text = b"sixteen bytes..."
        if isinstance(theirs, Heimdal):
            theirs.ask("verify", text, server.context.sign(text))
            server.context.verify(text, theirs.ask("sign", text))
            theirs.close()
        else:
            theirs.verify_signature(text, server.context.sign(text))
            server.context.verify(text, theirs.get_signature(text))


def test_kdc_that_does_not_answer(kdc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that takes packets and never answers; and one that refuses them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, socket.socket() as listener:
        silent.bind(("127.0.0.1", 0))
        listener.bind(("127.0.0.1", silent.getsockname()[1]))
        listener.listen()
        for port in (silent.getsockname()[1], 1):
            config = tmp_path / f"krb5-{port}.conf"
            text = (kdc / "krb5.conf").read_text()
            lines = [
                re.sub(r":\d+$", f":{port}", line)
                for line in text.splitlines()
                if "kdc_timeout" not in line and "max_retries" not in line
            ]
            config.write_text("\n".join(lines))
            started = time.monotonic()
            result = subprocess.run(
                [sys.executable, "-c", LOGIN],
                env=os.environ | {"KRB5_CONFIG": str(config)},
                capture_output=True,
                text=True,
            )
            assert "SEC_E_NO_AUTHENTICATING_AUTHORITY" in result.stdout, result.stdout + result.stderr
            assert time.monotonic() - started < 30


LOGIN = """
import sspi
credential = sspi.Credential("Kerberos", usage="initiate", username="bob", domain="EXAMPLE.TEST", password="x")
try:
    sspi.ClientContext(credential, target="HTTP/server.example.test").step()
except sspi.SSPIError as refused:
    print(refused.status.name, refused)
"""
