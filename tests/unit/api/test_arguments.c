/* Every exported function against every kind of bad handle and every state; the map of exports says that none is left
 * out. */
#include <stdio.h>

#include "api/context_buffer.h"
#include "trial.h"

/* ---- What the calls are given besides the handle ---- */

static ULONG attributes, number;
static TimeStamp expiry;
static SecHandle created;
static char memory[64], text[] = "Trial";
static SEC_WCHAR wide[] = {'T', 'r', 'i', 'a', 'l', 0};
static SecBuffer token = {5, SECBUFFER_TOKEN, (void *)memory}, data[2], packed;
static SecBufferDesc in = {0, 1, &token}, message = {0, 2, data};
static void *pointer;
static ULONG_PTR room[16];
static const SecHandle *valid_credential;

static SecBufferDesc *out(void)
{
    static SecBuffer buffer;
    static SecBufferDesc desc = {0, 1, &buffer};

    buffer = (SecBuffer){sizeof memory, SECBUFFER_TOKEN, memory};
    return &desc;
}

static SecBufferDesc *signed_message(void)
{
    data[0] = (SecBuffer){4, SECBUFFER_DATA, (void *)memory};
    data[1] = (SecBuffer){16, SECBUFFER_TOKEN, (void *)(memory + 16)};
    return &message;
}

/* Frees what a query that should have failed has allocated, and passes its status on. */
static SECURITY_STATUS dropped(SECURITY_STATUS status)
{
    if (status == SEC_E_OK)
        FreeContextBuffer((void *)room[0]);
    return status;
}

static SECURITY_STATUS explained(SecHandle *h)
{
    char *sentence;
    SECURITY_STATUS status = SspiExplainContext(h, &sentence);

    FreeContextBuffer(sentence);
    return status;
}

#define CALL(name, call)                                                                                               \
    static SECURITY_STATUS call_##name(SecHandle *h)                                                                   \
    {                                                                                                                  \
        return call;                                                                                                   \
    }

/* Functions of a context. */
CALL(SspiAcquireDelegatedCredential, SspiAcquireDelegatedCredential(h, &created))
CALL(SspiAcquireConstrainedCredential, SspiAcquireConstrainedCredential(h, &created))
CALL(SspiQueryContextCertificate, SspiQueryContextCertificate(h, 0x53, &number, (void **)(void *)room))
CALL(SspiListIdentity, dropped(SspiListIdentity(h, &number, (PSSPI_IDENTITY_FIELD *)(void *)room)))
CALL(AcceptSecurityContext, AcceptSecurityContext((SecHandle *)valid_credential, h ? h : &(SecHandle){0}, &in, 0, 0,
                                                  &created, out(), &attributes, &expiry))
CALL(InitializeSecurityContextA,
     InitializeSecurityContextA((SecHandle *)valid_credential, h ? h : &(SecHandle){0}, text, 0, 0, 0, &in, 0, &created,
                                out(), &attributes, &expiry))
CALL(InitializeSecurityContextW,
     InitializeSecurityContextW((SecHandle *)valid_credential, h ? h : &(SecHandle){0}, wide, 0, 0, 0, &in, 0, &created,
                                out(), &attributes, &expiry))
CALL(CompleteAuthToken, CompleteAuthToken(h, &in))
CALL(ApplyControlToken, ApplyControlToken(h, &in))
CALL(DeleteSecurityContext, DeleteSecurityContext(h))
CALL(QueryContextAttributesA, dropped(QueryContextAttributesA(h, SECPKG_ATTR_NAMES, room)))
CALL(QueryContextAttributesW, dropped(QueryContextAttributesW(h, SECPKG_ATTR_NAMES, room)))
CALL(QueryContextAttributesExA, dropped(QueryContextAttributesExA(h, SECPKG_ATTR_NAMES, room, sizeof room)))
CALL(QueryContextAttributesExW, dropped(QueryContextAttributesExW(h, SECPKG_ATTR_NAMES, room, sizeof room)))
CALL(SetContextAttributesA, SetContextAttributesA(h, 0, room, sizeof room))
CALL(SetContextAttributesW, SetContextAttributesW(h, 0, room, sizeof room))
CALL(ImpersonateSecurityContext, ImpersonateSecurityContext(h))
CALL(RevertSecurityContext, RevertSecurityContext(h))
CALL(QuerySecurityContextToken, QuerySecurityContextToken(h, &pointer))
CALL(DelegateSecurityContext, DelegateSecurityContext(h, text, SecFull, &expiry, NULL, out()))
CALL(MakeSignature, MakeSignature(h, 0, signed_message(), 0))
CALL(VerifySignature, VerifySignature(h, signed_message(), 0, &number))
CALL(EncryptMessage, EncryptMessage(h, 0, signed_message(), 0))
CALL(DecryptMessage, DecryptMessage(h, signed_message(), 0, &number))
CALL(ExportSecurityContext, ExportSecurityContext(h, 0, &packed, &pointer))
CALL(SaslInitializeSecurityContextA,
     SaslInitializeSecurityContextA(NULL, h, text, 0, 0, 0, &in, 0, &created, out(), &attributes, &expiry))
