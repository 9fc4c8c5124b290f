/*
 * text.c: names between the wire, the inside and fixed buffers.
 */
#include "support_ntlm.h"

Test(ntlm_text, decodes_by_charset)
{
    char *text;

    assert_status(ntlm_text_decode(bytes_of("j\0\xf6\0r\0g\0", 8), NTLM_UNICODE, &text), SEC_E_OK);
    cr_assert_str_eq(text, "j\xc3\xb6rg");
    mem_free(text);
    assert_status(ntlm_text_decode(bytes_of("j\xf6rg", 4), NTLM_OEM, &text), SEC_E_OK);
    cr_assert_str_eq(text, "j\xc3\xb6rg");
    mem_free(text);
    assert_status(ntlm_text_decode(bytes_of("abc", 3), NTLM_UNICODE | NTLM_OEM, &text), SEC_E_INVALID_TOKEN);
    cr_assert_null(text);
    assert_status(ntlm_text_decode(bytes_of("a\0b", 3), NTLM_OEM, &text), SEC_E_INVALID_TOKEN);
    cr_assert_null(text);
}

Test(ntlm_text, joins_domain_and_user)
{
    static const char *const rows[][3] = {{"D", "u", "D\\u"}, {"", "u", "u"}, {"D", "", "D\\"}, {"", "", ""}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *joined = ntlm_text_join(rows[i][0], rows[i][1]);

        cr_assert_not_null(joined);
        cr_assert_str_eq(joined, rows[i][2]);
        mem_free(joined);
    }
}

/* A cut never leaves half a character. */
Test(ntlm_text, copies_into_fixed_room)
{
    static const char *const expected[] = {
        "", "a", "a", "a\xc3\xb6", "a\xc3\xb6", "a\xc3\xb6", "a\xc3\xb6\xe2\x82\xac", "a\xc3\xb6\xe2\x82\xac"};
    char out[16];

    for (size_t size = 1; size <= 8; size++) {
        memset(out, '#', sizeof out);
        ntlm_text_copy(out, size, "a\xc3\xb6\xe2\x82\xac");
        cr_assert_str_eq(out, expected[size - 1]);
        cr_assert_eq(out[size], '#');
    }
}
