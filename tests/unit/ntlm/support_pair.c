/*
 * The pair of established contexts of the tests of messages, see support_pair.h.
 */
#include "support_pair.h"

#include "vectors.h"

static struct ntlm_credential credential;
struct ntlm_context *client, *server;

struct ntlm_context *established(bool acceptor, uint32_t flags, const char *key)
{
    struct ntlm_context *context = ntlm_context_new(&credential.base, acceptor);

    cr_assert_not_null(context);
    context->flags = flags;
    context->state = NTLM_ESTABLISHED;
    test_hex(key, context->session_key, 16);
    return context;
}

void pair_open(uint32_t flags)
{
    client = established(false, flags, V_SESSION_KEY);
    server = established(true, flags, V_SESSION_KEY);
}

void pair_close(void)
{
    ntlm_context_free(&client->base);
    ntlm_context_free(&server->base);
    client = server = NULL;
}

void strong(void)
{
    pair_open(ALL_STRONG);
}

size_t plaintext(uint8_t text[18])
{
    return test_hex(V_PLAINTEXT, text, 18);
}

void is_hex(const void *actual, const char *hex)
{
    uint8_t expected[64];

    assert_mem_eq(actual, expected, test_hex(hex, expected, sizeof expected));
}

void seals_to(struct ntlm_context *from, const char *sealed, const char *signature)
{
    uint8_t text[18], got[16];

    plaintext(text);
    assert_status(rig_seal(&from->base, text, sizeof text, got), SEC_E_OK);
    is_hex(text, sealed);
    is_hex(got, signature);
}

void unseals_from(struct ntlm_context *to, const char *sealed, const char *signature)
{
    uint8_t text[18], got[16];

    test_hex(sealed, text, sizeof text);
    test_hex(signature, got, sizeof got);
    assert_status(rig_unseal(&to->base, text, sizeof text, got), SEC_E_OK);
    is_hex(text, V_PLAINTEXT);
}
