"""Conversations about sessions without a ticket, many tickets, early data with one, small records."""

from __future__ import annotations

import os
import time

from raw_blocks import record
from raw_tls import (
    ALERT,
    ALPN,
    CHANGE,
    DATA,
    EARLY,
    HANDSHAKE,
    LINE,
    MASTER,
    PSK,
    SERVER_NAME,
    SESSION_TICKET,
    SHARES,
    Hello,
    Keys,
    Raw,
    binder,
    sized,
)
from tls_talks import Place, each, heard, talk, tried
from tls_talks_extensions import retried
from tls_talks_keys import LENIENT, OTHERS, again, got, named, resumed

FRAGMENT, RECORD_SIZE = 1, 28


# ---- sessions of TLS 1.2 by their number ----


def plain(session: bytes = b"", *, ciphers: list[int] | None = None) -> Hello:
    """A hello that knows no tickets."""
    return Hello(new=False, session=session, ciphers=ciphers or []).replace(SESSION_TICKET, None)


def numbered(port: int) -> tuple[bytes, bytes]:
    """The number of a session that ended well, and its secret."""
    with Raw(port) as raw:
        raw.open_old(plain())
        assert len(raw.session) == 32
        raw.send(ALERT, b"\1\0")
        raw.ending(cut=False)
        return raw.session, raw.master


@talk("resumed echo")
def session_by_its_number(place: Place) -> str:
    """Once each: s_server forgets a session whose client goes without a goodbye."""
    held = [numbered(place.port) for _ in range(2)]
    return each(resumed(place.port, plain(session), master) for session, master in held)


@talk("full echo")
def session_whose_number_is_another(place: Place) -> str:
    session, master = numbered(place.port)
    wrong = [bytes([session[0] ^ 1]) + session[1:], session[:31] + b"x", session[:31], session[:1], os.urandom(32)]
    return each(resumed(place.port, plain(one), master) for one in wrong)


@talk("full echo")
def session_of_another_server(place: Place) -> str:
    session, master = numbered(place.other)
    return resumed(place.port, plain(session), master)


@talk("full echo", openssl="resumed echo", why="s_server has no option for how long its sessions live")
def session_that_expired(place: Place) -> str:
    session, master = numbered(place.short)
    time.sleep(2.1)
    return resumed(place.short, plain(session), master)


@talk("bad_record_mac")
def session_without_its_secret(place: Place) -> str:
    """Its number goes in the clear, and is no proof. The alert cannot be read, so the server's first record is."""
    session, _ = numbered(place.port)
    with Raw(place.port) as raw:
        raw.greet(plain(session))
        while raw.receive()[0] == HANDSHAKE:
            pass
        raw.master = bytes(48)
        raw.expand()
        raw.change()
        raw.send(HANDSHAKE, raw.finished_old())
        raw.read = None
        return "bad_record_mac" if raw.ending() not in ("nothing", "echo") else "accepted"


@talk("illegal_parameter")
def session_for_another_suite(place: Place) -> str:
    session, master = numbered(place.port)
    return resumed(place.port, plain(session, ciphers=[0xCCA9]), master)


@talk("handshake_failure")
def session_without_the_extended_master_secret_it_had(place: Place) -> str:
    session, master = numbered(place.port)
    return resumed(place.port, plain(session).replace(MASTER, None), master, extended=False)


@talk("full echo", openssl="resumed echo", why=LENIENT)
def session_for_another_name(place: Place) -> str:
    def one(name: bytes | None) -> str:
        session, master = numbered(place.port)
        return resumed(place.port, named(plain(session), name), master)

    return each(one(name) for name in OTHERS)


@talk("full echo")
def session_that_failed(place: Place) -> str:
    """RFC 5246 7.2.2: what ended with a fatal alert is not resumed."""
    with Raw(place.port) as raw:
        raw.open_old(plain())
        raw.raw(record(DATA, bytes(50)))
        assert raw.ending() == "bad_record_mac"
    return resumed(place.port, plain(raw.session), raw.master)


@talk("full echo")
def session_offered_to_the_newer_version(place: Place) -> str:
    """The number is echoed for middleboxes, and means nothing."""
    session, _ = numbered(place.port)
    with Raw(place.port) as raw:
        answer = raw.greet(Hello(session=session))
        assert raw.session == session
        raw.derive(answer)
        raw.flight()
        raw.say(raw.finished())
        raw.go()
        return f"full {raw.outcome()}"


