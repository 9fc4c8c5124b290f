"""Many clients at once, and many that leave in the middle."""

from __future__ import annotations

import asyncio
import base64
import json
import time

import pytest
from conftest import ALICE, BOB, Server, User, raise_file_limit
from raw_http import Http, client_of, request

CONNECTIONS = 1000


class AsyncHttp:
    """One connection of many."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def ask(self, token: bytes | None = None) -> tuple[int, str, bytes]:
        headers = [("Authorization", f"NTLM {base64.b64encode(token).decode()}")] if token else []
        self.writer.write(request(headers))
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        fields = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in head.split("\r\n"))}
        body = await self.reader.readexactly(int(fields["content-length"]))
        return int(head.split()[1]), fields.get("www-authenticate", ""), body

    async def log_in(self, user: User) -> str:
        with client_of(user) as context:
            status, offer, _ = await self.ask(context.step().token)
            assert status == 401
            status, _, body = await self.ask(context.step(base64.b64decode(offer.removeprefix("NTLM "))).token)
        return json.loads(body)["name"] if status == 200 else ""


async def crowd(port: int) -> None:
    """Opens every connection before the first logs in, and logs in everybody before the first asks again."""
    streams = [await asyncio.open_connection("127.0.0.1", port) for _ in range(CONNECTIONS)]
    clients = [AsyncHttp(*stream) for stream in streams]
    users = [(ALICE, BOB)[i % 2] for i in range(CONNECTIONS)]
    names = await asyncio.gather(*(client.log_in(user) for client, user in zip(clients, users, strict=True)))
    assert names == [user.full_name for user in users]
    answers = await asyncio.gather(*(client.ask() for client in clients))
    assert [json.loads(body)["name"] for _, _, body in answers] == [user.full_name for user in users]
    for client in clients:
        client.writer.close()


def wait_for_descriptors(gateway: Server, most: int) -> int:
    for _ in range(100):
        if gateway.descriptors() <= most:
            break
        time.sleep(0.05)
    return gateway.descriptors()


@pytest.mark.timeout(120)
def test_a_thousand_clients_at_once(gateway: Server) -> None:
    raise_file_limit()
    before = gateway.descriptors()
    asyncio.run(crowd(gateway.port))
    assert wait_for_descriptors(gateway, before + 2) <= before + 2


@pytest.mark.timeout(120)
def test_clients_that_leave_after_the_challenge(gateway: Server) -> None:
    """Half handshakes leave nothing behind: neither descriptors nor memory."""

    def leave(count: int) -> None:
        for _ in range(count):
            with Http(gateway.port) as http, client_of(ALICE) as context:
                assert http.ask_with(context.step().token).challenge

    leave(500)
    descriptors, memory = gateway.descriptors(), gateway.status("VmRSS")
    leave(1500)
    assert wait_for_descriptors(gateway, descriptors + 2) <= descriptors + 2
    assert gateway.status("VmRSS") - memory < 2048
