/* Tests of sasl.c, sasl_profile.c and sasl_exchange.c. */
#include <stdio.h>

#include "api/context_buffer.h"
#include "api/handle.h"
#include "sasl_trial.h"

#define SASL_TEST(name) Test(sasl, name, .init = sasl_trial_reset)

static const uint8_t kerberos_token[] = {0x60, 0x0E, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86,
                                         0xF7, 0x12, 0x01, 0x02, 0x02, 0x01, 0x00, 0x6E};
static const uint8_t spnego_token[] = {0x60, 0x0A, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, 0xA0, 0x00};

SASL_TEST(profiles)
{
    static const char names[] = "GSSAPI\0GSS-SPNEGO\0";
    LPSTR list;
    LPWSTR wide;
    ULONG count = 0, wide_count = 0;

    assert_status(SaslEnumerateProfilesA(&list, &count), SEC_E_OK);
    cr_assert_eq(count, 2);
    assert_mem_eq(list, names, sizeof names);
    assert_status(SaslEnumerateProfilesW(&wide, &wide_count), SEC_E_OK);
    cr_assert_eq(wide_count, 2);
    for (size_t i = 0; i < sizeof names; i++)
        cr_assert_eq(wide[i], names[i]);
    assert_status(FreeContextBuffer(list), SEC_E_OK);
    assert_status(FreeContextBuffer(wide), SEC_E_OK);
    assert_status(SaslEnumerateProfilesA(NULL, &count), SEC_E_INVALID_PARAMETER);
    assert_status(SaslEnumerateProfilesW(&wide, NULL), SEC_E_INVALID_PARAMETER);
    cr_assert(count == 0 && !wide);
}

