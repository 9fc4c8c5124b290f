"""Memory stays flat over many logins, good and bad, and reference counts come back to what they were."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Callable

import pytest
import sspi
from logins import client_credential, shake
from sspi import _sspi

ROUNDS = int(os.environ.get("SSPI_LEAK_ROUNDS", "100000" if os.environ.get("SSPI_NIGHTLY") else "4000"))


def resident() -> int:
    """KiB of this process in memory."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * (os.sysconf("SC_PAGE_SIZE") // 1024)


def flat(work: Callable[[], None], rounds: int = ROUNDS) -> None:
    """The second half of the rounds may not grow the process by more than 64 KiB, and no object stays."""
    for _ in range(rounds // 4):
        work()
    gc.collect()
    objects, before = len(gc.get_objects()), resident()
    for _ in range(rounds):
        work()
    gc.collect()
    grown = resident() - before
    assert len(gc.get_objects()) - objects < 20
    if "asan" in os.environ.get("LD_PRELOAD", ""):
        return  # a sanitizer keeps freed memory for a while
    assert grown <= 64, f"grew by {grown} KiB in {rounds} rounds"


def test_good_logins(store):
    acceptor, initiator = sspi.Credential(accounts=store), client_credential()

    def work() -> None:
        server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
        shake(server, client)
        assert server.client_name
        server.unwrap(client.wrap(b"x"))

    flat(work)


def test_bad_logins(store):
    acceptor, initiator = sspi.Credential(accounts=store), client_credential("wrong")

    def work() -> None:
        server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
        with pytest.raises(sspi.SSPIError):
            shake(server, client)

    flat(work, ROUNDS // 4)


def test_bad_tokens(store):
    acceptor = sspi.Credential(accounts=store)

    def work() -> None:
        with contextlib.suppress(sspi.SSPIError):
            sspi.ServerContext(acceptor).step(b"NTLMSSP\0\x01\0\0\0")

    flat(work)


def test_abandoned_logins_and_credentials_with_callbacks():
    def work() -> None:
        def lookup(user: str, domain: str) -> str:
            raise LookupError(acceptor)

        acceptor = sspi.Credential(accounts=lookup, on_event=lambda event: acceptor)
        with client_credential() as initiator:
            server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
            token = client.step(server.step(client.step().token).token).token
            with contextlib.suppress(sspi.SSPIError):
                server.step(token)
            sspi.ServerContext(acceptor).step(sspi.ClientContext(initiator).step().token)

    flat(work, ROUNDS // 10)


def test_closed_while_in_use(store):
    """What a close() has to leave to the last user is freed by it."""

    def on_event(event: sspi.Event) -> None:
        server.close()
        acceptor.close()

    initiator = client_credential()

    def work() -> None:
        nonlocal server, acceptor
        acceptor = sspi.Credential(accounts=store, on_event=on_event)
        server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
        server.step(client.step(server.step(client.step().token).token).token)
        buffer = _sspi.SspiMakeChannelBindings(b"x" * 4096)
        view = memoryview(buffer)
        buffer.close()
        view.release()

    acceptor, server = None, None
    flat(work, ROUNDS // 2)


def test_refused_arguments(pair):
    server, _ = pair()
    handle = server._handle

    def work() -> None:
        for arguments in (
            (handle, 0, [(2, b"x")], 0),
            (handle, 0, [(2, bytearray(1))] * 17, 0),
            (handle, -1, [], 0),
            (handle,),
        ):
            with contextlib.suppress(TypeError, ValueError):
                _sspi.EncryptMessage(*arguments)
        with contextlib.suppress(TypeError):
            _sspi.SspiAccountStoreFromCallback(1)

    flat(work)


def test_reference_counts(pair):
    server, client = pair()
    handle = server._handle
    token, data, none = bytearray(16), bytearray(4), None
    calls = [
        lambda: _sspi.QueryContextAttributes(handle, 1),
        lambda: _sspi.EncryptMessage(client._handle, 0, [(2, token), (1, data)], 0),
        lambda: _sspi.SspiExplainContext(handle),
        lambda: _sspi.SspiMakeChannelBindings(b"x"),
        lambda: _sspi.EnumerateSecurityPackages(),
        lambda: _sspi.SspiStatusName(0),
    ]
    watched = [handle, token, data, none, type(handle), _sspi.SecPkgInfo, _sspi]
    before = [sys.getrefcount(thing) for thing in watched]
    for _ in range(1000):
        for call in calls:
            call()
    after = [sys.getrefcount(thing) for thing in watched]
    assert all(abs(a - b) < 50 for a, b in zip(after, before, strict=True)), (before, after)
