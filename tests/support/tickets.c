/*
 * See tickets.h. Encodes with the core's writers; what only a KDC writes is encoded here.
 */
#include "tickets.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/writer.h"
#include "kerberos/kerberos.h"

#define HOUR (3600 * CLOCK_TICKS_PER_SECOND)

static struct krb_name name_of(const char *text)
{
    struct krb_name name = {.type = strchr(text, '/') ? 2 : 1};

    for (; name.count < KRB_NAME_PARTS_MAX; text++) {
        size_t size = strcspn(text, "/");

        name.parts[name.count++] = bytes_of(text, size);
        text += size;
        if (!*text)
            break;
    }
    return name;
}

static struct krb_key key_of(const struct ticket_key *key)
{
    struct krb_key out;

    if (!krb_key_set(&out, key->etype, bytes_of(key->value, key->size)))
        abort();
    return out;
}

struct ticket_key ticket_key(int32_t etype, uint32_t version, uint8_t seed)
{
    const struct krb_etype *row = krb_etype_find(etype);
    struct ticket_key key = {.etype = etype, .version = version, .size = row ? row->key_size : 16};

    for (size_t i = 0; i < key.size; i++)
        key.value[i] = (uint8_t)(seed + 7 * i);
    return key;
}

void ticket_spec_usual(struct ticket_spec *spec)
{
    const int64_t now = clock_now() - clock_now() % CLOCK_TICKS_PER_SECOND;

    *spec = (struct ticket_spec){
        .client = "alice",
        .client_realm = "EXAMPLE.TEST",
        .service = "HTTP/server.example.test",
        .service_realm = "EXAMPLE.TEST",
        .key = ticket_key(KRB_ETYPE_AES256_SHA1, 3, 1),
        .has_version = true,
        .session = ticket_key(KRB_ETYPE_AES256_SHA1, 0, 101),
        .auth_time = now - HOUR,
        .start = now - HOUR,
        .end = now + 9 * HOUR,
        .pac_depth = 1,
    };
}

void authenticator_spec_usual(struct authenticator_spec *spec)
{
    *spec = (struct authenticator_spec){
        .time = clock_now() - clock_now() % CLOCK_TICKS_PER_SECOND,
        .microseconds = 4711,
        .has_checksum = true,
        .checksum_type = KRB_GSS_CHECKSUM,
        .gss_flags = KRB_GSS_MUTUAL | KRB_GSS_REPLAY | KRB_GSS_SEQUENCE | KRB_GSS_CONFIDENTIALITY | KRB_GSS_INTEGRITY,
        .has_subkey = true,
        .subkey = ticket_key(KRB_ETYPE_AES256_SHA1, 0, 201),
        .has_sequence = true,
        .sequence = 1000,
        .ap_options = KRB_AP_MUTUAL_REQUIRED,
        .framed = true,
    };
}

/* What was written at the end of the room, moved to its start. */
static struct bytes settle(const struct der_writer *out, uint8_t *room)
{
    struct bytes result = der_writer_result(out);

    if (!result.size)
        abort();
    memmove(room, result.data, result.size);
    return bytes_of(room, result.size);
}

static void name_put(struct der_writer *out, unsigned number, const char *text)
{
    const struct krb_name name = name_of(text);
    const size_t mark = out->used;

    for (size_t i = name.count; i-- > 0;)
        der_put(out, DER_GENERAL_STRING, name.parts[i]);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 1, mark);
    der_put_context_integer(out, 0, name.type);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

static void realm_put(struct der_writer *out, unsigned number, const char *realm)
{
    der_put_context(out, number, DER_GENERAL_STRING, bytes_of(realm, strlen(realm)));
}

/* One AuthorizationData element around all written since `mark`. */
static void element_close(struct der_writer *out, int32_t type, size_t mark)
{
    der_put_header(out, DER_OCTET_STRING, mark);
    der_put_header(out, DER_CONTEXT | 1, mark);
    der_put_context_integer(out, 0, type);
    der_put_header(out, DER_SEQUENCE, mark);
}

