"""Conversations about the ClientHello: how it is cut, which versions and suites it offers."""

from __future__ import annotations

import os

from raw_blocks import record
from raw_tls import (
    CLIENT_HELLO,
    HANDSHAKE,
    VERSIONS,
    Hello,
    Raw,
    message,
)
from tls_talks import Place, each, heard, said, talk, tried

GREASE = 0x0A0A

# ---- how it is cut ----


@talk("echo")
def hello_in_records_of_one_byte(place: Place) -> str:
    with Raw(place.port) as raw:
        whole = raw.hello.message()
        raw.transcript += whole
        for byte in whole:
            raw.raw(record(HANDSHAKE, bytes([byte]), 0x0301))
        raw.derive(raw.hear_hello())
        raw.flight()
        finished = raw.finished()
        for byte in finished:
            raw.send(HANDSHAKE, bytes([byte]))
        raw.go()
        return raw.outcome()


@talk("echo")
def hello_in_segments_of_one_byte(place: Place) -> str:
    with Raw(place.port) as raw:
        whole = raw.hello.message()
        raw.transcript += whole
        for byte in record(HANDSHAKE, whole):
            raw.raw(bytes([byte]))
        raw.derive(raw.hear_hello())
        raw.flight()
        raw.say(raw.finished())
        raw.go()
        return raw.outcome()


@talk("nothing", openssl="decode_error", why="our engine has no socket to see its end")
def hello_cut_at_each_length(place: Place) -> str:
    whole = record(HANDSHAKE, Hello(random=bytes(32), private=b"\1" * 32).message())
    return each(said(place, whole[:size]) for size in range(0, len(whole), 3))


@talk("decode_error")
def hello_message_shorter_than_its_parts(place: Place) -> str:
    """The message ends early, and its length says so. Without extensions it is one of another version."""
    body = Hello(random=bytes(32), private=b"\1" * 32).body()
    return each(said(place, record(HANDSHAKE, message(CLIENT_HELLO, body[:size]))) for size in range(46, len(body), 3))


@talk("decode_error")
def hello_without_its_head(place: Place) -> str:
    body = Hello(random=bytes(32)).body()
    return each(said(place, record(HANDSHAKE, message(CLIENT_HELLO, body[:size]))) for size in range(0, 38, 3))


@talk("decode_error")
def hello_with_bytes_after_its_extensions(place: Place) -> str:
    return each(tried(place, Hello(new=new, tail=b"\0")) for new in (True, False))


@talk("echo")
def hello_as_large_as_may_be(place: Place) -> str:
    return tried(place, Hello().replace(21, bytes(60000)))


@talk("illegal_parameter")
def hello_larger_than_may_be(place: Place) -> str:
    """Announced with 2^24-1 bytes, the first of them there."""
    return said(place, record(HANDSHAKE, b"\1\xff\xff\xff" + bytes(16000)))


@talk("unexpected_message")
def coalesced_with_another_message(place: Place) -> str:
    return said(place, record(HANDSHAKE, Hello().message() + message(20, bytes(32))))


@talk("echo")
def empty_records_in_the_hello(place: Place) -> str:
    """RFC 8446 5.1 forbids to send them; a few are passed over."""

    @heard
    def one(cut: int) -> str:
        with Raw(place.port) as raw:
            whole = raw.hello.message()
            raw.transcript += whole
            raw.raw(record(HANDSHAKE, whole[:cut]) + record(HANDSHAKE, b"") + record(HANDSHAKE, whole[cut:]))
            raw.derive(raw.hear_hello())
            raw.flight()
            raw.say(raw.finished())
            raw.go()
            return raw.outcome()

    return each(one(cut) for cut in (0, 1, 20))


@talk("unexpected_message")
def flood_of_empty_handshake_records(place: Place) -> str:
    return said(place, record(HANDSHAKE, b"") * 40)


@talk("unexpected_message")
def other_messages_first(place: Place) -> str:
    kinds = [kind for kind in range(26) if kind not in (CLIENT_HELLO,)]
    return each(said(place, record(HANDSHAKE, message(kind, bytes(40)))) for kind in kinds)


@talk("unexpected_message")
def two_hellos(place: Place) -> str:
    with Raw(place.port) as raw:
        raw.begin()
        raw.send(HANDSHAKE, Hello().message())
        return raw.ending()


# ---- versions ----


@talk("echo")
def version_of_the_first_record(place: Place) -> str:
    @heard
    def one(version: int) -> str:
        with Raw(place.port) as raw:
            whole = raw.hello.message()
            raw.transcript += whole
            raw.send(HANDSHAKE, whole, version=version)
            raw.derive(raw.hear_hello())
            raw.flight()
            raw.say(raw.finished())
            raw.go()
            return raw.outcome()

    return each(one(version) for version in (0x0300, 0x0301, 0x0302, 0x0303, 0x0304, 0x03FF))


