/*
 * The three messages: vectors both ways, truncation at every length, and every field at every edge.
 */
#include "support_ntlm.h"
#include "vectors.h"

static uint8_t negotiate[64], challenge[256], authenticate[512];
static size_t negotiate_size, challenge_size, authenticate_size;

static void load(void)
{
    negotiate_size = test_hex(E_NEGOTIATE, negotiate, sizeof negotiate);
    challenge_size = test_hex(E_CHALLENGE, challenge, sizeof challenge);
    authenticate_size = test_hex(E_AUTHENTICATE, authenticate, sizeof authenticate);
}

static void is_text(struct bytes field, const char *text)
{
    cr_assert_eq(field.size, 2 * strlen(text));
    for (size_t i = 0; text[i]; i++)
        cr_assert(field.data[2 * i] == (uint8_t)text[i] && field.data[2 * i + 1] == 0);
}

Test(ntlm_message, negotiate_decodes, .init = load)
{
    struct ntlm_negotiate message;

    cr_assert(ntlm_negotiate_decode(bytes_of(negotiate, negotiate_size), &message));
    cr_assert_eq(message.flags, 0xe2088297);
    cr_assert_eq(message.version, UINT64_C(0x0f0000004563000a));
    cr_assert_eq(message.domain.size, 0);
    cr_assert_eq(message.workstation.size, 0);
}

Test(ntlm_message, challenge_decodes, .init = load)
{
    struct ntlm_challenge message;
    struct ntlm_av_pairs av;

    cr_assert(ntlm_challenge_decode(bytes_of(challenge, challenge_size), &message));
    cr_assert_eq(message.flags, 0xe2898215);
    cr_assert_eq(message.version, NTLM_OUR_VERSION);
    cr_assert_eq(message.server_challenge[7], 0xef);
    is_text(message.target_name, "Domain");
    cr_assert(ntlm_av_decode(message.target_info, &av));
    is_text(av.value[NTLM_AV_NB_COMPUTER], "Server");
    is_text(av.value[NTLM_AV_NB_DOMAIN], "Domain");
    is_text(av.value[NTLM_AV_DNS_COMPUTER], "server.domain.example");
    is_text(av.value[NTLM_AV_DNS_DOMAIN], "domain.example");
    cr_assert_eq(av.timestamp, (uint64_t)E_TIMESTAMP);
    cr_assert_not(av.present[NTLM_AV_FLAGS]);
}

Test(ntlm_message, authenticate_decodes, .init = load)
{
    struct ntlm_authenticate message;
    struct ntlm_v2_response response;
    uint8_t expected[16];

    cr_assert(ntlm_authenticate_decode(bytes_of(authenticate, authenticate_size), &message));
    cr_assert_eq(message.flags, 0xe2888215);
    is_text(message.user, "User");
    is_text(message.domain, "Domain");
    is_text(message.workstation, "COMPUTER");
    cr_assert_eq(message.lm.size, 24);
    test_hex(E_ENCRYPTED_KEY, expected, 16);
    cr_assert_eq(message.session_key.size, 16);
    assert_mem_eq(message.session_key.data, expected, 16);
    cr_assert(ntlm_v2_response_decode(message.nt, &response));
    test_hex(E_PROOF, expected, 16);
    assert_mem_eq(response.proof.data, expected, 16);
    cr_assert_eq(response.time, (uint64_t)E_TIMESTAMP);
    cr_assert_eq(response.av.flags, NTLM_AV_FLAG_MIC);
    is_text(response.av.value[NTLM_AV_TARGET_NAME], E_TARGET);
    test_hex(E_BINDINGS_MD5, expected, 16);
    assert_mem_eq(response.av.value[NTLM_AV_BINDINGS].data, expected, 16);
}

Test(ntlm_message, encoders_give_the_same_bytes, .init = load)
{
    struct ntlm_negotiate n;
    struct ntlm_challenge c;
    struct ntlm_authenticate a;
    uint8_t out[512];
    struct writer writer = writer_over(out, sizeof out);

    cr_assert(ntlm_negotiate_decode(bytes_of(negotiate, negotiate_size), &n));
    ntlm_negotiate_encode(&n, &writer);
    cr_assert_eq(writer.used, negotiate_size);
    assert_mem_eq(out, negotiate, negotiate_size);

    writer = writer_over(out, sizeof out);
    cr_assert(ntlm_challenge_decode(bytes_of(challenge, challenge_size), &c));
    ntlm_challenge_encode(&c, &writer);
    cr_assert_eq(writer.used, challenge_size);
    assert_mem_eq(out, challenge, challenge_size);

    writer = writer_over(out, sizeof out);
    cr_assert(ntlm_authenticate_decode(bytes_of(authenticate, authenticate_size), &a));
    ntlm_authenticate_encode(&a, true, &writer);
    cr_assert_eq(writer.used, authenticate_size);
    memcpy(out + NTLM_MIC_OFFSET, authenticate + NTLM_MIC_OFFSET, NTLM_MIC_SIZE);
    assert_mem_eq(out, authenticate, authenticate_size);
}

Test(ntlm_message, negotiate_with_names)
{
    const struct ntlm_negotiate named = {.flags = NTLM_OEM | NTLM_OEM_DOMAIN_SUPPLIED | NTLM_OEM_WORKSTATION_SUPPLIED,
                                         .domain = {(const uint8_t *)"DOMAIN", 6},
                                         .workstation = {(const uint8_t *)"HOST", 4}};
    struct ntlm_negotiate read;
    uint8_t out[64];
    struct writer writer = writer_over(out, sizeof out);

    ntlm_negotiate_encode(&named, &writer);
    cr_assert_eq(writer.used, 50);
    cr_assert(ntlm_negotiate_decode(bytes_of(out, writer.used), &read));
    assert_mem_eq(read.domain.data, "DOMAIN", 6);
    assert_mem_eq(read.workstation.data, "HOST", 4);
    for (size_t size = 0; size < writer.used; size++)
        cr_assert_not(ntlm_negotiate_decode(bytes_of(out, size), &read), "%zu bytes", size);
}