static void pac_put(struct der_writer *out, const struct ticket_spec *spec)
{
    const size_t mark = out->used;

    der_put_bytes(out, spec->pac);
    element_close(out, KRB_AD_PAC, mark);
    for (unsigned i = 0; i < spec->pac_depth; i++) {
        der_put_header(out, DER_SEQUENCE, mark);
        element_close(out, KRB_AD_IF_RELEVANT, mark);
    }
}

static void authorization_put(struct der_writer *out, const struct ticket_spec *spec)
{
    const size_t mark = out->used;

    if (!spec->pac.size)
        return;
    pac_put(out, spec);
    if (spec->pac_twice)
        pac_put(out, spec);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 10, mark);
}

static void key_put(struct der_writer *out, unsigned number, const struct ticket_key *key)
{
    const size_t mark = out->used;

    der_put_context(out, 1, DER_OCTET_STRING, bytes_of(key->value, key->size));
    der_put_context_integer(out, 0, key->etype);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, (uint8_t)(DER_CONTEXT | number), mark);
}

/* EncTicketPart, RFC 4120 5.3. */
static void part_put(struct der_writer *out, const struct ticket_spec *spec)
{
    static const uint8_t path[] = "OTHER.TEST";
    size_t mark;

    authorization_put(out, spec);
    der_put_context_time(out, 7, spec->end);
    if (spec->start)
        der_put_context_time(out, 6, spec->start);
    der_put_context_time(out, 5, spec->auth_time);
    mark = out->used;
    der_put_context(out, 1, DER_OCTET_STRING, bytes_of(path, spec->transited ? sizeof path - 1 : 0));
    der_put_context_integer(out, 0, 1);
    der_put_header(out, DER_SEQUENCE, mark);
    der_put_header(out, DER_CONTEXT | 4, mark);
    name_put(out, 3, spec->client);
    realm_put(out, 2, spec->client_realm);
    key_put(out, 1, &spec->session);
    der_put_context_flags(out, 0, spec->flags);
    der_put_header(out, DER_SEQUENCE, 0);
    der_put_header(out, DER_APPLICATION | 3, 0);
}

/* Types that the core does not know are written as if their cipher text were the plain text. */
static struct krb_encrypted seal(const struct ticket_key *key, uint32_t usage, struct bytes plain, uint8_t *room)
{
    struct krb_encrypted sealed = {.etype = key->etype};
    struct krb_usage derived;
    struct krb_key own;

    sealed.cipher = plain;
    if (!krb_etype_find(key->etype))
        return sealed;
    own = key_of(key);
    if (!krb_usage_derive(&own, usage, &derived) || !krb_encrypt(&derived, plain, room))
        abort();
    sealed.cipher = bytes_of(room, krb_cipher_size(own.etype, plain.size));
    return sealed;
}

struct bytes ticket_make(const struct ticket_spec *spec, uint8_t room[TICKET_ROOM])
{
    uint8_t plain[TICKET_ROOM], cipher[TICKET_ROOM + KRB_OVERHEAD_MAX];
    struct der_writer part = der_writer_over(plain, sizeof plain), out = der_writer_over(room, TICKET_ROOM);
    struct krb_encrypted sealed;

    part_put(&part, spec);
    sealed = seal(&spec->key, KRB_USAGE_TICKET, der_writer_result(&part), cipher);
    sealed.has_kvno = spec->has_version;
    sealed.kvno = spec->key.version;
    krb_encrypted_encode(&out, &sealed);
    der_put_header(&out, DER_CONTEXT | 3, 0);
    name_put(&out, 2, spec->service);
    realm_put(&out, 1, spec->service_realm);
    der_put_context_integer(&out, 0, KRB_PVNO);
    der_put_header(&out, DER_SEQUENCE, 0);
    der_put_header(&out, DER_APPLICATION | 1, 0);
    return settle(&out, room);
}

static struct bytes checksum_make(const struct authenticator_spec *spec, uint8_t *room, size_t size)
{
    const struct krb_gss_checksum value = {
        .flags = spec->gss_flags,
        .bindings = bytes_of(spec->bindings, sizeof spec->bindings),
        .delegated = spec->delegated,
    };
    struct der_writer out = der_writer_over(room, size);

