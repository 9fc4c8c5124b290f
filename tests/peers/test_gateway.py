"""Both gateways, one request at a time: what is answered to the right, the wrong, the strange and the slow."""

from __future__ import annotations

import time

import pytest
from conftest import ALICE, BAERBEL, BOB, Server, User
from raw_http import Http, authorization, client_of, request

WRONG = User(ALICE.domain, ALICE.name, "not her password")
UNKNOWN = User(ALICE.domain, "mallory", ALICE.password)


def test_first_answer_offers_the_scheme(gateway: Server) -> None:
    with Http(gateway.port) as http:
        answer = http.ask()
    assert answer.status == 401
    assert answer.all("www-authenticate") == ["NTLM"]
    assert not answer.closes


def test_page_tells_who_and_how(gateway: Server) -> None:
    start = len(gateway.said())
    with Http(gateway.port) as http:
        answer = http.log_in(ALICE)
    assert answer.status == 200
    page = answer.json
    assert page["name"] == ALICE.full_name
    assert page["package"] == "NTLM"
    assert page["key_bits"] == 128
    assert {"CONFIDENTIALITY", "INTEGRITY"} <= set(page["flags"])
    assert [leg["after_ms"] == 0 for leg in page["legs"]] == [True, False]
    assert all(leg["step_us"] > 0 and leg["received"].startswith("20") for leg in page["legs"])
    assert page["request_on_connection"] == 2
    assert "session" not in answer.body.decode()
    line = gateway.wait_for(r"login client='EXAMPLE\\+alice'", start)
    assert "package=NTLM" in line
    assert "peer=127.0.0.1:" in line
    assert "reason=NONE" in line


def test_page_for_people(gateway: Server) -> None:
    with Http(gateway.port) as http:
        http.log_in(BAERBEL)
        http.send(b"GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html\r\n\r\n")
        answer = http.receive()
    assert answer.all("content-type") == ["text/html; charset=utf-8"]
    assert f"<h1>You are {BAERBEL.full_name}</h1>" in answer.body.decode("utf-8")


def test_wrong_password_and_unknown_user_look_alike(gateway: Server) -> None:
    start = len(gateway.said())
    answers = []
    for user in (WRONG, UNKNOWN):
        with Http(gateway.port) as http:
            answers.append(http.log_in(user))
    assert answers[0].status == 401
    assert answers[0].all("www-authenticate") == ["NTLM"]
    assert answers[0].told == answers[1].told
    line = gateway.wait_for(r"refused client='EXAMPLE\\+alice'", start)
    assert "reason=WRONG_PASSWORD" in line
    assert "status=SEC_E_LOGON_DENIED" in line
    line = gateway.wait_for(r"refused client='EXAMPLE\\+mallory'", start)
    assert "reason=UNKNOWN_USER" in line
    assert "status=SEC_E_LOGON_DENIED" in line
    assert ALICE.password not in gateway.said()
    assert WRONG.password not in gateway.said()


def test_one_event_an_attempt(gateway: Server) -> None:
    start = len(gateway.said())
    for user in (ALICE, WRONG, BOB):
        with Http(gateway.port) as http:
            http.log_in(user)
    gateway.wait_for(r"login client='EXAMPLE\\+bob'", start)
    assert len(gateway.said()[start:].splitlines()) == 3


def test_right_password_after_a_wrong_one(gateway: Server) -> None:
    with Http(gateway.port) as http:
        assert http.log_in(WRONG).status == 401
        assert http.log_in(ALICE).json["name"] == ALICE.full_name


def test_challenge_belongs_to_its_connection(gateway: Server) -> None:
    with Http(gateway.port) as one, Http(gateway.port) as other, client_of(ALICE) as context:
        challenge = one.ask_with(context.step().token).challenge
        other.ask_with(client_of(ALICE).step().token)
        assert other.ask_with(context.step(challenge).token).status == 401


def test_last_leg_alone(gateway: Server) -> None:
    with Http(gateway.port) as one, Http(gateway.port) as other, client_of(ALICE) as context:
        token = context.step(one.ask_with(context.step().token).challenge).token
        answer = other.ask_with(token)
        assert (answer.status, answer.all("www-authenticate")) == (401, ["NTLM"])


def test_answer_serves_once(gateway: Server) -> None:
    """The last leg again, on the same connection: it is no login, and it ends the one that was."""
    with Http(gateway.port) as http, client_of(ALICE) as context:
        token = context.step(http.ask_with(context.step().token).challenge).token
        assert http.ask_with(token).status == 200
        assert http.ask_with(token).status == 401
        assert http.ask().status == 401


