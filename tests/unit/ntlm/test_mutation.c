/*
 * Every bit of every message changed on the way, responses of every length, and lack of memory at every place.
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

enum { CHANGE_NEGOTIATE, CHANGE_CHALLENGE, CHANGE_AUTHENTICATE };

/* One exchange with one bit changed between the sides; true when the server let the client in. */
static bool survives(int which, size_t bit)
{
    struct rig_leg *legs[] = {&rig.negotiate, &rig.challenge, &rig.authenticate};

    rig_reset(&rig);
    rig_initiate(&rig.client, (struct bytes){0}, &rig.negotiate);
    for (int i = CHANGE_NEGOTIATE; i <= CHANGE_AUTHENTICATE; i++) {
        struct rig_leg *leg = legs[i], *next = i == CHANGE_AUTHENTICATE ? &rig.done : legs[i + 1];

        if (i == which)
            leg->token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        if (i == CHANGE_CHALLENGE)
            rig_initiate(&rig.client, rig_token(leg), next);
        else
            rig_accept(&rig.server, rig_token(leg), next);
        if (next->status < 0)
            return false;
    }
    return true;
}

static size_t size_of(int which)
{
    rig_reset(&rig);
    rig_run_to_authenticate(&rig);
    return which == CHANGE_NEGOTIATE   ? rig.negotiate.size
           : which == CHANGE_CHALLENGE ? rig.challenge.size
                                       : rig.authenticate.size;
}

/* Both ends of ours use the MIC, which covers every bit of all three messages. */
Test(ntlm_mutation, no_changed_bit_survives, .init = open_rig, .fini = close_rig, .timeout = 300)
{
    for (int which = CHANGE_NEGOTIATE; which <= CHANGE_AUTHENTICATE; which++) {
        const size_t size = size_of(which);

        for (size_t bit = 0; bit < size * 8; bit++)
            cr_assert_not(survives(which, bit), "message %d, bit %zu", which + 1, bit);
    }
}

/*
 * What a client without MIC leaves open in AUTHENTICATE: the unused MaxLen halves, the LM response and its field, the
 * workstation, Version, and flags that mean nothing. Everything else is covered by the proof, or refused by itself.
 */
static bool uncovered(size_t byte, const uint8_t *message)
{
    const size_t lm = rig_u32(message + 16);
    const bool max_len = byte >= 12 && byte < 60 && (byte - 12) % 8 / 2 == 1;
    const bool lm_field = byte >= 12 && byte < 20;
    const bool workstation_field = byte >= 44 && byte < 52;
    const bool flags = byte >= 60 && byte < 64;
    const bool version = byte >= 64 && byte < 72;

    return max_len || lm_field || workstation_field || flags || version || (byte >= lm && byte < lm + 24);
}

Test(ntlm_mutation, what_is_open_without_mic, .init = open_rig, .fini = close_rig, .timeout = 300)
{
    uint8_t message[RIG_TOKEN_ROOM], negotiate[16];
    size_t size = 88, seen = 0;

    for (size_t bit = 0; bit < size * 8; bit++) {
        rig_reset(&rig);
        rig.negotiate.size = 16;
        rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, negotiate), &rig.challenge);
        size = forge_authenticate(&rig, &(struct forge){0}, message, sizeof message);
        const bool open = uncovered(bit / 8, message);

        message[bit / 8] ^= (uint8_t)(1 << bit % 8);
        rig_finish(&rig, bytes_of(message, size));
        /* The names are hashed without regard to the user's case, so one bit of each letter is not covered. */
        if (rig.done.status == SEC_E_OK && !open) {
            const size_t user = rig_u32(message + 40), byte = bit / 8;
            const bool in_user = byte >= user && byte < user + 8 && bit % 8 == 5;
            const bool key = byte >= size - 16 || (byte >= 56 && byte < 60);

            /* A changed session key leaves two sides that cannot talk: no MIC, no proof of it. */
            cr_assert(in_user || key, "bit %zu of byte %zu", bit % 8, byte);
        }
        seen += rig.done.status != SEC_E_OK;
        if (rig.done.status == SEC_E_OK)
            cr_assert_eq(rig.done.attributes, ntlm_flags_to_asc(FORGE_STRONG), "bit %zu", bit);
    }
    cr_assert_gt(seen, size * 8 / 2);
}

