#!/usr/bin/python3
"""Logs clients in, tells each who it is, signed, and gives back what it says, sealed.

    echo_server.py --accounts accounts.db --port 7777      by NTLM
    echo_server.py --keytab svc.keytab --port 7777         by Kerberos

A frame is four bytes of length, most significant first, and so many bytes: tokens first, then the greeting and its
signature, then sealed messages. The programs in ../c and ../lua speak the same.
"""

from __future__ import annotations

import argparse
import asyncio
import sys

import sspi

MAX_FRAME = 65536
LOGIN_SECONDS = 15


async def receive(reader: asyncio.StreamReader) -> bytes:
    """One frame. asyncio.IncompleteReadError: the peer is gone."""
    size = int.from_bytes(await reader.readexactly(4), "big")
    if size > MAX_FRAME:
        raise ValueError("a frame is too long")
    return await reader.readexactly(size)


async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
    """Sends one frame."""
    writer.write(len(data).to_bytes(4, "big") + data)
    await writer.drain()


async def converse(credential: sspi.Credential, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client, from its first token to its end."""
    with sspi.ServerContext(credential) as context:
        async with asyncio.timeout(LOGIN_SECONDS):
            while not context.complete:
                token, _ = context.step(await receive(reader))
                if token:
                    await send(writer, token)
        greeting = f"You are {context.client_name}"
        print(greeting, flush=True)
        await send(writer, greeting.encode())
        await send(writer, context.sign(greeting.encode()))
        while True:
            await send(writer, context.wrap(context.unwrap(await receive(reader))))


async def serve(credential: sspi.Credential, port: int) -> None:
    """Listens on the loopback address for ever."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await converse(credential, reader, writer)
        except sspi.SSPIError as failure:
            print(f"client refused: {failure.explanation}", file=sys.stderr, flush=True)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError, ValueError):
            pass  # the client is gone or does not speak our language
        finally:
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", port)
    print("listening on {}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="echo_server", description="Echoes sealed messages to known users.")
    parser.add_argument("--accounts", metavar="LOCATION", help="account store of NTLM (default: sspi.conf's)")
    parser.add_argument("--keytab", metavar="FILE", help="keys of this service for Kerberos (default: sspi.conf's)")
    parser.add_argument("--package", help="NTLM, Kerberos or Negotiate (default: Kerberos with a keytab, else NTLM)")
    parser.add_argument("--port", type=int, default=7777, help="port to listen on, 0: any free one (%(default)s)")
    options = parser.parse_args()
    package = options.package or ("Kerberos" if options.keytab else "NTLM")
    try:
        credential = sspi.Credential(package, usage="accept", accounts=options.accounts, keytab=options.keytab)
        asyncio.run(serve(credential, options.port))
    except sspi.SSPIError as failure:
        sys.exit(f"echo_server: {failure.explanation or failure}")
    except OSError as failure:
        sys.exit(f"echo_server: cannot listen on port {options.port}: {failure.strerror}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
