"""Shapes: one golden case each, and an error that names function and parameter for whatever has none."""

from __future__ import annotations

import model as shapes
import overrides
import pytest

API = "SSPI_API SECURITY_STATUS SEC_ENTRY "


def one(model, text):
    return model(API + text).calls[0]


INPUTS = [
    ("_In_ PCredHandle x", shapes.HandleIn("x", False, "CredHandle")),
    ("_In_opt_ PCtxtHandle x", shapes.HandleIn("x", True, "CtxtHandle")),
    ("_In_ SspiAccountStore *x", shapes.HandleIn("x", False, "SspiAccountStore")),
    ("_In_z_ const char *x", shapes.TextIn("x")),
    ("_In_opt_z_ SEC_CHAR *x", shapes.TextIn("x", True)),
    ("_In_reads_bytes_(n) const void *x, _In_ ULONG n", shapes.BytesIn("x", False, "n")),
    ("_In_ ULONG x", shapes.NumberIn("x")),
    ("_In_ LONG x", shapes.NumberIn("x", signed=True)),
    ("_In_ BOOL x", shapes.FlagIn("x")),
    ("_In_ BOOLEAN x", shapes.FlagIn("x")),
    ("_In_opt_ PSecBufferDesc x", shapes.BuffersIn("x", True)),
    ("_Inout_ PSecBufferDesc x", shapes.BuffersIn("x", False, 1)),
]


@pytest.mark.parametrize(("text", "shape"), INPUTS)
def test_inputs(model, text, shape):
    call = one(model, f"F({text});")
    assert call.inputs == [shape]
    assert [name for name, _ in call.arguments] == [p.name for p in call.function.parameters]


OUTPUTS = [
    ("_Out_ PCredHandle x", shapes.HandleOut("x", "CredHandle")),
    ("_Outptr_ SspiAccountStore **x", shapes.HandleOut("x", "SspiAccountStore")),
    ("_Out_ ULONG *x", shapes.NumberOut("x")),
    ("_Out_opt_ PULONG x", shapes.NumberOut("x")),
    ("_Out_opt_ PTimeStamp x", shapes.TimeOut("x")),
    ("_Outptr_result_z_ char **x", shapes.TextOut("x")),
    ("_Out_ ULONG *n, _Outptr_result_bytebuffer_(*n) UCHAR **x", shapes.BytesOut("x", "n", "unsigned char *")),
]


@pytest.mark.parametrize(("text", "shape"), OUTPUTS)
def test_outputs(model, text, shape):
    assert one(model, f"F({text});").outputs == [shape]


ROW = """
/** A row. */
typedef struct _Inner { USHORT Small; } Inner, *PInner;
typedef struct _RowA {
    ULONG Count;
    SECURITY_STATUS Status;
    TimeStamp Time;
    SEC_CHAR *Name;
    ULONG Length;
    _Field_size_bytes_(Length) UCHAR *Data;
    PInner Inside;
} RowA, *PRowA;
typedef struct _RowW { SEC_WCHAR *Name; } RowW, *PRowW;
"""


def test_structures(model):
    made = model(ROW + API + "F(_Out_ ULONG *n, _Outptr_result_buffer_(*n) PRowA *x);")
    assert made.calls[0].outputs == [shapes.RowsOut("x", "RowA", "n")]
    row = made.rows["RowA"]
    assert row.name == "Row"
    assert [(f.name, f.kind, f.width) for f in row.fields] == [
        ("Count", "UNSIGNED", 4), ("Status", "STATUS", 4), ("Time", "TIME", 0), ("Name", "TEXT", 0),
        ("Data", "BYTES", 4), ("Inside", "ROW", 0),
    ]  # fmt: skip
    assert row.fields[4].size_member == "Length"
    assert row.fields[5].row == "Inner"
    assert model(ROW + API + "F(_Outptr_ PRowA *x);").calls[0].outputs == [shapes.RowOut("x", "RowA")]


