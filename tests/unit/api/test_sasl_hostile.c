/* Tests of sasl_layers.c and sasl_exchange.c: what a peer may not say, and whom it may not act as. */
#include "sasl_trial.h"

#define SASL_TEST(name) Test(sasl_hostile, name, .init = sasl_trial_reset)

struct refusal {
    const char *message;
    ULONG size;
    SECURITY_STATUS status;
    const char *word; /* in the explanation */
};

#define SAYS(text) text, sizeof(text) - 1

/* A side after the package is done, so that the next token is the message on layers. */
static struct sasl_side side_waiting(bool acceptor, ULONG request)
{
    struct sasl_side side = sasl_side_open(acceptor, "Kerberos", request);

    sasl_trial.mutual = false;
    assert_status(sasl_side_step(&side, acceptor ? "AP" : "", acceptor ? 2 : 0), SEC_I_CONTINUE_NEEDED);
    return side;
}

static void refused(bool acceptor, ULONG request, const struct refusal *row)
{
    struct sasl_side side = side_waiting(acceptor, request);
    ULONG layer;

    assert_status(sasl_side_step(&side, row->message, row->size), row->status);
    cr_assert_eq(side.size, 0);
    cr_assert(strstr(trial_explain(&side.context), row->word), "%s", trial_explain(&side.context));
    assert_status(sasl_side_step(&side, row->message, row->size), SEC_E_INVALID_HANDLE);
    assert_status(SspiSaslQueryLayer(&side.context, &layer), SEC_E_INVALID_HANDLE);
    sasl_side_close(&side);
}

