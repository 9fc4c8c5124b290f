/*
 * Whole exchanges of Negotiate, and what an attacker may do to them: acceptor.c, initiator.c, context.c, credential.c,
 * attributes.c and provider.c.
 */
#include "negotiate/negotiate.h"
#include "negotiate_rig.h"

static void expect_login(const char *client_packages, const char *server_packages, unsigned legs, const char *package)
{
    struct nego_rig rig;
    char name[32];
    unsigned count;

    rig_open(&rig, client_packages, server_packages);
    assert_status(rig_run(&rig, &count), SEC_E_OK);
    rig_package(&rig, name);
    cr_assert_str_eq(name, package);
    cr_assert_eq(count, legs, "%u legs", count);
    rig_close(&rig);
}

Test(negotiate, kerberos_is_preferred)
{
    expect_login(NULL, NULL, 2, "Kerberos");
}

Test(negotiate, kerberos_in_one_leg)
{
    paper_kerberos.one_leg = true;
    expect_login(NULL, NULL, 2, "Kerberos");
}

Test(negotiate, ntlm_where_there_is_no_ticket)
{
    paper_kerberos.no_ticket = true;
    expect_login(NULL, NULL, 3, "NTLM");
}

Test(negotiate, ntlm_where_a_side_has_no_kerberos)
{
    paper_kerberos.client_missing = true;
    expect_login(NULL, NULL, 3, "NTLM");
    paper_kerberos.server_missing = true;
    expect_login(NULL, NULL, 4, "NTLM");
}

Test(negotiate, packages_can_be_excluded)
{
    expect_login("NTLM", NULL, 3, "NTLM");
    expect_login("!Kerberos", NULL, 3, "NTLM");
    expect_login(NULL, "!ntlm", 2, "Kerberos");
    expect_login(NULL, "ntlm", 4, "NTLM");
}

Test(negotiate, an_excluded_package_is_refused)
{
    struct nego_rig rig;
    unsigned legs;

    rig_open(&rig, "NTLM", "Kerberos");
    assert_status(rig_run(&rig, &legs), SEC_E_INVALID_TOKEN);
    rig_close(&rig);
}

Test(negotiate, raw_ntlm_is_answered_raw)
{
    struct nego_rig rig;
    struct token framed, raw, out;
    size_t at;

    paper_kerberos.client_missing = true;
    rig_open(&rig, NULL, NULL);
    assert_status(rig_initiate(&rig, NULL, &framed), SEC_I_CONTINUE_NEEDED);
    at = token_find(&framed, "NTLMSSP", 8);
    raw.size = framed.size - (ULONG)at;
    memcpy(raw.data, framed.data + at, raw.size);
    assert_status(rig_accept(&rig, &raw, &out), SEC_I_CONTINUE_NEEDED);
    assert_mem_eq(out.data, "NTLMSSP\0\2", 9);
    rig_close(&rig);
}

Test(negotiate, raw_ntlm_is_refused_where_ntlm_is_excluded)
{
    struct nego_rig rig;
    struct token raw = token_of("4e544c4d5353500001000000978208e2000000000000000000000000000000000a0063450000000f"),
                 out;

    rig_open(&rig, NULL, "!NTLM");
    assert_status(rig_accept(&rig, &raw, &out), SEC_E_INVALID_TOKEN);
    rig_close(&rig);
}

Test(negotiate, the_server_may_speak_first)
{
    struct nego_rig rig;
    struct token hints, up, down;
    struct nego_init init;

    rig_open(&rig, NULL, NULL);
    assert_status(rig_accept(&rig, NULL, &hints), SEC_I_CONTINUE_NEEDED);
    cr_assert(nego_init_decode(bytes_of(hints.data, hints.size), &init));
    cr_assert_eq(init.count, 3);
    assert_status(rig_initiate(&rig, &hints, &up), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(&rig, &up, &down), SEC_E_OK);
    assert_status(rig_initiate(&rig, &down, &up), SEC_E_OK);
    rig_close(&rig);
}