def test_another_request_in_mid_handshake(gateway: Server) -> None:
    with Http(gateway.port) as http, client_of(ALICE) as context:
        challenge = http.ask_with(context.step().token).challenge
        answer = http.ask()
        assert (answer.status, answer.all("www-authenticate")) == (401, ["NTLM"])
        assert http.ask_with(context.step(challenge).token).status == 401
        assert http.log_in(ALICE).status == 200


def test_handshake_restarted(gateway: Server) -> None:
    with Http(gateway.port) as http, client_of(ALICE) as given_up, client_of(ALICE) as context:
        first = http.ask_with(given_up.step().token).challenge
        second = http.ask_with(context.step().token).challenge
        assert first != second
        assert http.ask_with(context.step(second).token).json["name"] == ALICE.full_name


def test_restart_voids_the_first_challenge(gateway: Server) -> None:
    with Http(gateway.port) as http, client_of(ALICE) as context:
        first = http.ask_with(context.step().token).challenge
        http.ask_with(client_of(ALICE).step().token)
        assert http.ask_with(context.step(first).token).status == 401


def test_further_requests_need_no_handshake(gateway: Server) -> None:
    start = len(gateway.said())
    with Http(gateway.port) as http:
        http.log_in(ALICE)
        pages = [http.ask().json for _ in range(3)]
    assert [page["name"] for page in pages] == [ALICE.full_name] * 3
    assert [page["request_on_connection"] for page in pages] == [3, 4, 5]
    assert len(gateway.said()[start:].splitlines()) == 1


def test_other_connections_are_not_logged_in(gateway: Server) -> None:
    with Http(gateway.port) as one, Http(gateway.port) as other:
        one.log_in(ALICE)
        assert other.ask().status == 401
        other.log_in(BOB)
        assert one.ask().json["name"] == ALICE.full_name
        assert other.ask().json["name"] == BOB.full_name


def test_new_credentials_replace_the_old(gateway: Server) -> None:
    with Http(gateway.port) as http:
        http.log_in(ALICE)
        assert http.log_in(BOB).json["name"] == BOB.full_name
        assert http.ask().json["name"] == BOB.full_name


@pytest.mark.parametrize("leave_after", [1, 2])
def test_failed_credentials_end_the_old_login(gateway: Server, leave_after: int) -> None:
    with Http(gateway.port) as http, client_of(WRONG) as context:
        http.log_in(ALICE)
        answer = http.ask_with(context.step().token)
        if leave_after == 2:
            answer = http.ask_with(context.step(answer.challenge).token)
        assert answer.status == 401
        assert http.ask().status == 401


@pytest.mark.parametrize(
    "value",
    [
        "NTLM",
        "NTLM ",
        "NTLM ====",
        "NTLM TlRMTVNTUA",
        "NTLM TlRM TVNT",
        "NTLM \x80\xff",
        "NTLM T\x00",
        "NTLM " + "A" * 64,
        "NTLM TlRMTVNTUAABAAAA",
        "NTLM TlRMTVNTUAADAAAA",
        "NTLMTlRMTVNTUAABAAAA",
        "Basic YWxpY2U6Q29ycmVjdC1Ib3JzZS0x",
        "Negotiate YGYGBisGAQUFAg==",
        "",
    ],
)
def test_malformed_credentials(gateway: Server, value: str) -> None:
    with Http(gateway.port) as http:
        http.send(f"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: {value}\r\n\r\n".encode("latin-1"))
        answer = http.receive()
        assert answer.status in (400, 401)
        if answer.status == 401:
            assert answer.all("www-authenticate") == ["NTLM"]
            assert http.log_in(ALICE).status == 200
        else:
            assert "\x00" in value or "\x80" in value


def test_padding_is_not_optional(gateway: Server) -> None:
    with Http(gateway.port) as http, client_of(ALICE) as context:
        token = context.step().token
        value = authorization(token + b"\0" * (-len(token) % 3 + 1))
        assert value.endswith("==")
        assert http.ask([("Authorization", value.rstrip("="))]).all("www-authenticate") == ["NTLM"]


def test_two_authorizations(gateway: Server) -> None:
    with Http(gateway.port) as http, client_of(ALICE) as context:
        value = authorization(context.step().token)
        answer = http.ask([("Authorization", value), ("Authorization", value)])
        assert answer.status in (400, 401)
        assert "NTLM T" not in str(answer.headers)


