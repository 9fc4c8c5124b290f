"""Conversations about clients' certificates of every kind of key, in the handshake and after it (RFC 8446 4.6.2)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from raw_tls import CERTIFICATE, DATA, GROUPS, HANDSHAKE, LINE, VERIFY, Hello, Raw, message, sized
from tls_talks import Place, each, heard, talk
from tls_talks_keys import CONTEXT, Client, certificate_of, certificates

DIGESTS = {4: hashes.SHA256(), 5: hashes.SHA384(), 6: hashes.SHA512()}
SHA1, MD5 = hashes.SHA1(), hashes.MD5()  # noqa: S303 - what must be refused
CERTIFICATE_REQUEST, AFTERWARDS = 13, 49  # a message; an extension
NEVER = "s_server -rev asks nobody afterwards"

Signer = Callable[[bytes], bytes]


def key_of(path: Path) -> object:
    return load_pem_private_key(path.with_suffix(".key").read_bytes(), None)


def pss(
    path: Path, digest: hashes.HashAlgorithm, *, salt: int = -1, mask: hashes.HashAlgorithm | None = None
) -> Signer:
    how = padding.PSS(padding.MGF1(mask or digest), digest.digest_size if salt < 0 else salt)
    return lambda data: key_of(path).sign(data, how, digest)


def pkcs1(path: Path, digest: hashes.HashAlgorithm) -> Signer:
    return lambda data: key_of(path).sign(data, padding.PKCS1v15(), digest)


def ecdsa(path: Path, digest: hashes.HashAlgorithm) -> Signer:
    return lambda data: key_of(path).sign(data, ec.ECDSA(digest))


def eddsa(path: Path) -> Signer:
    return lambda data: key_of(path).sign(data)


@heard
def shown(place: Place, new: bool, path: Path, scheme: int, sign: Signer) -> str:
    client = Client(place.demands, new)
    with client.raw:
        client.begin(Hello(new=new).replace(GROUPS, b"\0\6\0\x1d\0\x17\0\x18"))
        client.certify(certificates(new, certificate_of(path)))
        digest = hashlib.sha256(client.raw.transcript).digest()
        proof = sign(CONTEXT + digest if new else bytes(client.raw.transcript))
        client.raw.say(message(VERIFY, scheme.to_bytes(2, "big") + sized(2, proof)))
        return client.finish()


# ---- kinds of keys ----


@talk("echo")
def certificate_over_rsa(place: Place) -> str:
    """By PSS in both versions, by PKCS #1 in the older one."""
    path = place.clients["rsa"]
    newer = [shown(place, new, path, 0x0800 + n, pss(path, d)) for new in (True, False) for n, d in DIGESTS.items()]
    return each([*newer, *(shown(place, False, path, n << 8 | 1, pkcs1(path, d)) for n, d in DIGESTS.items())])


@talk("echo")
def certificate_over_a_key_for_pss_alone(place: Place) -> str:
    path = place.clients["pss"]
    return each(shown(place, new, path, 0x0805 + n, pss(path, d)) for new in (True, False) for n, d in DIGESTS.items())


@talk("echo")
def certificate_over_an_edwards_curve(place: Place) -> str:
    schemes = {"ed25519": 0x0807, "ed448": 0x0808}
    return each(
        shown(place, new, place.clients[kind], scheme, eddsa(place.clients[kind]))
        for new in (True, False)
        for kind, scheme in schemes.items()
    )


@talk("echo")
def certificate_over_another_curve(place: Place) -> str:
    path = place.clients["p384"]
    return each(shown(place, new, path, 0x0503, ecdsa(path, hashes.SHA384())) for new in (True, False))


@talk("illegal_parameter")
def old_signature_in_the_new_version(place: Place) -> str:
    """RFC 8446 4.4.3: PKCS #1 is for certificates themselves, and so is SHA-1."""
    path = place.clients["rsa"]
    return each(shown(place, True, path, n << 8 | 1, pkcs1(path, d)) for n, d in (*DIGESTS.items(), (2, SHA1)))


@talk("handshake_failure illegal_parameter")
def signature_by_a_digest_of_old(place: Place) -> str:
    rsa, curve = place.clients["rsa"], place.clients["ec"]
    return each(
        (
            shown(place, False, rsa, 0x0201, pkcs1(rsa, SHA1)),
            shown(place, False, curve, 0x0203, ecdsa(curve, SHA1)),
            shown(place, False, rsa, 0x0101, pkcs1(rsa, MD5)),
        )
    )