/* Old clients stop after the flags, or before the version. */
Test(ntlm_message, short_negotiate_forms, .init = load)
{
    struct ntlm_negotiate message;

    for (size_t size = 0; size <= negotiate_size; size++)
        cr_assert_eq(ntlm_negotiate_decode(bytes_of(negotiate, size), &message), size >= 16, "%zu bytes", size);
}

Test(ntlm_message, challenge_truncated, .init = load)
{
    struct ntlm_challenge message;

    for (size_t size = 0; size < challenge_size; size++)
        cr_assert_not(ntlm_challenge_decode(bytes_of(challenge, size), &message), "%zu bytes", size);
}

/* Windows NT's form has no target information at all. */
Test(ntlm_message, challenge_without_target_info, .init = load)
{
    struct ntlm_challenge message;

    rig_put_u32(challenge + 20, 0x00000201);
    rig_put_u16(challenge + 12, 0);
    cr_assert(ntlm_challenge_decode(bytes_of(challenge, 32), &message));
    cr_assert_eq(message.target_info.size, 0);
    cr_assert_not(ntlm_challenge_decode(bytes_of(challenge, 31), &message));
}

Test(ntlm_message, authenticate_truncated, .init = load)
{
    struct ntlm_authenticate message;

    for (size_t size = 0; size < authenticate_size; size++)
        cr_assert_not(ntlm_authenticate_decode(bytes_of(authenticate, size), &message), "%zu bytes", size);
}

Test(ntlm_message, wrong_signature_or_type, .init = load)
{
    struct ntlm_negotiate n;
    struct ntlm_challenge c;
    struct ntlm_authenticate a;

    for (size_t i = 0; i < 12; i++) {
        negotiate[i] ^= 1, challenge[i] ^= 1, authenticate[i] ^= 1;
        cr_assert_not(ntlm_negotiate_decode(bytes_of(negotiate, negotiate_size), &n));
        cr_assert_not(ntlm_challenge_decode(bytes_of(challenge, challenge_size), &c));
        cr_assert_not(ntlm_authenticate_decode(bytes_of(authenticate, authenticate_size), &a));
        negotiate[i] ^= 1, challenge[i] ^= 1, authenticate[i] ^= 1;
    }
}

struct edges {
    uint8_t *message;
    size_t size, fixed, place;
    bool (*decode)(struct bytes message, struct bytes *field, size_t place);
};

/* Offsets and lengths around every border; the answer is worked out with 64-bit numbers. */
static void edges_try(const struct edges *edges)
{
    const size_t n = edges->size;
    const uint64_t offsets[] = {0, edges->fixed - 1, edges->fixed, n - 1, n, n + 1, 0x7fffffff, 0xfffffff0, 0xffffffff};
    const uint64_t sizes[] = {0, 1, 2, n - edges->fixed, n - edges->fixed + 1, n, 0x7fff, 0xffff};
    struct bytes field;

    for (size_t o = 0; o < sizeof offsets / sizeof *offsets; o++) {
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            const uint64_t offset = offsets[o], size = sizes[s] & 0xffff;
            const bool inside = size == 0 || (offset >= edges->fixed && offset + size <= n);

            rig_put_u16(edges->message + edges->place, (uint16_t)size);
            rig_put_u32(edges->message + edges->place + 4, (uint32_t)offset);
            cr_assert_eq(edges->decode(bytes_of(edges->message, n), &field, edges->place), inside,
                         "field %zu, offset %llu, size %llu", edges->place, (unsigned long long)offset,
                         (unsigned long long)size);
            if (inside && size)
                cr_assert(field.data == edges->message + offset && field.size == size);
        }
    }
}

static bool negotiate_field(struct bytes message, struct bytes *field, size_t place)
{
    struct ntlm_negotiate out;
    bool ok = ntlm_negotiate_decode(message, &out);

    *field = place == 16 ? out.domain : out.workstation;
    return ok;
}

static bool challenge_field(struct bytes message, struct bytes *field, size_t place)
{
    struct ntlm_challenge out;
    bool ok = ntlm_challenge_decode(message, &out);

    *field = place == 12 ? out.target_name : out.target_info;
    return ok;
}

static bool authenticate_field(struct bytes message, struct bytes *field, size_t place)
{
    struct ntlm_authenticate out;
    bool ok = ntlm_authenticate_decode(message, &out);
    const struct bytes fields[] = {out.lm, out.nt, out.domain, out.user, out.workstation, out.session_key};

    *field = fields[(place - 12) / 8];
    return ok;
}

Test(ntlm_message, every_field_at_every_edge, .init = load)
{
    uint8_t copy[512];

    rig_put_u32(negotiate + 12, 0xe2088297 | NTLM_OEM_DOMAIN_SUPPLIED | NTLM_OEM_WORKSTATION_SUPPLIED);
    for (size_t place = 16; place <= 24; place += 8) {
        memcpy(copy, negotiate, negotiate_size);
        edges_try(&(struct edges){copy, negotiate_size, 32, place, negotiate_field});
    }
    for (size_t place = 12; place <= 40; place += 28) {
        memcpy(copy, challenge, challenge_size);
        edges_try(&(struct edges){copy, challenge_size, 48, place, challenge_field});
    }
    for (size_t place = 12; place <= 52; place += 8) {
        memcpy(copy, authenticate, authenticate_size);
        edges_try(&(struct edges){copy, authenticate_size, 64, place, authenticate_field});
    }
}
