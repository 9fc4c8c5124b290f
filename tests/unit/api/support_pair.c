/*
 * Helpers of the tests of api/: credentials, legs and established pairs of the test packages.
 */
#include <stdio.h>

#include "trial.h"

SEC_WINNT_AUTH_IDENTITY_A trial_identity(const char *password)
{
    static char user[] = "alice", domain[] = "EXAMPLE", kept[64];

    snprintf(kept, sizeof kept, "%s", password);
    return (SEC_WINNT_AUTH_IDENTITY_A){
        (UCHAR *)user, 5, (UCHAR *)domain, 7, (UCHAR *)kept, (ULONG)strlen(kept), SEC_WINNT_AUTH_IDENTITY_ANSI};
}

SecHandle trial_credential_of(const char *package, ULONG use, const char *password)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = trial_identity(password);
    SecHandle handle;

    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)package, use, NULL, &identity, NULL, NULL, &handle, NULL),
                  SEC_E_OK);
    return handle;
}

SecHandle trial_credential(const char *package, ULONG use)
{
    return trial_credential_of(package, use, TRIAL_PASSWORD);
}

SECURITY_STATUS trial_accept(SecHandle *credential, SecHandle *context, SecHandle *created, const char *token,
                             char *out, ULONG *out_size)
{
    SecBuffer in_buffer = {(ULONG)strlen(token), SECBUFFER_TOKEN, (void *)token};
    SecBuffer out_buffer = {*out_size, SECBUFFER_TOKEN, out};
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &in_buffer}, desc = {SECBUFFER_VERSION, 1, &out_buffer};
    ULONG attributes = 0xAAAAAAAA;
    SECURITY_STATUS status =
        AcceptSecurityContext(credential, context, &in, 0, SECURITY_NATIVE_DREP, created, &desc, &attributes, NULL);

    cr_assert_neq(attributes, 0xAAAAAAAA);
    *out_size = out_buffer.cbBuffer;
    return status;
}

SECURITY_STATUS trial_initiate(SecHandle *credential, SecHandle *context, SecHandle *created, const char *token,
                               char *out, ULONG *out_size)
{
    SecBuffer in_buffer = {token ? (ULONG)strlen(token) : 0, SECBUFFER_TOKEN, (void *)token};
    SecBuffer out_buffer = {*out_size, SECBUFFER_TOKEN, out};
    SecBufferDesc in = {SECBUFFER_VERSION, 1, &in_buffer}, desc = {SECBUFFER_VERSION, 1, &out_buffer};
    ULONG attributes;
    SECURITY_STATUS status = InitializeSecurityContextA(credential, context, (SEC_CHAR *)"HTTP/www", 0, 0, 0,
                                                        token ? &in : NULL, 0, created, &desc, &attributes, NULL);

    *out_size = out_buffer.cbBuffer;
    return status;
}

SecHandle trial_half_open(SecHandle *credential)
{
    SecHandle context;
    char out[32];
    ULONG size = sizeof out;

    assert_status(trial_accept(credential, NULL, &context, "HELLO", out, &size), SEC_I_CONTINUE_NEEDED);
    return context;
}

void trial_pair_open(struct trial_pair *pair)
{
    char token[160] = "", out[160];
    ULONG size;

    pair->server_credential = trial_credential("Trial", SECPKG_CRED_INBOUND);
    pair->client_credential = trial_credential("Trial", SECPKG_CRED_OUTBOUND);
    size = sizeof token;
    assert_status(trial_initiate(&pair->client_credential, NULL, &pair->client, NULL, token, &size),
                  SEC_I_CONTINUE_NEEDED);
    token[size] = '\0';
    size = sizeof out;
    assert_status(trial_accept(&pair->server_credential, NULL, &pair->server, token, out, &size),
                  SEC_I_CONTINUE_NEEDED);
    out[size] = '\0';
    size = sizeof token;
    assert_status(trial_initiate(&pair->client_credential, &pair->client, &pair->client, out, token, &size), SEC_E_OK);
    token[size] = '\0';
    size = sizeof out;
    assert_status(trial_accept(&pair->server_credential, &pair->server, &pair->server, token, out, &size), SEC_E_OK);
    cr_assert_eq(size, 0);
}

void trial_pair_close(struct trial_pair *pair)
{
    assert_status(DeleteSecurityContext(&pair->server), SEC_E_OK);
    assert_status(DeleteSecurityContext(&pair->client), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&pair->server_credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&pair->client_credential), SEC_E_OK);
}

static const char *keep(char *text)
{
    static char kept[512];

    snprintf(kept, sizeof kept, "%s", text);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
    return kept;
}

const char *trial_last_failure(void)
{
    char *text;

    assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    return keep(text);
}

const char *trial_explain(SecHandle *context)
{
    char *text;

    assert_status(SspiExplainContext(context, &text), SEC_E_OK);
    return keep(text);
}
