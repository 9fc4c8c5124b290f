/*
 * The pair of sspi_pair.h.
 */
#include "sspi_pair.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"

static const ULONG client_flags =
    ISC_REQ_INTEGRITY | ISC_REQ_CONFIDENTIALITY | ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT;
static const ULONG server_flags =
    ASC_REQ_INTEGRITY | ASC_REQ_CONFIDENTIALITY | ASC_REQ_SEQUENCE_DETECT | ASC_REQ_REPLAY_DETECT;

static void hash_bytes(UCHAR hash[16])
{
    for (size_t i = 0; i < 16; i++)
        sscanf(PAIR_NT_HASH + 2 * i, "%2hhx", &hash[i]);
}

static SECURITY_STATUS SEC_ENTRY give_hash(void *argument, const char *user, const char *domain,
                                           PSSPI_ACCOUNT_KEYS keys)
{
    if (strcmp(user, PAIR_USER) != 0 || strcmp(domain, PAIR_DOMAIN) != 0)
        return SEC_E_LOGON_DENIED;
    memcpy(keys->NtHash, argument, 16);
    keys->HasNtHash = 1;
    return SEC_E_OK;
}

static void open_server(struct pair *pair, char *package, const char *location)
{
    static UCHAR hash[16];
    SspiAccountStore *store;
    SECURITY_STATUS status;
    TimeStamp expiry;

    hash_bytes(hash);
    status =
        location ? SspiAccountStoreOpen(location, &store) : SspiAccountStoreFromCallback(give_hash, hash, NULL, &store);
    if (status != SEC_E_OK)
        bench_die("account store", (int)status);
    status = AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                       &pair->server_credential, &expiry);
    if (status != SEC_E_OK || SspiCredentialSetAccountStore(&pair->server_credential, store) != SEC_E_OK)
        bench_die("acceptor's credential", (int)status);
    SspiAccountStoreFree(store);
}

void pair_open(struct pair *pair, char *package, const char *location)
{
    SEC_WINNT_AUTH_IDENTITY_A identity = {
        .User = (unsigned char *)PAIR_USER,
        .UserLength = sizeof PAIR_USER - 1,
        .Domain = (unsigned char *)PAIR_DOMAIN,
        .DomainLength = sizeof PAIR_DOMAIN - 1,
        .Password = (unsigned char *)PAIR_PASSWORD,
        .PasswordLength = sizeof PAIR_PASSWORD - 1,
        .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI,
    };
    TimeStamp expiry;

    open_server(pair, package, location);
    if (AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                  &pair->client_credential, &expiry)
        != SEC_E_OK)
        bench_die("initiator's credential", 0);
}

void pair_close(struct pair *pair)
{
    FreeCredentialsHandle(&pair->client_credential);
    FreeCredentialsHandle(&pair->server_credential);
}

/* One leg of either side: `in` NULL for the very first. */
static SECURITY_STATUS leg(struct pair *pair, bool server, int in, int out)
{
    SecBuffer input = {in < 0 ? 0 : pair->sizes[in], SECBUFFER_TOKEN, in < 0 ? NULL : pair->tokens[in]};
    SecBuffer output = {PAIR_TOKEN_MAX, SECBUFFER_TOKEN, pair->tokens[out]};
    SecBufferDesc inputs = {SECBUFFER_VERSION, 1, &input}, outputs = {SECBUFFER_VERSION, 1, &output};
    SECURITY_STATUS status;
    TimeStamp expiry;
    ULONG attributes;

    if (server) {
        CtxtHandle *known = in == 0 ? NULL : &pair->server;

        bench_acceptor_begin();
        status = AcceptSecurityContext(&pair->server_credential, known, &inputs, server_flags, SECURITY_NATIVE_DREP,
                                       &pair->server, &outputs, &attributes, &expiry);
        bench_acceptor_end();
    } else {
        status = InitializeSecurityContextA(&pair->client_credential, in < 0 ? NULL : &pair->client, "HTTP/server",
                                            client_flags, 0, SECURITY_NATIVE_DREP, in < 0 ? NULL : &inputs, 0,
                                            &pair->client, &outputs, &attributes, &expiry);
    }
    pair->sizes[out] = output.cbBuffer;
    return status;
}

int pair_start(struct pair *pair)
{
    if (leg(pair, false, -1, 0) != SEC_I_CONTINUE_NEEDED)
        return 1;
    return leg(pair, true, 0, 1) != SEC_I_CONTINUE_NEEDED ? 2 : 0;
}

static int failed_accept(void)
{
    char *explanation;

    if (SspiExplainLastFailure(&explanation) == SEC_E_OK) {
        fprintf(stderr, "bench: %s\n", explanation);
        FreeContextBuffer(explanation);
    }
    return 4;
}

int pair_finish(struct pair *pair)
{
    SECURITY_STATUS status = leg(pair, false, 1, 2);

    if (status != SEC_E_OK && status != SEC_I_CONTINUE_NEEDED)
        return 3;
    if (leg(pair, true, 2, 0) != SEC_E_OK)
        return failed_accept();
    /* Negotiate's acceptor has the last word. */
    return status != SEC_E_OK && leg(pair, false, 0, 1) != SEC_E_OK ? 5 : 0;
}

void pair_delete(struct pair *pair)
{
    DeleteSecurityContext(&pair->client);
    bench_acceptor_begin();
    DeleteSecurityContext(&pair->server);
    bench_acceptor_end();
}

int pair_exchange(CtxtHandle *from, CtxtHandle *to)
{
    BYTE message_text[64] = {0}, signature[16];
    SecBuffer buffers[2] = {{sizeof message_text, SECBUFFER_DATA, message_text},
                            {sizeof signature, SECBUFFER_TOKEN, signature}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop;

    if (EncryptMessage(from, 0, &message, 0) != SEC_E_OK)
        return 1;
    return DecryptMessage(to, &message, 0, &qop) != SEC_E_OK ? 2 : 0;
}

void pair_account_file(const char *kind, const char *path, char *location, size_t size)
{
    SspiAccountStore *store;
    UCHAR hash[16];
    FILE *file;

    snprintf(location, size, "%s:%s", kind, path);
    unlink(path);
    if (strcmp(kind, "sqlite") == 0) {
        hash_bytes(hash);
        if (SspiAccountStoreCreate(location, &store) != SEC_E_OK
            || SspiAccountStoreAddNtHash(store, PAIR_USER, PAIR_DOMAIN, hash, sizeof hash) != SEC_E_OK)
            bench_die(location, 0);
        SspiAccountStoreFree(store);
        return;
    }
    file = fopen(path, "w");
    if (!file)
        bench_die(path, 0);
    fprintf(file, "%s:1000:AAD3B435B51404EEAAD3B435B51404EE:%s:[U          ]:LCT-00000000:\n", PAIR_USER, PAIR_NT_HASH);
    fchmod(fileno(file), 0600);
    fclose(file);
}
