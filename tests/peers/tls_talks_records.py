"""Conversations about records, their sizes, types and protection, and what comes at the wrong time."""

from __future__ import annotations

import time

from raw_blocks import record
from raw_tls import (
    ALERT,
    CHANGE,
    DATA,
    FINISHED,
    HANDSHAKE,
    KEY_UPDATE,
    LINE,
    Raw,
    message,
)
from tls_talks import Place, both, each, heard, opened, sent, talk

HALF = len(LINE) // 2

# ---- sizes and types ----


@talk("echo")
def data_of_no_bytes(place: Place) -> str:
    return both(place, *[(DATA, b"")] * 20)


@talk("unexpected_message")
def flood_of_data_of_no_bytes(place: Place) -> str:
    return both(place, *[(DATA, b"")] * 100)


@talk("unexpected_message")
def handshake_or_alert_of_no_bytes(place: Place) -> str:
    return each(sent(place, True, (kind, b"")) for kind in (HANDSHAKE, ALERT))


@talk("echo")
def data_of_one_byte_each(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        with opened(place, new) as raw:
            raw.raw(b"".join(raw.pack(DATA, bytes([byte])) for byte in LINE))
            return raw.ending(cut=False)

    return each(one(new) for new in (True, False))


@talk("echo")
def three_and_a_half_records_at_once(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        with opened(place, new) as raw:
            whole = b"".join(raw.pack(DATA, piece) for piece in (LINE[:1], LINE[1:2], LINE[2:3], LINE[3:]))
            raw.raw(whole[:-HALF])
            time.sleep(0.02)
            raw.raw(whole[-HALF:])
            return raw.ending(cut=False)

    return each(one(new) for new in (True, False))


@talk("record_overflow")
def too_much_in_a_record(place: Place) -> str:
    return each(sent(place, new, (DATA, bytes(size))) for size in (16385, 16384 + 200) for new in (True, False))


@talk("echo")
def padding_beyond_the_limit(place: Place) -> str:
    """A byte more than RFC 8446 5.4 allows: what counts is the data in it."""
    return sent(place, True, (DATA, b""), padding=16384 + 1)


@talk("record_overflow")
def lengths_that_no_record_has(place: Place) -> str:
    """The whole of the record need not be there to be refused."""

    @heard
    def one(new: bool, size: int) -> str:
        with opened(place, new) as raw:
            raw.raw(record(DATA, bytes(size), length=size))
            return raw.ending()

    sizes = {True: (16641, 18433, 20000), False: (18433, 20000)}
    return each(one(new, size) for new in (True, False) for size in sizes[new])


@talk("record_overflow")
def plain_record_that_is_too_long(place: Place) -> str:
    @heard
    def one(size: int) -> str:
        with Raw(place.port) as raw:
            raw.raw(record(HANDSHAKE, b"\1\0\xff\xff" + bytes(size - 4)))
            return raw.ending()

    return each(one(size) for size in (16385, 16384 + 256, 18432))


@talk("bad_record_mac")
def records_without_room_for_a_tag(place: Place) -> str:
    @heard
    def one(new: bool, size: int) -> str:
        with opened(place, new) as raw:
            raw.raw(record(DATA, bytes(size)))
            return raw.ending()

    return each(one(new, size) for new in (True, False) for size in (0, 1, 8, 15, 16, 23))


@talk("bad_record_mac unexpected_message")
def unknown_type_of_the_outer_record(place: Place) -> str:
    @heard
    def one(new: bool, kind: int) -> str:
        with opened(place, new) as raw:
            raw.raw(raw.pack(DATA, LINE).replace(bytes([DATA]), bytes([kind]), 1))
            return raw.ending()

    return each(one(new, kind) for new in (True, False) for kind in (0, 19, 25, 128, 255))


@talk("unexpected_message")
def unknown_type_of_the_inner_record(place: Place) -> str:
    return each(sent(place, True, (kind, LINE)) for kind in (1, 19, 24, 25, 128, 255))


@talk("unexpected_message")
def heartbeat(place: Place) -> str:
    return sent(place, False, (24, b"\1\0\x10" + bytes(16)))


@talk("unexpected_message")
def unknown_type_first(place: Place) -> str:
    @heard
    def one(kind: int) -> str:
        with Raw(place.port) as raw:
            raw.raw(record(kind, bytes(40)))
            return raw.ending()

    return each(one(kind) for kind in (0, 19, CHANGE, DATA, 24, 25, 255))


@talk("decode_error protocol_version")
def version_of_a_later_record(place: Place) -> str:
    @heard
    def one(new: bool, version: int) -> str:
        with opened(place, new) as raw:
            raw.send(DATA, LINE, version=version)
            return raw.ending()

    return each(one(new, version) for new in (True, False) for version in (0x0300, 0x0304, 0x0403))


# ---- protection ----


@talk("bad_record_mac")
def each_byte_of_a_record_altered(place: Place) -> str:
    @heard
    def one(new: bool, at: int) -> str:
        with opened(place, new) as raw:
            packed = bytearray(raw.pack(DATA, LINE))
            packed[at] ^= 0x10
            raw.raw(bytes(packed))
            return raw.ending()

    sizes = {True: 5 + len(LINE) + 17, False: 5 + 8 + len(LINE) + 16}
    return each(one(new, at) for new in (True, False) for at in range(5, sizes[new]))


@talk("bad_record_mac")
def replayed_left_out_and_swapped(place: Place) -> str:
    @heard
    def one(new: bool, order: tuple[int, ...]) -> str:
        with opened(place, new) as raw:
            packed = [raw.pack(DATA, LINE[:1]) for _ in range(3)]
            raw.raw(b"".join(packed[at] for at in order))
            return raw.ending()

    return each(one(new, order) for new in (True, False) for order in ((0, 0), (1,), (0, 2), (1, 0)))


@talk("bad_record_mac")
def data_in_the_clear(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        with opened(place, new) as raw:
            raw.raw(record(DATA, bytes(50)))
            return raw.ending()

    return each(one(new) for new in (True, False))


@talk("echo")
def padding(place: Place) -> str:
    return each(sent(place, True, (DATA, b""), padding=size) for size in (1, 2, 255, 256, 1000, 16383))


@talk("unexpected_message")
def nothing_but_padding(place: Place) -> str:
    @heard
    def one(size: int) -> str:
        with opened(place, True) as raw:
            raw.send(0, bytes(size))
            return raw.ending()

    return each(one(size) for size in (0, 1, 100, 16383))


# ---- Finished ----


@talk("decrypt_error")
def each_byte_of_finished_altered(place: Place) -> str:
    @heard
    def one(new: bool, at: int) -> str:
        with Raw(place.port) as raw:
            if new:
                raw.begin()
            else:
                raw.begin_old()
                raw.exchange()
                raw.change()
            finished = bytearray(raw.finished() if new else raw.finished_old())
            finished[at] ^= 1
            raw.send(HANDSHAKE, bytes(finished))
            return raw.ending()

    return each(one(new, at) for new in (True, False) for at in range(4, 36 if new else 16))


@talk("decode_error illegal_parameter")
def finished_of_another_length(place: Place) -> str:
    @heard
    def one(new: bool, size: int) -> str:
        with Raw(place.port) as raw:
            if new:
                raw.begin()
            else:
                raw.begin_old()
                raw.exchange()
                raw.change()
            body = (raw.finished() if new else raw.finished_old())[4:] + bytes(100)
            raw.send(HANDSHAKE, message(FINISHED, body[:size]))
            return raw.ending()

    return each(one(new, size) for new in (True, False) for size in (0, 1, 11, 13, 31, 33, 100))


@talk("unexpected_message")
def data_before_finished(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        with Raw(place.port) as raw:
            if new:
                raw.begin()
            else:
                raw.begin_old()
                raw.exchange()
                raw.change()
            raw.send(DATA, LINE)
            return raw.ending()

    return each(one(new) for new in (True, False))


@talk("unexpected_message")
def finished_and_more_in_one_record(place: Place) -> str:
    """What follows belongs to other keys."""
    with Raw(place.port) as raw:
        raw.begin()
        raw.send(HANDSHAKE, raw.finished() + message(KEY_UPDATE, b"\0"))
        return raw.ending()


@talk("unexpected_message")
def finished_without_change_cipher_spec(place: Place) -> str:
    with Raw(place.port) as raw:
        raw.begin_old()
        raw.exchange()
        raw.send(HANDSHAKE, raw.finished_old())
        return raw.ending()


@talk("unexpected_message")
def finished_twice(place: Place) -> str:
    @heard
    def one(new: bool) -> str:
        with opened(place, new) as raw:
            raw.send(HANDSHAKE, message(FINISHED, bytes(32 if new else 12)))
            return raw.ending()

    return one(True)


# ---- ChangeCipherSpec ----


@talk("unexpected_message")
def change_cipher_spec_too_early(place: Place) -> str:
    """CVE-2014-0224: before there are keys to change to."""

    @heard
    def one(hello: bool) -> str:
        with Raw(place.port) as raw:
            if hello:
                raw.begin_old()
            raw.raw(record(CHANGE, b"\1"))
            return raw.ending()

    return each(one(hello) for hello in (False, True))


@talk("bad_record_mac")
def change_cipher_spec_twice(place: Place) -> str:
    with Raw(place.port) as raw:
        raw.begin_old()
        raw.exchange()
        raw.raw(record(CHANGE, b"\1") * 2)
        return raw.ending()


@talk("illegal_parameter unexpected_message", since_3_5="unexpected_message")
def change_cipher_spec_of_other_content(place: Place) -> str:
    @heard
    def one(new: bool, data: bytes) -> str:
        with Raw(place.port) as raw:
            if new:
                raw.begin()
            else:
                raw.begin_old()
                raw.exchange()
            raw.raw(record(CHANGE, data))
            return raw.ending()

    return each(one(new, data) for new in (True, False) for data in (b"\0", b"\2", b"\1\1"))


@talk("echo")
def change_cipher_spec_of_a_middlebox(place: Place) -> str:
    with Raw(place.port) as raw:
        raw.begin()
        raw.raw(record(CHANGE, b"\1"))
        raw.say(raw.finished())
        raw.go()
        return raw.outcome()


@talk("unexpected_message")
def change_cipher_spec_after_finished(place: Place) -> str:
    @heard
    def one(sealed: bool) -> str:
        with opened(place, True) as raw:
            raw.raw(raw.pack(CHANGE, b"\1") if sealed else record(CHANGE, b"\1"))
            return raw.ending()

    return each(one(sealed) for sealed in (True, False))
