"""The gateways with a second scheme: Negotiate joins by its name alone. pyspnego's client, NTLM inside SPNEGO."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
import sspi
from conftest import ALICE, GATEWAYS, Server, User, running_gateway
from raw_http import Http, Response, authorization

spnego = pytest.importorskip("spnego", reason="pyspnego is missing: tests/run.sh --setup")
if "Negotiate" not in [package.name for package in sspi.packages()]:
    pytest.skip("the library has no Negotiate", allow_module_level=True)

WRONG = User(ALICE.domain, ALICE.name, "not her password")


@pytest.fixture(params=list(GATEWAYS))
def two_schemes(request: pytest.FixtureRequest, accounts: Path, tmp_path: Path) -> Iterator[Server]:
    with running_gateway(request.param, tmp_path, "--accounts", accounts, "--scheme", "Negotiate,NTLM") as server:
        yield server


def log_in(http: Http, user: User) -> Response:
    """Runs a login of pyspnego's client to its end."""
    client = spnego.client(user.full_name, user.password, hostname="127.0.0.1", service="HTTP", protocol="negotiate")
    token = client.step()
    while True:
        answer = http.ask([("Authorization", authorization(token, "Negotiate"))])
        offers = [offer.split(" ")[1] for offer in answer.all("www-authenticate") if " " in offer]
        if not offers:
            return answer
        token = client.step(base64.b64decode(offers[0]))
        if not token:
            assert client.complete
            return answer


def test_both_are_offered(two_schemes: Server) -> None:
    with Http(two_schemes.port) as http:
        assert http.ask().all("www-authenticate") == ["Negotiate", "NTLM"]


def test_right_password(two_schemes: Server) -> None:
    with Http(two_schemes.port) as http:
        answer = log_in(http, ALICE)
        assert (answer.status, answer.json["name"]) == (200, ALICE.full_name)
        assert answer.json["package"] == "NTLM"
        assert http.ask().status == 200


def test_wrong_password(two_schemes: Server) -> None:
    with Http(two_schemes.port) as http:
        assert log_in(http, WRONG).status == 401
        assert http.ask().status == 401


def test_the_other_scheme_still_serves(two_schemes: Server) -> None:
    """A handshake of one scheme, broken off by the other."""
    with Http(two_schemes.port) as http:
        client = spnego.client(ALICE.full_name, ALICE.password, hostname="127.0.0.1", protocol="negotiate")
        assert http.ask([("Authorization", authorization(client.step(), "Negotiate"))]).status == 401
        assert http.log_in(ALICE).json["name"] == ALICE.full_name
