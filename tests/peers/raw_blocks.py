"""Records of TLS in the clear, and protected by CBC and a MAC with whatever is wrong in them."""

from __future__ import annotations

import os

from tlslite.utils.cipherfactory import createAES
from tlslite.utils.cryptomath import secureHMAC


def record(kind: int, data: bytes, version: int = 0x0303, length: int | None = None) -> bytes:
    size = len(data) if length is None else length
    return bytes([kind]) + version.to_bytes(2, "big") + size.to_bytes(2, "big") + data


# ECDHE-ECDSA suites of blocks: the digest of their MAC, the sizes of it and of their key.
BLOCKS = {0xC009: ("sha1", 20, 16), 0xC00A: ("sha1", 20, 32), 0xC023: ("sha256", 32, 16)}


class Blocks:
    """Protection of one direction by CBC and a MAC, which is of the plaintext or (RFC 7366) of the ciphertext."""

    new = False

    def __init__(self, mac: bytes, key: bytes, digest: str, last: bool) -> None:
        self.mac_key, self.key, self.digest, self.last = bytearray(mac), bytearray(key), digest, last
        self.number = 0

    def _mac(self, kind: int, data: bytes) -> bytes:
        header = self.number.to_bytes(8, "big") + record(kind, b"", length=len(data))
        return bytes(secureHMAC(self.mac_key, bytearray(header + data), self.digest))

    def seal(
        self, kind: int, data: bytes, *, spoil_mac: int = -1, spoil_padding: int = -1, more: int = 0,
        version: int = 0x0303,
    ) -> bytes:  # fmt: skip
        """`more`: blocks of padding beyond what is needed. A byte of MAC or padding may be altered."""
        mac = bytearray() if self.last else bytearray(self._mac(kind, data))
        if spoil_mac >= 0 and not self.last:
            mac[spoil_mac] ^= 1
        size = 15 - (len(data) + len(mac)) % 16 + 16 * more
        padding = bytearray([size] * (size + 1))
        if spoil_padding >= 0:
            padding[-1 - spoil_padding] ^= 1
        return self.wrap(kind, data + mac + padding, spoil_mac=spoil_mac, version=version)

    def wrap(self, kind: int, whole: bytes, *, spoil_mac: int = -1, version: int = 0x0303) -> bytes:
        """Encrypts what should be data, MAC and padding, whatever it is."""
        start = os.urandom(16)
        sealed = start + bytes(createAES(self.key, bytearray(start)).encrypt(bytearray(whole)))
        if self.last:
            mac = bytearray(self._mac(kind, sealed))
            if spoil_mac >= 0:
                mac[spoil_mac] ^= 1
            sealed += mac
        self.number += 1
        return record(kind, sealed, version)

    def open(self, kind: int, data: bytes) -> tuple[int, bytes]:
        size = len(self._mac(kind, b""))
        if self.last:
            data, mac = data[:-size], data[-size:]
            assert mac == self._mac(kind, data)
        plain = bytes(createAES(self.key, bytearray(data[:16])).decrypt(bytearray(data[16:])))
        padding = plain[-1] + 1
        assert set(plain[-padding:]) == {plain[-1]}
        plain = plain[:-padding]
        if not self.last:
            plain, mac = plain[:-size], plain[-size:]
            assert mac == self._mac(kind, plain)
        self.number += 1
        return kind, plain
