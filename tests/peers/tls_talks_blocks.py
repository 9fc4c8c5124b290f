"""Conversations in suites of CBC, which are off unless named: whatever is wrong in a record, the answer is the same."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

from raw_blocks import BLOCKS, Blocks, record
from raw_tls import ALERT, DATA, HANDSHAKE, LINE, MAC_LAST, Hello, Raw
from tls_talks import Place, each, heard, talk, tried

MODES = [(suite, last) for suite in BLOCKS for last in (False, True)]  # `last`: Encrypt-then-MAC


def begun(place: Place, suite: int, last: bool) -> Raw:
    hello = Hello(new=False, ciphers=[suite])
    raw = Raw(place.blocks)
    raw.begin_old(hello.replace(MAC_LAST, b"") if last else hello)
    raw.exchange()
    assert raw.mac_last is last
    raw.change()
    return raw


def opened(place: Place, suite: int, last: bool) -> Raw:
    raw = begun(place, suite, last)
    raw.say(raw.finished_old())
    return raw.end_old()


def keys(raw: Raw) -> Blocks:
    assert isinstance(raw.write, Blocks)
    return raw.write


def everywhere(
    place: Place, makes: Iterable[Callable[[Blocks], bytes]], modes: list[tuple[int, bool]] | None = None
) -> str:
    """The answers to each of the records, in each of the modes."""

    @heard
    def one(make: Callable[[Blocks], bytes], suite: int, last: bool) -> str:
        with opened(place, suite, last) as raw:
            raw.raw(make(keys(raw)))
            return raw.ending(cut=False)

    return each(one(make, *mode) for make in makes for mode in modes or MODES)


@talk("echo")
def blocks(place: Place) -> str:
    return everywhere(place, [lambda way: way.seal(DATA, LINE)])


@talk("echo")
def padding_of_each_length(place: Place) -> str:
    return everywhere(place, [lambda way, more=more: way.seal(DATA, LINE, more=more) for more in (1, 7, 14)])


@talk("bad_record_mac")
def each_byte_of_the_mac_altered(place: Place) -> str:
    spoilt = [lambda way, at=at: way.seal(DATA, LINE, spoil_mac=at) for at in range(0, 20, 4)]
    longer = [lambda way, at=at: way.seal(DATA, LINE, spoil_mac=at) for at in (20, 31)]
    sha256 = [mode for mode in MODES if BLOCKS[mode[0]][1] == 32]
    return each((everywhere(place, spoilt), everywhere(place, longer, sha256)))


@talk("bad_record_mac")
def each_byte_of_the_padding_altered(place: Place) -> str:
    """The last of them is the length. The MAC is right."""
    few = ((0, 0), (0, 1), (1, 0), (1, 1), (1, 16), (14, 0), (14, 2), (14, 224))
    return everywhere(
        place, [lambda way, more=more, at=at: way.seal(DATA, LINE, more=more, spoil_padding=at) for more, at in few]
    )


@talk("bad_record_mac")
def padding_longer_than_its_record(place: Place) -> str:
    """Nothing but padding too, as in CVE-2016-2107: no other alert is to tell how long it was."""
    beyond = [lambda way, size=size: way.wrap(DATA, b"\xff" * size) for size in (64, 80)]
    within = [
        lambda way, size=size, less=less: way.wrap(DATA, bytes([size - less]) * size)
        for size in (64, 256)
        for less in (1, 21, 33)
    ]
    return each((everywhere(place, beyond), everywhere(place, within, [mode for mode in MODES if not mode[1]])))


@talk("bad_record_mac")
def record_too_short_for_its_mac(place: Place) -> str:
    makes = [lambda way, size=size: way.wrap(DATA, b"\x0f" * size) for size in (0, 16)]
    return everywhere(place, makes, [mode for mode in MODES if not mode[1]])


@talk("bad_record_mac decode_error")
def record_that_is_no_number_of_blocks(place: Place) -> str:
    """decode_error: no room for a MAC behind the ciphertext, which everybody sees."""
    return everywhere(place, [lambda way, size=size: record(DATA, os.urandom(size)) for size in (0, 15, 17, 95)])


@talk("bad_record_mac")
def each_block_of_the_ciphertext_altered(place: Place) -> str:
    """The first one is the vector."""

    def spoilt(way: Blocks, at: int) -> bytes:
        packed = bytearray(way.seal(DATA, LINE * 4))
        packed[at] ^= 0x80
        return bytes(packed)

    return everywhere(place, [lambda way, at=at: spoilt(way, at) for at in (5, 20, 21, 40, 68, -1)])


@talk("bad_record_mac")
def blocks_cut_off_and_added(place: Place) -> str:
    def changed(way: Blocks, cut: int) -> bytes:
        packed = way.seal(DATA, LINE * 8)[5:]
        return record(DATA, packed[:cut] if cut < 0 else packed + packed[-cut:])

    return everywhere(place, [lambda way, cut=cut: changed(way, cut) for cut in (-16, -32, 16, 48)])


@talk("bad_record_mac")
def finished_with_wrong_mac_or_padding(place: Place) -> str:
    @heard
    def one(suite: int, last: bool, **wrong: int) -> str:
        with begun(place, suite, last) as raw:
            raw.send(HANDSHAKE, raw.finished_old(), **wrong)
            return raw.ending()

    wrongs = ({"spoil_mac": 0}, {"spoil_padding": 0}, {"spoil_padding": 1, "more": 3})
    return each(one(*mode, **wrong) for mode in MODES for wrong in wrongs)


@talk("bad_record_mac")
def alert_with_wrong_mac(place: Place) -> str:
    return everywhere(place, [lambda way: way.seal(ALERT, b"\1\0", spoil_mac=3)])


@talk("record_overflow")
def blocks_with_too_much_in_them(place: Place) -> str:
    return everywhere(place, [lambda way: way.seal(DATA, bytes(16385))])


@talk("echo")
def empty_blocks(place: Place) -> str:
    """As the clients of old send them before each record."""
    return everywhere(place, [lambda way: way.seal(DATA, b"") + way.seal(DATA, LINE)])


@talk("handshake_failure")
def blocks_where_they_are_off(place: Place) -> str:
    return each(tried(place, Hello(new=False, ciphers=[suite])) for suite in BLOCKS)


@talk("echo")
def mac_last_with_content(place: Place) -> str:
    """Nobody looks at it."""

    @heard
    def one() -> str:
        with Raw(place.blocks) as raw:
            return raw.open_old(Hello(new=False, ciphers=[0xC009]).replace(MAC_LAST, b"\0")).outcome()

    return one()