    if (spec->checksum.size)
        return spec->checksum;
    krb_gss_checksum_encode(&out, &value);
    return der_writer_result(&out);
}

static struct bytes options_make(const struct authenticator_spec *spec, uint8_t *room, size_t size)
{
    uint8_t wide[512];
    struct krb_client_options options = {.options = spec->client_options};
    struct der_writer out = der_writer_over(room, size);

    if (!spec->client_options && !spec->target)
        return (struct bytes){0};
    for (size_t i = 0; spec->target && spec->target[i]; i++) {
        wide[2 * i] = (uint8_t)spec->target[i];
        wide[2 * i + 1] = 0;
        options.target = bytes_of(wide, 2 * i + 2);
    }
    krb_client_options_encode(&out, &options);
    return der_writer_result(&out);
}

struct bytes ap_req_make(const struct ticket_spec *ticket, const struct authenticator_spec *spec,
                         uint8_t room[TICKET_ROOM])
{
    uint8_t whole[TICKET_ROOM], plain[TICKET_ROOM], cipher[TICKET_ROOM + KRB_OVERHEAD_MAX], checksum[4096], options[2048];
    const char *realm = spec->client_realm ? spec->client_realm : ticket->client_realm;
    struct krb_authenticator authenticator = {
        .client_realm = bytes_of(realm, strlen(realm)),
        .client = name_of(spec->client ? spec->client : ticket->client),
        .has_checksum = spec->has_checksum,
        .checksum_type = spec->checksum_type,
        .checksum = checksum_make(spec, checksum, sizeof checksum),
        .microseconds = spec->microseconds,
        .time = spec->time,
        .has_subkey = spec->has_subkey,
        .subkey = {spec->subkey.etype, bytes_of(spec->subkey.value, spec->subkey.size)},
        .has_sequence = spec->has_sequence,
        .sequence = spec->sequence,
        .authorization_data = options_make(spec, options, sizeof options),
    };
    struct bytes ticket_bytes = ticket_make(ticket, whole);
    struct der_writer part = der_writer_over(plain, sizeof plain), out = der_writer_over(room, TICKET_ROOM);
    struct krb_encrypted sealed;

    krb_authenticator_encode(&part, &authenticator);
    sealed = seal(spec->seal_with ? spec->seal_with : &ticket->session, KRB_USAGE_AUTHENTICATOR, der_writer_result(&part),
                  cipher);
    krb_ap_req_encode(&out, spec->ap_options, ticket_bytes, &sealed);
    if (spec->framed)
        krb_frame_close(&out, KRB_TOKEN_AP_REQ);
    return settle(&out, room);
}

/* ---- PAC ---- */

