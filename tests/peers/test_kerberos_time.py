"""Clocks that differ: tickets that are over, or not yet valid, and ends whose clocks are minutes apart (faketime)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sspi
from conftest import needs
from parties import Lines
from test_kerberos import (
    Heimdal,
    OurClient,
    OurServer,
    gssapi,
    handshake,
    heimdal,
    mit_client,
    mit_server,
)

__all__ = ["heimdal"]

# One end of ours in a process whose clock is set: tokens as lines, and what became of each.
END = """
import sys, sspi
end = sys.argv[1]
if end != "client":
    credential = sspi.Credential("Kerberos", options={"service_names": "HTTP"})
    flags = sspi.ServerContext.DEFAULT_FLAGS
    if end == "server":
        flags |= sspi.AcceptFlag.EXTENDED_ERROR
    context = sspi.ServerContext(credential, flags=flags)
else:
    credential = sspi.Credential("Kerberos", usage="initiate")
    flags = sspi.ClientContext.DEFAULT_FLAGS | sspi.InitFlag.MUTUAL_AUTH
    context = sspi.ClientContext(credential, target="HTTP/server.example.test", flags=flags)
for line in sys.stdin:
    try:
        step = context.step(bytes.fromhex(line))
        print("DONE" if context.complete else context.reason.name, step.token.hex(), flush=True)
    except sspi.SSPIError as refused:
        print(refused.reason.name, refused.token.hex(), flush=True)
"""


class Elsewhere:
    """One end of ours, some time away."""

    def __init__(self, end: str, offset: str) -> None:
        self.lines = Lines([needs("faketime", "faketime"), "-f", offset, sys.executable, "-c", END, end])
        self.said = ""

    def step(self, token: bytes) -> bytes:
        self.said, _, answer = self.lines.ask(token.hex()).partition(" ")
        return bytes.fromhex(answer)

    def close(self) -> None:
        self.lines.close()


@pytest.fixture(params=["mit", "heimdal", "ours"])
def token(request: pytest.FixtureRequest, kdc: Path, heimdal: Path) -> bytes:
    """The first one of a client with the right time."""
    if request.param == "mit":
        return mit_client().step()
    if request.param == "ours":
        return OurClient().step(b"")
    client = Heimdal(heimdal, "client", "HTTP/server.example.test@EXAMPLE.TEST", "0x3e")
    first = client.step(b"")
    client.close()
    return first


@pytest.mark.parametrize(
    ("offset", "reason"),
    [
        ("+3m", "DONE"),
        ("-3m", "DONE"),
        ("+20m", "NONE"),
        ("-20m", "TICKET_NOT_YET_VALID"),
        ("+11d", "TICKET_EXPIRED"),
        ("-2d", "TICKET_NOT_YET_VALID"),
    ],
)
def test_server_some_time_away(token: bytes, offset: str, reason: str) -> None:
    server = Elsewhere("server", offset)
    answer = server.step(token)
    assert server.said == reason
    assert answer
    server.close()


@pytest.mark.parametrize("offset", ["+20m", "+3m"])
def test_our_client_corrects_its_clock(kdc: Path, offset: str) -> None:
    """An acceptor that says what time it is: ours, and MIT's."""
    flags = sspi.ServerContext.DEFAULT_FLAGS | sspi.AcceptFlag.EXTENDED_ERROR
    client, server = Elsewhere("client", offset), OurServer()
    server.context = sspi.ServerContext(server.credential, flags=flags)
    handshake(client, server)
    assert client.said == "DONE"
    assert server.context.complete
    client.close()
    client, theirs = Elsewhere("client", offset), mit_server()
    answer = theirs.step(client.step(b""))
    if offset == "+20m":
        with pytest.raises(gssapi.exceptions.GSSError, match="Clock skew"):
            _ = theirs.complete
        theirs = mit_server()
        answer = theirs.step(client.step(answer))
    client.step(answer)
    assert client.said == "DONE"
    assert theirs.complete
    client.close()


@pytest.mark.parametrize("patient", [True, False])
def test_client_that_does_not(kdc: Path, patient: bool) -> None:
    """MIT's: an acceptor that was asked to tell why waits for another try, any other refuses."""
    server = Elsewhere("server" if patient else "curt", "+20m")
    client = mit_client()
    answer = server.step(client.step())
    assert (server.said, bool(answer)) == (("NONE", True) if patient else ("CLOCK_SKEW", False))
    if patient:
        with pytest.raises(gssapi.exceptions.GSSError, match="Clock skew"):
            client.step(answer)
    server.close()
