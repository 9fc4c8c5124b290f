/*
 * NEGOTIATE, CHALLENGE and AUTHENTICATE messages ([MS-NLMP] 2.2.1), the first thing that a token meets.
 * Payload is located by offset alone and must lie behind the fixed part; MaxLen is ignored; padding is allowed.
 */
#include <string.h>

#include "ntlm/ntlm.h"

static const uint8_t signature[8] = "NTLMSSP";

enum { TYPE_NEGOTIATE = 1, TYPE_CHALLENGE = 2, TYPE_AUTHENTICATE = 3 };

/* Smallest fixed parts: old peers leave out Version, and a CHALLENGE without TargetInfo its fields too. */
enum { NEGOTIATE_FIXED = 32, CHALLENGE_FIXED = 32, CHALLENGE_INFO_FIXED = 48, AUTHENTICATE_FIXED = 64 };
enum { NEGOTIATE_SIZE = 40, CHALLENGE_SIZE = 56, AUTHENTICATE_SIZE = 72 };

struct field {
    uint16_t size;
    uint32_t offset;
};

static bool header_read(struct cursor *in, uint32_t type)
{
    struct bytes start;
    uint32_t found;

    return cursor_take(in, sizeof signature, &start) && memcmp(start.data, signature, sizeof signature) == 0
           && cursor_u32le(in, &found) && found == type;
}

static bool field_read(struct cursor *in, struct field *field)
{
    return cursor_u16le(in, &field->size) && cursor_skip(in, 2) /* MaxLen */ && cursor_u32le(in, &field->offset);
}

/* An empty field may have any offset. */
static bool field_view(struct bytes message, struct field field, size_t fixed, struct bytes *out)
{
    *out = (struct bytes){0};
    return field.size == 0 || (field.offset >= fixed && bytes_slice(message, field.offset, field.size, out));
}

/* Version is there when the message is long enough and the flags say so. */
static void version_read(struct cursor *in, uint32_t flags, uint64_t *version)
{
    if (!(flags & NTLM_VERSION) || !cursor_u64le(in, version))
        *version = 0;
}

/* 2.2.1.1. The names count only when their flags are set. */
bool ntlm_negotiate_decode(struct bytes message, struct ntlm_negotiate *out)
{
    struct cursor in = cursor_over(message);
    struct field domain = {0}, workstation = {0};
    bool named;

    *out = (struct ntlm_negotiate){0};
    if (!header_read(&in, TYPE_NEGOTIATE) || !cursor_u32le(&in, &out->flags))
        return false;
    named = field_read(&in, &domain) && field_read(&in, &workstation);
    if (!named)
        return (out->flags & (NTLM_OEM_DOMAIN_SUPPLIED | NTLM_OEM_WORKSTATION_SUPPLIED)) == 0;
    version_read(&in, out->flags, &out->version);
    if ((out->flags & NTLM_OEM_DOMAIN_SUPPLIED) && !field_view(message, domain, NEGOTIATE_FIXED, &out->domain))
        return false;
    return !(out->flags & NTLM_OEM_WORKSTATION_SUPPLIED)
           || field_view(message, workstation, NEGOTIATE_FIXED, &out->workstation);
}

/* 2.2.1.2. */
bool ntlm_challenge_decode(struct bytes message, struct ntlm_challenge *out)
{
    struct cursor in = cursor_over(message);
    struct field name, info = {0};

    *out = (struct ntlm_challenge){0};
    if (!header_read(&in, TYPE_CHALLENGE) || !field_read(&in, &name) || !cursor_u32le(&in, &out->flags)
        || !cursor_copy(&in, out->server_challenge, sizeof out->server_challenge))
        return false;
    if (!(out->flags & NTLM_TARGET_INFO))
        return field_view(message, name, CHALLENGE_FIXED, &out->target_name);
    if (!cursor_skip(&in, 8) /* Reserved */ || !field_read(&in, &info))
        return false;
    version_read(&in, out->flags, &out->version);
    return field_view(message, name, CHALLENGE_INFO_FIXED, &out->target_name)
           && field_view(message, info, CHALLENGE_INFO_FIXED, &out->target_info);
}

