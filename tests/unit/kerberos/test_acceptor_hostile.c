/*
 * What nobody well-meaning sends to the acceptor of Kerberos (acceptor.c, reply.c): wrong third legs of the DCE style,
 * truncation, alteration; and memory or room that runs out.
 */
#include "rig.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

#define HOUR (3600 * CLOCK_TICKS_PER_SECOND)

/* The client is told our time, and may try once more on the same context. */
Test(krb_acceptor, skew_is_recovered_once)
{
    struct krb_error error;
    struct bytes message;
    enum krb_token kind;
    struct rig rig;
    bool framed;

    rig_open(&rig);
    rig.requested = ASC_REQ_EXTENDED_ERROR;
    rig.authenticator.time -= HOUR;
    rig_try(&rig);
    assert_status(rig.status, SEC_I_CONTINUE_NEEDED);
    cr_assert(krb_frame_open(bytes_of(rig.answer, rig.answer_size), &kind, &message, &framed));
    cr_assert_eq(kind, KRB_TOKEN_ERROR);
    cr_assert(krb_error_decode(message, &error));
    cr_assert_eq(error.code, KRB_ERR_SKEW);
    cr_assert_eq(error.server_time, clock_now() - clock_now() % CLOCK_TICKS_PER_SECOND);
    cr_assert_eq(error.data.size, 7);
    rig.authenticator.time += HOUR;
    rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
    rig_accept(&rig, rig.request, sizeof rig.answer);
    assert_status(rig.status, SEC_E_OK);
    rig_delete(&rig);
    rig.authenticator.time -= HOUR;
    rig_try(&rig);
    assert_status(rig.status, SEC_I_CONTINUE_NEEDED);
    rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
    rig_accept(&rig, rig.request, sizeof rig.answer);
    assert_status(rig.status, SEC_E_TIME_SKEW);
    rig_close(&rig);
}

Test(krb_acceptor, peer_is_told_only_where_asked)
{
    struct krb_error error;
    struct bytes message;
    enum krb_token kind;
    struct rig rig;
    bool framed;

    rig_open(&rig);
    rig.ticket.key.value[0] ^= 1;
    rig_try(&rig);
    cr_assert_eq(rig.answer_size, 0);
    rig.requested = ASC_REQ_EXTENDED_ERROR;
    rig_try(&rig);
    assert_status(rig.status, SEC_E_DECRYPT_FAILURE);
    cr_assert(krb_frame_open(bytes_of(rig.answer, rig.answer_size), &kind, &message, &framed));
    cr_assert(krb_error_decode(message, &error));
    cr_assert_eq(error.code, KRB_ERR_MODIFIED);
    rig_close(&rig);
}

/* ---- DCE style ---- */

static struct bytes third_token(const struct rig *rig, uint32_t sequence, int64_t time, uint8_t room[KRB_REPLY_MAX])
{
    struct krb_key key;
    struct bytes token;

    cr_assert(
        krb_key_set(&key, rig->ticket.session.etype, bytes_of(rig->ticket.session.value, rig->ticket.session.size)));
    {
        const struct krb_reply reply = {time, 1, NULL, sequence, false};

        cr_assert(krb_reply_make(&key, &reply, room, &token));
    }
    return token;
}

static uint32_t answer_sequence(const struct rig *rig)
{
    uint8_t room[KRB_REPLY_MAX];
    struct krb_ap_rep_part part;
    struct krb_key key;

    cr_assert(
        krb_key_set(&key, rig->ticket.session.etype, bytes_of(rig->ticket.session.value, rig->ticket.session.size)));
    cr_assert(krb_reply_open(&key, bytes_of(rig->answer, rig->answer_size), room, &part));
    return part.sequence;
}

