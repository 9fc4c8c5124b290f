/*
 * Every decoder of Kerberos messages (message_decode.c, frame.c, checksum.c): the first byte chooses one. What a
 * decoder took and an encoder writes again is taken again, with the same content.
 */
#include <stdlib.h>
#include <string.h>

#include "kerberos/kerberos.h"

#define ROOM 16384

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void inside(struct bytes whole, struct bytes part)
{
    must(!part.size || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size));
}

static void authenticator(struct bytes in)
{
    static uint8_t room[ROOM];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct krb_authenticator read, again;

    if (!krb_authenticator_decode(in, &read))
        return;
    inside(in, read.client_realm);
    inside(in, read.checksum);
    krb_authenticator_encode(&out, &read);
    must(der_writer_ok(&out));
    must(krb_authenticator_decode(der_writer_result(&out), &again));
    must(krb_name_equal(&read.client, &again.client) && read.time == again.time && read.sequence == again.sequence
         && read.checksum.size == again.checksum.size && read.subkey.value.size == again.subkey.value.size);
}

static void reply_part(struct bytes in)
{
    static uint8_t room[ROOM];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct krb_ap_rep_part read, again;

    if (!krb_ap_rep_part_decode(in, &read))
        return;
    krb_ap_rep_part_encode(&out, &read);
    must(krb_ap_rep_part_decode(der_writer_result(&out), &again));
    must(read.time == again.time && read.microseconds == again.microseconds && read.sequence == again.sequence);
}

static void error(struct bytes in)
{
    static uint8_t room[ROOM];
    struct der_writer out = der_writer_over(room, sizeof room);
    struct krb_error read, again;

    if (!krb_error_decode(in, &read))
        return;
    krb_error_encode(&out, &read);
    must(krb_error_decode(der_writer_result(&out), &again));
    must(read.code == again.code && read.server_time == again.server_time
         && krb_name_equal(&read.service, &again.service));
}

static void ticket_part(struct bytes in)
{
    struct krb_ticket_part part;
    char text[KRB_TEXT_MAX];
    struct bytes pac;

    if (!krb_ticket_part_decode(in, &part))
        return;
    inside(in, part.authorization_data);
    if (krb_pac_find(part.authorization_data, &pac))
        inside(in, pac);
    if (krb_name_text(&part.client, part.client_realm, text))
        must(strlen(text) < sizeof text);
}

static void request(struct bytes in)
{
    struct krb_ap_req read;
    struct bytes message;
    enum krb_token kind;
    bool framed;

    if (krb_frame_open(in, &kind, &message, &framed)) {
        inside(in, message);
        in = message;
    }
    if (!krb_ap_req_decode(in, &read))
        return;
    inside(in, read.authenticator.cipher);
    inside(in, read.ticket.encrypted.cipher);
}

static void said(struct bytes in)
{
    struct krb_client_options options;
    struct krb_gss_checksum checksum;
    struct krb_encrypted encrypted;

    if (krb_client_options_decode(in, &options))
        inside(in, options.target);
    if (krb_gss_checksum_decode(in, &checksum))
        inside(in, checksum.delegated);
    if (krb_ap_rep_decode(in, &encrypted))
        inside(in, encrypted.cipher);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const targets[])(struct bytes) = {authenticator, reply_part, error, ticket_part, request, said};

    if (size > 1)
        targets[data[0] % (sizeof targets / sizeof *targets)](bytes_of(data + 1, size - 1));
    return 0;
}
