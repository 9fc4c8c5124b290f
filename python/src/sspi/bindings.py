"""Channel bindings: what ties a login to the TLS channel it travels in (RFC 5929, RFC 9266)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sspi._arguments import data, number

if TYPE_CHECKING:
    from typing_extensions import Buffer

_HEADER = struct.Struct("=8I")


class ChannelBindings:
    """A SEC_CHANNEL_BINDINGS block. Application data alone is what TLS uses: b"tls-server-end-point:" and the hash."""

    __slots__ = ("data",)

    def __init__(
        self,
        application_data: Buffer = b"",
        *,
        initiator: Buffer = b"",
        initiator_type: int = 0,
        acceptor: Buffer = b"",
        acceptor_type: int = 0,
    ) -> None:
        parts = [
            data(initiator, "initiator"),
            data(acceptor, "acceptor"),
            data(application_data, "application_data"),
        ]
        offsets, position = [], _HEADER.size
        for part in parts:
            offsets.append(position if part else 0)
            position += len(part)
        self.data = _HEADER.pack(
            number(initiator_type, "initiator_type"),
            len(parts[0]),
            offsets[0],
            number(acceptor_type, "acceptor_type"),
            len(parts[1]),
            offsets[1],
            len(parts[2]),
            offsets[2],
        ) + b"".join(parts)

    @classmethod
    def from_block(cls, block: Buffer) -> ChannelBindings:
        """From a finished SEC_CHANNEL_BINDINGS, which the library checks."""
        made = cls()
        made.data = bytes(data(block, "block"))
        return made


def block_of(bindings: ChannelBindings | Buffer | None) -> bytes | None:
    """The block for either way of giving channel bindings."""
    if bindings is None:
        return None
    if isinstance(bindings, ChannelBindings):
        return bindings.data
    return ChannelBindings(data(bindings, "channel_bindings")).data