# ---- tickets ----


@talk("4 of 4: resumed echo")
def many_tickets(place: Place) -> str:
    """Each of them is another one, good for itself."""
    with Raw(place.port) as raw:
        raw.open()
        held = [raw.take_ticket() for _ in range(4)]
    return f"{len({one[0] for one in held})} of 4: {each(again(place.port, one) for one in held)}"


@talk("full echo resumed echo")
def ticket_among_others(place: Place) -> str:
    """The first one that fits is taken, at whatever place, and its own binder counts."""
    identity, psk, added = got(place.port)

    @heard
    def one(at: int, count: int) -> str:
        rows = [sized(2, os.urandom(len(identity))) + bytes(4) for _ in range(count)]
        rows[at] = sized(2, identity) + added.to_bytes(4, "big")
        listed = sized(2, b"".join(rows))
        hello = Hello().replace(PSK, listed + sized(2, sized(1, bytes(32)) * count))
        binders = [bytes(32)] * count
        binders[at] = binder(psk, hello.message()[: -2 - 33 * count])
        hello.replace(PSK, listed + sized(2, b"".join(sized(1, each_) for each_ in binders)))
        with Raw(place.port) as raw:
            answer = raw.greet(hello)
            taken = b"\x00\x29\x00\x02" + at.to_bytes(2, "big") in answer
            raw.derive(answer, psk if taken else bytes(32))
            raw.flight()
            raw.say(raw.finished())
            raw.go()
            return ("resumed " if taken else "full ") + raw.outcome()

    assert each(one(at, 3) for at in range(3)) == "resumed echo"
    return each((one(0, 1), again(place.port, (os.urandom(200), psk, added))))


# ---- early data with a ticket ----


@heard
def early(port: int, ticket: tuple[bytes, bytes, int], data: bytes, *, end: bool = False) -> str:
    """Data goes out with the hello, sealed as it should be. Nobody said that it may."""
    identity, psk, added = ticket
    hello = Hello().replace(EARLY, b"")
    listed = sized(2, sized(2, identity) + added.to_bytes(4, "big"))
    hello.replace(PSK, listed + sized(2, sized(1, bytes(32))))
    hello.replace(PSK, listed + sized(2, sized(1, binder(psk, hello.message()[:-35]))))
    with Raw(port) as raw:
        raw.hello = hello
        raw.transcript += hello.message()
        raw.raw(record(HANDSHAKE, hello.message()))
        keys = Keys.of_secret(os.urandom(32))  # as good as any: they are not looked at
        raw.raw(keys.seal(DATA, data) if data else b"")
        answer = raw.hear_hello()
        taken = b"\x00\x29\x00\x02\x00\x00" in answer
        raw.derive(answer, psk if taken else bytes(32))
        raw.flight()
        assert b"\x00\x2a\x00\x00" not in bytes(raw.transcript)[len(hello.message()) + len(answer) :][:64]
        if end:
            raw.send(HANDSHAKE, b"\5\0\0\0")
        raw.say(raw.finished())
        raw.go()
        return ("resumed " if taken else "full ") + raw.outcome()


@talk("resumed echo")
def early_data_is_refused_and_the_ticket_taken(place: Place) -> str:
    return each(early(place.port, got(place.port), data) for data in (b"", b"GET / HTTP/1.0\r\n\r\n", bytes(8000)))


@talk("resumed unexpected_message")
def end_of_early_data_that_was_refused(place: Place) -> str:
    return early(place.port, got(place.port), b"", end=True)


# ---- small records ----


@heard
def whole(port: int, hello: Hello, limit: int, *, sends: int = 0) -> str:
    """Sends a long line in records of a size, and gets it back in records of the limit."""
    line = b"x" * 5000 + b"\n"
    with Raw(port) as raw:
        if hello.new:
            raw.open(hello)
        else:
            raw.open_old(hello)
        size = sends or limit
        for at in range(0, len(line), size):
            raw.send(DATA, line[at : at + size])
        got_, largest = b"", 0
        while len(got_) < len(line):
            kind, data = raw.receive()
            if kind == DATA:
                got_, largest = got_ + data, max(largest, len(data))
        assert got_ == line
        return "echo" if largest <= limit else f"records of {largest}"


