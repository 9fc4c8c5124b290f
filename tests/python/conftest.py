"""Fixtures of the Python tests: a store with one account, both credentials, and whole handshakes.

PYTHONPATH must lead to the package of a build folder: see tests/support/env.sh.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sspi
from logins import DOMAIN, PASSWORD, USER, client_credential, shake


@pytest.fixture
def store() -> Iterator[sspi.AccountStore]:
    with sspi.AccountStore("memory:") as made:
        made.add(USER, PASSWORD, DOMAIN)
        yield made


@pytest.fixture
def events() -> list[sspi.Event]:
    return []


@pytest.fixture
def acceptor(store: sspi.AccountStore, events: list[sspi.Event]) -> Iterator[sspi.Credential]:
    with sspi.Credential("NTLM", accounts=store, on_event=events.append) as made:
        yield made


@pytest.fixture
def initiator() -> Iterator[sspi.Credential]:
    with client_credential() as made:
        yield made


Pair = tuple[sspi.ServerContext, sspi.ClientContext]


@pytest.fixture
def pair(acceptor: sspi.Credential, initiator: sspi.Credential) -> Iterator[Callable[..., Pair]]:
    """Makes finished pairs; keyword arguments go to both ends."""
    made: list[Pair] = []

    def make(**both: Any) -> Pair:
        server = sspi.ServerContext(acceptor, **both)
        client = sspi.ClientContext(initiator, target="HTTP/www.example.com", **both)
        made.append((server, client))
        shake(server, client)
        return server, client

    yield make
    for server, client in made:
        server.close()
        client.close()
