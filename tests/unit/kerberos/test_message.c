/*
 * Messages on the wire (message_decode.c, message_encode.c, frame.c, checksum.c, reply.c): what is written is read
 * again, and nothing shorter.
 */
#include "rig.h"

#include "base/memory.h"

#define ROOM 2048

static const struct krb_name service = {
    .type = 2, .count = 2, .parts = {{(const uint8_t *)"HTTP", 4}, {(const uint8_t *)"host.example.test", 17}}};

/* Every shorter message is refused by `decode`. */
static void only_whole(struct bytes message, bool (*decode)(struct bytes message))
{
    cr_assert(decode(message));
    for (size_t size = 0; size < message.size; size++) {
        uint8_t *exact = mem_dup(message.data, size);

        cr_assert_not(decode(bytes_of(exact, size)));
        mem_free(exact);
    }
    {
        uint8_t *longer = mem_alloc(message.size + 1);

        memcpy(longer, message.data, message.size);
        longer[message.size] = 0;
        cr_assert_not(decode(bytes_of(longer, message.size + 1)));
        mem_free(longer);
    }
}

static bool decodes_error(struct bytes message)
{
    struct krb_error error;

    return krb_error_decode(message, &error);
}

static bool decodes_authenticator(struct bytes message)
{
    struct krb_authenticator authenticator;

    return krb_authenticator_decode(message, &authenticator);
}

static bool decodes_reply_part(struct bytes message)
{
    struct krb_ap_rep_part part;

    return krb_ap_rep_part_decode(message, &part);
}

static bool decodes_reply(struct bytes message)
{
    struct krb_encrypted encrypted;

    return krb_ap_rep_decode(message, &encrypted);
}

static bool decodes_request(struct bytes message)
{
    struct krb_ap_req request;

    return krb_ap_req_decode(message, &request);
}

Test(krb_message, error)
{
    const struct krb_error value = {
        .has_client_time = true,
        .client_time = CLOCK_TICKS_PER_SECOND * INT64_C(13348540800),
        .client_microseconds = 5,
        .server_time = CLOCK_TICKS_PER_SECOND * INT64_C(13348540801),
        .server_microseconds = 999999,
        .code = KRB_ERR_SKEW,
        .realm = bytes_of("R", 1),
        .service = service,
        .text = bytes_of("why", 3),
        .data = bytes_of("data", 4),
    };
    uint8_t room[ROOM];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct krb_error read;

    krb_error_encode(&out, &value);
    cr_assert(krb_error_decode(der_writer_result(&out), &read));
    cr_assert_eq(read.client_time, value.client_time);
    cr_assert_eq(read.server_time, value.server_time);
    cr_assert_eq(read.server_microseconds, 999999);
    cr_assert_eq(read.code, KRB_ERR_SKEW);
    cr_assert(krb_name_equal(&read.service, &service));
    assert_mem_eq(read.text.data, "why", 3);
    assert_mem_eq(read.data.data, "data", 4);
    only_whole(der_writer_result(&out), decodes_error);
}

Test(krb_message, authenticator)
{
    const uint8_t key[32] = {1, 2, 3};
    const struct krb_authenticator value = {
        .client_realm = bytes_of("EXAMPLE.TEST", 12),
        .client = service,
        .has_checksum = true,
        .checksum_type = KRB_GSS_CHECKSUM,
        .checksum = bytes_of("sum", 3),
        .microseconds = 1,
        .time = CLOCK_TICKS_PER_SECOND * INT64_C(13348540800),
        .has_subkey = true,
        .subkey = {18, bytes_of(key, sizeof key)},
        .has_sequence = true,
        .sequence = 0xFFFFFFFE,
    };
    uint8_t room[ROOM];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct krb_authenticator read;

    krb_authenticator_encode(&out, &value);
    cr_assert(krb_authenticator_decode(der_writer_result(&out), &read));
    cr_assert_eq(read.sequence, 0xFFFFFFFE);
    cr_assert_eq(read.time, value.time);
    cr_assert_eq(read.checksum_type, KRB_GSS_CHECKSUM);
    assert_mem_eq(read.subkey.value.data, key, sizeof key);
    only_whole(der_writer_result(&out), decodes_authenticator);
}