CALL(SaslInitializeSecurityContextW,
     SaslInitializeSecurityContextW(NULL, h, wide, 0, 0, 0, &in, 0, &created, out(), &attributes, &expiry))
CALL(SaslAcceptSecurityContext, SaslAcceptSecurityContext(NULL, h, &in, 0, 0, &created, out(), &attributes, &expiry))
CALL(SaslSetContextOption, SaslSetContextOption(h, 1, room, 4))
CALL(SaslGetContextOption, SaslGetContextOption(h, 1, room, 4, &number))
CALL(SspiSaslQueryLayer, SspiSaslQueryLayer(h, &number))
CALL(SspiSaslQueryAuthorization, dropped(SspiSaslQueryAuthorization(h, (char **)(void *)room)))
CALL(SspiSaslWrap, SspiSaslWrap(h, text, 1, &number, &pointer))
CALL(SspiSaslUnwrap, SspiSaslUnwrap(h, text, 1, &number, &number, &pointer))
CALL(SspiExplainContext, explained(h))
CALL(SspiQueryContextReason, SspiQueryContextReason(h, &number))
/* Functions of a credential. */
CALL(accept_first, AcceptSecurityContext(h, NULL, &in, 0, 0, &created, out(), &attributes, &expiry))
CALL(initiate_first_a,
     InitializeSecurityContextA(h, NULL, text, 0, 0, 0, NULL, 0, &created, out(), &attributes, &expiry))
CALL(initiate_first_w,
     InitializeSecurityContextW(h, NULL, wide, 0, 0, 0, NULL, 0, &created, out(), &attributes, &expiry))
CALL(sasl_accept_first, SaslAcceptSecurityContext(h, NULL, &in, 0, 0, &created, out(), &attributes, &expiry))
CALL(FreeCredentialsHandle, FreeCredentialsHandle(h))
CALL(AddCredentialsA, AddCredentialsA(h, text, text, 1, NULL, NULL, NULL, &expiry))
CALL(AddCredentialsW, AddCredentialsW(h, wide, wide, 1, NULL, NULL, NULL, &expiry))
CALL(QueryCredentialsAttributesA, dropped(QueryCredentialsAttributesA(h, SECPKG_CRED_ATTR_NAMES, room)))
CALL(QueryCredentialsAttributesW, dropped(QueryCredentialsAttributesW(h, SECPKG_CRED_ATTR_NAMES, room)))
CALL(QueryCredentialsAttributesExA,
     dropped(QueryCredentialsAttributesExA(h, SECPKG_CRED_ATTR_NAMES, room, sizeof room)))
CALL(QueryCredentialsAttributesExW,
     dropped(QueryCredentialsAttributesExW(h, SECPKG_CRED_ATTR_NAMES, room, sizeof room)))
