"""Misuse of the typed layer: every error names the argument as the script gave it, before anything else happens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sspi
from logins import DOMAIN, PASSWORD, USER, client_credential, shake

ROOT = Path(__file__).resolve().parents[2]
NT_HASH = bytes(range(16))


def client(**settings: Any) -> sspi.Credential:
    return sspi.Credential("NTLM", usage="initiate", **settings)


# ---- names of users ----


def test_a_domain_in_the_username(acceptor: sspi.Credential) -> None:
    with client(username=f"{DOMAIN}\\{USER}", password=PASSWORD) as mine:
        server = sspi.ServerContext(acceptor)
        shake(server, sspi.ClientContext(mine))
        assert server.client_name == f"{DOMAIN}\\{USER}"


@pytest.mark.parametrize("domain", [None, ""])
def test_what_the_lookup_is_asked(domain: str | None) -> None:
    """An empty domain is none; user@domain is not taken apart by the layer."""
    for username, expected in ((f"{DOMAIN}\\{USER}", (USER, DOMAIN)), ("alice@example.com", ("alice@example.com", ""))):
        seen: list[tuple[str, str]] = []

        def lookup(user: str, where: str, seen: list[tuple[str, str]] = seen) -> str:
            seen.append((user, where))
            return PASSWORD

        with (
            sspi.Credential(accounts=lookup) as server,
            client(username=username, domain=domain, password="x") as mine,
            pytest.raises(sspi.SSPIError),
        ):
            shake(sspi.ServerContext(server), sspi.ClientContext(mine))
        assert seen[0] == expected


@pytest.mark.parametrize("username", ["A\\B\\c", "A\\", "\\"])
def test_a_username_that_is_none(username: str) -> None:
    with pytest.raises(ValueError, match="^username must be"):
        client(username=username, password="x")


def test_a_domain_given_twice() -> None:
    with pytest.raises(ValueError, match="^username names a domain.*domain is given as well"):
        client(username="A\\b", domain="A", password="x")


# ---- types and values ----


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("package", {"package": None}),
        ("package", {"package": 5}),
        ("package", {"package": "a\0b"}),
        ("usage", {"usage": "nonsense"}),
        ("usage", {"usage": None}),
        ("usage", {"usage": []}),
        ("username", {"username": b"x"}),
        ("username", {"username": "\udc80"}),
        ("domain", {"username": "x", "domain": 5}),
        ("password", {"username": "x", "password": 5}),
        ("password", {"username": "x", "password": "hush\udc80"}),
        ("nt_hash", {"username": "x", "nt_hash": "0123456789abcdef"}),
        ("nt_hash", {"username": "x", "nt_hash": 16}),
        ("nt_hash", {"username": "x", "nt_hash": b"short"}),
        ("accounts", {"usage": "accept", "accounts": 5}),
        ("accounts", {"usage": "accept", "accounts": b"memory:"}),
        ("options", {"options": [1]}),
        ("options", {"options": "x"}),
        ("options", {"options": {1: "x"}}),
        ("options['lockout_threshold']", {"options": {"lockout_threshold": 1.5}}),
        ("options['lockout_threshold']", {"options": {"lockout_threshold": b"1"}}),
        ("on_event", {"on_event": 5}),
    ],
)
def test_arguments_of_a_credential(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises((TypeError, ValueError)) as caught:
        sspi.Credential(**{"usage": "initiate"} | settings)
    assert re.match(rf"(a name in )?{re.escape(name)} ", str(caught.value)), caught.value
    assert "hush" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("accounts", {"usage": "initiate", "accounts": "memory:"}),
        ("accounts", {"usage": "initiate", "accounts": lambda *_: None}),
        ("password", {"usage": "accept", "password": "x"}),
        ("nt_hash", {"usage": "accept", "nt_hash": NT_HASH}),
        ("username", {"usage": "accept", "username": "x"}),
        ("username", {"usage": "accept", "username": "x", "password": "y"}),
        ("domain", {"usage": "accept", "domain": "x"}),
        ("password", {"usage": "initiate", "password": "x"}),
        ("password", {"usage": "both", "password": "x", "domain": "D"}),
        ("nt_hash", {"usage": "initiate", "nt_hash": NT_HASH}),
    ],
)
def test_arguments_of_the_other_side(name: str, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"^{name} is "):
        sspi.Credential(**settings)


def test_both_sides_in_one(store: sspi.AccountStore, acceptor: sspi.Credential, initiator: sspi.Credential) -> None:
    with sspi.Credential(usage="both", accounts=store, username=USER, domain=DOMAIN, password=PASSWORD) as both:
        shake(sspi.ServerContext(both), sspi.ClientContext(initiator))
        shake(sspi.ServerContext(acceptor), sspi.ClientContext(both))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("flags", {"flags": "x"}),
        ("flags", {"flags": "5"}),
        ("flags", {"flags": None}),
        ("flags", {"flags": True}),
        ("flags", {"flags": -1}),
        ("flags", {"flags": 1 << 32}),
        ("channel_bindings", {"channel_bindings": 5}),
        ("channel_bindings", {"channel_bindings": "x"}),
        ("target", {"target": 5}),
        ("target", {"target": b"x"}),
        ("target", {"target": "a\0b"}),
    ],
)
def test_arguments_of_a_context(
    acceptor: sspi.Credential, initiator: sspi.Credential, name: str, settings: dict[str, Any]
) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{name} "):
        sspi.ClientContext(initiator, **settings)
    if name != "target":
        with pytest.raises((TypeError, ValueError), match=f"^{name} "):
            sspi.ServerContext(acceptor, **settings)
    with pytest.raises(TypeError, match="^credential must be"):
        sspi.ServerContext("NTLM")  # type: ignore[arg-type]


@pytest.mark.parametrize("wrong", [None, "x", 5, [1]])
def test_arguments_of_messages(pair: Callable[..., Any], acceptor: sspi.Credential, wrong: Any) -> None:
    server, _ = pair()
    for name, call in (
        ("data", lambda: server.wrap(wrong)),
        ("data", lambda: server.encrypt(wrong)),
        ("data", lambda: server.sign(wrong)),
        ("message", lambda: server.unwrap(wrong)),
        ("ciphertext", lambda: server.decrypt(wrong, b"x" * 16)),
        ("signature", lambda: server.decrypt(b"x", wrong)),
        ("data", lambda: server.verify(wrong, b"x" * 16)),
        ("signature", lambda: server.verify(b"x", wrong)),
        ("token", lambda: sspi.ServerContext(acceptor).step(wrong)),
        ("value", lambda: sspi.NtHash(wrong)),
        ("application_data", lambda: sspi.ChannelBindings(wrong)),
        ("initiator", lambda: sspi.ChannelBindings(initiator=wrong)),
        ("block", lambda: sspi.ChannelBindings.from_block(wrong)),
    ):
        with pytest.raises(TypeError, match=f"^{name} must be bytes-like, not {type(wrong).__name__}$"):
            call()


def test_messages_of_any_buffer(pair: Callable[..., Any]) -> None:
    """Also of wider items, and with gaps: what counts is the bytes."""
    server, client = pair()
    wide = memoryview(b"0123456789abcdef").cast("I")
    assert client.unwrap(server.wrap(wide)) == wide.tobytes()
    assert client.unwrap(server.wrap(memoryview(b"a-b-c-")[::2])) == b"abc"
    sealed = bytearray(server.wrap(b"x" * 16))
    assert client.unwrap(memoryview(sealed).cast("I")) == b"x" * 16
    client.verify(wide, server.sign(wide))


# ---- stores ----


def test_a_store_at_a_path(tmp_path: Path) -> None:
    where = tmp_path / "accounts.db"
    with sspi.AccountStore.create(where) as store:
        store.add(USER, PASSWORD, DOMAIN)
    with sspi.AccountStore(where) as store, sspi.AccountStore("memory:") as other:
        assert [a.user for a in store] == [USER]
        assert other.import_from(where) == 1
    with sspi.Credential(accounts=where) as server, client_credential() as mine:
        shake(sspi.ServerContext(server), sspi.ClientContext(mine))


def test_arguments_of_a_store(store: sspi.AccountStore) -> None:
    wrong: Any = 5
    for name, call in (
        ("location", lambda: sspi.AccountStore(wrong)),
        ("location", lambda: sspi.AccountStore(None)),  # type: ignore[arg-type]
        ("location", lambda: sspi.AccountStore.create(wrong)),
        ("location", lambda: store.import_from(wrong)),
        ("lookup", lambda: sspi.AccountStore.from_lookup(wrong)),
        ("user", lambda: store.add(wrong, "x")),
        ("password", lambda: store.add("x", wrong)),
        ("domain", lambda: store.add("x", "y", wrong)),
        ("user", lambda: store.add_nt_hash(wrong, NT_HASH)),
        ("nt_hash", lambda: store.add_nt_hash("x", wrong)),
        ("user", lambda: store.remove(wrong)),
        ("user", lambda: store.set_disabled(wrong)),
        ("disabled", lambda: store.set_disabled("x", wrong)),
    ):
        with pytest.raises(TypeError, match=f"^{name} must be "):
            call()
    assert [a.user for a in store] == [USER]


# ---- closed ----


def test_closed_before_the_first_step(acceptor: sspi.Credential, initiator: sspi.Credential) -> None:
    for context in (sspi.ServerContext(acceptor), sspi.ClientContext(initiator)):
        assert not context.closed
        context.close()
        assert context.closed
        for call in (context.step, lambda context=context: context.step(b"x"), lambda context=context: context.sizes):
            with pytest.raises(ValueError, match="^the context is closed$"):
                call()


def test_closed_is_not_complete(pair: Callable[..., Any]) -> None:
    for context in pair():
        assert context.complete
        context.close()
        assert not context.complete


def test_a_context_on_a_closed_credential(acceptor: sspi.Credential, initiator: sspi.Credential) -> None:
    server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
    acceptor.close()
    initiator.close()
    with pytest.raises(ValueError, match="^credential is closed$"):
        sspi.ServerContext(acceptor)
    with pytest.raises(ValueError, match="^credential is closed$"):
        sspi.ClientContext(initiator)
    for context in (server, client):
        with pytest.raises(ValueError, match="credential is closed"):
            context.step(b"x")


def test_closed_during_the_first_step(acceptor: sspi.Credential, initiator: sspi.Credential) -> None:
    """The handle that the step makes does not outlive it."""

    class Closing(sspi.ClientContext):
        def _leg(self, token: Any) -> Any:
            result = super()._leg(token)
            self.close()
            return result

    context = Closing(initiator)
    assert context.step().token
    assert context._handle is not None
    assert context._handle.closed


# ---- what is shown ----


def test_repr(pair: Callable[..., Any], store: sspi.AccountStore, acceptor: sspi.Credential) -> None:
    server, _ = pair()
    with client_credential() as mine:
        assert repr(mine) == "<sspi.Credential package='NTLM' usage='initiate' open>"
        fresh = sspi.ClientContext(mine)
        assert repr(fresh) == "<sspi.ClientContext package='NTLM' complete=False>"
        fresh.close()
        assert repr(fresh) == "<sspi.ClientContext package='NTLM' complete=False closed>"
    assert repr(mine) == "<sspi.Credential package='NTLM' usage='initiate' closed>"
    assert repr(acceptor) == "<sspi.Credential package='NTLM' usage='accept' open>"
    assert repr(server) == "<sspi.ServerContext package='NTLM' complete=True client_name='EXAMPLE\\\\alice'>"
    assert repr(store) == "<sspi.AccountStore 'memory:' open>"
    store.close()
    assert repr(store) == "<sspi.AccountStore 'memory:' closed>"
    with sspi.AccountStore.from_lookup(lambda *_: None) as asking:
        assert repr(asking) == "<sspi.AccountStore 'a callable' open>"


def test_the_text_of_an_error(acceptor: sspi.Credential) -> None:
    with client_credential("wrong") as mine, pytest.raises(OSError, match="^SEC_E_LOGON_DENIED: ") as caught:
        shake(sspi.ServerContext(acceptor), sspi.ClientContext(mine))
    assert isinstance(caught.value, sspi.SSPIError)
    assert caught.value.function == "AcceptSecurityContext"
    assert caught.value.explanation in str(caught.value)


def test_version() -> None:
    assert f'version = "{sspi.__version__}"' in (ROOT / "python/pyproject.toml").read_text()
    assert f"project(sspi VERSION {sspi.__version__} " in (ROOT / "CMakeLists.txt").read_text()
