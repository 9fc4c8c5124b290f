#include "api/context_buffer.h"
#include "api/text.h"
#include "base/memory.h"
#include "trial.h"

Test(ansi, counted_text)
{
    SEC_WCHAR wide[] = {'A', 0xD83D, 0xDE00};
    char *text = NULL;

    assert_status(text_from_counted(true, wide, 3, &text), SEC_E_OK);
    cr_assert_str_eq(text, "A\xF0\x9F\x98\x80");
    mem_free(text);
    assert_status(text_from_counted(true, wide, 2, &text), SEC_E_INVALID_PARAMETER);
    cr_assert_null(text);
    assert_status(text_from_counted(false, "abc", 2, &text), SEC_E_OK);
    cr_assert_str_eq(text, "ab");
    mem_free(text);
    assert_status(text_from_counted(false, "a\0b", 3, &text), SEC_E_INVALID_PARAMETER);
    assert_status(text_from_counted(false, NULL, 0, &text), SEC_E_OK);
    cr_assert_null(text);
    assert_status(text_from_counted(false, NULL, 1, &text), SEC_E_INVALID_PARAMETER);
    assert_status(text_from_counted(false, "", 0, &text), SEC_E_OK);
    cr_assert_str_eq(text, "");
    mem_free(text);
}

Test(ansi, text_that_is_too_long)
{
    static SEC_WCHAR wide[TEXT_MAX + 2];
    static char ansi[TEXT_MAX + 2];
    char *text;

    for (size_t i = 0; i <= TEXT_MAX; i++)
        wide[i] = 'a', ansi[i] = 'a';
    assert_status(text_from_wide(wide, &text), SEC_E_INVALID_PARAMETER);
    assert_status(text_check_ansi(ansi), SEC_E_INVALID_PARAMETER);
    wide[TEXT_MAX] = 0;
    ansi[TEXT_MAX] = '\0';
    assert_status(text_from_wide(wide, &text), SEC_E_OK);
    cr_assert_eq(strlen(text), TEXT_MAX);
    mem_free(text);
    assert_status(text_check_ansi(ansi), SEC_E_OK);
    assert_status(text_check_ansi(NULL), SEC_E_OK);
}

Test(ansi, text_for_the_caller)
{
    SEC_WCHAR *wide;
    void *out;

    assert_status(text_to_caller(true, "\xC3\xA9", (void **)&wide), SEC_E_OK);
    cr_assert(wide[0] == 0xE9 && wide[1] == 0);
    cr_assert(context_buffer_free(wide));
    assert_status(text_to_caller(false, "\xC3\xA9", &out), SEC_E_OK);
    cr_assert_str_eq((char *)out, "\xC3\xA9");
    cr_assert(context_buffer_free(out));
    assert_status(text_to_caller(true, "\xC3", &out), SEC_E_INTERNAL_ERROR);
    cr_assert_null(out);
    assert_status(text_store(false, "abc", (char[3]){0}, 3), SEC_E_INTERNAL_ERROR);
    assert_status(text_store(true, "abc", (SEC_WCHAR[3]){0}, 6), SEC_E_INTERNAL_ERROR);
}
