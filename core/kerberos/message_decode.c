/*
 * Decodes Kerberos messages. AP-REQ and AP-REP arrive before anything is verified; the other parts after decryption
 * only.
 */
#include <string.h>

#include "kerberos/message.h"

/* `[APPLICATION n] SEQUENCE { ... }` as the whole message. */
static bool application_enter(struct bytes message, unsigned number, struct cursor *inner)
{
    struct cursor whole = cursor_over(message), application;

    *inner = (struct cursor){0};
    return der_enter(&whole, (uint8_t)(DER_APPLICATION | number), &application) && cursor_at_end(&whole)
           && der_enter(&application, DER_SEQUENCE, inner) && cursor_at_end(&application);
}

static bool context_i32(struct cursor *in, unsigned number, int32_t *value)
{
    uint32_t bits;
    bool ok = der_context_u32(in, number, &bits);

    *value = (int32_t)bits;
    return ok;
}

static bool context_expect(struct cursor *in, unsigned number, uint32_t expected)
{
    uint32_t value;

    return der_context_u32(in, number, &value) && value == expected;
}

static bool context_present(const struct cursor *in, unsigned number)
{
    return der_next_tag(in) == (DER_CONTEXT | number);
}

static bool name_read(struct cursor *in, unsigned number, struct krb_name *name)
{
    struct cursor inner, strings;

    *name = (struct krb_name){0};
    if (!der_context_enter(in, number, DER_SEQUENCE, &inner) || !context_i32(&inner, 0, &name->type)
        || !der_context_enter(&inner, 1, DER_SEQUENCE, &strings) || !cursor_at_end(&inner))
        return false;
    while (!cursor_at_end(&strings)) {
        if (name->count == KRB_NAME_PARTS_MAX || !der_read(&strings, DER_GENERAL_STRING, &name->parts[name->count]))
            return false;
        name->count++;
    }
    return true;
}

static bool encrypted_read(struct cursor *in, unsigned number, struct krb_encrypted *out)
{
    struct cursor inner;

    *out = (struct krb_encrypted){0};
    if (!der_context_enter(in, number, DER_SEQUENCE, &inner) || !context_i32(&inner, 0, &out->etype))
        return false;
    out->has_kvno = context_present(&inner, 1);
    return (!out->has_kvno || der_context_u32(&inner, 1, &out->kvno))
           && der_context_read(&inner, 2, DER_OCTET_STRING, &out->cipher) && cursor_at_end(&inner);
}

static bool key_read(struct cursor *in, unsigned number, struct krb_wire_key *key)
{
    struct cursor inner;

    *key = (struct krb_wire_key){0};
    return der_context_enter(in, number, DER_SEQUENCE, &inner) && context_i32(&inner, 0, &key->etype)
           && der_context_read(&inner, 1, DER_OCTET_STRING, &key->value) && cursor_at_end(&inner);
}

static bool ticket_fields_read(struct cursor *in, struct krb_ticket *out)
{
    return context_expect(in, 0, KRB_PVNO) && der_context_read(in, 1, DER_GENERAL_STRING, &out->realm)
           && name_read(in, 2, &out->service) && encrypted_read(in, 3, &out->encrypted) && cursor_at_end(in);
}

/* Ticket, RFC 4120 5.3. */
bool krb_ticket_decode(struct bytes message, struct krb_ticket *out)
{
    struct cursor in;

    *out = (struct krb_ticket){.whole = message};
    return application_enter(message, 1, &in) && ticket_fields_read(&in, out);
}

/* AP-REQ, RFC 4120 5.5.1. */
bool krb_ap_req_decode(struct bytes message, struct krb_ap_req *out)
{
    struct cursor in;
    struct bytes ticket;

    *out = (struct krb_ap_req){0};
    if (!application_enter(message, KRB_AP_REQ, &in) || !context_expect(&in, 0, KRB_PVNO)
        || !context_expect(&in, 1, KRB_AP_REQ) || !der_context_flags(&in, 2, &out->options)
        || !der_read(&in, DER_CONTEXT | 3, &ticket))
        return false;
    return krb_ticket_decode(ticket, &out->ticket) && encrypted_read(&in, 4, &out->authenticator) && cursor_at_end(&in);
}

static bool optional_time(struct cursor *in, unsigned number, int64_t *time)
{
    *time = 0;
    return !context_present(in, number) || der_context_time(in, number, time);
}

static bool optional_authorization(struct cursor *in, unsigned number, struct bytes *data)
{
    *data = (struct bytes){0};
    return !context_present(in, number) || der_context_read(in, number, DER_SEQUENCE, data);
}

/* TransitedEncoding, RFC 4120 5.3: whether there is a path at all. */
static bool transited_read(struct cursor *in, bool *transited)
{
    struct cursor inner;
    struct bytes path = {0};
    int32_t type = 0;
    bool ok = der_context_enter(in, 4, DER_SEQUENCE, &inner) && context_i32(&inner, 0, &type)
              && der_context_read(&inner, 1, DER_OCTET_STRING, &path) && cursor_at_end(&inner);

    *transited = ok && (path.size || type < 0 || type > 1);
    return ok;
}

