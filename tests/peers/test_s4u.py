"""Constrained delegation at a Heimdal KDC: users by name, clients with tickets the service got itself, what is refused.

This KDC takes no ticket without a PAC as evidence but one of its own making by name; clients of a domain: domain/.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sspi
from sspi import InitFlag, Status, _sspi
from test_kerberos import PROTECT, SERVICE, OurClient, OurServer, handshake

TARGET = "svc/server.example.test"
PA_FOR_USER, PA_NOBODYS = b"\xa1\x04\x02\x02\x00\x81", b"\xa1\x04\x02\x02\x00\xc8"


class Server(OurServer):
    def __init__(self, package: str = "Kerberos", **options: str) -> None:
        self.credential = sspi.Credential(package, options={"service_names": "HTTP"} | options)
        self.context = sspi.ServerContext(self.credential)


class Onward(OurClient):
    """A client with a credential that acts for somebody."""

    def __init__(self, handle: _sspi.CredHandle, service: str, package: str = "Kerberos") -> None:
        self.credential = sspi.Credential(package, usage="initiate")
        self.credential._handle = handle
        self.context = sspi.ClientContext(self.credential, target=service, flags=PROTECT | InitFlag.MUTUAL_AUTH)


def for_user(user: str, package: str = "Kerberos", **options: str) -> _sspi.CredHandle:
    service = Server(package, **({"constrained_delegation": "anyone"} | options))
    return _sspi.SspiAcquireCredentialForUser(service.credential._handle, user)


def used(kdc: Path, handle: _sspi.CredHandle, service: str, package: str = "Kerberos", **options: str) -> Server:
    """The service after somebody logged in with the credential, and a message passed."""
    keytab = str(kdc / "all.keytab")
    server = Server(package, **({"service_names": service, "keytab": keytab} | options))
    client = Onward(handle, service, package)
    handshake(client, server)
    assert server.context.unwrap(client.context.wrap(b"on somebody's behalf")) == b"on somebody's behalf"
    return server


def refused(status: Status, action: Callable[..., object], *arguments: object) -> None:
    with pytest.raises(sspi.SSPIError) as failure:
        action(*arguments)
    assert failure.value.status == status, failure.value


@pytest.mark.parametrize("package", ["Kerberos", "Negotiate"])
def test_user_by_name(kdc: Path, package: str) -> None:
    """At the service itself; from there, as that client, at the next."""
    bob = for_user("bob", package)
    assert used(kdc, bob, TARGET, package).context.client_name == "bob@EXAMPLE.TEST"
    here = used(kdc, bob, SERVICE, package, keytab=str(kdc / "http.keytab"), constrained_delegation="clients")
    assert here.context.client_name == "bob@EXAMPLE.TEST"
    onward = _sspi.SspiAcquireConstrainedCredential(here.context._open())
    assert used(kdc, onward, TARGET, package).context.client_name == "bob@EXAMPLE.TEST"


def test_refused(kdc: Path) -> None:
    """A service that the KDC does not name for it, another realm's, unknown ones; a client without a PAC."""
    bob = for_user("bob")
    refused(Status.SEC_E_DELEGATION_REQUIRED, used, kdc, bob, "host/server.example.test")
    refused(Status.SEC_E_CROSSREALM_DELEGATION_FAILURE, used, kdc, bob, "svc/server.example.test@OTHER.TEST")
    refused(Status.SEC_E_TARGET_UNKNOWN, used, kdc, bob, "svc/nowhere.example.test")
    refused(Status.SEC_E_LOGON_DENIED, for_user, "nobody")
    server = Server(constrained_delegation="clients")
    handshake(OurClient(), server)
    onward = _sspi.SspiAcquireConstrainedCredential(server.context._open())
    refused(Status.SEC_E_DELEGATION_REQUIRED, used, kdc, onward, TARGET)


def test_forgotten_without_the_option(kdc: Path) -> None:
    server = Server()
    handshake(OurClient(), server)
    refused(Status.SEC_E_DELEGATION_REQUIRED, _sspi.SspiAcquireConstrainedCredential, server.context._open())


def _relay(near: socket.socket, port: int, alter: Callable[[bytes], bytes]) -> None:
    """One exchange between libkrb5 and the KDC, over TCP."""
    with near, near.makefile("rb") as stream:
        request = alter(stream.read(*struct.unpack(">I", stream.read(4))))
        with socket.create_connection(("127.0.0.1", port), 10) as far, far.makefile("rb") as answer:
            far.sendall(struct.pack(">I", len(request)) + request)
            head = answer.read(4)
            near.sendall(head + answer.read(*struct.unpack(">I", head)))


@contextlib.contextmanager
def man_in_the_middle(port: int, alter: Callable[[bytes], bytes]) -> Iterator[int]:
    """A KDC that sees altered requests."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    _relay(listener.accept()[0], port, alter)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_user_taken_out_of_the_request(kdc: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's name is outside of what the request signs. Without it the KDC gives a ticket of the service itself."""
    altered, outcome = [], []

    def alter(request: bytes) -> bytes:
        altered.extend([True] * request.count(PA_FOR_USER))
        return request.replace(PA_FOR_USER, PA_NOBODYS)

    def attempt() -> None:  # a thread of its own reads the other krb5.conf
        try:
            outcome.append(for_user("bob"))
        except sspi.SSPIError as failure:
            outcome.append(failure.status)

    text = (kdc / "krb5.conf").read_text()
    port = text.partition("kdc = tcp/127.0.0.1:")[2].split()[0]
    with man_in_the_middle(int(port), alter) as ours:
        lines = (line for line in text.splitlines() if "kdc = 127" not in line)
        (tmp_path / "krb5.conf").write_text("\n".join(lines).replace(f":{port}", f":{ours}"))
        monkeypatch.setenv("KRB5_CONFIG", str(tmp_path / "krb5.conf"))
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join(30)
    assert altered
    assert outcome == [Status.SEC_E_NO_S4U_PROT_SUPPORT]
