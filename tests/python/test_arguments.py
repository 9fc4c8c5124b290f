"""Every argument of every generated function x {None, wrong types, wrong values}: the exception names the argument.

The list of functions and their shapes is the generator's own, so that a new function is tested as soon as it exists.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import sspi
from sspi import _sspi

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "bindings"))

import model as shapes  # noqa: E402
from header import read_headers  # noqa: E402

MODEL = shapes.build_model(read_headers(["sspi.h", "sspi_ext.h", "schannel.h"], [ROOT / "core/include"]))
CALLS = {call.name: call for call in MODEL.calls}
KINDS = {
    "CredHandle": "CredHandle",
    "CtxtHandle": "CtxtHandle",
    "SspiAccountStore": "AccountStore",
    "void": "ContextBuffer",
}


def test_output_is_never_allocated_into_the_scripts_room(initiator):
    for flags in (0, _sspi.ISC_REQ_ALLOCATE_MEMORY):
        room = bytearray(4096)
        made = _sspi.InitializeSecurityContext(initiator._handle, None, None, flags, 0, None, [(2, room)])
        assert room.startswith(b"NTLMSSP\0"), made
    for output in ([(2, bytearray(64)), 17], [2, (17, bytearray(64))]):
        with pytest.raises(ValueError, match="leaves one buffer to the package"):
            _sspi.InitializeSecurityContext(initiator._handle, None, None, 0, 0, None, output)


def test_attribute_number(objects):
    for query, handle in (
        (_sspi.QueryContextAttributes, objects["CtxtHandle"]),
        (_sspi.QueryCredentialsAttributes, objects["CredHandle"]),
    ):
        with pytest.raises(ValueError, match="ulAttribute.*no attribute"):
            query(handle, 0x7777)


@pytest.mark.parametrize(
    "result", [(None, b"short", 0), ("x", None, 1 << 32), ("x", None, "0"), (None, b"x" * 17, 0), 5]
)
def test_lookup_of_the_module_itself(initiator, result):
    store = _sspi.SspiAccountStoreFromCallback(lambda *_: result)
    credential, _ = _sspi.AcquireCredentialsHandle(None, "NTLM", _sspi.SECPKG_CRED_INBOUND, None)
    _sspi.SspiCredentialSetAccountStore(credential, store)
    client = sspi.ClientContext(initiator)
    _, context, token, *_ = _sspi.AcceptSecurityContext(credential, None, client.step().token, 0, 0)
    with pytest.raises(sspi.SSPIError) as caught:
        _sspi.AcceptSecurityContext(credential, context, client.step(bytes(token)).token, 0, 0)
    assert caught.value.status is sspi.Status.SEC_E_NO_AUTHENTICATING_AUTHORITY
    assert isinstance(caught.value.__cause__, TypeError | ValueError)


@pytest.fixture
def objects(pair, store, acceptor) -> dict[str, Any]:
    server, _ = pair()
    return {
        "CredHandle": acceptor._handle,
        "CtxtHandle": server._handle,
        "AccountStore": store._handle,
        "ContextBuffer": _sspi.SspiMakeChannelBindings(b"data"),
    }


def good(shape: Any, objects: dict[str, Any]) -> Any:
    """A value of the right type."""
    match shape:
        case shapes.ContextStep() | shapes.HandleIn():
            return objects[KINDS[shape.kind]]
        case shapes.TextIn():
            return "NTLM"
        case shapes.BytesIn():
            return b"0123456789abcdef"
        case shapes.NumberIn():
            return 1
        case shapes.FlagIn():
            return False
        case shapes.IdentityIn():
            return ("user", "domain", "password")
        case shapes.BuffersIn():
            return [(2, bytearray(16)), (1, bytearray(4))]
        case shapes.BuffersOut():
            return [2]
        case shapes.CallbackIn():
            return lambda *_: None
    raise TypeError(shape)


def bad(shape: Any, objects: dict[str, Any]) -> list[Any]:
    """Values of wrong types, and values that do not fit."""
    thing = object()
    match shape:
        case shapes.ContextStep() | shapes.HandleIn():
            others = [o for kind, o in objects.items() if kind != KINDS[shape.kind]]
            return [thing, 0, 1, "x", b"", (), type(objects[KINDS[shape.kind]]), *others]
        case shapes.TextIn():
            return [thing, 1, 1.5, b"x", ["x"], "a\0b", "\udc80"]
        case shapes.BytesIn():
            return [thing, 1, "x", [1], memoryview(b"abcd")[::2]]
        case shapes.NumberIn():
            return [thing, "1", 1.0, b"", 1 << 32, -(1 << 31) - 1, 1 << 90] + ([] if shape.signed else [-1])
        case shapes.FlagIn():
            return [thing, 0, 1, "x"]
        case shapes.IdentityIn():
            partly = [
                ("a", "b"),
                ("a", "b", 1),
                ("a", b"b", "c"),
                (1, "b", "c"),
                ["a", "b", "c"],
                ("\udc80", None, None),
            ]
            return [thing, "user", 1, *partly]
        case shapes.BuffersIn():
            wrong_items = [
                [1],
                [(1,)],
                [(1, b"", 2)],
                [(1, 2)],
                [(1, "x")],
                [("a", b"")],
                [(-1, b"")],
                [(1 << 32, b"")],
            ]
            constant = [[(2, b"constant")]] if shape.writable else []
            return [thing, 1, "x", *wrong_items, [(2, bytearray(1))] * 17, *constant]
        case shapes.BuffersOut():
            return [thing, 1, "x", b"x", [thing], ["x"], [-1], [1 << 32], [(2, b"constant")], [2] * 17]
        case shapes.CallbackIn():
            return [thing, 1, "x", ()]
    raise TypeError(shape)


@pytest.mark.parametrize("name", CALLS)
def test_each_argument_is_named(name, objects):
    call = CALLS[name]
    function = getattr(_sspi, name)
    for position, shape in enumerate(call.inputs):
        values = bad(shape, objects) + ([] if shape.optional else [None])
        assert values
        for value in values:
            arguments = [good(s, objects) for s in call.inputs]
            arguments[position] = value
            with pytest.raises((TypeError, ValueError)) as caught:
                function(*arguments)
            assert name in str(caught.value)
            assert f"'{shape.name}'" in str(caught.value), (position, value, str(caught.value))


@pytest.mark.parametrize("name", CALLS)
def test_count_of_arguments(name, objects):
    function, inputs = getattr(_sspi, name), CALLS[name].inputs
    with pytest.raises(TypeError, match=name):
        function(*[good(s, objects) for s in inputs], None)
    if inputs and not all(s.optional for s in inputs):
        with pytest.raises(TypeError, match=name):
            function()
    with pytest.raises(TypeError):
        function(nonsense=1)


@pytest.mark.parametrize("name", [n for n, c in CALLS.items() for s in c.inputs if isinstance(s, shapes.HandleIn)])
def test_closed_objects_are_refused(name, objects):
    """All but the functions that close say so; those may be repeated."""
    call, function = CALLS[name], getattr(_sspi, name)
    for position, shape in enumerate(call.inputs):
        if not isinstance(shape, shapes.HandleIn):
            continue
        arguments = [good(s, objects) for s in call.inputs]
        arguments[position].close()
        if call.releases:
            assert function(*arguments) is None
            continue
        with pytest.raises(ValueError, match=f"'{shape.name}'.*closed"):
            function(*arguments)
        return


def test_every_function_is_there():
    public = {n for n in dir(_sspi) if callable(getattr(_sspi, n)) and not isinstance(getattr(_sspi, n), type)}
    assert public - {"set_error"} == set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_help_says_the_signature(name):
    function = getattr(_sspi, name)
    assert function.__text_signature__.startswith("(")
    assert function.__doc__
    for shape in CALLS[name].inputs:
        assert shape.name in function.__text_signature__


def test_constants_have_the_values_of_the_header():
    assert _sspi.SEC_E_LOGON_DENIED == 0x8009030C
    assert _sspi.NTLMSP_NAME == "NTLM"
    for constant in MODEL.constants:
        value = getattr(_sspi, constant.name.removesuffix("_A"))
        assert value == (
            constant.value & 0xFFFFFFFF if isinstance(constant.value, int) and constant.value < 0 else constant.value
        )


def test_set_error_takes_classes_of_exceptions():
    for wrong in (None, 1, int, BaseException):
        with pytest.raises(TypeError, match="type"):
            _sspi.set_error(wrong)
