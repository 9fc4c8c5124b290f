/*
 * Peer: NTLM through libwinpr2's SSPI, initiator and acceptor in one process; NTLMv2, MIC, key exchange, messages.
 *
 * The acceptor's credential is acquired for each handshake, since libwinpr2 keeps the client's name in the credential
 * (and leaks the former one): it cannot be shared by contexts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winpr/sspi.h>

#include "bench.h"

enum { TOKEN_MAX = 4096 };

struct peer {
    SecurityFunctionTableA *table;
    const char *account_file; /* NULL: the NT hash is set */
    SEC_WINNT_AUTH_IDENTITY identity;
    CredHandle client_credential, server_credential;
    CtxtHandle client, server;
    BYTE *text;
    ULONG size, sequence;
};

static const char nt_hash[] = "7100a909c7ff05b266af3c42ec058c33"; /* of Password01 */
static const ULONG client_flags =
    ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT;
static const ULONG server_flags =
    ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT;

static void token_buffer(SecBufferDesc *description, SecBuffer *buffer, void *token, ULONG size)
{
    *buffer = (SecBuffer){.BufferType = SECBUFFER_TOKEN, .cbBuffer = size, .pvBuffer = token};
    *description = (SecBufferDesc){.ulVersion = SECBUFFER_VERSION, .cBuffers = 1, .pBuffers = buffer};
}

static SECURITY_STATUS give_keys(struct peer *peer)
{
    SecPkgContext_AuthNtlmHash hash = {.Version = 1};

    if (peer->account_file)
        return peer->table->SetContextAttributesA(&peer->server, SECPKG_ATTR_AUTH_NTLM_SAM_FILE,
                                                  (void *)peer->account_file, (ULONG)strlen(peer->account_file) + 1);
    for (size_t i = 0; i < 16; i++)
        sscanf(nt_hash + 2 * i, "%2hhx", &hash.NtlmHash[i]);
    return peer->table->SetContextAttributesA(&peer->server, SECPKG_ATTR_AUTH_NTLM_HASH, &hash, sizeof hash);
}

/* One leg of the initiator, then one of the acceptor; 0 where both go on or are done. */
static int initiate(struct peer *peer, BYTE *in, ULONG in_size, BYTE *out, ULONG *out_size)
{
    SecBufferDesc inputs, outputs;
    SecBuffer input, output;
    SECURITY_STATUS status;
    TimeStamp expiry;
    ULONG attributes;

    token_buffer(&inputs, &input, in, in_size);
    token_buffer(&outputs, &output, out, TOKEN_MAX);
    status = peer->table->InitializeSecurityContextA(
        &peer->client_credential, in ? &peer->client : NULL, (SEC_CHAR *)"HTTP/server", client_flags, 0,
        SECURITY_NATIVE_DREP, in ? &inputs : NULL, 0, &peer->client, &outputs, &attributes, &expiry);
    if (status == SEC_I_COMPLETE_NEEDED || status == SEC_I_COMPLETE_AND_CONTINUE)
        status = peer->table->CompleteAuthToken(&peer->client, &outputs);
    *out_size = output.cbBuffer;
    return status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED;
}

static SECURITY_STATUS accept_leg(struct peer *peer, CtxtHandle *known, BYTE *in, ULONG in_size, BYTE *out,
                                  ULONG *out_size)
{
    SecBufferDesc inputs, outputs;
    SecBuffer input, output;
    SECURITY_STATUS status;
    TimeStamp expiry;
    ULONG attributes;

    token_buffer(&inputs, &input, in, in_size);
    token_buffer(&outputs, &output, out, TOKEN_MAX);
    status = peer->table->AcceptSecurityContext(&peer->server_credential, known, &inputs, server_flags,
                                                SECURITY_NATIVE_DREP, &peer->server, &outputs, &attributes, &expiry);
    if (status == SEC_I_COMPLETE_NEEDED)
        status = peer->table->CompleteAuthToken(&peer->server, &outputs);
    *out_size = output.cbBuffer;
    return status;
}