/* 2.2.1.3. Whether 16 bytes at NTLM_MIC_OFFSET are a MIC or payload, only the AV pairs in `nt` tell. */
bool ntlm_authenticate_decode(struct bytes message, struct ntlm_authenticate *out)
{
    struct cursor in = cursor_over(message);
    struct field lm, nt, domain, user, workstation, session_key;
    const size_t fixed = AUTHENTICATE_FIXED;

    *out = (struct ntlm_authenticate){0};
    if (!header_read(&in, TYPE_AUTHENTICATE) || !field_read(&in, &lm) || !field_read(&in, &nt)
        || !field_read(&in, &domain) || !field_read(&in, &user) || !field_read(&in, &workstation)
        || !field_read(&in, &session_key) || !cursor_u32le(&in, &out->flags))
        return false;
    version_read(&in, out->flags, &out->version);
    return field_view(message, lm, fixed, &out->lm) && field_view(message, nt, fixed, &out->nt)
           && field_view(message, domain, fixed, &out->domain) && field_view(message, user, fixed, &out->user)
           && field_view(message, workstation, fixed, &out->workstation)
           && field_view(message, session_key, fixed, &out->session_key);
}

static void header_write(struct writer *out, uint32_t type)
{
    writer_bytes(out, bytes_of(signature, sizeof signature));
    writer_u32le(out, type);
}

/* Announces `value` at `*offset` and moves the offset behind it. */
static void field_write(struct writer *out, struct bytes value, size_t *offset)
{
    writer_u16le(out, (uint16_t)value.size);
    writer_u16le(out, (uint16_t)value.size);
    writer_u32le(out, (uint32_t)*offset);
    *offset += value.size;
}

void ntlm_negotiate_encode(const struct ntlm_negotiate *message, struct writer *out)
{
    const bool named = (message->flags & (NTLM_OEM_DOMAIN_SUPPLIED | NTLM_OEM_WORKSTATION_SUPPLIED)) != 0;
    size_t offset = named ? NEGOTIATE_SIZE : 0;

    header_write(out, TYPE_NEGOTIATE);
    writer_u32le(out, message->flags);
    field_write(out, message->domain, &offset);
    field_write(out, message->workstation, &offset);
    writer_u64le(out, message->version);
    writer_bytes(out, message->domain);
    writer_bytes(out, message->workstation);
}

void ntlm_challenge_encode(const struct ntlm_challenge *message, struct writer *out)
{
    size_t offset = CHALLENGE_SIZE;

    header_write(out, TYPE_CHALLENGE);
    field_write(out, message->target_name, &offset);
    writer_u32le(out, message->flags);
    writer_bytes(out, bytes_of(message->server_challenge, sizeof message->server_challenge));
    writer_zeros(out, 8);
    field_write(out, message->target_info, &offset);
    writer_u64le(out, message->version);
    writer_bytes(out, message->target_name);
    writer_bytes(out, message->target_info);
}

void ntlm_authenticate_encode(const struct ntlm_authenticate *message, bool with_mic, struct writer *out)
{
    const size_t payload = AUTHENTICATE_SIZE + (with_mic ? NTLM_MIC_SIZE : 0);
    size_t names = payload;
    size_t responses = payload + message->domain.size + message->user.size + message->workstation.size;

    header_write(out, TYPE_AUTHENTICATE);
    field_write(out, message->lm, &responses);
    field_write(out, message->nt, &responses);
    field_write(out, message->domain, &names);
    field_write(out, message->user, &names);
    field_write(out, message->workstation, &names);
    field_write(out, message->session_key, &responses);
    writer_u32le(out, message->flags);
    writer_u64le(out, message->version);
    writer_zeros(out, with_mic ? NTLM_MIC_SIZE : 0);
    writer_bytes(out, message->domain);
    writer_bytes(out, message->user);
    writer_bytes(out, message->workstation);
    writer_bytes(out, message->lm);
    writer_bytes(out, message->nt);
    writer_bytes(out, message->session_key);
}