@talk("echo")
def fragments_of_each_length(place: Place) -> str:
    return each(
        whole(place.port, Hello(new=new).replace(FRAGMENT, bytes([code])), 256 << code)
        for new in (True, False)
        for code in range(1, 5)
    )


@talk("record_overflow")
def fragments_longer_than_agreed(place: Place) -> str:
    return each(
        whole(place.port, Hello(new=new).replace(FRAGMENT, b"\1"), 512, sends=size)
        for new in (True, False)
        for size in (513, 5001)
    )


@talk("decode_error illegal_parameter")
def fragments_of_no_such_length(place: Place) -> str:
    data = (b"\0", b"\5", b"\xff", b"", b"\1\1")
    return each(tried(place, Hello(new=new).replace(FRAGMENT, one)) for new in (True, False) for one in data)


@talk("echo")
def record_size_limit(place: Place) -> str:
    """RFC 8449 is an offer that OpenSSL does not know: passed over, whatever it says."""
    data = (b"\x40\x01", b"\x02\0", b"\0\x40", b"\0\x3f", b"\0\0", b"", b"\1", b"\2\0\0")
    return each(tried(place, Hello(new=new).replace(RECORD_SIZE, one)) for new in (True, False) for one in data)


@talk("echo")
def handshake_in_pieces(place: Place) -> str:
    """Of every size from one byte on, also where another message follows in the same record."""

    @heard
    def one(size: int) -> str:
        with Raw(place.port) as raw:
            raw.hello = Hello(new=False)
            whole_ = raw.hello.message()
            raw.transcript += whole_
            for at in range(0, len(whole_), size):
                raw.raw(record(HANDSHAKE, whole_[at : at + size]))
            heard_ = raw.hear_hello()
            while heard_[:1] != b"\x0e":
                heard_ = raw.listen()
                if heard_[0] == 12:
                    raw.point = heard_[8 : 8 + heard_[7]]
            sent = raw.exchange(send=False)
            raw.transcript += sent
            raw.exchange(send=False)
            for at in range(0, len(sent), size):
                raw.raw(record(HANDSHAKE, sent[at : at + size]))
            raw.change()
            finished = raw.finished_old()
            raw.transcript += finished
            for at in range(0, len(finished), size):
                raw.send(HANDSHAKE, finished[at : at + size])
            raw.end_old()
            return raw.outcome()

    return each(one(size) for size in (1, 2, 3, 4, 5, 7, 15, 100))


# ---- a second hello that is not the first ----


@talk("echo")
def retry_with_changes_that_nobody_minds(place: Place) -> str:
    """RFC 8446 4.1.2 forbids the client these; neither server looks, since the transcript holds both."""
    other = sized(2, b"\0" + sized(2, b"other.test"))
    return each(
        (
            retried(place, random=os.urandom(32)),
            retried(place, Hello().replace(ALPN, b"\0\3\2h2")),
            retried(place, Hello().replace(SERVER_NAME, other)),
            retried(place, Hello().replace(0x1234, b"x")),
        )
    )


@talk("illegal_parameter missing_extension")
def retry_with_a_share_of_another_group(place: Place) -> str:
    share = b"\0\x17" + sized(2, b"\4" + bytes(64))
    return each(retried(place, Hello().replace(SHARES, content)) for content in (sized(2, share), None))


@talk("unexpected_message")
def retry_a_third_time(place: Place) -> str:
    with Raw(place.port) as raw:
        first = Hello().replace(SHARES, b"\0\0")
        raw.greet(first)
        raw.raw(record(CHANGE, b"\1"))
        raw.begin(Hello(random=first.random, private=first.private))
        raw.send(HANDSHAKE, Hello().message())
        return raw.ending()


@talk("echo")
def a_line_of_many_records(place: Place) -> str:
    """Data in records of each small size."""

    @heard
    def one(new: bool) -> str:
        with Raw(place.port) as raw:
            (raw.open if new else raw.open_old)()
            raw.raw(b"".join(raw.pack(DATA, b"x" * size) for size in range(1, 150)) + raw.pack(DATA, b"\n"))
            size, got_ = sum(range(1, 150)) + 1, b""
            while len(got_) < size:
                kind, data = raw.receive()
                got_ += data if kind == DATA else b""
            return raw.outcome() if got_ == b"x" * (size - 1) + b"\n" and LINE else "another line"

    return each(one(new) for new in (True, False))