SASL_TEST(package_of_a_profile)
{
    char upper[] = "GSSAPI", lower[] = "gss-spnego", missing[] = "DIGEST-MD5";
    SEC_WCHAR wide[] = {'G', 'S', 'S', 'A', 'P', 'I', 0};
    PSecPkgInfoA info;
    PSecPkgInfoW wide_info;

    assert_status(SaslGetProfilePackageA(upper, &info), SEC_E_OK);
    cr_assert_str_eq(info->Name, "Kerberos");
    assert_status(FreeContextBuffer(info), SEC_E_OK);
    assert_status(SaslGetProfilePackageA(lower, &info), SEC_E_OK);
    cr_assert_str_eq(info->Name, "Negotiate");
    assert_status(FreeContextBuffer(info), SEC_E_OK);
    assert_status(SaslGetProfilePackageW(wide, &wide_info), SEC_E_OK);
    cr_assert_eq(wide_info->Name[0], 'K');
    assert_status(FreeContextBuffer(wide_info), SEC_E_OK);
    assert_status(SaslGetProfilePackageA(missing, &info), SEC_E_SECPKG_NOT_FOUND);
    cr_assert_null(info);
    assert_status(SaslGetProfilePackageA(NULL, &info), SEC_E_INVALID_PARAMETER);
    assert_status(SaslGetProfilePackageA(upper, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SaslGetProfilePackageW(NULL, &wide_info), SEC_E_INVALID_PARAMETER);
}

static SECURITY_STATUS identify(const void *token, size_t size, char name[16])
{
    SecBuffer buffer = {(ULONG)size, SECBUFFER_TOKEN, (void *)token};
    SecBufferDesc in = {0, 1, &buffer};
    PSecPkgInfoA info;
    SECURITY_STATUS status = SaslIdentifyPackageA(&in, &info);

    cr_assert_eq(info != NULL, status == SEC_E_OK);
    name[0] = '\0';
    if (info)
        strncat(name, info->Name, 15);
    assert_status(FreeContextBuffer(info), SEC_E_OK);
    return status;
}

SASL_TEST(package_of_a_token)
{
    SecBuffer data = {2, SECBUFFER_DATA, (void *)kerberos_token};
    SecBufferDesc in = {0, 1, &data};
    PSecPkgInfoW wide = (void *)1;
    char name[16];

    assert_status(identify(kerberos_token, sizeof kerberos_token, name), SEC_E_OK);
    cr_assert_str_eq(name, "Kerberos");
    assert_status(identify(spnego_token, sizeof spnego_token, name), SEC_E_OK);
    cr_assert_str_eq(name, "Negotiate");
    for (size_t size = 0; size < sizeof kerberos_token; size++)
        assert_status(identify(kerberos_token, size, name), SEC_E_SECPKG_NOT_FOUND);
    assert_status(identify("NTLMSSP", 8, name), SEC_E_SECPKG_NOT_FOUND);
    assert_status(SaslIdentifyPackageW(&in, &wide), SEC_E_INVALID_TOKEN);
    cr_assert_null(wide);
    assert_status(SaslIdentifyPackageW(NULL, &wide), SEC_E_INVALID_PARAMETER);
    assert_status(SaslIdentifyPackageA(&in, NULL), SEC_E_INVALID_PARAMETER);
}

/* Which layer follows from what each side asks for, what the context can do, and how it is told. */
SASL_TEST(layers)
{
    static const struct {
        const char *package;
        ULONG client, server, context_client, context_server, layer;
    } cases[] = {
        {"Kerberos", SASL_CLIENT_ALL, SASL_SERVER_ALL, 0, 0, SSPI_SASL_LAYER_CONFIDENTIALITY},
        {"Kerberos", ISC_REQ_INTEGRITY, SASL_SERVER_ALL, 0, 0, SSPI_SASL_LAYER_INTEGRITY},
        {"Kerberos", 0, SASL_SERVER_ALL, 0, 0, SSPI_SASL_LAYER_NONE},
        {"Kerberos", SASL_CLIENT_ALL, ASC_REQ_INTEGRITY, 0, 0, SSPI_SASL_LAYER_INTEGRITY},
        {"Kerberos", SASL_CLIENT_ALL, 0, 0, 0, SSPI_SASL_LAYER_NONE},
        {"Kerberos", SASL_CLIENT_ALL, SASL_SERVER_ALL, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY, SSPI_SASL_LAYER_INTEGRITY},
        {"Negotiate", 0, 0, 0, 0, SSPI_SASL_LAYER_CONFIDENTIALITY},
        {"Negotiate", SASL_CLIENT_ALL, SASL_SERVER_ALL, ISC_RET_INTEGRITY, ASC_RET_INTEGRITY,
         SSPI_SASL_LAYER_INTEGRITY},
        {"Negotiate", SASL_CLIENT_ALL, SASL_SERVER_ALL, ISC_RET_MUTUAL_AUTH, ASC_RET_MUTUAL_AUTH, SSPI_SASL_LAYER_NONE},
    };

    for (size_t i = 0; i < 2 * sizeof cases / sizeof *cases; i++) {
        struct sasl_pair pair;
        ULONG client, server;
        const bool sealed = cases[i / 2].layer == SSPI_SASL_LAYER_CONFIDENTIALITY,
                   plain = cases[i / 2].layer == SSPI_SASL_LAYER_NONE;

        sasl_trial_reset();
        sasl_trial.mutual = i % 2 == 0;
        if (cases[i / 2].context_client) {
            sasl_trial.initiate_attributes = cases[i / 2].context_client;
            sasl_trial.accept_attributes = cases[i / 2].context_server;
        }
        sasl_pair_open(&pair, cases[i / 2].package, cases[i / 2].client, cases[i / 2].server);
        assert_status(SspiSaslQueryLayer(&pair.client.context, &client), SEC_E_OK);
        assert_status(SspiSaslQueryLayer(&pair.server.context, &server), SEC_E_OK);
        cr_assert_eq(client, cases[i / 2].layer);
        cr_assert_eq(server, cases[i / 2].layer);
        cr_assert_eq((pair.client.attributes & ISC_RET_CONFIDENTIALITY) != 0, sealed);
        cr_assert_eq((pair.server.attributes & ASC_RET_CONFIDENTIALITY) != 0, sealed);
        cr_assert_eq((pair.client.attributes & ISC_RET_INTEGRITY) == 0, plain);
        cr_assert_eq((pair.server.attributes & ASC_RET_INTEGRITY) == 0, plain);
        sasl_pair_close(&pair);
    }
    cr_assert_eq(context_buffer_count(), 0);
    cr_assert_eq(handle_count(), 0);
}

static void option(struct sasl_side *side, const char *name, const char *value)
{
    assert_status(SspiCredentialSetOption(&side->credential, name, value), SEC_E_OK);
}

SASL_TEST(weakest_layer_allowed)
{
    struct sasl_side client = sasl_side_open(false, "Kerberos", SASL_CLIENT_ALL),
                     server = sasl_side_open(true, "Kerberos", ASC_REQ_INTEGRITY),
                     folded = sasl_side_open(true, "Negotiate", SASL_SERVER_ALL);

    option(&server, "sasl_minimum_layer", "confidentiality");
    assert_status(sasl_side_step(&server, "AP+", 3), SEC_I_CONTINUE_NEEDED);
    assert_status(sasl_side_step(&server, "", 0), SEC_E_QOP_NOT_SUPPORTED);
    cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_POLICY);
    option(&client, "sasl_minimum_layer", "integrity");
    assert_status(sasl_side_step(&client, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_status(sasl_side_step(&client, "REP", 3), SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(client.size, 0);
    assert_status(sasl_side_step(&client, "p\0\1\0\0\0", 6), SEC_E_QOP_NOT_SUPPORTED);
    option(&folded, "sasl_minimum_layer", "confidentiality");
    sasl_trial.accept_attributes = ASC_RET_INTEGRITY;
    assert_status(sasl_side_step(&folded, "AP+", 3), SEC_E_QOP_NOT_SUPPORTED);
    sasl_side_close(&client);
    sasl_side_close(&server);
    sasl_side_close(&folded);
}

/* A buffer that is too small changes nothing, whoever's message it was for. */
SASL_TEST(small_buffers)
{
    struct sasl_side client = sasl_side_open(false, "Kerberos", SASL_CLIENT_ALL),
                     server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL);
    uint8_t offer[6];

    sasl_trial.mutual = false;
    assert_status(sasl_side_step(&client, "", 0), SEC_I_CONTINUE_NEEDED);
    server.room = 5;
    assert_status(sasl_side_step(&server, client.token, client.size), SEC_E_BUFFER_TOO_SMALL);
    cr_assert_gt(server.size, 5);
    cr_assert_not(server.begun);
    server.room = server.size;
    assert_status(sasl_side_step(&server, client.token, client.size), SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(server.size, sizeof offer);
    memcpy(offer, server.token, sizeof offer);
    client.room = 5;
    assert_status(sasl_side_step(&client, offer, sizeof offer), SEC_E_BUFFER_TOO_SMALL);
    cr_assert_eq(client.size, 6);
    client.room = 6;
    assert_status(sasl_side_step(&client, offer, sizeof offer), SEC_E_OK);
    assert_status(sasl_side_step(&server, client.token, client.size), SEC_E_OK);
    sasl_side_close(&client);
    sasl_side_close(&server);

    server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL);
    assert_status(sasl_side_step(&server, "AP+", 3), SEC_I_CONTINUE_NEEDED);
    server.room = 5;
    assert_status(sasl_side_step(&server, "", 0), SEC_E_BUFFER_TOO_SMALL);
    server.room = 6;
    assert_status(sasl_side_step(&server, "", 0), SEC_I_CONTINUE_NEEDED);
    assert_mem_eq(server.token, "p\0\7\0\xFF\xFF", 6);
    sasl_side_close(&server);
}

SASL_TEST(other_packages_and_functions)
{
    struct sasl_side trial = sasl_side_open(true, "Trial", 0), server = sasl_side_open(true, "Kerberos", 0);
    SecBuffer in_buffer = {2, SECBUFFER_TOKEN, (void *)"AP"},
              out_buffer = {sizeof server.token, SECBUFFER_TOKEN, server.token};
    SecBufferDesc in = {0, 1, &in_buffer}, out = {0, 1, &out_buffer};
    SecHandle plain;
    ULONG attributes;

    assert_status(sasl_side_step(&trial, "HELLO", 5), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(sasl_side_step(&server, "AP+", 3), SEC_I_CONTINUE_NEEDED);
    assert_status(
        AcceptSecurityContext(&server.credential, &server.context, &in, 0, 0, &server.context, &out, &attributes, NULL),
        SEC_E_INVALID_HANDLE);
    plain = trial_half_open(&trial.credential);
    assert_status(SaslAcceptSecurityContext(&trial.credential, &plain, &in, 0, 0, &plain, &out, &attributes, NULL),
                  SEC_E_INVALID_HANDLE);
    assert_status(SaslSetContextOption(&plain, SASL_OPTION_RECV_SIZE, &attributes, 4), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiSaslQueryLayer(&plain, &attributes), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(DeleteSecurityContext(&plain), SEC_E_OK);
    sasl_side_close(&trial);
    sasl_side_close(&server);
}

static SEC_WCHAR wide_target[] = {'l', 0}, broken_target[] = {0xD800, 0};

SASL_TEST(text_that_cannot_be_read)
{
    struct sasl_side client = sasl_side_open(false, "Kerberos", 0);
    SecBuffer token = {client.room, SECBUFFER_TOKEN, client.token};
    SecBufferDesc out = {0, 1, &token};
    char broken[] = "\xFF";
    ULONG attributes = 7;

    assert_status(SaslInitializeSecurityContextW(&client.credential, NULL, broken_target, 0, 0, 0, NULL, 0,
                                                 &client.context, &out, &attributes, NULL),
                  SEC_E_INVALID_PARAMETER);
    cr_assert(attributes == 0 && !SecIsValidHandle(&client.context));
    assert_status(SaslInitializeSecurityContextA(&client.credential, NULL, broken, 0, 0, 0, NULL, 0, &client.context,
                                                 &out, &attributes, NULL),
                  SEC_E_INVALID_PARAMETER);
    token.cbBuffer = client.room;
    assert_status(SaslInitializeSecurityContextW(&client.credential, NULL, wide_target, 0, 0, 0, NULL, 0,
                                                 &client.context, &out, &attributes, NULL),
                  SEC_I_CONTINUE_NEEDED);
    client.begun = true;
    sasl_side_close(&client);
}

static struct {
    unsigned count;
    SECURITY_STATUS status;
    char name[64];
} seen;

static void SEC_ENTRY event_keep(void *argument, const SSPI_EVENT *event)
{
    (void)argument;
    seen.count++;
    seen.status = event->Status;
    snprintf(seen.name, sizeof seen.name, "%s", event->ClientName);
}

/* One event, at the very end, with the name that the package found out earlier. */
SASL_TEST(events)
{
    struct sasl_side server = sasl_side_open(true, "Kerberos", SASL_SERVER_ALL);

    memset(&seen, 0, sizeof seen);
    assert_status(SspiCredentialSetEventCallback(&server.credential, event_keep, NULL, NULL), SEC_E_OK);
    assert_status(sasl_side_step(&server, "AP", 2), SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(seen.count, 0);
    assert_status(sasl_side_step(&server, "p\0\1\0\0\0", 6), SEC_E_OK);
    cr_assert(seen.count == 1 && seen.status == SEC_E_OK);
    cr_assert_str_eq(seen.name, "EXAMPLE\\alice");
    assert_status(sasl_side_step(&server, "", 0), SEC_E_OUT_OF_SEQUENCE);
    cr_assert_eq(seen.count, 1);
    sasl_side_close(&server);
}
