#!/usr/bin/python3
"""A small directory that its users log in to by SASL, as to a domain controller: GSSAPI (Kerberos) or GSS-SPNEGO.

    ldap_directory.py --keytab ldap.keytab --accounts accounts.db --port 3890
    ldapsearch -H ldap://localhost:3890 -Y GSSAPI -b dc=example,dc=test
    ldapwhoami -H ldap://localhost:3890 -Y GSS-SPNEGO

From the end of the login on, everything is signed or sealed, if that was agreed on. Without --accounts the clients of
GSS-SPNEGO need a ticket as well.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from typing import Any

import ldap_messages as ldap
import sspi

LOGIN_SECONDS, IDLE_SECONDS = 15, 600
BASE = "dc=example,dc=test"
ENTRIES = {
    BASE: {"objectClass": ["top", "domain"], "dc": ["example"]},
    f"cn=alice,{BASE}": {"objectClass": ["top", "person"], "cn": ["alice"], "sn": ["Liddell"]},
    f"cn=bob,{BASE}": {"objectClass": ["top", "person"], "cn": ["bob"], "sn": ["Builder"]},
}


class RefusedError(Exception):
    """A request that is answered with an error: its code and what the client may know."""


class Connection:
    """One client: who it is so far, and how its messages are protected."""

    def __init__(self, credentials: dict[str, sspi.Credential]) -> None:
        self.credentials = credentials
        self.login: sspi.SaslServer | None = None  # under way
        self.layer: sspi.SaslServer | None = None  # agreed on
        self.name = ""

    def close(self) -> None:
        """Forgets everything."""
        for context in (self.login, self.layer):
            if context is not None:
                context.close()

    def received(self, data: bytes) -> bytes:
        """Takes the protection off what was received."""
        return data if self.layer is None else self.layer.unwrap(data)

    def protected(self, data: bytes) -> bytes:
        """Puts it on what is sent."""
        return data if self.layer is None else self.layer.wrap(data)

    def answer(self, request: ldap.Request) -> bytes | None:
        """The answer to one request, as it goes over the wire. None: the client says goodbye."""
        if request.kind == "unbindRequest":
            return None
        if request.kind == "bindRequest":
            return self.bind(request)
        return self.protected(self.served(request))

    # ---- logging in ----

    def bind(self, request: ldap.Request) -> bytes:
        """One leg of a login, or an anonymous bind, which ends a login (RFC 4513, section 4). The layer begins behind
        the answer.
        """
        way = request.body["authentication"]
        if self.layer is not None:
            return self.protected(ldap.bind_response(request.number, ldap.UNWILLING, "already logged in"))
        try:
            if way.getName() == "sasl":
                return self.sasl(request.number, way.getComponent())
            self.forget()
            if str(request.body["name"]) or way.getName() != "simple" or bytes(way.getComponent()):
                raise RefusedError(ldap.METHOD_NOT_SUPPORTED, "log in by SASL")
        except RefusedError as refusal:
            return ldap.bind_response(request.number, *refusal.args)
        return ldap.bind_response(request.number, ldap.SUCCESS)

    def forget(self) -> None:
        """Ends a login under way; what was proved before is forgotten."""
        if self.login is not None:
            self.login.close()
        self.login, self.name = None, ""

    def sasl(self, number: int, way: Any) -> bytes:
        """One leg of a SASL login."""
        mechanism, token = str(way["mechanism"]).upper(), way["credentials"]
        login = self.login
        if login is None or login.mechanism != mechanism:
            self.forget()
            if mechanism not in self.credentials:
                raise RefusedError(ldap.METHOD_NOT_SUPPORTED, "no such mechanism here")
            login = self.login = sspi.SaslServer(self.credentials[mechanism], mechanism)
        try:
            challenge, _ = login.step(bytes(token) if token.hasValue() else b"")
        except sspi.SSPIError as failure:
            print(f"client refused: {failure.explanation}", file=sys.stderr, flush=True)
            self.forget()
            raise RefusedError(ldap.INVALID_CREDENTIALS, "login failed") from None
        if not login.complete:
            return ldap.bind_response(number, ldap.BIND_IN_PROGRESS, challenge=challenge)
        self.succeed(login)
        return ldap.bind_response(number, ldap.SUCCESS, challenge=challenge or None)

    def succeed(self, login: sspi.SaslServer) -> None:
        """The client is who it says."""
        name, wanted = login.client_name, login.authorization_id
        if wanted not in ("", f"u:{name}", name):
            print(f"client refused: {name} wants to act as {wanted!r}", file=sys.stderr, flush=True)
            self.forget()
            raise RefusedError(ldap.INVALID_CREDENTIALS, "login failed")
        self.login, self.name = None, name
        print(f"{self.name} by {login.mechanism} ({login.package}), layer {login.layer}", flush=True)
        if login.layer == "none":
            login.close()
        else:
            self.layer = login

    # ---- what the directory is for ----

    def served(self, request: ldap.Request) -> bytes:
        """The answer to any other request."""
        if request.kind == "searchRequest":
            return self.search(request)
        if request.kind == "extendedReq":
            if str(request.body["requestName"]) == ldap.WHO_AM_I:
                name = f"u:{self.name}" if self.name else ""
                return ldap.extended_response(request.number, ldap.SUCCESS, value=name)
            return ldap.extended_response(request.number, ldap.PROTOCOL_ERROR, "unknown extension")
        if request.kind == "abandonRequest":
            return b""
        return ldap.extended_response(request.number, ldap.UNWILLING, "this directory can only be read")

    def search(self, request: ldap.Request) -> bytes:
        """The root tells everybody how to log in; the rest is for those who did."""
        base, scope = str(request.body["baseObject"]), int(request.body["scope"])
        if not base and scope == 0:
            return self.root(request.number)
        if not self.name:
            return ldap.search_done(request.number, ldap.ACCESS_DENIED, "log in first")
        found = [dn for dn in ENTRIES if within(dn, base, scope) and matches(request.body["filter"], ENTRIES[dn])]
        if base not in ENTRIES:
            return ldap.search_done(request.number, ldap.NO_SUCH_OBJECT)
        rows = b"".join(ldap.search_entry(request.number, dn, ENTRIES[dn]) for dn in found)
        return rows + ldap.search_done(request.number, ldap.SUCCESS)

    def root(self, number: int) -> bytes:
        """What this server can do (RFC 4512, section 5.1)."""
        about = {
            "supportedLDAPVersion": ["3"],
            "supportedSASLMechanisms": list(self.credentials),
            "supportedExtension": [ldap.WHO_AM_I],
            "namingContexts": [BASE],
        }
        return ldap.search_entry(number, "", about) + ldap.search_done(number, ldap.SUCCESS)


def within(name: str, base: str, scope: int) -> bool:
    """Whether a search sees an entry: the base alone, one level below it, or all of the tree."""
    if scope == 0:
        return name == base
    return name.partition(",")[2] == base if scope == 1 else f",{name}".endswith(f",{base}")


def matches(wanted: Any, entry: dict[str, list[str]]) -> bool:
    """A filter (RFC 4511, section 4.5.1.7): presence and equality; all others match nothing."""
    kind, part = wanted.getName(), wanted.getComponent()
    held = {name.lower(): [value.lower() for value in values] for name, values in entry.items()}
    if kind == "present":
        return str(part).lower() in held
    if kind == "equalityMatch":
        return str(part["assertionValue"]).lower() in held.get(str(part["attributeDesc"]).lower(), [])
    return False


async def converse(connection: Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One client, from its first byte to its last."""
    received = bytearray()
    while True:
        async with asyncio.timeout(IDLE_SECONDS if connection.name else LOGIN_SECONDS):
            data = await reader.read(65536)
        if not data:
            return
        received += connection.received(data)
        while (request := ldap.take(received)) is not None:
            bare = connection.layer is None
            answer = connection.answer(request)
            if answer is None or (bare and connection.layer and received):
                return  # what came with the end of the login was not protected: anybody may have put it there
            writer.write(answer)
            await writer.drain()


