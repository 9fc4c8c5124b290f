"""A TLS server of ours for foreign clients: tells each connection what was agreed, then echoes its lines.

tls_server.py --option tls_certificate=FILE [--option NAME=VALUE]... [--alpn NAME]... [--mutual]

Of lines "facts" is answered with what was agreed, "certificate" with a request for the client's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys

import sspi
from sspi.tls import TlsConnection
from sspi.tls_asyncio import start_server


def facts(tls: TlsConnection) -> dict[str, object]:
    certificate = tls.peer_certificate
    return {
        "version": tls.version,
        "cipher": tls.cipher,
        "alpn": tls.alpn_protocol,
        "resumed": tls.resumed,
        "certificate": certificate.hex() if certificate else None,
        "endpoint": tls.channel_bindings.data.hex(),
    }


def ask_for_certificate(tls: TlsConnection) -> None:
    """After the handshake, RFC 8446 4.6.2: a leg without a token. The answer comes as records do."""
    tls._context._flags |= sspi.AcceptFlag.MUTUAL_AUTH
    tls._to_send += tls._context.step().token


def answer(line: bytes, tls: TlsConnection) -> bytes:
    if line.strip() == b"facts":
        return json.dumps(facts(tls)).encode() + b"\n"
    if line.strip() == b"certificate":
        ask_for_certificate(tls)
        return b""
    return line


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        tls: TlsConnection = writer.get_extra_info("sspi.tls")
        told = json.dumps(facts(tls))
        print(told, flush=True)
        while line := await reader.readline():
            if line.startswith(b"GET "):
                body = told.encode()
                writer.write(b"HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                await writer.drain()
                break
            writer.write(answer(line, tls))
            await writer.drain()
        print("end", "with goodbye" if tls.eof else "cut off", flush=True)
        writer.close()
        await writer.wait_closed()
    except ConnectionError:
        print("end cut off", flush=True)
    except sspi.SSPIError as error:
        print("end refused", error, flush=True)
        writer.transport.abort()


async def serve(options: argparse.Namespace) -> None:
    credential = sspi.Credential("Schannel", options=dict(pair.split("=", 1) for pair in options.option))
    flags = TlsConnection.SERVER_FLAGS | (sspi.AcceptFlag.MUTUAL_AUTH if options.mutual else 0)
    server = await start_server(
        converse, "127.0.0.1", 0, credential=credential, alpn=options.alpn, flags=flags, backlog=512, limit=1 << 20,
        on_failure=lambda error: print("refused", error, flush=True),
    )  # fmt: skip
    print(f"listening on 127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--option", action="append", default=[])
    parser.add_argument("--alpn", action="append", default=[])
    parser.add_argument("--mutual", action="store_true")
    try:
        asyncio.run(serve(parser.parse_args()))
    except sspi.SSPIError as failure:
        sys.exit(str(failure))


if __name__ == "__main__":
    main()
