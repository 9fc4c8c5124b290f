/*
 * Both sides of Negotiate over the public interface: a byte that chooses the side, then tokens, each behind its size in
 * two bytes. Nobody knows a password here, so no side ever says SEC_E_OK, and every failure leaves contexts that can be
 * deleted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sspi.h"
#include "sspi_ext.h"

enum { ROOM = 8192 };

static CredHandle client, server;

static void must(int truth, const char *what)
{
    if (truth)
        return;
    fprintf(stderr, "broken: %s\n", what);
    abort();
}

static void open_once(void)
{
    static char user[] = "alice", domain[] = "EXAMPLE", password[] = "Secret-4711", name[] = "Negotiate";
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        (UCHAR *)user, 5, (UCHAR *)domain, 7, (UCHAR *)password, 11, SEC_WINNT_AUTH_IDENTITY_ANSI};
    static SspiAccountStore *store;

    if (store)
        return;
    must(SspiAccountStoreOpen("memory:", &store) == SEC_E_OK, "a store opens");
    must(SspiAccountStoreAdd(store, "bob", domain, "Another-0815", 12) == SEC_E_OK, "an account is added");
    must(AcquireCredentialsHandleA(NULL, name, SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL, &client, NULL)
             == SEC_E_OK,
         "a client's credential");
    must(AcquireCredentialsHandleA(NULL, name, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &server, NULL) == SEC_E_OK,
         "a server's credential");
    must(SspiCredentialSetAccountStore(&server, store) == SEC_E_OK, "the store is set");
}

static SECURITY_STATUS leg(int acceptor, CtxtHandle *context, int *begun, SecBufferDesc *input)
{
    static uint8_t room[ROOM];
    SecBuffer buffer = {ROOM, SECBUFFER_TOKEN, room};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &buffer};
    PCtxtHandle current = *begun ? context : NULL;
    static char target[] = "HTTP/server";
    SECURITY_STATUS status;
    ULONG attributes;

    if (acceptor)
        status = AcceptSecurityContext(&server, current, input, 0, SECURITY_NATIVE_DREP, context, &output, &attributes,
                                       NULL);
    else
        status = InitializeSecurityContextA(&client, current, target, ISC_REQ_INTEGRITY, 0, SECURITY_NATIVE_DREP, input,
                                            0, context, &output, &attributes, NULL);
    must(buffer.cbBuffer <= ROOM || status == SEC_E_BUFFER_TOO_SMALL, "the output fits");
    *begun = *begun || status >= 0;
    return status;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CtxtHandle context;
    SECURITY_STATUS status = SEC_I_CONTINUE_NEEDED;
    int acceptor, begun = 0;

    if (!size)
        return 0;
    open_once();
    acceptor = *data++ & 1;
    size--;
    if (!acceptor)
        status = leg(0, &context, &begun, NULL);
    while (status == SEC_I_CONTINUE_NEEDED && size >= 2) {
        size_t length = (size_t)data[0] | (size_t)data[1] << 8;
        SecBuffer buffer = {0, SECBUFFER_TOKEN, NULL};
        SecBufferDesc input = {SECBUFFER_VERSION, 1, &buffer};

        data += 2;
        size -= 2;
        length = length < size ? length : size;
        buffer.cbBuffer = (ULONG)length;
        buffer.pvBuffer = malloc(length + 1);
        must(buffer.pvBuffer != NULL, "there is memory");
        memcpy(buffer.pvBuffer, data, length);
        status = leg(acceptor, &context, &begun, &input);
        free(buffer.pvBuffer);
        data += length;
        size -= length;
        must(!acceptor || status != SEC_E_OK, "nobody gets in");
    }
    if (begun)
        must(DeleteSecurityContext(&context) == SEC_E_OK, "the context can be deleted");
    return 0;
}
