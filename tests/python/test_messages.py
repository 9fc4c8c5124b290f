"""Signing and sealing through the layer and the generated functions, and the memory behind them."""

from __future__ import annotations

import gc

import pytest
import sspi
from sspi import _sspi

TOKEN, DATA = _sspi.SECBUFFER_TOKEN, _sspi.SECBUFFER_DATA


@pytest.mark.parametrize("size", [0, 1, 64, 1024, 1025, 70000])
def test_wrap_both_ways(pair, size):
    server, client = pair()
    data = bytes(i & 0xFF for i in range(size))
    for sender, receiver in ((server, client), (client, server)) * 2:
        wrapped = sender.wrap(data)
        assert len(wrapped) == size + 16
        assert size < 8 or data not in wrapped
        assert receiver.unwrap(memoryview(wrapped)) == data


def test_encrypt_and_sign(pair):
    server, client = pair()
    assert server.decrypt(*client.encrypt(bytearray(b"secret"))) == b"secret"
    server.verify(b"plain", client.sign(b"plain"))


@pytest.mark.parametrize("place", [0, 4, 15, 16, 20])
def test_altered_message(pair, place):
    server, client = pair()
    wrapped = bytearray(client.wrap(b"a message"))
    wrapped[place] ^= 1
    with pytest.raises(sspi.SSPIError) as caught:
        server.unwrap(wrapped)
    assert caught.value.status in (sspi.Status.SEC_E_MESSAGE_ALTERED, sspi.Status.SEC_E_OUT_OF_SEQUENCE)


def test_repeated_message(pair):
    server, client = pair()
    wrapped = client.wrap(b"once")
    assert server.unwrap(wrapped) == b"once"
    with pytest.raises(sspi.SSPIError) as caught:
        server.unwrap(wrapped)
    assert caught.value.status in (sspi.Status.SEC_E_MESSAGE_ALTERED, sspi.Status.SEC_E_OUT_OF_SEQUENCE)


@pytest.mark.parametrize("message", [b"", b"x", b"x" * 15])
def test_short_message(pair, message):
    server, _ = pair()
    with pytest.raises(sspi.SSPIError):
        server.unwrap(message)


def test_in_place_without_a_copy(pair):
    """The generated function works in the caller's own memory: a slice of one larger buffer."""
    server, client = pair()
    frame = bytearray(16 + 5)
    frame[16:] = b"hello"
    view = memoryview(frame)
    sizes = _sspi.EncryptMessage(client._handle, 0, [(TOKEN, view[:16]), (DATA, view[16:])], 0)
    assert sizes == ((TOKEN, 16, 0), (DATA, 5, None))
    assert frame[16:] != b"hello"
    status, _, qop = _sspi.DecryptMessage(server._handle, [(TOKEN, view[:16]), (DATA, view[16:])], 0)
    assert (status, qop) == (0, 0)
    assert frame[16:] == b"hello"


def test_small_signature_buffer_and_readonly_memory(pair):
    _, client = pair()
    with pytest.raises(sspi.SSPIError) as caught:
        _sspi.MakeSignature(client._handle, 0, [(DATA, b"x"), (TOKEN, bytearray(15))], 0)
    assert caught.value.status is sspi.Status.SEC_E_BUFFER_TOO_SMALL
    with pytest.raises(TypeError, match="pMessage.*writable"):
        _sspi.EncryptMessage(client._handle, 0, [(TOKEN, bytearray(16)), (DATA, b"constant")], 0)


def test_readonly_parts_of_a_message(pair):
    """A header that is signed but neither encrypted nor changed may be constant."""
    server, client = pair()
    signed = DATA | _sspi.SECBUFFER_READONLY_WITH_CHECKSUM
    token, data = bytearray(16), bytearray(b"body")
    _sspi.EncryptMessage(client._handle, 0, [(TOKEN, token), (signed, b"head"), (DATA, data)], 0)
    _sspi.DecryptMessage(server._handle, [(TOKEN, token), (signed, b"head"), (DATA, data)], 0)
    assert data == b"body"
    _sspi.EncryptMessage(client._handle, 0, [(TOKEN, token), (signed, b"head"), (DATA, data)], 0)
    with pytest.raises(sspi.SSPIError):
        _sspi.DecryptMessage(server._handle, [(TOKEN, token), (signed, b"HEAD"), (DATA, data)], 0)


# ---- memory that the library allocated ----


def test_context_buffer_outlives_close_by_its_views():
    buffer = _sspi.SspiMakeChannelBindings(b"some data")
    assert len(buffer) == 32 + 9
    view = memoryview(buffer)
    assert view.readonly
    part = view[32:]
    buffer.close()
    buffer.close()
    assert buffer.closed
    assert len(buffer) == 0
    assert bytes(part) == b"some data"
    with pytest.raises(ValueError, match="closed"):
        memoryview(buffer)
    with pytest.raises(ValueError, match="closed"):
        buffer.tobytes()
    part.release()
    view.release()
    assert "0 bytes" in repr(buffer)
    _sspi.FreeContextBuffer(buffer)
    _sspi.FreeContextBuffer(None)


def test_view_keeps_the_memory():
    view = memoryview(_sspi.SspiMakeChannelBindings(b"x" * 1000))
    gc.collect()
    assert bytes(view[32:]) == b"x" * 1000


def test_objects_cannot_be_made_or_changed_by_a_script():
    for kind in (_sspi.CredHandle, _sspi.CtxtHandle, _sspi.AccountStore, _sspi.ContextBuffer):
        with pytest.raises(TypeError):
            kind()
        with pytest.raises(TypeError):
            object.__new__(kind)
        with pytest.raises(TypeError):
            kind.extra = 1
        with pytest.raises(TypeError):
            type("Sub", (kind,), {})


def test_output_list(acceptor, initiator):
    """pOutput as a list: types to allocate, and memory of the script."""
    _, context, output, _, _ = _sspi.InitializeSecurityContext(initiator._handle, None, None, 0, 0, None, [TOKEN])
    assert len(output) == 1
    first = output[0].tobytes()
    room = bytearray(4096)
    _, context, output, _, _ = _sspi.AcceptSecurityContext(acceptor._handle, None, first, 0, 0, [(TOKEN, room)])
    assert isinstance(output[0], int)
    assert room[: output[0]].startswith(b"NTLMSSP\0\x02")
    with pytest.raises(sspi.SSPIError) as caught:
        _sspi.AcceptSecurityContext(acceptor._handle, None, first, 0, 0, [(TOKEN, bytearray(5))])
    assert caught.value.status is sspi.Status.SEC_E_BUFFER_TOO_SMALL
    assert not context.closed
