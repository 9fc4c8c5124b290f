/*
 * Channel bindings under each policy, the whole table: who relays a login to us over another channel is refused.
 */
#include "service.h"

#include "kerberos/kerberos.h"

/* tls-unique: and 0 to 11; the value that a client of that channel sends, RFC 4121 4.1.1.2. */
static const char application[] = "tls-unique:\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b";
static const char value[] = "7e5349b5695138957cdd92d99e2e11ea";

enum client { NONE, EMPTY, RIGHT, WRONG, NO_CHECKSUM };
enum server { IGNORES, REQUIRES, ALLOWS_MISSING, PROXY, PROXY_ALLOWS_MISSING };

static struct service service;

static void client_becomes(enum client client)
{
    memset(service.authenticator.bindings, 0, 16);
    if (client == RIGHT || client == WRONG)
        test_hex(value, service.authenticator.bindings, 16);
    if (client == WRONG)
        service.authenticator.bindings[15] ^= 1;
    service.authenticator.client_options = client == NONE || client == NO_CHECKSUM ? 0 : KRB_AP_OPTIONS_CBT;
    service.authenticator.has_checksum = client != NO_CHECKSUM;
}

#define MATCHED SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED
#define MISMATCH SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH
#define MISSING (SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING | SEC_CHANNEL_BINDINGS_RESULT_ABSENT)
#define LET_PASS (SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING | SEC_CHANNEL_BINDINGS_RESULT_ABSENT)
#define BY_PROXY SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY
#define SUPPORT SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT

static const struct row {
    enum server server;
    enum client client;
    ULONG reason; /* of the refusal; 0: accepted */
    ULONG result; /* bits that must be there */
} rows[] = {
    {IGNORES, NONE, 0, 0},
    {IGNORES, EMPTY, 0, 0},
    {IGNORES, RIGHT, 0, 0},
    {IGNORES, WRONG, 0, 0},
    {IGNORES, NO_CHECKSUM, 0, 0},
    {REQUIRES, NONE, SSPI_REASON_BINDINGS_MISSING, MISSING},
    {REQUIRES, EMPTY, SSPI_REASON_BINDINGS_MISSING, MISSING | SUPPORT},
    {REQUIRES, RIGHT, 0, MATCHED},
    {REQUIRES, WRONG, SSPI_REASON_BINDINGS_WRONG, MISMATCH},
    {REQUIRES, NO_CHECKSUM, SSPI_REASON_BINDINGS_MISSING, MISSING},
    {ALLOWS_MISSING, NONE, 0, LET_PASS},
    {ALLOWS_MISSING, EMPTY, SSPI_REASON_BINDINGS_MISSING, MISSING | SUPPORT},
    {ALLOWS_MISSING, RIGHT, 0, MATCHED},
    {ALLOWS_MISSING, WRONG, SSPI_REASON_BINDINGS_WRONG, MISMATCH},
    {ALLOWS_MISSING, NO_CHECKSUM, 0, LET_PASS},
    {PROXY, NONE, SSPI_REASON_BINDINGS_MISSING, MISSING},
    {PROXY, EMPTY, SSPI_REASON_BINDINGS_MISSING, MISSING | SUPPORT},
    {PROXY, RIGHT, 0, BY_PROXY},
    {PROXY, WRONG, 0, BY_PROXY},
    {PROXY, NO_CHECKSUM, SSPI_REASON_BINDINGS_MISSING, MISSING},
    {PROXY_ALLOWS_MISSING, NONE, 0, LET_PASS},
    {PROXY_ALLOWS_MISSING, EMPTY, SSPI_REASON_BINDINGS_MISSING, MISSING | SUPPORT},
    {PROXY_ALLOWS_MISSING, NO_CHECKSUM, 0, LET_PASS},
};

static const ULONG policies[] = {0, 0, ASC_REQ_ALLOW_MISSING_BINDINGS, ASC_REQ_PROXY_BINDINGS,
                                 ASC_REQ_PROXY_BINDINGS | ASC_REQ_ALLOW_MISSING_BINDINGS};

static void row_try(const struct row *row)
{
    client_becomes(row->client);
    service.flags = policies[row->server];
    if (row->reason)
        service_refuses(&service, service_request(&service), SEC_E_BAD_BINDINGS, row->reason, "channel binding");
    else
        service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    cr_assert_eq(service.bindings_result & row->result, row->result, "server %d, client %d: result %#x", row->server,
                 row->client, (unsigned)service.bindings_result);
    service_again(&service);
}

Test(krb_bindings, every_policy_with_every_client)
{
    SEC_CHANNEL_BINDINGS *made;
    ULONG size;

    assert_status(SspiMakeChannelBindings(application, sizeof application - 1, &size, &made), SEC_E_OK);
    service_open(&service, "Kerberos");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const bool given = rows[i].server == REQUIRES || rows[i].server == ALLOWS_MISSING;

        service.bindings = given ? made : NULL;
        service.bindings_size = given ? size : 0;
        row_try(&rows[i]);
    }
    service_close(&service);
    assert_status(FreeContextBuffer(made), SEC_E_OK);
}

/* Every bit of the client's value. */
Test(krb_bindings, every_bit_flipped)
{
    SEC_CHANNEL_BINDINGS *made;
    ULONG size;

    assert_status(SspiMakeChannelBindings(application, sizeof application - 1, &size, &made), SEC_E_OK);
    service_open(&service, "Kerberos");
    service.bindings = made;
    service.bindings_size = size;
    client_becomes(RIGHT);
    for (size_t bit = 0; bit < 128; bit++) {
        service.authenticator.bindings[bit / 8] ^= (uint8_t)(1u << bit % 8);
        service_refuses(&service, service_request(&service), SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_WRONG,
                        "channel binding");
        service.authenticator.bindings[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    service_close(&service);
    assert_status(FreeContextBuffer(made), SEC_E_OK);
}
