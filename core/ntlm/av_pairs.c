/*
 * AV pairs ([MS-NLMP] 2.2.2.1), which a CHALLENGE carries as TargetInfo and an NTLMv2 response repeats,
 * and the response itself (2.2.2.7, 2.2.2.8). Order is free, EOL comes last, values are not aligned.
 */
#include <string.h>

#include "ntlm/ntlm.h"

static bool pair_read(struct cursor *in, uint16_t *id, struct bytes *value)
{
    uint16_t size;

    return cursor_u16le(in, id) && cursor_u16le(in, &size) && cursor_take(in, size, value);
}

/* The pairs of fixed size; everything else is text or opaque. */
static bool pair_store(struct ntlm_av_pairs *out, uint16_t id, struct bytes value)
{
    struct cursor in = cursor_over(value);

    if (out->present[id])
        return false;
    out->present[id] = true;
    out->value[id] = value;
    if (id == NTLM_AV_FLAGS)
        return cursor_u32le(&in, &out->flags) && cursor_at_end(&in);
    if (id == NTLM_AV_TIMESTAMP)
        return cursor_u64le(&in, &out->timestamp) && cursor_at_end(&in);
    return id != NTLM_AV_BINDINGS || value.size == 16;
}

bool ntlm_av_decode(struct bytes list, struct ntlm_av_pairs *out)
{
    struct cursor in = cursor_over(list);
    struct bytes value;
    uint16_t id;

    *out = (struct ntlm_av_pairs){0};
    while (pair_read(&in, &id, &value)) {
        if (id == NTLM_AV_EOL)
            return value.size == 0;
        if (id < NTLM_AV_COUNT && !pair_store(out, id, value))
            return false;
    }
    return false;
}

void ntlm_av_write(struct writer *out, enum ntlm_av_id id, struct bytes value)
{
    writer_u16le(out, (uint16_t)id);
    writer_u16le(out, (uint16_t)value.size);
    writer_bytes(out, value);
}

static bool only_client_writes(uint16_t id)
{
    return id == NTLM_AV_FLAGS || id == NTLM_AV_SINGLE_HOST || id == NTLM_AV_TARGET_NAME || id == NTLM_AV_BINDINGS;
}

void ntlm_av_write_repeated(struct writer *out, struct bytes list)
{
    struct cursor in = cursor_over(list);
    struct bytes value;
    uint16_t id;

    while (pair_read(&in, &id, &value) && id != NTLM_AV_EOL) {
        if (only_client_writes(id))
            continue;
        writer_u16le(out, id);
        writer_u16le(out, (uint16_t)value.size);
        writer_bytes(out, value);
    }
}

bool ntlm_av_repeated(const struct ntlm_av_pairs *sent, const struct ntlm_av_pairs *answered)
{
    for (size_t id = 0; id < NTLM_AV_COUNT; id++) {
        const struct bytes *a = &sent->value[id], *b = &answered->value[id];

        if (!sent->present[id])
            continue;
        if (!answered->present[id] || a->size != b->size)
            return false;
        if (a->size && memcmp(a->data, b->data, a->size) != 0)
            return false;
    }
    return true;
}

/* NTProofStr, then NTLMv2_CLIENT_CHALLENGE. Bytes behind the EOL belong to `temp`, and so to the proof. */
bool ntlm_v2_response_decode(struct bytes response, struct ntlm_v2_response *out)
{
    struct cursor in = cursor_over(response);
    uint8_t version, highest;

    *out = (struct ntlm_v2_response){0};
    if (!cursor_take(&in, 16, &out->proof))
        return false;
    out->temp = in.rest;
    return cursor_u8(&in, &version) && version == 1 && cursor_u8(&in, &highest) && highest == 1
           && cursor_skip(&in, 6) /* Reserved */ && cursor_u64le(&in, &out->time)
           && cursor_take(&in, NTLM_CHALLENGE_SIZE, &out->client_challenge) && cursor_skip(&in, 4) /* Reserved */
           && ntlm_av_decode(in.rest, &out->av);
}
