/*
 * One line of an account file, decoded. Pure functions over borrowed bytes: fuzzed on their own.
 */
#ifndef SSPI_ACCOUNT_TEXT_LINES_H
#define SSPI_ACCOUNT_TEXT_LINES_H

#include "account/account.h"

/* Views borrow from the line. */
struct text_line {
    struct bytes user;
    struct bytes domain;   /* empty: the default domain */
    struct bytes password; /* NTLM_USER_FILE only */
    bool has_nt_hash;
    uint8_t nt_hash[ACCOUNT_NT_HASH_SIZE]; /* smbpasswd only; wiped by the owner */
    bool disabled;
    bool locked;
};

/* True for lines that hold no account: empty, blank, or a comment that begins with '#'. */
bool text_line_is_blank(struct bytes line);

/*
 * `DOMAIN:user:password`, the password being the rest of the line. On false `*why` is what is wrong with it, without a
 * secret. `line` has no line end.
 */
MUST_CHECK bool ntlm_user_file_line_decode(struct bytes line, struct text_line *out, const char **why);

/*
 * `user:uid:LM:NT:[flags]:LCT-time:`, smbpasswd(5). No hash (32 times X, NO PASSWORD) gives has_nt_hash false; flags D
 * and the trust accounts W, S, I are disabled, L is locked, N has no hash.
 */
MUST_CHECK bool smbpasswd_line_decode(struct bytes line, struct text_line *out, const char **why);

#endif