/* EncTicketPart, RFC 4120 5.3. Decrypted with the service's key, so written by a KDC. */
bool krb_ticket_part_decode(struct bytes message, struct krb_ticket_part *out)
{
    struct cursor in;

    *out = (struct krb_ticket_part){0};
    return application_enter(message, 3, &in) && der_context_flags(&in, 0, &out->flags) && key_read(&in, 1, &out->key)
           && der_context_read(&in, 2, DER_GENERAL_STRING, &out->client_realm) && name_read(&in, 3, &out->client)
           && transited_read(&in, &out->transited) && der_context_time(&in, 5, &out->auth_time)
           && optional_time(&in, 6, &out->start_time) && der_context_time(&in, 7, &out->end_time)
           && optional_time(&in, 8, &out->renew_till) && der_skip_optional(&in, DER_CONTEXT | 9)
           && optional_authorization(&in, 10, &out->authorization_data) && cursor_at_end(&in);
}

static bool optional_checksum(struct cursor *in, struct krb_authenticator *out)
{
    struct cursor inner;

    out->has_checksum = context_present(in, 3);
    if (!out->has_checksum)
        return true;
    return der_context_enter(in, 3, DER_SEQUENCE, &inner) && context_i32(&inner, 0, &out->checksum_type)
           && der_context_read(&inner, 1, DER_OCTET_STRING, &out->checksum) && cursor_at_end(&inner);
}

static bool optional_key(struct cursor *in, unsigned number, bool *present, struct krb_wire_key *key)
{
    *present = context_present(in, number);
    return !*present || key_read(in, number, key);
}

static bool optional_sequence(struct cursor *in, unsigned number, bool *present, uint32_t *sequence)
{
    *present = context_present(in, number);
    return !*present || der_context_u32(in, number, sequence);
}

/* Authenticator, RFC 4120 5.5.1. */
bool krb_authenticator_decode(struct bytes message, struct krb_authenticator *out)
{
    struct cursor in;

    *out = (struct krb_authenticator){0};
    return application_enter(message, 2, &in) && context_expect(&in, 0, KRB_PVNO)
           && der_context_read(&in, 1, DER_GENERAL_STRING, &out->client_realm) && name_read(&in, 2, &out->client)
           && optional_checksum(&in, out) && der_context_u32(&in, 4, &out->microseconds) && out->microseconds <= 999999
           && der_context_time(&in, 5, &out->time) && optional_key(&in, 6, &out->has_subkey, &out->subkey)
           && optional_sequence(&in, 7, &out->has_sequence, &out->sequence)
           && optional_authorization(&in, 8, &out->authorization_data) && cursor_at_end(&in);
}

/* AP-REP, RFC 4120 5.5.2. */
bool krb_ap_rep_decode(struct bytes message, struct krb_encrypted *out)
{
    struct cursor in;

    *out = (struct krb_encrypted){0};
    return application_enter(message, KRB_AP_REP, &in) && context_expect(&in, 0, KRB_PVNO)
           && context_expect(&in, 1, KRB_AP_REP) && encrypted_read(&in, 2, out) && cursor_at_end(&in);
}

/* EncAPRepPart, RFC 4120 5.5.2. */
bool krb_ap_rep_part_decode(struct bytes message, struct krb_ap_rep_part *out)
{
    struct cursor in;

    *out = (struct krb_ap_rep_part){0};
    return application_enter(message, 27, &in) && der_context_time(&in, 0, &out->time)
           && der_context_u32(&in, 1, &out->microseconds) && out->microseconds <= 999999
           && optional_key(&in, 2, &out->has_subkey, &out->subkey)
           && optional_sequence(&in, 3, &out->has_sequence, &out->sequence) && cursor_at_end(&in);
}

/* KRB-ERROR, RFC 4120 5.9.1. Unauthenticated: a hint at most. */
bool krb_error_decode(struct bytes message, struct krb_error *out)
{
    struct cursor in;
    uint32_t code = 0;
    bool ok;

    *out = (struct krb_error){0};
    ok = application_enter(message, KRB_ERROR, &in) && context_expect(&in, 0, KRB_PVNO)
         && context_expect(&in, 1, KRB_ERROR);
    out->has_client_time = ok && context_present(&in, 2);
    ok = ok && optional_time(&in, 2, &out->client_time)
         && (!context_present(&in, 3) || der_context_u32(&in, 3, &out->client_microseconds))
         && der_context_time(&in, 4, &out->server_time) && der_context_u32(&in, 5, &out->server_microseconds)
         && der_context_u32(&in, 6, &code) && der_skip_optional(&in, DER_CONTEXT | 7)
         && der_skip_optional(&in, DER_CONTEXT | 8) && der_context_read(&in, 9, DER_GENERAL_STRING, &out->realm)
         && name_read(&in, 10, &out->service)
         && (!context_present(&in, 11) || der_context_read(&in, 11, DER_GENERAL_STRING, &out->text))
         && (!context_present(&in, 12) || der_context_read(&in, 12, DER_OCTET_STRING, &out->data))
         && cursor_at_end(&in);
    out->code = (int32_t)code;
    return ok;
}

bool krb_authorization_next(struct cursor *in, int32_t *type, struct bytes *data, bool *ok)
{
    struct cursor element;

    *ok = true;
    if (cursor_at_end(in))
        return false;
    *ok = der_enter(in, DER_SEQUENCE, &element) && context_i32(&element, 0, type)
          && der_context_read(&element, 1, DER_OCTET_STRING, data) && cursor_at_end(&element);
    return *ok;
}

bool krb_name_equal(const struct krb_name *a, const struct krb_name *b)
{
    bool equal = a->count == b->count;

    for (size_t i = 0; equal && i < a->count; i++)
        equal = a->parts[i].size == b->parts[i].size
                && (!a->parts[i].size || memcmp(a->parts[i].data, b->parts[i].data, a->parts[i].size) == 0);
    return equal;
}
