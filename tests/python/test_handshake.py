"""Whole logins through the typed layer: who is let in, who is not, and what each side learns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sspi
from logins import DOMAIN, PASSWORD, USER, client_credential, shake

NT_HASH = bytes.fromhex("8846f7eaee8fb117ad06bdd830b7586c")  # of "password"


def test_right_password(pair, events):
    server, client = pair()
    assert server.client_name == f"{DOMAIN}\\{USER}"
    assert server.package == client.package == "NTLM"
    assert server.session_key == client.session_key
    assert len(server.session_key) == 16
    assert server.target_name == "HTTP/www.example.com"
    assert [e.status for e in events] == [sspi.Status.SEC_E_OK]


def test_first_leg_is_incomplete(acceptor, initiator):
    with sspi.ServerContext(acceptor) as server, sspi.ClientContext(initiator) as client:
        step = client.step()
        assert step.status is sspi.Status.SEC_I_CONTINUE_NEEDED
        assert step.token.startswith(b"NTLMSSP\0")
        assert not client.complete
        assert server.step(step.token).status is sspi.Status.SEC_I_CONTINUE_NEEDED
        assert not server.complete
        with pytest.raises(sspi.SSPIError) as caught:
            _ = server.client_name
        assert caught.value.status is sspi.Status.SEC_E_INVALID_HANDLE


@pytest.mark.parametrize(("username", "password"), [(USER, "wrong"), ("nobody", PASSWORD), (USER, "correct horse 7")])
def test_wrong_password_and_unknown_user_look_alike(acceptor, events, username, password):
    with client_credential(password, username) as mine:
        server, client = sspi.ServerContext(acceptor), sspi.ClientContext(mine)
        with pytest.raises(sspi.SSPIError) as caught:
            shake(server, client)
    error = caught.value
    assert error.status is sspi.Status.SEC_E_LOGON_DENIED
    assert error.token == b""
    assert not server.complete
    expected = sspi.Reason.UNKNOWN_USER if username == "nobody" else sspi.Reason.WRONG_PASSWORD
    assert error.reason is server.reason is expected
    assert error.explanation == server.explanation != ""
    assert [(e.status, e.reason) for e in events] == [(error.status, expected)]


def test_failed_context_stays_failed(acceptor, initiator):
    with client_credential("wrong") as mine:
        server, client = sspi.ServerContext(acceptor), sspi.ClientContext(mine)
        token = client.step(server.step(client.step().token).token).token
    with pytest.raises(sspi.SSPIError):
        server.step(token)
    with pytest.raises(sspi.SSPIError):
        server.step(token)
    assert not server.complete


def test_a_good_first_token_after_a_bad_one(acceptor, initiator):
    """No context was made of the bad one; what was said of it is forgotten."""
    server, client = sspi.ServerContext(acceptor), sspi.ClientContext(initiator)
    with pytest.raises(sspi.SSPIError):
        server.step(b"x")
    bad = server.explanation
    assert bad
    shake(server, client)
    assert server.complete
    assert bad != server.explanation != ""
    assert server.reason is sspi.Reason.NONE


def test_event_has_every_member(pair, events):
    before = datetime.now(UTC)
    pair()
    event = events[0]
    assert before - timedelta(seconds=2) < event.time < datetime.now(UTC) + timedelta(seconds=2)
    assert event.package == "NTLM"
    assert event.client_name == f"{DOMAIN}\\{USER}"
    assert event.workstation
    assert event.reason is sspi.Reason.NONE
    assert "NTLM" in event.explanation
    assert PASSWORD not in repr(event)


def test_properties_of_a_finished_pair(pair):
    server, client = pair()
    for flag in (sspi.AcceptFlag.CONFIDENTIALITY, sspi.AcceptFlag.INTEGRITY, sspi.AcceptFlag.SEQUENCE_DETECT):
        assert flag in server.flags
    assert sspi.InitFlag.INTEGRITY in client.flags
    assert sspi.AcceptFlag.ALLOCATE_MEMORY not in server.flags
    assert server.sizes == client.sizes
    assert server.sizes.security_trailer == server.sizes.max_signature == 16
    assert server.key_info.key_size == 128
    assert server.key_info.encrypt_algorithm == "RC4"
    assert server.expiry is None
    assert server.reason is sspi.Reason.NONE
    assert "NTLM" in server.explanation
    assert not server.closed


def test_fewer_flags_are_agreed(acceptor, initiator):
    with sspi.ServerContext(acceptor, flags=0) as server, sspi.ClientContext(initiator, flags=0) as client:
        shake(server, client)
        assert sspi.AcceptFlag.CONFIDENTIALITY not in server.flags


def test_flags_of_the_other_side_are_refused(acceptor, initiator):
    with pytest.raises(TypeError, match="AcceptFlag"):
        sspi.ServerContext(acceptor, flags=sspi.InitFlag.INTEGRITY)
    with pytest.raises(TypeError, match="InitFlag"):
        sspi.ClientContext(initiator, flags=sspi.AcceptFlag.INTEGRITY)


BINDINGS = b"tls-server-end-point:" + bytes(range(32))


@pytest.mark.parametrize("given", [BINDINGS, bytearray(BINDINGS), sspi.ChannelBindings(BINDINGS)])
def test_channel_bindings_match(pair, given):
    server, _ = pair(channel_bindings=given)
    assert sspi.BindingsResult.VALID_MATCHED in server.bindings_result


def test_channel_bindings_differ(acceptor, initiator, events):
    server = sspi.ServerContext(acceptor, channel_bindings=BINDINGS)
    client = sspi.ClientContext(initiator, channel_bindings=BINDINGS[:-1] + b"x")
    with pytest.raises(sspi.SSPIError) as caught:
        shake(server, client)
    assert caught.value.status is sspi.Status.SEC_E_BAD_BINDINGS
    assert caught.value.reason is events[0].reason is sspi.Reason.BINDINGS_WRONG


def test_bindings_block_is_laid_out_as_the_library_does():
    from sspi import _sspi

    assert sspi.ChannelBindings(BINDINGS).data == _sspi.SspiMakeChannelBindings(BINDINGS).tobytes()
    assert sspi.ChannelBindings.from_block(b"abc").data == b"abc"
    with pytest.raises(TypeError):
        sspi.ServerContext.__init__(object.__new__(sspi.ServerContext), None)


def test_nt_hash_on_both_sides():
    with sspi.AccountStore("memory:") as store:
        store.add_nt_hash("bob", NT_HASH)
        with sspi.Credential(accounts=store) as server, client_credential(None, "bob", nt_hash=NT_HASH) as client:
            shake(sspi.ServerContext(server), sspi.ClientContext(client))
        with sspi.Credential(accounts=store) as server, client_credential("password", "bob") as client:
            shake(sspi.ServerContext(server), sspi.ClientContext(client))


def test_store_operations(tmp_path: Path):
    location = f"sqlite:{tmp_path / 'accounts.db'}"
    with sspi.AccountStore.create(location) as store:
        store.add("zoe", "z", "D")
        store.add("adam", b"a")
        store.set_disabled("zoe", True, "D")
        assert [(a.user, a.domain, a.disabled) for a in store] == [("adam", "", False), ("zoe", "D", True)]
        store.set_disabled("zoe", False, "D")
        store.remove("adam")
        assert [a.user for a in store.accounts()] == ["zoe"]
        with pytest.raises(sspi.SSPIError):
            store.remove("adam")
    assert store.closed
    with pytest.raises(ValueError, match="closed"):
        store.accounts()
    with sspi.AccountStore("memory:") as other:
        assert other.import_from(location) == 1
    assert (tmp_path / "accounts.db").stat().st_mode & 0o777 == 0o600


def test_location_in_place_of_a_store(tmp_path: Path):
    location = str(tmp_path / "accounts.db")
    with sspi.AccountStore.create(location) as store:
        store.add(USER, PASSWORD)
    with sspi.Credential(accounts=location) as server, client_credential() as client:
        shake(sspi.ServerContext(server), sspi.ClientContext(client))


def test_missing_store_is_named(tmp_path: Path):
    with pytest.raises(sspi.SSPIError) as caught:
        sspi.Credential(accounts=str(tmp_path / "absent.db"))
    assert "absent.db" in caught.value.explanation


def test_packages_and_options():
    assert "NTLM" in [p.name for p in sspi.packages()]
    assert sspi.PackageFlag.PRIVACY in sspi.packages()[0].capabilities
    names = [o.name for o in sspi.options()]
    assert "lockout_threshold" in names
    assert all(o.description for o in sspi.options())


def test_options_are_set(store):
    with sspi.Credential(accounts=store, options={"lockout_threshold": 3}):
        pass
    with pytest.raises(sspi.SSPIError) as caught:
        sspi.Credential(accounts=store, options={"no_such_option": True})
    assert caught.value.status is sspi.Status.SEC_E_INVALID_PARAMETER
    assert "no_such_option" in caught.value.explanation


def test_unknown_package():
    with pytest.raises(sspi.SSPIError) as caught:
        sspi.Credential("Nonsense")
    assert caught.value.status is sspi.Status.SEC_E_SECPKG_NOT_FOUND


@pytest.mark.parametrize(
    "token", [b"x", b"NTLMSSP\0", b"NTLMSSP\0\x01\0\0\0", b"\xff" * 70000, b"NTLMSSP\0\x03" + bytes(200)]
)
def test_bad_first_token(acceptor, token):
    server = sspi.ServerContext(acceptor)
    with pytest.raises(sspi.SSPIError) as caught:
        server.step(token)
    assert caught.value.status is sspi.Status.SEC_E_INVALID_TOKEN
    assert server.explanation == caught.value.explanation != ""
    server.close()


def test_two_clients_on_one_credential_are_told_apart(store, acceptor):
    store.add("bob", "b", DOMAIN)
    with client_credential() as one, client_credential("b", "bob") as two:
        ends = [(sspi.ServerContext(acceptor), sspi.ClientContext(c)) for c in (one, two)]
        tokens = [c.step().token for _, c in ends]
        tokens = [s.step(t).token for (s, _), t in zip(ends, tokens, strict=True)]
        tokens = [c.step(t).token for (_, c), t in zip(ends, tokens, strict=True)]
        for (server, _), token in reversed(list(zip(ends, tokens, strict=True))):
            server.step(token)
        assert [s.client_name for s, _ in ends] == [f"{DOMAIN}\\{USER}", f"{DOMAIN}\\bob"]
