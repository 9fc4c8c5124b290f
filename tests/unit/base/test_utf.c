/* UTF-8, UTF-16LE, ISO 8859-1: strict both ways, and the upper case of NTLM. */
#include "test.h"

#include "base/memory.h"
#include "base/utf.h"

struct pair {
    const char *utf8;
    const char *utf16; /* hex */
};

static const struct pair pairs[] = {
    {"", ""},
    {"User", "5500730065007200"},
    {"gr\xC3\xBC\xC3\x9F", "67007200fc00df00"},
    {"\xE2\x82\xAC\xEF\xBF\xBD", "ac20fdff"},
    {"\xED\x9F\xBF\xEE\x80\x80", "ffd700e0"},
    {"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "00d800dcffdbffdf"},
    {"\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF", "7f008000ff070008ffff"},
};

Test(utf, converts_both_ways)
{
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        uint8_t expected[64], *utf16;
        size_t size = test_hex(pairs[i].utf16, expected, sizeof expected), got;
        char *utf8;

        assert_status(utf16le_from_utf8(bytes_of(pairs[i].utf8, strlen(pairs[i].utf8)), &utf16, &got), SEC_E_OK);
        cr_assert_eq(got, size);
        assert_mem_eq(utf16, expected, size);
        cr_assert_eq(utf16[size] | utf16[size + 1], 0, "terminated");
        assert_status(utf8_from_utf16le(bytes_of(utf16, got), &utf8), SEC_E_OK);
        cr_assert_str_eq(utf8, pairs[i].utf8);
        cr_assert(utf8_valid(bytes_of(utf8, strlen(utf8))));
        mem_free(utf16);
        mem_free(utf8);
    }
}

Test(utf, every_code_point_comes_back)
{
    for (uint32_t point = 1; point < 0x110000; point += point < 0x3000 ? 1 : 251) {
        uint32_t rest = point - 0x10000, next;
        uint8_t pair[4] = {(uint8_t)point, (uint8_t)(point >> 8)}, *back;
        size_t size = 2, got;
        struct bytes view;
        char *utf8;

        if (point >= 0xD800 && point < 0xE000)
            continue;
        if (point >= 0x10000) {
            uint32_t high = 0xD800 + (rest >> 10), low = 0xDC00 + (rest & 0x3FF);

            size = 4;
            pair[0] = (uint8_t)high, pair[1] = (uint8_t)(high >> 8), pair[2] = (uint8_t)low,
            pair[3] = (uint8_t)(low >> 8);
        }
        assert_status(utf8_from_utf16le(bytes_of(pair, size), &utf8), SEC_E_OK);
        view = bytes_of(utf8, strlen(utf8));
        assert_status(utf16le_from_utf8(view, &back, &got), SEC_E_OK);
        cr_assert_eq(got, size);
        assert_mem_eq(back, pair, size);
        cr_assert(utf8_next(&view, &next) && next == point && !view.size, "U+%04X", (unsigned)point);
        mem_free(utf8);
        mem_free(back);
    }
}

static const char *malformed[] = {
    "\x80", /* continuation alone */
    "\xBF",
    "a\xC3", /* cut */
    "\xE2\x82",
    "\xF0\x9F\x99",
    "\xC0\xAF", /* overlong */
    "\xC1\xBF",
    "\xE0\x80\xAF",
    "\xE0\x9F\xBF",
    "\xF0\x80\x80\xAF",
    "\xF0\x8F\xBF\xBF",
    "\xED\xA0\x80", /* surrogates */
    "\xED\xBF\xBF",
    "\xF4\x90\x80\x80", /* above U+10FFFF */
    "\xF5\x80\x80\x80",
    "\xFE",
    "\xFF",
    "\xC3(", /* no continuation */
    "\xE2\x82(",
    "\xF0\x9F(\x82",
};

Test(utf, refuses_malformed_utf8)
{
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct bytes text = bytes_of(malformed[i], strlen(malformed[i])), rest = text;
        uint8_t *utf16 = (uint8_t *)1;
        size_t size = 7;
        uint32_t character;

        cr_assert(!utf8_valid(text), "case %zu", i);
        assert_status(utf16le_from_utf8(text, &utf16, &size), SEC_E_INVALID_PARAMETER);
        cr_assert_null(utf16);
        cr_assert_eq(size, 0);
        cr_assert_null(utf8_uppercase(malformed[i]));
        cr_assert(!utf8_same_name(malformed[i], malformed[i]));
        while (rest.size && utf8_next(&rest, &character))
            continue;
        cr_assert_neq(rest.size, 0);
    }
}

Test(utf, refuses_embedded_nul)
{
    uint8_t *utf16;
    size_t size;
    char *utf8;

    cr_assert(!utf8_valid(bytes_of("a\0b", 3)));
    assert_status(utf16le_from_utf8(bytes_of("a\0b", 3), &utf16, &size), SEC_E_INVALID_PARAMETER);
    assert_status(utf8_from_utf16le(bytes_of("a\0\0\0b\0", 6), &utf8), SEC_E_INVALID_PARAMETER);
    assert_status(utf8_from_oem(bytes_of("a\0b", 3), &utf8), SEC_E_INVALID_PARAMETER);
    cr_assert_null(utf8);
}

