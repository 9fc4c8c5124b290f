#include "base/live.h"
#include "doubles.h"
#include "identity/token.h"
#include "test.h"

/* Two rows and their strings, as SspiListIdentity gives them. */
static struct {
    SSPI_IDENTITY_FIELD rows[2];
    char text[32];
} piece = {.text = "name\0EXAMPLE\\alice\0group\0"};

static const struct token *made(void)
{
    piece.rows[0] = (SSPI_IDENTITY_FIELD){piece.text, piece.text + 5, 0};
    piece.rows[1] = (SSPI_IDENTITY_FIELD){piece.text + 19, piece.text + 24, 7};
    return token_new(piece.rows, 2, sizeof piece);
}

Test(token, keeps_copies_of_rows_and_strings)
{
    const struct token *token = made();

    cr_assert_not_null(token);
    piece.text[5] = 'X';
    cr_assert_eq(token->count, 2);
    cr_assert_str_eq(token->rows[0].Name, "name");
    cr_assert_str_eq(token->rows[0].Value, "EXAMPLE\\alice");
    cr_assert_str_eq(token->rows[1].Name, "group");
    cr_assert_str_eq(token->rows[1].Value, "");
    cr_assert_eq(token->rows[1].Number, 7);
    piece.text[5] = 'E';
    cr_assert(token_close(token));
    cr_assert_eq(live_count(), 0);
}

Test(token, lives_until_its_last_reference_is_gone)
{
    const struct token *token = made();
    int other = 0;

    cr_assert_eq(token_hold(token), token);
    cr_assert(token_close(token));
    cr_assert_not(token_close(token)); /* the other reference is not the program's */
    cr_assert_null(token_hold(token));
    cr_assert_str_eq(token->rows[0].Name, "name");
    token_release(token);
    cr_assert_not(token_close(token));
    cr_assert_null(token_hold(token));
    cr_assert_null(token_hold(NULL));
    cr_assert_null(token_hold(&other));
    cr_assert_eq(live_count(), 0);
}

Test(token, without_memory_there_is_none)
{
    for (size_t nth = 1; nth <= 2; nth++) {
        memory_fail_at(nth);
        cr_assert_null(made());
        memory_fail_at(0);
    }
    cr_assert_eq(live_count(), 0);
}
