/*
 * The acceptor's first leg: which NEGOTIATE is answered, and what the CHALLENGE says.
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

static struct settings *settings(void)
{
    return &rig.server.credential->settings;
}

Test(ntlm_challenge, first_tokens_refused, .init = open_rig, .fini = close_rig)
{
    uint8_t token[NTLM_MAX_NEGOTIATE + 1] = {0};
    const struct {
        uint32_t flags;
        size_t size;
        ULONG requested;
        SECURITY_STATUS status;
    } rows[] = {
        {FORGE_PLAIN, 0, 0, SEC_E_INVALID_TOKEN},
        {FORGE_PLAIN, 15, 0, SEC_E_INVALID_TOKEN},
        {FORGE_PLAIN, NTLM_MAX_NEGOTIATE + 1, 0, SEC_E_INVALID_TOKEN},
        {FORGE_PLAIN, NTLM_MAX_NEGOTIATE, 0, SEC_I_CONTINUE_NEEDED},
        {FORGE_PLAIN & ~NTLM_UNICODE, 16, 0, SEC_E_INVALID_TOKEN},
        {FORGE_PLAIN | NTLM_DATAGRAM, 16, 0, SEC_E_UNSUPPORTED_FUNCTION},
        {FORGE_PLAIN, 16, ASC_REQ_DATAGRAM, SEC_E_UNSUPPORTED_FUNCTION},
        {FORGE_PLAIN, 16, 0, SEC_I_CONTINUE_NEEDED},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rig_reset(&rig);
        forge_negotiate(rows[i].flags, token);
        rig.server.requested = rows[i].requested;
        rig_accept(&rig.server, bytes_of(token, rows[i].size), &rig.done);
        cr_assert_eq(rig.done.status, rows[i].status, "row %zu", i);
        cr_assert_eq(rig.server.context != NULL, rows[i].status == SEC_I_CONTINUE_NEEDED);
    }
    rig_reset(&rig);
    rig_accept(&rig.server, (struct bytes){0}, &rig.done);
    assert_status(rig.done.status, SEC_E_INVALID_TOKEN);
}

/* Too small a buffer leaves nothing behind, and the leg can be repeated with a larger one. */
Test(ntlm_challenge, output_room, .init = open_rig, .fini = close_rig)
{
    uint8_t token[16];
    const struct bytes negotiate = forge_negotiate(FORGE_STRONG, token);
    size_t size;

    rig_accept(&rig.server, negotiate, &rig.challenge);
    size = rig.challenge.size;
    for (size_t room = size - 1; room <= size + 1; room++) {
        rig_reset(&rig);
        rig_step(&rig.server, true, negotiate, room, &rig.challenge);
        assert_status(rig.challenge.status, room < size ? SEC_E_BUFFER_TOO_SMALL : SEC_I_CONTINUE_NEEDED);
        cr_assert_eq(rig.server.context != NULL, room >= size);
        for (size_t i = room; i < sizeof rig.challenge.token; i++)
            cr_assert_eq(rig.challenge.token[i], 0, "nothing beyond the room");
    }
}

/* The challenge says who we are, and never brings AV flags, which would break the MIC of Windows clients. */
Test(ntlm_challenge, challenge_content, .init = open_rig, .fini = close_rig)
{
    struct ntlm_challenge challenge;
    struct ntlm_av_pairs av;
    uint8_t token[16];

    settings()->dns_tree_name = mem_strdup("tree.example");
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, token), &rig.challenge);
    cr_assert(ntlm_challenge_decode(rig_token(&rig.challenge), &challenge));
    cr_assert(ntlm_av_decode(challenge.target_info, &av));
    cr_assert_not(av.present[NTLM_AV_FLAGS]);
    cr_assert(av.present[NTLM_AV_DNS_TREE]);
    cr_assert_eq(av.timestamp, (uint64_t)clock_now());
    cr_assert_eq(challenge.flags & (NTLM_TARGET_TYPE_DOMAIN | NTLM_TARGET_TYPE_SERVER), NTLM_TARGET_TYPE_DOMAIN);
    cr_assert_eq(challenge.version, 0, "no version for a client that names none");
    rig_reset(&rig);
    mem_free(settings()->netbios_domain_name);
    settings()->netbios_domain_name = mem_strdup("Server");
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, token), &rig.challenge);
    cr_assert(ntlm_challenge_decode(rig_token(&rig.challenge), &challenge));
    cr_assert_eq(challenge.flags & (NTLM_TARGET_TYPE_DOMAIN | NTLM_TARGET_TYPE_SERVER), NTLM_TARGET_TYPE_SERVER);
}

/* Clients insist on both NetBIOS names, even where the operator left one empty. */
Test(ntlm_challenge, mandatory_names, .init = open_rig, .fini = close_rig)
{
    struct ntlm_challenge challenge;
    struct ntlm_av_pairs av;
    uint8_t token[16];

    settings_clear(settings());
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, token), &rig.challenge);
    assert_status(rig.challenge.status, SEC_I_CONTINUE_NEEDED);
    cr_assert(ntlm_challenge_decode(rig_token(&rig.challenge), &challenge));
    cr_assert(ntlm_av_decode(challenge.target_info, &av));
    cr_assert(av.present[NTLM_AV_NB_COMPUTER] && av.present[NTLM_AV_NB_DOMAIN] && av.present[NTLM_AV_TIMESTAMP]);
    cr_assert_not(av.present[NTLM_AV_DNS_COMPUTER]);
}

/* Names that no message could hold are the operator's mistake, and are told as such. */
Test(ntlm_challenge, names_beyond_all_measure, .init = open_rig, .fini = close_rig)
{
    char name[3000];
    uint8_t token[16];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    settings()->dns_tree_name = mem_strdup(name);
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, token), &rig.challenge);
    assert_status(rig.challenge.status, SEC_E_INTERNAL_ERROR);
    cr_assert_eq(rig.challenge.failure.reason, SSPI_REASON_CONFIGURATION);
    mem_free(settings()->netbios_computer_name);
    settings()->netbios_computer_name = settings()->dns_tree_name;
    settings()->dns_tree_name = NULL;
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, token), &rig.challenge);
    assert_status(rig.challenge.status, SEC_E_INTERNAL_ERROR);
    cr_assert_null(rig.server.context);
}

Test(ntlm_challenge, no_randomness_no_challenge, .init = open_rig, .fini = close_rig)
{
    uint8_t token[16];

    random_fail(true);
    rig_accept(&rig.server, forge_negotiate(FORGE_STRONG, token), &rig.challenge);
    random_fail(false);
    assert_status(rig.challenge.status, SEC_E_INTERNAL_ERROR);
    cr_assert_null(rig.server.context);
}
