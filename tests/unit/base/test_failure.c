/* The explanation of a failure: cut at a character, harmless for a terminal. */
#include "test.h"

#include "base/failure.h"
#include "base/utf.h"

Test(failure, gives_the_status_back)
{
    struct failure failure = {0};

    assert_status(failure_set(&failure, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD, "user %s", "alice"),
                  SEC_E_LOGON_DENIED);
    cr_assert_eq(failure.reason, SSPI_REASON_WRONG_PASSWORD);
    cr_assert_str_eq(failure.text, "user alice");
    assert_status(failure_set(NULL, SEC_E_LOGON_DENIED, 1, "%s", "x"), SEC_E_LOGON_DENIED);
}

static const char *cleaned(struct failure *failure, const char *text)
{
    failure_set(failure, SEC_E_OK, 1, "%s", text);
    return failure->text;
}

Test(failure, replaces_what_a_terminal_would_obey)
{
    struct failure failure;

    cr_assert_str_eq(cleaned(&failure, "a\nb\rc\033[2Jd\x7F"), "a?b?c?[2Jd?");
    cr_assert_str_eq(cleaned(&failure, "a\xC2\x9B"
                                       "b"),
                     "a?b", "a C1 control");
    cr_assert_str_eq(cleaned(&failure, "a\xE2\x80\xAE"
                                       "b"),
                     "a?b", "right to left override");
    cr_assert_str_eq(cleaned(&failure, "a\xE2\x80\xA8"
                                       "b"),
                     "a?b", "line separator");
    cr_assert_str_eq(cleaned(&failure, "gr\xC3\xBC\xC3\x9F"), "gr\xC3\xBC\xC3\x9F");
}

Test(failure, replaces_what_is_not_utf8)
{
    struct failure failure;

    cr_assert_str_eq(cleaned(&failure, "a\xFF\xC0\x80z\xED\xA0\x80"), "a???z???");
    cr_assert_str_eq(cleaned(&failure, "cut\xC3"), "cut?", "not cut by us, so it is malformed");
}

Test(failure, cuts_at_a_character)
{
    struct failure failure;
    char text[400];

    for (size_t lead = 0; lead < 5; lead++) {
        memset(text, 'x', lead);
        text[lead] = '\0';
        while (strlen(text) + 4 < sizeof text)
            strcat(text, "\xF0\x9F\x99\x82");
        cleaned(&failure, text);
        cr_assert(utf8_valid(bytes_of(failure.text, strlen(failure.text))));
        cr_assert_eq(strlen(failure.text), lead + (255 - lead) / 4 * 4);
        assert_mem_eq(failure.text, text, strlen(failure.text));
    }
}

Test(failure, fills_the_text_exactly)
{
    struct failure failure;
    char text[300];

    memset(text, 'y', sizeof text);
    text[299] = '\0';
    cr_assert_eq(strlen(cleaned(&failure, text)), 255);
    cr_assert_eq(strlen(cleaned(&failure, text + 44)), 255);
    cr_assert_eq(strlen(cleaned(&failure, text + 45)), 254);
}
