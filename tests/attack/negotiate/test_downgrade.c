/*
 * Somebody in the middle who wants NTLM where both could speak Kerberos, or no MIC where one is due: changed lists,
 * dropped and altered MICs, changed answers.
 */
#include "talker.h"

static struct service service;
static struct visitor visitor;
static struct talker talker;
static uint8_t room[SPNEGO_ROOM];

static void up(void)
{
    service_open(&service, "Negotiate");
    visitor_open(&visitor, "Negotiate", &service.ticket);
}

static void down(void)
{
    visitor_close(&visitor);
    service_close(&service);
}

static void package_is(CtxtHandle *context, const char *name)
{
    SecPkgContext_PackageInfoA info;

    assert_status(QueryContextAttributesA(context, SECPKG_ATTR_PACKAGE_INFO, &info), SEC_E_OK);
    cr_assert_str_eq(info.PackageInfo->Name, name);
    assert_status(FreeContextBuffer(info.PackageInfo), SEC_E_OK);
}

/* A reject, and nothing else, is what the peer hears. */
static void rejected(void)
{
    struct response answer;

    cr_assert(spnego_response_read(service_answer(&service), &answer));
    cr_assert_eq(answer.state, STATE_REJECT);
    cr_assert_null(answer.mic.data);
}

Test(downgrade, nobody_interferes, .init = up, .fini = down)
{
    login_run(&visitor, &service);
    package_is(&service.context, "Kerberos");
    package_is(&visitor.context, "Kerberos");
    messages_pass(&visitor.context, &service.context);
}

/* ---- The client's list, changed on the way ---- */

static struct bytes client_speaks(void)
{
    struct bytes list, token;

    assert_status(visitor_leg(&visitor, (struct bytes){0}), SEC_I_CONTINUE_NEEDED);
    cr_assert(spnego_init_read(visitor_token(&visitor), &list, &token));
    cr_assert_gt(token.size, 300u, "it begins with a ticket");
    return token;
}

Test(downgrade, ntlm_first_with_the_token_of_kerberos, .init = up, .fini = down)
{
    const struct bytes list[] = {oid_ntlm, oid_kerberos, oid_kerberos_short};
    const struct init init = {list, 3, client_speaks(), {0}};

    service_refuses_aloud(&service, spnego_init(&init, room), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "NTLM");
    rejected();
    assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_E_LOGON_DENIED);
}

static const struct changed {
    struct bytes list[4];
    size_t count;
} changed[] = {
    {{{0}}, 1}, /* filled in below: NTLM alone */
    {{{0}}, 3}, /* NTLM first */
    {{{0}}, 4}, /* something unknown, then NTLM */
};

/* The list that the server sees; the client's own is Kerberos, Kerberos, NTLM. */
static struct bytes list_changed(size_t which)
{
    const struct bytes lists[3][4] = {{oid_ntlm, {0}, {0}, {0}},
                                      {oid_ntlm, oid_kerberos, oid_kerberos_short, {0}},
                                      {oid_unknown, oid_ntlm, oid_kerberos, oid_kerberos_short}};
    const struct init init = {lists[which], changed[which].count, {0}, {0}};

    return spnego_init(&init, room);
}

/* Up to the client's last token, with NTLM, which the client was talked into. */
static void until_last(size_t which)
{
    visitor_again(&visitor);
    service_again(&service);
    (void)client_speaks();
    assert_status(service_leg(&service, list_changed(which)), SEC_I_CONTINUE_NEEDED);
    assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_I_CONTINUE_NEEDED);
    assert_status(service_leg(&service, visitor_token(&visitor)), SEC_I_CONTINUE_NEEDED);
    assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_I_CONTINUE_NEEDED);
}

Test(downgrade, kerberos_taken_away, .init = up, .fini = down)
{
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        until_last(i);
        service_refuses_aloud(&service, visitor_token(&visitor), SEC_E_MESSAGE_ALTERED, SSPI_REASON_MIC_WRONG,
                              "list of mechanisms was altered");
        rejected();
        assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_E_LOGON_DENIED);
    }
}

