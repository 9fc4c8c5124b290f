/*
 * Searches this process for what a login leaves behind. A client and a server log in, protect messages and are deleted;
 * then no writable memory, stack and freed heap included, may hold the password, a hash or a key. What is searched for
 * is kept masked, and computed by a child process, so that the search finds nothing of its own.
 */
#include "forge.h"
#include "needles.h"

#include <stdio.h>

enum { PASSWORD_SIZE = 16, NEEDLES = 10 };

static struct loopback loop;
static struct needle needles[NEEDLES];

/* "Tr0ub4dor&3-Zq7!" under the mask: the text itself must not be in this program. */
static const uint8_t masked_password[PASSWORD_SIZE] = {0x0e, 0x28, 0x6a, 0x2f, 0x38, 0x6e, 0x3e, 0x35,
                                                       0x28, 0x7c, 0x69, 0x77, 0x00, 0x2b, 0x6d, 0x7b};

static void password_reveal(char out[PASSWORD_SIZE + 1])
{
    for (size_t i = 0; i < PASSWORD_SIZE; i++)
        out[i] = (char)(masked_password[i] ^ MASK);
    out[PASSWORD_SIZE] = '\0';
}

static void login(void)
{
    char password[PASSWORD_SIZE + 1], package[] = "NTLM";
    SEC_WINNT_AUTH_IDENTITY_A identity = {.User = (UCHAR *)(uintptr_t)USER,
                                          .UserLength = 5,
                                          .Domain = (UCHAR *)(uintptr_t)DOMAIN,
                                          .DomainLength = 7,
                                          .Password = (UCHAR *)password,
                                          .PasswordLength = PASSWORD_SIZE,
                                          .Flags = SEC_WINNT_AUTH_IDENTITY_ANSI};

    password_reveal(password);
    loop.client_flags = ISC_REQ_CONFIDENTIALITY | ISC_REQ_INTEGRITY;
    loop.target = "HTTP/server";
    assert_status(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_OUTBOUND, NULL, &identity, NULL, NULL,
                                            &loop.client_credential, NULL),
                  SEC_E_OK);
    assert_status(AcquireCredentialsHandleA(NULL, package, SECPKG_CRED_INBOUND, NULL, NULL, NULL, NULL,
                                            &loop.server_credential, NULL),
                  SEC_E_OK);
    assert_status(SspiAccountStoreOpen("memory:", &loop.store), SEC_E_OK);
    assert_status(SspiAccountStoreAdd(loop.store, USER, DOMAIN, password, PASSWORD_SIZE), SEC_E_OK);
    assert_status(SspiCredentialSetAccountStore(&loop.server_credential, loop.store), SEC_E_OK);
    explicit_bzero(password, sizeof password);
    loopback_until_authenticate(&loop);
    assert_status(loopback_finish(&loop), SEC_E_OK);
}

static void protect(PCtxtHandle from, PCtxtHandle to)
{
    uint8_t data[32] = {1, 2, 3}, trailer[16];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};

    assert_status(EncryptMessage(from, 0, &message, 0), SEC_E_OK);
    assert_status(DecryptMessage(to, &message, 0, NULL), SEC_E_OK);
    assert_status(MakeSignature(from, 0, &message, 0), SEC_E_OK);
    assert_status(VerifySignature(to, &message, 0, NULL), SEC_E_OK);
}

static void session_key_masked(uint8_t out[16])
{
    SecPkgContext_SessionKey key = {0};

    assert_status(QueryContextAttributesA(&loop.server, SECPKG_ATTR_SESSION_KEY, &key), SEC_E_OK);
    cr_assert_eq(key.SessionKeyLength, 16u);
    for (size_t i = 0; i < 16; i++)
        out[i] = key.SessionKey[i] ^ MASK;
    assert_status(FreeContextBuffer(key.SessionKey), SEC_E_OK);
}

static void derived_send(int pipe_end, const uint8_t session_key[16])
{
    static const char *const purposes[] = {
        "session key to client-to-server signing key magic constant",
        "session key to server-to-client signing key magic constant",
        "session key to client-to-server sealing key magic constant",
        "session key to server-to-client sealing key magic constant",
    };
    uint8_t key[16];

    for (size_t i = 0; i < 4; i++) {
        forge_md5(session_key, 16, purposes[i], strlen(purposes[i]) + 1, key);
        needle_tell(pipe_end, i < 2 ? "signing key" : "sealing key", key, sizeof key);
    }
}

/* The child: everything that must not be found later, computed where it does not matter. */
static void child(int pipe_end, const void *masked)
{
    const uint8_t *masked_key = masked;
    char password[PASSWORD_SIZE + 1];
    uint8_t text[2 * PASSWORD_SIZE] = {0}, key[16], session_key[16];

    password_reveal(password);
    for (size_t i = 0; i < PASSWORD_SIZE; i++)
        text[2 * i] = (uint8_t)password[i];
    for (size_t i = 0; i < 16; i++)
        session_key[i] = masked_key[i] ^ MASK;
    needle_tell(pipe_end, "password", password, PASSWORD_SIZE);
    needle_tell(pipe_end, "password in UTF-16", text, sizeof text);
    forge_nt_hash(password, key);
    needle_tell(pipe_end, "NT hash", key, sizeof key);
    forge_ntowf_v2(USER, DOMAIN, password, key);
    needle_tell(pipe_end, "NTOWFv2", key, sizeof key);
    forge_hmac_md5(key, loop.authenticate.data + u32_at(&loop.authenticate, AT_NT + 4), 16, key);
    needle_tell(pipe_end, "session base key", key, sizeof key);
    needle_tell(pipe_end, "session key", session_key, sizeof session_key);
    derived_send(pipe_end, session_key);
}

static void needles_compute(void)
{
    uint8_t masked_key[16];

    session_key_masked(masked_key);
    needles_receive(child, masked_key, needles, NEEDLES);
}

Test(secrets, nothing_stays_behind)
{
    unsigned live = 0, left = 0;

    login();
    protect(&loop.client, &loop.server);
    protect(&loop.server, &loop.client);
    needles_compute();
    /* While it is in use the search does find it: or finding nothing would mean nothing. */
    cr_assert_gt(needle_hits(&needles[2], false), 0u, "the %s of a live credential was not found", needles[2].name);
    cr_assert_gt(needle_hits(&needles[5], false), 0u, "the %s of a live context was not found", needles[5].name);
    for (size_t i = 0; i < NEEDLES; i++)
        live += needle_hits(&needles[i], false);
    loopback_close(&loop);
    for (size_t i = 0; i < NEEDLES; i++)
        left += needle_hits(&needles[i], true);
    printf("%u copies while in use, %u afterwards\n", live, left);
    cr_assert_eq(left, 0u, "%u copies of secrets left in memory", left);
}
