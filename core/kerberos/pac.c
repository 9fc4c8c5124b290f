/*
 * The PAC in a ticket ([MS-PAC]): its buffers, the signature with the service's key, the client it is made for.
 * Called by acceptor.c with what the ticket held; nothing of a PAC is believed before its signature verified.
 */
#include <string.h>

#include "base/memory.h"
#include "base/utf.h"
#include "kerberos/kerberos.h"

#define BUFFERS_MAX 32

enum {
    PAC_LOGON_INFO = 1,
    PAC_SERVER_SIGNATURE = 6,
    PAC_KDC_SIGNATURE = 7,
    PAC_CLIENT_INFO = 10,
    PAC_UPN_INFO = 12,
    PAC_REQUESTOR = 18
};

static struct bytes *place_of(struct krb_pac *pac, uint32_t type)
{
    switch (type) {
    case PAC_LOGON_INFO:
        return &pac->logon_info;
    case PAC_SERVER_SIGNATURE:
        return &pac->server_signature;
    case PAC_KDC_SIGNATURE:
        return &pac->kdc_signature;
    case PAC_CLIENT_INFO:
        return &pac->client_info;
    case PAC_UPN_INFO:
        return &pac->upn_info;
    case PAC_REQUESTOR:
        return &pac->requestor;
    default:
        return NULL;
    }
}

/* PACTYPE and PAC_INFO_BUFFER, 2.3 and 2.4. */
bool krb_pac_decode(struct bytes pac, struct krb_pac *out)
{
    struct cursor in = cursor_over(pac);
    uint32_t count, version;

    *out = (struct krb_pac){.whole = pac};
    if (!cursor_u32le(&in, &count) || !cursor_u32le(&in, &version) || version != 0 || count > BUFFERS_MAX)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        struct bytes view, *place;
        uint32_t type, size;
        uint64_t offset;

        if (!cursor_u32le(&in, &type) || !cursor_u32le(&in, &size) || !cursor_u64le(&in, &offset) || offset > pac.size
            || !bytes_slice(pac, (size_t)offset, size, &view))
            return false;
        place = place_of(out, type);
        if (place && (place->size || size == 0))
            return false;
        if (place)
            *place = view;
    }
    return out->server_signature.size > 4 && out->kdc_signature.size > 4 && out->client_info.size;
}

/* The bytes of a signature behind its type; the KDC's may be of any type, and is not ours to verify. */
static struct bytes signature_value(struct bytes buffer, size_t size)
{
    return bytes_of(buffer.data + 4, size < buffer.size - 4 ? size : buffer.size - 4);
}

/* How long a signature of this type is; all of the buffer where the type is not known. */
static size_t signature_size(struct bytes buffer)
{
    struct cursor in = cursor_over(buffer);
    const struct krb_etype *etype;
    uint32_t type = 0;

    (void)!cursor_u32le(&in, &type);
    etype = krb_etype_of_checksum((int32_t)type);
    return etype ? etype->checksum_size : buffer.size;
}

static uint32_t signature_type(struct bytes buffer)
{
    struct cursor in = cursor_over(buffer);
    uint32_t type = 0;

    (void)!cursor_u32le(&in, &type);
    return type;
}

SECURITY_STATUS krb_pac_verify(const struct krb_pac *pac, const struct krb_key *key, bool *signed_by_key)
{
    static const uint8_t zeros[256];
    struct bytes server = signature_value(pac->server_signature, key->etype->checksum_size);
    struct bytes kdc = signature_value(pac->kdc_signature, signature_size(pac->kdc_signature));
    struct bytes first = server.data < kdc.data ? server : kdc, last = server.data < kdc.data ? kdc : server;
    const uint8_t *start = pac->whole.data, *end = start + pac->whole.size;

    *signed_by_key = false;
    if ((int32_t)signature_type(pac->server_signature) != key->etype->checksum
        || server.size != key->etype->checksum_size || kdc.size > sizeof zeros || first.data + first.size > last.data)
        return SEC_E_OK;
    {
        const struct bytes parts[] = {
            bytes_of(start, (size_t)(first.data - start)),
            bytes_of(zeros, first.size),
            bytes_of(first.data + first.size, (size_t)(last.data - first.data) - first.size),
            bytes_of(zeros, last.size),
            bytes_of(last.data + last.size, (size_t)(end - last.data) - last.size),
        };

        *signed_by_key = krb_checksum_verify(key, KRB_USAGE_PAC, parts, sizeof parts / sizeof *parts, server);
    }
    return SEC_E_OK;
}

