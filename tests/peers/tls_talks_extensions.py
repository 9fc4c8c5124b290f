"""Conversations about the extensions of a ClientHello, the second one, and early data."""

from __future__ import annotations

import os

from raw_blocks import record
from raw_tls import (
    ALPN,
    CHANGE,
    CLIENT_HELLO,
    COOKIE,
    DATA,
    EARLY,
    GROUPS,
    HANDSHAKE,
    MASTER,
    MODES,
    NAME,
    PSK,
    RENEGOTIATION,
    RETRY,
    SERVER_NAME,
    SHARES,
    SIGNATURES,
    Hello,
    Raw,
    message,
    sized,
)
from tls_talks import Place, each, heard, said, talk, tried

GREASE = 0x0A0A

# ---- extensions ----


@talk("illegal_parameter")
def each_extension_twice(place: Place) -> str:
    @heard
    def one(new: bool, at: int) -> str:
        hello = Hello(new=new)
        hello.extensions.append(hello.extensions[at])
        return tried(place, hello)

    return each(one(new, at) for new in (True, False) for at in range(6))


@talk("echo")
def unknown_extensions(place: Place) -> str:
    @heard
    def one(kind: int, size: int) -> str:
        hello = Hello()
        hello.extensions.insert(0, (kind, bytes(size)))
        return tried(place, hello)

    return each(one(kind, size) for kind, size in ((GREASE, 0), (0xFAFA, 1), (0x1234, 500), (65535, 16000)))


@talk("echo")
def hundreds_of_extensions(place: Place) -> str:
    hello = Hello()
    hello.extensions += [(1000 + number, b"x") for number in range(4000)]
    return tried(place, hello)


@talk("decode_error")
def malformed_extensions(place: Place) -> str:
    """The length of the list or of one of them is wrong."""

    @heard
    def one(extensions: bytes) -> str:
        body = Hello(random=bytes(32)).body()
        return said(place, record(HANDSHAKE, message(CLIENT_HELLO, body[:41] + extensions)))

    return each(
        one(data)
        for data in (b"\0", b"\0\1", b"\0\4\0\x17\0\1", b"\0\3\0\x17\0", b"\0\5\0\x17\0\0\0", b"\xff\xff\0\x17")
    )


@talk("decode_error")
def malformed_server_name(place: Place) -> str:
    name = NAME.encode()
    data = (
        b"",
        b"\0\0",
        b"\0\1\0",
        sized(2, b"\0\xff\xff" + name),
        sized(2, b"\0" + sized(2, name)) + b"\0",
        b"\xff" * 10,
    )
    return each(tried(place, Hello(new=new).replace(SERVER_NAME, one)) for one in data for new in (True, False))


@talk("decode_error unrecognized_name")
def impossible_server_name(place: Place) -> str:
    """Too long, with a zero in it, of an unknown kind."""
    data = (b"\0" + sized(2, b"a" * 256), b"\0" + sized(2, b"server\0.example.test"), b"\x01" + sized(2, b"server"))
    return each(tried(place, Hello().replace(SERVER_NAME, sized(2, one))) for one in data)


@talk("echo")
def server_name_that_nobody_has(place: Place) -> str:
    names = (
        b"",
        b"other.test",
        b"SERVER.EXAMPLE.TEST",
        b"server.example.test.",
        b"127.0.0.1",
        b"\xc3\xa4.test",
        b"a" * 255,
    )
    return each(tried(place, Hello().replace(SERVER_NAME, sized(2, b"\0" + sized(2, name)))) for name in names)


@talk("decode_error")
def malformed_alpn(place: Place) -> str:
    data = (b"", b"\0\0", b"\0\1\0", b"\0\2\2h", b"\0\4\2h2", b"\0\3\2h2\0", b"\0\4\2h2\0")
    return each(tried(place, Hello(new=new).replace(ALPN, one)) for one in data for new in (True, False))


@talk("no_application_protocol")
def no_common_protocol(place: Place) -> str:
    data = (b"\0\3\2h3", b"\0\3\2H2", sized(2, sized(1, b"x" * 255)))
    return each(tried(place, Hello(new=new).replace(ALPN, one)) for one in data for new in (True, False))


@talk("echo")
def protocols_with_grease(place: Place) -> str:
    return tried(place, Hello().replace(ALPN, b"\0\6\2\x0a\x0a\2h2"))


