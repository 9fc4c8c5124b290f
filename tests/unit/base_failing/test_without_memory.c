/* Base and crypto when memory runs out: a clean refusal, nothing lost, nothing leaked. */
#include "test.h"

#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "crypto/rc4.h"
#include "doubles.h"

static void memory_reset(void)
{
    memory_fail_at(0);
}

Test(without_memory, secret_keeps_its_value, .fini = memory_reset)
{
    struct secret secret = {0};
    size_t live = memory_live();

    cr_assert(secret_set(&secret, "older", 5) && secret_set(&secret, "old", 3));
    memory_fail_at(1);
    cr_assert(!secret_set(&secret, "other", 5));
    cr_assert_eq(secret.size, 3);
    assert_mem_eq(secret.data, "old", 3);
    secret_clear(&secret);
    cr_assert_eq(memory_live(), live);
}

Test(without_memory, conversions_say_so, .fini = memory_reset)
{
    size_t live = memory_live(), size = 7;
    char *utf8 = (char *)1;
    uint8_t *utf16 = (uint8_t *)1;

    memory_fail_from(1);
    assert_status(utf8_from_utf16le(bytes_of("a", 2), &utf8), SEC_E_INSUFFICIENT_MEMORY);
    cr_assert_null(utf8);
    assert_status(utf16le_from_utf8(bytes_of("a", 1), &utf16, &size), SEC_E_INSUFFICIENT_MEMORY);
    cr_assert_null(utf16);
    cr_assert_eq(size, 0);
    utf8 = (char *)1;
    assert_status(utf8_from_oem(bytes_of("a", 1), &utf8), SEC_E_INSUFFICIENT_MEMORY);
    cr_assert_null(utf8);
    cr_assert_null(utf8_uppercase("a"));
    cr_assert_eq(memory_live(), live);
}

Test(without_memory, malformed_text_leaves_nothing_behind)
{
    size_t live = memory_live(), size;
    uint8_t *utf16;
    char *utf8;

    assert_status(utf8_from_utf16le(bytes_of("a\0\0\xD8", 4), &utf8), SEC_E_INVALID_PARAMETER);
    assert_status(utf16le_from_utf8(bytes_of("a\xFF", 2), &utf16, &size), SEC_E_INVALID_PARAMETER);
    cr_assert_null(utf8_uppercase("a\xFF"));
    cr_assert_eq(memory_live(), live);
}

/* Each fallible step once, until it works; the first failing ones may be those that set the thread up. */
Test(without_memory, keys_are_not_made, .fini = memory_reset)
{
    struct bytes key = bytes_of("0123456789abcdef", 16);
    struct hmac_md5_key *mac = NULL;
    struct rc4 *stream = NULL, *copy = NULL;
    uint8_t digest[MD5_SIZE];
    size_t live;

    cr_assert(md5_digest(&key, 1, digest));
    live = memory_live();
    for (size_t n = 1; !mac || !stream || !copy; n++) {
        cr_assert_lt(n, 20);
        memory_fail_at(n);
        mac = hmac_md5_key_new(key);
        stream = rc4_new(key);
        copy = stream ? rc4_copy(stream) : NULL;
        cr_assert(memory_count() < n || !mac || !stream || !copy, "allocation %zu failed unnoticed", n);
        if (memory_count() < n)
            break;
        hmac_md5_key_free(mac);
        rc4_free(stream);
        rc4_free(copy);
        cr_assert_eq(memory_live(), live, "after allocation %zu failed", n);
        mac = NULL;
    }
    hmac_md5_key_free(mac);
    rc4_free(stream);
    rc4_free(copy);
    cr_assert_eq(memory_live(), live);
}
