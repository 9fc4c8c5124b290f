"""Conversations after the handshake: messages, new keys, alerts."""

from __future__ import annotations

import os

from raw_tls import (
    ALERT,
    CLIENT_HELLO,
    DATA,
    HANDSHAKE,
    KEY_UPDATE,
    LINE,
    Hello,
    Raw,
    message,
)
from tls_talks import Place, both, each, heard, opened, sent, talk

# ---- after the handshake ----


@talk("no_renegotiation")
def renegotiation(place: Place) -> str:
    with opened(place, False) as raw:
        raw.send(HANDSHAKE, Hello(new=False).message())
        return raw.ending()


@talk("unexpected_message")
def new_hello_after_the_handshake(place: Place) -> str:
    with opened(place, True) as raw:
        raw.send(HANDSHAKE, Hello().message())
        return raw.ending()


@talk("unexpected_message")
def messages_that_are_none(place: Place) -> str:
    kinds = [kind for kind in range(30) if kind not in (KEY_UPDATE, CLIENT_HELLO)]
    return each(sent(place, True, (HANDSHAKE, message(kind, bytes(40)))) for kind in kinds)


def update(raw: Raw, how: bytes) -> None:
    raw.send(HANDSHAKE, message(KEY_UPDATE, how))
    assert raw.write
    raw.write = raw.write.next()


@talk("echo")
def key_update(place: Place) -> str:
    with opened(place, True) as raw:
        update(raw, b"\0")
        return raw.outcome()


@talk("echo")
def key_update_that_wants_another(place: Place) -> str:
    with opened(place, True) as raw:
        update(raw, b"\1")
        return raw.outcome()


@talk("echo", openssl="", why="s_server -rev sleeps a second after each record without data")
def flood_of_key_updates(place: Place) -> str:
    with opened(place, True) as raw:
        for _ in range(200):
            update(raw, b"\0")
        return raw.outcome()


@talk("illegal_parameter")
def key_update_of_other_content(place: Place) -> str:
    return each(sent(place, True, (HANDSHAKE, message(KEY_UPDATE, data))) for data in (b"\2", b"\xff"))


@talk("decode_error illegal_parameter")
def key_update_of_another_length(place: Place) -> str:
    return each(sent(place, True, (HANDSHAKE, message(KEY_UPDATE, data))) for data in (b"", b"\0\0", bytes(100)))


@talk("unexpected_message")
def key_update_and_more_in_one_record(place: Place) -> str:
    return sent(place, True, (HANDSHAKE, message(KEY_UPDATE, b"\0") * 2))


@talk("unexpected_message")
def key_update_of_the_old_version(place: Place) -> str:
    return sent(place, False, (HANDSHAKE, message(KEY_UPDATE, b"\0")))


@talk("echo")
def key_update_in_pieces(place: Place) -> str:
    with opened(place, True) as raw:
        for byte in message(KEY_UPDATE, b"\0"):
            raw.send(HANDSHAKE, bytes([byte]))
        assert raw.write
        raw.write = raw.write.next()
        return raw.outcome()


@talk("unexpected_message")
def data_inside_a_message(place: Place) -> str:
    return sent(place, True, (HANDSHAKE, message(KEY_UPDATE, b"\0")[:3]), (DATA, LINE))


# ---- alerts ----


@talk("unexpected_message")
def flood_of_warnings(place: Place) -> str:
    return sent(place, False, *[(ALERT, b"\1\x5a")] * 40)


@talk("echo")
def few_warnings(place: Place) -> str:
    return sent(place, False, *[(ALERT, b"\1\x5a")] * 3)


@talk("unexpected_message")
def alerts_of_another_length(place: Place) -> str:
    return both(place, (ALERT, b"\1"))


@talk("nothing")
def fatal_alert(place: Place) -> str:
    """Nothing is answered, and nothing after it is read."""
    return both(place, (ALERT, b"\2\x28"))


@talk("close_notify")
def goodbye_and_then_rubbish(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        with opened(place, new) as raw:
            raw.raw(raw.pack(ALERT, b"\1\0") + os.urandom(300))
            return raw.ending(cut=False)

    return each(one(new) for new in (True, False))
