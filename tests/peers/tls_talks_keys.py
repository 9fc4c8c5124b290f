"""Conversations about who the client is and what it remembers: certificates, key exchange, tickets and resumption."""

from __future__ import annotations

import hashlib
import ssl
import time
from pathlib import Path

from ecdsa import NIST256p, SigningKey
from ecdsa.util import sigencode_der
from raw_tls import (
    CERTIFICATE,
    EXCHANGE,
    HANDSHAKE,
    MASTER,
    NAME,
    PSK,
    SERVER_NAME,
    SESSION_TICKET,
    VERIFY,
    Hello,
    Raw,
    binder,
    message,
    sized,
)
from tls_talks import Place, each, heard, talk

ECDSA_P256 = b"\4\3"
LENIENT = "s_server looks at the name only where it has a second certificate"
CONTEXT = b" " * 64 + b"TLS 1.3, client CertificateVerify\0"


def certificate_of(path: Path) -> bytes:
    text = path.with_suffix(".crt").read_text()
    return ssl.PEM_cert_to_DER_cert(text[text.index("-----BEGIN") :])


def key_of(path: Path) -> SigningKey:
    return SigningKey.from_pem(path.with_suffix(".key").read_text())


def signed(key: SigningKey, data: bytes) -> bytes:
    return bytes(key.sign(data, hashfunc=hashlib.sha256, sigencode=sigencode_der))


def certificates(new: bool, *each_der: bytes) -> bytes:
    listed = b"".join(sized(3, der) + (b"\0\0" if new else b"") for der in each_der)
    return message(CERTIFICATE, (b"\0" if new else b"") + sized(3, listed))


class Client:
    """A client with a certificate, and what it does wrong with it."""

    def __init__(self, port: int, new: bool) -> None:
        self.raw, self.new = Raw(port), new

    def begin(self, hello: Hello | None = None) -> None:
        if self.new:
            self.raw.begin(hello)
        else:
            self.raw.begin_old(hello)
        assert self.raw.asked

    def certify(self, data: bytes) -> None:
        self.raw.say(data)
        if not self.new:
            self.raw.exchange()

    def proof(self, key: SigningKey) -> bytes:
        digest = hashlib.sha256(self.raw.transcript).digest()
        return signed(key, CONTEXT + digest if self.new else bytes(self.raw.transcript))

    def finish(self) -> str:
        if self.new:
            self.raw.say(self.raw.finished())
            self.raw.go()
        else:
            self.raw.change()
            self.raw.say(self.raw.finished_old())
            self.raw.end_old()
        return self.raw.outcome()


@heard
def presented(
    port: int, new: bool, path: Path, *, key: SigningKey | None = None, scheme: bytes = ECDSA_P256, spoil: int = -1
) -> str:
    client = Client(port, new)
    with client.raw:
        client.begin()
        client.certify(certificates(new, certificate_of(path)))
        proof = bytearray(client.proof(key or key_of(path)))
        if spoil >= 0:
            proof[spoil] ^= 1
        client.raw.say(message(VERIFY, scheme + sized(2, bytes(proof))))
        return client.finish()


@heard
def given(port: int, new: bool, data: bytes) -> str:
    """A Certificate message with nothing to prove."""
    client = Client(port, new)
    with client.raw:
        client.begin()
        client.certify(data)
        return client.finish()


# ---- certificates of clients ----


@talk("echo")
def certificate(place: Place) -> str:
    return each(presented(port, new, place.client) for port in (place.asks, place.demands) for new in (True, False))


@talk("echo")
def no_certificate(place: Place) -> str:
    return each(given(place.asks, new, certificates(new)) for new in (True, False))


@talk("certificate_required handshake_failure")
def no_certificate_where_one_is_demanded(place: Place) -> str:
    return each(given(place.demands, new, certificates(new)) for new in (True, False))


@talk("unknown_ca")
def certificate_of_a_stranger(place: Place) -> str:
    return each(presented(port, new, place.stranger) for port in (place.asks, place.demands) for new in (True, False))