static void response_of_length(size_t length, bool lm)
{
    static uint8_t message[0x10000 + 1024];
    uint8_t negotiate[16];
    size_t size;

    rig_reset(&rig);
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, negotiate), &rig.challenge);
    size = forge_authenticate(&rig, &(struct forge){0}, message, sizeof message);
    rig_put_u16(message + (lm ? 12 : 20), (uint16_t)length);
    rig_put_u32(message + (lm ? 16 : 24), (uint32_t)size);
    for (size_t i = 0; i < length; i++)
        message[size + i] = (uint8_t)i;
    rig_finish(&rig, bytes_of(message, size + length));
    if (lm && size + length <= NTLM_MAX_TOKEN)
        assert_status(rig.done.status, SEC_E_OK);
    else
        cr_assert(rig.done.status < 0, "%zu bytes", length);
}

Test(ntlm_mutation, responses_of_every_length, .init = open_rig, .fini = close_rig, .timeout = 300)
{
    rig.server.credential->settings.allow_insecure_ntlmv1 = true;
    for (size_t length = 0; length <= 0xffff; length += length < 200 || length > 0xfff0 ? 1 : 61) {
        response_of_length(length, false);
        response_of_length(length, true);
    }
}

Test(ntlm_mutation, authenticate_of_every_length, .init = open_rig, .fini = close_rig, .timeout = 300)
{
    const size_t size = size_of(CHANGE_AUTHENTICATE);

    for (size_t length = 1; length < size; length++) {
        rig_reset(&rig);
        rig_run_to_authenticate(&rig);
        rig_finish(&rig, bytes_of(rig.authenticate.token, length));
        assert_status(rig.done.status, SEC_E_INVALID_TOKEN);
    }
    /* Bytes behind the payload are padding, which the MIC covers. */
    rig_reset(&rig);
    rig_run_to_authenticate(&rig);
    rig_finish(&rig, bytes_of(rig.authenticate.token, size + 1));
    assert_status(rig.done.status, SEC_E_LOGON_DENIED);
}

/* Each allocation of each leg fails once; the leg is repeatable, and then the login succeeds. */
static bool login_without(size_t nth)
{
    struct rig_leg *legs[] = {&rig.negotiate, &rig.challenge, &rig.authenticate, &rig.done};
    bool failed = false;

    rig_reset(&rig);
    memory_fail_at(nth);
    for (size_t i = 0; i < 4; i++) {
        const struct bytes token = i ? rig_token(legs[i - 1]) : (struct bytes){0};
        struct rig_side *side = i % 2 ? &rig.server : &rig.client;

        rig_step(side, i % 2, token, RIG_TOKEN_ROOM, legs[i]);
        if (legs[i]->status == SEC_E_INSUFFICIENT_MEMORY) {
            failed = true;
            rig_step(side, i % 2, token, RIG_TOKEN_ROOM, legs[i]);
        }
        cr_assert(legs[i]->status >= 0, "allocation %zu, leg %zu: 0x%08x %s", nth, i + 1, (unsigned)legs[i]->status,
                  legs[i]->failure.text);
    }
    memory_fail_at(0);
    return failed;
}

Test(ntlm_mutation, every_allocation_failing, .init = open_rig, .fini = close_rig)
{
    size_t nth = 1;

    rig.client.target = "HTTP/server";
    rig.server.credential->settings.lockout_threshold = 0;
    while (login_without(nth))
        nth++;
    cr_assert_gt(nth, 20);
}

/* The first leg leaves no context when it fails; the second leaves the one that there was. */
Test(ntlm_mutation, memory_is_flat, .init = open_rig, .fini = close_rig)
{
    uint8_t negotiate[16];
    size_t live;

    forge_login(&rig, FORGE_STRONG, &(struct forge){.password = "wrong"});
    rig_reset(&rig);
    live = memory_live();
    for (int i = 0; i < 2000; i++) {
        forge_login(&rig, FORGE_STRONG, &(struct forge){.password = "wrong"});
        forge_login(&rig, FORGE_STRONG, &(struct forge){.key_size = 3});
        forge_negotiate(FORGE_STRONG & ~NTLM_128, negotiate);
        rig_reset(&rig);
        rig_accept(&rig.server, bytes_of(negotiate, sizeof negotiate), &rig.done);
        rig_accept(&rig.server, bytes_of(negotiate, 1 + (size_t)i % 15), &rig.done);
        cr_assert_null(rig.server.context);
        cr_assert_eq(memory_live(), live);
    }
}

/* An established context, strings and all, before its first protected message. */
Test(ntlm_mutation, context_is_small, .init = open_rig, .fini = close_rig)
{
    const struct ntlm_context *context;

    rig_run(&rig);
    assert_status(rig.done.status, SEC_E_OK);
    context = rig_server_context(&rig);
    cr_assert_leq(sizeof *context + strlen(context->client) + strlen(context->authority) + 3 * 16, 1024);
    cr_assert_null(context->transcript);
    cr_assert_null(context->sending.rc4);
    cr_assert_null(context->receiving.mac);
}
