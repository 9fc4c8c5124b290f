/*
 * PACs for tickets.h: laid out as [MS-PAC] 2 says, signed with the key that the test wants.
 */
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "kerberos/kerberos.h"
#include "tickets.h"

static struct krb_key key_of(const struct ticket_key *key)
{
    struct krb_key out;

    if (!krb_key_set(&out, key->etype, bytes_of(key->value, key->size)))
        abort();
    return out;
}

void pac_spec_usual(struct pac_spec *spec, const struct ticket_spec *ticket)
{
    *spec = (struct pac_spec){
        .client = ticket->client,
        .auth_time = ticket->auth_time,
        .user = "alice",
        .domain = "EXAMPLE",
        .upn = "alice@example.test",
        .groups = 1,
        .key = ticket->key,
    };
}

static void wide_put(struct writer *out, const char *text)
{
    for (; *text; text++)
        writer_u16le(out, (uint16_t)(unsigned char)*text);
}

static void align_put(struct writer *out, size_t start, size_t to)
{
    while ((out->used - start) % to)
        writer_u8(out, 0);
}

static void string_header_put(struct writer *out, const char *text)
{
    writer_u16le(out, (uint16_t)(2 * strlen(text)));
    writer_u16le(out, (uint16_t)(2 * strlen(text)));
    writer_u32le(out, text[0] ? 0x00020004 : 0);
}

static void string_body_put(struct writer *out, size_t start, const char *text)
{
    if (!text[0])
        return;
    align_put(out, start, 4);
    writer_u32le(out, (uint32_t)strlen(text));
    writer_u32le(out, 0);
    writer_u32le(out, (uint32_t)strlen(text));
    wide_put(out, text);
}

static void sid_put(struct writer *out, size_t start, uint8_t authority, const uint32_t *parts, uint8_t count)
{
    align_put(out, start, 4);
    writer_u32le(out, count);
    writer_u8(out, 1);
    writer_u8(out, count);
    writer_zeros(out, 5);
    writer_u8(out, authority);
    for (uint8_t i = 0; i < count; i++)
        writer_u32le(out, parts[i]);
}

/* KERB_VALIDATION_INFO, [MS-PAC] 2.5. */
static void logon_info_put(struct writer *out, const struct pac_spec *spec)
{
    static const uint32_t domain_sid[] = {21, 1, 2, 3}, extra_sid[] = {1};
    const size_t start = out->used;

    writer_u32le(out, 0x00081001);
    writer_u32le(out, 0xCCCCCCCC);
    writer_zeros(out, 8);
    writer_u32le(out, 0x00020000);
    writer_zeros(out, 8);                            /* LogonTime */
    writer_u64le(out, UINT64_C(0x7FFFFFFFFFFFFFFF)); /* LogoffTime */
    writer_zeros(out, 32);
    string_header_put(out, spec->user);
    for (int i = 0; i < 5; i++)
        string_header_put(out, "");
    writer_u32le(out, 0);
    writer_u32le(out, 1105);
    writer_u32le(out, 513);
    writer_u32le(out, 1 + spec->groups);
    writer_u32le(out, 0x00020008);
    writer_u32le(out, 0x20); /* UserFlags: extra SIDs */
    writer_zeros(out, 16);
    string_header_put(out, "DC1");
    string_header_put(out, spec->domain);
    writer_u32le(out, 0x0002000C);
    writer_zeros(out, 8);
    writer_u32le(out, 0x210); /* UserAccountControl */
    writer_zeros(out, 28);
    writer_u32le(out, 1);
    writer_u32le(out, 0x00020010);
    writer_zeros(out, 12); /* no resource groups */
    string_body_put(out, start, spec->user);
    align_put(out, start, 4);
    writer_u32le(out, 1 + spec->groups);
    writer_u32le(out, 513);
    writer_u32le(out, 7);
    for (uint32_t i = 0; i < spec->groups; i++) {
        writer_u32le(out, 1200 + i);
        writer_u32le(out, 7);
    }
    string_body_put(out, start, "DC1");
    string_body_put(out, start, spec->domain);
    sid_put(out, start, 5, domain_sid, 4);
    align_put(out, start, 4);
    writer_u32le(out, 1);
    writer_u32le(out, 0x00020014);
    writer_u32le(out, 7);
    sid_put(out, start, 18, extra_sid, 1);
}

