/* Tests of sasl_messages.c, sasl_protect.c and sasl_options.c. */
#include "api/context_buffer.h"
#include "sasl_trial.h"

#define SASL_TEST(name) Test(sasl_messages, name, .init = sasl_trial_reset)

static ULONG number_of(struct sasl_side *side, ULONG option)
{
    ULONG number = 0, needed = 0;

    assert_status(SaslGetContextOption(&side->context, option, &number, sizeof number, &needed), SEC_E_OK);
    cr_assert_eq(needed, sizeof number);
    return number;
}

static SECURITY_STATUS number_set(struct sasl_side *side, ULONG option, ULONG number)
{
    return SaslSetContextOption(&side->context, option, &number, sizeof number);
}

static SECURITY_STATUS authz_set(struct sasl_side *side, const char *name, ULONG size)
{
    return SaslSetContextOption(&side->context, SASL_OPTION_AUTHZ_STRING, (void *)name, size);
}

/* Everything in `stream`, message by message, and its end in the middle of each. */
static void unwrapped(struct sasl_side *side, const uint8_t *stream, ULONG size, const uint8_t *expected,
                      ULONG expected_size)
{
    ULONG taken, got, total = 0;
    void *data;

    while (size) {
        SECURITY_STATUS status = SspiSaslUnwrap(&side->context, stream, size < 5 ? size : 5, &taken, &got, &data);

        assert_status(status, SEC_E_INCOMPLETE_MESSAGE);
        cr_assert(taken == 0 && got == 0 && !data);
        assert_status(SspiSaslUnwrap(&side->context, stream, size, &taken, &got, &data), SEC_E_OK);
        cr_assert_leq(total + got, expected_size);
        assert_mem_eq(data, expected + total, got);
        assert_status(FreeContextBuffer(data), SEC_E_OK);
        total += got;
        stream += taken;
        size -= taken;
    }
    cr_assert_eq(total, expected_size);
}

static void said(struct sasl_side *from, struct sasl_side *to, ULONG size)
{
    static uint8_t text[70000];
    ULONG wrapped;
    void *message;

    for (ULONG i = 0; i < size; i++)
        text[i] = (uint8_t)(i * 7);
    assert_status(SspiSaslWrap(&from->context, text, size, &wrapped, &message), SEC_E_OK);
    unwrapped(to, message, wrapped, text, size);
    assert_status(FreeContextBuffer(message), SEC_E_OK);
}

SASL_TEST(to_and_fro)
{
    static const ULONG sizes[] = {0, 1, 300, 70000};

    for (int kind = 0; kind < 3; kind++) {
        struct sasl_pair pair;

        sasl_trial.padding = kind == 2;
        sasl_pair_open(&pair, "Kerberos", kind ? SASL_CLIENT_ALL : ISC_REQ_INTEGRITY, SASL_SERVER_ALL);
        for (size_t i = 0; i < 4; i++) {
            said(&pair.client, &pair.server, sizes[i]);
            said(&pair.server, &pair.client, sizes[i]);
        }
        sasl_pair_close(&pair);
    }
    cr_assert_eq(context_buffer_count(), 0);
}

