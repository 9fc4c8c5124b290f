/*
 * SPNEGO tokens (RFC 4178 4.2, [MS-SPNG] 2.2.1). First contact with hostile input: strict, bounded, without allocation.
 */
#include <string.h>

#include "negotiate/negotiate.h"

static const uint8_t spnego_oid[] = {0x2B, 0x06, 0x01, 0x05, 0x05, 0x02};
static const uint8_t kerberos_frame[] = {0x06, 0x09, 0x2A, 0x86, 0x48};
static const char hint[] = "not_defined_in_RFC4178@please_ignore";

static bool mechanisms_read(struct cursor *in, struct nego_init *out)
{
    struct cursor tagged, list;

    if (!der_enter(in, DER_CONTEXT | 0, &tagged))
        return false;
    out->mech_list = tagged.rest;
    if (!der_enter(&tagged, DER_SEQUENCE, &list) || !cursor_at_end(&tagged))
        return false;
    while (!cursor_at_end(&list)) {
        if (out->count == NEGO_OFFERS_MAX || !der_read(&list, DER_OID, &out->mechanisms[out->count]))
            return false;
        out->count++;
    }
    return out->count > 0;
}

static bool octets_optional(struct cursor *in, unsigned number, bool *present, struct bytes *octets)
{
    *present = der_next_tag(in) == (DER_CONTEXT | number);
    return !*present || der_context_read(in, number, DER_OCTET_STRING, octets);
}

/* [3] is mechListMIC in RFC 4178 and negHints in [MS-SPNG], whose MIC is [4]: what is inside tells. Hints are ignored.
 */
static bool tail_read(struct cursor *in, struct nego_init *out)
{
    struct cursor ahead = *in, inner;

    if (der_enter(&ahead, DER_CONTEXT | 3, &inner) && der_next_tag(&inner) == DER_SEQUENCE) {
        *in = ahead;
        return octets_optional(in, 4, &out->has_mic, &out->mic);
    }
    return octets_optional(in, 3, &out->has_mic, &out->mic)
           && (out->has_mic || octets_optional(in, 4, &out->has_mic, &out->mic));
}

/* NegTokenInit or NegTokenInit2 in its GSS frame. */
bool nego_init_decode(struct bytes message, struct nego_init *out)
{
    struct cursor whole = cursor_over(message), frame, tagged, in;
    struct bytes oid;

    *out = (struct nego_init){0};
    return der_enter(&whole, DER_APPLICATION, &frame) && cursor_at_end(&whole) && der_read(&frame, DER_OID, &oid)
           && oid.size == sizeof spnego_oid && memcmp(oid.data, spnego_oid, oid.size) == 0
           && der_enter(&frame, DER_CONTEXT | 0, &tagged) && cursor_at_end(&frame)
           && der_enter(&tagged, DER_SEQUENCE, &in) && cursor_at_end(&tagged) && mechanisms_read(&in, out)
           && der_skip_optional(&in, DER_CONTEXT | 1) && octets_optional(&in, 2, &out->has_token, &out->token)
           && tail_read(&in, out) && cursor_at_end(&in);
}

static bool state_optional(struct cursor *in, enum nego_state *state)
{
    struct cursor tagged;
    int64_t value;

    *state = NEGO_NO_STATE;
    if (der_next_tag(in) != DER_CONTEXT)
        return true;
    if (!der_enter(in, DER_CONTEXT, &tagged) || !der_integer(&tagged, DER_ENUMERATED, &value) || !cursor_at_end(&tagged)
        || value < NEGO_COMPLETED || value > NEGO_REQUEST_MIC)
        return false;
    *state = (enum nego_state)value;
    return true;
}

bool nego_response_decode(struct bytes message, struct nego_response *out)
{
    struct cursor whole = cursor_over(message), tagged, in;

    *out = (struct nego_response){.state = NEGO_NO_STATE};
    if (!der_enter(&whole, DER_CONTEXT | 1, &tagged) || !cursor_at_end(&whole) || !der_enter(&tagged, DER_SEQUENCE, &in)
        || !cursor_at_end(&tagged) || !state_optional(&in, &out->state))
        return false;
    out->has_mechanism = der_next_tag(&in) == (DER_CONTEXT | 1);
    return (!out->has_mechanism || der_context_read(&in, 1, DER_OID, &out->mechanism))
           && octets_optional(&in, 2, &out->has_token, &out->token) && octets_optional(&in, 3, &out->has_mic, &out->mic)
           && cursor_at_end(&in);
}

void nego_list_encode(struct der_writer *out, const struct nego_mechanism *const *mechanisms, size_t count)
{
    size_t mark = out->used;

    while (count-- > 0)
        der_put(out, DER_OID, mechanisms[count]->oid);
    der_put_header(out, DER_SEQUENCE, mark);
}

static void hints_put(struct der_writer *out)
{
    size_t mark = out->used;

    der_put_context(out, 0, DER_GENERAL_STRING, bytes_of(hint, sizeof hint - 1));
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 3, mark);
}

void nego_init_encode(struct der_writer *out, struct bytes list, const struct nego_init *value, bool hints)
{
    size_t mark = out->used, inner;

    if (hints)
        hints_put(out);
    if (value->has_token)
        der_put_context(out, 2, DER_OCTET_STRING, value->token);
    inner = out->used;
    der_put_bytes(out, list);
    der_put_header(out, DER_CONTEXT | 0, inner);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 0, mark);
    der_put(out, DER_OID, bytes_of(spnego_oid, sizeof spnego_oid));
    der_put_header(out, DER_APPLICATION, mark);
}

void nego_response_encode(struct der_writer *out, const struct nego_response *value)
{
    size_t mark = out->used, inner;

    if (value->has_mic)
        der_put_context(out, 3, DER_OCTET_STRING, value->mic);
    if (value->has_token)
        der_put_context(out, 2, DER_OCTET_STRING, value->token);
    if (value->has_mechanism)
        der_put_context(out, 1, DER_OID, value->mechanism);
    if (value->state != NEGO_NO_STATE) {
        inner = out->used;
        der_put_integer(out, DER_ENUMERATED, (int64_t)value->state);
        der_put_header(out, DER_CONTEXT | 0, inner);
    }
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 1, mark);
}

enum nego_form nego_form_of(struct bytes token)
{
    static const char ntlmssp[8] = "NTLMSSP";
    struct cursor in = cursor_over(token), frame;

    if (!token.size)
        return NEGO_FORM_NONE;
    if (token.size >= sizeof ntlmssp && memcmp(token.data, ntlmssp, sizeof ntlmssp) == 0)
        return NEGO_FORM_RAW_NTLM;
    if (token.data[0] == (DER_APPLICATION | 14)) /* a bare AP-REQ */
        return NEGO_FORM_RAW_KERBEROS;
    if (!der_enter(&in, DER_APPLICATION, &frame))
        return NEGO_FORM_UNKNOWN;
    if (frame.rest.size >= sizeof kerberos_frame && memcmp(frame.rest.data, kerberos_frame, sizeof kerberos_frame) == 0)
        return NEGO_FORM_RAW_KERBEROS;
    return NEGO_FORM_SPNEGO;
}