@talk("nothing")
def wrong_major_version_of_the_record(place: Place) -> str:
    return each(said(place, record(HANDSHAKE, Hello().message(), version)) for version in (0x0203, 0x0403, 0xFF03))


@talk("protocol_version")
def versions_that_are_too_old(place: Place) -> str:
    return each(said(place, record(HANDSHAKE, Hello(new=False, version=v).message())) for v in (0x0301, 0x0302))


@talk("protocol_version")
def no_common_version(place: Place) -> str:
    lists = (b"\x02\x03\x05", b"\x02\x03\x02", b"\x04\x03\x01\x7f\x1c", b"\x02\x0a\x0a")
    return each(tried(place, Hello().replace(VERSIONS, data)) for data in lists)


@talk("protocol_version")
def malformed_versions(place: Place) -> str:
    lists = (b"", b"\0", b"\x01\x03", b"\x03\x03\x04\x03", b"\x04\x03\x04", b"\x02\x03\x04\x00")
    return each(tried(place, Hello().replace(VERSIONS, data)) for data in lists)


@talk("echo")
def versions_with_grease(place: Place) -> str:
    return tried(place, Hello().replace(VERSIONS, b"\x06\x7a\x7a\x03\x04\x03\x03"))


@talk("echo")
def later_old_version_is_taken_down(place: Place) -> str:
    return each(tried(place, Hello(new=False, version=version)) for version in (0x0303, 0x0304, 0x0305, 0x03FF))


@talk("sentinel")
def downgrade_is_marked(place: Place) -> str:
    """RFC 8446 4.1.3: who can speak TLS 1.3 sees that it was taken from the offer."""
    with Raw(place.port) as raw:
        raw.greet(Hello(new=False))
        return "sentinel" if raw.server_random.endswith(b"DOWNGRD\x01") else "none"


@talk("inappropriate_fallback")
def fallback_is_noticed(place: Place) -> str:
    return tried(place, Hello(new=False, ciphers=[0xC02B, 0x5600]))


@talk("echo")
def fallback_from_the_highest_version(place: Place) -> str:
    return tried(place, Hello(ciphers=[0x1301, 0x5600]))


# ---- what is offered ----


@talk("handshake_failure")
def no_common_suite(place: Place) -> str:
    suites = ([0x1304], [0x1399, GREASE], [0xC02B], [0x00FF])
    return each(tried(place, Hello(ciphers=one)) for one in suites)


@talk("handshake_failure")
def no_common_old_suite(place: Place) -> str:
    """Exchange of keys by RSA, RC4, 3DES, NULL, export, anonymous ones, CBC, and a key of the other kind."""
    suites = (0x009C, 0x009D, 0x002F, 0x0035, 0x003C, 0x0005, 0x000A, 0x0001, 0x0002, 0x003B, 0x0008, 0x0018, 0x0034,
              0x00A6, 0xC015, 0xC018, 0xC006, 0xC007, 0xC008, 0xC02F, 0x1301)  # fmt: skip
    return each(tried(place, Hello(new=False, ciphers=[suite])) for suite in suites)


@talk("echo")
def suites_with_grease(place: Place) -> str:
    return each(
        (
            tried(place, Hello(ciphers=[GREASE, 0x1301, 0xFAFA])),
            tried(place, Hello(new=False, ciphers=[GREASE, 0xC02B])),
        )
    )


@talk("decode_error illegal_parameter", since_3_5="decode_error")
def malformed_suites(place: Place) -> str:
    @heard
    def one(suites: bytes) -> str:
        hello = Hello(random=bytes(32))
        body = b"\x03\x03" + bytes(32) + b"\0" + suites + b"\x01\0"
        return said(place, record(HANDSHAKE, message(CLIENT_HELLO, body + hello.body()[41:])))

    return each(one(suites) for suites in (b"\0\0", b"\0\1\x13", b"\0\3\x13\x01\x13"))


@talk("illegal_parameter")
def compression(place: Place) -> str:
    return each(tried(place, Hello(compressions=data)) for data in (b"\1\0", b"\0\1"))


@talk("echo")
def compression_offered_in_vain(place: Place) -> str:
    return tried(place, Hello(new=False, compressions=b"\1\0"))


@talk("decode_error", since_3_5="decode_error illegal_parameter")
def no_compression_at_all(place: Place) -> str:
    return each(tried(place, Hello(new=False, compressions=data)) for data in (b"", b"\1"))


@talk("echo")
def session_id_of_a_middlebox(place: Place) -> str:
    return each(tried(place, Hello(session=os.urandom(size))) for size in (1, 31, 32))


@talk("decode_error")
def session_id_too_long(place: Place) -> str:
    return each(tried(place, Hello(session=bytes(size))) for size in (33, 255))
