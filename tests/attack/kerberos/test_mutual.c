/*
 * Against the client: a server that is another, answers that are altered, cut, missing, of another login, and
 * KRB-ERRORs that anybody can send. None makes a client that asked for mutual authentication go on without it.
 */
#include "service.h"

#include "kerberos/kerberos.h"

static struct service service;
static struct visitor visitor;

static void up(void)
{
    service_open(&service, "Kerberos");
    visitor_open(&visitor, "Kerberos", &service.ticket);
}

static void down(void)
{
    visitor_close(&visitor);
    service_close(&service);
}

/* Both up to the server's answer. */
static void until_answer(void)
{
    visitor_again(&visitor);
    service_again(&service);
    assert_status(visitor_leg(&visitor, (struct bytes){0}), SEC_I_CONTINUE_NEEDED);
    assert_status(service_leg(&service, visitor_token(&visitor)), SEC_E_OK);
}

/* The client refuses, tells nobody, and is no use for anything afterwards. */
static void client_refuses(struct bytes answer, SECURITY_STATUS status, ULONG reason)
{
    uint8_t data[8] = {0}, trailer[128];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    char *text = NULL;

    assert_status(visitor_leg(&visitor, answer), status);
    cr_assert_eq(SspiQueryLastFailureReason(), reason, "reason %u", (unsigned)SspiQueryLastFailureReason());
    cr_assert_eq(visitor.attributes, 0u);
    cr_assert_eq(visitor.token_size, 0u);
    assert_status(SspiExplainContext(&visitor.context, &text), SEC_E_OK);
    cr_assert_gt(strlen(text), 10u);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
    cr_assert(EncryptMessage(&visitor.context, 0, &message, 0) < 0);
    assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_E_INVALID_HANDLE);
}

Test(mutual, the_option_outside_of_the_authenticator_is_ignored, .init = up, .fini = down)
{
    struct bytes token;

    service.authenticator.ap_options = 0; /* stripped on the way */
    token = service_request(&service);
    service_accepts(&service, token, "alice@EXAMPLE.TEST");
    cr_assert(service.attributes & ASC_RET_MUTUAL_AUTH);
    cr_assert_gt(service.answer_size, 0u);
}

