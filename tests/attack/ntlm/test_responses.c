/*
 * Responses of another kind, of another exchange, of another time, or of an impossible shape.
 */
#include "forge.h"

static struct loopback loop;
static struct forge forge;

static void up(void)
{
    loopback_open(&loop);
    forge = forge_good();
}

static void down(void)
{
    loopback_close(&loop);
}

static void old_response(enum forge_response response)
{
    forge.response = response;
    forge.mic = MIC_NONE;
    forge_until_authenticate(&forge, &loop);
}

Test(responses, ntlmv1, .init = up, .fini = down)
{
    old_response(FORGE_V1);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
}

Test(responses, ntlmv1_with_session_security, .init = up, .fini = down)
{
    old_response(FORGE_V1_ESS);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
}

Test(responses, lm_only, .init = up, .fini = down)
{
    loopback_option(&loop, "allow_insecure_ntlmv1", "yes");
    loopback_option(&loop, "allow_insecure_lm", "yes");
    old_response(FORGE_LM_ONLY);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
}

Test(responses, lmv2_only, .init = up, .fini = down)
{
    old_response(FORGE_LMV2_ONLY);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_POLICY);
}

/* Where policy lets NTLMv1 in, a wrong password is still one, and strict still refuses. */
Test(responses, ntlmv1_by_policy, .init = up, .fini = down)
{
    loopback_option(&loop, "allow_insecure_ntlmv1", "yes");
    old_response(FORGE_V1_ESS);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    loopback_again(&loop);
    forge.password = "Passw0rd?";
    old_response(FORGE_V1_ESS);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(responses, ntlmv1_by_policy_but_strict, .init = up, .fini = down)
{
    loopback_option(&loop, "allow_insecure_ntlmv1", "yes");
    loopback_option(&loop, "ntlm_policy", "strict");
    old_response(FORGE_V1_ESS);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_MIC_MISSING);
}

Test(responses, unknown_user_with_a_known_password, .init = up, .fini = down)
{
    forge.user = "mallory";
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_UNKNOWN_USER);
}

/* Every pair of the response is covered by the proof. */
Test(responses, pairs_altered_on_the_way, .init = up, .fini = down)
{
    const unsigned ids[] = {AV_NB_COMPUTER, AV_NB_DOMAIN, AV_FLAGS, AV_TIMESTAMP, AV_TARGET_NAME, AV_BINDINGS};

    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        uint8_t *value;

        loopback_until_authenticate(&loop);
        value = av_in_authenticate(&loop.authenticate, ids[i]);
        cr_assert_not_null(value, "our client sends pair %u", ids[i]);
        value[0] ^= 8;
        loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
        loopback_again(&loop);
    }
}

/* A client without a MIC was shown other target information than ours. */
Test(responses, target_information_altered_before_a_client_without_mic, .init = up, .fini = down)
{
    forge.mic = MIC_NONE;
    forge_negotiate(&forge, &loop.negotiate);
    assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
    av_in_challenge(&loop.challenge, AV_NB_COMPUTER)[0] ^= 1;
    forge_authenticate(&forge, &loop.negotiate, &loop.challenge, &loop.authenticate);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_FLAGS_ALTERED);
}

Test(responses, target_information_left_out_by_a_client_without_mic, .init = up, .fini = down)
{
    forge.mic = MIC_NONE;
    forge.forget_server = true;
    forge_until_authenticate(&forge, &loop);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_FLAGS_ALTERED);
}

/* An answer overheard serves nobody: each context has a challenge of its own. */
Test(responses, replayed_on_another_connection, .init = up, .fini = down)
{
    struct token overheard;

    loopback_until_authenticate(&loop);
    overheard = loop.authenticate;
    loopback_accepted(&loop, "EXAMPLE\\alice");
    loopback_again(&loop);
    loopback_until_authenticate(&loop);
    loop.authenticate = overheard;
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_WRONG_PASSWORD);
}

