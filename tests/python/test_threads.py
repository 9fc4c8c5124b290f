"""Many threads, asyncio, and threads on one context."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sspi
from logins import DOMAIN, PASSWORD, USER, client_credential, shake


def together(count: int, work: Callable[[int], None]) -> None:
    """Runs `work` on so many threads at once; the first exception is raised here."""
    barrier = threading.Barrier(count)

    def run(number: int) -> None:
        barrier.wait(10)
        work(number)

    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(run, i) for i in range(count)]:
            future.result(60)


@pytest.mark.parametrize("with_lookup", [False, True])
def test_16_threads_of_handshakes(store, with_lookup):
    lock, events = threading.Lock(), []

    def on_event(event: sspi.Event) -> None:
        with lock:
            events.append(event.client_name)

    names = [f"user{i}" for i in range(16)]
    for name in names:
        store.add(name, PASSWORD, DOMAIN)
    accounts = (lambda user, domain: PASSWORD if user in names else None) if with_lookup else store
    acceptor = sspi.Credential(accounts=accounts, on_event=on_event)

    def work(number: int) -> None:
        initiator = client_credential(PASSWORD, names[number])
        for _ in range(50):
            server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
            shake(server, client)
            assert server.client_name == f"{DOMAIN}\\{names[number]}"
            assert server.unwrap(client.wrap(b"m" * 100)) == b"m" * 100
            server.close()

    together(16, work)
    assert len(events) == 16 * 50


def test_16_threads_on_one_context(pair):
    """Calls on one context are done one after the other: no crash, and every signature has its own number."""
    server, client = pair()
    lock, numbers = threading.Lock(), set()

    def work(number: int) -> None:
        for _ in range(100):
            signature = client.sign(b"x" * (10 + 2000 * (number % 2)))
            assert server.client_name == f"{DOMAIN}\\{USER}"
            with lock:
                numbers.add(signature[12:])

    together(16, work)
    assert len(numbers) == 1600


def test_16_threads_race_for_the_last_leg(acceptor, initiator, events):
    """Only one of them may see the login succeed."""
    server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
    token = client.step(server.step(client.step().token).token).token
    outcomes = []

    def work(number: int) -> None:
        try:
            outcomes.append(server.step(token).status)
        except sspi.SSPIError as error:
            outcomes.append(error.status)

    together(16, work)
    assert outcomes.count(sspi.Status.SEC_E_OK) == 1
    assert len(events) == 1


def test_close_while_16_threads_work(pair):
    server, client = pair()
    problems: list[str] = []

    def work(number: int) -> None:
        try:
            for i in range(200):
                if number == 0 and i == 100:
                    client.close()
                    server.close()
                client.wrap(b"x" * 2000)
                _ = server.explanation
        except ValueError as error:
            problems.append(str(error))

    together(16, work)
    assert server.closed
    assert client.closed
    assert all("closed" in problem for problem in problems)


def test_asyncio(acceptor):
    """Steps that may wait for a directory run in the loop's executor; the loop goes on meanwhile."""
    ticks = 0

    async def login(number: int) -> str:
        loop = asyncio.get_running_loop()
        with client_credential() as credential:
            server, client = sspi.ServerContext(acceptor), sspi.ClientContext(credential)
            token = (await loop.run_in_executor(None, client.step)).token
            while not server.complete:
                step = await loop.run_in_executor(None, server.step, token)
                if step.token:
                    token = (await loop.run_in_executor(None, client.step, step.token)).token
            return server.client_name

    async def ticker() -> None:
        nonlocal ticks
        while True:
            ticks += 1
            await asyncio.sleep(0)

    async def main() -> list[str]:
        task = asyncio.create_task(ticker())
        names = await asyncio.gather(*(login(i) for i in range(50)))
        task.cancel()
        return names

    assert asyncio.run(main()) == [f"{DOMAIN}\\{USER}"] * 50
    assert ticks > 2
