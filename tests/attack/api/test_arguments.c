/*
 * NULL, nonsense and too little room for every argument that is not a handle: a status, zeroed outputs, never a crash.
 */
#include "forge.h"

#include <stdlib.h>

static struct loopback loop;

static void up(void)
{
    loopback_open(&loop);
}

static void down(void)
{
    loopback_close(&loop);
}

static void up_established(void)
{
    loopback_open(&loop);
    loopback_until_authenticate(&loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
}

Test(arguments, acquire, .init = up, .fini = down)
{
    char package[] = "NTLM", unknown[] = "NoSuchPackage", empty[] = "";
    SEC_WINNT_AUTH_IDENTITY_A both = {.Flags = SEC_WINNT_AUTH_IDENTITY_ANSI | SEC_WINNT_AUTH_IDENTITY_UNICODE};
    SEC_WINNT_AUTH_IDENTITY_A nowhere = {.UserLength = 5, .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};
    CredHandle credential = {1, 2};

    cr_assert(AcquireCredentialsHandleA(NULL, NULL, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL)
              < 0);
    cr_assert_not(SecIsValidHandle(&credential));
    cr_assert(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, NULL, NULL) < 0);
    assert_status(
        AcquireCredentialsHandleA(NULL, unknown, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
        SEC_E_SECPKG_NOT_FOUND);
    assert_status(
        AcquireCredentialsHandleA(NULL, empty, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
        SEC_E_SECPKG_NOT_FOUND);
    cr_assert(AcquireCredentialsHandleA(NULL, package, 0, NULL, NULL, NULL, NULL, &credential, NULL) < 0);
    cr_assert(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &both, NULL, NULL, &credential, NULL)
              < 0);
    cr_assert(
        AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &nowhere, NULL, NULL, &credential, NULL)
        < 0);
    cr_assert_not(SecIsValidHandle(&credential));
}

/* Output buffers of one byte less than needed, and exactly as much. */
Test(arguments, room_for_a_challenge, .init = up, .fini = down)
{
    struct forge forge = forge_good();
    ULONG needed;

    forge_negotiate(&forge, &loop.negotiate);
    assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
    needed = loop.challenge.size;
    loopback_again(&loop);
    for (ULONG room = 0; room <= needed + 1; room++) {
        uint8_t *exact = malloc(room + 1);
        SecBuffer in = {loop.negotiate.size, SECBUFFER_TOKEN, loop.negotiate.data},
                  out = {room, SECBUFFER_TOKEN, exact};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
        CtxtHandle context;
        ULONG attributes = 0xFFFF;
        SECURITY_STATUS status;

        exact[room] = 0x5A;
        status =
            AcceptSecurityContext(&loop.server_credential, NULL, &input, 0, 0, &context, &output, &attributes, NULL);
        cr_assert_eq(exact[room], 0x5A, "written past a buffer of %u", (unsigned)room);
        cr_assert_eq(out.cbBuffer, needed);
        if (room < needed) {
            assert_status(status, SEC_E_BUFFER_TOO_SMALL);
            cr_assert_eq(attributes, 0u);
        } else {
            assert_status(status, SEC_I_CONTINUE_NEEDED);
            assert_status(DeleteSecurityContext(&context), SEC_E_OK);
        }
        free(exact);
    }
}

/* A leg that lacked room can be said again, and the login then succeeds. */
Test(arguments, room_for_an_authenticate, .init = up, .fini = down)
{
    ULONG needed = 0;

    assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
    assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
    for (ULONG room = 0; needed == 0 || room <= needed; room = room < needed - 1 ? needed - 1 : room + 1) {
        uint8_t *exact = malloc(room + 1);
        SecBuffer in = {loop.challenge.size, SECBUFFER_TOKEN, loop.challenge.data},
                  out = {room, SECBUFFER_TOKEN, exact};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
        ULONG attributes;
        SECURITY_STATUS status;

        exact[room] = 0x5A;
        status = InitializeSecurityContextA(&loop.client_credential, &loop.client, NULL, loop.client_flags, 0, 0,
                                            &input, 0, &loop.client, &output, &attributes, NULL);
        cr_assert_eq(exact[room], 0x5A, "written past a buffer of %u", (unsigned)room);
        assert_status(status, room < out.cbBuffer ? SEC_E_BUFFER_TOO_SMALL : SEC_E_OK);
        needed = out.cbBuffer;
        memcpy(loop.authenticate.data, exact, room);
        loop.authenticate.size = needed;
        free(exact);
    }
    loopback_accepted(&loop, "EXAMPLE\\alice");
}