def test_narrow_and_wide_forms(model):
    made = model(
        f"/** Does it. */\n{API}FW(_In_z_ SEC_WCHAR *x);\n/** UTF-8 form of FW. */\n{API}FA(_In_z_ SEC_CHAR *x);"
    )
    assert [c.name for c in made.calls] == ["F"]
    assert made.calls[0].function.comment == "Does it."


def test_step_of_a_context(model):
    made = one(
        model,
        "AcceptSecurityContext(_In_opt_ PCredHandle phCredential, _Inout_opt_ PCtxtHandle phContext,"
        " _In_ ULONG fContextReq, _Inout_opt_ PCtxtHandle phNewContext, _Inout_opt_ PSecBufferDesc pOutput);",
    )
    assert [type(i).__name__ for i in made.inputs] == ["HandleIn", "ContextStep", "NumberIn", "BuffersOut"]
    assert [type(o).__name__ for o in made.outputs] == ["ContextResult", "TokenResult"]
    assert [name for name, _ in made.arguments] == [p.name for p in made.function.parameters]


def test_attributes_come_from_the_comments_of_their_numbers(model):
    made = model("""
#define SECPKG_ATTR_SIZES 0 /* SecPkgContext_Sizes */
#define SECPKG_ATTR_NONE 1 /* nothing */
typedef struct _SecPkgContext_Sizes { ULONG cbMaxToken; } SecPkgContext_Sizes;
""")
    assert [(c.name, row) for c, row in made.attributes["context"]] == [("SECPKG_ATTR_SIZES", "SecPkgContext_Sizes")]
    with pytest.raises(shapes.ShapeError, match="SECPKG_ATTR_X.*SecPkgContext_X"):
        model("#define SECPKG_ATTR_X 9 /* SecPkgContext_X */\n")


@pytest.mark.parametrize(
    "text",
    [
        "F(_In_ void *x);",
        "F(ULONG x);",
        "F(_In_ ULONG **x);",
        "F(_In_ USHORT x);",
        "F(_Out_ void *x);",
        "F(_Outptr_ void **x);",
        "F(_In_z_ SEC_WCHAR *x);",
        "F(_Out_writes_bytes_(n) void *x, _In_ ULONG n);",
        "F(_In_ UNKNOWN x);",
        "F(_In_ PSecBuffer x);",
    ],
)
def test_no_shape_stops_with_names(model, text):
    with pytest.raises(shapes.ShapeError, match="F: parameter x"):
        one(model, text)


def test_result_without_a_shape(model):
    with pytest.raises(shapes.ShapeError, match="F: the result"):
        model("SSPI_API void *SEC_ENTRY F(void);")


@pytest.mark.parametrize("member", ["void *x;", "UCHAR x[4];", "ULONG *x;", "UNKNOWN x;"])
def test_member_without_a_shape(model, member):
    with pytest.raises(shapes.ShapeError, match="Row: member x"):
        model(f"typedef struct _Row {{ {member} }} Row, *PRow;\n{API}F(_Outptr_ PRow *y);")


def test_every_exception_is_about_something_that_exists():
    """An entry in overrides.py that names nothing would hide a change of the header."""
    from header import read_headers
    from tiny import ROOT

    header = read_headers(["sspi.h", "sspi_ext.h", "schannel.h"], [ROOT / "core/include"])
    named = (
        set(overrides.LEFT_OUT) | set(overrides.ROLES) | set(overrides.RELEASES) | overrides.REPORTS_STATUS
        | overrides.READS_DATA | set(overrides.KEEPS) | set(overrides.OWNS_CALLBACK) | overrides.BRIEF
        | overrides.BRIEF_MESSAGES
    )  # fmt: skip
    assert named <= set(header.functions)
    assert set(overrides.ATTRIBUTES_LEFT_OUT) <= set(header.constants)
    for name, roles in overrides.ROLES.items():
        assert set(roles) <= {p.name for p in header.functions[name].parameters}
