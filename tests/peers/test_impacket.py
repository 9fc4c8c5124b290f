"""impacket: its NTLM client at our acceptor, and our initiator at its SMB server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sspi
from conftest import ALICE, User

ntlm = pytest.importorskip("impacket.ntlm", reason="impacket is missing: apt-get install python3-impacket")

WRONG = User(ALICE.domain, ALICE.name, "not her password")
UNKNOWN = User(ALICE.domain, "mallory", ALICE.password)


class Login:
    """One login of impacket's client at our acceptor."""

    def __init__(self, accounts: Path, **options: str) -> None:
        self.events: list[sspi.Event] = []
        credential = sspi.Credential(
            "NTLM", usage="accept", accounts=str(accounts), on_event=self.events.append, options=options
        )
        self.context = sspi.ServerContext(credential)

    def run(self, user: User, nt_hash: bytes | str = "", v2: bool = True) -> bytes:
        first = ntlm.getNTLMSSPType1("WORKSTATION", user.domain, signingRequired=True, use_ntlmv2=v2)
        challenge = bytes(self.context.step(first.getData()).token)
        password = "" if nt_hash else user.password
        third, session_key = ntlm.getNTLMSSPType3(
            first, challenge, user.name, password, user.domain, "", nt_hash, use_ntlmv2=v2
        )
        self.context.step(third.getData())
        return session_key


def test_right_password(accounts: Path) -> None:
    login = Login(accounts)
    session_key = login.run(ALICE)
    assert login.context.client_name == ALICE.full_name
    assert login.context.session_key == session_key


def test_right_hash(accounts: Path) -> None:
    login = Login(accounts)
    login.run(ALICE, nt_hash=ntlm.compute_nthash(ALICE.password))
    assert login.context.client_name == ALICE.full_name


@pytest.mark.parametrize(
    ("user", "reason"), [(WRONG, "WRONG_PASSWORD"), (UNKNOWN, "UNKNOWN_USER")], ids=["wrong password", "unknown user"]
)
def test_refused(accounts: Path, user: User, reason: str) -> None:
    login = Login(accounts)
    with pytest.raises(sspi.SSPIError) as refused:
        login.run(user)
    assert refused.value.status == sspi.Status.SEC_E_LOGON_DENIED
    assert [event.reason.name for event in login.events] == [reason]


def test_old_response_is_refused(accounts: Path) -> None:
    """NTLMv1, right password: the policy forbids it."""
    login = Login(accounts)
    with pytest.raises(sspi.SSPIError):
        login.run(ALICE, v2=False)
    assert [event.reason.name for event in login.events] == ["POLICY"]


def test_strict_policy_demands_the_mic(accounts: Path) -> None:
    """impacket sends none."""
    login = Login(accounts, ntlm_policy="strict")
    with pytest.raises(sspi.SSPIError):
        login.run(ALICE)
    assert [event.reason.name for event in login.events] == ["MIC_MISSING"]


# -- our initiator at impacket's SMB server


@pytest.fixture(scope="module")
def smb_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    smbserver = pytest.importorskip(
        "impacket.smbserver", reason="impacket is missing: apt-get install python3-impacket"
    )
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = smbserver.SimpleSMBServer("127.0.0.1", port)
    server.setSMB2Support(True)
    server.setLogFile(str(tmp_path_factory.mktemp("smb") / "log"))
    server.addShare("SHARE", str(tmp_path_factory.mktemp("share")))
    nt_hash = ntlm.compute_nthash(ALICE.password).hex()
    server.addCredential(ALICE.name, 0, "aad3b435b51404eeaad3b435b51404ee", nt_hash)
    thread = threading.Thread(target=server.start, daemon=True)
    thread.start()
    yield port
    server._SimpleSMBServer__server.shutdown()  # stop() alone closes the socket under the loop
    server.stop()
    thread.join(10)


class Message:
    """A token as impacket's SMB client handles it."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def getData(self) -> bytes:  # noqa: N802 - impacket's name
        return self.data


@pytest.fixture
def smb_login(monkeypatch: pytest.MonkeyPatch, smb_port: int) -> Callable[[User], list[str]]:
    """Logs in at the SMB server with our tokens in the place of impacket's, then lists its shares."""
    smbconnection = pytest.importorskip("impacket.smbconnection", reason="impacket is missing")

    def run(user: User) -> list[str]:
        credential = sspi.Credential(
            "NTLM", usage="initiate", username=user.name, domain=user.domain, password=user.password
        )
        context = sspi.ClientContext(credential, target="cifs/127.0.0.1")

        def first(*_: object, **__: object) -> Message:
            return Message(bytes(context.step().token))

        def third(_: object, challenge: bytes, *__: object, **___: object) -> tuple[Message, bytes]:
            token = bytes(context.step(challenge).token)
            return Message(token), context.session_key

        monkeypatch.setattr(ntlm, "getNTLMSSPType1", first)
        monkeypatch.setattr(ntlm, "getNTLMSSPType3", third)
        connection = smbconnection.SMBConnection("127.0.0.1", "127.0.0.1", sess_port=smb_port, timeout=20)
        try:
            connection.login(user.name, user.password, user.domain)
            return [share["shi1_netname"].rstrip("\0") for share in connection.listShares()]
        finally:
            connection.close()

    return run


def test_our_client_at_the_smb_server(smb_login: Callable[[User], list[str]]) -> None:
    assert "SHARE" in smb_login(ALICE)


def test_our_client_refused_by_the_smb_server(smb_login: Callable[[User], list[str]]) -> None:
    smbconnection = pytest.importorskip("impacket.smbconnection", reason="impacket is missing")
    with pytest.raises(smbconnection.SessionError, match="STATUS_LOGON_FAILURE"):
        smb_login(WRONG)