/* Descriptors that contradict themselves. */
Test(arguments, buffers_of_a_leg, .init = up, .fini = down)
{
    uint8_t room[512];
    SecBuffer null_token = {16, SECBUFFER_TOKEN, NULL}, empty = {0, SECBUFFER_TOKEN, room},
              data = {16, SECBUFFER_DATA, room};
    SecBufferDesc none = {SECBUFFER_VERSION, 0, NULL}, lies = {SECBUFFER_VERSION, 3, NULL}, old = {7, 1, &empty};
    SecBufferDesc of_null = {SECBUFFER_VERSION, 1, &null_token}, of_empty = {SECBUFFER_VERSION, 1, &empty};
    SecBufferDesc of_data = {SECBUFFER_VERSION, 1, &data};
    PSecBufferDesc inputs[] = {NULL, &none, &lies, &old, &of_null, &of_empty, &of_data};
    SecBuffer out = {sizeof room, SECBUFFER_TOKEN, room};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &out};

    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        CtxtHandle context = {3, 4};
        ULONG attributes = 0xFFFF;

        out.cbBuffer = sizeof room;
        cr_assert(
            AcceptSecurityContext(&loop.server_credential, NULL, inputs[i], 0, 0, &context, &output, &attributes, NULL)
                < 0,
            "input %zu", i);
        cr_assert_not(SecIsValidHandle(&context));
        cr_assert_eq(attributes, 0u);
        cr_assert_eq(out.cbBuffer, 0u);
    }
}

Test(arguments, outputs_of_a_leg, .init = up, .fini = down)
{
    struct forge forge = forge_good();
    SecBuffer in = {0, SECBUFFER_TOKEN, loop.negotiate.data}, out = {TOKEN_ROOM, SECBUFFER_TOKEN, loop.challenge.data};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    CtxtHandle context;
    ULONG attributes;

    forge_negotiate(&forge, &loop.negotiate);
    in.cbBuffer = loop.negotiate.size;
    cr_assert(AcceptSecurityContext(&loop.server_credential, NULL, &input, 0, 0, NULL, &output, &attributes, NULL) < 0);
    cr_assert(AcceptSecurityContext(&loop.server_credential, NULL, &input, 0, 0, &context, &output, NULL, NULL) < 0);
    cr_assert(AcceptSecurityContext(&loop.server_credential, NULL, &input, 0, 0, &context, NULL, &attributes, NULL)
              < 0);
    cr_assert(AcceptSecurityContext(NULL, NULL, &input, 0, 0, &context, &output, &attributes, NULL) < 0);
    cr_assert_not(SecIsValidHandle(&context));
}

Test(arguments, of_messages, .init = up_established, .fini = down)
{
    uint8_t bytes[64] = {0};
    SecBuffer null_data[] = {{16, SECBUFFER_DATA, NULL}, {16, SECBUFFER_TOKEN, bytes}};
    SecBuffer no_token[] = {{16, SECBUFFER_DATA, bytes}};
    SecBuffer short_token[] = {{16, SECBUFFER_DATA, bytes}, {15, SECBUFFER_TOKEN, bytes + 16}};
    SecBuffer null_token[] = {{16, SECBUFFER_DATA, bytes}, {16, SECBUFFER_TOKEN, NULL}};
    SecBufferDesc messages[] = {{SECBUFFER_VERSION, 2, null_data},   {SECBUFFER_VERSION, 1, no_token},
                                {SECBUFFER_VERSION, 2, short_token}, {SECBUFFER_VERSION, 2, null_token},
                                {SECBUFFER_VERSION, 0, NULL},        {SECBUFFER_VERSION, 9, NULL}};

    cr_assert(MakeSignature(&loop.server, 0, NULL, 0) < 0);
    cr_assert(VerifySignature(&loop.server, NULL, 0, NULL) < 0);
    cr_assert(EncryptMessage(&loop.server, 0, NULL, 0) < 0);
    cr_assert(DecryptMessage(&loop.server, NULL, 0, NULL) < 0);
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        cr_assert(MakeSignature(&loop.server, 0, &messages[i], 0) < 0, "MakeSignature, message %zu", i);
        cr_assert(EncryptMessage(&loop.server, 0, &messages[i], 0) < 0, "EncryptMessage, message %zu", i);
        cr_assert(VerifySignature(&loop.server, &messages[i], 0, NULL) < 0, "VerifySignature, message %zu", i);
        cr_assert(DecryptMessage(&loop.server, &messages[i], 0, NULL) < 0, "DecryptMessage, message %zu", i);
    }
}

