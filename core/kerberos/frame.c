/*
 * The outermost layer of a token: RFC 2743's frame with the mechanism's OID and a token id, or nothing at all.
 */
#include <string.h>

#include "kerberos/kerberos.h"

/* 1.2.840.113554.1.2.2, and the same with its third arc cut to 16 bits, as some versions of Windows send it. */
static const uint8_t oid[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02};
static const uint8_t oid_cut[] = {0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02};

static bool oid_known(struct bytes name)
{
    return name.size == sizeof oid
           && (memcmp(name.data, oid, sizeof oid) == 0 || memcmp(name.data, oid_cut, sizeof oid_cut) == 0);
}

static bool message_kind(struct bytes message, enum krb_token *kind)
{
    static const struct {
        uint8_t tag;
        enum krb_token kind;
    } kinds[] = {{DER_APPLICATION | KRB_AP_REQ, KRB_TOKEN_AP_REQ},
                 {DER_APPLICATION | KRB_AP_REP, KRB_TOKEN_AP_REP},
                 {DER_APPLICATION | KRB_ERROR, KRB_TOKEN_ERROR}};

    for (size_t i = 0; message.size && i < sizeof kinds / sizeof *kinds; i++) {
        if (message.data[0] == kinds[i].tag) {
            *kind = kinds[i].kind;
            return true;
        }
    }
    return false;
}

bool krb_frame_open(struct bytes token, enum krb_token *kind, struct bytes *message, bool *framed)
{
    struct cursor whole = cursor_over(token), inner;
    enum krb_token inside;
    struct bytes name;
    uint16_t id;

    *framed = der_next_tag(&whole) == DER_APPLICATION;
    *message = token;
    if (!*framed)
        return message_kind(token, kind);
    if (!der_enter(&whole, DER_APPLICATION, &inner) || !cursor_at_end(&whole) || !der_read(&inner, DER_OID, &name)
        || !oid_known(name) || !cursor_u16be(&inner, &id))
        return false;
    *message = inner.rest;
    *kind = (enum krb_token)id;
    return message_kind(*message, &inside) && inside == *kind;
}

void krb_frame_close(struct der_writer *out, enum krb_token kind)
{
    uint8_t id[2] = {(uint8_t)(kind >> 8), (uint8_t)kind};

    der_put_bytes(out, bytes_of(id, sizeof id));
    der_put(out, DER_OID, bytes_of(oid, sizeof oid));
    der_put_header(out, DER_APPLICATION, 0);
}