static int connect_both(struct peer *peer)
{
    BYTE tokens[3][TOKEN_MAX];
    ULONG sizes[3];
    SECURITY_STATUS status;
    TimeStamp expiry;

    SecInvalidateHandle(&peer->client);
    SecInvalidateHandle(&peer->server);
    if (initiate(peer, NULL, 0, tokens[0], &sizes[0]))
        return 1;
    bench_acceptor_begin();
    status = peer->table->AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", SECPKG_CRED_INBOUND, NULL, NULL, NULL,
                                                    NULL, &peer->server_credential, &expiry);
    if (status != SEC_E_OK)
        return 2;
    status = accept_leg(peer, NULL, tokens[0], sizes[0], tokens[1], &sizes[1]);
    if (status != SEC_I_CONTINUE_NEEDED || give_keys(peer) != SEC_E_OK)
        return 3;
    bench_acceptor_end();
    if (initiate(peer, tokens[1], sizes[1], tokens[2], &sizes[2]))
        return 4;
    bench_acceptor_begin();
    status = accept_leg(peer, &peer->server, tokens[2], sizes[2], tokens[0], &sizes[0]);
    bench_acceptor_end();
    return status == SEC_E_OK ? 0 : 5;
}

static int handshake(void *argument)
{
    struct peer *peer = argument;
    int failed = connect_both(peer);

    if (failed)
        return failed;
    bench_acceptor_begin();
    peer->table->DeleteSecurityContext(&peer->server);
    peer->table->FreeCredentialsHandle(&peer->server_credential);
    bench_acceptor_end();
    peer->table->DeleteSecurityContext(&peer->client);
    return 0;
}

static int seal_unseal(void *argument)
{
    struct peer *peer = argument;
    BYTE signature[16];
    SecBuffer buffers[2] = {{peer->size, SECBUFFER_DATA, peer->text}, {sizeof signature, SECBUFFER_TOKEN, signature}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    BYTE before = peer->text[peer->size / 2];
    ULONG qop = 0;

    if (peer->table->EncryptMessage(&peer->client, 0, &message, peer->sequence) != SEC_E_OK)
        return 1;
    bench_acceptor_begin();
    if (peer->table->DecryptMessage(&peer->server, &message, peer->sequence, &qop) != SEC_E_OK)
        return 2;
    bench_acceptor_end();
    peer->sequence++;
    return peer->text[peer->size / 2] == before ? 0 : 3;
}

static int first_message(struct peer *peer, CtxtHandle *from, CtxtHandle *to)
{
    BYTE message_text[64] = {0}, signature[16];
    SecBuffer buffers[2] = {{sizeof message_text, SECBUFFER_DATA, message_text},
                            {sizeof signature, SECBUFFER_TOKEN, signature}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop = 0;

    if (peer->table->EncryptMessage(from, 0, &message, 0) != SEC_E_OK)
        return 1;
    return peer->table->DecryptMessage(to, &message, 0, &qop) != SEC_E_OK ? 2 : 0;
}

static int handshake_and_messages(void *argument)
{
    struct peer *peer = argument;
    int failed = connect_both(peer);

    if (failed || first_message(peer, &peer->client, &peer->server)
        || first_message(peer, &peer->server, &peer->client))
        return failed ? failed : 6;
    peer->table->DeleteSecurityContext(&peer->server);
    peer->table->FreeCredentialsHandle(&peer->server_credential);
    peer->table->DeleteSecurityContext(&peer->client);
    return 0;
}

static void time_messages(struct peer *peer)
{
    static const ULONG sizes[] = {64, 1024, 16384};

    if (connect_both(peer))
        bench_die("messages", 0);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];

        peer->size = sizes[i];
        peer->text = calloc(1, sizes[i]);
        snprintf(name, sizeof name, "seal+unseal %u", (unsigned)sizes[i]);
        bench_case(name, seal_unseal, peer);
        free(peer->text);
    }
}

/* Usage: ntlm_winpr FOLDER, for the account file. */
int main(int argc, char **argv)
{
    struct peer peer = {.table = InitSecurityInterfaceA()};
    char path[512];
    TimeStamp expiry;
    FILE *file;

    if (argc != 2)
        return 2;
    snprintf(path, sizeof path, "%s/accounts.sam", argv[1]);
    file = fopen(path, "w");
    if (!file)
        bench_die(path, 0);
    fprintf(file, "testuser:TESTDOM::%s:::\n", nt_hash);
    fclose(file);
    setenv("WLOG_LEVEL", "OFF", 1);
    sspi_SetAuthIdentity(&peer.identity, "testuser", "TESTDOM", "Password01");
    if (peer.table->AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"NTLM", SECPKG_CRED_OUTBOUND, NULL, &peer.identity,
                                              NULL, NULL, &peer.client_credential, &expiry)
        != SEC_E_OK)
        bench_die("initiator's credential", 0);
    bench_case("accept, hash given", handshake, &peer);
    bench_case("accept, first messages", handshake_and_messages, &peer);
    time_messages(&peer);
    peer.account_file = path;
    bench_case("accept, hash file", handshake, &peer);
    return 0;
}