@talk("illegal_parameter")
def scheme_of_another_kind_of_key(place: Place) -> str:
    rsa, restricted, edwards = (place.clients[kind] for kind in ("rsa", "pss", "ed25519"))
    digest = hashes.SHA256()
    return each(
        shown(place, new, path, scheme, sign)
        for new in (True, False)
        for path, scheme, sign in (
            (rsa, 0x0809, pss(rsa, digest)),
            (restricted, 0x0804, pss(restricted, digest)),
            (edwards, 0x0804, pss(rsa, digest)),
            (rsa, 0x0807, eddsa(edwards)),
            (edwards, 0x0808, eddsa(place.clients["ed448"])),
            (rsa, 0x0403, ecdsa(place.clients["ec"], digest)),
        )
    )


@talk("illegal_parameter")
def curve_that_is_not_the_scheme_s(place: Place) -> str:
    path = place.clients["p384"]
    return shown(place, True, path, 0x0403, ecdsa(path, hashes.SHA256()))


@talk("decrypt_error")
def salt_or_mask_of_another_length(place: Place) -> str:
    path, digest = place.clients["rsa"], hashes.SHA256()
    wrong = [pss(path, digest, salt=size) for size in (0, 20, 31, 33, 222)] + [pss(path, digest, mask=hashes.SHA384())]
    return each(shown(place, new, path, 0x0804, sign) for new in (True, False) for sign in wrong)


@talk("decrypt_error")
def one_padding_in_place_of_the_other(place: Place) -> str:
    path, digest = place.clients["rsa"], hashes.SHA256()
    return each(
        (
            shown(place, False, path, 0x0401, pss(path, digest)),
            shown(place, False, path, 0x0804, pkcs1(path, digest)),
            shown(place, True, path, 0x0804, pkcs1(path, digest)),
        )
    )


@talk("decrypt_error")
def signature_of_rsa_altered(place: Place) -> str:
    path = place.clients["rsa"]

    def spoilt(at: int) -> Signer:
        def sign(data: bytes) -> bytes:
            made = bytearray(pss(path, hashes.SHA256())(data))
            made[at] ^= 1
            return bytes(made)

        return sign

    signs = [spoilt(at) for at in (0, 1, 128, 254, 255)]
    signs += [lambda data, size=size: bytes(size) for size in (256,)] + [lambda data: b"\xff" * 256]
    signs += [lambda data: b"\0" + pss(path, hashes.SHA256())(data), lambda data: pss(path, hashes.SHA256())(data)[:-1]]
    return each(shown(place, new, path, 0x0804, sign) for new in (True, False) for sign in signs)


@talk("decrypt_error")
def signature_of_an_edwards_curve_altered(place: Place) -> str:
    """Each half of it, its length, and the order of the curve added to the second half."""
    path, order = place.clients["ed25519"], 2**252 + 27742317777372353535851937790883648493

    def malleable(data: bytes) -> bytes:
        made = eddsa(path)(data)
        return made[:32] + (int.from_bytes(made[32:], "little") + order).to_bytes(32, "little")

    def spoilt(at: int) -> Signer:
        return lambda data: bytes(byte ^ (at == place) for place, byte in enumerate(eddsa(path)(data)))

    signs = [spoilt(at) for at in (0, 31, 32, 63)] + [malleable, lambda data: bytes(64)]
    signs += [lambda data: eddsa(path)(data)[:-1], lambda data: eddsa(path)(data) + b"\0", lambda data: b""]
    return each(shown(place, new, path, 0x0807, sign) for new in (True, False) for sign in signs)


# ---- after the handshake ----


