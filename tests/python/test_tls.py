"""sspi.tls and sspi.tls_asyncio: both ends of ours, fed in pieces, closed, misused."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
import sspi
from sspi.tls import TlsAlert, TlsConnection
from sspi.tls_asyncio import open_connection, start_server

AUTHORITY = Path(__file__).resolve().parents[1] / "support" / "authority.sh"
NAME = "server.example.test"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("authority")
    subprocess.run([AUTHORITY, made, NAME, "alice"], check=True, timeout=60)
    return made


@pytest.fixture(scope="module")
def server_credential(folder: Path) -> Iterator[sspi.Credential]:
    options = {"tls_certificate": folder / f"{NAME}.pem", "tls_trust": folder / "ca.pem"}
    with sspi.Credential("Schannel", options=options) as credential:
        credential.check()
        yield credential


@pytest.fixture(scope="module")
def client_credential(folder: Path) -> Iterator[sspi.Credential]:
    with sspi.Credential("Schannel", usage="initiate", options={"tls_trust": folder / "ca.pem"}) as credential:
        yield credential


def pair_of(server: sspi.Credential, client: sspi.Credential, **options: object) -> tuple[TlsConnection, TlsConnection]:
    """A server and a client that have shaken hands."""
    flags = options.pop("flags", None)
    one = TlsConnection(server, server_side=True, flags=flags, **options)
    other = TlsConnection(client, server_side=False, target=NAME, **options)
    other.start()
    for _ in range(4):
        assert one.receive_data(other.data_to_send()) == b""
        assert other.receive_data(one.data_to_send()) == b""
    assert one.complete
    assert other.complete
    return one, other


def test_both_ends_agree(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    one, other = pair_of(server_credential, client_credential, alpn=["h2", b"http/1.1"])
    with one, other:
        assert one.version == other.version == "TLSv1.3"
        assert one.cipher == other.cipher
        assert one.alpn_protocol == other.alpn_protocol == "h2"
        assert one.channel_bindings.data == other.channel_bindings.data
        assert one.exporter_bindings.data == other.exporter_bindings.data != one.channel_bindings.data
        assert other.peer_certificate == one.certificate
        assert one.peer_certificate is None
        assert "TLSv1.3" in one.explanation


@pytest.mark.parametrize("size", [0, 1, 16384, 16385, 100_000])
def test_data_both_ways(server_credential: sspi.Credential, client_credential: sspi.Credential, size: int) -> None:
    one, other = pair_of(server_credential, client_credential)
    data = bytes(i % 251 for i in range(size))
    for sender, receiver in ((one, other), (other, one)):
        sender.send_data(data)
        assert receiver.receive_data(sender.data_to_send()) == data


def test_pieces_of_any_size(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    one = TlsConnection(server_credential, server_side=True)
    other = TlsConnection(client_credential, server_side=False, target=NAME)
    other.start()
    while not (one.complete and other.complete):
        for sender, receiver in ((other, one), (one, other)):
            for byte in sender.data_to_send():
                receiver.receive_data(bytes([byte]))
    other.send_data(b"x" * 40_000)
    sent, got = other.data_to_send(), b""
    for start in range(0, len(sent), 57_000):  # three and a half records at a time
        got += one.receive_data(sent[start : start + 57_000])
    assert got == b"x" * 40_000


def test_sessions_are_resumed(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    pair_of(server_credential, client_credential)
    one, other = pair_of(server_credential, client_credential)
    assert one.resumed
    assert other.resumed


def test_goodbye(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    one, other = pair_of(server_credential, client_credential)
    one.send_data(b"last words")
    one.shut_down()
    one.shut_down()
    assert other.receive_data(one.data_to_send()) == b"last words"
    assert other.eof
    assert not one.eof
    with pytest.raises(ValueError, match="not open for data"):
        one.send_data(b"more")


@pytest.mark.parametrize("server_says", [True, False])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_alert(folder: Path, client_credential: sspi.Credential, server_says: bool, version: str) -> None:
    options = {"tls_certificate": folder / f"{NAME}.pem", "tls_maximum_version": version}
    one, other = pair_of(sspi.Credential("Schannel", options=options), client_credential)
    if not server_says:
        one, other = other, one
    with pytest.raises(sspi.SSPIError) as caught:
        one.alert(200)
    assert caught.value.status is sspi.Status.SEC_E_UNSUPPORTED_FUNCTION
    assert "number" in caught.value.explanation
    one.send_data(b"still open")
    try:
        one.alert(TlsAlert.ACCESS_DENIED)
    except sspi.SSPIError as error:
        if server_says == (version == "1.2") and "this version of OpenSSL" in error.explanation:
            pytest.skip(error.explanation)
        raise
    with pytest.raises(ValueError, match="closed for sending"):
        one.alert(TlsAlert.ACCESS_DENIED)
    with pytest.raises(ValueError, match="not open for data"):
        one.send_data(b"more")
    assert one.receive_data(b"whatever") == b""
    with pytest.raises(sspi.SSPIError) as caught:
        other.receive_data(one.data_to_send())
    assert caught.value.status is sspi.Status.SEC_E_LOGON_DENIED
    assert "alert 49" in other.explanation


def test_alert_in_the_clear(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    one = TlsConnection(server_credential, server_side=True)
    other = TlsConnection(client_credential, server_side=False, target=NAME)
    with pytest.raises(ValueError, match="has not begun"):
        one.alert(TlsAlert.USER_CANCELED)
    other.start()
    other.data_to_send()
    other.alert(TlsAlert.USER_CANCELED)
    assert other.data_to_send() == bytes([21, 3, 3, 0, 2, 2, 90])


def test_altered_record(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    one, other = pair_of(server_credential, client_credential)
    one.send_data(b"to be altered")
    record = bytearray(one.data_to_send())
    record[-1] ^= 1
    with pytest.raises(sspi.SSPIError) as caught:
        other.receive_data(record)
    assert caught.value.status is sspi.Status.SEC_E_MESSAGE_ALTERED


def test_failed_handshake_tells_the_peer(server_credential: sspi.Credential) -> None:
    one = TlsConnection(server_credential, server_side=True)
    doubting = sspi.Credential("Schannel", usage="initiate")
    other = TlsConnection(doubting, server_side=False, target=NAME)
    other.start()
    one.receive_data(other.data_to_send())
    with pytest.raises(sspi.SSPIError) as caught:
        other.receive_data(one.data_to_send())
    assert caught.value.status is sspi.Status.SEC_E_UNTRUSTED_ROOT
    assert not other.complete
    with pytest.raises(sspi.SSPIError) as caught:
        one.receive_data(other.data_to_send())
    assert caught.value.status is sspi.Status.SEC_E_UNTRUSTED_ROOT  # the alert said so
    assert one.explanation


def test_client_certificate(folder: Path, server_credential: sspi.Credential) -> None:
    options = {"tls_trust": folder / "ca.pem", "tls_certificate": folder / "alice.pem"}
    with sspi.Credential("Schannel", usage="initiate", options=options) as alice:
        flags = TlsConnection.SERVER_FLAGS | sspi.AcceptFlag.MUTUAL_AUTH
        one, _ = pair_of(server_credential, alice)
        assert one.peer_certificate is None  # nobody asked
        server = TlsConnection(server_credential, server_side=True, flags=flags)
        other = TlsConnection(alice, server_side=False, target=NAME)
        other.start()
        for _ in range(4):
            server.receive_data(other.data_to_send())
            other.receive_data(server.data_to_send())
        assert server.peer_certificate == other.certificate


def test_nameless_clients(folder: Path, client_credential: sspi.Credential) -> None:
    """Let in without an account: the error says why there is no name."""
    options = {
        "tls_certificate": folder / f"{NAME}.pem",
        "tls_trust": folder / "ca.pem",
        "tls_account_name": "common_name",
    }
    flags = TlsConnection.SERVER_FLAGS | sspi.AcceptFlag.MUTUAL_AUTH
    shown = {"tls_trust": folder / "ca.pem", "tls_certificate": folder / "alice.pem"}
    with (
        sspi.Credential("Schannel", options=options, accounts=lambda user, _: "x" if user == "bob" else None) as server,
        sspi.Credential("Schannel", options=options) as unmapped,
        sspi.Credential("Schannel", usage="initiate", options=shown) as alice,
    ):
        for accept, client, expected in (
            (server, client_credential, "the client showed no certificate"),
            (server, alice, "no account is named as the client's certificate: alice"),
            (unmapped, alice, "the client's certificate is not mapped to an account"),
        ):
            one = TlsConnection(accept, server_side=True, flags=flags)
            other = TlsConnection(client, server_side=False, target=NAME)
            other.start()
            for _ in range(4):
                one.receive_data(other.data_to_send())
                other.receive_data(one.data_to_send())
            with pytest.raises(sspi.SSPIError) as caught:
                _ = one.client_name
            assert caught.value.explanation == expected
            assert caught.value.status is sspi.Status.SEC_E_NO_CREDENTIALS
            assert caught.value.reason is sspi.Reason.PEER_CERTIFICATE


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_certificate_in_the_middle(folder: Path, version: str) -> None:
    """Asked for when it is needed: after the handshake in TLS 1.3, by a further one in TLS 1.2."""
    both = {"tls_trust": folder / "ca.pem", "allow_insecure_renegotiation": "yes", "tls_maximum_version": version}
    with (
        sspi.Credential("Schannel", options={**both, "tls_certificate": folder / f"{NAME}.pem"}) as server,
        sspi.Credential(
            "Schannel", usage="initiate", options={**both, "tls_certificate": folder / "alice.pem"}
        ) as alice,
    ):
        one, other = pair_of(server, alice)
        assert one.peer_certificate is None
        one.request_certificate()
        for _ in range(6):
            other.receive_data(one.data_to_send())
            one.receive_data(other.data_to_send())
        assert one.peer_certificate == other.certificate
        one.send_data(b"hello alice")
        assert other.receive_data(one.data_to_send()) == b"hello alice"
        with pytest.raises(ValueError, match="only a server asks"):
            other.request_certificate()


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_client_that_cannot_be_asked(folder: Path, version: str) -> None:
    """The server learns that, and the connection goes on as it was."""
    options = {
        "tls_certificate": folder / f"{NAME}.pem",
        "tls_maximum_version": version,
        "tls_trust": folder / "ca.pem",
    }
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    settings = ssl.create_default_context(cafile=folder / "ca.pem")
    other = settings.wrap_bio(incoming, outgoing, server_hostname=NAME)  # offers no authentication after the handshake
    with sspi.Credential("Schannel", options=options) as server:
        one = TlsConnection(server, server_side=True)
        for _ in range(4):
            with suppress(ssl.SSLWantReadError):
                other.do_handshake()
            one.receive_data(outgoing.read())
            incoming.write(one.data_to_send())
        assert one.complete
        for _ in range(2):
            with pytest.raises(sspi.SSPIError, match="cannot be asked") as caught:
                one.request_certificate()
            assert caught.value.status is sspi.Status.SEC_E_UNSUPPORTED_FUNCTION
            assert one.data_to_send() == b""
            one.send_data(b"all the same")
            incoming.write(one.data_to_send())
            assert other.read() == b"all the same"
            other.write(b"as before")
            assert one.receive_data(outgoing.read()) == b"as before"
        one.shut_down()
        incoming.write(one.data_to_send())
        assert other.read() == b""


def test_login_inside(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    """NTLM inside TLS, bound to it: of another connection's certificate it would be refused."""
    one, other = pair_of(server_credential, client_credential)
    accept = sspi.Credential("NTLM", accounts=lambda user, _: "secret" if user == "alice" else None)
    ask = sspi.Credential("NTLM", usage="initiate", username="alice", domain="EXAMPLE", password="secret")  # noqa: S106
    for bindings, fine in ((other.channel_bindings, True), (sspi.ChannelBindings(b"tls-server-end-point:x"), False)):
        with (
            sspi.ServerContext(accept, channel_bindings=one.channel_bindings) as server,
            sspi.ClientContext(ask, target="HTTP/x", channel_bindings=bindings) as client,
        ):
            token = client.step(server.step(client.step().token).token).token
            if fine:
                server.step(token)
                assert server.complete
            else:
                with pytest.raises(sspi.SSPIError) as caught:
                    server.step(token)
                assert caught.value.status is sspi.Status.SEC_E_BAD_BINDINGS