Test(negotiate, the_server_speaks_first_only_once)
{
    struct nego_rig rig;
    struct token hints, nothing = {.size = 0};

    rig_open(&rig, NULL, NULL);
    assert_status(rig_accept(&rig, NULL, &hints), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(&rig, &nothing, &hints), SEC_E_INVALID_TOKEN);
    rig_close(&rig);
}

/* Kerberos is not chosen where there is no key for its tickets. */
Test(negotiate, a_package_without_a_key_is_passed_over)
{
    paper_kerberos.no_key = true;
    expect_login(NULL, NULL, 4, "NTLM");
}

/* A mistyped name would allow what it was meant to exclude. */
Test(negotiate, unknown_names_in_negotiate_packages_are_refused)
{
    static const char *const bad[] = {"!NTML", "Bogus", "! NTLM", "!", "NTLM,!", "NTLM;Kerberos", "!!NTLM"};
    static const char *const good[] = {"ntlm", "!Kerberos", "NTLM, Kerberos", " NTLM ,"};
    struct nego_rig rig;

    rig_open(&rig, NULL, NULL);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_status(SspiCredentialSetOption(&rig.server_credential, "negotiate_packages", bad[i]),
                      SEC_E_INVALID_PARAMETER);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_status(SspiCredentialSetOption(&rig.server_credential, "negotiate_packages", good[i]), SEC_E_OK);
    rig_close(&rig);
}

/* Keys, lent tickets and identity are those of the package inside. */
Test(negotiate, what_is_of_kerberos_is_reached_through_it)
{
    struct nego_rig rig;
    SSPI_IDENTITY_FIELD *fields;
    CredHandle lent;
    CtxtHandle next;
    struct token out;
    SecBuffer buffer = {RIG_ROOM, SECBUFFER_TOKEN, out.data};
    SecBufferDesc output = {SECBUFFER_VERSION, 1, &buffer};
    ULONG attributes, count;
    unsigned legs;

    rig_open(&rig, NULL, NULL);
    assert_status(SspiCredentialSetKeytab(&rig.server_credential, "bad.keytab"), SEC_E_NO_CREDENTIALS);
    assert_status(SspiCredentialSetKeytab(&rig.server_credential, "good.keytab"), SEC_E_OK);
    assert_status(rig_run(&rig, &legs), SEC_E_OK);
    assert_status(SspiListIdentity(&rig.server, &count, &fields), SEC_E_OK);
    cr_assert_eq(count, 1);
    cr_assert_str_eq(fields[0].Value, "alice@PAPER");
    assert_status(FreeContextBuffer(fields), SEC_E_OK);
    assert_status(SspiAcquireDelegatedCredential(&rig.server, &lent), SEC_E_OK);
    assert_status(InitializeSecurityContextA(&lent, NULL, (char *)"HTTP/next.example", 0, 0, SECURITY_NATIVE_DREP, NULL,
                                             0, &next, &output, &attributes, NULL),
                  SEC_I_CONTINUE_NEEDED);
    out.size = buffer.cbBuffer;
    (void)token_find(&out, "AP-REQ", 6);
    assert_status(DeleteSecurityContext(&next), SEC_E_OK);
    assert_status(FreeCredentialsHandle(&lent), SEC_E_OK);
    rig_close(&rig);
}

/* NegoEx first, a Kerberos that we have not, NTLM: the token of NegoEx is dropped and NTLM runs. */
Test(negotiate, unknown_mechanisms_are_skipped)
{
    struct nego_rig rig;
    struct nego_response response;
    struct token out,
        first = token_of("603906062b0601050502a02f302da01a3018060a2b06010401823702021e060a2b06010401823702020a"
                         "a20f040d4e45474f4558545300000000ff");

    rig_open(&rig, NULL, NULL);
    assert_status(rig_accept(&rig, &first, &out), SEC_I_CONTINUE_NEEDED);
    cr_assert(nego_response_decode(bytes_of(out.data, out.size), &response));
    cr_assert_eq(response.state, NEGO_REQUEST_MIC);
    cr_assert_eq(nego_mechanism_find(response.mechanism)->package, NEGO_NTLM);
    cr_assert(!response.has_token);
    rig_close(&rig);
}