/* Attributes that do not exist, and nowhere to put those that do. */
Test(arguments, of_queries, .init = up_established, .fini = down)
{
    uint8_t out[512];

    for (ULONG attribute = 0; attribute < 256; attribute++) {
        cr_assert(QueryContextAttributesA(&loop.server, attribute, NULL) < 0, "attribute %u into NULL",
                  (unsigned)attribute);
        cr_assert(QueryContextAttributesExW(&loop.server, attribute, out, 0) < 0, "attribute %u into nothing",
                  (unsigned)attribute);
        cr_assert(QueryCredentialsAttributesA(&loop.server_credential, attribute, NULL) < 0);
    }
    cr_assert(QueryContextAttributesA(&loop.server, 0xFFFFFFFF, out) < 0);
    cr_assert(SspiExplainContext(&loop.server, NULL) < 0);
    cr_assert(SspiQueryContextReason(&loop.server, NULL) < 0);
    cr_assert(SspiExplainLastFailure(NULL) < 0);
    cr_assert(EnumerateSecurityPackagesA(NULL, NULL) < 0);
    cr_assert(QuerySecurityPackageInfoA(NULL, NULL) < 0);
}

Test(arguments, of_stores, .init = up, .fini = down)
{
    SspiAccountStore *store = (SspiAccountStore *)(void *)&loop;
    ULONG count = 7;
    PSSPI_ACCOUNT accounts;

    cr_assert(SspiAccountStoreOpen(NULL, &store) < 0);
    cr_assert_null(store);
    cr_assert(SspiAccountStoreOpen("memory:", NULL) < 0);
    cr_assert(SspiAccountStoreOpen("nonsense:x", &store) < 0);
    cr_assert(SspiAccountStoreFromCallback(NULL, NULL, NULL, &store) < 0);
    cr_assert(SspiAccountStoreAdd(NULL, USER, NULL, PASSWORD, 9) < 0);
    cr_assert(SspiAccountStoreAdd(loop.store, NULL, NULL, PASSWORD, 9) < 0);
    cr_assert(SspiAccountStoreAdd(loop.store, "", NULL, PASSWORD, 9) < 0);
    cr_assert(SspiAccountStoreAdd(loop.store, "x", NULL, NULL, 9) < 0);
    cr_assert(SspiAccountStoreAdd(loop.store, "x", NULL, "", 0) < 0, "an empty password was taken");
    cr_assert(SspiAccountStoreAdd(loop.store, "\xff", NULL, PASSWORD, 9) < 0);
    cr_assert(SspiAccountStoreAdd(loop.store, "x", NULL, "\xff", 1) < 0);
    cr_assert(SspiAccountStoreAddNtHash(loop.store, "x", NULL, PASSWORD, 9) < 0);
    cr_assert(SspiAccountStoreRemove(loop.store, "x", NULL) < 0);
    cr_assert(SspiAccountStoreList(loop.store, NULL, NULL) < 0);
    assert_status(SspiAccountStoreList(loop.store, &count, &accounts), SEC_E_OK);
    cr_assert_eq(count, 1u, "%u accounts", (unsigned)count);
    assert_status(FreeContextBuffer(accounts), SEC_E_OK);
    SspiAccountStoreFree(NULL);
}