def test_arguments(server_credential: sspi.Credential) -> None:
    with pytest.raises(ValueError, match="target is for a client"):
        TlsConnection(server_credential, server_side=True, target=NAME)
    with pytest.raises(ValueError, match="for Schannel, not for NTLM"):
        TlsConnection(sspi.Credential("NTLM"), server_side=True)
    with pytest.raises(TypeError, match="must be a Credential"):
        TlsConnection("Schannel", server_side=True)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="alpn"):
        TlsConnection(server_credential, server_side=True, alpn=[""])
    one = TlsConnection(server_credential, server_side=True)
    with pytest.raises(ValueError, match="not open for data"):
        one.send_data(b"too early")
    with pytest.raises(TypeError, match="bytes-like"):
        one.receive_data("text")  # type: ignore[arg-type]
    one.close()
    with pytest.raises(ValueError, match="closed"):
        one.receive_data(b"\x16\x03\x01")


def test_missing_certificate_is_named(tmp_path: Path) -> None:
    credential = sspi.Credential("Schannel", options={"tls_certificate": tmp_path / "nowhere.pem"})
    with pytest.raises(sspi.SSPIError, match="nowhere.pem"):
        credential.check()


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


def test_asyncio_both_ends(server_credential: sspi.Credential, client_credential: sspi.Credential) -> None:
    failures: list[Exception] = []

    async def talk() -> None:
        server = await start_server(
            _echo, "127.0.0.1", 0, credential=server_credential, alpn=["x"], limit=1 << 20, on_failure=failures.append
        )
        port = server.sockets[0].getsockname()[1]
        reader, writer = await open_connection(
            "127.0.0.1", port, credential=client_credential, target=NAME, alpn=["x"], limit=1 << 20
        )
        tls = writer.get_extra_info("sspi.tls")
        assert tls.alpn_protocol == "x"
        for size in (1, 70_000, 500_000):
            line = b"y" * size + b"\n"
            writer.write(line)
            await writer.drain()
            assert await reader.readline() == line
        writer.close()
        await writer.wait_closed()
        with pytest.raises(sspi.SSPIError) as caught:
            await open_connection("127.0.0.1", port, credential=client_credential, target="other.example.test")
        assert caught.value.status is sspi.Status.SEC_E_WRONG_PRINCIPAL
        for _ in range(100):
            if failures:
                break
            await asyncio.sleep(0.02)
        server.close()

    asyncio.run(talk())
    assert len(failures) == 1
    assert failures[0].peername[0] == "127.0.0.1"  # type: ignore[attr-defined]


