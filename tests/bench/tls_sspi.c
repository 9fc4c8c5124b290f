/*
 * Our Schannel through the public functions. Each end has the buffers that a connection of its own would have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "schannel.h"
#include "security.h"
#include "sspi_ext.h"
#include "tls_cases.h"

enum { TOKEN_MAX = 16384, PEM_MAX = 16384 };

struct tls {
    CredHandle client, server;
};

struct tls_connection {
    CtxtHandle client, server;
    SecPkgContext_StreamSizes sizes; /* of the client's records, with the first one */
};

/* What one side wrote for the other. */
struct token {
    BYTE bytes[TOKEN_MAX];
    ULONG size;
};

static void option_set(CredHandle *credential, const char *name, const char *value)
{
    if (SspiCredentialSetOption(credential, name, value) != SEC_E_OK)
        bench_die(name, 0);
}

static void acquire(CredHandle *credential, ULONG use, DWORD flags, const char *version)
{
    SCH_CREDENTIALS given = {.dwVersion = SCH_CREDENTIALS_VERSION, .dwFlags = flags};
    TimeStamp expiry;

    if (AcquireCredentialsHandleA(NULL, (SEC_CHAR *)"Schannel", use, NULL, &given, NULL, NULL, credential, &expiry)
        != SEC_E_OK)
        bench_die("credential", (int)use);
    option_set(credential, "tls_minimum_version", version);
    option_set(credential, "tls_maximum_version", version);
    option_set(credential, "tls_ciphers", TLS_SUITES ":" TLS_CIPHERS);
    option_set(credential, "tls_groups", TLS_GROUPS);
}

struct tls *tls_open(const char *pem, bool newest)
{
    struct tls *tls = calloc(1, sizeof *tls);
    FILE *file = fopen(pem, "r");
    char text[PEM_MAX], tickets[8];
    size_t size = file ? fread(text, 1, sizeof text, file) : 0;

    if (!size || size == sizeof text)
        bench_die(pem, 0);
    fclose(file);
    snprintf(tickets, sizeof tickets, "%d", TLS_TICKETS);
    acquire(&tls->client, SECPKG_CRED_OUTBOUND, SCH_CRED_MANUAL_CRED_VALIDATION, newest ? "1.3" : "1.2");
    acquire(&tls->server, SECPKG_CRED_INBOUND, 0, newest ? "1.3" : "1.2");
    option_set(&tls->server, "tls_tickets", tickets);
    if (SspiCredentialSetCertificate(&tls->server, text, (ULONG)size, NULL, 0, NULL) != SEC_E_OK)
        bench_die("certificate", 0);
    return tls;
}

void tls_close(struct tls *tls)
{
    FreeCredentialsHandle(&tls->client);
    FreeCredentialsHandle(&tls->server);
    free(tls);
}

