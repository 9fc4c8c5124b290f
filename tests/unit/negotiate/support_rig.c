/*
 * The rig of the tests of Negotiate, see negotiate_rig.h.
 */
#include "negotiate_rig.h"

void rig_open(struct nego_rig *rig, const char *client_packages, const char *server_packages)
{
    static char user[] = "alice", domain[] = "EXAMPLE", password[] = "Secret-4711";
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        (UCHAR *)user, 5, (UCHAR *)domain, 7, (UCHAR *)password, 11, SEC_WINNT_AUTH_IDENTITY_ANSI};

    memset(rig, 0, sizeof *rig);
    assert_status(AcquireCredentialsHandleA(NULL, (char *)"Negotiate", SECPKG_CRED_OUTBOUND, NULL, &identity, NULL,
                                            NULL, &rig->client_credential, NULL),
                  SEC_E_OK);
    assert_status(AcquireCredentialsHandleA(NULL, (char *)"Negotiate", SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                            &rig->server_credential, NULL),
                  SEC_E_OK);
    assert_status(SspiAccountStoreOpen("memory:", &rig->store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(rig->store, user, domain, password, 11), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&rig->server_credential, rig->store), SEC_E_OK);
    if (client_packages)
        assert_status(SspiCredentialSetOption(&rig->client_credential, "negotiate_packages", client_packages),
                      SEC_E_OK);
    if (server_packages)
        assert_status(SspiCredentialSetOption(&rig->server_credential, "negotiate_packages", server_packages),
                      SEC_E_OK);
}

void rig_close(struct nego_rig *rig)
{
    if (rig->client_begun)
        assert_status(DeleteSecurityContext(&rig->client), SEC_E_OK);
    if (rig->server_begun)
        assert_status(DeleteSecurityContext(&rig->server), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&rig->client_credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&rig->server_credential), SEC_E_OK);
    SspiAccountStoreFree(rig->store);
    paper_kerberos = (struct paper_kerberos){0};
}

SECURITY_STATUS rig_initiate(struct nego_rig *rig, const struct token *in, struct token *out)
{
    SecBuffer input_buffer = {in ? in->size : 0, SECBUFFER_TOKEN, in ? (void *)(uintptr_t)in->data : NULL};
    SecBuffer output_buffer = {RIG_ROOM, SECBUFFER_TOKEN, out->data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &input_buffer}, output = {SECBUFFER_VERSION, 1, &output_buffer};
    SECURITY_STATUS status = InitializeSecurityContextA(
        &rig->client_credential, rig->client_begun ? &rig->client : NULL, (char *)"HTTP/server.example",
        ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_MUTUAL_AUTH, 0, SECURITY_NATIVE_DREP, in ? &input : NULL,
        0, &rig->client, &output, &rig->client_attributes, NULL);

    rig->client_begun = rig->client_begun || status >= 0;
    out->size = output_buffer.cbBuffer;
    return status;
}

SECURITY_STATUS rig_accept(struct nego_rig *rig, const struct token *in, struct token *out)
{
    SecBuffer input_buffer = {in ? in->size : 0, SECBUFFER_TOKEN, in ? (void *)(uintptr_t)in->data : NULL};
    SecBuffer output_buffer = {RIG_ROOM, SECBUFFER_TOKEN, out->data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &input_buffer}, output = {SECBUFFER_VERSION, 1, &output_buffer};
    SECURITY_STATUS status = AcceptSecurityContext(&rig->server_credential, rig->server_begun ? &rig->server : NULL,
                                                   in ? &input : NULL, ASC_REQ_CONFIDENTIALITY, SECURITY_NATIVE_DREP,
                                                   &rig->server, &output, &rig->server_attributes, NULL);

    rig->server_begun = rig->server_begun || status >= 0;
    out->size = output_buffer.cbBuffer;
    return status;
}

SECURITY_STATUS rig_run(struct nego_rig *rig, unsigned *legs)
{
    struct token up = {0}, down = {0};
    SECURITY_STATUS client = SEC_I_CONTINUE_NEEDED, server = SEC_I_CONTINUE_NEEDED;

    *legs = 0;
    while (client == SEC_I_CONTINUE_NEEDED || server == SEC_I_CONTINUE_NEEDED) {
        cr_assert(++*legs < 10, "the two never end");
        cr_assert(client != SEC_E_OK || down.size == 0, "a token for a client that is done");
        if (client == SEC_I_CONTINUE_NEEDED)
            client = rig_initiate(rig, *legs > 1 ? &down : NULL, &up);
        else
            up.size = 0;
        if (client < 0)
            return client;
        if (server == SEC_E_OK && up.size == 0)
            break;
        cr_assert_eq(server, SEC_I_CONTINUE_NEEDED, "a token for a server that is done");
        server = rig_accept(rig, &up, &down);
        if (server < 0)
            return server;
    }
    return client;
}

void rig_package(struct nego_rig *rig, char name[32])
{
    SecPkgContext_PackageInfoA info;

    assert_status(QueryContextAttributesA(&rig->server, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    strncpy(name, info.PackageInfo->Name, 31);
    name[31] = '\0';
    assert_status(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
}

struct token token_of(const char *hex)
{
    struct token token;

    token.size = (ULONG)test_hex(hex, token.data, sizeof token.data);
    return token;
}

size_t token_find(const struct token *token, const void *what, size_t size)
{
    for (size_t i = 0; i + size <= token->size; i++) {
        if (memcmp(token->data + i, what, size) == 0)
            return i;
    }
    cr_assert_fail("not in the token");
    return 0;
}
