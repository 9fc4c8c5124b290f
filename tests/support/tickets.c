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

void (*ticket_tamper)(enum ticket_part part, uint8_t *plain, size_t *size, size_t room);

/* What was written, at the start of the room and as the fuzzer wants it. */
static struct bytes tampered(enum ticket_part part, struct bytes content, uint8_t *room, size_t size)
{
    size_t used = content.size;

    memmove(room, content.data, used);
    if (ticket_tamper)
        ticket_tamper(part, room, &used, size);
    return bytes_of(room, used);
}

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
    sealed = seal(&spec->key, KRB_USAGE_TICKET,
                  tampered(TICKET_PART_TICKET, der_writer_result(&part), plain, sizeof plain), cipher);
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
    uint8_t whole[TICKET_ROOM], plain[TICKET_ROOM], cipher[TICKET_ROOM + KRB_OVERHEAD_MAX], checksum[4096],
        options[2048];
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
    sealed = seal(spec->seal_with ? spec->seal_with : &ticket->session, KRB_USAGE_AUTHENTICATOR,
                  tampered(TICKET_PART_AUTHENTICATOR, der_writer_result(&part), plain, sizeof plain), cipher);
    krb_ap_req_encode(&out, spec->ap_options, ticket_bytes, &sealed);
    if (spec->framed)
        krb_frame_close(&out, KRB_TOKEN_AP_REQ);
    return tampered(TICKET_PART_MESSAGE, settle(&out, room), room, TICKET_ROOM);
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
