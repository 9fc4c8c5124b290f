/*
 * Whole account files: one bad line, wherever it is, makes the file useless, and the explanation says which line.
 */
#include "account/text_file.h"

#include <stdio.h>

#include "support_account.h"

static SECURITY_STATUS parse(const char *text, size_t size, enum text_format format, struct failure *failure)
{
    struct account_table *table = account_table_new();
    SECURITY_STATUS status;

    cr_assert_not_null(table);
    status = text_accounts_parse(bytes_of(text, size), format, "/etc/users", table, failure);
    account_table_release(table);
    return status;
}

static void assert_refused_at(const char *text, size_t size, int line)
{
    struct failure failure = {0};
    char place[32];

    assert_status(parse(text, size, NTLM_USER_FILE_FORMAT, &failure), SEC_E_NO_CREDENTIALS);
    cr_assert_eq(failure.reason, SSPI_REASON_STORE_UNAVAILABLE);
    snprintf(place, sizeof place, "line %d ", line);
    cr_assert(strstr(failure.text, "/etc/users") && strstr(failure.text, place), "%s", failure.text);
}

#define GOOD_LINES 40

/* GOOD_LINES lines with `bad` in place of line `at` (1 is the first). */
static size_t text_with(const char *bad, size_t bad_size, int at, char *text)
{
    size_t used = 0;

    for (int i = 1; i <= GOOD_LINES; i++) {
        if (i == at) {
            memcpy(text + used, bad, bad_size);
            used += bad_size;
        } else {
            used += (size_t)sprintf(text + used, "EX:user%d:pw%d", i, i);
        }
        text[used++] = '\n';
    }
    return used;
}

Test(text_parse, a_bad_line_anywhere_is_named)
{
    static const struct {
        const char *text;
        size_t size;
    } bad[] = {{"nonsense", 8},  {"EX:user:", 8}, {"EX::pw", 6}, {"EX:us\0er:pw", 11},    {"\0", 1},
               {"EX:a:\xFF", 6}, {":", 1},        {"#\0", 2},    {"EX:dev\\root:pw", 14}, {"EX\\dev:root:pw", 14}};
    static char text[GOOD_LINES * 64];

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        for (int at = 1; at <= GOOD_LINES; at++)
            assert_refused_at(text, text_with(bad[i].text, bad[i].size, at, text), at);
}

Test(text_parse, an_over_long_line_is_named_and_the_longest_is_not)
{
    static char text[2 * TEXT_LINE_LIMIT];
    struct failure failure = {0};

    text[0] = '#';
    memset(text + 1, ' ', TEXT_LINE_LIMIT);
    text[TEXT_LINE_LIMIT] = '\n';
    assert_status(parse(text, TEXT_LINE_LIMIT + 1, NTLM_USER_FILE_FORMAT, &failure), SEC_E_OK);
    text[TEXT_LINE_LIMIT] = ' ';
    text[TEXT_LINE_LIMIT + 1] = '\n';
    assert_refused_at(text, TEXT_LINE_LIMIT + 2, 1);
    assert_refused_at(text, TEXT_LINE_LIMIT + 1, 1);
}

Test(text_parse, an_account_that_is_repeated_is_named)
{
    static const char twice[] = "EX:alice:a\nEX:bob:b\n\n:alice:c\nex:ALICE:a\n";

    assert_refused_at(twice, sizeof twice - 1, 5);
}

Test(text_parse, blank_lines_comments_and_missing_ends_are_fine)
{
    static const char *const fine[] = {"", "\n", "\r\n", "#", "# x\n \t \n", "EX:a:b", "EX:a:b\r\n", "EX:a:b\n\n\n"};

    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        struct failure failure = {0};
        assert_status(parse(fine[i], strlen(fine[i]), NTLM_USER_FILE_FORMAT, &failure), SEC_E_OK);
    }
}

Test(text_parse, an_explanation_never_holds_the_password)
{
    static const char *const bad[] = {"EX:alice:hunter2\xFF\n", "EX:al\x01ice:hunter2\n",
                                      "EX:a:hunter2\nEX:a:hunter2\n", "EX::hunter2\n"};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct failure failure = {0};

        assert_status(parse(bad[i], strlen(bad[i]), NTLM_USER_FILE_FORMAT, &failure), SEC_E_NO_CREDENTIALS);
        cr_assert_null(strstr(failure.text, "hunter2"), "%s", failure.text);
    }
}

Test(text_parse, a_byte_order_mark_is_part_of_no_name)
{
    static const char text[] = "\xEF\xBB\xBF"
                               "EX:alice:pw\n",
                      twice[] = "\xEF\xBB\xBF\xEF\xBB\xBF"
                                "#\n",
                      later[] = "#\n\xEF\xBB\xBF#\n";
    struct account_table *table = account_table_new();
    struct failure failure = {0};

    assert_status(
        text_accounts_parse(bytes_of(text, sizeof text - 1), NTLM_USER_FILE_FORMAT, "/etc/users", table, &failure),
        SEC_E_OK);
    cr_assert_not_null(account_table_exact(table, "alice", "EX"));
    account_table_release(table);
    assert_refused_at(twice, sizeof twice - 1, 1);
    assert_refused_at(later, sizeof later - 1, 2);
}
