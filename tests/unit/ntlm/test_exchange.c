/*
 * The complete exchange of vectors.h through both sides, with fixed clock and random bytes.
 */
#include "support_ntlm.h"
#include "vectors.h"

static struct rig rig;
static uint8_t negotiate[64], challenge[256], authenticate[512];
static size_t negotiate_size, challenge_size, authenticate_size;

static void open_rig(void)
{
    static uint8_t bindings[53] = "tls-server-end-point:";

    rig_open(&rig);
    negotiate_size = test_hex(E_NEGOTIATE, negotiate, sizeof negotiate);
    challenge_size = test_hex(E_CHALLENGE, challenge, sizeof challenge);
    authenticate_size = test_hex(E_AUTHENTICATE, authenticate, sizeof authenticate);
    rig.client.bindings = rig.server.bindings = bytes_of(bindings, sizeof bindings);
    rig.client.target = E_TARGET;
    clock_set(E_TIMESTAMP);
}

static void close_rig(void)
{
    rig_close(&rig);
    random_script(NULL, 0);
}

/* Puts the vector's bytes in place of what the context itself said. */
static void transcript_set(struct ntlm_context *context, size_t challenge_bytes)
{
    mem_free(context->transcript);
    context->transcript = mem_alloc(negotiate_size + challenge_bytes);
    memcpy(context->transcript, negotiate, negotiate_size);
    memcpy(context->transcript + negotiate_size, challenge, challenge_bytes);
    context->negotiate_size = negotiate_size;
    context->challenge_size = challenge_bytes;
}

static void acceptor_after_challenge(void)
{
    uint8_t random[8];

    test_hex(V_SERVER_CHALLENGE, random, sizeof random);
    random_script(random, sizeof random);
    rig_accept(&rig.server, bytes_of(negotiate, negotiate_size), &rig.challenge);
    assert_status(rig.challenge.status, SEC_I_CONTINUE_NEEDED);
}

/* The header is the vector's; our order of AV pairs is that of the specification's text. */
Test(ntlm_exchange, acceptor_challenges, .init = open_rig, .fini = close_rig)
{
    struct ntlm_challenge ours, theirs;
    struct ntlm_av_pairs our_av, their_av;

    acceptor_after_challenge();
    cr_assert_eq(rig.challenge.size, challenge_size);
    assert_mem_eq(rig.challenge.token, challenge, 68);
    cr_assert(ntlm_challenge_decode(rig_token(&rig.challenge), &ours));
    cr_assert(ntlm_challenge_decode(bytes_of(challenge, challenge_size), &theirs));
    cr_assert(ntlm_av_decode(ours.target_info, &our_av) && ntlm_av_decode(theirs.target_info, &their_av));
    cr_assert(ntlm_av_repeated(&our_av, &their_av) && ntlm_av_repeated(&their_av, &our_av));
    cr_assert_eq(ours.target_info.data[0], NTLM_AV_NB_COMPUTER);
}

Test(ntlm_exchange, acceptor_believes, .init = open_rig, .fini = close_rig)
{
    struct attribute_value value = {0};
    uint8_t key[16];

    acceptor_after_challenge();
    transcript_set(rig_server_context(&rig), challenge_size);
    rig_finish(&rig, bytes_of(authenticate, authenticate_size));
    assert_status(rig.done.status, SEC_E_OK);
    test_hex(V_SESSION_KEY, key, sizeof key);
    assert_mem_eq(rig_server_context(&rig)->session_key, key, sizeof key);
    cr_assert(rig_server_context(&rig)->mic_verified);
    cr_assert_eq(rig.done.bindings_result & SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED,
                 SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED);
    assert_status(ntlm_provider.query(rig.server.context, SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, &value), SEC_E_OK);
    cr_assert_str_eq(value.text, E_TARGET);
    cr_assert_str_eq(rig.done.login.workstation, "COMPUTER");
}

Test(ntlm_exchange, initiator_answers_byte_for_byte, .init = open_rig, .fini = close_rig)
{
    uint8_t random[24];

    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    assert_status(rig.negotiate.status, SEC_I_CONTINUE_NEEDED);
    transcript_set(rig_client_context(&rig), 0);
    rig_client_context(&rig)->flags = 0xe2088297;
    mem_free(rig.client.credential->settings.netbios_computer_name);
    rig.client.credential->settings.netbios_computer_name = mem_strdup("COMPUTER");
    test_hex(V_CLIENT_CHALLENGE V_SESSION_KEY, random, sizeof random);
    random_script(random, sizeof random);
    rig_initiate(&rig.client, bytes_of(challenge, challenge_size), &rig.authenticate);
    assert_status(rig.authenticate.status, SEC_E_OK);
    cr_assert_eq(rig.authenticate.size, authenticate_size);
    assert_mem_eq(rig.authenticate.token, authenticate, authenticate_size);
    cr_assert_eq(random_draws(), 1, "one draw a leg");
}

/* Our NEGOTIATE: 40 bytes, the flags of 3.1.5.1.1 without the ones that nothing may use. */
Test(ntlm_exchange, initiator_negotiates, .init = open_rig, .fini = close_rig)
{
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    cr_assert_eq(rig.negotiate.size, 40);
    cr_assert_eq(rig_u32(rig.negotiate.token + 12), NTLM_UNICODE | NTLM_REQUEST_TARGET | NTLM_SIGN | NTLM_SEAL
                                                        | NTLM_NTLM | NTLM_ALWAYS_SIGN | NTLM_ESS | NTLM_VERSION
                                                        | NTLM_128 | NTLM_KEY_EXCH);
}
