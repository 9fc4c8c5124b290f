/*
 * initiator.c, response.c and reflection.c: what a client sends, what it refuses, and that it never answers itself.
 */
#include "support_forge.h"

static struct rig rig;

static void open_rig(void)
{
    rig_open(&rig);
}

static void close_rig(void)
{
    rig_close(&rig);
}

static void start(void)
{
    rig_reset(&rig);
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_I_CONTINUE_NEEDED);
}

static struct bytes target_info(const char *hex, uint8_t *out, size_t room)
{
    return bytes_of(out, test_hex(hex, out, room));
}

#define NAMES "0200 0200 4400 0100 0200 5300"
#define SERVER_FLAGS                                                                                                   \
    (NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_SIGN | NTLM_SEAL | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_ESS              \
     | NTLM_TARGET_INFO | NTLM_VERSION | NTLM_128 | NTLM_KEY_EXCH | NTLM_TARGET_TYPE_SERVER)

/* Answers a challenge of a server that is not ours. */
static SECURITY_STATUS answer(uint32_t flags, const char *info_hex)
{
    struct ntlm_challenge challenge = {.flags = flags, .server_challenge = "\1\2\3\4\5\6\7"};
    uint8_t info[256], message[512];
    struct writer out = writer_over(message, sizeof message);

    challenge.target_info = target_info(info_hex, info, sizeof info);
    ntlm_challenge_encode(&challenge, &out);
    start();
    rig_initiate(&rig.client, bytes_of(message, out.used), &rig.authenticate);
    return rig.authenticate.status;
}

static struct ntlm_authenticate sent(void)
{
    struct ntlm_authenticate message;

    cr_assert(ntlm_authenticate_decode(rig_token(&rig.authenticate), &message));
    return message;
}

static struct ntlm_v2_response sent_v2(void)
{
    struct ntlm_v2_response response;

    cr_assert(ntlm_v2_response_decode(sent().nt, &response));
    return response;
}

Test(ntlm_initiator, mic_with_timestamp, .init = open_rig, .fini = close_rig)
{
    static const uint8_t zeros[24];

    assert_status(answer(SERVER_FLAGS, NAMES "0700 0800 0000000000000001 0000 0000"), SEC_E_OK);
    cr_assert_eq(sent_v2().av.flags, NTLM_AV_FLAG_MIC);
    cr_assert_eq(sent_v2().time, UINT64_C(0x0100000000000000), "the server's time");
    cr_assert_eq(sent().lm.size, 24);
    assert_mem_eq(sent().lm.data, zeros, 24);
    cr_assert(memcmp(rig.authenticate.token + NTLM_MIC_OFFSET, zeros, 16) != 0);
    cr_assert(rig_client_context(&rig)->mic_verified);
}

Test(ntlm_initiator, lm_v2_without_timestamp, .init = open_rig, .fini = close_rig)
{
    static const uint8_t zeros[24];

    assert_status(answer(SERVER_FLAGS, NAMES "0000 0000"), SEC_E_OK);
    cr_assert_eq(sent_v2().av.flags, 0);
    cr_assert_not(sent_v2().av.present[NTLM_AV_FLAGS]);
    cr_assert_eq(sent_v2().time, (uint64_t)clock_now());
    cr_assert(memcmp(sent().lm.data, zeros, 24) != 0);
    assert_mem_eq(sent().lm.data + 16, sent_v2().client_challenge.data, 8);
    cr_assert_eq(rig_u32(rig.authenticate.token + 32), 72, "the payload starts where a MIC would be");
}

