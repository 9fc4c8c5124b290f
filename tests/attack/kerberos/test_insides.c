/*
 * What lies behind the keys, wrong: the inside of tickets, authenticators and answers, as a broken KDC, a stolen key or
 * a malicious server would make it.
 */
#include "service.h"

#include "kerberos/kerberos.h"

static struct service service;
static struct visitor visitor;

static void up(void)
{
    service_open(&service, "Kerberos");
}

static void down(void)
{
    service_close(&service);
}

static void both_up(void)
{
    up();
    visitor_open(&visitor, "Kerberos", &service.ticket);
}

static void both_down(void)
{
    visitor_close(&visitor);
    down();
}

static void malformed(const char *said)
{
    service_refuses(&service, service_request(&service), SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN, said);
}

/* ---- Cut before it is sealed ---- */

static enum ticket_part cut_part;
static size_t cut_at, cut_whole;

static void cut(enum ticket_part part, uint8_t *plain, size_t *size, size_t room)
{
    (void)plain, (void)room;
    if (part != cut_part)
        return;
    cut_whole = *size;
    *size = cut_at < *size ? cut_at : *size;
}

static void cut_everywhere(enum ticket_part part, const char *said)
{
    cut_part = part;
    cut_whole = SIZE_MAX;
    ticket_tamper = cut;
    for (cut_at = 0; cut_at < cut_whole - 1; cut_at++)
        malformed(said);
    ticket_tamper = NULL;
    cr_assert_gt(cut_whole, 100u);
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    service_again(&service);
}

Test(insides, cut_at_each_byte, .init = up, .fini = down)
{
    service.authenticator.client_options = KRB_AP_OPTIONS_CBT;
    cut_everywhere(TICKET_PART_TICKET, "inside of the ticket is malformed");
    cut_everywhere(TICKET_PART_AUTHENTICATOR, "inside of the authenticator is malformed");
}

/* ---- One thing changed before it is sealed ---- */

static struct bytes find;
static uint8_t put_value;
static size_t put_at;

static void put(enum ticket_part part, uint8_t *plain, size_t *size, size_t room)
{
    (void)room;
    if (part != TICKET_PART_AUTHENTICATOR)
        return;
    for (size_t i = 0; i + find.size <= *size; i++) {
        if (memcmp(plain + i, find.data, find.size) == 0) {
            plain[i + put_at] = put_value;
            return;
        }
    }
    cr_assert_fail("not in the authenticator");
}

/* Half a surrogate pair in UTF-16. */
Test(insides, target_name_that_is_no_text, .init = up, .fini = down)
{
    static const uint8_t http[] = {'H', 0, 'T', 0, 'T', 0, 'P', 0};

    service.authenticator.client_options = KRB_AP_OPTIONS_CBT;
    service.authenticator.target = SERVICE;
    find = bytes_of(http, sizeof http);
    put_at = 1;
    put_value = 0xD8;
    ticket_tamper = put;
    malformed("target name is not valid text");
    ticket_tamper = NULL;
}

Test(insides, authorization_data_of_the_authenticator, .init = up, .fini = down)
{
    static const uint8_t options[] = {0x04, 0x04, 0x00, 0x40, 0x00, 0x00};

    service.authenticator.client_options = KRB_AP_OPTIONS_CBT;
    find = bytes_of(options, sizeof options);
    put_at = 0;
    put_value = 0x05;
    ticket_tamper = put;
    malformed("authorization data is malformed");
    ticket_tamper = NULL;
}

Test(insides, session_key_of_a_wrong_size, .init = up, .fini = down)
{
    struct ticket_key whole = service.ticket.session;

    service.authenticator.seal_with = &whole;
    for (size_t size = 1; size < 32; size += 5) {
        service.ticket.session.size = size;
        malformed("session key has a wrong size");
    }
    service.authenticator.seal_with = NULL;
}

Test(insides, ticket_for_all_eternity, .init = up, .fini = down)
{
    service.ticket.end = INT64_C(2650467743990000000); /* the end of 9999 */
    malformed("beyond all reason");
}

/* ---- Keys ---- */

Test(insides, keytab_of_another_service)
{
    struct ticket_spec ticket;

    ticket_spec_usual(&ticket);
    ticket.service = "host/server.example.test";
    service_open_with(&service, "Kerberos", "HTTP", &ticket, 1);
    service.ticket.service = SERVICE;
    service_refuses(&service, service_request(&service), SEC_E_WRONG_PRINCIPAL, SSPI_REASON_WRONG_SERVICE,
                    "no key of a service that this credential is for");
    down();
}