@talk("decrypt_error")
def certificate_of_another(place: Place) -> str:
    """The right certificate without its key."""
    key = SigningKey.generate(curve=NIST256p)
    return each(presented(place.demands, new, place.client, key=key) for new in (True, False))


@talk("decrypt_error")
def signature_with_a_byte_altered(place: Place) -> str:
    return each(
        presented(place.demands, new, place.client, spoil=at) for new in (True, False) for at in (0, 1, 5, 40, 69)
    )


@talk("decrypt_error handshake_failure illegal_parameter", since_3_5="decrypt_error illegal_parameter")
def signature_of_another_scheme(place: Place) -> str:
    schemes = (b"\2\3", b"\4\1", b"\x08\4", b"\x08\7", b"\5\3", b"\0\0", b"\xff\xff")
    return each(presented(place.demands, new, place.client, scheme=one) for new in (True, False) for one in schemes)


@talk("unexpected_message")
def certificate_without_a_signature(place: Place) -> str:
    der = certificate_of(place.client)
    return each(given(place.demands, new, certificates(new, der)) for new in (True, False))


@talk("unexpected_message")
def signature_without_a_certificate(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        client = Client(place.asks, new)
        with client.raw:
            client.begin()
            client.certify(certificates(new))
            client.raw.say(message(VERIFY, ECDSA_P256 + sized(2, client.proof(key_of(place.client)))))
            return client.finish()

    return each(one(new) for new in (True, False))


@talk("unexpected_message")
def certificate_that_nobody_asked_for(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        with Raw(place.port) as raw:
            if new:
                raw.begin()
            else:
                raw.begin_old()
            raw.send(HANDSHAKE, certificates(new, certificate_of(place.client)))
            return raw.ending()

    return each(one(new) for new in (True, False))


@talk("decode_error")
def malformed_certificates(place: Place) -> str:
    der = certificate_of(place.client)

    def wrong(new: bool) -> list[bytes]:
        whole = certificates(new, der)[4:]
        bodies = [b"", whole[:-1], whole + b"\0", b"\0\xff\xff\xff", whole[:20]]
        cut = [certificates(new, one) for one in (b"", b"\0", der[:-1], der + b"\0", b"\x30\x80" + der[2:])]
        return [message(CERTIFICATE, body) for body in bodies] + cut

    return each(given(place.demands, new, data) for new in (True, False) for data in wrong(new))


@talk("decode_error decrypt_error")
def malformed_signatures_of_clients(place: Place) -> str:
    @heard
    def one(new: bool, body: bytes) -> str:
        client = Client(place.demands, new)
        with client.raw:
            client.begin()
            client.certify(certificates(new, certificate_of(place.client)))
            client.raw.send(HANDSHAKE, message(VERIFY, body))
            return client.raw.ending()

    bodies = (b"", b"\4", b"\4\3", b"\4\3\0\0", b"\4\3\0\x10abc", b"\4\3" + sized(2, bytes(70)), b"\4\3\0\1a\0")
    return each(one(new, body) for new in (True, False) for body in bodies)


# ---- the key exchange of TLS 1.2 ----


@heard
def exchanged(place: Place, body: bytes) -> str:
    with Raw(place.port) as raw:
        raw.begin_old()
        raw.send(HANDSHAKE, message(EXCHANGE, body))
        return raw.ending()


@talk("decode_error handshake_failure illegal_parameter")
def malformed_key_exchange(place: Place) -> str:
    bodies = (b"", b"\0", b"\x20" + bytes(31), b"\x20" + bytes(33), b"\xff" + bytes(32))
    return each(exchanged(place, body) for body in bodies)


@talk("illegal_parameter")
def impossible_key_exchange(place: Place) -> str:
    """Points of small order."""
    return each(exchanged(place, sized(1, point)) for point in (bytes(32), b"\1" + bytes(31)))


@talk("unexpected_message")
def key_exchange_twice(place: Place) -> str:
    with Raw(place.port) as raw:
        raw.begin_old()
        sent = raw.exchange()
        raw.send(HANDSHAKE, sent)
        return raw.ending()


@talk("echo")
def without_extended_master_secret(place: Place) -> str:
    with Raw(place.port) as raw:
        return raw.open_old(Hello(new=False).replace(MASTER, None), extended=False).outcome()


@talk("bad_record_mac")
def extended_master_secret_was_agreed(place: Place) -> str:
    with Raw(place.port) as raw:
        return raw.open_old(extended=False).outcome()


# ---- tickets of TLS 1.2 ----


def kept(port: int, hello: Hello | None = None, *, extended: bool = True) -> tuple[bytes, bytes]:
    with Raw(port) as raw:
        raw.open_old(hello, extended=extended)
        return raw.ticket


@heard
def resumed(port: int, hello: Hello, master: bytes, *, extended: bool = True) -> str:
    with Raw(port) as raw:
        raw.resume_old(hello, master)
        if raw.resumed:
            return f"resumed {raw.outcome()}"
        raw.finish_full(extended=extended)
        return f"full {raw.outcome()}"


def old(ticket: bytes, *, ciphers: list[int] | None = None) -> Hello:
    return Hello(new=False, ciphers=ciphers or []).replace(SESSION_TICKET, ticket)


@talk("resumed echo")
def ticket(place: Place) -> str:
    given_out, master = kept(place.port)
    return each(resumed(place.port, old(given_out), master) for _ in range(2))


@talk("full echo")
def ticket_with_a_byte_altered(place: Place) -> str:
    given_out, master = kept(place.port)

    def one(at: int) -> str:
        spoilt = bytearray(given_out)
        spoilt[at] ^= 0x40
        return resumed(place.port, old(bytes(spoilt)), master)

    return each(one(at) for at in range(0, len(given_out), 5))


@talk("full echo")
def ticket_cut(place: Place) -> str:
    given_out, master = kept(place.port)
    return each(resumed(place.port, old(given_out[:size]), master) for size in range(1, len(given_out), 9))


@talk("full echo")
def ticket_with_more_behind(place: Place) -> str:
    given_out, master = kept(place.port)
    return each(resumed(place.port, old(given_out + bytes(size)), master) for size in (1, 16, 1000))


@talk("full echo")
def ticket_of_another_server(place: Place) -> str:
    given_out, master = kept(place.other)
    return resumed(place.port, old(given_out), master)


@talk("full echo", openssl="resumed echo", why="s_server has no option for how long its sessions live")
def ticket_that_expired(place: Place) -> str:
    given_out, master = kept(place.short)
    time.sleep(2.1)
    return resumed(place.short, old(given_out), master)


@talk("refused")
def ticket_without_its_secret(place: Place) -> str:
    """Someone heard it on the way. The alert is sealed with keys that only its owner has."""
    given_out, _ = kept(place.port)
    with Raw(place.port) as raw:
        raw.greet(old(given_out))
        while raw.receive()[0] == HANDSHAKE:
            pass
        raw.master = bytes(48)
        raw.expand()
        raw.change()
        raw.send(HANDSHAKE, raw.finished_old())
        raw.read = None
        return "refused" if raw.ending() not in ("nothing", "echo") else "accepted"


@talk("illegal_parameter")
def ticket_for_another_suite(place: Place) -> str:
    given_out, master = kept(place.port)
    return resumed(place.port, old(given_out, ciphers=[0xCCA9]), master)


def named(hello: Hello, name: bytes | None) -> Hello:
    return hello.replace(SERVER_NAME, None if name is None else sized(2, b"\0" + sized(2, name)))


OTHERS = (b"other.test", None)  # than the usual name


@talk("full echo", openssl="resumed echo", why=LENIENT)
def ticket_for_another_name(place: Place) -> str:
    """RFC 6066 3: not resumed, also where one certificate stands for both names, and one of them is none."""
    given_out, master = kept(place.port)
    nameless, secret = kept(place.port, named(Hello(new=False), None))
    return each(
        [
            *(resumed(place.port, named(old(given_out), name), master) for name in OTHERS),
            resumed(place.port, old(nameless), secret),
        ]
    )


@talk("resumed echo")
def ticket_for_the_name_in_other_letters(place: Place) -> str:
    given_out, master = kept(place.port)
    nameless, secret = kept(place.port, named(Hello(new=False), None))
    return each(
        (
            resumed(place.port, named(old(given_out), NAME.upper().encode()), master),
            resumed(place.port, named(old(nameless), None), secret),
        )
    )


@talk("handshake_failure")
def ticket_without_the_extended_master_secret_it_had(place: Place) -> str:
    """RFC 7627 5.3."""
    given_out, master = kept(place.port)
    return resumed(place.port, old(given_out).replace(MASTER, None), master, extended=False)


@talk("full echo")
def ticket_with_an_extended_master_secret_it_had_not(place: Place) -> str:
    given_out, master = kept(place.port, Hello(new=False).replace(MASTER, None), extended=False)
    return resumed(place.port, old(given_out), master)


# ---- tickets of TLS 1.3 ----


@heard
def again(
    port: int, ticket: tuple[bytes, bytes, int], *, spoil: int = -1, name: bytes | None = b"", cut: int = 0
) -> str:
    """With a ticket: whether it was taken, and how it went on."""
    identity, psk, added = ticket
    hello = Hello()
    if name != b"":
        named(hello, name)
    age = added.to_bytes(4, "big")
    listed = sized(2, sized(2, identity[: len(identity) - cut]) + age)
    hello.replace(PSK, listed + sized(2, sized(1, bytes(32))))
    proof = bytearray(binder(psk, hello.message()[:-35]))
    if spoil >= 0:
        proof[spoil] ^= 1
    hello.replace(PSK, listed + sized(2, sized(1, bytes(proof))))
    with Raw(port) as raw:
        answer = raw.greet(hello)
        taken = b"\x00\x29\x00\x02\x00\x00" in answer
        raw.derive(answer, psk if taken else bytes(32))
        raw.flight()
        raw.say(raw.finished())
        raw.go()
        return ("resumed " if taken else "full ") + raw.outcome()


def got(port: int, hello: Hello | None = None) -> tuple[bytes, bytes, int]:
    with Raw(port) as raw:
        raw.open(hello)
        return raw.take_ticket()


@talk("resumed echo")
def new_ticket(place: Place) -> str:
    return again(place.port, got(place.port))


@talk("illegal_parameter", since_3_5="decrypt_error")
def each_byte_of_the_binder_altered(place: Place) -> str:
    held = got(place.port)
    return each(again(place.port, held, spoil=at) for at in range(0, 32, 3))


@talk("full echo")
def new_ticket_altered_or_cut(place: Place) -> str:
    identity, psk, added = got(place.port)
    spoilt = [identity[:at] + bytes([identity[at] ^ 1]) + identity[at + 1 :] for at in range(0, len(identity), 7)]
    whole = each(again(place.port, (one, psk, added)) for one in spoilt)
    return each(
        [whole, *(again(place.port, (identity, psk, added), cut=size) for size in (1, 16, 100, len(identity) - 1))]
    )


@talk("full echo")
def new_ticket_of_another_server(place: Place) -> str:
    return again(place.port, got(place.other))


@talk("full echo", openssl="resumed echo", why="s_server has no option for how long its sessions live")
def new_ticket_that_expired(place: Place) -> str:
    held = got(place.short)
    time.sleep(2.1)
    return again(place.short, held)


@talk("full echo", openssl="resumed echo", why=LENIENT)
def new_ticket_for_another_name(place: Place) -> str:
    nameless = got(place.port, named(Hello(), None))
    return each([*(again(place.port, got(place.port), name=name) for name in OTHERS), again(place.port, nameless)])


@talk("resumed echo")
def new_ticket_for_the_name_in_other_letters(place: Place) -> str:
    return again(place.port, got(place.port), name=NAME.upper().encode())