CALL(SetCredentialsAttributesA, SetCredentialsAttributesA(h, 1, room, sizeof room))
CALL(SetCredentialsAttributesW, SetCredentialsAttributesW(h, 1, room, sizeof room))
CALL(SspiCredentialSetOption, SspiCredentialSetOption(h, "allow_anonymous", "no"))
CALL(SspiCredentialCheck, SspiCredentialCheck(h))
CALL(SspiCredentialSetAccountStore, SspiCredentialSetAccountStore(h, (SspiAccountStore *)pointer))
CALL(SspiCredentialSetNtHash, SspiCredentialSetNtHash(h, memory, 16))
CALL(SspiCredentialSetKeytab, SspiCredentialSetKeytab(h, "/nowhere"))
CALL(SspiCredentialSetKeytabBytes, SspiCredentialSetKeytabBytes(h, memory, 2))
CALL(SspiAcquireCredentialForUser, SspiAcquireCredentialForUser(h, "alice", NULL, &created))
CALL(SspiCredentialSetCertificate, SspiCredentialSetCertificate(h, memory, 2, NULL, 0, NULL))
CALL(SspiCredentialAddCertificate, SspiCredentialAddCertificate(h, memory, 2, NULL, 0, NULL))
CALL(SspiCredentialSetTrust, SspiCredentialSetTrust(h, memory, 2))
CALL(SspiCredentialSetOcspResponse, SspiCredentialSetOcspResponse(h, memory, 2))
CALL(SspiCredentialSetTicketCache, SspiCredentialSetTicketCache(h, "MEMORY:x"))
CALL(SspiCredentialSetEventCallback, SspiCredentialSetEventCallback(h, NULL, NULL, NULL))

/* Where a context of a given state is refused although it is live. */
enum { HALF_OPEN = 1, FAILED = 2 };

static const struct row {
    const char *name;
    bool credential; /* the handle is a credential's */
    int refused;     /* states in which a live context gives SEC_E_INVALID_HANDLE */
    SECURITY_STATUS (*call)(SecHandle *handle);
} rows[] = {
#define CONTEXT(name, states)                                                                                          \
    {                                                                                                                  \
#name, false, states, call_##name                                                                              \
    }
#define CREDENTIAL(name)                                                                                               \
    {                                                                                                                  \
#name, true, 0, call_##name                                                                                    \
    }
    CONTEXT(AcceptSecurityContext, FAILED),
    CONTEXT(InitializeSecurityContextA, HALF_OPEN | FAILED), /* an acceptor's context */
    CONTEXT(InitializeSecurityContextW, HALF_OPEN | FAILED),
    CONTEXT(CompleteAuthToken, FAILED),
    CONTEXT(ApplyControlToken, FAILED),
    CONTEXT(QueryContextAttributesA, HALF_OPEN | FAILED),
    CONTEXT(QueryContextAttributesW, HALF_OPEN | FAILED),
    CONTEXT(QueryContextAttributesExA, HALF_OPEN | FAILED),
    CONTEXT(QueryContextAttributesExW, HALF_OPEN | FAILED),
    CONTEXT(SetContextAttributesA, FAILED),
    CONTEXT(SetContextAttributesW, FAILED),
    CONTEXT(ImpersonateSecurityContext, HALF_OPEN | FAILED),
    CONTEXT(RevertSecurityContext, HALF_OPEN | FAILED),
    CONTEXT(QuerySecurityContextToken, HALF_OPEN | FAILED),
    CONTEXT(DelegateSecurityContext, HALF_OPEN | FAILED),
    CONTEXT(MakeSignature, HALF_OPEN | FAILED),
    CONTEXT(VerifySignature, HALF_OPEN | FAILED),
    CONTEXT(EncryptMessage, HALF_OPEN | FAILED),
    CONTEXT(DecryptMessage, HALF_OPEN | FAILED),
    CONTEXT(ExportSecurityContext, HALF_OPEN | FAILED),
    CONTEXT(SaslInitializeSecurityContextA, HALF_OPEN | FAILED),
    CONTEXT(SaslInitializeSecurityContextW, HALF_OPEN | FAILED),
    CONTEXT(SaslAcceptSecurityContext, HALF_OPEN | FAILED),
    CONTEXT(SaslSetContextOption, FAILED),
    CONTEXT(SaslGetContextOption, FAILED),
    CONTEXT(SspiSaslQueryLayer, FAILED),
    CONTEXT(SspiSaslQueryAuthorization, FAILED),
    CONTEXT(SspiSaslWrap, HALF_OPEN | FAILED),
    CONTEXT(SspiSaslUnwrap, HALF_OPEN | FAILED),
    CONTEXT(SspiListIdentity, HALF_OPEN | FAILED),
    CONTEXT(SspiQueryContextCertificate, HALF_OPEN | FAILED),
    CONTEXT(SspiAcquireDelegatedCredential, HALF_OPEN | FAILED),
    CONTEXT(SspiAcquireConstrainedCredential, HALF_OPEN | FAILED),
    CONTEXT(SspiExplainContext, 0),
    CONTEXT(SspiQueryContextReason, 0),
    CONTEXT(DeleteSecurityContext, 0), /* last: it consumes the handle */
    CREDENTIAL(accept_first),
    CREDENTIAL(initiate_first_a),
    CREDENTIAL(initiate_first_w),
    CREDENTIAL(sasl_accept_first),
    CREDENTIAL(AddCredentialsA),
    CREDENTIAL(AddCredentialsW),
    CREDENTIAL(QueryCredentialsAttributesA),
    CREDENTIAL(QueryCredentialsAttributesW),
    CREDENTIAL(QueryCredentialsAttributesExA),
    CREDENTIAL(QueryCredentialsAttributesExW),
    CREDENTIAL(SetCredentialsAttributesA),
    CREDENTIAL(SetCredentialsAttributesW),
    CREDENTIAL(SspiCredentialSetOption),
    CREDENTIAL(SspiCredentialCheck),
    CREDENTIAL(SspiCredentialSetAccountStore),
    CREDENTIAL(SspiCredentialSetNtHash),
    CREDENTIAL(SspiAcquireCredentialForUser),
    CREDENTIAL(SspiCredentialSetKeytab),
    CREDENTIAL(SspiCredentialSetKeytabBytes),
    CREDENTIAL(SspiCredentialSetTicketCache),
    CREDENTIAL(SspiCredentialSetCertificate),
    CREDENTIAL(SspiCredentialAddCertificate),
    CREDENTIAL(SspiCredentialSetTrust),
    CREDENTIAL(SspiCredentialSetOcspResponse),
    CREDENTIAL(SspiCredentialSetEventCallback),
    CREDENTIAL(FreeCredentialsHandle),
};

