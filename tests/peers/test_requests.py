"""requests with requests_ntlm at both gateways."""

from __future__ import annotations

import pytest
from conftest import ALICE, BAERBEL, BOB, Server, User

requests = pytest.importorskip("requests", reason="requests is missing: tests/run.sh --setup")
requests_ntlm = pytest.importorskip("requests_ntlm", reason="requests_ntlm is missing: tests/run.sh --setup")


def session(user: User, password: str | None = None) -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    made.headers["Accept"] = "application/json"
    made.auth = requests_ntlm.HttpNtlmAuth(user.full_name, password or user.password)
    return made


@pytest.mark.parametrize("user", [ALICE, BOB, BAERBEL], ids=["alice", "bob", "unicode"])
def test_right_password(gateway: Server, user: User) -> None:
    with session(user) as made:
        assert made.get(gateway.url, timeout=20).json()["name"] == user.full_name


def test_refused(gateway: Server) -> None:
    with session(ALICE, "not her password") as made:
        assert made.get(gateway.url, timeout=20).status_code == 401
    with session(User("EXAMPLE", "mallory", "x")) as made:
        assert made.get(gateway.url, timeout=20).status_code == 401


def test_two_users_side_by_side(gateway: Server) -> None:
    with session(ALICE) as one, session(BOB) as other:
        for _ in range(3):
            assert one.get(gateway.url, timeout=20).json()["name"] == ALICE.full_name
            assert other.get(gateway.url, timeout=20).json()["name"] == BOB.full_name


def test_post(gateway: Server) -> None:
    with session(ALICE) as made:
        page = made.post(gateway.url, data=b"x" * 5000, timeout=20).json()
    assert (page["name"], page["body_bytes"]) == (ALICE.full_name, 5000)