@talk("missing_extension")
def new_hello_without(place: Place) -> str:
    return each(tried(place, Hello().replace(kind, None)) for kind in (SIGNATURES,))


@talk("missing_extension")
def one_of_groups_and_shares(place: Place) -> str:
    return each(tried(place, Hello().replace(kind, None)) for kind in (GROUPS, SHARES))


@talk("decode_error")
def malformed_groups(place: Place) -> str:
    data = (b"", b"\0", b"\0\0", b"\0\1\0", b"\0\3\0\x1d\0", b"\0\4\0\x1d", b"\0\2\0\x1d\0")
    return each(tried(place, Hello(new=new).replace(GROUPS, one)) for one in data for new in (True, False))


@talk("handshake_failure illegal_parameter")
def no_common_group(place: Place) -> str:
    return each(tried(place, Hello(new=new).replace(GROUPS, b"\0\4\x0a\x0a\0\1")) for new in (True, False))


@talk("decode_error")
def malformed_signatures(place: Place) -> str:
    data = (b"", b"\0", b"\0\0", b"\0\1\4", b"\0\3\4\3\0", b"\0\4\4\3", b"\0\2\4\3\0")
    return each(tried(place, Hello(new=new).replace(SIGNATURES, one)) for one in data for new in (True, False))


@talk("handshake_failure")
def no_common_signature(place: Place) -> str:
    data = (b"\x08\x04", b"\x02\x03", b"\x0a\x0a", b"\x01\x01")
    return each(
        tried(place, Hello(new=new).replace(SIGNATURES, sized(2, one))) for one in data for new in (True, False)
    )


@talk("decode_error")
def malformed_shares(place: Place) -> str:
    data = (b"", b"\0", b"\0\1\0", b"\0\4\0\x1d\0\0", b"\0\5\0\x1d\0\4ab", b"\xff\xff\0\x1d\0\x20" + bytes(32))
    return each(tried(place, Hello().replace(SHARES, one)) for one in data)


@talk("illegal_parameter")
def impossible_shares(place: Place) -> str:
    """Too short, too long, of small order; a group that was not listed; one group twice; no point of the curve."""
    point = b"\0\x17" + sized(2, b"\4" + b"\1" * 64)
    listed = [b"\0\x1d" + sized(2, bytes(size)) for size in (1, 31, 32, 33, 64)]
    listed += [
        b"\0\x1d" + sized(2, b"\1" + bytes(31)),
        point,
        b"\0\x17" + sized(2, b"\0"),
        b"\0\x18" + sized(2, b"\4" * 97),
    ]
    return each(tried(place, Hello().replace(SHARES, sized(2, one))) for one in listed)


@talk("echo")
def one_group_twice_among_the_shares(place: Place) -> str:
    hello = Hello()
    share = dict(hello.extensions)[SHARES][2:]
    return tried(place, hello.replace(SHARES, sized(2, share + share)))


@talk("echo")
def shares_with_grease(place: Place) -> str:
    hello = Hello()
    share = dict(hello.extensions)[SHARES][2:]
    hello.replace(GROUPS, sized(2, b"\x0a\x0a\x00\x1d\x00\x17"))
    return tried(place, hello.replace(SHARES, sized(2, b"\x0a\x0a\0\1\0" + share)))


@talk("decode_error")
def malformed_small_extensions(place: Place) -> str:
    new = ((MODES, b""), (MODES, b"\2\1"), (MODES, b"\1\1\0"))
    old = ((RENEGOTIATION, b""), (RENEGOTIATION, b"\5abc"), (11, b""), (11, b"\2\0"))
    hellos = [Hello().replace(*pair) for pair in new] + [Hello(new=False).replace(*pair) for pair in old]
    return each(tried(place, hello) for hello in hellos)


@talk("handshake_failure")
def renegotiation_info_that_is_not_empty(place: Place) -> str:
    return tried(place, Hello(new=False).replace(RENEGOTIATION, b"\x0c" + bytes(12)))


@talk("decode_error")
def extended_master_secret_with_content(place: Place) -> str:
    return tried(place, Hello(new=False).replace(MASTER, b"\0"))


# ---- pre-shared keys that nobody knows ----


