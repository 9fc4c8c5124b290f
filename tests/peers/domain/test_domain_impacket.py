"""impacket's Kerberos client, which makes its own messages: in DCE style, inside SPNEGO and alone, at our acceptors."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
import realm
import sspi
from impacket.dcerpc.v5.rpcrt import SEC_TRAILER
from impacket.krb5 import constants, kerberosv5
from impacket.krb5.ccache import CCache
from impacket.krb5.crypto import Key
from impacket.krb5.gssapi import GSSAPI
from impacket.krb5.types import Principal
from impacket.spnego import SPNEGO_NegTokenInit, SPNEGO_NegTokenResp
from realm import BACK, DOMAIN, PASSWORD, REALM, WEB, OurServer, facts, tickets

__all__ = ["tickets"]


def ticket_for(service: str, folder: Path) -> dict[str, object]:
    """alice's, from a cache: Samba's KDC wants a checksum in the request for one that impacket leaves out."""
    cache = folder / "cache"
    shutil.copy(realm.ticket_cache("alice").removeprefix("FILE:"), cache)
    subprocess.run(["kgetcred", "-c", f"FILE:{cache}", f"{service}@{REALM}"], check=True, timeout=30)
    return CCache.loadFile(str(cache)).getCredential(f"{service}@{REALM}", anySPN=False).toTGS()


class Impacket:
    """Its client with the words of our contexts. Alone: what SPNEGO would carry, without it."""

    def __init__(self, folder: Path, package: str) -> None:
        self.alone = package == "Kerberos"
        self.cipher, self.key, self.first = kerberosv5.getKerberosType1(
            "alice", "", REALM, "", "", TGS=ticket_for(WEB, folder)
        )
        self.sequence = 0

    def step(self, token: bytes) -> bytes:
        if not token:
            return bytes(SPNEGO_NegTokenInit(self.first)["MechToken"]) if self.alone else self.first
        if self.alone:
            answer = SPNEGO_NegTokenResp()
            answer["ResponseToken"] = token
            token = answer.getData()
        self.cipher, self.key, third = kerberosv5.getKerberosType3(self.cipher, self.key, token)
        return bytes(SPNEGO_NegTokenResp(third)["ResponseToken"]) if self.alone else third

    def seal(self, data: bytes) -> tuple[bytes, bytes]:
        """Cipher text and signature."""
        sealed = GSSAPI(self.cipher).GSS_Wrap(self.key, data, self.sequence)
        self.sequence += 1
        return sealed

    def unseal(self, data: bytes, signature: bytes) -> bytes:
        trailer = SEC_TRAILER().getData() + signature
        return GSSAPI(self.cipher).GSS_Unwrap(self.key, data, 0, direction="accept", authData=trailer)[0]


@pytest.fixture(params=["Negotiate", "Kerberos"])
def package(request: pytest.FixtureRequest) -> str:
    return request.param


def log_in(client: Impacket, server: OurServer) -> None:
    server.step(client.step(server.step(client.step(b""))))


def test_login(package: str, tmp_path: Path) -> None:
    client, server = Impacket(tmp_path, package), OurServer(package)
    log_in(client, server)
    assert server.context.complete
    assert server.context.client_name == f"{DOMAIN}\\alice"
    assert facts(server.context)["sid"] == realm.sid_by_winbind("alice")
    assert server.context.flags & sspi.AcceptFlag.USE_DCE_STYLE


def test_messages(package: str, tmp_path: Path) -> None:
    """Padded, as it likes; and an altered one."""
    client, server = Impacket(tmp_path, package), OurServer(package)
    log_in(client, server)
    for size in (1, 16, 100, 4096):
        text = bytes(range(256))[:size] * max(1, size // 256)
        data, signature = client.seal(text)
        assert server.context.decrypt(data, signature) == text
        assert client.unseal(*server.context.encrypt(text)) == text
    data, signature = client.seal(b"to be altered")
    with pytest.raises(sspi.SSPIError):
        server.context.decrypt(bytes([data[0] ^ 1]) + data[1:], signature)
    data, signature = server.context.encrypt(b"to be altered")
    with pytest.raises(Exception, match="integrity"):
        client.unseal(bytes([data[0] ^ 1]) + data[1:], signature)


def test_wrong_password() -> None:
    """A ticket-granting ticket it gets, with the right one."""
    alice = Principal("alice", type=constants.PrincipalNameType.NT_PRINCIPAL.value)
    kerberosv5.getKerberosTGT(alice, PASSWORD, REALM, "", "", kdcHost="dc.ad.example.test")
    with pytest.raises(kerberosv5.KerberosError) as refused:
        kerberosv5.getKerberosTGT(alice, "not her password", REALM, "", "", kdcHost="dc.ad.example.test")
    assert refused.value.getErrorCode() == constants.ErrorCodes.KDC_ERR_PREAUTH_FAILED.value


def test_wrong_key(package: str, tmp_path: Path) -> None:
    """The ticket's session key is not what the client thinks."""
    client = Impacket(tmp_path, package)
    ticket = ticket_for(WEB, tmp_path)
    ticket["sessionKey"] = Key(ticket["sessionKey"].enctype, bytes(len(ticket["sessionKey"].contents)))
    _, _, client.first = kerberosv5.getKerberosType1("alice", "", REALM, "", "", TGS=ticket)
    with pytest.raises(sspi.SSPIError) as refused:
        OurServer(package).step(client.step(b""))
    assert refused.value.reason == sspi.Reason.MESSAGE_ALTERED


def test_ticket_for_another_service(package: str, tmp_path: Path) -> None:
    server = OurServer(package, "all", service_names=BACK)
    with pytest.raises(sspi.SSPIError) as refused:
        server.step(Impacket(tmp_path, package).step(b""))
    assert refused.value.reason == sspi.Reason.WRONG_SERVICE


def test_replay(package: str, tmp_path: Path) -> None:
    token = Impacket(tmp_path, package).step(b"")
    OurServer(package).step(token)
    with pytest.raises(sspi.SSPIError) as refused:
        OurServer(package).step(token)
    assert refused.value.reason == sspi.Reason.REPLAY
