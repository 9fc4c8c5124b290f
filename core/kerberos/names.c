/*
 * Principals as text, and which services a credential is for.
 */
#include <string.h>
#include <strings.h>

#include "base/utf.h"
#include "base/writer.h"
#include "kerberos/kerberos.h"

bool krb_text_printable(struct bytes text)
{
    uint32_t character;

    while (text.size)
        if (!utf8_next(&text, &character) || character < ' ' || (character >= 0x7F && character < 0xA0))
            return false;
    return true;
}

static void part_write(struct writer *out, struct bytes part)
{
    for (size_t i = 0; i < part.size; i++) {
        if (part.data[i] == '/' || part.data[i] == '@' || part.data[i] == '\\')
            writer_u8(out, '\\');
        writer_u8(out, part.data[i]);
    }
}

bool krb_name_text(const struct krb_name *name, struct bytes realm, char out[KRB_TEXT_MAX])
{
    struct writer writer = writer_over(out, KRB_TEXT_MAX);
    bool ok = name->count > 0 && krb_text_printable(realm);

    for (size_t i = 0; ok && i < name->count; i++) {
        ok = krb_text_printable(name->parts[i]);
        if (i > 0)
            writer_u8(&writer, '/');
        part_write(&writer, name->parts[i]);
    }
    if (realm.size)
        writer_u8(&writer, '@');
    writer_bytes(&writer, realm);
    writer_u8(&writer, 0);
    ok = ok && writer_ok(&writer);
    if (!ok)
        out[0] = '\0';
    return ok;
}

static bool same_text(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && strncasecmp(a, b, a_size) == 0;
}

/* One pattern: `*`, CLASS, CLASS/ or CLASS/host, then @REALM or not. Host names and classes are of any case. */
static bool pattern_matches(const char *pattern, size_t size, const char *name, const char *realm)
{
    const char *at = memrchr(pattern, '@', size);
    size_t own = at ? (size_t)(at - pattern) : size, class = strcspn(name, "/");
    const char *slash = memchr(pattern, '/', own);

    if (at && !same_text(at + 1, size - own - 1, realm, strlen(realm)))
        return false;
    if (own == 1 && pattern[0] == '*')
        return true;
    if (slash && slash + 1 < pattern + own)
        return same_text(pattern, own, name, strlen(name));
    return own > 0 && same_text(pattern, slash ? own - 1 : own, name, class);
}

bool krb_service_matches(const char *patterns, const char *name, const char *realm)
{
    static const char blanks[] = " \t,";

    for (patterns += strspn(patterns, blanks); *patterns; patterns += strspn(patterns, blanks)) {
        size_t size = strcspn(patterns, blanks);

        if (pattern_matches(patterns, size, name, realm))
            return true;
        patterns += size;
    }
    return false;
}

void krb_text_copy(char *out, size_t size, const char *text)
{
    size_t used = strnlen(text, size - 1);

    while (used && text[used] && ((unsigned char)text[used] & 0xC0) == 0x80)
        used--;
    memcpy(out, text, used);
    out[used] = '\0';
}