/* Who takes the MIC away too is told that one is due. */
Test(downgrade, kerberos_and_the_mic_taken_away, .init = up, .fini = down)
{
    for (size_t i = 0; i < sizeof changed / sizeof *changed; i++) {
        struct response last;

        until_last(i);
        cr_assert(spnego_response_read(visitor_token(&visitor), &last) && last.mic.size == 16);
        last.mic = (struct bytes){0};
        service_refuses_aloud(&service, spnego_response(&last, room), SEC_E_MESSAGE_ALTERED, SSPI_REASON_MIC_MISSING,
                              "mechListMIC");
        rejected();
    }
}

/* A false server that lets anybody in: the client insists on the server's MIC. */
Test(downgrade, a_server_that_says_yes_to_all, .init = up, .fini = down)
{
    static const struct response yes[] = {{.state = STATE_COMPLETED}, {.state = STATE_NONE}};

    for (size_t i = 0; i < 2; i++) {
        until_last(0);
        assert_status(visitor_leg(&visitor, spnego_response(&yes[i], room)), SEC_E_MESSAGE_ALTERED);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_MIC_MISSING);
    }
}

/* After its last token a client hears how it ended, and nothing more. */
Test(downgrade, a_server_that_goes_on, .init = up, .fini = down)
{
    static const struct response on[] = {{.state = STATE_INCOMPLETE}, {.state = STATE_REQUEST_MIC}};

    for (size_t i = 0; i < 2; i++) {
        until_last(0);
        assert_status(visitor_leg(&visitor, spnego_response(&on[i], room)), SEC_E_INVALID_TOKEN);
    }
}

/* What a server says first is a NegTokenInit2, or nothing. */
Test(downgrade, hints_that_are_none, .init = up, .fini = down)
{
    static const uint8_t junk[] = "NTLMSSP";

    assert_status(visitor_leg(&visitor, bytes_of(junk, sizeof junk)), SEC_E_INVALID_TOKEN);
    cr_assert_not(SecIsValidHandle(&visitor.context));
}

/* ---- The server's answer, changed on the way ---- */

static void client_refuses(const struct response *answer, SECURITY_STATUS status)
{
    visitor_again(&visitor);
    (void)client_speaks();
    assert_status(visitor_leg(&visitor, spnego_response(answer, room)), status);
    cr_assert_eq(visitor.attributes, 0u);
    cr_assert_eq(visitor.token_size, 0u);
    assert_status(visitor_leg(&visitor, spnego_response(answer, room)), SEC_E_INVALID_HANDLE);
}

