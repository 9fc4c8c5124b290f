/*
 * Every function that takes a handle, with every handle that is none: nothing crashes, nothing succeeds, and each says
 * so.
 */
#include "forge.h"

typedef SECURITY_STATUS (*handle_call)(PSecHandle handle);

static struct loopback loop;
static uint8_t data[16], trailer[64], scratch[512];

static void up(void)
{
    loopback_open(&loop);
    loopback_until_authenticate(&loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
}

static void down(void)
{
    loopback_close(&loop);
}

/* A message of data and room for a token, built anew for each call. */
static PSecBufferDesc message(void)
{
    static SecBuffer buffers[2];
    static SecBufferDesc description = {SECBUFFER_VERSION, 2, buffers};

    buffers[0] = (SecBuffer){sizeof data, SECBUFFER_DATA, data};
    buffers[1] = (SecBuffer){sizeof trailer, SECBUFFER_TOKEN, trailer};
    return &description;
}

static SECURITY_STATUS on_accept(PSecHandle handle)
{
    ULONG attributes = 0;

    return AcceptSecurityContext(&loop.server_credential, handle, message(), 0, 0, handle, message(), &attributes,
                                 NULL);
}

static SECURITY_STATUS on_initialize_a(PSecHandle handle)
{
    ULONG attributes = 0;

    return InitializeSecurityContextA(&loop.client_credential, handle, NULL, 0, 0, 0, message(), 0, handle, message(),
                                      &attributes, NULL);
}

static SECURITY_STATUS on_initialize_w(PSecHandle handle)
{
    ULONG attributes = 0;

    return InitializeSecurityContextW(&loop.client_credential, handle, NULL, 0, 0, 0, message(), 0, handle, message(),
                                      &attributes, NULL);
}

static SECURITY_STATUS on_delete(PSecHandle handle)
{
    return DeleteSecurityContext(handle);
}

static SECURITY_STATUS on_complete(PSecHandle handle)
{
    return CompleteAuthToken(handle, message());
}

static SECURITY_STATUS on_control(PSecHandle handle)
{
    return ApplyControlToken(handle, message());
}

static SECURITY_STATUS on_query_a(PSecHandle handle)
{
    return QueryContextAttributesA(handle, SECPKG_ATTR_SIZES, scratch);
}

static SECURITY_STATUS on_query_w(PSecHandle handle)
{
    return QueryContextAttributesW(handle, SECPKG_ATTR_SIZES, scratch);
}

static SECURITY_STATUS on_query_ex_a(PSecHandle handle)
{
    return QueryContextAttributesExA(handle, SECPKG_ATTR_SIZES, scratch, sizeof scratch);
}

static SECURITY_STATUS on_query_ex_w(PSecHandle handle)
{
    return QueryContextAttributesExW(handle, SECPKG_ATTR_SIZES, scratch, sizeof scratch);
}

static SECURITY_STATUS on_set_a(PSecHandle handle)
{
    return SetContextAttributesA(handle, SECPKG_ATTR_SIZES, scratch, sizeof scratch);
}

static SECURITY_STATUS on_set_w(PSecHandle handle)
{
    return SetContextAttributesW(handle, SECPKG_ATTR_SIZES, scratch, sizeof scratch);
}

static SECURITY_STATUS on_impersonate(PSecHandle handle)
{
    return ImpersonateSecurityContext(handle);
}

static SECURITY_STATUS on_revert(PSecHandle handle)
{
    return RevertSecurityContext(handle);
}

static SECURITY_STATUS on_token(PSecHandle handle)
{
    void *token = NULL;

    return QuerySecurityContextToken(handle, &token);
}

static SECURITY_STATUS on_make(PSecHandle handle)
{
    return MakeSignature(handle, 0, message(), 0);
}

static SECURITY_STATUS on_verify(PSecHandle handle)
{
    return VerifySignature(handle, message(), 0, NULL);
}

static SECURITY_STATUS on_encrypt(PSecHandle handle)
{
    return EncryptMessage(handle, 0, message(), 0);
}

static SECURITY_STATUS on_decrypt(PSecHandle handle)
{
    return DecryptMessage(handle, message(), 0, NULL);
}

static SECURITY_STATUS on_export(PSecHandle handle)
{
    SecBuffer packed = {0, SECBUFFER_EMPTY, NULL};
    void *token = NULL;

    return ExportSecurityContext(handle, 0, &packed, &token);
}

static SECURITY_STATUS on_explain(PSecHandle handle)
{
    char *text = NULL;
    SECURITY_STATUS status = SspiExplainContext(handle, &text);

    if (text)
        FreeContextBuffer(text);
    return status;
}

static SECURITY_STATUS on_reason(PSecHandle handle)
{
    ULONG reason;

    return SspiQueryContextReason(handle, &reason);
}

static const struct {
    const char *name;
    handle_call call;
    bool unsupported; /* may say so before it looks at the handle */
} context_calls[] = {
    {"AcceptSecurityContext", on_accept, false},
    {"InitializeSecurityContextA", on_initialize_a, false},
    {"InitializeSecurityContextW", on_initialize_w, false},
    {"DeleteSecurityContext", on_delete, false},
    {"CompleteAuthToken", on_complete, false},
    {"ApplyControlToken", on_control, false},
    {"QueryContextAttributesA", on_query_a, false},
    {"QueryContextAttributesW", on_query_w, false},
    {"QueryContextAttributesExA", on_query_ex_a, false},
    {"QueryContextAttributesExW", on_query_ex_w, false},
    {"SetContextAttributesA", on_set_a, true},
    {"SetContextAttributesW", on_set_w, true},
    {"ImpersonateSecurityContext", on_impersonate, true},
    {"RevertSecurityContext", on_revert, true},
    {"QuerySecurityContextToken", on_token, true},
    {"MakeSignature", on_make, false},
    {"VerifySignature", on_verify, false},
    {"EncryptMessage", on_encrypt, false},
    {"DecryptMessage", on_decrypt, false},
    {"ExportSecurityContext", on_export, true},
    {"SspiExplainContext", on_explain, false},
    {"SspiQueryContextReason", on_reason, false},
};

enum { CONTEXT_CALLS = sizeof context_calls / sizeof context_calls[0] };

/* Every function with this handle: refused for what it is, and the handle itself left as it was. */
static void all_refuse(const char *what, const SecHandle *bad)
{
    for (size_t i = 0; i < CONTEXT_CALLS; i++) {
        SecHandle handle = *bad;
        SECURITY_STATUS status = context_calls[i].call(&handle);

        if (context_calls[i].unsupported && status == SEC_E_UNSUPPORTED_FUNCTION)
            continue;
        cr_assert_eq((ULONG)status, (ULONG)SEC_E_INVALID_HANDLE, "%s with %s: %s", context_calls[i].name, what,
                     SspiStatusName(status));
        cr_assert(handle.dwLower == bad->dwLower && handle.dwUpper == bad->dwUpper, "%s changed %s",
                  context_calls[i].name, what);
    }
}

/* Accept and Initialize are left out: there NULL begins a new context. */
Test(handles, null, .init = up, .fini = down)
{
    for (size_t i = 3; i < CONTEXT_CALLS; i++) {
        SECURITY_STATUS status = context_calls[i].call(NULL);

        cr_assert(status < 0, "%s(NULL): %s", context_calls[i].name, SspiStatusName(status));
    }
}

Test(handles, zero_and_ones, .init = up, .fini = down)
{
    SecHandle bad = {0, 0};

    all_refuse("zeroes", &bad);
    SecInvalidateHandle(&bad);
    all_refuse("ones", &bad);
}

Test(handles, random_values, .init = up, .fini = down)
{
    uint64_t state = 88172645463325252u;

    for (unsigned i = 0; i < 2000; i++) {
        SecHandle bad;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bad.dwLower = (ULONG_PTR)(i % 2 ? state : state % 64);
        bad.dwUpper = (ULONG_PTR)(state >> 32);
        all_refuse("a random value", &bad);
    }
}

/* One bit away from a handle that lives. */
Test(handles, neighbours_of_a_live_one, .init = up, .fini = down)
{
    for (unsigned bit = 0; bit < 128; bit++) {
        SecHandle bad = loop.server;

        if (bit < 64)
            bad.dwLower ^= (ULONG_PTR)1 << bit;
        else
            bad.dwUpper ^= (ULONG_PTR)1 << (bit - 64);
        if (bad.dwLower == loop.client.dwLower && bad.dwUpper == loop.client.dwUpper)
            continue;
        all_refuse("a neighbour", &bad);
    }
    assert_status(on_query_a(&loop.server), SEC_E_OK);
}

Test(handles, deleted, .init = up, .fini = down)
{
    SecHandle stale = loop.server;

    assert_status(DeleteSecurityContext(&loop.server), SEC_E_OK);
    loop.server_live = false;
    all_refuse("a deleted context", &stale);
    /* Its slot may live again: as somebody else's. */
    loopback_again(&loop);
    loopback_until_authenticate(&loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    all_refuse("a deleted context, its slot in use again", &stale);
}

Test(handles, of_another_kind, .init = up, .fini = down)
{
    all_refuse("a credential", &loop.server_credential);
}

static SECURITY_STATUS on_free(PSecHandle handle)
{
    return FreeCredentialsHandle(handle);
}

static SECURITY_STATUS on_accept_with(PSecHandle handle)
{
    ULONG attributes = 0;
    CtxtHandle made;

    return AcceptSecurityContext(handle, NULL, message(), 0, 0, &made, message(), &attributes, NULL);
}

static SECURITY_STATUS on_initialize_with(PSecHandle handle)
{
    ULONG attributes = 0;
    CtxtHandle made;

    return InitializeSecurityContextA(handle, NULL, NULL, 0, 0, 0, NULL, 0, &made, message(), &attributes, NULL);
}

static SECURITY_STATUS on_credential_query(PSecHandle handle)
{
    return QueryCredentialsAttributesA(handle, SECPKG_CRED_ATTR_NAMES, scratch);
}

static SECURITY_STATUS on_option(PSecHandle handle)
{
    return SspiCredentialSetOption(handle, "ntlm_policy", "normal");
}

static SECURITY_STATUS on_store(PSecHandle handle)
{
    return SspiCredentialSetAccountStore(handle, loop.store);
}

static SECURITY_STATUS on_hash(PSecHandle handle)
{
    return SspiCredentialSetNtHash(handle, data, sizeof data);
}

static SECURITY_STATUS on_events(PSecHandle handle)
{
    return SspiCredentialSetEventCallback(handle, NULL, NULL, NULL);
}

static void all_credential_calls_refuse(const char *what, const SecHandle *bad)
{
    const handle_call calls[] = {on_free,  on_accept_with, on_initialize_with, on_credential_query, on_option,
                                 on_store, on_hash,        on_events};

    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        SecHandle handle;
        SECURITY_STATUS status;

        if (bad)
            handle = *bad;
        status = calls[i](bad ? &handle : NULL);
        cr_assert_eq((ULONG)status, (ULONG)SEC_E_INVALID_HANDLE, "call %zu with %s: %s", i, what,
                     SspiStatusName(status));
    }
}

Test(handles, credentials, .init = up, .fini = down)
{
    SecHandle bad = {0, 0}, stale = loop.client_credential;

    all_credential_calls_refuse("NULL", NULL);
    all_credential_calls_refuse("zeroes", &bad);
    SecInvalidateHandle(&bad);
    all_credential_calls_refuse("ones", &bad);
    all_credential_calls_refuse("a context", &loop.server);
    loopback_client_as(&loop, USER, DOMAIN, PASSWORD);
    all_credential_calls_refuse("a freed credential", &stale);
}

/* An acceptor's context is no initiator's, and a context goes on only with the credential it was begun with. */
Test(handles, of_the_wrong_side, .init = up, .fini = down)
{
    assert_status(on_accept(&loop.client), SEC_E_INVALID_HANDLE);
    assert_status(on_initialize_a(&loop.server), SEC_E_INVALID_HANDLE);
    assert_status(on_accept_with(&loop.client_credential), SEC_E_NO_CREDENTIALS);
    assert_status(on_initialize_with(&loop.server_credential), SEC_E_NO_CREDENTIALS);
}

/* A credential that is freed under a context leaves the context whole. */
Test(handles, credential_freed_first, .init = up, .fini = down)
{
    loopback_again(&loop);
    assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
    loopback_client_as(&loop, "nobody", DOMAIN, "x");
    assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
    assert_status(loopback_authenticate(&loop), SEC_E_WRONG_CREDENTIAL_HANDLE);
}

/* Half open: only what a half-open context can do. */
Test(handles, half_open, .init = up, .fini = down)
{
    const handle_call never[] = {on_make, on_verify, on_encrypt, on_decrypt, on_impersonate, on_token, on_export};
    SecPkgContext_NamesA names = {0};
    SecPkgContext_SessionKey key = {0};

    loopback_again(&loop);
    assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
    assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        cr_assert(never[i](&loop.client) < 0, "call %zu on a half-open initiator", i);
        cr_assert(never[i](&loop.server) < 0, "call %zu on a half-open acceptor", i);
    }
    cr_assert(QueryContextAttributesA(&loop.server, SECPKG_ATTR_NAMES, &names) < 0);
    cr_assert(QueryContextAttributesA(&loop.server, SECPKG_ATTR_SESSION_KEY, &key) < 0);
    cr_assert(QueryContextAttributesA(&loop.client, SECPKG_ATTR_SESSION_KEY, &key) < 0);
}
