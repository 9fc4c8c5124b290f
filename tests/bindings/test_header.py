"""The parser of headers: declarations, annotations, comments, conditions, constants."""

from __future__ import annotations

import pytest
from header import Annotation, CType, HeaderError


def test_function(parse):
    header = parse("""
/**
 * Adds one. And more
 * of it.
 */
SSPI_API SECURITY_STATUS SEC_ENTRY Add(
    _In_ SspiAccountStore *store,
    _In_opt_z_ const char *domain,
    _In_reads_bytes_(password_size) const void *password,
    _In_ unsigned long password_size);
""")
    function = header.functions["Add"]
    assert function.comment == "Adds one. And more\nof it."
    assert function.result == CType("SECURITY_STATUS")
    assert [p.name for p in function.parameters] == ["store", "domain", "password", "password_size"]
    assert function.parameters[1].type == CType("char", 1, True)
    assert function.parameters[2].annotations == [Annotation("_In_reads_bytes_", ("password_size",))]
    assert function.parameters[3].type == CType("unsigned long")


def test_no_parameters_and_no_export(parse):
    header = parse("SSPI_API ULONG Reason(void);\nstatic inline int hidden(void) { return 1; }\n")
    assert header.functions["Reason"].parameters == []
    assert list(header.functions) == ["Reason"]


def test_structure(parse):
    header = parse("""
#define SIZE 4
/** One thing. */
typedef struct _Thing {
    ULONG Size;          /**< bytes */
    _Field_size_bytes_(Size) UCHAR *Data;
    UCHAR Hash[SIZE * 2];
    const char *Name;    /**< UTF-8,
                              terminated */
} Thing, *PThing;
""")
    thing = header.structs["Thing"]
    assert thing.comment == "One thing."
    assert [(m.name, m.array, m.comment) for m in thing.members] == [
        ("Size", None, "bytes"), ("Data", None, ""), ("Hash", 8, ""), ("Name", None, "UTF-8, terminated"),
    ]  # fmt: skip
    assert header.resolve(CType("PThing")) == CType("Thing", 1)


def test_enumeration(parse):
    header = parse("typedef enum _E { A, B = 5, C, /* last */ D = B + 10 } E, *PE;")
    assert [header.constants[n].value for n in header.enums["E"]] == [0, 5, 6, 15]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7), ("0x10", 16), ("010", 8), ("5ul", 5), ("(1 << 3) | 2", 10), ("~0x0F & 0xFF", 0xF0), ("-1", -1),
        ("((SECURITY_STATUS)0x8009030C)", -2146893044), ("((ULONG)-1)", 0xFFFFFFFF), ("FIRST + 1", 4),
        ('"text"', "text"), ("7 / 2 * 2 % 4", 2), ("1 == 1 && 2 > 3 || !0", 1),
    ],
)  # fmt: skip
def test_constants(parse, text, value):
    header = parse(f"#define FIRST 3\n#define IT {text} /* the sense */\n")
    assert header.constants["IT"].value == value
    assert header.constants["IT"].comment == "the sense"


@pytest.mark.parametrize("text", ['u"wide"', "TEXT(x)", "{1, 2}", "UNKNOWN_NAME", "__attribute__((x))", ""])
def test_macros_that_are_no_constants(parse, text):
    assert "IT" not in parse(f"#define IT {text}\n").constants


def test_conditions(parse):
    header = parse("""
#define YES 1
#ifdef UNICODE
#define W 1
#else
#define W 2
#endif
#if defined(YES) && (YES > 0 || defined NO)
#define IF 1
#elif YES
#define IF 2
#endif
#if 0
this is not C
#elif YES
#define ELIF 1
#else
#define ELIF 2
#endif
#ifndef YES
#error "no"
#endif
""")
    assert [header.constants[n].value for n in ("W", "IF", "ELIF")] == [2, 1, 1]


def test_doc_comment_before_a_constant(parse):
    header = parse("/** Done. */\n#define SEC_E_OK ((SECURITY_STATUS)0)\n/* no doc */\n#define OTHER 1\n")
    assert header.constants["SEC_E_OK"].comment == "Done."
    assert header.constants["SEC_E_OK"].ctype == "SECURITY_STATUS"
    assert header.constants["OTHER"].comment == ""


def test_callback_type(parse):
    header = parse("typedef void(SEC_ENTRY *EVENT_FN)(_In_opt_ void *argument, _In_ const char *event);")
    callback = header.callbacks["EVENT_FN"]
    assert [p.name for p in callback.parameters] == ["argument", "event"]


@pytest.mark.parametrize(
    "text", ["int variable;", "typedef unknown words all over the place;", "SSPI_API int f(int a b c);"]
)
def test_what_it_does_not_know_stops_it(parse, text):
    with pytest.raises(HeaderError, match=r"tiny\.h"):
        parse(text)


def test_unclosed_condition(parse):
    with pytest.raises(HeaderError, match="conditional"):
        parse("#if 1\n")