/* PAC_CLIENT_INFO, 2.7. */
SECURITY_STATUS krb_pac_client_check(const struct krb_pac *pac, const char *name, int64_t auth_time)
{
    struct cursor in = cursor_over(pac->client_info);
    struct bytes wide;
    uint64_t time;
    uint16_t size;
    char *text = NULL;
    SECURITY_STATUS status;

    if (!cursor_u64le(&in, &time) || !cursor_u16le(&in, &size) || !cursor_take(&in, size, &wide)
        || time / (uint64_t)CLOCK_TICKS_PER_SECOND != (uint64_t)auth_time / (uint64_t)CLOCK_TICKS_PER_SECOND)
        return SEC_E_LOGON_DENIED;
    status = utf8_from_utf16le(wide, &text);
    if (status == SEC_E_OK && strcmp(text, name) != 0)
        status = SEC_E_LOGON_DENIED;
    mem_free(text);
    return status == SEC_E_INVALID_PARAMETER ? SEC_E_LOGON_DENIED : status;
}

static SECURITY_STATUS text_take(struct bytes whole, uint16_t offset, uint16_t size, char **out)
{
    struct bytes view;
    SECURITY_STATUS status;

    if (size == 0)
        return SEC_E_OK;
    if (!bytes_slice(whole, offset, size, &view))
        return SEC_E_INVALID_TOKEN;
    status = utf8_from_utf16le(view, out);
    if (status == SEC_E_OK && !krb_text_printable(bytes_of(*out, strlen(*out))))
        status = SEC_E_INVALID_PARAMETER;
    return status == SEC_E_INVALID_PARAMETER ? SEC_E_INVALID_TOKEN : status;
}

/* UPN_DNS_INFO, 2.10. */
static SECURITY_STATUS upn_read(struct bytes buffer, struct krb_identity *identity)
{
    struct cursor in = cursor_over(buffer);
    uint16_t upn_size, upn_offset, dns_size, dns_offset;
    SECURITY_STATUS status;

    if (buffer.size == 0)
        return SEC_E_OK;
    if (!cursor_u16le(&in, &upn_size) || !cursor_u16le(&in, &upn_offset) || !cursor_u16le(&in, &dns_size)
        || !cursor_u16le(&in, &dns_offset))
        return SEC_E_INVALID_TOKEN;
    status = text_take(buffer, upn_offset, upn_size, &identity->upn);
    return status == SEC_E_OK ? text_take(buffer, dns_offset, dns_size, &identity->dns_domain) : status;
}

/* PAC_REQUESTOR, 2.15, must be the user of the logon information. */
static SECURITY_STATUS requestor_check(struct bytes buffer, const struct krb_identity *identity)
{
    char sid[KRB_SID_TEXT_MAX];

    if (buffer.size == 0 || !identity->sid)
        return SEC_E_OK;
    return krb_sid_text(buffer, NULL, sid) && strcmp(sid, identity->sid) == 0 ? SEC_E_OK : SEC_E_INVALID_TOKEN;
}

SECURITY_STATUS krb_pac_identity(const struct krb_pac *pac, struct krb_identity **out)
{
    struct krb_identity *identity = mem_zalloc(sizeof *identity);
    SECURITY_STATUS status = SEC_E_OK;

    *out = NULL;
    if (!identity)
        return SEC_E_INSUFFICIENT_MEMORY;
    identity->logoff_time = identity->password_expiry = CLOCK_FOREVER;
    if (pac->logon_info.size)
        status = krb_pac_logon_decode(pac->logon_info, identity);
    if (status == SEC_E_OK)
        status = upn_read(pac->upn_info, identity);
    if (status == SEC_E_OK)
        status = requestor_check(pac->requestor, identity);
    if (status != SEC_E_OK) {
        krb_identity_free(identity);
        return status;
    }
    *out = identity;
    return SEC_E_OK;
}

void krb_identity_free(struct krb_identity *identity)
{
    if (!identity)
        return;
    mem_free(identity->user);
    mem_free(identity->domain);
    mem_free(identity->logon_server);
    mem_free(identity->upn);
    mem_free(identity->dns_domain);
    mem_free(identity->sid);
    mem_free(identity->groups);
    mem_free(identity);
}