Test(krb_message, reply)
{
    const uint8_t value[32] = {9, 8, 7};
    struct krb_key key, subkey;
    uint8_t room[KRB_REPLY_MAX], opened[KRB_REPLY_MAX], plain[ROOM];
    struct der_writer out = der_writer_over(plain, sizeof plain);
    struct krb_ap_rep_part part;
    struct bytes token;

    cr_assert(krb_key_set(&key, 18, bytes_of(value, 32)));
    cr_assert(krb_key_set(&subkey, 20, bytes_of(value, 32)));
    {
        const struct krb_reply reply = {CLOCK_TICKS_PER_SECOND * INT64_C(13348540800), 7, &subkey, 77, false};

        cr_assert(krb_reply_make(&key, &reply, room, &token));
    }
    only_whole(token, decodes_reply);
    cr_assert(krb_reply_open(&key, token, opened, &part));
    cr_assert_eq(part.microseconds, 7);
    cr_assert_eq(part.sequence, 77);
    cr_assert_eq(part.subkey.etype, 20);
    krb_ap_rep_part_encode(&out, &part);
    only_whole(der_writer_result(&out), decodes_reply_part);
    key.data[0] ^= 1;
    cr_assert_not(krb_reply_open(&key, token, opened, &part));
}

Test(krb_message, request)
{
    struct authenticator_spec authenticator;
    struct ticket_spec ticket;
    uint8_t room[TICKET_ROOM];

    ticket_spec_usual(&ticket);
    authenticator_spec_usual(&authenticator);
    authenticator.framed = false;
    only_whole(ap_req_make(&ticket, &authenticator, room), decodes_request);
}

Test(krb_message, frame)
{
    uint8_t room[64];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct bytes message, inner;
    enum krb_token kind;
    bool framed;

    der_put(&out, DER_APPLICATION | KRB_AP_REP, bytes_of("abc", 3));
    krb_frame_close(&out, KRB_TOKEN_AP_REP);
    message = der_writer_result(&out);
    cr_assert(krb_frame_open(message, &kind, &inner, &framed));
    cr_assert(framed);
    cr_assert_eq(kind, KRB_TOKEN_AP_REP);
    cr_assert_eq(inner.size, 5);
    for (size_t size = 0; size < message.size; size++)
        cr_assert_not(krb_frame_open(bytes_of(message.data, size), &kind, &inner, &framed));
    /* The id and the message must agree. */
    out = der_writer_over(room, sizeof room);
    der_put(&out, DER_APPLICATION | KRB_AP_REP, bytes_of("abc", 3));
    krb_frame_close(&out, KRB_TOKEN_AP_REQ);
    cr_assert_not(krb_frame_open(der_writer_result(&out), &kind, &inner, &framed));
    cr_assert(krb_frame_open(bytes_of("\x6E\x00", 2), &kind, &inner, &framed));
    cr_assert_not(framed);
    cr_assert_not(krb_frame_open(bytes_of("NTLMSSP", 8), &kind, &inner, &framed));
}

/* RFC 4121 4.1.1. */
Test(krb_message, checksum)
{
    uint8_t bindings[16] = {1}, room[128];
    const struct krb_gss_checksum value = {.flags = KRB_GSS_MUTUAL | KRB_GSS_DELEGATE,
                                           .bindings = bytes_of(bindings, 16),
                                           .delegated = bytes_of("cred", 4)};
    struct der_writer out = der_writer_over(room, sizeof room);
    struct krb_gss_checksum read;
    struct bytes whole;

    krb_gss_checksum_encode(&out, &value);
    whole = der_writer_result(&out);
    cr_assert_eq(whole.size, 32);
    cr_assert(krb_gss_checksum_decode(whole, &read));
    cr_assert_eq(read.flags, value.flags);
    assert_mem_eq(read.delegated.data, "cred", 4);
    for (size_t size = 0; size < whole.size; size++)
        cr_assert_not(krb_gss_checksum_decode(bytes_of(whole.data, size), &read));
}

Test(krb_message, client_options)
{
    const struct krb_client_options value = {KRB_AP_OPTIONS_CBT, bytes_of("H\0T\0", 4)};
    uint8_t room[128];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct krb_client_options read;
    struct bytes whole;

    krb_client_options_encode(&out, &value);
    whole = der_writer_result(&out);
    cr_assert(krb_client_options_decode(whole, &read));
    cr_assert_eq(read.options, KRB_AP_OPTIONS_CBT);
    assert_mem_eq(read.target.data, "H\0T\0", 4);
    for (size_t size = 1; size < whole.size; size++)
        cr_assert_not(krb_client_options_decode(bytes_of(whole.data, size), &read));
    cr_assert(krb_client_options_decode((struct bytes){0}, &read));
    cr_assert_eq(read.options, 0);
}