def test_asyncio_gives_up_on_the_silent(server_credential: sspi.Credential) -> None:
    failures: list[Exception] = []

    async def wait() -> None:
        server = await start_server(
            _echo, "127.0.0.1", 0, credential=server_credential, handshake_timeout=0.2, on_failure=failures.append
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", server.sockets[0].getsockname()[1])
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        server.close()

    asyncio.run(wait())
    assert [type(failure) for failure in failures] == [TimeoutError]


def test_nothing_is_kept_after_the_goodbye(
    server_credential: sspi.Credential, client_credential: sspi.Credential
) -> None:
    one, other = pair_of(server_credential, client_credential)
    other.send_data(b"last words")
    other.shut_down()
    assert one.receive_data(other.data_to_send() + b"\x17\x03\x03\x40\x00" + bytes(10_000)) == b"last words"
    assert one.eof
    for _ in range(10):
        assert one.receive_data(bytes(100_000)) == b""
    assert len(one._received) == 0


@pytest.mark.parametrize(
    ("end", "kind"),
    [("goodbye", None), ("cut", ConnectionResetError), ("garbage", sspi.SSPIError), ("own", None)],
)
def test_asyncio_tells_a_cut_from_an_end(
    server_credential: sspi.Credential, client_credential: sspi.Credential, end: str, kind: type[Exception] | None
) -> None:
    """Who is between the two can end the connection, but not make it look whole."""
    got: list[bytes | Exception] = []
    read, done = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            got.append(await reader.readexactly(5))
            read.set()
            if end == "own":
                writer.close()
            got.append(await reader.read())
        except (ConnectionResetError, sspi.SSPIError) as error:
            got.append(error)
        writer.close()
        done.set()

    async def talk() -> None:
        server = await start_server(serve, "127.0.0.1", 0, credential=server_credential)
        port = server.sockets[0].getsockname()[1]
        _, writer = await open_connection("127.0.0.1", port, credential=client_credential, target=NAME)
        writer.write(b"pay 1")
        await asyncio.wait_for(read.wait(), 10)
        lower = writer.transport._lower  # type: ignore[attr-defined]
        if end == "goodbye":
            writer.close()
        elif end == "cut":
            lower.write_eof()
        elif end == "garbage":
            lower.write(b"\x17\x03\x03\x00\x20" + bytes(32))
        await asyncio.wait_for(done.wait(), 10)
        lower.abort()
        server.close()

    asyncio.run(talk())
    assert got[0] == b"pay 1"
    assert got[1] == b"" if kind is None else isinstance(got[1], kind)


def test_refused_record_is_answered_by_an_alert(
    server_credential: sspi.Credential, client_credential: sspi.Credential
) -> None:
    one, other = pair_of(server_credential, client_credential)
    with one, other:
        other.send_data(b"hello")
        record = bytearray(other.data_to_send())
        record[-1] ^= 1
        with pytest.raises(sspi.SSPIError) as refused:
            one.receive_data(record)
        assert refused.value.status is sspi.Status.SEC_E_MESSAGE_ALTERED
        assert one.explanation == refused.value.explanation
        assert "bad record mac" in one.explanation
        with pytest.raises(sspi.SSPIError) as heard:
            other.receive_data(one.data_to_send())
        assert heard.value.status is sspi.Status.SEC_E_MESSAGE_ALTERED
        assert heard.value.reason is sspi.Reason.PEER_REFUSED
