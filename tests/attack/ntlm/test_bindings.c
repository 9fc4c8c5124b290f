/*
 * Logins relayed from another channel: what the client says of its TLS session against what the server knows of its
 * own.
 */
#include "forge.h"

enum client { NONE, EMPTY, OURS, OTHERS };

static struct loopback loop;

static void up(void)
{
    loopback_open(&loop);
}

static void down(void)
{
    loopback_close(&loop);
}

/* The same data laid out for SSPI, and as the hash that NTLM carries: MD5 over RFC 4121's form, here taken from our
 * client. */
static PSEC_CHANNEL_BINDINGS bindings_of(const char *data, ULONG *size)
{
    PSEC_CHANNEL_BINDINGS bindings = NULL;

    assert_status(SspiMakeChannelBindings(data, (ULONG)strlen(data), size, &bindings), SEC_E_OK);
    return bindings;
}

/* One login: the client as told, the server with or without bindings of "tls-unique:ours" and these flags. */
static SECURITY_STATUS login(enum client client, bool server_has, ULONG flags)
{
    static const uint8_t empty[16];
    struct forge forge = forge_good();
    PSEC_CHANNEL_BINDINGS ours, sent;
    SECURITY_STATUS status;

    ours = bindings_of("tls-unique:ours", &loop.server_bindings_size);
    sent = bindings_of(client == OURS ? "tls-unique:ours" : "tls-unique:theirs", &loop.client_bindings_size);
    loop.server_bindings = server_has ? ours : NULL;
    loop.client_bindings = client == OURS || client == OTHERS ? sent : NULL;
    loop.server_flags = flags;
    forge.bindings = client == EMPTY ? empty : NULL;
    if (loop.client_bindings)
        loopback_until_authenticate(&loop);
    else
        forge_until_authenticate(&forge, &loop);
    status = loopback_finish(&loop);
    loop.client_bindings = loop.server_bindings = NULL;
    FreeContextBuffer(ours);
    FreeContextBuffer(sent);
    return status;
}

static void expect(enum client client, bool server_has, ULONG flags, SECURITY_STATUS status, ULONG reason)
{
    SECURITY_STATUS got = login(client, server_has, flags);

    cr_assert_eq((ULONG)got, (ULONG)status, "client %d, server %d, flags 0x%x: %s", client, server_has, (unsigned)flags,
                 SspiStatusName(got));
    cr_assert_eq(loop.seen.reason, reason);
    cr_assert_eq(loop.seen.count, 1u);
    loopback_again(&loop);
}

Test(bindings, server_without, .init = up, .fini = down)
{
    for (int client = NONE; client <= OTHERS; client++)
        expect((enum client)client, false, 0, SEC_E_OK, SSPI_REASON_NONE);
}

Test(bindings, server_with, .init = up, .fini = down)
{
    expect(OURS, true, 0, SEC_E_OK, SSPI_REASON_NONE);
    expect(NONE, true, 0, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    expect(EMPTY, true, 0, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    expect(OTHERS, true, 0, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_WRONG);
}

/* Leave for clients that know nothing of bindings is none for those that have the wrong ones, or say that they have
 * none. */
Test(bindings, server_allows_missing, .init = up, .fini = down)
{
    expect(OURS, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK, SSPI_REASON_NONE);
    expect(NONE, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_OK, SSPI_REASON_NONE);
    expect(EMPTY, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    expect(OTHERS, true, ASC_REQ_ALLOW_MISSING_BINDINGS, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_WRONG);
}

Test(bindings, server_behind_a_proxy, .init = up, .fini = down)
{
    expect(OTHERS, false, ASC_REQ_PROXY_BINDINGS, SEC_E_OK, SSPI_REASON_NONE);
    expect(NONE, false, ASC_REQ_PROXY_BINDINGS, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    expect(EMPTY, false, ASC_REQ_PROXY_BINDINGS, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
}

/* The wrong password is told as such, whatever the bindings: they are only looked at once the client is known. */
Test(bindings, do_not_hide_a_wrong_password, .init = up, .fini = down)
{
    loopback_client_as(&loop, USER, DOMAIN, "Passw0rd?");
    expect(OURS, true, 0, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
    expect(OTHERS, true, 0, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

/* pyspnego let an NTLMv1 client pass where bindings were required: such a client cannot say anything of its channel. */
Test(bindings, required_and_the_client_too_old, .init = up, .fini = down)
{
    struct forge forge = forge_good();
    PSEC_CHANNEL_BINDINGS ours = bindings_of("tls-unique:ours", &loop.server_bindings_size);

    loopback_option(&loop, "allow_insecure_ntlmv1", "yes");
    loop.server_bindings = ours;
    forge.response = FORGE_V1_ESS;
    forge.mic = MIC_NONE;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING);
    FreeContextBuffer(ours);
}

/* Bindings that do not lie inside their buffer. */
Test(bindings, malformed, .init = up, .fini = down)
{
    union {
        SEC_CHANNEL_BINDINGS bindings;
        uint8_t bytes[sizeof(SEC_CHANNEL_BINDINGS) + 8];
    } made = {.bindings = {.cbApplicationDataLength = 8, .dwApplicationDataOffset = sizeof(SEC_CHANNEL_BINDINGS)}};
    const ULONG wrong[][2] = {{9, sizeof(SEC_CHANNEL_BINDINGS)},
                              {8, sizeof(SEC_CHANNEL_BINDINGS) + 1},
                              {8, UINT32_MAX},
                              {UINT32_MAX, 8},
                              {UINT32_MAX, UINT32_MAX}};
    struct forge forge = forge_good();

    loop.server_bindings = &made;
    loop.server_bindings_size = sizeof made;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        made.bindings.cbApplicationDataLength = wrong[i][0];
        made.bindings.dwApplicationDataOffset = wrong[i][1];
        forge_negotiate(&forge, &loop.negotiate);
        cr_assert(loopback_challenge(&loop) < 0, "bindings of %u bytes at %u", (unsigned)wrong[i][0],
                  (unsigned)wrong[i][1]);
        cr_assert_not(loop.server_live);
        cr_assert_eq(loop.challenge.size, 0u);
    }
}
