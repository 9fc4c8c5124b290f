/*
 * What an acceptor sends back, and what closes the DCE style: AP-REP (RFC 4120 5.5.2) and KRB-ERROR (5.9.1).
 */
#include <string.h>

#include "crypto/random.h"
#include "kerberos/kerberos.h"

#define PART_MAX 192

/* KERB-ERROR-DATA of [MS-KILE] 2.2.2 with data-type KERB_AP_ERR_TYPE_SKEW_RECOVERY. */
static const uint8_t skew_recovery[] = {0x30, 0x05, 0xA1, 0x03, 0x02, 0x01, 0x02};

bool krb_reply_make_under(const struct krb_usage *usage, const uint8_t *confounder, const struct krb_reply *reply,
                          uint8_t room[KRB_REPLY_MAX], struct bytes *token)
{
    uint8_t plain[PART_MAX], cipher[PART_MAX + KRB_OVERHEAD_MAX];
    struct der_writer part = der_writer_over(plain, sizeof plain), out = der_writer_over(room, KRB_REPLY_MAX);
    struct krb_encrypted encrypted = {.etype = usage->etype->number};
    struct krb_ap_rep_part value = {
        .time = reply->time,
        .microseconds = reply->microseconds,
        .has_subkey = reply->subkey != NULL,
        .has_sequence = true,
        .sequence = reply->sequence,
    };
    struct bytes text;
    bool ok;

    if (reply->subkey)
        value.subkey = (struct krb_wire_key){reply->subkey->etype->number,
                                             bytes_of(reply->subkey->data, reply->subkey->etype->key_size)};
    krb_ap_rep_part_encode(&part, &value);
    text = der_writer_result(&part);
    ok = text.size && krb_encrypt_under(usage, confounder, text, cipher);
    secret_wipe(plain, sizeof plain);
    if (!ok)
        return false;
    encrypted.cipher = bytes_of(cipher, krb_cipher_size(usage->etype, text.size));
    krb_ap_rep_encode(&out, &encrypted);
    if (reply->framed)
        krb_frame_close(&out, KRB_TOKEN_AP_REP);
    *token = der_writer_result(&out);
    return token->size != 0;
}

bool krb_reply_make(const struct krb_key *ticket_key, const struct krb_reply *reply, uint8_t room[KRB_REPLY_MAX],
                    struct bytes *token)
{
    uint8_t confounder[KRB_CONFOUNDER_MAX];
    struct krb_usage usage;
    bool ok = random_bytes(confounder, sizeof confounder) && krb_usage_derive(ticket_key, KRB_USAGE_AP_REP, &usage);

    if (!ok)
        return false;
    ok = krb_reply_make_under(&usage, confounder, reply, room, token);
    krb_usage_wipe(&usage);
    return ok;
}

bool krb_reply_open(const struct krb_key *ticket_key, struct bytes message, uint8_t room[KRB_REPLY_MAX],
                    struct krb_ap_rep_part *out)
{
    struct krb_encrypted encrypted;
    struct krb_usage usage;
    struct bytes plain;
    bool ok;

    *out = (struct krb_ap_rep_part){0};
    if (!krb_ap_rep_decode(message, &encrypted) || encrypted.etype != ticket_key->etype->number
        || encrypted.cipher.size > KRB_REPLY_MAX || !krb_usage_derive(ticket_key, KRB_USAGE_AP_REP, &usage))
        return false;
    ok = krb_decrypt(&usage, encrypted.cipher, room, &plain) && krb_ap_rep_part_decode(plain, out);
    krb_usage_wipe(&usage);
    return ok;
}

bool krb_error_make(const struct krb_opened *opened, int32_t code, uint8_t room[KRB_REPLY_MAX], struct bytes *token)
{
    const int64_t now = clock_now();
    struct der_writer out = der_writer_over(room, KRB_REPLY_MAX);
    struct krb_error error = {
        .server_time = now - now % CLOCK_TICKS_PER_SECOND,
        .server_microseconds = (uint32_t)(now % CLOCK_TICKS_PER_SECOND / 10),
        .code = code,
        .realm = opened->request.ticket.realm,
        .service = opened->request.ticket.service,
    };

    if (code == KRB_ERR_SKEW)
        error.data = bytes_of(skew_recovery, sizeof skew_recovery);
    krb_error_encode(&out, &error);
    if (opened->framed)
        krb_frame_close(&out, KRB_TOKEN_ERROR);
    *token = der_writer_result(&out);
    return token->size != 0;
}