def test_scheme_in_any_case(gateway: Server) -> None:
    with Http(gateway.port) as http, client_of(ALICE) as context:
        answer = http.ask([("authorization", authorization(context.step().token, "ntlm"))])
        (offer,) = answer.all("www-authenticate")
        assert offer[:5].lower() == "ntlm "


def test_largest_token(gateway: Server) -> None:
    """A token of 48 KiB is read and refused as a token, a longer header as a header."""
    with Http(gateway.port) as http:
        assert http.ask_with(bytes(48 * 1024)).status == 401
        assert http.log_in(ALICE).status == 200
    with Http(gateway.port) as http:
        http.send(b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: NTLM " + b"A" * 300_000 + b"\r\n\r\n")
        answer = http.receive()
        assert answer.status in (400, 431)
        assert http.is_closed()


def test_endless_header(gateway: Server) -> None:
    """A header without an end is cut off, whatever memory the client has."""
    before = gateway.status("VmRSS")
    with Http(gateway.port) as http:
        try:
            http.send(b"GET / HTTP/1.1\r\nX: ")
            for _ in range(1000):
                http.send(b"A" * 65536)
            pytest.fail("64 MB of header were taken")
        except ConnectionError:
            pass
    assert gateway.status("VmRSS") - before < 16 * 1024


@pytest.mark.parametrize("text", ["rubbish", "GET /", "GET / HTTP/1.1\r\nno colon", "\x16\x03\x01"])
def test_no_http(gateway: Server, text: str) -> None:
    with Http(gateway.port) as http:
        http.send(f"{text}\r\n\r\n".encode("latin-1"))
        assert http.receive().status in (400, 401)
        assert http.is_closed()


def test_contradicting_lengths(gateway: Server) -> None:
    """What could smuggle a second request past a login is refused."""
    with Http(gateway.port) as http:
        http.send(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"0\r\n\r\nGET / HTTP/1.1\r\n"
        )
        assert http.receive().status == 400
        assert http.is_closed()


def test_pipelined_requests(gateway: Server) -> None:
    with Http(gateway.port) as http:
        http.log_in(ALICE)
        http.send(request() * 5)
        pages = [http.receive().json for _ in range(5)]
    assert [page["request_on_connection"] for page in pages] == [3, 4, 5, 6, 7]
    assert {page["name"] for page in pages} == {ALICE.full_name}


def test_pipelined_behind_a_challenge(gateway: Server) -> None:
    """The second request carries no credentials: it is refused and ends the handshake."""
    with Http(gateway.port) as http, client_of(ALICE) as context:
        http.send(request([("Authorization", authorization(context.step().token))]) + request())
        challenge = http.receive().challenge
        answer = http.receive()
        assert (answer.status, answer.all("www-authenticate")) == (401, ["NTLM"])
        assert http.ask_with(context.step(challenge).token).status == 401


def test_old_http_closes(gateway: Server) -> None:
    """HTTP/1.0: the connection ends with each answer, so a challenge would be useless and is not made."""
    with Http(gateway.port) as http:
        assert http.ask(version="1.0").all("www-authenticate") == ["NTLM"]
        assert http.is_closed()
    with Http(gateway.port) as http:
        answer = http.ask_with(client_of(ALICE).step().token, version="1.0")
        assert answer.all("www-authenticate") == ["NTLM"]
        assert http.is_closed()


def test_old_http_kept_alive(gateway: Server) -> None:
    keep = [("Connection", "keep-alive")]
    with Http(gateway.port) as http:
        assert http.log_in(ALICE, version="1.0", headers=keep).json["name"] == ALICE.full_name
        answer = http.ask(keep, version="1.0")
        assert answer.status == 200
        assert [value.lower() for value in answer.all("connection")] == ["keep-alive"]


def test_close_asked_with_the_first_leg(gateway: Server) -> None:
    with Http(gateway.port) as http:
        answer = http.ask_with(client_of(ALICE).step().token, headers=[("Connection", "close")])
        assert answer.all("www-authenticate") == ["NTLM"]
        assert answer.closes
        assert http.is_closed()


def test_close_asked_with_the_last_leg(gateway: Server) -> None:
    with Http(gateway.port) as http, client_of(ALICE) as context:
        challenge = http.ask_with(context.step().token).challenge
        answer = http.ask_with(context.step(challenge).token, headers=[("Connection", "close")])
        assert answer.json["name"] == ALICE.full_name
        assert answer.closes
        assert http.is_closed()


def test_head(gateway: Server) -> None:
    with Http(gateway.port) as http:
        assert http.log_in(ALICE, method="HEAD").status == 200
        answer = http.ask(method="HEAD")
        assert int(answer.all("content-length")[0]) > 100
        assert http.ask().status == 200


def test_other_methods(gateway: Server) -> None:
    with Http(gateway.port) as http:
        assert http.ask(method="DELETE").status == 401
        http.log_in(ALICE)
        assert http.ask(method="DELETE").status == 405


@pytest.mark.parametrize("size", [1, 70_000, 1024 * 1024])
def test_body_with_every_leg(gateway: Server, size: int) -> None:
    with Http(gateway.port) as http:
        assert http.log_in(ALICE, method="POST", body=b"x" * size).json["body_bytes"] == size
        assert http.ask(method="POST", body=b"y" * size).json["body_bytes"] == size


def test_chunked_body_with_every_leg(gateway: Server) -> None:
    chunks = b"5\r\nhello\r\nA;x=y\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
    coding = ("Transfer-Encoding", "chunked")
    with Http(gateway.port) as http, client_of(ALICE) as context:
        http.send(request([coding, ("Authorization", authorization(context.step().token))], "POST") + chunks)
        token = context.step(http.receive().challenge).token
        http.send(request([coding, ("Authorization", authorization(token))], "POST") + chunks)
        assert http.receive().json["body_bytes"] == 15
        assert http.ask().status == 200


def test_body_on_demand(gateway: Server) -> None:
    with Http(gateway.port) as http:
        http.log_in(ALICE)
        http.send(request([("Expect", "100-continue"), ("Content-Length", "4")], "POST"))
        assert http.receive().status == 100
        http.send(b"body")
        assert http.receive().json["body_bytes"] == 4


def test_body_too_large(gateway: Server) -> None:
    with Http(gateway.port) as http:
        http.send(request([("Content-Length", str(1024 * 1024 + 1))], "POST") + b"x" * (1024 * 1024 + 1))
        answer = http.receive()
        assert answer.status == 413
        assert answer.closes
        assert http.is_closed()


def test_claims_cannot_forge_a_log_line(gateway: Server) -> None:
    start = len(gateway.said())
    with Http(gateway.port) as http:
        http.log_in(User("EXAMPLE", "x'\ngateway: login client='root", "x"))
    gateway.wait_for("refused client=", start)
    assert len(gateway.said()[start:].splitlines()) == 1


# -- time


def test_slow_but_steady(gateway: Server) -> None:
    """A request that arrives byte by byte is served."""
    with Http(gateway.port) as http:
        for byte in request():
            http.send(bytes([byte]))
        assert http.receive().status == 401


def silent(gateway: Server, data: bytes) -> float:
    """Seconds until the server gives up on a client that sends `data` and no more."""
    start = time.monotonic()
    with Http(gateway.port) as http:
        http.send(data)
        while not http.is_closed():
            http.buffer = b""
    return time.monotonic() - start


@pytest.mark.parametrize("data", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\n", request()])
def test_no_login_in_time(hasty_gateway: Server, data: bytes) -> None:
    assert 1.8 < silent(hasty_gateway, data) < 6
    hasty_gateway.wait_for("timeout peer=")


def test_no_answer_to_the_challenge_in_time(hasty_gateway: Server) -> None:
    with client_of(ALICE) as context:
        data = request([("Authorization", authorization(context.step().token))])
        assert 0.4 < silent(hasty_gateway, data) < 1.7


def test_nothing_is_left_of_a_client_that_went(hasty_gateway: Server) -> None:
    """Its time limit is gone with it."""
    with Http(hasty_gateway.port) as http, client_of(ALICE) as context:
        assert http.ask_with(context.step().token).challenge
    time.sleep(1)
    assert "timeout" not in hasty_gateway.said()


def test_body_not_in_time(hasty_gateway: Server) -> None:
    with Http(hasty_gateway.port) as http:
        http.log_in(ALICE)
        http.send(request([("Content-Length", "10")], "POST") + b"half")
        answer = http.receive()
        assert answer.status == 408
        assert http.is_closed()


def test_idle_after_login(hasty_gateway: Server) -> None:
    with Http(hasty_gateway.port) as http:
        http.log_in(ALICE)
        start = time.monotonic()
        assert http.is_closed()
        assert 2.8 < time.monotonic() - start < 8


def test_trickle_after_login(hasty_gateway: Server) -> None:
    """Login does not allow to hold a connection by sending a head for ever."""
    with Http(hasty_gateway.port) as http:
        http.log_in(ALICE)
        start = time.monotonic()
        try:
            while time.monotonic() - start < 10:
                http.send(b"G")
                time.sleep(0.1)
        except ConnectionError:
            return
    pytest.fail("the connection was still open after ten seconds")