Test(downgrade, answers_that_no_server_of_ours_gives, .init = up, .fini = down)
{
    static const uint8_t junk[] = "junk";
    const struct bytes token = bytes_of(junk, 4), empty = bytes_of(junk, 0);
    const struct response answers[] = {
        {STATE_COMPLETED, {0}, {0}, {0}},
        {STATE_COMPLETED, oid_kerberos, {0}, {0}},
        {STATE_COMPLETED, oid_kerberos, empty, {0}},
        {STATE_COMPLETED, oid_kerberos, token, {0}},
        {STATE_COMPLETED, oid_kerberos, {0}, token},
        {STATE_INCOMPLETE, oid_kerberos, {0}, {0}},
        {STATE_REQUEST_MIC, oid_kerberos, {0}, {0}},
        {STATE_REQUEST_MIC, oid_kerberos, empty, token},
        {STATE_INCOMPLETE, oid_unknown, token, {0}},
        {STATE_INCOMPLETE, oid_negoex, token, {0}},
        {STATE_COMPLETED, oid_negoex, {0}, {0}},
        {STATE_NONE, {0}, {0}, {0}},
        {STATE_NONE, {0}, token, {0}},
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        client_refuses(&answers[i], SEC_E_INVALID_TOKEN);
    client_refuses(&(struct response){STATE_REJECT, {0}, {0}, {0}}, SEC_E_LOGON_DENIED);
    client_refuses(&(struct response){STATE_REJECT, oid_ntlm, token, token}, SEC_E_LOGON_DENIED);
}

/* Talked into NTLM by a changed answer, and into "done" by the next: only who knows the password can end it. */
Test(downgrade, answer_changed_to_ntlm, .init = up, .fini = down)
{
    const struct response to_ntlm = {STATE_INCOMPLETE, oid_ntlm, {0}, {0}}, done = {STATE_COMPLETED, {0}, {0}, {0}};

    (void)client_speaks();
    assert_status(service_leg(&service, visitor_token(&visitor)), SEC_E_OK);
    assert_status(visitor_leg(&visitor, spnego_response(&to_ntlm, room)), SEC_I_CONTINUE_NEEDED);
    cr_assert(service_leg(&service, visitor_token(&visitor)) < 0, "a server that is done takes no more");
    cr_assert(visitor_leg(&visitor, spnego_response(&done, room)) < 0);
}

/* A client that does not want NTLM is not talked into it. */
Test(downgrade, ntlm_excluded_by_the_client, .init = up, .fini = down)
{
    const struct response to_ntlm = {STATE_REQUEST_MIC, oid_ntlm, {0}, {0}};

    assert_status(SspiCredentialSetOption(&visitor.credential, "negotiate_packages", "!ntlm"), SEC_E_OK);
    client_refuses(&to_ntlm, SEC_E_INVALID_TOKEN);
}

Test(downgrade, every_bit_of_the_answer_flipped, .init = up, .fini = down)
{
    (void)client_speaks();
    assert_status(service_leg(&service, visitor_token(&visitor)), SEC_E_OK);
    for (size_t bit = 0; bit < 8 * service.answer_size; bit++) {
        visitor_again(&visitor);
        service_again(&service);
        (void)client_speaks();
        assert_status(service_leg(&service, visitor_token(&visitor)), SEC_E_OK);
        service.answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (visitor_leg(&visitor, service_answer(&service)) == SEC_E_OK) {
            package_is(&visitor.context, "Kerberos");
            cr_assert(visitor.attributes & ISC_RET_MUTUAL_AUTH);
            messages_pass(&visitor.context, &service.context);
        }
    }
}

/* ---- The MIC, where it is due: Kerberos behind a mechanism that the server does not know ---- */

static const struct bytes *behind_negoex(void)
{
    static struct bytes list[3];

    list[0] = oid_negoex;
    list[1] = oid_kerberos;
    list[2] = oid_ntlm;
    return list;
}

/* Up to the client's MIC: the server has sent its token and its own MIC. */
static void until_mic(void)
{
    static const uint8_t opaque[] = "NEGOEXTS and what may follow";

    talker_again(&talker);
    service_again(&service);
    assert_status(service_leg(&service, talker_init(&talker, behind_negoex(), 3, bytes_of(opaque, sizeof opaque))),
                  SEC_I_CONTINUE_NEEDED);
    talker_hears(&talker, &service, STATE_REQUEST_MIC);
    cr_assert_eq(talker.answer.token.size, 0u);
    assert_status(service_leg(&service, talker_response(&talker, STATE_NONE, talker_next(&talker), (struct bytes){0})),
                  SEC_I_CONTINUE_NEEDED);
    talker_hears(&talker, &service, STATE_INCOMPLETE);
    cr_assert_gt(talker.answer.mic.size, 0u, "the server protects its choice, too");
    cr_assert_eq(service.seen.count, 0u);
    (void)talker_next(&talker);
}

static void mic_up(void)
{
    up();
    talker_open(&talker, "Kerberos", &service);
}

static void mic_down(void)
{
    talker_close(&talker);
    down();
}

static void mic_refused(struct bytes mic, ULONG reason)
{
    service_refuses(&service, talker_response(&talker, STATE_NONE, (struct bytes){0}, mic), SEC_E_MESSAGE_ALTERED,
                    reason, "mechListMIC");
}

Test(downgrade, negoex_first_falls_back, .init = mic_up, .fini = mic_down)
{
    until_mic();
    service_accepts(&service, talker_response(&talker, STATE_NONE, (struct bytes){0}, talker_mic(&talker, talker.list)),
                    "alice@EXAMPLE.TEST");
    package_is(&service.context, "Kerberos");
}

Test(downgrade, mic_that_is_due_left_out, .init = mic_up, .fini = mic_down)
{
    until_mic();
    mic_refused((struct bytes){0}, SSPI_REASON_MIC_MISSING);
}

Test(downgrade, mic_empty_short_long_and_foreign, .init = mic_up, .fini = mic_down)
{
    static const uint8_t zeros[4096];
    const struct bytes other[] = {oid_kerberos, oid_ntlm};
    uint8_t list_room[64];
    struct bytes mic;

    until_mic();
    mic_refused(bytes_of(zeros, 0), SSPI_REASON_MIC_WRONG);
    until_mic();
    mic_refused(bytes_of(zeros, sizeof zeros), SSPI_REASON_MIC_WRONG);
    until_mic(); /* the server's own, sent back */
    memcpy(talker.mic, talker.answer.mic.data, talker.answer.mic.size);
    mic_refused(bytes_of(talker.mic, talker.answer.mic.size), SSPI_REASON_MIC_WRONG);
    until_mic(); /* of the list that the client would rather have sent */
    mic_refused(talker_mic(&talker, spnego_list(other, 2, list_room, sizeof list_room)), SSPI_REASON_MIC_WRONG);
    for (size_t size = 1; size < 28; size++) {
        until_mic();
        mic = talker_mic(&talker, talker.list);
        mic_refused(bytes_of(mic.data, size), SSPI_REASON_MIC_WRONG);
    }
}

Test(downgrade, every_bit_of_the_mic_flipped, .init = mic_up, .fini = mic_down)
{
    for (size_t bit = 0; bit < 8 * 28; bit++) {
        struct bytes mic;

        until_mic();
        mic = talker_mic(&talker, talker.list);
        cr_assert_eq(mic.size, 28u);
        talker.mic[bit / 8] ^= (uint8_t)(1u << bit % 8);
        mic_refused(mic, SSPI_REASON_MIC_WRONG);
    }
}

/* The same for NTLM's, which goes with the last token. */
static void ntlm_until_last(void)
{
    talker_again(&talker);
    service_again(&service);
    assert_status(service_leg(&service, talker_init(&talker, &oid_ntlm, 1, talker_next(&talker))),
                  SEC_I_CONTINUE_NEEDED);
    talker_hears(&talker, &service, STATE_INCOMPLETE);
}

Test(downgrade, every_bit_of_the_mic_of_ntlm_flipped)
{
    up();
    talker_open(&talker, "NTLM", &service);
    for (size_t bit = 0; bit <= 8 * 16; bit++) {
        struct bytes last, mic;

        ntlm_until_last();
        last = talker_next(&talker);
        mic = talker_mic(&talker, talker.list);
        cr_assert_eq(mic.size, 16u);
        if (bit == 8 * 16) {
            service_accepts(&service, talker_response(&talker, STATE_NONE, last, mic), "EXAMPLE\\alice");
            break;
        }
        talker.mic[bit / 8] ^= (uint8_t)(1u << bit % 8);
        service_refuses_aloud(&service, talker_response(&talker, STATE_NONE, last, mic), SEC_E_MESSAGE_ALTERED,
                              SSPI_REASON_MIC_WRONG, "mechListMIC");
        rejected();
    }
    talker_close(&talker);
    down();
}

/* ---- Kerberos that does not verify is the end, not the beginning of NTLM ---- */

Test(downgrade, a_ticket_that_does_not_verify, .init = up, .fini = down)
{
    const struct bytes list[] = {oid_kerberos, oid_kerberos_short, oid_ntlm};
    static const char *const forms[] = {"framed", "raw"};

    service.ticket.key.value[0] ^= 1;
    for (size_t i = 0; i < 2; i++) {
        struct init init = {list, 3, {0}, {0}};

        service.authenticator.framed = i == 0;
        init.token = service_request(&service);
        service_refuses_aloud(&service, spnego_init(&init, room), SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY,
                              "does not open with our key");
        rejected();
        service_refuses(&service, service_request(&service), SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY,
                        "does not open with our key");
        cr_assert(service.answer_size == 0, "%s", forms[i]);
    }
}

/* The client, too: a server that cannot prove itself by Kerberos is not asked for NTLM. */
Test(downgrade, a_server_that_does_not_verify, .init = up, .fini = down)
{
    (void)client_speaks();
    assert_status(service_leg(&service, visitor_token(&visitor)), SEC_E_OK);
    service.answer[service.answer_size - 1] ^= 1;
    assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_E_MUTUAL_AUTH_FAILED);
    cr_assert_eq(visitor.token_size, 0u);
    assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_E_INVALID_HANDLE);
}