SASL_TEST(choices)
{
    static const struct refusal rows[] = {
        {SAYS(""), SEC_E_INVALID_TOKEN, "0 bytes"},
        {SAYS("x"), SEC_E_INVALID_TOKEN, "no message"},
        {SAYS("p\0"), SEC_E_INVALID_TOKEN, "shorter"},
        {SAYS("p\0\1\0\0"), SEC_E_INVALID_TOKEN, "shorter"},
        {SAYS("p\1\1\0\0\0"), SEC_E_OUT_OF_SEQUENCE, "turn"},
        {SAYS("p\0\0\0\0\0"), SEC_E_INVALID_TOKEN, "exactly one"},
        {SAYS("p\0\3\0\1\0"), SEC_E_INVALID_TOKEN, "exactly one"},
        {SAYS("p\0\7\0\1\0"), SEC_E_INVALID_TOKEN, "exactly one"},
        {SAYS("p\0\x08\0\1\0"), SEC_E_INVALID_TOKEN, "exactly one"},
        {SAYS("p\0\x80\0\1\0"), SEC_E_INVALID_TOKEN, "exactly one"},
        {SAYS("p\0\4\0\1\0"), SEC_E_QOP_NOT_SUPPORTED, "not offered"},
        {SAYS("p\0\2\0\0\0"), SEC_E_INVALID_TOKEN, "no size"},
        {SAYS("p\0\2\0\0\5"), SEC_E_INVALID_TOKEN, "too little"},
        {SAYS("p\0\2\0\0\x9"), SEC_E_INVALID_TOKEN, "too little"},
        {SAYS("p\0\1\0\0\0\xC3\x28"), SEC_E_INVALID_TOKEN, "UTF-8"},
        {SAYS("p\0\1\0\0\0alice\0"), SEC_E_INVALID_TOKEN, "UTF-8"},
        {SAYS("p\0\1\0\0\0bob"), SEC_E_LOGON_DENIED, "'bob'"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(true, ASC_REQ_INTEGRITY, &rows[i]);
}

SASL_TEST(offers)
{
    static const struct refusal rows[] = {
        {SAYS(""), SEC_E_INVALID_TOKEN, "0 bytes"},
        {SAYS("p\0\7\0\1"), SEC_E_INVALID_TOKEN, "four bytes"},
        {SAYS("p\0\7\0\1\0x"), SEC_E_INVALID_TOKEN, "four bytes"},
        {SAYS("p\1\7\0\1\0"), SEC_E_OUT_OF_SEQUENCE, "turn"},
        {SAYS("p\0\0\0\0\0"), SEC_E_INVALID_TOKEN, "not even none"},
        {SAYS("p\0\xF8\0\1\0"), SEC_E_INVALID_TOKEN, "not even none"},
        {SAYS("p\0\7\0\0\0"), SEC_E_INVALID_TOKEN, "no size"},
        {SAYS("p\0\7\0\0\5"), SEC_E_INVALID_TOKEN, "too little"},
        {SAYS("p\0\4\0\1\0"), SEC_E_QOP_NOT_SUPPORTED, "does not offer"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refused(false, ISC_REQ_INTEGRITY, &rows[i]);
}

/* Cyrus' servers and GNU SASL's clients send a size where there is no layer. */
SASL_TEST(size_without_a_layer)
{
    struct sasl_side client = side_waiting(false, SASL_CLIENT_ALL), server = side_waiting(true, SASL_SERVER_ALL);
    ULONG size = 7;

    assert_status(sasl_side_step(&client, "p\0\1\0\1\0", 6), SEC_E_OK);
    assert_mem_eq(client.token, "p\0\1\0\0\0", 6);
    assert_status(sasl_side_step(&server, "p\0\1\0\1\0", 6), SEC_E_OK);
    assert_status(SaslGetContextOption(&server.context, SASL_OPTION_SEND_SIZE, &size, sizeof size, NULL), SEC_E_OK);
    cr_assert_eq(size, 0);
    sasl_side_close(&client);
    sasl_side_close(&server);
}

/* Bits of layers to come are left out of the choice. */
SASL_TEST(unknown_layers_are_left_out)
{
    struct sasl_side client = side_waiting(false, SASL_CLIENT_ALL);

    assert_status(sasl_side_step(&client, "p\0\xFB\0\1\0", 6), SEC_E_OK);
    assert_mem_eq(client.token, "p\0\2\0\xFF\xFF", 6);
    sasl_side_close(&client);
}

SASL_TEST(lengths)
{
    char long_name[6 + 1025] = "p\0\1\0\0\0", endless[2000] = "p";
    struct refusal too_long = {long_name, sizeof long_name, SEC_E_INVALID_TOKEN, "too long"},
                   much_too_long = {endless, sizeof endless, SEC_E_INVALID_TOKEN, "2000 bytes"};

    memset(long_name + 6, 'a', sizeof long_name - 6);
    refused(true, SASL_SERVER_ALL, &too_long);
    refused(true, SASL_SERVER_ALL, &much_too_long);
    refused(false, SASL_CLIENT_ALL, &much_too_long);
}

/* The client owes an empty message after the package's last token, and speaks first. */
SASL_TEST(out_of_turn)
{
    struct sasl_side server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL);

    assert_status(sasl_side_step(&server, "", 0), SEC_E_INVALID_TOKEN);
    cr_assert(strstr(trial_last_failure(), "speaks first"));
    cr_assert(!server.begun && sasl_trial.accepts == 0);
    assert_status(sasl_side_step(&server, "AP+", 3), SEC_I_CONTINUE_NEEDED);
    assert_mem_eq(server.token, "REP", 3);
    assert_status(sasl_side_step(&server, "p\0\1\0\0\0", 6), SEC_E_INVALID_TOKEN);
    cr_assert(strstr(trial_explain(&server.context), "should be empty"));
    sasl_side_close(&server);
}

static void acts_as(const char *authz, const char *policy, bool forbidden, SECURITY_STATUS expected)
{
    struct sasl_side server = sasl_side_open(true, "Kerberos", 0);
    char message[128] = "p\0\1\0\0\0";
    ULONG off = Sasl_AuthZIDForbidden;
    char *told;

    memcpy(message + 6, authz, strlen(authz));
    assert_status(SspiCredentialSetOption(&server.credential, "sasl_authorization", policy), SEC_E_OK);
    assert_status(sasl_side_step(&server, "AP", 2), SEC_I_CONTINUE_NEEDED);
    if (forbidden)
        assert_status(SaslSetContextOption(&server.context, SASL_OPTION_AUTHZ_PROCESSING, &off, sizeof off), SEC_E_OK);
    assert_status(sasl_side_step(&server, message, (ULONG)(6 + strlen(authz))), expected);
    if (expected == SEC_E_OK) {
        assert_status(SspiSaslQueryAuthorization(&server.context, &told), SEC_E_OK);
        cr_assert_str_eq(told, authz);
        assert_status(FreeContextBuffer(told), SEC_E_OK);
    }
    sasl_side_close(&server);
}

SASL_TEST(authorization)
{
    acts_as("", NULL, true, SEC_E_OK);
    acts_as("alice@EXAMPLE.TEST", NULL, false, SEC_E_OK);
    acts_as("EXAMPLE\\alice", NULL, false, SEC_E_OK);
    acts_as("alice", NULL, false, SEC_E_OK);
    acts_as("alic", NULL, false, SEC_E_LOGON_DENIED);
    acts_as("alice@", NULL, false, SEC_E_LOGON_DENIED);
    acts_as("ALICE@EXAMPLE.TEST", NULL, false, SEC_E_LOGON_DENIED);
    acts_as("root", NULL, false, SEC_E_LOGON_DENIED);
    acts_as("root", "program", false, SEC_E_OK);
    acts_as("root", "program", true, SEC_E_ALGORITHM_MISMATCH);
    acts_as("alice@EXAMPLE.TEST", NULL, true, SEC_E_ALGORITHM_MISMATCH);
}

/* alice of another realm is not our alice. */
SASL_TEST(authorization_across_realms)
{
    sasl_trial.native_client = "alice@OTHER.TEST";
    acts_as("alice", NULL, false, SEC_E_LOGON_DENIED);
    acts_as("alice@EXAMPLE.TEST", NULL, false, SEC_E_LOGON_DENIED);
    acts_as("alice@OTHER.TEST", NULL, false, SEC_E_OK);
    sasl_trial.native_client = "alice";
    acts_as("alice", NULL, false, SEC_E_OK);
    acts_as("bob", NULL, false, SEC_E_LOGON_DENIED);
    sasl_trial.native_client = NULL;
    acts_as("alice", NULL, false, SEC_E_LOGON_DENIED);
    sasl_trial.native_client = "alice@EXAMPLE.TEST";
    sasl_trial.native_server = NULL;
    acts_as("alice", NULL, false, SEC_E_LOGON_DENIED);
}
