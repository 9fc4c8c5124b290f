/*
 * What a client says inside its authenticator: the 0x8003 checksum (RFC 4121 4.1.1) with flags, channel bindings and
 * delegated credentials, and the authorization data of [MS-KILE]. Decoded after the authenticator was decrypted.
 */
#include "base/writer.h"
#include "kerberos/kerberos.h"

#define BINDINGS_SIZE 16
#define AD_DEPTH_MAX 4

bool krb_gss_checksum_decode(struct bytes checksum, struct krb_gss_checksum *out)
{
    struct cursor in = cursor_over(checksum);
    uint32_t size;
    uint16_t option, delegated;

    *out = (struct krb_gss_checksum){.present = true};
    if (!cursor_u32le(&in, &size) || size != BINDINGS_SIZE || !cursor_take(&in, BINDINGS_SIZE, &out->bindings)
        || !cursor_u32le(&in, &out->flags))
        return false;
    if (!(out->flags & KRB_GSS_DELEGATE))
        return true;
    return cursor_u16le(&in, &option) && option == 1 && cursor_u16le(&in, &delegated) && delegated > 0
           && cursor_take(&in, delegated, &out->delegated);
}

void krb_gss_checksum_encode(struct der_writer *out, const struct krb_gss_checksum *checksum)
{
    uint8_t room[KRB_GSS_CHECKSUM_SIZE], head[4];
    struct writer writer = writer_over(room, sizeof room), option = writer_over(head, sizeof head);

    writer_u32le(&writer, BINDINGS_SIZE);
    writer_bytes(&writer, checksum->bindings);
    writer_u32le(&writer, checksum->flags);
    writer_u16le(&option, 1);
    writer_u16le(&option, (uint16_t)checksum->delegated.size);
    if (checksum->delegated.size) {
        der_put_bytes(out, checksum->delegated);
        der_put_bytes(out, bytes_of(head, sizeof head));
    }
    der_put_bytes(out, bytes_of(room, sizeof room));
}

/* One row a flag that both sides name alike. */
static const struct {
    uint32_t gss;
    ULONG asc, isc;
} flags[] = {
    {KRB_GSS_DELEGATE, ASC_RET_DELEGATE, ISC_RET_DELEGATE},
    {KRB_GSS_MUTUAL, ASC_RET_MUTUAL_AUTH, ISC_RET_MUTUAL_AUTH},
    {KRB_GSS_REPLAY, ASC_RET_REPLAY_DETECT, ISC_RET_REPLAY_DETECT},
    {KRB_GSS_SEQUENCE, ASC_RET_SEQUENCE_DETECT, ISC_RET_SEQUENCE_DETECT},
    {KRB_GSS_CONFIDENTIALITY, ASC_RET_CONFIDENTIALITY, ISC_RET_CONFIDENTIALITY},
    {KRB_GSS_INTEGRITY, ASC_RET_INTEGRITY, ISC_RET_INTEGRITY},
    {KRB_GSS_DCE_STYLE, ASC_RET_USED_DCE_STYLE, ISC_RET_USED_DCE_STYLE},
    {KRB_GSS_IDENTIFY, ASC_RET_IDENTIFY, ISC_RET_IDENTIFY},
    {KRB_GSS_EXTENDED_ERROR, ASC_RET_EXTENDED_ERROR, ISC_RET_EXTENDED_ERROR},
};

ULONG krb_flags_to_asc(uint32_t gss)
{
    ULONG result = ASC_RET_CONNECTION;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        result |= gss & flags[i].gss ? flags[i].asc : 0;
    return result;
}

ULONG krb_flags_to_isc(uint32_t gss)
{
    ULONG result = ISC_RET_CONNECTION;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        result |= gss & flags[i].gss ? flags[i].isc : 0;
    return result;
}

/* ISC_REQ_* and ISC_RET_* agree in these bits. Order and replay protection need integrity, and so does sealing. */
uint32_t krb_flags_from_isc(ULONG requested)
{
    uint32_t result = 0;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        result |= requested & flags[i].isc ? flags[i].gss : 0;
    if (requested & ISC_REQ_NO_INTEGRITY)
        result &= ~(KRB_GSS_INTEGRITY | KRB_GSS_REPLAY | KRB_GSS_SEQUENCE);
    if (result & (KRB_GSS_REPLAY | KRB_GSS_SEQUENCE | KRB_GSS_CONFIDENTIALITY))
        result |= KRB_GSS_INTEGRITY;
    if (result & KRB_GSS_DCE_STYLE)
        result |= KRB_GSS_MUTUAL;
    return result;
}

static bool options_read(struct cursor in, struct krb_client_options *out)
{
    int32_t type;
    struct bytes data;
    bool ok;

    while (krb_authorization_next(&in, &type, &data, &ok)) {
        struct cursor value = cursor_over(data);

        if (type == KRB_AD_AP_OPTIONS && !cursor_u32le(&value, &out->options))
            return false;
        if (type == KRB_AD_TARGET_NAME)
            out->target = data;
    }
    return ok;
}

bool krb_client_options_decode(struct bytes authorization, struct krb_client_options *out)
{
    struct cursor in = cursor_over(authorization), inner;
    int32_t type;
    struct bytes data;
    bool ok;

    *out = (struct krb_client_options){0};
    while (krb_authorization_next(&in, &type, &data, &ok)) {
        struct cursor wrapped = cursor_over(data);

        if (type == KRB_AD_IF_RELEVANT
            && (!der_enter(&wrapped, DER_SEQUENCE, &inner) || !cursor_at_end(&wrapped) || !options_read(inner, out)))
            return false;
    }
    return ok;
}

static void element_put(struct der_writer *out, int32_t type, size_t mark)
{
    der_put_header(out, DER_OCTET_STRING, mark);
    der_put_header(out, DER_CONTEXT | 1, mark);
    der_put_context_integer(out, 0, type);
    der_put_header(out, DER_SEQUENCE, mark);
}

void krb_client_options_encode(struct der_writer *out, const struct krb_client_options *options)
{
    const uint32_t value = options->options;
    const uint8_t number[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24)};
    const size_t outer = out->used;
    size_t mark = outer;

    if (options->target.size) {
        der_put_bytes(out, options->target);
        element_put(out, KRB_AD_TARGET_NAME, mark);
    }
    mark = out->used;
    der_put_bytes(out, bytes_of(number, sizeof number));
    element_put(out, KRB_AD_AP_OPTIONS, mark);
    der_put_header(out, DER_SEQUENCE, outer);
    element_put(out, KRB_AD_IF_RELEVANT, outer);
}

/* Lists within lists, without recursion: one cursor a level. */
bool krb_pac_find(struct bytes authorization, struct bytes *pac)
{
    struct cursor levels[AD_DEPTH_MAX] = {cursor_over(authorization)}, wrapped;
    size_t depth = 0;
    struct bytes data;
    int32_t type;
    bool ok;

    *pac = (struct bytes){0};
    for (;;) {
        if (!krb_authorization_next(&levels[depth], &type, &data, &ok)) {
            if (!ok || depth == 0)
                return ok;
            depth--;
            continue;
        }
        if (type == KRB_AD_PAC && (pac->data || data.size == 0))
            return false;
        if (type == KRB_AD_PAC)
            *pac = data;
        if (type != KRB_AD_IF_RELEVANT)
            continue;
        wrapped = cursor_over(data);
        if (++depth == AD_DEPTH_MAX || !der_enter(&wrapped, DER_SEQUENCE, &levels[depth]) || !cursor_at_end(&wrapped))
            return false;
    }
}
