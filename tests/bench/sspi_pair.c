/*
 * The pair of sspi_pair.h.
 */
#include "sspi_pair.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
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

static void option_set(CredHandle *credential, const char *name, const char *value)
{
    if (SspiCredentialSetOption(credential, name, value) != SEC_E_OK)
        bench_die(name, 0);
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

    pair->target = "HTTP/server";
    pair->more_flags = 0;
    open_server(pair, package, location);
    if (AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                  &pair->client_credential, &expiry)
        != SEC_E_OK)
        bench_die("initiator's credential", 0);
    /* As the peers' SPNEGO is told: a look for a ticket that is not there would be measured with the answer to it. */
    if (strcmp(package, "Negotiate") == 0)
        option_set(&pair->client_credential, "negotiate_packages", "NTLM");
}

void pair_open_kerberos(struct pair *pair, char *package, const char *folder, const char *cache)
{
    char keytab[600], tickets[600], replay[600];
    TimeStamp expiry;

    snprintf(keytab, sizeof keytab, "%s/http.keytab", folder);
    snprintf(tickets, sizeof tickets, "FILE:%s/%s", folder, cache);
    snprintf(replay, sizeof replay, "%s/sspi.replay", folder);
    pair->target = "HTTP/server.example.test";
    pair->more_flags = ISC_REQ_MUTUAL_AUTH;
    if (AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &pair->server_credential,
                                  &expiry)
            != SEC_E_OK
        || AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, NULL, NULL, NULL,
                                     &pair->client_credential, &expiry)
               != SEC_E_OK)
        bench_die("credentials", 0);
    if (SspiCredentialSetKeytab(&pair->server_credential, keytab) != SEC_E_OK
        || SspiCredentialSetTicketCache(&pair->client_credential, tickets) != SEC_E_OK)
        bench_die("keytab, ticket cache", 0);
    option_set(&pair->server_credential, "replay_cache", replay);
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
        status = InitializeSecurityContextA(&pair->client_credential, in < 0 ? NULL : &pair->client, pair->target,
                                            client_flags | pair->more_flags, 0, SECURITY_NATIVE_DREP,
                                            in < 0 ? NULL : &inputs, 0, &pair->client, &outputs, &attributes, &expiry);
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
    if (leg(pair, true, 2, 1) != SEC_E_OK)
        return failed_accept();
    /* Negotiate's acceptor has the last word. */
    return status != SEC_E_OK && leg(pair, false, 1, 2) != SEC_E_OK ? 5 : 0;
}

int pair_connect(struct pair *pair)
{
    SECURITY_STATUS client = leg(pair, false, -1, 0), server = SEC_I_CONTINUE_NEEDED;

    for (int sent = 0; pair->sizes[sent]; sent = 2) {
        if (client < 0)
            return 1;
        server = leg(pair, true, sent, 1);
        if (server < 0)
            return failed_accept();
        if (client != SEC_E_OK)
            client = leg(pair, false, 1, 2);
        else
            pair->sizes[2] = 0;
    }
    return client == SEC_E_OK && server == SEC_E_OK ? 0 : 3;
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
    BYTE message_text[64] = {0}, trailer[PAIR_TRAILER_MAX];
    SecPkgContext_Sizes sizes;
    SecBuffer buffers[2] = {{sizeof message_text, SECBUFFER_DATA, message_text}, {0, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    ULONG qop;

    if (QueryContextAttributesA(from, SECPKG_ATTR_SIZES, &sizes) != SEC_E_OK)
        return 3;
    buffers[1].cbBuffer = sizes.cbSecurityTrailer;
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

/* One message and its trailer. */
struct messages {
    struct pair *pair;
    BYTE *text;
    ULONG size, trailer, sequence;
};

static int seal_unseal(void *argument)
{
    struct messages *messages = argument;
    BYTE trailer[PAIR_TRAILER_MAX];
    SecBuffer buffers[2] = {{messages->size, SECBUFFER_DATA, messages->text},
                            {messages->trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    BYTE before = messages->text[messages->size / 2];
    ULONG qop = 0;

    if (EncryptMessage(&messages->pair->client, 0, &message, messages->sequence) != SEC_E_OK)
        return 1;
    bench_acceptor_begin();
    if (DecryptMessage(&messages->pair->server, &message, messages->sequence, &qop) != SEC_E_OK)
        return 2;
    bench_acceptor_end();
    messages->sequence++;
    return messages->text[messages->size / 2] == before ? 0 : 3;
}

void pair_time_messages(struct pair *pair)
{
    static const ULONG sizes[] = {64, 1024, 16384};
    struct messages messages = {.pair = pair};
    SecPkgContext_Sizes limits;

    if (QueryContextAttributesA(&pair->client, SECPKG_ATTR_SIZES, &limits) != SEC_E_OK
        || limits.cbSecurityTrailer > PAIR_TRAILER_MAX)
        bench_die("message sizes", 0);
    messages.trailer = limits.cbSecurityTrailer;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char name[64];

        messages.size = sizes[i];
        messages.text = calloc(1, sizes[i]);
        snprintf(name, sizeof name, "seal+unseal %u", (unsigned)sizes[i]);
        bench_case(name, seal_unseal, &messages);
        free(messages.text);
    }
}
