"""Who lives how long: close at any moment, callbacks that misbehave, cycles, and the collector at every allocation."""

from __future__ import annotations

import gc
import sys
import threading
import weakref

import pytest
import sspi
from logins import DOMAIN, PASSWORD, USER, client_credential, shake
from sspi import _sspi


def last_token(server: sspi.ServerContext, client: sspi.ClientContext) -> bytes:
    """A handshake up to the client's last token, which the server has not seen."""
    return client.step(server.step(client.step().token).token).token


def ends(accounts: object, **extra: object) -> tuple[sspi.ServerContext, sspi.ClientContext]:
    credential = sspi.Credential("NTLM", accounts=accounts, **extra)
    return sspi.ServerContext(credential), sspi.ClientContext(client_credential())


# ---- close ----


def test_close_any_number_of_times(pair, acceptor, store):
    server, client = pair()
    for thing in (server, client, acceptor, store):
        for _ in range(3):
            thing.close()
        assert thing.closed
    with pytest.raises(ValueError, match="closed"):
        server.wrap(b"x")
    assert server.explanation == ""


def test_contexts_outlive_their_credential_and_store():
    store = sspi.AccountStore("memory:")
    store.add(USER, PASSWORD)
    server, client = ends(store)
    store.close()
    server._credential.close()
    with pytest.raises(ValueError, match="the context's credential is closed"):
        server.step(client.step().token)
    server, client = ends(lambda *_: PASSWORD)
    token = last_token(server, client)
    del store
    gc.collect()
    server.step(token)
    assert server.complete


def test_a_store_dropped_by_the_script_serves_on():
    """A context keeps its credential, which keeps its store, which keeps the lookup: nobody else holds them."""

    def lookup(user: str, domain: str) -> str:
        return PASSWORD

    gone = weakref.ref(lookup)
    store = _sspi.SspiAccountStoreFromCallback(lookup)
    credential, _ = _sspi.AcquireCredentialsHandle(None, "NTLM", _sspi.SECPKG_CRED_INBOUND, None)
    _sspi.SspiCredentialSetAccountStore(credential, store)
    client = sspi.ClientContext(client_credential())
    _, context, challenge, _, _ = _sspi.AcceptSecurityContext(credential, None, client.step().token, 0, 0)
    token = client.step(challenge).token
    del lookup, store, credential
    gc.collect()
    assert gone() is not None
    assert _sspi.AcceptSecurityContext(None, context, token, 0, 0)[0] == 0
    del context, _
    gc.collect()
    assert gone() is None


def test_close_from_another_thread_during_a_step():
    """The step finishes; the context is closed afterwards."""
    inside, closed = threading.Event(), threading.Event()

    def lookup(user: str, domain: str) -> str:
        inside.set()
        assert closed.wait(10)
        return PASSWORD

    server, client = ends(lookup)
    token = last_token(server, client)

    def closer() -> None:
        assert inside.wait(10)
        server.close()
        server.close()
        server._credential.close()
        closed.set()

    thread = threading.Thread(target=closer)
    thread.start()
    step = server.step(token)
    thread.join()
    assert step.status is sspi.Status.SEC_E_OK
    assert server.closed
    with pytest.raises(ValueError, match="closed"):
        server.step(b"x")


def test_other_threads_run_during_a_step():
    """The interpreter's lock is released: another thread works while a lookup waits, and no call deadlocks."""
    inside, go = threading.Event(), threading.Event()
    answers: list[object] = []

    def lookup(user: str, domain: str) -> str:
        inside.set()
        assert go.wait(10)
        return PASSWORD

    server, client = ends(lookup)
    token = last_token(server, client)

    def asker() -> None:
        assert inside.wait(10)
        threading.Timer(0.05, go.set).start()
        try:
            answers.append(server.sizes)
        except sspi.SSPIError as error:
            answers.append(error)

    thread = threading.Thread(target=asker)
    thread.start()
    server.step(token)
    thread.join(10)
    assert not thread.is_alive()
    assert answers == [server.sizes]