Test(ntlm_initiator, bindings_and_target, .init = open_rig, .fini = close_rig)
{
    static const uint8_t zeros[16];
    uint8_t expected[16];
    struct ntlm_v2_response response;

    assert_status(answer(SERVER_FLAGS, NAMES "0000 0000"), SEC_E_OK);
    response = sent_v2();
    assert_mem_eq(response.av.value[NTLM_AV_BINDINGS].data, zeros, 16);
    cr_assert(response.av.present[NTLM_AV_TARGET_NAME]);
    cr_assert_eq(response.av.value[NTLM_AV_TARGET_NAME].size, 0);

    rig.client.target = "HTTP/a";
    rig.client.requested |= ISC_REQ_UNVERIFIED_TARGET_NAME;
    rig.client.bindings = bytes_of("tls-unique:\0\1\2\3\4\5\6\7\x8\x9\xa\xb", 23);
    assert_status(answer(SERVER_FLAGS, NAMES "0700 0800 0000000000000001 0000 0000"), SEC_E_OK);
    response = sent_v2();
    test_hex("7e5349b5695138957cdd92d99e2e11ea", expected, sizeof expected);
    assert_mem_eq(response.av.value[NTLM_AV_BINDINGS].data, expected, 16);
    cr_assert_eq(response.av.value[NTLM_AV_TARGET_NAME].size, 12);
    cr_assert_eq(response.av.flags, NTLM_AV_FLAG_MIC | NTLM_AV_FLAG_UNVERIFIED_TARGET);
}

/* A server that sends pairs which only a client writes cannot put words into our mouth. */
Test(ntlm_initiator, rogue_pairs_of_the_server, .init = open_rig, .fini = close_rig)
{
    assert_status(answer(SERVER_FLAGS, NAMES "0600 0400 ffffffff 0900 0200 5800 0a00 1000 "
                                             "11111111111111111111111111111111 0000 0000"),
                  SEC_E_OK);
    cr_assert_eq(sent_v2().av.flags, 0);
    cr_assert_eq(sent_v2().av.value[NTLM_AV_TARGET_NAME].size, 0);
    cr_assert_eq(sent_v2().av.value[NTLM_AV_BINDINGS].data[0], 0);
}