Test(utf, refuses_malformed_utf16)
{
    static const char *cases[] = {"61",       "410061",   "00d8",     "00dc",  "00d86100",
                                  "00d800d8", "00dc00d8", "410000d8", "00d800"};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t text[16];
        size_t size = test_hex(cases[i], text, sizeof text);
        char *utf8 = (char *)1;

        assert_status(utf8_from_utf16le(bytes_of(text, size), &utf8), SEC_E_INVALID_PARAMETER);
        cr_assert_null(utf8);
    }
}

Test(utf, refuses_sizes_that_overflow)
{
    uint8_t *utf16;
    size_t size;
    char *utf8;

    assert_status(utf16le_from_utf8(bytes_of("x", SIZE_MAX / 2 + 1), &utf16, &size), SEC_E_INSUFFICIENT_MEMORY);
    assert_status(utf8_from_utf16le(bytes_of("x", SIZE_MAX - 1), &utf8), SEC_E_INSUFFICIENT_MEMORY);
    assert_status(utf8_from_oem(bytes_of("x", SIZE_MAX - 1), &utf8), SEC_E_INSUFFICIENT_MEMORY);
}

Test(utf, oem_is_latin_1)
{
    char *utf8;

    assert_status(utf8_from_oem(bytes_of("M\xDCLLER\xFF", 7), &utf8), SEC_E_OK);
    cr_assert_str_eq(utf8, "M\xC3\x9CLLER\xC3\xBF");
    mem_free(utf8);
}

Test(utf, upper_case_of_one_unit)
{
    static const uint16_t cases[][2] = {
        {'a', 'A'},
        {'z', 'Z'},
        {'A', 'A'},
        {'`', '`'},
        {'{', '{'},
        {'1', '1'},
        {0x00E0, 0x00C0},
        {0x00F6, 0x00D6},
        {0x00F7, 0x00F7},
        {0x00FE, 0x00DE},
        {0x00FF, 0x0178},
        {0x0101, 0x0100},
        {0x0100, 0x0100},
        {0x017E, 0x017D},
        {0x01C6, 0x01C4},
        {0x0253, 0x0181},
        {0x03B1, 0x0391},
        {0x03C2, 0x03A3},
        {0x03C3, 0x03A3},
        {0x0451, 0x0401},
        {0x0561, 0x0531},
        {0x1E01, 0x1E00},
        {0x1F80, 0x1F88},
        {0x2170, 0x2160},
        {0x24D0, 0x24B6},
        {0xFF41, 0xFF21},
        {0xFFFF, 0xFFFF},
        /* No capital of their own: they stay. */
        {0x00DF, 0x00DF},
        {0x00B5, 0x00B5},
        {0x0131, 0x0131},
        {0x017F, 0x017F},
        {0x0149, 0x0149},
        {0x01C5, 0x01C5},
        {0x03D0, 0x03D0},
        {0x1E9B, 0x1E9B},
        {0xFB00, 0xFB00},
        {0x10D0, 0x10D0},
        {0xAB70, 0xAB70},
        /* Halves of surrogate pairs. */
        {0xD801, 0xD801},
        {0xDC28, 0xDC28},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(utf16_upper(cases[i][0]), cases[i][1], "U+%04X", cases[i][0]);
}

Test(utf, upper_case_is_final_and_keeps_ascii_apart)
{
    for (uint32_t unit = 0; unit < 0x10000; unit++) {
        uint16_t upper = utf16_upper((uint16_t)unit);

        cr_assert_eq(utf16_upper(upper), upper, "U+%04X", (unsigned)unit);
        cr_assert((upper < 0x80) == (unit < 0x80), "U+%04X", (unsigned)unit);
    }
}

Test(utf, upper_cases_utf16_in_place)
{
    uint8_t text[] = {'u', 0, 0xFC, 0, 0x42, 0x04, 0x01, 0xD8, 0x28, 0xDC, 'x'};
    static const uint8_t expected[] = {'U', 0, 0xDC, 0, 0x22, 0x04, 0x01, 0xD8, 0x28, 0xDC, 'x'};

    utf16le_uppercase(text, sizeof text); /* the odd byte at the end stays */
    assert_mem_eq(text, expected, sizeof text);
    utf16le_uppercase(NULL, 0);
}

static void assert_upper(const char *text, const char *expected)
{
    char *upper = utf8_uppercase(text);

    cr_assert_not_null(upper);
    cr_assert_str_eq(upper, expected);
    cr_assert(utf8_same_name(text, expected));
    mem_free(upper);
}

Test(utf, names_compare_without_case)
{
    assert_upper("", "");
    assert_upper("alice", "ALICE");
    assert_upper("m\xC3\xBCller\xC3\xBF\xC3\x9F", "M\xC3\x9CLLER\xC5\xB8\xC3\x9F");
    assert_upper("\xC9\x90\xC9\x90\xC9\x90", "\xE2\xB1\xAF\xE2\xB1\xAF\xE2\xB1\xAF"); /* two bytes become three */
    assert_upper("\xF0\x90\x90\xA8", "\xF0\x90\x90\xA8");                             /* code unit by code unit */
    cr_assert(utf8_same_name("Alice", "aLICE"));
    cr_assert(!utf8_same_name("Alice", "Alic"));
    cr_assert(!utf8_same_name("Alic", "Alice"));
    cr_assert(!utf8_same_name("alice", "bob"));
    cr_assert(!utf8_same_name("adm\xC4\xB1n", "admin"), "dotless i is another letter");
    cr_assert(!utf8_same_name("\xC5\xBF"
                              "am",
                              "sam"),
              "long s too");
}
