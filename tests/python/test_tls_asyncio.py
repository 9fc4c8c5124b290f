"""sspi.tls_asyncio: what is sent to a peer that only waits."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
import sspi
from sspi.tls import TlsAlert
from sspi.tls_asyncio import TlsTransport, open_connection, start_server

AUTHORITY = Path(__file__).resolve().parents[1] / "support" / "authority.sh"
NAME = "server.example.test"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("authority")
    subprocess.run([AUTHORITY, made, NAME, "alice"], check=True, timeout=60)
    return made


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("by_connection", [False, True])
def test_asyncio_tells_a_client_that_only_waits(folder: Path, version: str, by_connection: bool) -> None:
    """A request for its certificate and an alert reach it though nothing is written."""
    both = {"tls_trust": folder / "ca.pem", "allow_insecure_renegotiation": "yes", "tls_maximum_version": version}
    ended: list[bytes | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        transport, tls = writer.transport, writer.get_extra_info("sspi.tls")
        assert isinstance(transport, TlsTransport)
        transport.request_certificate()
        for _ in range(500):
            if tls.peer_certificate:
                break
            await asyncio.sleep(0.01)
        ended.append(tls.peer_certificate)
        with pytest.raises(sspi.SSPIError):
            transport.alert(200)
        assert not transport.is_closing()
        if by_connection:
            tls.alert(TlsAlert.ACCESS_DENIED)
        else:
            transport.alert(TlsAlert.ACCESS_DENIED)
            assert transport.is_closing()
            transport.alert(TlsAlert.ACCESS_DENIED)
            transport.request_certificate()
        writer.write(b"too late")
        ended.append(await reader.read())
        writer.close()

    async def talk() -> None:
        server = await start_server(serve, "127.0.0.1", 0, credential=accept)
        port = server.sockets[0].getsockname()[1]
        reader, writer = await open_connection("127.0.0.1", port, credential=alice, target=NAME)
        with pytest.raises(sspi.SSPIError) as caught:
            await asyncio.wait_for(reader.read(), 10)
        assert caught.value.status is sspi.Status.SEC_E_LOGON_DENIED
        assert "alert 49" in caught.value.explanation
        writer.close()
        for _ in range(100):
            if len(ended) == 2:
                break
            await asyncio.sleep(0.02)
        server.close()

    with (
        sspi.Credential("Schannel", options={**both, "tls_certificate": folder / f"{NAME}.pem"}) as accept,
        sspi.Credential(
            "Schannel", usage="initiate", options={**both, "tls_certificate": folder / "alice.pem"}
        ) as alice,
    ):
        asyncio.run(talk())
    assert ended[0]
    assert ended[1] == b""