class Later(Client):
    """A client that is asked on an open connection."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.port, True)
        self.context = b""

    def asked(self, *, willing: bool = True) -> Later:
        raw = self.raw
        raw.open(Hello().replace(AFTERWARDS, b"") if willing else Hello())
        kept = bytes(raw.transcript)
        raw.send(DATA, b"certificate\n")
        heard_ = b""
        while heard_[:1] != bytes([CERTIFICATE_REQUEST]):  # tickets come first, and do not count
            raw.transcript = bytearray(kept)
            heard_ = raw.listen()
        self.context = heard_[5 : 5 + heard_[4]]
        return self

    def certify_with(self, *ders: bytes, context: bytes | None = None) -> None:
        own = certificates(True, *ders)[5:]
        self.raw.say(message(CERTIFICATE, sized(1, self.context if context is None else context) + own))

    def prove(self, path: Path, *, spoil: int = -1) -> None:
        digest = hashlib.sha256(self.raw.transcript).digest()
        proof = bytearray(ecdsa(path, hashes.SHA256())(CONTEXT + digest))
        if spoil >= 0:
            proof[spoil] ^= 1
        self.raw.say(message(VERIFY, b"\4\3" + sized(2, bytes(proof))))

    def finish_later(self, *, spoil: bool = False) -> None:
        raw = self.raw
        raw.mine = raw.traffic
        finished = bytearray(raw.finished())
        finished[-1] ^= spoil
        raw.say(bytes(finished))

    def told(self) -> str:
        """Whose certificate the server has now."""
        self.raw.send(DATA, b"facts\n")
        got = b""
        while not got.endswith(b"\n"):
            kind, data = self.raw.receive()
            got += data if kind == DATA else b""
        held = json.loads(got)["certificate"]
        return "alice" if held and b"alice" in bytes.fromhex(held) else "nobody"


@talk("alice", openssl="", why=NEVER, everywhere=False)
def afterwards_a_certificate(place: Place) -> str:
    client = Later(place)
    with client.raw:
        client.asked().certify_with(certificate_of(place.client))
        client.prove(place.client)
        client.finish_later()
        return client.told()


@talk("nobody", openssl="", why=NEVER, everywhere=False)
def afterwards_no_certificate(place: Place) -> str:
    client = Later(place)
    with client.raw:
        client.asked().certify_with()
        client.finish_later()
        return client.told()


@talk("nobody", openssl="", why=NEVER, everywhere=False)
def afterwards_no_answer(place: Place) -> str:
    """Nobody waits for it: data goes on."""
    client = Later(place)
    with client.raw:
        return client.asked().told()


@talk("nothing", openssl="", why=NEVER, everywhere=False)
def afterwards_a_client_that_did_not_say_so(place: Place) -> str:
    """It is not asked, and the server that wanted it ends the connection."""
    with Raw(place.port) as raw:
        raw.open()
        raw.send(DATA, b"certificate\n")
        return raw.ending(cut=False)


@talk("decrypt_error", openssl="", why=NEVER, everywhere=False)
def afterwards_a_wrong_signature_or_finished(place: Place) -> str:
    @heard
    def one(signature: int, finished: bool) -> str:
        client = Later(place)
        with client.raw:
            client.asked().certify_with(certificate_of(place.client))
            client.prove(place.client, spoil=signature)
            client.finish_later(spoil=finished)
            return client.raw.outcome()

    return each((one(40, False), one(-1, True)))


@talk("unknown_ca", openssl="", why=NEVER, everywhere=False)
def afterwards_the_certificate_of_a_stranger(place: Place) -> str:
    client = Later(place)
    with client.raw:
        client.asked().certify_with(certificate_of(place.stranger))
        client.prove(place.stranger)
        client.finish_later()
        return client.raw.outcome()


@talk("decode_error", openssl="", why=NEVER, everywhere=False)
def afterwards_for_another_request(place: Place) -> str:
    @heard
    def one(context: bytes) -> str:
        client = Later(place)
        with client.raw:
            client.asked().certify_with(certificate_of(place.client), context=context)
            return client.raw.outcome()

    return each(one(context) for context in (b"", b"x", bytes(32)))


@talk("unexpected_message", openssl="", why=NEVER, everywhere=False)
def afterwards_out_of_order(place: Place) -> str:
    """Data between the parts of the answer, the answer twice, without a proof, without having been asked."""

    @heard
    def one(way: str) -> str:
        client = Later(place)
        with client.raw as raw:
            if way == "unasked":
                raw.open(Hello().replace(AFTERWARDS, b""))
            else:
                client.asked()
            client.certify_with(certificate_of(place.client))
            if way == "data":
                raw.send(DATA, LINE)
            if way != "unproven":
                client.prove(place.client)
            client.finish_later()
            if way == "twice":
                raw.send(HANDSHAKE, message(CERTIFICATE, sized(1, client.context) + sized(3, b"")))
            return raw.outcome()

    return each(one(way) for way in ("data", "unproven", "twice", "unasked"))