async def serve(credentials: dict[str, sspi.Credential], port: int) -> None:
    """Listens on the loopback address for ever."""

    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(credentials)
        try:
            await converse(connection, reader, writer)
        except sspi.SSPIError as failure:
            print(f"client cut off: {failure.explanation}", file=sys.stderr, flush=True)
        except (ConnectionError, TimeoutError, ValueError):
            pass  # the client is gone or does not speak our language
        finally:
            connection.close()
            writer.close()

    server = await asyncio.start_server(client, "127.0.0.1", port)
    print("listening on {}:{}".format(*server.sockets[0].getsockname()), flush=True)
    await server.serve_forever()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="ldap_directory", description="A directory with logins by SASL.")
    parser.add_argument("--keytab", metavar="FILE", help="keys of the service ldap (default: sspi.conf's)")
    parser.add_argument("--accounts", metavar="LOCATION", help="account store, for NTLM inside GSS-SPNEGO")
    parser.add_argument(
        "--layer", choices=["none", "integrity", "confidentiality"], default="none", help="the weakest to agree on"
    )
    parser.add_argument("--port", type=int, default=3890, help="port to listen on, 0: any free one (%(default)s)")
    options = parser.parse_args()
    # An LDAP name has its own form (u:alice), so this program looks itself at whom the client wants to act as.
    settings = {"sasl_minimum_layer": options.layer, "sasl_authorization": "program"}
    choice = {} if options.accounts else {"negotiate_packages": "Kerberos"}
    try:
        kerberos = sspi.Credential("Kerberos", keytab=options.keytab, services="ldap", options=settings)
        negotiate = sspi.Credential(
            "Negotiate",
            keytab=options.keytab,
            services="ldap",
            accounts=options.accounts,
            options=settings | choice,
        )
        asyncio.run(serve({"GSSAPI": kerberos, "GSS-SPNEGO": negotiate}, options.port))
    except sspi.SSPIError as failure:
        sys.exit(f"ldap_directory: {failure.explanation or failure}")
    except OSError as failure:
        sys.exit(f"ldap_directory: cannot listen on port {options.port}: {failure.strerror}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