Test(ntlm_initiator, challenges_refused, .init = open_rig, .fini = close_rig)
{
    const struct {
        uint32_t flags;
        const char *info;
        SECURITY_STATUS status;
        ULONG reason;
    } rows[] = {
        {SERVER_FLAGS & ~NTLM_UNICODE, NAMES "0000 0000", SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_FLAGS_ALTERED},
        {SERVER_FLAGS & ~NTLM_ESS, NAMES "0000 0000", SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_FLAGS_ALTERED},
        {SERVER_FLAGS & ~NTLM_128, NAMES "0000 0000", SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_FLAGS_ALTERED},
        {SERVER_FLAGS, NAMES, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN},
        {SERVER_FLAGS, "0000 0000", (SECURITY_STATUS)STATUS_LOGON_FAILURE, SSPI_REASON_FLAGS_ALTERED},
        {SERVER_FLAGS, "0100 0200 5300 0000 0000", (SECURITY_STATUS)STATUS_LOGON_FAILURE, SSPI_REASON_FLAGS_ALTERED},
        {SERVER_FLAGS, "0200 0200 5300 0000 0000", (SECURITY_STATUS)STATUS_LOGON_FAILURE, SSPI_REASON_FLAGS_ALTERED},
        {SERVER_FLAGS & ~NTLM_TARGET_INFO, NAMES "0000 0000", (SECURITY_STATUS)STATUS_LOGON_FAILURE,
         SSPI_REASON_FLAGS_ALTERED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_assert_eq(answer(rows[i].flags, rows[i].info), rows[i].status, "row %zu: 0x%08x", i,
                     (unsigned)rig.authenticate.status);
        cr_assert_eq(rig.authenticate.failure.reason, rows[i].reason, "row %zu", i);
        cr_assert_eq(rig.authenticate.size, 0);
    }
    rig.client.requested = 0;
    assert_status(answer(SERVER_FLAGS, "0000 0000"), SEC_E_OK);
    assert_status(answer(SERVER_FLAGS & ~NTLM_128, "0000 0000"), SEC_E_OK);
}

/* Declining to sign is the server's right; the caller reads it in the flags. */
Test(ntlm_initiator, server_declines_protection, .init = open_rig, .fini = close_rig)
{
    assert_status(answer(SERVER_FLAGS & ~(NTLM_SIGN | NTLM_SEAL), NAMES "0000 0000"), SEC_E_OK);
    cr_assert_eq(rig.authenticate.attributes, ISC_RET_CONNECTION);
    cr_assert_eq(sent().session_key.size, 0);
    assert_status(answer(SERVER_FLAGS & ~NTLM_SEAL, NAMES "0000 0000"), SEC_E_OK);
    cr_assert_eq(rig.authenticate.attributes & ISC_RET_CONFIDENTIALITY, 0);
    cr_assert_eq(sent().flags & NTLM_SEAL, 0);
}

/* What we did not ask for is not agreed, whatever the server writes. */
Test(ntlm_initiator, server_adds_flags, .init = open_rig, .fini = close_rig)
{
    rig.client.requested = 0;
    assert_status(answer(0xffffffff, NAMES "0000 0000"), SEC_E_OK);
    cr_assert_eq(sent().flags
                     & ~(NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_ESS | NTLM_TARGET_INFO
                         | NTLM_VERSION),
                 0);
    cr_assert_eq(rig.authenticate.attributes, ISC_RET_CONNECTION);
}

Test(ntlm_initiator, v1_by_policy, .init = open_rig, .fini = close_rig)
{
    const uint32_t old = NTLM_UNICODE | NTLM_NTLM | NTLM_ALWAYS_SIGN;

    rig.client.requested = 0;
    assert_status(answer(old, ""), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(answer(old | NTLM_ESS, ""), SEC_E_OK);
    cr_assert_gt(sent().nt.size, 24, "NTLMv2 as long as nobody allows less");
    rig.client.credential->settings.allow_insecure_ntlmv1 = true;
    assert_status(answer(old, ""), SEC_E_OK);
    cr_assert_eq(sent().nt.size, 24);
    assert_mem_eq(sent().lm.data, sent().nt.data, 24);
    rig.client.credential->settings.allow_insecure_lm = true;
    assert_status(answer(old, ""), SEC_E_OK);
    cr_assert(memcmp(sent().lm.data, sent().nt.data, 24) != 0, "a true LM response");
    assert_status(answer(old | NTLM_ESS, ""), SEC_E_OK);
    cr_assert_eq(sent().nt.size, 24);
    assert_status(answer(SERVER_FLAGS, NAMES "0000 0000"), SEC_E_OK);
    cr_assert_gt(sent().nt.size, 24, "NTLMv2 where the server knows it");
}

Test(ntlm_initiator, by_nt_hash, .init = open_rig, .fini = close_rig)
{
    static const uint8_t wrong[16] = {1};
    uint8_t hash[16];

    rig_client_is(&rig, "User", "Domain", NULL);
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_E_NO_CREDENTIALS);
    cr_assert_null(rig.client.context);
    test_hex("a4f49c406510bdcab6824ee7c30fd852", hash, sizeof hash);
    assert_status(ntlm_provider.set_nt_hash(rig.client.credential, hash), SEC_E_OK);
    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    rig_reset(&rig);
    assert_status(ntlm_provider.set_nt_hash(rig.client.credential, wrong), SEC_E_OK);
    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_LOGON_DENIED);
}

Test(ntlm_initiator, credentials_needed, .init = open_rig, .fini = close_rig)
{
    static const char *const users[] = {NULL, ""};

    for (size_t i = 0; i < 2; i++) {
        rig_client_is(&rig, users[i], NULL, "");
        rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
        assert_status(rig.negotiate.status, SEC_E_NO_CREDENTIALS);
        cr_assert_eq(rig.negotiate.failure.reason, SSPI_REASON_NO_CREDENTIAL);
    }
    rig.client.requested = ISC_REQ_NULL_SESSION | ISC_REQ_INTEGRITY;
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(rig_u32(rig.negotiate.token + 12) & NTLM_SIGN, 0);
}