static SECURITY_STATUS client_leg(struct tls *tls, bool first, char *target, CtxtHandle *client, struct token *in,
                                  struct token *out)
{
    SecBuffer inputs[2] = {{in->size, SECBUFFER_TOKEN, in->bytes}, {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer output = {TOKEN_MAX, SECBUFFER_TOKEN, out->bytes};
    SecBufferDesc input_list = {SECBUFFER_VERSION, 2, inputs}, output_list = {SECBUFFER_VERSION, 1, &output};
    ULONG attributes;
    TimeStamp expiry;
    SECURITY_STATUS status = InitializeSecurityContextA(
        &tls->client, first ? NULL : client, target, ISC_REQ_STREAM | ISC_REQ_CONFIDENTIALITY, 0, 0,
        first ? NULL : &input_list, 0, client, &output_list, &attributes, &expiry);

    out->size = output.cbBuffer;
    return status;
}

static SECURITY_STATUS server_leg(struct tls *tls, bool first, CtxtHandle *server, struct token *in, struct token *out)
{
    SecBuffer inputs[2] = {{in->size, SECBUFFER_TOKEN, in->bytes}, {0, SECBUFFER_EMPTY, NULL}};
    SecBuffer output = {TOKEN_MAX, SECBUFFER_TOKEN, out->bytes};
    SecBufferDesc input_list = {SECBUFFER_VERSION, 2, inputs}, output_list = {SECBUFFER_VERSION, 1, &output};
    SECURITY_STATUS status;
    ULONG attributes;
    TimeStamp expiry;

    bench_acceptor_begin();
    status =
        AcceptSecurityContext(&tls->server, first ? NULL : server, &input_list,
                              ASC_REQ_STREAM | ASC_REQ_CONFIDENTIALITY, 0, server, &output_list, &attributes, &expiry);
    bench_acceptor_end();
    out->size = output.cbBuffer;
    return status;
}

/* The tickets that came behind the handshake: records without data. */
static SECURITY_STATUS take_tickets(CtxtHandle *client, struct token *token)
{
    SecBuffer buffers[4] = {{token->size, SECBUFFER_DATA, token->bytes}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};

    return token->size ? DecryptMessage(client, &message, 0, NULL) : SEC_E_OK;
}

static bool is_resumed(CtxtHandle *server)
{
    SecPkgContext_SessionInfo info;

    return QueryContextAttributesA(server, SECPKG_ATTR_SESSION_INFO, &info) == SEC_E_OK
           && (info.dwFlags & SSL_SESSION_RECONNECT) != 0;
}

static int shake_hands(struct tls *tls, char *target, struct tls_connection *connection)
{
    static _Thread_local struct token to_server, to_client;
    SECURITY_STATUS client, server = SEC_I_CONTINUE_NEEDED;

    to_client.size = 0;
    client = client_leg(tls, true, target, &connection->client, &to_client, &to_server);
    for (int i = 0; to_server.size; i++) {
        if (client < 0)
            return 1;
        server = server_leg(tls, i == 0, &connection->server, &to_server, &to_client);
        if (server < 0)
            return 2;
        to_server.size = 0;
        if (client != SEC_E_OK)
            client = client_leg(tls, false, target, &connection->client, &to_client, &to_server);
        else if (take_tickets(&connection->client, &to_client) != SEC_E_OK)
            return 3;
    }
    return client == SEC_E_OK && server == SEC_E_OK ? 0 : 4;
}

int tls_connect(struct tls *tls, enum tls_kind kind, struct tls_connection **out)
{
    static _Thread_local char own;
    struct tls_connection *connection = calloc(1, sizeof *connection);
    char target[64] = TLS_NAME;
    int failed;

    /* Sessions are kept by name, and threads must not resume one another's. */
    if (kind == TLS_FULL)
        snprintf(target, sizeof target, "server-%p.example.test", (void *)&own);
    failed = shake_hands(tls, target, connection);
    if (!failed && kind == TLS_RESUMED && !is_resumed(&connection->server))
        failed = 5;
    /* As the other libraries' clients, which keep none here. */
    if (kind == TLS_FULL)
        SslEmptyCacheA(target, 0);
    *out = connection;
    return failed;
}

int tls_exchange(struct tls_connection *connection, unsigned char *text, size_t size)
{
    ULONG header, trailer;
    SecBuffer buffers[4] = {{0}};
    SecBufferDesc message = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status;
    ULONG record;

    if (!connection->sizes.cbHeader
        && QueryContextAttributesA(&connection->client, SECPKG_ATTR_STREAM_SIZES, &connection->sizes) != SEC_E_OK)
        return 3;
    header = connection->sizes.cbHeader;
    trailer = connection->sizes.cbTrailer;
    buffers[0] = (SecBuffer){header, SECBUFFER_STREAM_HEADER, text - header};
    buffers[1] = (SecBuffer){(ULONG)size, SECBUFFER_DATA, text};
    buffers[2] = (SecBuffer){trailer, SECBUFFER_STREAM_TRAILER, text + size};
    if (EncryptMessage(&connection->client, 0, &message, 0) != SEC_E_OK)
        return 1;
    record = buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer;
    memset(buffers, 0, sizeof buffers);
    buffers[0] = (SecBuffer){record, SECBUFFER_DATA, text - header};
    bench_acceptor_begin();
    status = DecryptMessage(&connection->server, &message, 0, NULL);
    bench_acceptor_end();
    return status == SEC_E_OK && buffers[1].cbBuffer == size ? 0 : 2;
}

void tls_delete_server(struct tls_connection *connection)
{
    bench_acceptor_begin();
    DeleteSecurityContext(&connection->server);
    bench_acceptor_end();
}

void tls_delete_client(struct tls_connection *connection)
{
    DeleteSecurityContext(&connection->client);
    free(connection);
}