/* Windows' clients list the short Kerberos OID first, and fail if another one is answered. */
Test(negotiate, the_chosen_oid_is_echoed)
{
    struct nego_rig rig;
    struct nego_response response;
    struct token out, first = token_of("602806062b0601050502a01e301ca010300e06092a864882f712010202 0601 01a2080406"
                                       "41502d524551");

    rig_open(&rig, NULL, NULL);
    assert_status(rig_accept(&rig, &first, &out), SEC_E_OK);
    cr_assert(nego_response_decode(bytes_of(out.data, out.size), &response));
    assert_mem_eq(response.mechanism.data, "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02", 9);
    cr_assert_eq(response.state, NEGO_COMPLETED);
    rig_close(&rig);
}

Test(negotiate, an_unknown_first_token_is_refused)
{
    static const char *const bad[] = {"00", "a11c301aa0030a0101", "474554202f", "6000", "608000", "30820000"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct nego_rig rig;
        struct token in = token_of(bad[i]), out;

        rig_open(&rig, NULL, NULL);
        assert_status(rig_accept(&rig, &in, &out), SEC_E_INVALID_TOKEN);
        cr_assert_eq(out.size, 0);
        cr_assert(!rig.server_begun);
        rig_close(&rig);
    }
}

/* Up to the client's last NTLM token, which carries the mechListMIC. */
static void until_last(struct nego_rig *rig, struct token *last)
{
    struct token up, down;

    paper_kerberos.client_missing = true;
    rig_open(rig, NULL, NULL);
    assert_status(rig_initiate(rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(rig, &up, &down), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_initiate(rig, &down, last), SEC_I_CONTINUE_NEEDED);
}

static void write_response(struct token *token, const struct nego_response *response)
{
    static uint8_t room[RIG_ROOM];
    struct der_writer out = der_writer_over(room, sizeof room);

    nego_response_encode(&out, response);
    token->size = (ULONG)out.used;
    memcpy(token->data, der_writer_result(&out).data, out.used);
}

Test(negotiate, a_dropped_mic_is_refused_and_rejected)
{
    struct nego_rig rig;
    struct token last, out;
    struct nego_response response;
    ULONG reason;

    until_last(&rig, &last);
    cr_assert(nego_response_decode(bytes_of(last.data, last.size), &response) && response.has_mic);
    response.has_mic = false;
    write_response(&last, &response);
    assert_status(rig_accept(&rig, &last, &out), SEC_E_MESSAGE_ALTERED);
    cr_assert(nego_response_decode(bytes_of(out.data, out.size), &response) && response.state == NEGO_REJECT);
    assert_status(SspiQueryContextReason(&rig.server, &reason), SEC_E_OK);
    cr_assert_eq(reason, SSPI_REASON_MIC_MISSING);
    rig_close(&rig);
}

Test(negotiate, every_byte_of_the_mic_counts)
{
    for (size_t i = 0; i < 16; i++) {
        struct nego_rig rig;
        struct token last, out;

        until_last(&rig, &last);
        last.data[last.size - 16 + i] ^= 1;
        assert_status(rig_accept(&rig, &last, &out), SEC_E_MESSAGE_ALTERED);
        rig_close(&rig);
    }
}

/* Somebody takes Kerberos out of the client's list: the MICs cover different lists. */
Test(negotiate, a_downgrade_by_changing_the_list_is_refused)
{
    struct nego_rig rig;
    struct token up, down, last;
    const struct nego_mechanism *ntlm = nego_mechanism_at(2);
    uint8_t list[32];
    struct der_writer list_out = der_writer_over(list, sizeof list), out;
    struct nego_init init = {0};

    rig_open(&rig, NULL, NULL);
    assert_status(rig_initiate(&rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
    nego_list_encode(&list_out, &ntlm, 1);
    out = der_writer_over(up.data, sizeof up.data);
    nego_init_encode(&out, der_writer_result(&list_out), &init, false);
    memmove(up.data, der_writer_result(&out).data, out.used);
    up.size = (ULONG)out.used;
    assert_status(rig_accept(&rig, &up, &down), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_initiate(&rig, &down, &up), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(&rig, &up, &down), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_initiate(&rig, &down, &last), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(&rig, &last, &down), SEC_E_MESSAGE_ALTERED);
    rig_close(&rig);
}

Test(negotiate, the_client_refuses_an_acceptor_without_mic)
{
    struct nego_rig rig;
    struct token last, out;
    struct nego_response response;

    until_last(&rig, &last);
    assert_status(rig_accept(&rig, &last, &out), SEC_E_OK);
    cr_assert(nego_response_decode(bytes_of(out.data, out.size), &response) && response.has_mic);
    response.has_mic = false;
    write_response(&out, &response);
    assert_status(rig_initiate(&rig, &out, &last), SEC_E_MESSAGE_ALTERED);
    rig_close(&rig);
}

Test(negotiate, an_acceptor_cannot_choose_what_was_not_offered)
{
    struct nego_rig rig;
    struct token up, answer = token_of("a11c301aa0030a0101a10c060a2b06010401823702021ea2050403010203");

    rig_open(&rig, NULL, NULL);
    assert_status(rig_initiate(&rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_initiate(&rig, &answer, &up), SEC_E_INVALID_TOKEN);
    rig_close(&rig);
}

Test(negotiate, a_reject_ends_it)
{
    struct nego_rig rig;
    struct token up, answer = token_of("a1073005a0030a0102");

    rig_open(&rig, NULL, NULL);
    assert_status(rig_initiate(&rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_initiate(&rig, &answer, &up), SEC_E_LOGON_DENIED);
    rig_close(&rig);
}

/* A failed verification never falls back: the reject carries the mechanism's own error. */
Test(negotiate, a_failure_of_kerberos_is_final)
{
    struct nego_rig rig;
    struct token up, out;
    struct nego_response response;

    paper_kerberos.wrong = true;
    rig_open(&rig, NULL, NULL);
    assert_status(rig_initiate(&rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(&rig, &up, &out), SEC_E_LOGON_DENIED);
    cr_assert(nego_response_decode(bytes_of(out.data, out.size), &response));
    cr_assert_eq(response.state, NEGO_REJECT);
    cr_assert(response.has_token && response.token.size == 9);
    assert_mem_eq(response.token.data, "KRB-ERROR", 9);
    rig_close(&rig);
}

Test(negotiate, empty_tokens_on_later_legs_are_refused)
{
    struct nego_rig rig;
    struct token up, down, empty = {.size = 0};

    paper_kerberos.client_missing = true;
    rig_open(&rig, NULL, NULL);
    assert_status(rig_initiate(&rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(&rig, &up, &down), SEC_I_CONTINUE_NEEDED);
    assert_status(rig_accept(&rig, &empty, &down), SEC_E_INVALID_TOKEN);
    assert_status(rig_initiate(&rig, &empty, &down), SEC_E_INVALID_TOKEN);
    rig_close(&rig);
}

Test(negotiate, messages_are_protected_after_the_mic)
{
    struct nego_rig rig;
    unsigned legs;
    char text[] = "over SPNEGO";
    uint8_t signature[64];
    SecBuffer buffers[2] = {{sizeof signature, SECBUFFER_TOKEN, signature}, {11, SECBUFFER_DATA, text}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    SecPkgContext_NamesA names;
    ULONG qop;

    paper_kerberos.client_missing = true;
    rig_open(&rig, NULL, NULL);
    assert_status(rig_run(&rig, &legs), SEC_E_OK);
    assert_status(EncryptMessage(&rig.client, 0, &message, 0), SEC_E_OK);
    cr_assert_neq(memcmp(text, "over SPNEGO", 11), 0);
    cr_assert_eq(signature[12], 1, "the mechListMIC was message 0");
    assert_status(DecryptMessage(&rig.server, &message, 0, &qop), SEC_E_OK);
    assert_mem_eq(text, "over SPNEGO", 11);
    assert_status(QueryContextAttributesA(&rig.server, SECPKG_ATTR_NAMES, &names), SEC_E_OK);
    cr_assert_str_eq(names.sUserName, "EXAMPLE\\alice");
    assert_status(FreeContextBuffer(names.sUserName), SEC_E_OK);
    rig_close(&rig);
}

static SECURITY_STATUS accept_into(struct nego_rig *rig, const struct token *in, void *room, ULONG *size)
{
    SecBuffer input_buffer = {in->size, SECBUFFER_TOKEN, (void *)(uintptr_t)in->data};
    SecBuffer output_buffer = {*size, SECBUFFER_TOKEN, room};
    SecBufferDesc input = {SECBUFFER_VERSION, 1, &input_buffer}, output = {SECBUFFER_VERSION, 1, &output_buffer};
    SECURITY_STATUS status =
        AcceptSecurityContext(&rig->server_credential, rig->server_begun ? &rig->server : NULL, &input, 0,
                              SECURITY_NATIVE_DREP, &rig->server, &output, &rig->server_attributes, NULL);

    rig->server_begun = rig->server_begun || status >= 0;
    *size = output_buffer.cbBuffer;
    return status;
}

/* The size asked for is enough, and nothing was used up by asking. */
Test(negotiate, a_small_buffer_can_be_tried_again)
{
    struct nego_rig rig;
    struct token up, down;
    ULONG size = 8;
    uint8_t room[RIG_ROOM];

    paper_kerberos.client_missing = true;
    rig_open(&rig, NULL, NULL);
    assert_status(rig_initiate(&rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
    for (int i = 0; i < 4 && size < RIG_ROOM; i++) {
        SECURITY_STATUS status = accept_into(&rig, &up, room, &size);

        if (status == SEC_I_CONTINUE_NEEDED)
            break;
        assert_status(status, SEC_E_BUFFER_TOO_SMALL);
    }
    cr_assert(rig.server_begun);
    memcpy(down.data, room, size);
    down.size = size;
    assert_status(rig_initiate(&rig, &down, &up), SEC_I_CONTINUE_NEEDED);
    size = 8;
    assert_status(accept_into(&rig, &up, room, &size), SEC_E_BUFFER_TOO_SMALL);
    assert_status(accept_into(&rig, &up, room, &size), SEC_E_OK);
    rig_close(&rig);
}

/* Each byte of each token altered, alone: never a login on both sides under different eyes. */
Test(negotiate, altered_tokens_never_crash_and_never_log_in_unprotected)
{
    for (unsigned leg = 0; leg < 2; leg++) {
        for (size_t at = 0; at < 60; at++) {
            struct nego_rig rig;
            struct token up, down, last;
            SECURITY_STATUS status;

            paper_kerberos.client_missing = true;
            rig_open(&rig, NULL, NULL);
            assert_status(rig_initiate(&rig, NULL, &up), SEC_I_CONTINUE_NEEDED);
            if (leg == 0)
                up.data[at % up.size] ^= 0x10;
            status = rig_accept(&rig, &up, &down);
            if (status >= 0 && leg == 1)
                down.data[at % down.size] ^= 0x10;
            if (status >= 0)
                status = rig_initiate(&rig, &down, &last);
            if (status >= 0)
                status = rig_accept(&rig, &last, &down);
            if (status == SEC_E_OK)
                status = rig_initiate(&rig, &down, &up);
            cr_assert(status != SEC_E_OK, "leg %u byte %zu", leg, at);
            rig_close(&rig);
        }
    }
}