#define ROWS (sizeof rows / sizeof *rows)

/* Functions without a handle: their arguments are tested where they are. */
static const char *const handleless[] = {
    "AcquireCredentialsHandleA",
    "AcquireCredentialsHandleW",
    "ChangeAccountPasswordA",
    "ChangeAccountPasswordW",
    "EnumerateSecurityPackagesA",
    "EnumerateSecurityPackagesW",
    "QuerySecurityPackageInfoA",
    "QuerySecurityPackageInfoW",
    "FreeContextBuffer",
    "ImportSecurityContextA",
    "ImportSecurityContextW",
    "InitSecurityInterfaceA",
    "InitSecurityInterfaceW",
    "SaslEnumerateProfilesA",
    "SaslEnumerateProfilesW",
    "SaslGetProfilePackageA",
    "SaslGetProfilePackageW",
    "SaslIdentifyPackageA",
    "SaslIdentifyPackageW",
    "SslEmptyCacheA",
    "SslEmptyCacheW",
    "SspiEnumerateOptions",
    "SspiExplainLastFailure",
    "SspiQueryLastFailureReason",
    "SspiCloseToken",
    "SspiListTokenIdentity",
    "SspiStatusName",
    "SspiMakeChannelBindings",
    "SspiSetChannelBindingFlags",
};

static SspiAccountStore *store;
static SecHandle server, freed_credential, freed_context;

static void setup(void)
{
    assert_status(SspiAccountStoreOpen("memory:", &store), SEC_E_OK);
    pointer = store;
    server = trial_credential("Trial", SECPKG_CRED_BOTH);
    valid_credential = NULL;
    freed_credential = trial_credential("Trial", SECPKG_CRED_INBOUND);
    freed_context = trial_half_open(&freed_credential);
    assert_status(DeleteSecurityContext(&freed_context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&freed_credential), SEC_E_OK);
}

static void teardown(void)
{
    assert_status(FreeCredentialsHandle(&server), SEC_E_OK);
    SspiAccountStoreFree(store);
    cr_assert_eq(context_buffer_count(), 0);
    cr_assert_eq(trial_contexts(), 0);
    cr_assert_eq(trial_credentials(), 0);
}

#define ARGUMENT_TEST(name) Test(arguments, name, .init = setup, .fini = teardown)

