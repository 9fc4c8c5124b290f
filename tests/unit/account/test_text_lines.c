/*
 * The two line formats: what is read, and what is refused at any place.
 */
#include "account/text_lines.h"

#include <stdio.h>

#include "support_account.h"

static bool user_file(const char *line, struct text_line *out)
{
    const char *why = NULL;
    bool decoded = ntlm_user_file_line_decode(bytes_of(line, strlen(line)), out, &why);

    cr_assert_eq(decoded, why == NULL);
    return decoded;
}

static bool smbpasswd(const char *line, struct text_line *out)
{
    const char *why = NULL;
    bool decoded = smbpasswd_line_decode(bytes_of(line, strlen(line)), out, &why);

    cr_assert_eq(decoded, why == NULL);
    return decoded;
}

static bool is(struct bytes view, const char *text)
{
    return view.size == strlen(text) && memcmp(view.data, text, view.size) == 0;
}

Test(text_lines, a_user_file_line_has_domain_user_and_the_rest_is_the_password)
{
    struct text_line line;

    cr_assert(user_file("EX:alice:pass:word ", &line));
    cr_assert(is(line.domain, "EX") && is(line.user, "alice") && is(line.password, "pass:word "));
    cr_assert(user_file(":bob:x", &line));
    cr_assert(line.domain.size == 0 && is(line.user, "bob"));
}

Test(text_lines, a_user_file_line_is_refused_if_anything_is_wrong)
{
    static const char *const bad[] = {"",          "EX",       "EX:alice",      "EX:alice:",          "EX::pw",
                                      "::",        ":",        "EX:al\tice:pw", "EX:al\xC0\x80ice:p", "\x01:a:b",
                                      "EX:a:\xFF", "EX:\x7F:p"};
    struct text_line line;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert(!user_file(bad[i], &line), "\"%s\"", bad[i]);
}

Test(text_lines, names_and_passwords_have_a_limit)
{
    char text[ACCOUNT_PASSWORD_LIMIT + 64];
    struct text_line line;

    snprintf(text, sizeof text, "EX:%0*d:pw", ACCOUNT_NAME_LIMIT, 1);
    cr_assert(user_file(text, &line));
    snprintf(text, sizeof text, "EX:%0*d:pw", ACCOUNT_NAME_LIMIT + 1, 1);
    cr_assert(!user_file(text, &line));
    snprintf(text, sizeof text, "EX:a:%0*d", ACCOUNT_PASSWORD_LIMIT, 1);
    cr_assert(user_file(text, &line));
    snprintf(text, sizeof text, "EX:a:%0*d", ACCOUNT_PASSWORD_LIMIT + 1, 1);
    cr_assert(!user_file(text, &line));
}

#define NO_LM "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX"

Test(text_lines, a_smbpasswd_line_has_the_hash_and_the_flags)
{
    struct text_line line;
    uint8_t hash[16];

    test_hex(ALICE_NT_HASH, hash, sizeof hash);
    cr_assert(smbpasswd("alice:1000:" NO_LM ":" ALICE_NT_HASH ":[U          ]:LCT-65920080:", &line));
    cr_assert(is(line.user, "alice") && line.domain.size == 0 && line.has_nt_hash && !line.disabled && !line.locked);
    assert_mem_eq(line.nt_hash, hash, sizeof hash);
    cr_assert(smbpasswd("bob:0:" NO_LM ":a87f3a337d73085c45f9416be5787d86:[UD         ]", &line));
    cr_assert(line.disabled && line.has_nt_hash);
    assert_mem_eq(line.nt_hash, hash, sizeof hash);
    cr_assert(smbpasswd("c:0:" NO_LM ":" ALICE_NT_HASH ":[UL         ]:LCT-65920080", &line));
    cr_assert(line.locked && !line.disabled);
    cr_assert(smbpasswd("host$:0:" NO_LM ":" ALICE_NT_HASH ":[W          ]:LCT-65920080:", &line));
    cr_assert(line.disabled);
}

Test(text_lines, a_smbpasswd_account_without_hash_or_password_has_no_key)
{
    struct text_line line;

    cr_assert(smbpasswd("a:0:" NO_LM ":" NO_LM ":[U          ]:LCT-00000000:", &line));
    cr_assert(!line.has_nt_hash);
    cr_assert(smbpasswd("a:0:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:NO PASSWORDXXXXXXXXXXXXXXXXXXXXX:[NU         ]", &line));
    cr_assert(!line.has_nt_hash);
    cr_assert(smbpasswd("a:0:" NO_LM ":" ALICE_NT_HASH ":[NU         ]", &line));
    cr_assert(!line.has_nt_hash);
}

Test(text_lines, a_smbpasswd_line_is_refused_if_anything_is_wrong)
{
    static const char *const bad[] = {
        "",
        "alice",
        "alice:1000",
        "alice:1000:" NO_LM,
        "alice:1000:" NO_LM ":" ALICE_NT_HASH,
        "alice:1000:" NO_LM ":" ALICE_NT_HASH ":",
        ":1000:" NO_LM ":" ALICE_NT_HASH ":[U]",
        "alice::" NO_LM ":" ALICE_NT_HASH ":[U]",
        "alice:-1:" NO_LM ":" ALICE_NT_HASH ":[U]",
        "alice:1000::" ALICE_NT_HASH ":[U]",
        "alice:1000:" NO_LM "::[U]",
        "alice:1000:" NO_LM ":A87F3A337D73085C45F9416BE5787D8:[U]",
        "alice:1000:" NO_LM ":A87F3A337D73085C45F9416BE5787D866:[U]",
        "alice:1000:" NO_LM ":A87F3A337D73085C45F9416BE5787D8G:[U]",
        "alice:1000:" NO_LM ":31D6CFE0D16AE931B73C59D7E0C089C0:[U]",
        "alice:1000:" NO_LM ":" ALICE_NT_HASH ":U",
        "alice:1000:" NO_LM ":" ALICE_NT_HASH ":[U",
        "alice:1000:" NO_LM ":" ALICE_NT_HASH ":[Uq]",
        "alice:1000:" NO_LM ":" ALICE_NT_HASH ":[U]:LCT-6592008:",
        "alice:1000:" NO_LM ":" ALICE_NT_HASH ":[U]:LCT-6592008Z:",
        "alice:1000:" NO_LM ":" ALICE_NT_HASH ":[U]:LCT-65920080:more",
        "al\x01ice:1000:" NO_LM ":" ALICE_NT_HASH ":[U]",
    };
    struct text_line line;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        cr_assert(!smbpasswd(bad[i], &line), "\"%s\"", bad[i]);
}

Test(text_lines, every_prefix_of_a_smbpasswd_line_without_its_flags_is_refused)
{
    static const char whole[] = "alice:1000:" NO_LM ":" ALICE_NT_HASH ":[U          ]";
    const char *why;
    struct text_line line;

    for (size_t size = 0; size < sizeof whole - 1; size++)
        cr_assert(!smbpasswd_line_decode(bytes_of(whole, size), &line, &why), "%zu bytes", size);
    cr_assert(smbpasswd(whole, &line));
}

Test(text_lines, blank_lines_and_comments_hold_no_account)
{
    cr_assert(text_line_is_blank(bytes_of("", 0)));
    cr_assert(text_line_is_blank(bytes_of(" \t", 2)));
    cr_assert(text_line_is_blank(bytes_of("# a:b:c", 7)));
    cr_assert(!text_line_is_blank(bytes_of("a", 1)));
    cr_assert(!text_line_is_blank(bytes_of(" # a", 4)));
}
