/*
 * Encodes Kerberos messages, from the last field to the first, as the backward writer wants it.
 */
#include "kerberos/message.h"

static void application_close(struct der_writer *out, unsigned number, size_t mark)
{
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, (uint8_t)(DER_APPLICATION | number), mark);
}

static void name_put(struct der_writer *out, unsigned number, const struct krb_name *name)
{
    size_t mark = out->used, sequence = mark;

    for (size_t i = name->count; i-- > 0;)
        der_put(out, DER_GENERAL_STRING, name->parts[i]);
    der_put_header(out, DER_SEQUENCE, sequence);
    der_put_header(out, DER_CONTEXT | 1, sequence);
    der_put_context_integer(out, 0, name->type);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

static void key_put(struct der_writer *out, unsigned number, const struct krb_wire_key *key)
{
    size_t mark = out->used;

    der_put_context(out, 1, DER_OCTET_STRING, key->value);
    der_put_context_integer(out, 0, key->etype);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

void krb_encrypted_encode(struct der_writer *out, const struct krb_encrypted *value)
{
    size_t mark = out->used;

    der_put_context(out, 2, DER_OCTET_STRING, value->cipher);
    if (value->has_kvno)
        der_put_context_integer(out, 1, value->kvno);
    der_put_context_integer(out, 0, value->etype);
    der_put_header(out, DER_SEQUENCE, mark);
}

static void encrypted_put(struct der_writer *out, unsigned number, const struct krb_encrypted *value)
{
    size_t mark = out->used;

    krb_encrypted_encode(out, value);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

void krb_ap_req_encode(struct der_writer *out, uint32_t options, struct bytes ticket,
                       const struct krb_encrypted *authenticator)
{
    size_t mark = out->used, inner;

    encrypted_put(out, 4, authenticator);
    inner = out->used;
    der_put_bytes(out, ticket);
    der_put_header(out, DER_CONTEXT | 3, inner);
    der_put_context_flags(out, 2, options);
    der_put_context_integer(out, 1, KRB_AP_REQ);
    der_put_context_integer(out, 0, KRB_PVNO);
    application_close(out, KRB_AP_REQ, mark);
}

static void checksum_put(struct der_writer *out, const struct krb_authenticator *value)
{
    size_t mark = out->used;

    der_put_context(out, 1, DER_OCTET_STRING, value->checksum);
    der_put_context_integer(out, 0, value->checksum_type);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 3, mark);
}

void krb_authenticator_encode(struct der_writer *out, const struct krb_authenticator *value)
{
    size_t mark = out->used;

    if (value->authorization_data.size)
        der_put_context(out, 8, DER_SEQUENCE, value->authorization_data);
    if (value->has_sequence)
        der_put_context_integer(out, 7, value->sequence);
    if (value->has_subkey)
        key_put(out, 6, &value->subkey);
    der_put_context_time(out, 5, value->time);
    der_put_context_integer(out, 4, value->microseconds);
    if (value->has_checksum)
        checksum_put(out, value);
    name_put(out, 2, &value->client);
    der_put_context(out, 1, DER_GENERAL_STRING, value->client_realm);
    der_put_context_integer(out, 0, KRB_PVNO);
    application_close(out, 2, mark);
}

void krb_ap_rep_encode(struct der_writer *out, const struct krb_encrypted *encrypted)
{
    size_t mark = out->used;

    encrypted_put(out, 2, encrypted);
    der_put_context_integer(out, 1, KRB_AP_REP);
    der_put_context_integer(out, 0, KRB_PVNO);
    application_close(out, KRB_AP_REP, mark);
}

void krb_ap_rep_part_encode(struct der_writer *out, const struct krb_ap_rep_part *value)
{
    size_t mark = out->used;

    if (value->has_sequence)
        der_put_context_integer(out, 3, value->sequence);
    if (value->has_subkey)
        key_put(out, 2, &value->subkey);
    der_put_context_integer(out, 1, value->microseconds);
    der_put_context_time(out, 0, value->time);
    application_close(out, 27, mark);
}

void krb_error_encode(struct der_writer *out, const struct krb_error *value)
{
    size_t mark = out->used;

    if (value->data.size)
        der_put_context(out, 12, DER_OCTET_STRING, value->data);
    if (value->text.size)
        der_put_context(out, 11, DER_GENERAL_STRING, value->text);
    name_put(out, 10, &value->service);
    der_put_context(out, 9, DER_GENERAL_STRING, value->realm);
    der_put_context_integer(out, 6, value->code);
    der_put_context_integer(out, 5, value->server_microseconds);
    der_put_context_time(out, 4, value->server_time);
    if (value->has_client_time) {
        der_put_context_integer(out, 3, value->client_microseconds);
        der_put_context_time(out, 2, value->client_time);
    }
    der_put_context_integer(out, 1, KRB_ERROR);
    der_put_context_integer(out, 0, KRB_PVNO);
    application_close(out, KRB_ERROR, mark);
}