/* A ticket that says no version is not tried with keys without end. */
Test(insides, keytab_of_many_keys)
{
    struct ticket_spec tickets[12];

    for (uint32_t i = 0; i < 12; i++) {
        ticket_spec_usual(&tickets[i]);
        tickets[i].key = ticket_key(KRB_ETYPE_AES256_SHA1, i + 1, (uint8_t)(40 + i));
    }
    service_open_with(&service, "Kerberos", "HTTP", tickets, 12);
    for (size_t i = 0; i < 12; i++) {
        service.ticket = tickets[i];
        service.ticket.has_version = false;
        if (i >= 4)
            service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
        else
            service_refuses(&service, service_request(&service), SEC_E_DECRYPT_FAILURE, SSPI_REASON_WRONG_KEY,
                            "does not open with our key");
        service_again(&service);
    }
    service.ticket = tickets[0]; /* with its version the oldest is as good as any */
    service_accepts(&service, service_request(&service), "alice@EXAMPLE.TEST");
    down();
}

/* ---- A server that knows the ticket's key ---- */

/* The time in the client's authenticator, which an answer must repeat. */
static struct krb_reply reply_to(struct bytes token)
{
    uint8_t room[TICKET_ROOM];
    struct krb_authenticator authenticator;
    struct krb_ap_req request;
    struct bytes message, plain;
    struct krb_usage usage;
    struct krb_key key;
    enum krb_token kind;
    bool framed;

    cr_assert(krb_key_set(&key, 18, bytes_of(service.ticket.session.value, 32)));
    cr_assert(krb_frame_open(token, &kind, &message, &framed) && krb_ap_req_decode(message, &request));
    cr_assert(krb_usage_derive(&key, KRB_USAGE_AUTHENTICATOR, &usage));
    cr_assert(krb_decrypt(&usage, request.authenticator.cipher, room, &plain));
    cr_assert(krb_authenticator_decode(plain, &authenticator));
    return (struct krb_reply){
        .time = authenticator.time, .microseconds = authenticator.microseconds, .sequence = 7, .framed = true};
}

static void answered(const struct krb_key *subkey, SECURITY_STATUS status, ULONG reason)
{
    uint8_t room[KRB_REPLY_MAX];
    struct krb_reply reply;
    struct bytes token;
    struct krb_key key;

    visitor_again(&visitor);
    assert_status(visitor_leg(&visitor, (struct bytes){0}), SEC_I_CONTINUE_NEEDED);
    reply = reply_to(visitor_token(&visitor));
    reply.subkey = subkey;
    cr_assert(krb_key_set(&key, 18, bytes_of(service.ticket.session.value, 32)));
    cr_assert(krb_reply_make(&key, &reply, room, &token));
    assert_status(visitor_leg(&visitor, token), status);
    if (status < 0)
        cr_assert_eq(SspiQueryLastFailureReason(), reason);
}

Test(insides, subkeys_of_the_server, .init = both_up, .fini = both_down)
{
    const struct ticket_key weak = ticket_key(KRB_ETYPE_RC4, 0, 1), strong = ticket_key(17, 0, 1);
    struct krb_etype cut_short, foreign;
    struct krb_key key;

    answered(NULL, SEC_E_OK, 0);
    cr_assert(krb_key_set(&key, 17, bytes_of(strong.value, strong.size)));
    answered(&key, SEC_E_OK, 0);
    cut_short = *key.etype;
    cut_short.key_size = 5;
    key.etype = &cut_short;
    answered(&key, SEC_E_INVALID_TOKEN, SSPI_REASON_MALFORMED_TOKEN);
    cr_assert(krb_key_set(&key, KRB_ETYPE_RC4, bytes_of(weak.value, weak.size)));
    answered(&key, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
    foreign = *key.etype;
    foreign.number = 3;
    key.etype = &foreign;
    answered(&key, SEC_E_ALGORITHM_MISMATCH, SSPI_REASON_POLICY);
}

Test(insides, errors_cut_at_each_byte, .init = both_up, .fini = both_down)
{
    uint8_t room[512];
    struct der_writer out = der_writer_over(room, sizeof room);
    const struct krb_error error = {.code = KRB_ERR_SKEW,
                                    .server_time = clock_now(),
                                    .realm = bytes_of("EXAMPLE.TEST", 12),
                                    .service = {.type = 2, .count = 1, .parts = {bytes_of("HTTP", 4)}}};

    krb_error_encode(&out, &error);
    for (size_t size = 1; size < out.used; size++) {
        visitor_again(&visitor);
        assert_status(visitor_leg(&visitor, (struct bytes){0}), SEC_I_CONTINUE_NEEDED);
        assert_status(visitor_leg(&visitor, bytes_of(der_writer_result(&out).data, size)), SEC_E_INVALID_TOKEN);
        cr_assert_eq(SspiQueryLastFailureReason(), SSPI_REASON_MALFORMED_TOKEN);
    }
}
