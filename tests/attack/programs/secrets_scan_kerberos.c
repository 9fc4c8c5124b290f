/*
 * Searches this process for what Kerberos leaves behind: the keys of a service, its password, the keys of tickets and
 * of what was agreed, and all that is derived from them. Tickets are made by child processes, for this one must have
 * nothing of a key but what a service has.
 */
#include "needles.h"
#include "service.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "kerberos/kerberos.h"

enum { PASSWORD_SIZE = 16, KEY = 32, NEEDLES = 17, PASSWORD_NEEDLES = 2 };

static struct needle needles[NEEDLES];
static CredHandle credential;
static CtxtHandle context;
static char folder[32], keytab[64], request[64];

/* "Tr0ub4dor&3-Zq7!" under the mask. */
static const uint8_t masked_password[PASSWORD_SIZE] = {0x0e, 0x28, 0x6a, 0x2f, 0x38, 0x6e, 0x3e, 0x35,
                                                       0x28, 0x7c, 0x69, 0x77, 0x00, 0x2b, 0x6d, 0x7b};

static void password_reveal(char out[PASSWORD_SIZE + 1])
{
    for (size_t i = 0; i < PASSWORD_SIZE; i++)
        out[i] = (char)(masked_password[i] ^ MASK);
    out[PASSWORD_SIZE] = '\0';
}

static void file_put(const char *path, struct bytes content)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    if (file < 0 || write(file, content.data, content.size) != (ssize_t)content.size || close(file) != 0)
        abort();
}

static void usage_tell(int pipe_end, const struct krb_key *key, uint32_t number, const char *name)
{
    struct krb_usage usage;

    if (!krb_usage_derive(key, number, &usage))
        abort();
    needle_tell(pipe_end, name, usage.encrypt, key->etype->key_size);
    needle_tell(pipe_end, name, usage.integrity, 12); /* Ki is shorter in some types */
}

/* The child: keytab and AP-REQ into files, their keys as needles. */
static void world(int pipe_end, const void *unused)
{
    static uint8_t room[TICKET_ROOM];
    static struct ticket_spec ticket;
    static struct authenticator_spec authenticator;
    struct krb_key key;

    (void)unused;
    ticket_spec_usual(&ticket);
    authenticator_spec_usual(&authenticator);
    file_put(keytab, keytab_make(&ticket, 1, room));
    file_put(request, ap_req_make(&ticket, &authenticator, room));
    needle_tell(pipe_end, "service's key", ticket.key.value, KEY);
    needle_tell(pipe_end, "ticket's session key", ticket.session.value, KEY);
    needle_tell(pipe_end, "client's subkey", authenticator.subkey.value, KEY);
    if (!krb_key_set(&key, 18, bytes_of(ticket.key.value, KEY)))
        abort();
    usage_tell(pipe_end, &key, KRB_USAGE_TICKET, "key of tickets");
    if (!krb_key_set(&key, 18, bytes_of(ticket.session.value, KEY)))
        abort();
    usage_tell(pipe_end, &key, KRB_USAGE_AUTHENTICATOR, "key of authenticators");
    usage_tell(pipe_end, &key, KRB_USAGE_AP_REP, "key of answers");
}

/* The child: what follows from the key that was agreed. */
static void agreed(int pipe_end, const void *masked)
{
    uint8_t value[KEY];
    struct krb_key key;

    for (size_t i = 0; i < KEY; i++)
        value[i] = ((const uint8_t *)masked)[i] ^ MASK;
    if (!krb_key_set(&key, 18, bytes_of(value, KEY)))
        abort();
    needle_tell(pipe_end, "agreed key", value, KEY);
    usage_tell(pipe_end, &key, KRB_USAGE_ACCEPTOR_SEAL, "sealing key");
    usage_tell(pipe_end, &key, KRB_USAGE_ACCEPTOR_SIGN, "signing key");
    usage_tell(pipe_end, &key, KRB_USAGE_INITIATOR_SEAL, "client's sealing key");
    needle_tell(pipe_end, "agreed key, its start", value, 16);
}