@talk("echo")
def unknown_psk(place: Place) -> str:
    offer = sized(2, sized(2, os.urandom(200)) + bytes(4)) + sized(2, sized(1, bytes(32)))
    return tried(place, Hello().replace(PSK, offer))


@talk("illegal_parameter")
def psk_that_is_not_last(place: Place) -> str:
    offer = sized(2, sized(2, os.urandom(200)) + bytes(4)) + sized(2, sized(1, bytes(32)))
    return tried(place, Hello().replace(PSK, offer).replace(0x1234, b""))


@talk("missing_extension")
def psk_without_modes(place: Place) -> str:
    offer = sized(2, sized(2, os.urandom(200)) + bytes(4)) + sized(2, sized(1, bytes(32)))
    return tried(place, Hello().replace(MODES, None).replace(PSK, offer))


@talk("decode_error")
def malformed_psk(place: Place) -> str:
    identity = sized(2, b"ticket") + bytes(4)
    data = (b"", b"\0\5abc", sized(2, identity)[:-1],
            sized(2, identity + b"\0"))  # fmt: skip
    return each(tried(place, Hello().replace(PSK, one)) for one in data)


# ---- a second ClientHello ----


@heard
def retried(place: Place, second: Hello | None = None, *, between: bytes = b"", **changes: object) -> str:
    with Raw(place.port) as raw:
        first = Hello().replace(SHARES, b"\0\0")
        raw.greet(first)
        if raw.server_random != RETRY:
            return "no retry"
        raw.raw(between)
        again = second or Hello(random=first.random, private=first.private)
        for name, value in changes.items():
            setattr(again, name, value)
        return raw.open(again).outcome()


@talk("echo")
def retry(place: Place) -> str:
    return retried(place)


@talk("echo")
def retry_after_a_change_cipher_spec(place: Place) -> str:
    return retried(place, between=record(CHANGE, b"\1"))


@talk("illegal_parameter")
def retry_without_a_share_again(place: Place) -> str:
    return retried(place, Hello().replace(SHARES, b"\0\0"))


@talk("illegal_parameter")
def retry_with_another_suite(place: Place) -> str:
    return retried(place, ciphers=[0x1303])


@talk("protocol_version")
def retry_with_another_version(place: Place) -> str:
    return retried(place, Hello(new=False))


@talk("unexpected_message")
def retry_with_something_else(place: Place) -> str:
    return each(
        retried(place, between=record(kind, data))
        for kind, data in ((DATA, b"x" * 40), (HANDSHAKE, message(24, b"\0")))
    )


@talk("echo")
def cookie_that_was_not_given(place: Place) -> str:
    """None was asked for, and none is looked at, whatever it holds."""
    return each(tried(place, Hello().replace(COOKIE, data)) for data in (sized(2, b"cookie"), b"", b"\0\5a"))


# ---- early data ----


@talk("echo")
def early_data_is_passed_over(place: Place) -> str:
    with Raw(place.port) as raw:
        offer = sized(2, sized(2, os.urandom(200)) + bytes(4)) + sized(2, sized(1, bytes(32)))
        hello = Hello().replace(EARLY, b"").replace(PSK, offer)
        raw.transcript += hello.message()
        raw.hello = hello
        raw.raw(record(HANDSHAKE, hello.message()) + record(DATA, os.urandom(100)) * 3)
        raw.derive(raw.hear_hello())
        raw.flight()
        raw.say(raw.finished())
        raw.go()
        return raw.outcome()


@talk("bad_record_mac")
def early_data_without_an_offer(place: Place) -> str:
    with Raw(place.port) as raw:
        whole = raw.hello.message()
        raw.transcript += whole
        raw.raw(record(HANDSHAKE, whole) + record(DATA, os.urandom(100)))
        raw.derive(raw.hear_hello())
        raw.flight()
        return raw.ending()


@talk("unexpected_message")
def too_much_early_data(place: Place) -> str:
    with Raw(place.port) as raw:
        offer = sized(2, sized(2, os.urandom(200)) + bytes(4)) + sized(2, sized(1, bytes(32)))
        raw.derive(raw.greet(Hello().replace(EARLY, b"").replace(PSK, offer)))
        raw.flight()
        raw.raw(record(DATA, os.urandom(16000)) * 2)
        return raw.ending()
