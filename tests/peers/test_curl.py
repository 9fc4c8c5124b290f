"""curl --ntlm at both gateways."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import ALICE, BOB, Server, User, needs

WRONG = User(ALICE.domain, ALICE.name, "not her password")
FIGURES = "\n%{http_code} %{num_connects}\x1e"
UNKNOWN = User(ALICE.domain, "mallory", ALICE.password)


@dataclass(frozen=True)
class Transfer:
    status: int
    new_connections: int
    body: str

    @property
    def name(self) -> str:
        return json.loads(self.body)["name"]


def credentials(user: User) -> str:
    escaped = f"{user.full_name}:{user.password}".replace("\\", "\\\\")
    return f'user = "{escaped}"\nntlm\n'


def curl(user: User, *arguments: object, config: str = "") -> list[Transfer]:
    """Runs curl with the password in a file of options on standard input, as it should be."""
    command = [needs("curl", "curl"), "-s", "-m", "30", "-H", "Accept: application/json"]
    command += ["-w", FIGURES, "-K", "-", *map(str, arguments)]
    result = subprocess.run(
        command, input=credentials(user) + config, capture_output=True, text=True, timeout=60, check=True
    )
    transfers = []
    for part in result.stdout.split("\x1e")[:-1]:
        body, _, figures = part.rpartition("\n")
        status, connections = figures.split()
        transfers.append(Transfer(int(status), int(connections), body))
    return transfers


@pytest.mark.parametrize("user", [ALICE, BOB], ids=["alice", "bob"])
def test_right_password(gateway: Server, user: User) -> None:
    (transfer,) = curl(user, gateway.url)
    assert (transfer.status, transfer.name, transfer.new_connections) == (200, user.full_name, 1)


@pytest.mark.parametrize("user", [WRONG, UNKNOWN], ids=["wrong password", "unknown user"])
def test_refused(gateway: Server, user: User) -> None:
    (transfer,) = curl(user, gateway.url)
    assert transfer.status == 401
    assert ALICE.name not in transfer.body


def test_without_login(gateway: Server) -> None:
    result = subprocess.run(
        [needs("curl", "curl"), "-s", "-o", "/dev/null", "-w", "%{http_code}", gateway.url],
        capture_output=True,
        text=True,
    )
    assert result.stdout == "401"


def test_connection_is_kept(gateway: Server) -> None:
    transfers = curl(ALICE, gateway.url + "one", gateway.url + "two", gateway.url + "three")
    assert [transfer.name for transfer in transfers] == [ALICE.full_name] * 3
    assert [transfer.new_connections for transfer in transfers] == [1, 0, 0]
    assert [json.loads(transfer.body)["request_on_connection"] for transfer in transfers] == [2, 3, 4]


def test_two_users_in_one_run(gateway: Server) -> None:
    """Each transfer has its own user, whatever connections curl keeps."""
    written = FIGURES.replace("\n", "\\n")
    more = "".join(
        f'next\nurl = "{gateway.url}"\nheader = "Accept: application/json"\n'
        f'write-out = "{written}"\n{credentials(user)}'
        for user in (BOB, ALICE)
    )
    transfers = curl(ALICE, config=f'url = "{gateway.url}"\n{more}')
    assert [transfer.name for transfer in transfers] == [ALICE.full_name, BOB.full_name, ALICE.full_name]


@pytest.mark.parametrize("size", [0, 10, 100_000])
def test_post(gateway: Server, size: int, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"x" * size)
    (transfer,) = curl(ALICE, "--data-binary", f"@{data}", gateway.url)
    assert (transfer.name, json.loads(transfer.body)["body_bytes"]) == (ALICE.full_name, size)


def test_post_refused(gateway: Server) -> None:
    (transfer,) = curl(WRONG, "--data-binary", "x" * 1000, gateway.url)
    assert transfer.status == 401


def test_post_of_more_than_a_megabyte(gateway: Server, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(b"x" * (1024 * 1024 + 1))
    (transfer,) = curl(ALICE, "--data-binary", f"@{data}", gateway.url)
    assert transfer.status == 413


def test_any_scheme(gateway: Server) -> None:
    (transfer,) = curl(ALICE, "--anyauth", gateway.url)
    assert transfer.name == ALICE.full_name


def test_head(gateway: Server) -> None:
    (transfer,) = curl(ALICE, "-I", gateway.url)
    assert transfer.status == 200


def test_many_in_parallel(gateway: Server, tmp_path: Path) -> None:
    options = ["-Z", "--parallel-max", 50, "--parallel-immediate", "-o", tmp_path / "#1"]
    curl(ALICE, *options, f"{gateway.url}?[1-200]")
    pages = [json.loads(path.read_text()) for path in tmp_path.iterdir()]
    assert [page["name"] for page in pages] == [ALICE.full_name] * 200