Test(responses, replayed_on_the_same_connection, .init = up, .fini = down)
{
    loopback_until_authenticate(&loop);
    loopback_accepted(&loop, "EXAMPLE\\alice");
    assert_status(loopback_finish(&loop), SEC_E_OUT_OF_SEQUENCE);
    cr_assert_eq(loop.seen.count, 1u);
}

/* One challenge, one try: or it could be used to guess. */
Test(responses, second_try_at_one_challenge, .init = up, .fini = down)
{
    struct token right;

    loopback_until_authenticate(&loop);
    right = loop.authenticate;
    loop.authenticate.data[AT_MIC] ^= 1;
    cr_assert(loopback_finish(&loop) < 0);
    loop.authenticate = right;
    assert_status(loopback_finish(&loop), SEC_E_INVALID_HANDLE);
    cr_assert_eq(loop.seen.count, 1u);
}

Test(responses, challenges_differ, .init = up, .fini = down)
{
    uint8_t seen[64][8];

    for (size_t i = 0; i < 64; i++) {
        assert_status(loopback_negotiate(&loop), SEC_I_CONTINUE_NEEDED);
        assert_status(loopback_challenge(&loop), SEC_I_CONTINUE_NEEDED);
        memcpy(seen[i], loop.challenge.data + 24, 8);
        for (size_t j = 0; j < i; j++)
            cr_assert_neq(memcmp(seen[i], seen[j], 8), 0, "challenge %zu is that of %zu", i, j);
        loopback_again(&loop);
    }
}

static void aged(int64_t seconds)
{
    loopback_option(&loop, "ntlm_max_age_seconds", "300");
    forge.seconds = seconds;
    /* A stamp that was not the server's: only a client without a MIC may have one of its own, and must leave ours out.
     */
    forge_until_authenticate(&forge, &loop);
}

Test(responses, stale, .init = up, .fini = down)
{
    aged(-400);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_STALE);
}

Test(responses, from_the_future, .init = up, .fini = down)
{
    aged(400);
    loopback_refused(&loop, SEC_E_LOGON_DENIED, SSPI_REASON_STALE);
}

Test(responses, fresh_enough, .init = up, .fini = down)
{
    aged(-200);
    loopback_accepted(&loop, "EXAMPLE\\alice");
}

/* The length of the response, from nothing to the largest: only the true one is good. */
Test(responses, of_every_length, .init = up, .fini = down)
{
    for (uint32_t size = 0; size <= 65535; size += size < 700 ? 1 : 331) {
        uint16_t right;

        loopback_until_authenticate(&loop);
        right = u16_at(&loop.authenticate, AT_NT);
        u16_put(&loop.authenticate, AT_NT, (uint16_t)size);
        if (size == right)
            loopback_accepted(&loop, "EXAMPLE\\alice");
        else
            cr_assert(loopback_finish(&loop) < 0, "a response of %u bytes was accepted", (unsigned)size);
        loopback_again(&loop);
    }
}

/* CVE-2026-32952 and its like: offset and length that wrap, touch the end, or point into the head. */
Test(responses, fields_at_the_boundary, .init = up, .fini = down)
{
    const size_t fields[] = {AT_LM, AT_NT, AT_DOMAIN, AT_USER, AT_WORKSTATION, AT_KEY};

    for (size_t f = 0; f < sizeof fields / sizeof fields[0]; f++) {
        for (unsigned i = 0; i < 36; i++) {
            const uint32_t n = loop.authenticate.size;
            const uint32_t offsets[] = {0, 1, 63, n - 1, n, UINT32_MAX};
            const uint16_t sizes[] = {0, 1, (uint16_t)(n - 1), (uint16_t)n, 0xFFFE, 0xFFFF};

            loopback_until_authenticate(&loop);
            u16_put(&loop.authenticate, fields[f], sizes[i % 6]);
            u32_put(&loop.authenticate, fields[f] + 4, offsets[i / 6]);
            cr_assert(loopback_finish(&loop) < 0, "field %zu at %u, %u bytes", f, (unsigned)offsets[i / 6],
                      (unsigned)sizes[i % 6]);
            loopback_again(&loop);
        }
    }
}
