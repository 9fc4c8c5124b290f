"""A TLS client of which every byte can be chosen: AES-128-GCM, X25519, TLS 1.2 and 1.3. Cryptography of tlslite-ng."""

from __future__ import annotations

import contextlib
import hashlib
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from raw_blocks import BLOCKS, Blocks, record
from tlslite.utils.cipherfactory import createAESGCM
from tlslite.utils.cryptomath import HKDF_expand_label, secureHMAC
from tlslite.utils.x25519 import X25519_G, x25519

CHANGE, ALERT, HANDSHAKE, DATA = 20, 21, 22, 23
CLIENT_HELLO, SERVER_HELLO, TICKET, CERTIFICATE, VERIFY, EXCHANGE, FINISHED, KEY_UPDATE = 1, 2, 4, 11, 15, 16, 20, 24
SERVER_NAME, GROUPS, SIGNATURES, ALPN, MAC_LAST, MASTER, SESSION_TICKET = 0, 10, 13, 16, 22, 23, 35
PSK, EARLY, VERSIONS, COOKIE, MODES, SHARES, RENEGOTIATION = 41, 42, 43, 44, 45, 51, 0xFF01
NAME = "server.example.test"
ALERTS = {
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
    42: "bad_certificate", 47: "illegal_parameter", 48: "unknown_ca", 50: "decode_error", 51: "decrypt_error",
    70: "protocol_version", 80: "internal_error", 86: "inappropriate_fallback", 100: "no_renegotiation",
    109: "missing_extension", 112: "unrecognized_name", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip
RETRY = hashlib.sha256(b"HelloRetryRequest").digest()
LINE = b"level\n"  # openssl s_server -rev turns the letters round


def sized(width: int, data: bytes) -> bytes:
    return len(data).to_bytes(width, "big") + data


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + sized(3, body)


class EndedError(Exception):
    """The server's side of the conversation is over; says how."""


@dataclass
class Hello:
    """A ClientHello in its parts."""

    new: bool = True  # offers TLS 1.3
    version: int = 0x0303
    random: bytes = field(default_factory=lambda: os.urandom(32))
    session: bytes = b""
    ciphers: list[int] = field(default_factory=list)
    compressions: bytes = b"\0"
    extensions: list[tuple[int, bytes]] = field(default_factory=list)
    private: bytes = field(default_factory=lambda: os.urandom(32))
    tail: bytes = b""

    def __post_init__(self) -> None:
        self.ciphers = self.ciphers or ([0x1301] if self.new else [0xC02B])
        public = bytes(x25519(bytearray(self.private), bytearray(X25519_G)))
        usual = [
            (SERVER_NAME, sized(2, b"\0" + sized(2, NAME.encode()))),
            (GROUPS, sized(2, b"\x00\x1d\x00\x17")),
            (SIGNATURES, sized(2, b"\x04\x03\x08\x04\x04\x01")),
        ]
        if self.new:
            share = sized(2, b"\x00\x1d" + sized(2, public))
            usual += [(VERSIONS, b"\x02\x03\x04"), (SHARES, share), (MODES, b"\x01\x01")]
        else:
            usual += [(MASTER, b""), (RENEGOTIATION, b"\0"), (SESSION_TICKET, b"")]
        self.extensions = self.extensions or usual

    def replace(self, kind: int, data: bytes | None) -> Hello:
        """Another content of an extension, put last if it is new; None: without it."""
        if data is None:
            self.extensions = [pair for pair in self.extensions if pair[0] != kind]
        elif any(pair[0] == kind for pair in self.extensions):
            self.extensions = [(kind, data) if pair[0] == kind else pair for pair in self.extensions]
        else:
            self.extensions.append((kind, data))
        return self

    def body(self) -> bytes:
        suites = b"".join(cipher.to_bytes(2, "big") for cipher in self.ciphers)
        extensions = b"".join(kind.to_bytes(2, "big") + sized(2, data) for kind, data in self.extensions)
        return (
            self.version.to_bytes(2, "big") + self.random + sized(1, self.session) + sized(2, suites)
            + sized(1, self.compressions) + (sized(2, extensions) if self.extensions else b"") + self.tail
        )  # fmt: skip

    def message(self) -> bytes:
        return message(CLIENT_HELLO, self.body())


def binder(psk: bytes, truncated: bytes) -> bytes:
    """The proof of a PSK, RFC 8446 4.2.11.2."""
    early = secureHMAC(bytearray(32), bytearray(psk), "sha256")
    key = HKDF_expand_label(early, b"res binder", hashlib.sha256().digest(), 32, "sha256")
    finished = HKDF_expand_label(key, b"finished", b"", 32, "sha256")
    return bytes(secureHMAC(finished, bytearray(hashlib.sha256(truncated).digest()), "sha256"))


class Keys:
    """Protection of one direction."""

    def __init__(self, key: bytes, iv: bytes, new: bool, secret: bytes = b"") -> None:
        self.cipher, self.iv, self.new, self.secret = createAESGCM(bytearray(key)), bytes(iv), new, secret
        self.number = 0

    @classmethod
    def of_secret(cls, secret: bytes) -> Keys:
        key = HKDF_expand_label(bytearray(secret), b"key", b"", 16, "sha256")
        iv = HKDF_expand_label(bytearray(secret), b"iv", b"", 12, "sha256")
        return cls(key, iv, True, bytes(secret))

    def next(self) -> Keys:
        """After a KeyUpdate."""
        return self.of_secret(HKDF_expand_label(bytearray(self.secret), b"traffic upd", b"", 32, "sha256"))

    def seal(self, kind: int, data: bytes, padding: int = 0, version: int = 0x0303) -> bytes:
        number = self.number.to_bytes(8, "big")
        self.number += 1
        if self.new:
            inner = data + bytes([kind]) + bytes(padding)
            nonce = bytes(a ^ b for a, b in zip(self.iv, bytes(4) + number, strict=True))
            header = bytes([DATA]) + version.to_bytes(2, "big") + (len(inner) + 16).to_bytes(2, "big")
            return header + bytes(self.cipher.seal(bytearray(nonce), bytearray(inner), bytearray(header)))
        extra = number + bytes([kind]) + b"\x03\x03" + len(data).to_bytes(2, "big")
        sealed = self.cipher.seal(bytearray(self.iv + number), bytearray(data), bytearray(extra))
        return record(kind, number + bytes(sealed), version)

    def open(self, kind: int, data: bytes) -> tuple[int, bytes]:
        number = self.number.to_bytes(8, "big")
        self.number += 1
        if self.new:
            nonce = bytes(a ^ b for a, b in zip(self.iv, bytes(4) + number, strict=True))
            header = record(DATA, b"", length=len(data))
            plain = self.cipher.open(bytearray(nonce), bytearray(data), bytearray(header))
            assert plain is not None
            inner = bytes(plain).rstrip(b"\0")
            return inner[-1], inner[:-1]
        extra = number + bytes([kind]) + b"\x03\x03" + (len(data) - 24).to_bytes(2, "big")
        plain = self.cipher.open(bytearray(self.iv + data[:8]), bytearray(data[8:]), bytearray(extra))
        assert plain is not None
        return kind, bytes(plain)


class Raw:
    """One connection. Methods are the steps of a handshake; a test leaves the way wherever it likes."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.read: Keys | Blocks | None = None
        self.write: Keys | Blocks | None = None
        self.transcript = bytearray()
        self.pending = bytearray()
        self.hello = Hello()
        self.server_random = b""
        self.cipher = 0
        self.session = b""
        self.mac_last = False
        self.asked = False  # for a certificate
        self.ticket: tuple[bytes, bytes] = (b"", b"")
        self.master = b""
        self.resumed = False

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *unused: object) -> None:
        self.socket.close()

    # ---- records ----

    def raw(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):  # what the server had to say is read later
            self.socket.sendall(data)

    def pack(self, kind: int, data: bytes, **how: Any) -> bytes:
        return self.write.seal(kind, data, **how) if self.write else record(kind, data, **how)

    def send(self, kind: int, data: bytes, **how: Any) -> None:
        self.raw(self.pack(kind, data, **how))

    def say(self, data: bytes) -> None:
        """A handshake message that counts."""
        self.transcript += data
        self.raw(b"".join(self.pack(HANDSHAKE, data[at : at + 16384]) for at in range(0, len(data), 16384)))

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            try:
                piece = self.socket.recv(size - len(data))
            except ConnectionError:
                piece = b""
            if not piece:
                raise EndedError("nothing")
            data += piece
        return data

    def receive(self) -> tuple[int, bytes]:
        """The next record, opened. An alert ends the conversation."""
        header = self._exactly(5)
        kind, data = header[0], self._exactly(int.from_bytes(header[3:], "big"))
        if self.read and (kind == DATA or not self.read.new):
            kind, data = self.read.open(kind, data)
        if kind == ALERT:
            raise EndedError(ALERTS.get(data[1], f"alert {data[1]}"))
        return kind, data

    def listen(self) -> bytes:
        """The next handshake message; it counts."""
        while True:
            size = 4 + int.from_bytes(self.pending[1:4], "big")
            if len(self.pending) >= max(size, 4):
                whole = bytes(self.pending[:size])
                del self.pending[:size]
                self.transcript += whole
                return whole
            kind, data = self.receive()
            if kind == HANDSHAKE:
                self.pending += data

    # ---- a handshake of TLS 1.3 ----

    def greet(self, hello: Hello | None = None) -> bytes:
        """ClientHello there, ServerHello back; after a HelloRetryRequest the transcript is put right."""
        self.hello = hello or self.hello
        self.say(self.hello.message())
        return self.hear_hello()

    def hear_hello(self) -> bytes:
        answer = self.listen()
        assert answer[0] == SERVER_HELLO
        self.server_random = answer[6:38]
        at = 39 + answer[38]
        self.session = answer[39:at]
        self.mac_last = b"\x00\x16\x00\x00" in answer[at:]
        self.cipher = int.from_bytes(answer[at : at + 2], "big")
        if self.server_random == RETRY:
            first = bytes(self.transcript[: -len(answer)])
            self.transcript = bytearray(message(254, hashlib.sha256(first).digest()) + answer)
        return answer

    def _hash(self) -> bytes:
        return hashlib.sha256(self.transcript).digest()

    def _derive(self, secret: bytes, label: bytes, digest: bytes) -> bytes:
        return bytes(HKDF_expand_label(bytearray(secret), label, digest, 32, "sha256"))

    def derive(self, answer: bytes, psk: bytes = bytes(32)) -> None:
        """Handshake keys, from a ServerHello with an X25519 share."""
        shared = answer[answer.rindex(b"\x00\x33\x00\x24\x00\x1d\x00\x20") + 8 :][:32]
        secret = bytes(x25519(bytearray(self.hello.private), bytearray(shared)))
        empty = hashlib.sha256().digest()
        early = bytes(secureHMAC(bytearray(32), bytearray(psk), "sha256"))
        salt = self._derive(early, b"derived", empty)
        self.secret = bytes(secureHMAC(bytearray(salt), bytearray(secret), "sha256"))
        self.mine = self._derive(self.secret, b"c hs traffic", self._hash())
        theirs = self._derive(self.secret, b"s hs traffic", self._hash())
        self.read, self.write = Keys.of_secret(theirs), Keys.of_secret(self.mine)

    def flight(self) -> None:
        """The server's encrypted messages, to its Finished."""
        heard = b""
        while heard[:1] != bytes([FINISHED]):
            heard = self.listen()
            self.asked = self.asked or heard[0] == 13
        salt = self._derive(self.secret, b"derived", hashlib.sha256().digest())
        self.main = bytes(secureHMAC(bytearray(salt), bytearray(32), "sha256"))
        digest = self._hash()
        self.traffic = self._derive(self.main, b"c ap traffic", digest)
        self.read = Keys.of_secret(self._derive(self.main, b"s ap traffic", digest))

    def finished(self) -> bytes:
        key = self._derive(self.mine, b"finished", b"")
        return message(FINISHED, bytes(secureHMAC(bytearray(key), bytearray(self._hash()), "sha256")))

    def go(self) -> None:
        """Our Finished was sent: application keys."""
        self.write = Keys.of_secret(self.traffic)

    def begin(self, hello: Hello | None = None, psk: bytes = bytes(32)) -> Raw:
        """All but our own flight."""
        self.derive(self.greet(hello), psk)
        self.flight()
        return self

    def open(self, hello: Hello | None = None, psk: bytes = bytes(32)) -> Raw:
        self.begin(hello, psk)
        self.say(self.finished())
        self.go()
        return self

    def take_ticket(self) -> tuple[bytes, bytes, int]:
        """A ticket of TLS 1.3, the key that goes with it, and what to add to its age."""
        kept = bytes(self.transcript)
        while True:
            heard = self.listen()
            if heard[0] == TICKET:
                break
        self.transcript = bytearray(kept)
        resumption = self._derive(self.main, b"res master", self._hash())
        nonce = heard[13 : 13 + heard[12]]
        at = 13 + heard[12]
        ticket = heard[at + 2 : at + 2 + int.from_bytes(heard[at : at + 2], "big")]
        return ticket, self._derive(resumption, b"resumption", nonce), int.from_bytes(heard[8:12], "big")

    # ---- a handshake of TLS 1.2 ----

    def begin_old(self, hello: Hello | None = None) -> Raw:
        """To ServerHelloDone, or in a resumed session to the server's Finished."""
        self.greet(hello or Hello(new=False))
        heard = b""
        while heard[:1] != b"\x0e":
            heard = self.listen()
            if heard[0] == 12:
                self.point = heard[8 : 8 + heard[7]]
            self.asked = self.asked or heard[0] == 13
        return self

    def exchange(self, *, extended: bool = True, send: bool = True) -> bytes:
        """ClientKeyExchange, and the keys."""
        public = bytes(x25519(bytearray(self.hello.private), bytearray(X25519_G)))
        premaster = x25519(bytearray(self.hello.private), bytearray(self.point))
        sent = message(EXCHANGE, sized(1, public))
        if send:
            self.say(sent)
        label = b"extended master secret" if extended else b"master secret"
        seed = self._hash() if extended else self.hello.random + self.server_random
        self.master = bytes(_prf(premaster, label, seed, 48))
        self.expand()
        return sent

    def expand(self) -> None:
        if self.cipher in BLOCKS:
            digest, size, key = BLOCKS[self.cipher]
            block = bytes(_prf(self.master, b"key expansion", self.server_random + self.hello.random, 2 * (size + key)))
            macs, keys = (
                (block[:size], block[size : 2 * size]),
                (block[2 * size : 2 * size + key], block[2 * size + key :]),
            )
            pairs = zip(macs, keys, strict=True)
            self.later = tuple(Blocks(mac, one, digest, self.mac_last) for mac, one in pairs)
            return
        block = bytes(_prf(self.master, b"key expansion", self.server_random + self.hello.random, 40))
        self.later = Keys(block[:16], block[32:36], False), Keys(block[16:32], block[36:40], False)

    def change(self) -> None:
        self.send(CHANGE, b"\1")
        self.write = self.later[0]

    def finished_old(self) -> bytes:
        return message(FINISHED, bytes(_prf(self.master, b"client finished", self._hash(), 12)))

    def finish_full(self, *, extended: bool = True) -> None:
        """The rest of begin_old and open_old, after a ticket was not taken."""
        heard = b""
        while heard[:1] != b"\x0e":
            heard = self.listen()
            if heard[0] == 12:
                self.point = heard[8 : 8 + heard[7]]
        self.exchange(extended=extended)
        self.change()
        self.say(self.finished_old())
        self.end_old()

    def end_old(self) -> Raw:
        """The server's ticket, ChangeCipherSpec and Finished."""
        while True:
            kind, data = self.receive()
            if kind == CHANGE:
                self.read = self.later[1]
            elif data[0] == TICKET:
                self.transcript += data
                self.ticket = data[10:], self.master
            elif data[0] == FINISHED:
                self.transcript += data
                return self

    def open_old(self, hello: Hello | None = None, *, extended: bool = True) -> Raw:
        self.begin_old(hello)
        self.exchange(extended=extended)
        self.change()
        self.say(self.finished_old())
        return self.end_old()

    def resume_old(self, hello: Hello, master: bytes) -> Raw:
        """With a ticket: whether the server took it is `resumed`. Then it is as after open_old."""
        self.greet(hello)
        kind, data = (HANDSHAKE, bytes(self.pending)) if self.pending else self.receive()
        self.pending.clear()
        while kind == HANDSHAKE and data[0] == TICKET:
            self.transcript += data
            kind, data = self.receive()
        self.resumed = kind == CHANGE
        if not self.resumed:
            self.pending += data
            return self
        self.master = master
        self.expand()
        self.read = self.later[1]
        self.transcript += self.receive()[1]
        self.change()
        self.say(self.finished_old())
        return self

    # ---- how it ended ----

    def outcome(self) -> str:
        """Asks for an echo. "echo", the name of the server's alert, or "nothing"."""
        self.send(DATA, LINE)
        return self.ending(cut=False)

    def ending(self, *, cut: bool = True) -> str:
        """What the server does once we say no more."""
        try:
            if cut:
                self.socket.shutdown(socket.SHUT_WR)
            got = b""
            while True:
                kind, data = self.receive()
                if kind == DATA:
                    got += data
                elif kind == HANDSHAKE and data[0] == KEY_UPDATE and self.read:
                    self.read = self.read.next()
                if got == LINE:
                    return "echo"
        except (EndedError, OSError) as ended:
            return str(ended) if isinstance(ended, EndedError) else "nothing"


def _prf(secret: bytes, label: bytes, seed: bytes, size: int) -> Iterator[int]:
    def p_hash() -> Iterator[int]:
        state = label + seed
        while True:
            state = bytes(secureHMAC(bytearray(secret), bytearray(state), "sha256"))
            yield from bytes(secureHMAC(bytearray(secret), bytearray(state + label + seed), "sha256"))

    source = p_hash()
    return iter([next(source) for _ in range(size)])