static void places_make(void)
{
    snprintf(folder, sizeof folder, "/tmp/sspi-secrets-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(keytab, sizeof keytab, "%s/keytab", folder);
    snprintf(request, sizeof request, "%s/request", folder);
}

static void places_clear(void)
{
    unlink(keytab);
    unlink(request);
    cr_assert_eq(rmdir(folder), 0);
}

static void login(void)
{
    static uint8_t token[TICKET_ROOM], answer[TICKET_ROOM];
    int file = open(request, O_RDONLY);
    SecBuffer in = {0, SECBUFFER_TOKEN, token}, out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;

    cr_assert_geq(file, 0);
    in.cbBuffer = (ULONG)read(file, token, sizeof token);
    close(file);
    assert_status(AcquireCredentialsHandleA((SEC_CHAR *)(uintptr_t) "HTTP", (SEC_CHAR *)(uintptr_t) "Kerberos",
                                            SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL, &credential, NULL),
                  SEC_E_OK);
    assert_status(SspiCredentialSetKeytab(&credential, keytab), SEC_E_OK);
    assert_status(SspiCredentialSetOption(&credential, "replay_cache", "memory"), SEC_E_OK);
    assert_status(AcceptSecurityContext(&credential, NULL, &input, 0, 0, &context, &output, &attributes, NULL),
                  SEC_E_OK);
}

/* Sends, and receives what does not verify: the keys of both directions are derived. */
static void protect(void)
{
    uint8_t data[32] = {1, 2, 3}, trailer[60];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    assert_status(EncryptMessage(&context, 0, &message, 0), SEC_E_OK);
    trailer[2] ^= 1; /* as if the client had sent it */
    assert_status(DecryptMessage(&context, &message, 0, NULL), SEC_E_MESSAGE_ALTERED);
    buffers[1].cbBuffer = sizeof trailer;
    assert_status(MakeSignature(&context, 0, &message, 0), SEC_E_OK);
    trailer[2] ^= 1;
    assert_status(VerifySignature(&context, &message, 0, NULL), SEC_E_MESSAGE_ALTERED);
}

static void key_masked(uint8_t out[KEY])
{
    SecPkgContext_SessionKey key = {0};

    assert_status(QueryContextAttributesA(&context, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    cr_assert_eq(key.SessionKeyLength, (ULONG)KEY);
    for (size_t i = 0; i < KEY; i++)
        out[i] = key.SessionKey[i] ^ MASK;
    assert_status(FreeContextBuffer(key.SessionKey), SEC_E_OK);
}

static unsigned count_all(size_t count, bool show)
{
    unsigned found = 0;

    for (size_t i = 0; i < count; i++)
        found += needle_hits(&needles[i], show);
    return found;
}

Test(secrets, nothing_stays_behind_of_a_service)
{
    uint8_t masked[KEY];
    unsigned live, left;

    places_make();
    needles_receive(world, NULL, needles, 9);
    login();
    protect();
    key_masked(masked);
    needles_receive(agreed, masked, needles + 9, 8);
    cr_assert_gt(needle_hits(&needles[0], false), 0u, "the service's key of a live credential was not found");
    cr_assert_gt(needle_hits(&needles[9], false), 0u, "the agreed key of a live context was not found");
    /* What only the exchange needed is gone already. */
    cr_assert_eq(needle_hits(&needles[1], true), 0u, "the ticket's session key outlives the exchange");
    cr_assert_eq(needle_hits(&needles[2], true), 0u, "the client's subkey outlives the exchange");
    live = count_all(NEEDLES, false);
    assert_status(DeleteSecurityContext(&context), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    left = count_all(NEEDLES, true);
    printf("Kerberos: %u copies while in use, %u afterwards\n", live, left);
    places_clear();
    cr_assert_eq(left, 0u, "%u copies of secrets left in memory", left);
}

/* ---- A service with a password ---- */

static void password_world(int pipe_end, const void *unused)
{
    char password[PASSWORD_SIZE + 1];
    struct krb_keys *keys = krb_keys_new();

    (void)unused;
    password_reveal(password);
    if (!keys
        || krb_password_keys(keys, "HTTP/server.example.test", "EXAMPLE.TEST", bytes_of(password, PASSWORD_SIZE), NULL)
               != SEC_E_OK)
        abort();
    needle_tell(pipe_end, "password", password, PASSWORD_SIZE);
    for (size_t i = 0; i < keys->count; i++)
        if (keys->rows[i].key.etype->number == 18)
            needle_tell(pipe_end, "key of the password", keys->rows[i].key.data, KEY);
}

static void password_login(void)
{
    char password[PASSWORD_SIZE + 1], user[] = "HTTP/server.example.test", realm[] = "EXAMPLE.TEST";
    SEC_WINNT_AUTH_IDENTITY_A identity = {(UCHAR *)user,
                                          sizeof user - 1,
                                          (UCHAR *)realm,
                                          sizeof realm - 1,
                                          (UCHAR *)password,
                                          PASSWORD_SIZE,
                                          SEC_WINNT_AUTH_IDENTITY_ANSI};
    static uint8_t token[TICKET_ROOM], answer[TICKET_ROOM];
    int file = open(request, O_RDONLY);
    SecBuffer in = {0, SECBUFFER_TOKEN, token}, out = {sizeof answer, SECBUFFER_TOKEN, answer};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &in}, output = {SECBUFFER_VERSION, 1, &out};
    ULONG attributes;

    password_reveal(password);
    assert_status(AcquireCredentialsHandleA(NULL, (SEC_CHAR *)(uintptr_t) "Kerberos", SECPKG_CRED_INBOUND, NULL,
                                            &identity, NULL, NULL, &credential, NULL),
                  SEC_E_OK);
    explicit_bzero(password, sizeof password);
    assert_status(SspiCredentialSetOption(&credential, "replay_cache", "memory"), SEC_E_OK);
    in.cbBuffer = (ULONG)read(file, token, sizeof token);
    close(file);
    /* The ticket is of another key: all the password's keys are derived and tried. */
    assert_status(AcceptSecurityContext(&credential, NULL, &input, 0, 0, &context, &output, &attributes, NULL),
                  SEC_E_DECRYPT_FAILURE);
}

Test(secrets, nothing_stays_behind_of_a_password)
{
    unsigned live, left;

    places_make();
    needles_receive(world, NULL, needles, 9);
    needles_receive(password_world, NULL, needles, PASSWORD_NEEDLES);
    password_login();
    live = count_all(PASSWORD_NEEDLES, false);
    cr_assert_gt(live, 1u, "neither password nor key of a live credential was found");
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    left = count_all(PASSWORD_NEEDLES, true);
    printf("a service's password: %u copies while in use, %u afterwards\n", live, left);
    places_clear();
    cr_assert_eq(left, 0u, "%u copies of secrets left in memory", left);
}