# ---- callbacks ----


@pytest.mark.parametrize("result", [PASSWORD, PASSWORD.encode(), bytearray(PASSWORD.encode()), (PASSWORD, None, 0)])
def test_lookup_results(result):
    seen: list[tuple[str, str]] = []

    def lookup(user: str, domain: str) -> object:
        seen.append((user, domain))
        return result

    shake(*ends(lookup))
    assert (USER, DOMAIN) in seen


def test_lookup_unknown_user_and_disabled_account():
    server, client = ends(lambda *_: None)
    with pytest.raises(sspi.SSPIError) as caught:
        shake(server, client)
    assert caught.value.reason is sspi.Reason.UNKNOWN_USER
    hashed = sspi.NtHash(bytes.fromhex("8846f7eaee8fb117ad06bdd830b7586c"), disabled=True)
    server, _ = ends(lambda *_: hashed)
    with pytest.raises(sspi.SSPIError) as caught:
        shake(server, sspi.ClientContext(client_credential("password")))
    assert caught.value.reason is sspi.Reason.ACCOUNT_DISABLED
    assert "8846" not in repr(hashed)
    with pytest.raises(ValueError, match="16"):
        sspi.NtHash(b"short")


def test_lookup_raises():
    problem = KeyError("the directory is down, hush")

    def lookup(user: str, domain: str) -> str:
        raise problem

    events: list[sspi.Event] = []
    server, client = ends(lookup, on_event=events.append)
    with pytest.raises(sspi.SSPIError) as caught:
        shake(server, client)
    assert caught.value.__cause__ is problem
    assert caught.value.explanation.endswith(": the account callback raised KeyError")
    assert server.explanation == caught.value.explanation
    assert "hush" not in str(caught.value)
    assert caught.value.reason is events[0].reason is sspi.Reason.STORE_UNAVAILABLE
    assert not server.complete


@pytest.mark.parametrize(
    "result", [1, 1.5, [], (1, 2), ("x", b"short", 0), (1, None, 0), (None, None, "x"), "\udc80", object()]
)
def test_lookup_returns_nonsense(result):
    server, client = ends(lambda *_: result)
    with pytest.raises(sspi.SSPIError) as caught:
        shake(server, client)
    assert isinstance(caught.value.__cause__, TypeError | ValueError)
    kind = f"a value of type {type(result).__name__} that is no password"
    assert f": the account callback returned {kind}, NtHash or None" in server.explanation == caught.value.explanation
    assert not server.complete


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, SystemExit])
def test_an_interruption_in_a_lookup_goes_on(interruption):
    def lookup(user: str, domain: str) -> str:
        raise interruption

    server, client = ends(lookup)
    token = last_token(server, client)
    with pytest.raises(interruption):
        server.step(token)
    assert not server.complete


def test_event_callback_raises():
    """The login counts; the exception goes to sys.unraisablehook."""
    unraisable: list[object] = []
    old, sys.unraisablehook = sys.unraisablehook, lambda args: unraisable.append(args.exc_value)
    try:
        problem = RuntimeError("the log is full")

        def on_event(event: sspi.Event) -> None:
            raise problem

        server, client = ends(lambda *_: PASSWORD, on_event=on_event)
        shake(server, client)
    finally:
        sys.unraisablehook = old
    assert server.complete
    assert unraisable == [problem]


def test_close_and_questions_inside_ones_own_callback():
    notes: list[object] = []

    def on_event(event: sspi.Event) -> None:
        with pytest.raises(RuntimeError, match="in use by the call"):
            _ = server.sizes
        server.close()
        server._credential.close()
        notes.append(server.closed)

    server, client = ends(lambda *_: PASSWORD, on_event=on_event)
    token = last_token(server, client)
    assert server.step(token).status is sspi.Status.SEC_E_OK
    assert notes == [True]
    assert server.closed


