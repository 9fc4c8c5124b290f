"""Our two ends against foreign implementations: right and wrong passwords, unknown users, keys, seals, signatures."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sspi
from conftest import ALICE, BAERBEL, BOB, ROOT, USERS, User, needs
from parties import (
    Ours,
    Party,
    Refused,
    Samba,
    gss_client,
    gss_server,
    handshake,
    spnego_client,
    spnego_server,
    winpr_client,
    winpr_server,
)

PEERS = ("pyspnego", "gss-ntlmssp", "winpr", "samba")
SEALING = ("pyspnego", "gss-ntlmssp", "winpr")
SIGNING = ("pyspnego", "gss-ntlmssp")  # libwinpr2 2.11 has no MakeSignature for NTLM
BINDING = ("pyspnego", "gss-ntlmssp")
WRONG = User(ALICE.domain, ALICE.name, "not her password")
UNKNOWN = User(ALICE.domain, "mallory", ALICE.password)
BINDINGS = b"tls-server-end-point:" + bytes(range(32))


@pytest.fixture(scope="session")
def store(accounts: Path) -> sspi.AccountStore:
    return sspi.AccountStore(str(accounts))


@pytest.fixture(scope="session")
def winpr_program(compile_c: Callable[..., Path]) -> Path:
    needs("pkg-config", "pkg-config")
    found = subprocess.run(["pkg-config", "--cflags", "--libs", "winpr2"], capture_output=True, text=True)
    if found.returncode != 0:
        pytest.skip("libwinpr2 is missing: apt-get install libwinpr2-dev")
    return compile_c("winpr_peer", ROOT / "tests" / "peers" / "winpr_peer.c", *found.stdout.split())


@pytest.fixture(scope="session")
def sam_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ntlm = pytest.importorskip("impacket.ntlm", reason="impacket is missing: apt-get install python3-impacket")
    path = tmp_path_factory.mktemp("sam") / "sam"
    hashes = [(user, ntlm.compute_nthash(user.password).hex()) for user in USERS if user.name.isascii()]
    path.write_text("".join(f"{user.name}:{user.domain}::{nt_hash}:::\n" for user, nt_hash in hashes))
    return path


def module_of(peer: str) -> None:
    if peer == "samba":
        needs("ntlm_auth", "winbind")
    elif peer == "gss-ntlmssp":
        pytest.importorskip("gssapi", reason="gssapi is missing: apt-get install python3-gssapi gss-ntlmssp")
    elif peer == "pyspnego":
        pytest.importorskip("spnego", reason="pyspnego is missing: tests/run.sh --setup")


class Factory:
    """Makes foreign and own parties and closes them."""

    def __init__(self, request: pytest.FixtureRequest, store: sspi.AccountStore) -> None:
        self.request = request
        self.store = store
        self.parties: list[Party] = []
        self.events: list[sspi.Event] = []

    def _kept(self, party: Party) -> Party:
        self.parties.append(party)
        return party

    def foreign_client(self, peer: str, user: User, bindings: bytes | None = None) -> Party:
        module_of(peer)
        who = (user.domain, user.name, user.password)
        if peer == "pyspnego":
            return self._kept(spnego_client(*who, bindings))
        if peer == "gss-ntlmssp":
            return self._kept(gss_client(*who, bindings))
        if peer == "winpr":
            return self._kept(winpr_client(self.request.getfixturevalue("winpr_program"), *who))
        return self._kept(Samba(False, *who))

    def foreign_server(self, peer: str, bindings: bytes | None = None) -> Party:
        module_of(peer)
        if peer == "samba":
            return self._kept(Samba(True, ALICE.domain, ALICE.name, ALICE.password))
        if peer == "winpr":
            get = self.request.getfixturevalue
            return self._kept(winpr_server(get("winpr_program"), get("sam_file")))
        self.request.getfixturevalue("password_file")
        return self._kept(spnego_server(bindings) if peer == "pyspnego" else gss_server(bindings))

    def our_client(self, user: User, bindings: bytes | None = None) -> Ours:
        credential = sspi.Credential(
            "NTLM", usage="initiate", username=user.name, domain=user.domain, password=user.password
        )
        context = sspi.ClientContext(credential, target="HTTP/server", channel_bindings=bindings)
        return self._kept(Ours(context))

    def our_server(self, bindings: bytes | None = None, **options: object) -> Ours:
        credential = sspi.Credential(
            "NTLM", usage="accept", accounts=self.store, on_event=self.events.append, **options
        )
        return self._kept(Ours(sspi.ServerContext(credential, channel_bindings=bindings)))


@pytest.fixture
def make(request: pytest.FixtureRequest, store: sspi.AccountStore) -> Iterator[Factory]:
    factory = Factory(request, store)
    yield factory
    for party in factory.parties:
        party.close()


def converse(client: Party, server: Party) -> None:
    """Sealed messages of several sizes both ways, in turn and in a row."""
    for size in (1, 15, 16, 17, 1000, 60000):
        text = bytes(i % 251 for i in range(size))
        sealed = client.wrap(text)
        assert text not in sealed or size == 1
        assert server.unwrap(sealed) == text
        assert client.unwrap(server.wrap(text[::-1])) == text[::-1]
    in_a_row = [client.wrap(bytes([number]) * 50) for number in range(5)]
    assert [server.unwrap(sealed) for sealed in in_a_row] == [bytes([number]) * 50 for number in range(5)]


# -- a foreign client at our acceptor


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("user", [ALICE, BOB, BAERBEL], ids=["alice", "bob", "unicode"])
def test_foreign_client_is_known(make: Factory, peer: str, user: User) -> None:
    server = make.our_server()
    handshake(make.foreign_client(peer, user), server)
    assert server.context.client_name == user.full_name
    assert [event.status.name for event in make.events] == ["SEC_E_OK"]


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize(
    ("user", "reason"), [(WRONG, "WRONG_PASSWORD"), (UNKNOWN, "UNKNOWN_USER")], ids=["wrong password", "unknown user"]
)
def test_foreign_client_is_refused(make: Factory, peer: str, user: User, reason: str) -> None:
    server = make.our_server()
    with pytest.raises(Refused, match="LOGON_DENIED"):
        handshake(make.foreign_client(peer, user), server)
    assert not server.complete
    assert [(event.status.name, event.reason.name) for event in make.events] == [("SEC_E_LOGON_DENIED", reason)]


@pytest.mark.parametrize("peer", PEERS)
def test_two_foreign_clients_on_one_credential(make: Factory, peer: str) -> None:
    """Interleaved legs: each context knows its own client."""
    credential = sspi.Credential("NTLM", usage="accept", accounts=make.store)
    servers = [Ours(sspi.ServerContext(credential)) for _ in range(2)]
    clients = [make.foreign_client(peer, user) for user in (ALICE, BOB)]
    replies = [server.step(client.step(b"")) for client, server in zip(clients, servers, strict=True)]
    for i in (1, 0):
        servers[i].step(clients[i].step(replies[i]))
    assert [server.context.client_name for server in servers] == [ALICE.full_name, BOB.full_name]


@pytest.mark.parametrize("peer", PEERS)
def test_foreign_token_altered(make: Factory, peer: str) -> None:
    """One bit of the response is enough."""
    client, server = make.foreign_client(peer, ALICE), make.our_server()
    token = bytearray(client.step(server.step(client.step(b""))))
    offset = int.from_bytes(token[24:28], "little")  # the NT response
    token[offset] ^= 1
    with pytest.raises(Refused):
        server.step(bytes(token))


@pytest.mark.parametrize("peer", SEALING)
def test_foreign_client_seals(make: Factory, peer: str) -> None:
    client, server = make.foreign_client(peer, ALICE), make.our_server()
    handshake(client, server)
    converse(client, server)


@pytest.mark.parametrize("peer", SIGNING)
def test_foreign_client_signs(make: Factory, peer: str) -> None:
    client, server = make.foreign_client(peer, ALICE), make.our_server()
    handshake(client, server)
    server.verify(b"from the client", client.sign(b"from the client"))
    client.verify(b"from the server", server.sign(b"from the server"))
    with pytest.raises(Refused):
        server.verify(b"something else", client.sign(b"from the client"))


@pytest.mark.parametrize("peer", ["pyspnego", "samba"])
def test_session_keys_agree_at_our_server(make: Factory, peer: str) -> None:
    client, server = make.foreign_client(peer, ALICE), make.our_server()
    handshake(client, server)
    assert client.session_key() == server.session_key()
    assert len(server.session_key()) == 16


@pytest.mark.parametrize("peer", SEALING)
def test_foreign_message_altered(make: Factory, peer: str) -> None:
    client, server = make.foreign_client(peer, ALICE), make.our_server()
    handshake(client, server)
    sealed = bytearray(client.wrap(b"pay one"))
    sealed[-1] ^= 1
    with pytest.raises(Refused):
        server.unwrap(bytes(sealed))


@pytest.mark.parametrize("peer", BINDING)
def test_foreign_client_binds_the_channel(make: Factory, peer: str) -> None:
    server = make.our_server(BINDINGS)
    handshake(make.foreign_client(peer, ALICE, BINDINGS), server)
    assert server.context.client_name == ALICE.full_name


@pytest.mark.parametrize("peer", BINDING)
def test_foreign_client_of_another_channel(make: Factory, peer: str) -> None:
    with pytest.raises(Refused):
        handshake(make.foreign_client(peer, ALICE, BINDINGS + b"!"), make.our_server(BINDINGS))
    assert [event.reason.name for event in make.events] == ["BINDINGS_WRONG"]


# -- our client at a foreign acceptor


@pytest.mark.parametrize("peer", PEERS)
def test_our_client_is_known(make: Factory, peer: str) -> None:
    client, server = make.our_client(ALICE), make.foreign_server(peer)
    handshake(client, server)
    if peer == "samba":
        assert server.client_name == ALICE.full_name


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("user", [WRONG, UNKNOWN], ids=["wrong password", "unknown user"])
def test_our_client_is_refused(make: Factory, peer: str, user: User) -> None:
    if (peer, user) == ("samba", UNKNOWN):
        user = User(ALICE.domain, UNKNOWN.name, WRONG.password)  # ntlm_auth has one password for whoever comes
    with pytest.raises(Refused):
        handshake(make.our_client(user), make.foreign_server(peer))


@pytest.mark.parametrize("peer", SEALING)
def test_our_client_seals(make: Factory, peer: str) -> None:
    client, server = make.our_client(ALICE), make.foreign_server(peer)
    handshake(client, server)
    converse(client, server)


@pytest.mark.parametrize("peer", SIGNING)
def test_our_client_signs(make: Factory, peer: str) -> None:
    client, server = make.our_client(ALICE), make.foreign_server(peer)
    handshake(client, server)
    server.verify(b"from the client", client.sign(b"from the client"))
    client.verify(b"from the server", server.sign(b"from the server"))
    with pytest.raises(Refused):
        client.verify(b"something else", server.sign(b"from the server"))


@pytest.mark.parametrize("peer", ["pyspnego", "samba"])
def test_session_keys_agree_at_foreign_server(make: Factory, peer: str) -> None:
    client, server = make.our_client(ALICE), make.foreign_server(peer)
    handshake(client, server)
    assert client.session_key() == server.session_key()


@pytest.mark.parametrize("peer", BINDING)
def test_our_client_binds_the_channel(make: Factory, peer: str) -> None:
    handshake(make.our_client(ALICE, BINDINGS), make.foreign_server(peer, BINDINGS))


@pytest.mark.parametrize("peer", BINDING)
def test_our_client_of_another_channel(make: Factory, peer: str) -> None:
    with pytest.raises(Refused):
        handshake(make.our_client(ALICE, BINDINGS + b"!"), make.foreign_server(peer, BINDINGS))


def test_a_hash_serves_as_well_as_a_password(make: Factory) -> None:
    """Our client with the NT hash alone, at Samba."""
    needs("ntlm_auth", "winbind")
    ntlm = pytest.importorskip("impacket.ntlm", reason="impacket is missing: apt-get install python3-impacket")
    credential = sspi.Credential(
        "NTLM",
        usage="initiate",
        username=ALICE.name,
        domain=ALICE.domain,
        nt_hash=ntlm.compute_nthash(ALICE.password),
    )
    handshake(Ours(sspi.ClientContext(credential, target="HTTP/server")), make.foreign_server("samba"))