/* The call says SEC_E_INVALID_HANDLE, its outputs are zeroed, and the failure can be explained. */
static void refused(const struct row *row, SecHandle *handle, const char *kind)
{
    SECURITY_STATUS status;

    attributes = number = 0xAAAAAAAA;
    expiry.QuadPart = -1;
    created = (SecHandle){9, 9};
    room[0] = 0xAA;
    pointer = store;
    status = row->call(handle);
    cr_assert_eq(status, SEC_E_INVALID_HANDLE, "%s, %s: %s", row->name, kind, SspiStatusName(status));
    cr_assert(attributes == 0 || attributes == 0xAAAAAAAA);
    cr_assert(number == 0 || number == 0xAAAAAAAA);
    cr_assert(expiry.QuadPart == 0 || expiry.QuadPart == -1);
    cr_assert(room[0] == 0 || room[0] == 0xAA);
    cr_assert_gt(strlen(trial_last_failure()), 10);
    pointer = store;
}

ARGUMENT_TEST(made_up_handles)
{
    SecHandle zero = {0, 0}, random = {123456789, 0xDEADBEEF}, pointers = {(ULONG_PTR)&zero, (ULONG_PTR)&random};
    SecHandle invalid, deleted = {SEC_DELETED_HANDLE, SEC_DELETED_HANDLE};

    SecInvalidateHandle(&invalid);
    for (size_t i = 0; i < ROWS; i++) {
        refused(&rows[i], NULL, "NULL");
        refused(&rows[i], &zero, "zero");
        refused(&rows[i], &random, "random");
        refused(&rows[i], &pointers, "pointers");
        refused(&rows[i], &invalid, "invalidated");
        refused(&rows[i], &deleted, "deleted");
    }
}

ARGUMENT_TEST(freed_handles)
{
    for (size_t i = 0; i < ROWS; i++)
        refused(&rows[i], rows[i].credential ? &freed_credential : &freed_context, "freed");
}

ARGUMENT_TEST(stale_handles)
{
    SecHandle context = trial_half_open(&server); /* most likely in the slot of the freed one */

    for (size_t i = 0; i < ROWS; i++)
        refused(&rows[i], &freed_context, "stale");
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

ARGUMENT_TEST(handles_of_the_other_kind)
{
    SecHandle context = trial_half_open(&server);

    for (size_t i = 0; i < ROWS; i++)
        refused(&rows[i], rows[i].credential ? &context : &server, "foreign kind");
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
}

ARGUMENT_TEST(half_open_contexts)
{
    for (size_t i = 0; i < ROWS; i++) {
        SecHandle context = trial_half_open(&server);

        memcpy(memory, "MORE?", 5);
        if (rows[i].refused & HALF_OPEN)
            refused(&rows[i], &context, "half open");
        else if (!rows[i].credential)
            cr_assert_neq(rows[i].call(&context), SEC_E_INVALID_HANDLE, "%s", rows[i].name);
        (void)DeleteSecurityContext(&context);
    }
}

ARGUMENT_TEST(failed_contexts)
{
    for (size_t i = 0; i < ROWS; i++) {
        SecHandle context = trial_half_open(&server);
        char reply[16];
        ULONG size = sizeof reply;

        assert_status(trial_accept(&server, &context, &context, "ANSWER:a:b", reply, &size), SEC_E_LOGON_DENIED);
        if (rows[i].refused & FAILED)
            refused(&rows[i], &context, "failed");
        else if (!rows[i].credential)
            cr_assert_neq(rows[i].call(&context), SEC_E_INVALID_HANDLE, "%s", rows[i].name);
        (void)DeleteSecurityContext(&context);
    }
}

static bool covered(const char *name)
{
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0)
            return true;
    for (size_t i = 0; i < sizeof handleless / sizeof *handleless; i++)
        if (strcmp(handleless[i], name) == 0)
            return true;
    return strncmp(name, "SspiAccountStore", 16) == 0 /* tests/unit/account */
           || strncmp(name, "Cert", 4) == 0 || strncmp(name, "PFX", 3) == 0
           || strncmp(name, "SspiCertificate", 15) == 0; /* test_wincrypt.c */
}

Test(arguments, every_export_is_covered)
{
    FILE *map = fopen(SOURCE_DIR "/core/sspi.map", "r");
    char line[128], name[128];
    int seen = 0;

    cr_assert_not_null(map);
    while (fgets(line, sizeof line, map))
        if (sscanf(line, " %127[A-Za-z0-9];", name) == 1 && strchr(line, ';') && name[0] != '}') {
            cr_assert(covered(name), "%s", name);
            seen++;
        }
    fclose(map);
    cr_assert_gt(seen, 70);
}
