/*
 * The two line formats of text_file.c. A line that is not exactly right is refused: a guess could let somebody in.
 */
#include "account/text_lines.h"

#include <string.h>

#include "base/cursor.h"
#include "base/secret.h"
#include "base/utf.h"

#define HASH_DIGITS ((size_t)2 * ACCOUNT_NT_HASH_SIZE)

bool text_line_is_blank(struct bytes line)
{
    size_t i = 0;

    while (i < line.size && (line.data[i] == ' ' || line.data[i] == '\t'))
        i++;
    return i == line.size || line.data[0] == '#';
}

/* What comes before the next ':' or, if `last` allows, before the end. */
static bool field_take(struct cursor *in, bool last, struct bytes *field)
{
    const uint8_t *colon = in->rest.size ? memchr(in->rest.data, ':', in->rest.size) : NULL;
    size_t size = colon ? (size_t)(colon - in->rest.data) : in->rest.size;

    if (!colon && !last)
        return false;
    return cursor_take(in, size, field) && (!colon || cursor_skip(in, 1));
}

static bool name_acceptable(struct bytes name)
{
    if (name.size > ACCOUNT_NAME_LIMIT || !utf8_valid(name))
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] < ' ' || name.data[i] == 0x7F || name.data[i] == '\\')
            return false;
    return true;
}

static bool refuse(const char **why, const char *what)
{
    *why = what;
    return false;
}

bool ntlm_user_file_line_decode(struct bytes line, struct text_line *out, const char **why)
{
    struct cursor in = cursor_over(line);

    *out = (struct text_line){0};
    if (!field_take(&in, false, &out->domain) || !field_take(&in, false, &out->user))
        return refuse(why, "is not DOMAIN:user:password");
    out->password = in.rest;
    if (out->user.size == 0)
        return refuse(why, "has no user");
    if (!name_acceptable(out->user) || !name_acceptable(out->domain))
        return refuse(why, "has a name that is no text, too long, or has a backslash");
    if (out->password.size == 0)
        return refuse(why, "has an empty password");
    if (out->password.size > ACCOUNT_PASSWORD_LIMIT || !utf8_valid(out->password))
        return refuse(why, "has a password that is no text or too long");
    return true;
}

static bool digits_only(struct bytes field)
{
    for (size_t i = 0; i < field.size; i++)
        if (field.data[i] < '0' || field.data[i] > '9')
            return false;
    return field.size > 0;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 32 digits, or one of the two ways in which Samba writes that there is no hash. `hash` may be NULL. */
static bool hash_decode(struct bytes field, uint8_t *hash, bool *present)
{
    static const char none[] = "XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", no_password[] = "NO PASSWORD";

    *present = false;
    if (field.size != HASH_DIGITS)
        return false;
    /* Not a secret: a field without a hash. */
    if (memcmp(field.data, none, HASH_DIGITS) == 0 || memcmp(field.data, no_password, sizeof no_password - 1) == 0)
        return true;
    for (size_t i = 0; i < HASH_DIGITS; i++) {
        int digit = hex_digit(field.data[i]);
        if (digit < 0)
            return false;
        if (hash)
            hash[i / 2] = (uint8_t)(i % 2 ? hash[i / 2] | digit : digit << 4);
    }
    *present = true;
    return true;
}

static bool flags_decode(struct bytes field, struct text_line *out, bool *no_password)
{
    *no_password = false;
    if (field.size < 2 || field.data[0] != '[' || field.data[field.size - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < field.size; i++) {
        if (!field.data[i] || !strchr("NDHTUMWSLXI ", field.data[i]))
            return false;
        out->disabled = out->disabled || strchr("DWSI", field.data[i]);
        out->locked = out->locked || field.data[i] == 'L';
        *no_password = *no_password || field.data[i] == 'N';
    }
    return true;
}

static bool time_acceptable(struct bytes field)
{
    if (field.size != 12 || memcmp(field.data, "LCT-", 4) != 0)
        return false;
    for (size_t i = 4; i < field.size; i++)
        if (hex_digit(field.data[i]) < 0)
            return false;
    return true;
}

/* After the flags: nothing, or the time of the last change and nothing more. */
static bool tail_acceptable(struct cursor *in)
{
    struct bytes time;

    if (cursor_at_end(in))
        return true;
    return field_take(in, true, &time) && time_acceptable(time) && cursor_at_end(in);
}

bool smbpasswd_line_decode(struct bytes line, struct text_line *out, const char **why)
{
    struct cursor in = cursor_over(line);
    struct bytes uid, lm, nt, flags;
    bool no_password, has_lm;

    *out = (struct text_line){0};
    if (!field_take(&in, false, &out->user) || !field_take(&in, false, &uid) || !field_take(&in, false, &lm)
        || !field_take(&in, false, &nt) || !field_take(&in, true, &flags))
        return refuse(why, "is not user:uid:LM:NT:[flags]:LCT-time:");
    if (out->user.size == 0 || !name_acceptable(out->user))
        return refuse(why, "has a user that is no text, too long, or has a backslash");
    if (!digits_only(uid))
        return refuse(why, "has a uid that is no number");
    if (!hash_decode(lm, NULL, &has_lm) || !hash_decode(nt, out->nt_hash, &out->has_nt_hash))
        return refuse(why, "has a hash that is not 32 hexadecimal digits");
    if (!flags_decode(flags, out, &no_password))
        return refuse(why, "has malformed flags");
    if (!tail_acceptable(&in))
        return refuse(why, "has something unknown after the flags");
    if (out->has_nt_hash && account_nt_hash_is_empty(out->nt_hash))
        return refuse(why, "has an empty password");
    if (no_password) {
        secret_wipe(out->nt_hash, sizeof out->nt_hash);
        out->has_nt_hash = false;
    }
    return true;
}