/* No message is longer than the peer said it takes, and none than what the program wants. */
SASL_TEST(sizes_are_kept)
{
    struct sasl_side server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL);
    uint8_t text[64] = {0};
    ULONG size;
    uint8_t *message;

    assert_status(sasl_side_step(&server, "AP+", 3), SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(number_of(&server, SASL_OPTION_SEND_SIZE), 0xFFFF);
    cr_assert_eq(number_of(&server, SASL_OPTION_RECV_SIZE), 0xFFFF);
    assert_status(number_set(&server, SASL_OPTION_RECV_SIZE, 0x010203), SEC_E_OK);
    assert_status(sasl_side_step(&server, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_mem_eq(server.token, "p\0\7\1\2\3", 6);
    assert_status(number_set(&server, SASL_OPTION_RECV_SIZE, 5), SEC_E_OUT_OF_SEQUENCE);
    assert_status(sasl_side_step(&server, "p\0\4\0\0\x15", 6), SEC_E_OK);
    cr_assert_eq(number_of(&server, SASL_OPTION_SEND_SIZE), 16);
    assert_status(SspiSaslWrap(&server.context, text, sizeof text, &size, (void **)&message), SEC_E_OK);
    cr_assert_eq(size, 4 * (4 + 2 + 16));
    for (ULONG at = 0; at < size; at += 22)
        assert_mem_eq(message + at, "\0\0\0\x12s", 5);
    assert_status(FreeContextBuffer(message), SEC_E_OK);
    sasl_side_close(&server);

    server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL);
    assert_status(sasl_side_step(&server, "AP+", 3), SEC_I_CONTINUE_NEEDED);
    assert_status(number_set(&server, SASL_OPTION_SEND_SIZE, 8), SEC_E_OK);
    assert_status(sasl_side_step(&server, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_status(sasl_side_step(&server, "p\0\4\0\0\x15", 6), SEC_E_OK);
    cr_assert_eq(number_of(&server, SASL_OPTION_SEND_SIZE), 8);
    sasl_side_close(&server);
}

SASL_TEST(hostile_stream)
{
    struct sasl_pair pair;
    ULONG taken = 9, size = 9;
    void *data = &taken;

    sasl_pair_open(&pair, "Kerberos", SASL_CLIENT_ALL, SASL_SERVER_ALL);
    assert_status(SspiSaslUnwrap(&pair.server.context, "\0\0\0\0p", 5, &taken, &size, &data), SEC_E_INVALID_TOKEN);
    cr_assert(taken == 0 && size == 0 && !data);
    assert_status(SspiSaslUnwrap(&pair.server.context, "\0\1\0\0", 4, &taken, &size, &data), SEC_E_INVALID_TOKEN);
    assert_status(SspiSaslUnwrap(&pair.server.context, "\xFF\xFF\xFF\xFF", 4, &taken, &size, &data),
                  SEC_E_INVALID_TOKEN);
    assert_status(SspiSaslUnwrap(&pair.server.context, "\0\0\xFF\xFF", 4, &taken, &size, &data),
                  SEC_E_INCOMPLETE_MESSAGE);
    assert_status(SspiSaslUnwrap(&pair.server.context, NULL, 0, &taken, &size, &data), SEC_E_INCOMPLETE_MESSAGE);
    assert_status(SspiSaslUnwrap(&pair.server.context, "\0\0\0\2x\0", 6, &taken, &size, &data), SEC_E_INVALID_TOKEN);
    assert_status(SspiSaslUnwrap(&pair.server.context, "\0\0\0\3p\1a", 7, &taken, &size, &data),
                  SEC_E_QOP_NOT_SUPPORTED);
    cr_assert(strstr(trial_last_failure(), "only signed"));
    cr_assert(taken == 0 && size == 0 && !data && context_buffer_count() == 0);
    sasl_pair_close(&pair);
}

SASL_TEST(without_a_layer)
{
    struct sasl_pair pair;
    ULONG taken, size;
    char *data;

    sasl_pair_open(&pair, "Kerberos", 0, SASL_SERVER_ALL);
    cr_assert_eq(number_of(&pair.server, SASL_OPTION_SEND_SIZE), 0);
    assert_status(SspiSaslWrap(&pair.server.context, "plain", 5, &size, (void **)&data), SEC_E_OK);
    cr_assert_eq(size, 5);
    assert_mem_eq(data, "plain", 5);
    assert_status(FreeContextBuffer(data), SEC_E_OK);
    assert_status(SspiSaslUnwrap(&pair.server.context, "abc", 3, &taken, &size, (void **)&data), SEC_E_OK);
    cr_assert(taken == 3 && size == 3);
    assert_mem_eq(data, "abc", 3);
    assert_status(FreeContextBuffer(data), SEC_E_OK);
    sasl_pair_close(&pair);
}

SASL_TEST(not_yet)
{
    struct sasl_side server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL);
    ULONG taken, size, layer;
    struct trial_pair plain;
    void *data;

    assert_status(sasl_side_step(&server, "AP", 2), SEC_I_CONTINUE_NEEDED);
    assert_status(SspiSaslQueryLayer(&server.context, &layer), SEC_E_INVALID_HANDLE);
    cr_assert_eq(layer, 0);
    assert_status(SspiSaslWrap(&server.context, "a", 1, &size, &data), SEC_E_INVALID_HANDLE);
    assert_status(SspiSaslUnwrap(&server.context, "a", 1, &taken, &size, &data), SEC_E_INVALID_HANDLE);
    assert_status(SspiSaslWrap(&server.context, NULL, 1, &size, &data), SEC_E_INVALID_PARAMETER);
    assert_status(SspiSaslUnwrap(&server.context, "a", 1, NULL, &size, &data), SEC_E_INVALID_PARAMETER);
    assert_status(SspiSaslQueryLayer(&server.context, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiSaslQueryAuthorization(&server.context, NULL), SEC_E_INVALID_PARAMETER);
    sasl_side_close(&server);
    trial_pair_open(&plain);
    assert_status(SspiSaslWrap(&plain.server, "a", 1, &size, &data), SEC_E_UNSUPPORTED_FUNCTION);
    trial_pair_close(&plain);
}

SASL_TEST(options)
{
    struct sasl_side client = sasl_side_open(false, "Kerberos", SASL_CLIENT_ALL);
    char room[16];
    ULONG needed;

    assert_status(sasl_side_step(&client, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_status(number_set(&client, 9, 1), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SaslGetContextOption(&client.context, 9, room, sizeof room, &needed), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SaslSetContextOption(&client.context, SASL_OPTION_SEND_SIZE, room, 3), SEC_E_BUFFER_TOO_SMALL);
    assert_status(SaslSetContextOption(&client.context, SASL_OPTION_SEND_SIZE, NULL, 4), SEC_E_INVALID_PARAMETER);
    assert_status(number_set(&client, SASL_OPTION_RECV_SIZE, 0), SEC_E_INVALID_PARAMETER);
    assert_status(number_set(&client, SASL_OPTION_RECV_SIZE, 0x1000000), SEC_E_INVALID_PARAMETER);
    assert_status(number_set(&client, SASL_OPTION_AUTHZ_PROCESSING, 2), SEC_E_INVALID_PARAMETER);
    cr_assert_eq(number_of(&client, SASL_OPTION_AUTHZ_PROCESSING), Sasl_AuthZIDProcessed);
    assert_status(authz_set(&client, "\xFF", 1), SEC_E_INVALID_PARAMETER);
    assert_status(authz_set(&client, "bob", 3), SEC_E_OK);
    assert_status(SaslGetContextOption(&client.context, SASL_OPTION_AUTHZ_STRING, room, 2, &needed),
                  SEC_E_BUFFER_TOO_SMALL);
    cr_assert_eq(needed, 3);
    assert_status(SaslGetContextOption(&client.context, SASL_OPTION_AUTHZ_STRING, room, 3, NULL), SEC_E_OK);
    assert_mem_eq(room, "bob", 3);
    assert_status(number_set(&client, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDForbidden), SEC_E_OK);
    assert_status(SaslGetContextOption(&client.context, SASL_OPTION_AUTHZ_STRING, room, 3, NULL),
                  SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(authz_set(&client, "eve", 3), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(number_set(&client, SASL_OPTION_AUTHZ_PROCESSING, Sasl_AuthZIDProcessed), SEC_E_OK);
    assert_status(sasl_side_step(&client, "REP", 3), SEC_I_CONTINUE_NEEDED);
    assert_status(sasl_side_step(&client, "p\0\4\0\1\0", 6), SEC_E_OK);
    assert_mem_eq(client.token,
                  "p\0\4\0\xFF\xFF"
                  "bob",
                  9);
    assert_status(authz_set(&client, "eve", 3), SEC_E_OUT_OF_SEQUENCE);
    assert_status(number_set(&client, SASL_OPTION_AUTHZ_PROCESSING, 0), SEC_E_OUT_OF_SEQUENCE);
    sasl_side_close(&client);
}

/* Nothing to say whom to act as: an acceptor, and a mechanism without the agreement. */
SASL_TEST(no_place_for_an_authorization)
{
    struct sasl_side server = sasl_side_open(true, "Kerberos", 0), folded = sasl_side_open(false, "Negotiate", 0);

    assert_status(sasl_side_step(&server, "AP", 2), SEC_I_CONTINUE_NEEDED);
    assert_status(authz_set(&server, "bob", 3), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(sasl_side_step(&folded, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_status(authz_set(&folded, "bob", 3), SEC_E_UNSUPPORTED_FUNCTION);
    sasl_side_close(&server);
    sasl_side_close(&folded);
}
