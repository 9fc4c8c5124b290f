/*
 * See loopback.h.
 */
#include "loopback.h"

#include <stdio.h>

static void note_event(void *argument, const SSPI_EVENT *event)
{
    struct seen *seen = argument;

    seen->count++;
    seen->status = event->Status;
    seen->reason = event->Reason;
    snprintf(seen->client, sizeof seen->client, "%s", event->ClientName);
    snprintf(seen->explanation, sizeof seen->explanation, "%s", event->Explanation);
}

static void acquire(CredHandle *credential, ULONG use, const char *user, const char *domain, const char *password)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        .User = (UCHAR *)(uintptr_t)user,
        .UserLength = (ULONG)strlen(user),
        .Domain = (UCHAR *)(uintptr_t)domain,
        .DomainLength = (ULONG)strlen(domain),
        .Password = (UCHAR *)(uintptr_t)password,
        .PasswordLength = (ULONG)strlen(password),
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    char package[] = "NTLM";

    assert_status(AcquireCredentialsHandleA(NULL, package, use, NULL, use & SECPKG_CRED_OUTBOUND ? &identity : NULL,
                                            NULL, NULL, credential, NULL),
                  SEC_E_OK);
}

void loopback_open(struct loopback *loop)
{
    *loop = (struct loopback){0};
    loop->client_flags = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY | ISC_REQ_REPLAY_DETECT | ISC_REQ_SEQUENCE_DETECT;
    loop->target = "HTTP/server.example.com";
    acquire(&loop->client_credential, SECPKG_CRED_OUTBOUND, USER, DOMAIN, PASSWORD);
    acquire(&loop->server_credential, SECPKG_CRED_INBOUND, "", "", "");
    assert_status(SspiAccountStoreOpen("memory:", &loop->store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(loop->store, USER, DOMAIN, PASSWORD, (ULONG)strlen(PASSWORD)), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&loop->server_credential, loop->store), SEC_E_OK);
    assert_status(SspiCredentialSetEventCallback(&loop->server_credential, note_event, &loop->seen, NULL), SEC_E_OK);
    loopback_option(loop, "netbios_domain_name", DOMAIN);
    loopback_option(loop, "netbios_computer_name", "SERVER");
}

void loopback_client_as(struct loopback *loop, const char *user, const char *domain, const char *password)
{
    assert_status(FreeCredentialsHandle(&loop->client_credential), SEC_E_OK);
    acquire(&loop->client_credential, SECPKG_CRED_OUTBOUND, user, domain, password);
}

void loopback_option(struct loopback *loop, const char *name, const char *value)
{
    assert_status(SspiCredentialSetOption(&loop->server_credential, name, value), SEC_E_OK);
}

void loopback_again(struct loopback *loop)
{
    if (loop->client_live)
        assert_status(DeleteSecurityContext(&loop->client), SEC_E_OK);
    if (loop->server_live)
        assert_status(DeleteSecurityContext(&loop->server), SEC_E_OK);
    loop->client_live = loop->server_live = false;
    loop->seen = (struct seen){0};
}

void loopback_close(struct loopback *loop)
{
    loopback_again(loop);
    assert_status(FreeCredentialsHandle(&loop->client_credential), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&loop->server_credential), SEC_E_OK);
    SspiAccountStoreFree(loop->store);
}

static void input_fill(SecBuffer buffers[2], SecBufferDesc *input, const struct token *token, const void *bindings,
                       ULONG bindings_size)
{
    *input = (SecBufferDesc){SECBUFFER_VERSION, 0, buffers};
    if (token)
        buffers[input->cBuffers++] = (SecBuffer){token->size, SECBUFFER_TOKEN, (void *)(uintptr_t)token->data};
    if (bindings)
        buffers[input->cBuffers++] =
            (SecBuffer){bindings_size, SECBUFFER_CHANNEL_BINDINGS, (void *)(uintptr_t)bindings};
}

static SECURITY_STATUS client_step(struct loopback *loop, const struct token *in, struct token *out)
{
    SecBuffer buffers[2], out_buffer = {TOKEN_ROOM, SECBUFFER_TOKEN, out->data};
    SecBufferDesc input, output = {SECBUFFER_VERSION, 1, &out_buffer};
    SECURITY_STATUS status;

    input_fill(buffers, &input, in, loop->client_bindings, loop->client_bindings_size);
    status = InitializeSecurityContextA(&loop->client_credential, loop->client_live ? &loop->client : NULL,
                                        (SEC_CHAR *)(uintptr_t)loop->target, loop->client_flags, 0,
                                        SECURITY_NATIVE_DREP, input.cBuffers ? &input : NULL, 0, &loop->client, &output,
                                        &loop->client_attributes, NULL);
    if (!loop->client_live)
        loop->client_live = status >= 0;
    out->size = out_buffer.cbBuffer;
    return status;
}

