#!/usr/bin/python3
"""Logs in at an echo server and prints what it answers. Each line of standard input is a message.

echo_client.py 127.0.0.1 7777 svc/server.example.com      by Kerberos, with the ticket that kinit got
echo_client.py 127.0.0.1 7777 EXAMPLE alice               by NTLM; the first line is the password
"""

from __future__ import annotations

import socket
import sys

import sspi

MAX_FRAME = 65536
# NTLM's server cannot prove itself: there the mutual authentication is left out of what was agreed.
FLAGS = sspi.ClientContext.DEFAULT_FLAGS | sspi.InitFlag.MUTUAL_AUTH


def receive_exactly(server: socket.socket, size: int) -> bytes:
    """So many bytes, or ConnectionError."""
    data = b""
    while len(data) < size:
        part = server.recv(size - len(data))
        if not part:
            raise ConnectionError("the server hung up")
        data += part
    return data


def receive(server: socket.socket) -> bytes:
    """One frame."""
    size = int.from_bytes(receive_exactly(server, 4), "big")
    if size > MAX_FRAME:
        raise ConnectionError("a frame is too long")
    return receive_exactly(server, size)


def send(server: socket.socket, data: bytes) -> None:
    """Sends one frame."""
    server.sendall(len(data).to_bytes(4, "big") + data)


def log_in(context: sspi.ClientContext, server: socket.socket) -> None:
    """The client's side of the handshake."""
    token, _ = context.step()
    while token:
        send(server, token)
        if context.complete:
            break
        token, _ = context.step(receive(server))


def greeting_of(context: sspi.ClientContext, server: socket.socket) -> str:
    """Logs in; what the server says of us, signed."""
    try:
        log_in(context, server)
        # NTLM's client cannot know that it is accepted until the server says something that only it could have signed.
        greeting, signature = receive(server), receive(server)
    except ConnectionError:
        sys.exit("echo_client: the server refused the login")
    context.verify(greeting, signature)
    return greeting.decode()


def converse(context: sspi.ClientContext, server: socket.socket) -> None:
    """Logs in, then sends each line sealed and prints the answer."""
    greeting = greeting_of(context, server)
    if context.package != "NTLM" and not context.flags & sspi.InitFlag.MUTUAL_AUTH:
        sys.exit("echo_client: the server did not prove who it is")
    print(greeting, flush=True)
    for line in sys.stdin:
        send(server, context.wrap(line.rstrip("\n").encode()))
        print(context.unwrap(receive(server)).decode(), flush=True)


def credential_and_target() -> tuple[sspi.Credential, str]:
    """Who we are and whom we want to talk to, from the command line and the first line of standard input."""
    if len(sys.argv) == 4:
        return sspi.Credential("Kerberos", usage="initiate"), sys.argv[3]
    domain, user = sys.argv[3:]
    password = sys.stdin.readline().rstrip("\n")
    credential = sspi.Credential("NTLM", usage="initiate", username=user, domain=domain, password=password)
    return credential, f"echo/{sys.argv[1]}"


def main() -> None:
    """Command line."""
    if len(sys.argv) not in (4, 5):
        sys.exit(
            "usage: echo_client HOST PORT SERVICE\n"
            "       echo_client HOST PORT DOMAIN USER, with the password as first line of standard input"
        )
    try:
        credential, target = credential_and_target()
        with (
            credential,
            sspi.ClientContext(credential, target=target, flags=FLAGS) as context,
            socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30) as server,
        ):
            converse(context, server)
    except sspi.SSPIError as failure:
        sys.exit(f"echo_client: {failure.explanation or failure}")
    except OSError as failure:
        sys.exit(f"echo_client: {failure}")


if __name__ == "__main__":
    main()