void pac_spec_usual(struct pac_spec *spec, const struct ticket_spec *ticket)
{
    *spec = (struct pac_spec){
        .client = ticket->client,
        .auth_time = ticket->auth_time,
        .user = "alice",
        .domain = "EXAMPLE",
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
    writer_zeros(out, 8);                    /* LogonTime */
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

/* The five buffers, each at a multiple of 8; signatures of zeroes for now. */
static void buffers_put(struct writer *out, const struct pac_spec *spec, const struct krb_etype *etype,
                        struct pac_buffer buffers[5])
{
    static const uint32_t types[5] = {1, 10, 12, 6, 7};

    for (size_t i = 0; i < 5; i++) {
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
            writer_u16le(out, 2 * 18);
            writer_u16le(out, 12);
            writer_u16le(out, 2 * 12);
            writer_u16le(out, 12 + 36);
            writer_u32le(out, 0);
            wide_put(out, "alice@example.test");
            wide_put(out, "EXAMPLE.TEST");
        } else {
            writer_u32le(out, (uint32_t)(types[i] == 6 && spec->signature_type ? spec->signature_type : etype->checksum));
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
    const size_t first = spec->no_logon_info ? 1 : 0;
    struct pac_buffer buffers[5];
    uint8_t mac[KRB_MAC_MAX];
    struct bytes whole;

    writer_zeros(&out, 8 + 16 * (5 - first));
    buffers_put(&out, spec, key.etype, buffers);
    if (!writer_ok(&out))
        abort();
    header_put(room, buffers + first, 5 - first);
    whole = bytes_of(room, out.used);
    if (!krb_checksum(&key, KRB_USAGE_PAC, &whole, 1, mac))
        abort();
    memcpy(room + buffers[3].offset + 4, mac, key.etype->checksum_size);
    memset(room + buffers[4].offset + 4, 0x5A, key.etype->checksum_size);
    return whole;
}

/* ---- Files ---- */

static void counted_put(struct writer *out, const char *text, size_t size)
{
    writer_u16be(out, (uint16_t)size);
    writer_bytes(out, bytes_of(text, size));
}

static void keytab_entry_put(struct writer *out, const struct ticket_spec *spec)
{
    const struct krb_name name = name_of(spec->service);

    writer_u16be(out, (uint16_t)name.count);
    counted_put(out, spec->service_realm, strlen(spec->service_realm));
    for (size_t i = 0; i < name.count; i++)
        counted_put(out, (const char *)name.parts[i].data, name.parts[i].size);
    writer_u32be(out, 1);
    writer_u32be(out, 0);
    writer_u8(out, (uint8_t)spec->key.version);
    writer_u16be(out, (uint16_t)spec->key.etype);
    counted_put(out, (const char *)spec->key.value, spec->key.size);
    writer_u32be(out, spec->key.version);
}

struct bytes keytab_make(const struct ticket_spec *specs, size_t count, uint8_t room[TICKET_ROOM])
{
    struct writer out = writer_over(room, TICKET_ROOM);

    writer_u16be(&out, 0x0502);
    for (size_t i = 0; i < count; i++) {
        uint8_t entry[1024];
        struct writer inner = writer_over(entry, sizeof entry);

        keytab_entry_put(&inner, &specs[i]);
        if (!writer_ok(&inner))
            abort();
        writer_u32be(&out, (uint32_t)inner.used);
        writer_bytes(&out, bytes_of(entry, inner.used));
    }
    if (!writer_ok(&out))
        abort();
    return bytes_of(room, out.used);
}

static void long_counted_put(struct writer *out, struct bytes text)
{
    writer_u32be(out, (uint32_t)text.size);
    writer_bytes(out, text);
}

static void principal_put(struct writer *out, const char *text, const char *realm)
{
    const struct krb_name name = name_of(text);

    writer_u32be(out, (uint32_t)name.type);
    writer_u32be(out, (uint32_t)name.count);
    long_counted_put(out, bytes_of(realm, strlen(realm)));
    for (size_t i = 0; i < name.count; i++)
        long_counted_put(out, name.parts[i]);
}

static uint32_t unix_time(int64_t filetime)
{
    return (uint32_t)(filetime / CLOCK_TICKS_PER_SECOND - INT64_C(11644473600));
}

static void cached_put(struct writer *out, const struct ticket_spec *spec)
{
    uint8_t room[TICKET_ROOM];

    principal_put(out, spec->client, spec->client_realm);
    principal_put(out, spec->service, spec->service_realm);
    writer_u16be(out, (uint16_t)spec->session.etype);
    long_counted_put(out, bytes_of(spec->session.value, spec->session.size));
    writer_u32be(out, unix_time(spec->auth_time));
    writer_u32be(out, unix_time(spec->start));
    writer_u32be(out, unix_time(spec->end));
    writer_u32be(out, 0);
    writer_u8(out, 0);
    writer_u32be(out, spec->flags);
    writer_u32be(out, 0);
    writer_u32be(out, 0);
    long_counted_put(out, ticket_make(spec, room));
    writer_u32be(out, 0);
}

struct bytes ticket_cache_make(const struct ticket_spec *specs, size_t count, uint8_t room[TICKET_ROOM])
{
    struct writer out = writer_over(room, TICKET_ROOM);

    writer_u16be(&out, 0x0504);
    writer_u16be(&out, 0);
    principal_put(&out, specs[0].client, specs[0].client_realm);
    for (size_t i = 0; i < count; i++)
        cached_put(&out, &specs[i]);
    if (!writer_ok(&out))
        abort();
    return bytes_of(room, out.used);
}