static SECURITY_STATUS server_step(struct loopback *loop, const struct token *in, struct token *out)
{
    SecBuffer buffers[2], out_buffer = {TOKEN_ROOM, SECBUFFER_TOKEN, out->data};
    SecBufferDesc input, output = {SECBUFFER_VERSION, 1, &out_buffer};
    SECURITY_STATUS status;

    input_fill(buffers, &input, in, loop->server_bindings, loop->server_bindings_size);
    status = AcceptSecurityContext(&loop->server_credential, loop->server_live ? &loop->server : NULL, &input,
                                   loop->server_flags, SECURITY_NATIVE_DREP, &loop->server, &output,
                                   &loop->server_attributes, NULL);
    if (!loop->server_live)
        loop->server_live = status >= 0;
    out->size = out_buffer.cbBuffer;
    return status;
}

SECURITY_STATUS loopback_negotiate(struct loopback *loop)
{
    return client_step(loop, NULL, &loop->negotiate);
}

SECURITY_STATUS loopback_challenge(struct loopback *loop)
{
    return server_step(loop, &loop->negotiate, &loop->challenge);
}

SECURITY_STATUS loopback_authenticate(struct loopback *loop)
{
    return client_step(loop, &loop->challenge, &loop->authenticate);
}

SECURITY_STATUS loopback_finish(struct loopback *loop)
{
    struct token nothing = {0};
    SECURITY_STATUS status = server_step(loop, &loop->authenticate, &nothing);

    cr_assert_eq(nothing.size, 0u, "NTLM's last leg makes no token");
    return status;
}

void loopback_until_authenticate(struct loopback *loop)
{
    assert_status(loopback_negotiate(loop), SEC_I_CONTINUE_NEEDED);
    assert_status(loopback_challenge(loop), SEC_I_CONTINUE_NEEDED);
    assert_status(loopback_authenticate(loop), SEC_E_OK);
}

/* A refused context gives away nothing and protects nothing. */
static void nothing_to_get(struct loopback *loop)
{
    SecPkgContext_NamesA names = {0};
    SecPkgContext_SessionKey key = {0};
    uint8_t data[8] = {0}, trailer[64] = {0};
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    cr_assert_neq(QueryContextAttributesA(&loop->server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_null(names.sUserName);
    cr_assert_neq(QueryContextAttributesA(&loop->server, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    cr_assert_null(key.SessionKey);
    cr_assert_neq(MakeSignature(&loop->server, 0, &message, 0), SEC_E_OK);
    cr_assert_neq(EncryptMessage(&loop->server, 0, &message, 0), SEC_E_OK);
}

void loopback_refused(struct loopback *loop, SECURITY_STATUS status, ULONG reason)
{
    ULONG found = 0;
    char *text = NULL;
    SECURITY_STATUS got = loopback_finish(loop);

    cr_assert_eq((ULONG)got, (ULONG)status, "status %s, expected %s (%s)", SspiStatusName(got), SspiStatusName(status),
                 loop->seen.explanation);
    assert_status(SspiQueryContextReason(&loop->server, &found), SEC_E_OK);
    cr_assert_eq(found, reason, "reason %u, expected %u (%s)", (unsigned)found, (unsigned)reason,
                 loop->seen.explanation);
    cr_assert_eq(loop->server_attributes, 0u);
    cr_assert_eq(loop->seen.count, 1u, "%u events", loop->seen.count);
    assert_status(loop->seen.status, status);
    cr_assert_eq(loop->seen.reason, reason);
    assert_status(SspiExplainContext(&loop->server, &text), SEC_E_OK);
    cr_assert(strlen(text) > 10);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
    nothing_to_get(loop);
    /* The challenge is used up: not even the right answer helps now. */
    cr_assert(loopback_finish(loop) < 0);
    cr_assert_eq(loop->seen.count, 1u, "a second event of one attempt");
    assert_status(DeleteSecurityContext(&loop->server), SEC_E_OK);
    loop->server_live = false;
}

void loopback_refused_at_once(struct loopback *loop, SECURITY_STATUS status, ULONG reason)
{
    struct token out = {0};
    SECURITY_STATUS got = server_step(loop, &loop->negotiate, &out);

    cr_assert_eq((ULONG)got, (ULONG)status, "status %s, expected %s", SspiStatusName(got), SspiStatusName(status));
    cr_assert_eq(SspiQueryLastFailureReason(), reason, "reason %u, expected %u", (unsigned)SspiQueryLastFailureReason(),
                 (unsigned)reason);
    cr_assert_eq(out.size, 0u);
    cr_assert_not(SecIsValidHandle(&loop->server));
    cr_assert_eq(loop->seen.count, 1u, "%u events", loop->seen.count);
}

void loopback_accepted(struct loopback *loop, const char *name)
{
    SecPkgContext_NamesA names = {0};
    SECURITY_STATUS got = loopback_finish(loop);

    cr_assert_eq((ULONG)got, (ULONG)SEC_E_OK, "status %s (%s)", SspiStatusName(got), loop->seen.explanation);
    assert_status(QueryContextAttributesA(&loop->server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, name);
    assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    cr_assert_eq(loop->seen.count, 1u);
    assert_status(loop->seen.status, SEC_E_OK);
}
