#!/usr/bin/python3
"""Logs in at an echo server by NTLM and prints what it answers.

    printf 'password\\nhello\\n' | echo_client.py 127.0.0.1 7777 EXAMPLE alice

The first line of standard input is the password, each further line a message.
"""

from __future__ import annotations

import socket
import sys

import sspi

MAX_FRAME = 65536


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


def converse(context: sspi.ClientContext, server: socket.socket) -> None:
    """Logs in, then sends each line sealed and prints the answer."""
    log_in(context, server)
    # NTLM's client cannot know that it is accepted until the server says something that only it could have sealed.
    try:
        print(context.unwrap(receive(server)).decode(), flush=True)
    except ConnectionError:
        sys.exit("echo_client: the server refused the login")
    for line in sys.stdin:
        send(server, context.wrap(line.rstrip("\n").encode()))
        print(context.unwrap(receive(server)).decode(), flush=True)


def main() -> None:
    """Command line."""
    if len(sys.argv) != 5:
        sys.exit("usage: echo_client HOST PORT DOMAIN USER, with the password as first line of standard input")
    host, port, domain, user = sys.argv[1:]
    password = sys.stdin.readline().rstrip("\n")
    try:
        with (
            sspi.Credential("NTLM", usage="initiate", username=user, domain=domain, password=password) as credential,
            sspi.ClientContext(credential, target=f"echo/{host}") as context,
            socket.create_connection((host, int(port)), timeout=30) as server,
        ):
            converse(context, server)
    except sspi.SSPIError as failure:
        sys.exit(f"echo_client: {failure.explanation or failure}")
    except OSError as failure:
        sys.exit(f"echo_client: {failure}")


if __name__ == "__main__":
    main()