Test(ntlm_initiator, tokens_in_the_wrong_place, .init = open_rig, .fini = close_rig)
{
    rig_initiate(&rig.client, bytes_of("NTLMSSP", 8), &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_E_INVALID_TOKEN);
    cr_assert_null(rig.client.context);
    rig_initiate(&rig.client, bytes_of("", 0), &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_I_CONTINUE_NEEDED);
    rig_initiate(&rig.client, (struct bytes){0}, &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_INVALID_TOKEN);
    rig_reset(&rig);
    rig.client.requested |= ISC_REQ_DATAGRAM;
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_E_UNSUPPORTED_FUNCTION);
}

Test(ntlm_initiator, ended_is_ended, .init = open_rig, .fini = close_rig)
{
    struct rig_leg again;

    rig_run_to_authenticate(&rig);
    rig_initiate(&rig.client, rig_token(&rig.challenge), &again);
    assert_status(again.status, SEC_E_OUT_OF_SEQUENCE);
    start();
    rig_initiate(&rig.client, bytes_of("garbage", 7), &again);
    assert_status(again.status, SEC_E_INVALID_TOKEN);
    rig_initiate(&rig.client, rig_token(&rig.challenge), &again);
    assert_status(again.status, SEC_E_OUT_OF_SEQUENCE);
}

Test(ntlm_initiator, output_room, .init = open_rig, .fini = close_rig)
{
    size_t size;

    rig_step(&rig.client, false, (struct bytes){0}, 39, &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_E_BUFFER_TOO_SMALL);
    cr_assert_null(rig.client.context);
    rig_run_to_authenticate(&rig);
    size = rig.authenticate.size;
    rig_reset(&rig);
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    rig_accept(&rig.server, rig_token(&rig.negotiate), &rig.challenge);
    rig_step(&rig.client, false, rig_token(&rig.challenge), size - 1, &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_BUFFER_TOO_SMALL);
    rig_step(&rig.client, false, rig_token(&rig.challenge), size, &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_OK);
    rig_finish(&rig, rig_token(&rig.authenticate));
    assert_status(rig.done.status, SEC_E_OK);
}

/* The attacker connects to us, and hands our challenge back to a client of ours: one credential for both roles. */
Test(ntlm_initiator, own_challenge_reflected, .init = open_rig, .fini = close_rig)
{
    struct credential *both = rig_credential(SECPKG_CRED_BOTH, "User", "Domain", "Password");
    struct credential *client = rig.client.credential, *server = rig.server.credential;
    uint8_t negotiate[16];

    both->accounts = rig.store;
    rig.client.credential = rig.server.credential = both;
    start();
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, negotiate), &rig.challenge);
    rig_initiate(&rig.client, rig_token(&rig.challenge), &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_LOGON_DENIED);
    cr_assert_eq(rig.authenticate.failure.reason, SSPI_REASON_REFLECTION);
    /* A challenge of somebody else is answered while ours wait. */
    ntlm_provider.context_free(rig.client.context);
    rig.client.context = NULL;
    rig.challenge.token[24] ^= 1;
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    rig_initiate(&rig.client, rig_token(&rig.challenge), &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_OK);
    rig_reset(&rig);
    cr_assert_null(((struct ntlm_credential *)both)->outstanding, "deleted contexts wait for nothing");
    rig.client.credential = client;
    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    cr_assert_null(((struct ntlm_credential *)both)->outstanding);
    rig_reset(&rig);
    rig.server.credential = server;
    both->accounts = NULL;
    rig_credential_free(both);
}

/* Deleted in any order, the rest is still known. */
Test(ntlm_initiator, many_challenges_wait, .init = open_rig, .fini = close_rig)
{
    static const size_t order[] = {1, 3, 0, 2};
    struct ntlm_credential *both = (struct ntlm_credential *)rig_credential(SECPKG_CRED_BOTH, "u", NULL, "p");
    struct ntlm_context *contexts[4];

    for (size_t i = 0; i < 4; i++) {
        contexts[i] = ntlm_context_new(&both->base, true);
        contexts[i]->server_challenge[0] = (uint8_t)(i + 1);
        ntlm_outstanding_add(contexts[i]);
    }
    for (size_t gone = 0; gone <= 4; gone++) {
        for (size_t i = 0; i < 4; i++) {
            const uint8_t challenge[8] = {(uint8_t)(order[i] + 1)};

            cr_assert_eq(ntlm_outstanding_find(both, challenge), i >= gone);
        }
        if (gone < 4)
            ntlm_context_free(&contexts[order[gone]]->base);
    }
    cr_assert_null(both->outstanding);
    rig_credential_free(&both->base);
}