static void dce_begin(struct rig *rig)
{
    rig_open(rig);
    rig->authenticator.gss_flags |= KRB_GSS_DCE_STYLE;
    rig->authenticator.framed = false;
    rig_try(rig);
    assert_status(rig->status, SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(rig->answer[0], 0x6F);
}

Test(krb_acceptor, dce_style)
{
    uint8_t room[KRB_REPLY_MAX];
    struct rig rig;

    dce_begin(&rig);
    rig_accept(&rig, third_token(&rig, answer_sequence(&rig), rig.authenticator.time, room), sizeof rig.answer);
    assert_status(rig.status, SEC_E_OK);
    cr_assert_eq(rig.answer_size, 0);
    cr_assert(rig.attributes & ASC_RET_USED_DCE_STYLE);
    rig_close(&rig);
}

Test(krb_acceptor, dce_style_wrong_third_token)
{
    uint8_t room[KRB_REPLY_MAX];
    struct rig rig;

    for (int fault = 0; fault < 4; fault++) {
        struct bytes token;

        dce_begin(&rig);
        token = third_token(&rig, answer_sequence(&rig) + (fault == 0),
                            rig.authenticator.time + (fault == 1 ? HOUR : 0), room);
        if (fault == 2)
            room[sizeof room - 1] ^= 1; /* the last byte of the cipher text */
        if (fault == 3)
            token = bytes_of(rig.answer, rig.answer_size); /* our own answer */
        rig_accept(&rig, token, sizeof rig.answer);
        assert_status(rig.status, SEC_E_MESSAGE_ALTERED);
        rig_accept(&rig, token, sizeof rig.answer);
        assert_status(rig.status, SEC_E_INVALID_HANDLE);
        rig_close(&rig);
    }
}

/* ---- Processes ---- */

/* In a child of a server that accepted already: a replay of the parent's login, then a login of its own. */
static int child_run(struct rig *rig)
{
    rig_delete(rig);
    rig_accept(rig, rig->request, sizeof rig->answer);
    if (rig->status != SEC_E_LOGON_DENIED || rig->reason != SSPI_REASON_REPLAY)
        return 1;
    rig->authenticator.sequence = 77;
    random_script(NULL, 0);
    rig->request = ap_req_make(&rig->ticket, &rig->authenticator, rig->token);
    rig_accept(rig, rig->request, sizeof rig->answer);
    return rig->status == SEC_E_OK ? 0 : 2;
}

Test(krb_acceptor, children_of_a_server_share_what_was_seen)
{
    struct rig rig;
    int status;
    pid_t child;

    rig_open(&rig);
    rig_try(&rig);
    assert_status(rig.status, SEC_E_OK);
    child = fork();
    if (child == 0)
        _exit(child_run(&rig));
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_assert_eq(status, 0);
    /* The same draws make the same token as the child's: it is refused here. */
    rig_delete(&rig);
    rig.authenticator.sequence = 77;
    random_script(NULL, 0);
    rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
    rig_accept(&rig, rig.request, sizeof rig.answer);
    assert_status(rig.status, SEC_E_LOGON_DENIED);
    cr_assert_eq(rig.reason, SSPI_REASON_REPLAY);
    rig_close(&rig);
}

/* ---- Hostile bytes ---- */

Test(krb_acceptor, truncated_at_every_length)
{
    struct rig rig;

    rig_open(&rig);
    rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
    for (size_t size = 0; size < rig.request.size; size++) {
        uint8_t *exact = mem_dup(rig.request.data, size);

        rig_accept(&rig, bytes_of(exact, size), sizeof rig.answer);
        assert_status(rig.status, SEC_E_INVALID_TOKEN);
        cr_assert_eq(rig.reason, SSPI_REASON_MALFORMED_TOKEN);
        mem_free(exact);
    }
    rig_accept(&rig, rig.request, sizeof rig.answer);
    assert_status(rig.status, SEC_E_OK);
    rig_close(&rig);
}

/* Whatever byte is altered, the login fails, or what is accepted is exactly what the client sent under its keys. */
Test(krb_acceptor, every_byte_altered, .timeout = 120)
{
    struct rig rig;
    size_t accepted = 0;

    rig_open_for(&rig, "HTTP/server.example.test");
    rig.authenticator.client_options = KRB_AP_OPTIONS_CBT;
    for (size_t at = 0; at < rig.request.size || at == 0; at++) {
        for (int bit = 0; bit < 8; bit += 3) {
            rig_delete(&rig);
            rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
            rig.token[at] ^= (uint8_t)(1 << bit);
            rig_accept(&rig, rig.request, sizeof rig.answer);
            accepted += rig.status >= 0;
            cr_assert(rig.status != SEC_E_INTERNAL_ERROR);
        }
    }
    /* The options (but user-to-user) and the type of the name lie outside of all protection, and decide nothing. */
    cr_assert_eq(accepted, 15);
    rig_close(&rig);
}

Test(krb_acceptor, output_too_small_can_be_repeated)
{
    struct rig rig;
    size_t needed;

    rig_open(&rig);
    rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
    rig_accept(&rig, rig.request, 10);
    assert_status(rig.status, SEC_E_BUFFER_TOO_SMALL);
    needed = rig.answer_size;
    rig_accept(&rig, rig.request, needed);
    assert_status(rig.status, SEC_E_OK);
    rig_close(&rig);
}

Test(krb_acceptor, every_allocation_failing, .timeout = 60)
{
    uint8_t pac_room[TICKET_ROOM];
    struct pac_spec pac;
    struct rig rig;
    size_t nth = 0;

    rig_open(&rig);
    pac_spec_usual(&pac, &rig.ticket);
    rig.ticket.pac = pac_make(&pac, pac_room);
    rig.authenticator.client_options = KRB_AP_OPTIONS_CBT;
    rig.authenticator.target = "HTTP/server.example.test";
    do {
        rig_delete(&rig);
        rig.request = ap_req_make(&rig.ticket, &rig.authenticator, rig.token);
        memory_fail_at(++nth);
        rig_accept(&rig, rig.request, sizeof rig.answer);
        if (rig.status != SEC_E_OK) {
            assert_status(rig.status, SEC_E_INSUFFICIENT_MEMORY);
            memory_fail_at(0);
            rig_accept(&rig, rig.request, sizeof rig.answer);
            assert_status(rig.status, SEC_E_OK);
            continue;
        }
    } while (memory_count() >= nth);
    memory_fail_at(0);
    cr_assert_gt(nth, 10);
    rig_close(&rig);
}