struct pac_buffer {
    uint32_t type;
    size_t offset, size;
};

/* PAC_REQUESTOR, [MS-PAC] 2.15: a SID alone. */
static void requestor_put(struct writer *out, uint32_t relative)
{
    static const uint32_t domain_sid[] = {21, 1, 2, 3};

    writer_u8(out, 1);
    writer_u8(out, 5);
    writer_zeros(out, 5);
    writer_u8(out, 5);
    for (size_t i = 0; i < 4; i++)
        writer_u32le(out, domain_sid[i]);
    writer_u32le(out, relative);
}

/* The buffers, each at a multiple of 8; signatures of zeroes until they are made. */
static void buffers_put(struct writer *out, const struct pac_spec *spec, const struct krb_etype *etype, size_t count,
                        struct pac_buffer buffers[6])
{
    static const uint32_t types[6] = {1, 10, 12, 6, 7, 18};

    for (size_t i = 0; i < count; i++) {
        align_put(out, 0, 8);
        buffers[i].type = types[i];
        buffers[i].offset = out->used;
        if (types[i] == 1) {
            logon_info_put(out, spec);
        } else if (types[i] == 10) {
            writer_u64le(out, (uint64_t)spec->auth_time);
            writer_u16le(out, (uint16_t)(2 * strlen(spec->client)));
            wide_put(out, spec->client);
        } else if (types[i] == 12) {
            writer_u16le(out, (uint16_t)(2 * strlen(spec->upn)));
            writer_u16le(out, 12);
            writer_u16le(out, 2 * 12);
            writer_u16le(out, (uint16_t)(12 + 2 * strlen(spec->upn)));
            writer_u32le(out, 0);
            wide_put(out, spec->upn);
            wide_put(out, "EXAMPLE.TEST");
        } else if (types[i] == 18) {
            requestor_put(out, spec->requestor);
        } else {
            writer_u32le(out,
                         (uint32_t)(types[i] == 6 && spec->signature_type ? spec->signature_type : etype->checksum));
            writer_zeros(out, etype->checksum_size);
        }
        buffers[i].size = out->used - buffers[i].offset;
    }
}

static void header_put(uint8_t *room, const struct pac_buffer *buffers, size_t count)
{
    struct writer head = writer_over(room, 8 + 16 * count);

    writer_u32le(&head, (uint32_t)count);
    writer_u32le(&head, 0);
    for (size_t i = 0; i < count; i++) {
        writer_u32le(&head, buffers[i].type);
        writer_u32le(&head, (uint32_t)buffers[i].size);
        writer_u64le(&head, buffers[i].offset);
    }
}

struct bytes pac_make(const struct pac_spec *spec, uint8_t room[TICKET_ROOM])
{
    struct krb_key key = key_of(&spec->key);
    struct writer out = writer_over(room, TICKET_ROOM);
    const size_t first = spec->no_logon_info ? 1 : 0, count = spec->requestor ? 6 : 5;
    struct pac_buffer buffers[6];
    uint8_t mac[KRB_MAC_MAX];
    struct bytes whole;

    writer_zeros(&out, 8 + 16 * (count - first));
    buffers_put(&out, spec, key.etype, count, buffers);
    if (!writer_ok(&out))
        abort();
    header_put(room, buffers + first, count - first);
    whole = bytes_of(room, out.used);
    if (!krb_checksum(&key, KRB_USAGE_PAC, &whole, 1, mac))
        abort();
    memcpy(room + buffers[3].offset + 4, mac, key.etype->checksum_size);
    memset(room + buffers[4].offset + 4, 0x5A, key.etype->checksum_size);
    return whole;
}