Test(ntlm_initiator, target_name_is_text, .init = open_rig, .fini = close_rig)
{
    start();
    rig.client.target = "\xff";
    rig_accept(&rig.server, rig_token(&rig.negotiate), &rig.challenge);
    rig_initiate(&rig.client, rig_token(&rig.challenge), &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_TARGET_UNKNOWN);
    cr_assert_eq(rig.authenticate.failure.reason, SSPI_REASON_TARGET);
}

Test(ntlm_initiator, answer_too_long, .init = open_rig, .fini = close_rig)
{
    struct ntlm_challenge challenge = {.flags = SERVER_FLAGS};
    static uint8_t info[3990], message[NTLM_MAX_TOKEN];
    struct writer out = writer_over(info, sizeof info), wire = writer_over(message, sizeof message);

    ntlm_av_write(&out, NTLM_AV_NB_DOMAIN, bytes_of("D\0", 2));
    ntlm_av_write(&out, NTLM_AV_NB_COMPUTER, bytes_of("S\0", 2));
    ntlm_av_write(&out, NTLM_AV_DNS_DOMAIN, bytes_of(message, 3900));
    ntlm_av_write(&out, NTLM_AV_EOL, (struct bytes){0});
    challenge.target_info = bytes_of(info, out.used);
    ntlm_challenge_encode(&challenge, &wire);
    cr_assert(writer_ok(&out) && writer_ok(&wire));
    start();
    rig_initiate(&rig.client, bytes_of(message, wire.used), &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_INVALID_TOKEN);
    cr_assert_eq(rig.authenticate.size, 0);
}

Test(ntlm_initiator, passwords_of_all_kinds, .init = open_rig, .fini = close_rig)
{
    struct failure failure = {0};
    struct credential *credential = NULL;
    struct acquire request = {.use = SECPKG_CRED_OUTBOUND, .has_identity = true, .user = "u", .failure = &failure};
    static const char bad[] = "\xc3(";

    request.password = bytes_of(bad, 2);
    assert_status(ntlm_provider.acquire(&request, &credential), SEC_E_INVALID_PARAMETER);
    cr_assert_null(credential);
    request.password = bytes_of("p", 1), request.user = bad;
    assert_status(ntlm_provider.acquire(&request, &credential), SEC_E_INVALID_PARAMETER);
    request.user = "j\xc3\xb6rg", request.password = bytes_of("p\xc3\xa4ss\xe2\x82\xac", 8);
    assert_status(ntlm_provider.acquire(&request, &credential), SEC_E_OK);
    cr_assert_not(((struct ntlm_credential *)credential)->has_lm_hash, "the euro sign is not in ISO 8859-1");
    ntlm_provider.credential_free(credential);
}

Test(ntlm_initiator, acquire_with_every_allocation_failing)
{
    struct failure failure = {0};
    const struct acquire request = {.use = SECPKG_CRED_BOTH,
                                    .has_identity = true,
                                    .user = "User",
                                    .domain = "Domain",
                                    .password = bytes_of("Password", 8),
                                    .failure = &failure};

    /* What a thread allocates once for its digests is not at issue. */
    rig_credential_free(rig_credential(SECPKG_CRED_BOTH, "User", "Domain", "Password"));
    for (size_t nth = 1;; nth++) {
        struct credential *credential = NULL;
        const size_t live = memory_live();
        SECURITY_STATUS status;

        memory_fail_at(nth);
        status = ntlm_provider.acquire(&request, &credential);
        const bool done = memory_count() < nth;
        memory_fail_at(0);
        assert_status(status, done ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY);
        cr_assert_eq(credential != NULL, done);
        ntlm_provider.credential_free(credential);
        cr_assert_eq(memory_live(), live);
        if (done)
            break;
    }
}