Test(mutual, no_answer, .init = up, .fini = down)
{
    static const uint8_t nothing[1];

    until_answer();
    client_refuses(bytes_of(nothing, 0), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    until_answer();
    client_refuses((struct bytes){0}, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
}

Test(mutual, answer_of_another_login, .init = up, .fini = down)
{
    uint8_t other[TICKET_ROOM];
    size_t size;

    until_answer();
    size = service.answer_size;
    memcpy(other, service.answer, size);
    until_answer();
    client_refuses(bytes_of(other, size), SEC_E_MUTUAL_AUTH_FAILED, SSPI_REASON_MESSAGE_ALTERED);
}

/* Who has no key of the service cannot read the ticket, and makes an answer with what it has. */
Test(mutual, answer_of_another_server, .init = up, .fini = down)
{
    struct krb_key key;
    uint8_t room[KRB_REPLY_MAX];
    struct bytes token;
    const struct krb_reply reply = {.time = clock_now(), .microseconds = 1, .sequence = 7, .framed = true};

    until_answer();
    cr_assert(krb_key_set(&key, 18, bytes_of(service.ticket.key.value, 32)));
    cr_assert(krb_reply_make(&key, &reply, room, &token));
    client_refuses(token, SEC_E_MUTUAL_AUTH_FAILED, SSPI_REASON_MESSAGE_ALTERED);
}

Test(mutual, own_request_reflected, .init = up, .fini = down)
{
    uint8_t request[TICKET_ROOM];
    size_t size;

    until_answer();
    size = visitor.token_size;
    memcpy(request, visitor.token, size);
    client_refuses(bytes_of(request, size), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
}

Test(mutual, every_bit_of_the_answer_flipped, .init = up, .fini = down)
{
    unsigned accepted = 0;

    until_answer();
    for (size_t bit = 0; bit < 8 * service.answer_size; bit++) {
        until_answer();
        service.answer[bit / 8] ^= (uint8_t)(1u << bit % 8);
        accepted += visitor_leg(&visitor, service_answer(&service)) >= 0;
    }
    cr_assert_eq(accepted, 1u, "%u", accepted); /* the OID becomes the other one that is known */
}

Test(mutual, the_answer_cut_at_every_length, .init = up, .fini = down)
{
    size_t size;

    until_answer();
    size = service.answer_size;
    for (size_t cut = 1; cut < size; cut++) {
        until_answer();
        client_refuses(bytes_of(service.answer, cut), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    }
}

/* ---- KRB-ERROR: anybody's word ---- */

static struct bytes error_of(int32_t code, int64_t server_time, uint8_t room[TICKET_ROOM])
{
    struct der_writer out = der_writer_over(room, TICKET_ROOM);
    const struct krb_error error = {
        .code = code,
        .server_time = server_time,
        .realm = bytes_of("EXAMPLE.TEST", 12),
        .service = {.type = 2, .count = 2, .parts = {bytes_of("HTTP", 4), bytes_of("server.example.test", 19)}},
        .text = bytes_of("come in, no need to ask who I am", 32),
    };

    krb_error_encode(&out, &error);
    krb_frame_close(&out, KRB_TOKEN_ERROR);
    return der_writer_result(&out);
}

Test(mutual, every_error_ends_it, .init = up, .fini = down)
{
    static const int32_t codes[] = {0,  1,  6,  7,  24, 25, 31, 32, 33, 34,  35, 36,       38,
                                    39, 40, 41, 44, 45, 50, 52, 60, 61, 255, -1, INT32_MAX};
    uint8_t room[TICKET_ROOM];

    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        until_answer();
        cr_assert(visitor_leg(&visitor, error_of(codes[i], clock_now(), room)) < 0, "error %d", (int)codes[i]);
        cr_assert_eq(visitor.attributes, 0u);
        cr_assert_eq(visitor.token_size, 0u);
        assert_status(visitor_leg(&visitor, service_answer(&service)), SEC_E_INVALID_HANDLE);
    }
}

/* "Your clock is wrong" is believed once, and what follows is as mutual as before. */
Test(mutual, told_of_a_clock_over_and_over, .init = up, .fini = down)
{
    uint8_t room[TICKET_ROOM];

    until_answer();
    assert_status(visitor_leg(&visitor, error_of(KRB_ERR_SKEW, clock_now() + HOUR, room)), SEC_I_CONTINUE_NEEDED);
    cr_assert_gt(visitor.token_size, 0u);
    cr_assert(visitor.attributes & ISC_RET_MUTUAL_AUTH);
    client_refuses(error_of(KRB_ERR_SKEW, clock_now() - HOUR, room), SEC_E_TIME_SKEW, SSPI_REASON_PEER_REFUSED);
    /* A time of another age is not followed. */
    until_answer();
    client_refuses(error_of(KRB_ERR_SKEW, clock_now() + 80 * INT64_C(365) * 24 * HOUR, room), SEC_E_TIME_SKEW,
                   SSPI_REASON_PEER_REFUSED);
}

/* ---- DCE style: the third token ---- */

static struct bytes third(uint32_t sequence, const struct ticket_key *with, uint8_t room[KRB_REPLY_MAX])
{
    const struct krb_reply reply = {.time = service.authenticator.time, .microseconds = 1, .sequence = sequence};
    struct krb_key key;
    struct bytes token;

    cr_assert(krb_key_set(&key, with->etype, bytes_of(with->value, with->size)));
    cr_assert(krb_reply_make(&key, &reply, room, &token));
    return token;
}

static void dce_begin(void)
{
    service_again(&service);
    service.authenticator.gss_flags |= KRB_GSS_DCE_STYLE;
    service.authenticator.framed = false;
    assert_status(service_leg(&service, service_request(&service)), SEC_I_CONTINUE_NEEDED);
    cr_assert_eq(service.seen.count, 0u);
}

Test(mutual, third_token_forged, .init = up, .fini = down)
{
    uint8_t room[KRB_REPLY_MAX], answer[TICKET_ROOM];
    const char *said = "does not answer ours";

    dce_begin();
    service_refuses(&service, third(1, &service.ticket.session, room), SEC_E_MESSAGE_ALTERED,
                    SSPI_REASON_MESSAGE_ALTERED, said);
    dce_begin();
    service_refuses(&service, third(1, &service.ticket.key, room), SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
                    said);
    dce_begin(); /* our own answer */
    memcpy(answer, service.answer, sizeof answer);
    service_refuses(&service, bytes_of(answer, service.answer_size), SEC_E_MESSAGE_ALTERED, SSPI_REASON_MESSAGE_ALTERED,
                    said);
    dce_begin();
    service_refuses(&service, (struct bytes){0}, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, "no token");
    dce_begin(); /* the request once more */
    service_refuses(&service, bytes_of(service.request, 600), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN,
                    "not an AP-REP");
}

/* Until the third token has come nothing is protected, and nobody is named. */
Test(mutual, half_open_in_dce_style, .init = up, .fini = down)
{
    uint8_t data[8] = {0}, trailer[128];
    SecBuffer buffers[2] = {{sizeof data, SECBUFFER_DATA, data}, {sizeof trailer, SECBUFFER_TOKEN, trailer}};
    SecBufferDesc message = {SECBUFFER_VERSION, 2, buffers};
    static uint8_t value[4096];

    dce_begin();
    cr_assert(EncryptMessage(&service.context, 0, &message, 0) < 0);
    cr_assert(DecryptMessage(&service.context, &message, 0, NULL) < 0);
    for (ULONG attribute = 0; attribute < 140; attribute++)
        if (QueryContextAttributesA(&service.context, attribute, value) == SEC_E_OK)
            cr_assert(attribute != SECPKG_ATTR_NAMES && attribute != SECPKG_ATTR_NATIVE_NAMES
                          && attribute != SECPKG_ATTR_SESSION_KEY && attribute != SECPKG_ATTR_ACCESS_TOKEN,
                      "attribute %u", (unsigned)attribute);
}