def test_a_login_inside_a_lookup():
    """A lookup may itself log in somewhere: calls nest."""
    inner_names: list[str] = []

    def lookup(user: str, domain: str) -> str:
        inner = ends(lambda *_: PASSWORD)
        shake(*inner)
        inner_names.append(inner[0].client_name)
        return PASSWORD

    shake(*ends(lookup))
    assert inner_names[0] == f"{DOMAIN}\\{USER}"


def test_non_callables_are_refused():
    with pytest.raises(TypeError, match="accounts"):
        sspi.Credential(accounts=5)
    with pytest.raises(TypeError, match="on_event"):
        sspi.Credential(on_event=5)
    with pytest.raises(ValueError, match="usage"):
        sspi.Credential(usage="nonsense")


# ---- the collector ----


class Marker:
    """Something whose end can be seen."""


def cycle_with(marker: Marker) -> None:
    """credential -> store -> lookup -> credential, and credential -> on_event -> credential."""
    box: dict[str, object] = {"marker": marker}

    def lookup(user: str, domain: str) -> str:
        return PASSWORD if box else ""

    def on_event(event: sspi.Event) -> None:
        box["last"] = event

    server, client = ends(lookup, on_event=on_event)
    box["server"] = server
    box["credential"] = server._credential
    shake(server, client)


def test_a_cycle_through_callbacks_is_collected():
    marker = Marker()
    gone = weakref.ref(marker)
    cycle_with(marker)
    del marker
    assert gone() is not None
    gc.collect()
    assert gone() is None


def test_resurrected_by_a_finalizer():
    """An object whose holder comes back to life is still what it was."""
    saved: list[object] = []

    class Phoenix:
        def __init__(self, thing: object) -> None:
            self.thing = thing
            self.me = self

        def __del__(self) -> None:
            saved.append(self.thing)

    server, client = ends(lambda *_: PASSWORD)
    shake(server, client)
    Phoenix((server, client))
    del server, client
    gc.collect()
    server, client = saved.pop()
    assert client.unwrap(server.wrap(b"still here")) == b"still here"


def test_collection_at_every_allocation():
    """Objects that the collector tracks cause a collection each."""
    old = gc.get_threshold()
    gc.set_threshold(1, 1, 1)
    try:
        for _ in range(20):
            events: list[sspi.Event] = []
            server, client = ends(lambda *_: PASSWORD, on_event=events.append)
            shake(server, client)
            assert client.unwrap(server.wrap(b"x")) == b"x"
            assert server.client_name
            server, client = ends(lambda *_: None)
            with pytest.raises(sspi.SSPIError):
                shake(server, client)
    finally:
        gc.set_threshold(*old)


def test_memory_runs_out_without_a_crash():
    """Each allocation of Python fails once, as far as its test module can do that."""
    testcapi = pytest.importorskip("_testcapi")
    server, client = ends(lambda *_: PASSWORD)
    shake(server, client)
    handle = server._handle
    failures = 0
    for call in (
        lambda: _sspi.QueryContextAttributes(handle, _sspi.SECPKG_ATTR_NAMES),
        lambda: _sspi.QueryContextAttributes(handle, _sspi.SECPKG_ATTR_PACKAGE_INFO),
        lambda: _sspi.SspiExplainContext(handle),
        lambda: _sspi.EnumerateSecurityPackages(),
        lambda: _sspi.SspiMakeChannelBindings(b"data"),
        lambda: _sspi.AcquireCredentialsHandle(None, "NTLM", 1, None),
        lambda: _sspi.MakeSignature(handle, 0, [(1, b"x"), (2, bytearray(16))], 0),
    ):
        for start in range(1, 60):
            testcapi.set_nomemory(start, start + 1)
            try:
                call()
            except MemoryError:
                failures += 1
            finally:
                testcapi.remove_mem_hooks()
    assert failures > 10
    shake(*ends(lambda *_: PASSWORD))
