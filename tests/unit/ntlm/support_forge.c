/*
 * The forge of support_forge.h: builds each message by hand from the keys of keys.c.
 */
#include "support_forge.h"

#include "base/utf.h"

static const uint8_t client_challenge[8] = {1, 2, 3, 4, 5, 6, 7, 8};

/* Everything while one message is made. */
struct work {
    const struct rig *rig;
    const struct forge *forge;
    struct ntlm_challenge challenge;
    uint32_t flags;
    uint8_t user[128], domain[128], hashed[256], temp[2048], lm[24], sealed_key[32];
    size_t user_size, domain_size, hashed_size;
    uint8_t nt[2048];
    size_t nt_size;
    uint8_t key_exchange_key[16], session_key[16];
};

static size_t text(const char *utf8, uint8_t *out, size_t room, bool upper)
{
    uint8_t *wide;
    size_t size;

    assert_status(utf16le_from_utf8(bytes_of(utf8, strlen(utf8)), &wide, &size), SEC_E_OK);
    cr_assert_leq(size, room);
    if (upper)
        utf16le_uppercase(wide, size);
    memcpy(out, wide, size);
    mem_free(wide);
    return size;
}

static const char *or_default(const char *given, const char *otherwise)
{
    return given ? given : otherwise;
}

static void av_list(const struct work *work, struct writer *out)
{
    const struct forge *forge = work->forge;
    static const uint8_t zeros[16];
    uint8_t number[4], target[128];

    if (!forge->no_timestamp)
        writer_bytes(out, bytes_of(work->challenge.target_info.data, work->challenge.target_info.size - 4));
    if (forge->mic_bit || forge->av_flags) {
        rig_put_u32(number, forge->av_flags | (forge->mic_bit ? NTLM_AV_FLAG_MIC : 0));
        ntlm_av_write(out, NTLM_AV_FLAGS, bytes_of(number, 4));
    }
    if (forge->bindings != FORGE_NO_BINDINGS)
        ntlm_av_write(out, NTLM_AV_BINDINGS,
                      bytes_of(forge->bindings == FORGE_BINDINGS ? forge->bindings_hash : zeros, 16));
    if (forge->target)
        ntlm_av_write(out, NTLM_AV_TARGET_NAME, bytes_of(target, text(forge->target, target, sizeof target, false)));
    if (forge->target_malformed)
        ntlm_av_write(out, NTLM_AV_TARGET_NAME, bytes_of(zeros, 1));
    ntlm_av_write(out, NTLM_AV_EOL, (struct bytes){0});
    writer_zeros(out, forge->trailing);
}

static void answer_v2(struct work *work, const uint8_t nt_hash[16])
{
    const struct forge *forge = work->forge;
    struct writer temp = writer_over(work->temp, sizeof work->temp);
    const struct bytes user = bytes_of(work->hashed, work->user_size);
    const struct bytes domain = bytes_of(work->hashed + work->user_size, work->hashed_size - work->user_size);
    uint8_t ntowf[16];

    writer_u16le(&temp, 0x0101);
    writer_zeros(&temp, 6);
    writer_u64le(&temp, (uint64_t)(forge->time ? forge->time : clock_now()));
    writer_bytes(&temp, bytes_of(client_challenge, 8));
    writer_zeros(&temp, 4);
    av_list(work, &temp);
    cr_assert(writer_ok(&temp));
    cr_assert(ntlm_ntowf_v2(nt_hash, user, domain, ntowf));
    cr_assert(ntlm_v2_proof(ntowf, work->challenge.server_challenge, bytes_of(work->temp, temp.used), work->nt));
    memcpy(work->nt + 16, work->temp, temp.used);
    work->nt_size = 16 + temp.used;
    cr_assert(ntlm_v2_session_key(ntowf, work->nt, work->key_exchange_key));
    cr_assert(ntlm_v2_proof(ntowf, work->challenge.server_challenge, bytes_of(client_challenge, 8), work->lm));
    memcpy(work->lm + 16, client_challenge, 8);
}

static void answer_v1(struct work *work, const uint8_t nt_hash[16])
{
    uint8_t base_key[16];

    memcpy(work->lm, client_challenge, 8);
    cr_assert(ntlm_v1_response(nt_hash, work->flags, work->challenge.server_challenge, client_challenge, work->nt));
    work->nt_size = 24;
    cr_assert(ntlm_v1_session_key(nt_hash, base_key));
    cr_assert(ntlm_v1_key_exchange_key(work->flags, base_key, work->challenge.server_challenge, work->lm, NULL,
                                       work->key_exchange_key));
}

static void names(struct work *work)
{
    const struct forge *forge = work->forge;
    const char *user = or_default(forge->user, "User"), *domain = or_default(forge->domain, "Domain");

    work->user_size = text(user, work->hashed, sizeof work->user, true);
    work->hashed_size =
        work->user_size
        + text(or_default(forge->hashed_domain, domain), work->hashed + work->user_size, sizeof work->domain, false);
    text(user, work->user, sizeof work->user, false);
    work->domain_size = text(domain, work->domain, sizeof work->domain, false);
}

/* In OEM every name here is ASCII. */
static struct bytes on_wire(const struct work *work, uint8_t *wide, size_t size)
{
    if (work->flags & NTLM_UNICODE)
        return bytes_of(wide, size);
    for (size_t i = 0; i < size / 2; i++)
        wide[i] = wide[2 * i];
    return bytes_of(wide, size / 2);
}

static struct ntlm_authenticate message_of(struct work *work)
{
    const struct forge *forge = work->forge;
    const bool exchange = (work->flags & NTLM_KEY_EXCH) != 0;

    return (struct ntlm_authenticate){
        .flags = work->flags,
        .lm = bytes_of(work->lm, sizeof work->lm),
        .nt = bytes_of(work->nt, forge->lm_only ? 0 : work->nt_size),
        .user = on_wire(work, work->user, work->user_size),
        .domain = on_wire(work, work->domain, work->domain_size),
        .session_key = bytes_of(work->sealed_key, forge->key_size == 99 ? 0
                                                  : forge->key_size     ? forge->key_size
                                                  : exchange            ? 16
                                                                        : 0),
    };
}

static void keys_finish(struct work *work)
{
    memset(work->session_key, 0x77, sizeof work->session_key);
    if (work->flags & NTLM_KEY_EXCH)
        cr_assert(rc4_once(bytes_of(work->key_exchange_key, 16), work->session_key, work->sealed_key, 16));
    else
        memcpy(work->session_key, work->key_exchange_key, 16);
}

size_t forge_authenticate(const struct rig *rig, const struct forge *forge, uint8_t *out, size_t room)
{
    struct work work = {.rig = rig, .forge = forge};
    struct writer writer = writer_over(out, room);
    const char *password = or_default(forge->password, "Password");
    struct ntlm_authenticate message;
    uint8_t nt_hash[16];

    cr_assert(ntlm_challenge_decode(rig_token(&rig->challenge), &work.challenge));
    work.flags = ((work.challenge.flags & ~(NTLM_TARGET_TYPE_DOMAIN | NTLM_TARGET_TYPE_SERVER)) | forge->flags_added)
                 & ~forge->flags_removed;
    assert_status(account_nt_hash(bytes_of(password, strlen(password)), nt_hash), SEC_E_OK);
    names(&work);
    if (forge->v1)
        answer_v1(&work, nt_hash);
    else
        answer_v2(&work, nt_hash);
    keys_finish(&work);
    message = message_of(&work);
    ntlm_authenticate_encode(&message, forge->mic, &writer);
    cr_assert(writer_ok(&writer));
    if (forge->mic) {
        uint8_t mic[16];

        cr_assert(ntlm_mic_compute(work.session_key, rig_token(&rig->negotiate), rig_token(&rig->challenge),
                                   bytes_of(out, writer.used), mic));
        memcpy(out + NTLM_MIC_OFFSET, mic, sizeof mic);
    }
    return writer.used;
}

struct bytes forge_negotiate(uint32_t flags, uint8_t out[16])
{
    memcpy(out, "NTLMSSP\0\1\0\0\0", 12);
    rig_put_u32(out + 12, flags);
    return bytes_of(out, 16);
}

void forge_login(struct rig *rig, uint32_t negotiate_flags, const struct forge *forge)
{
    uint8_t message[RIG_TOKEN_ROOM];

    rig_reset(rig);
    rig->negotiate = (struct rig_leg){.size = 16};
    forge_negotiate(negotiate_flags, rig->negotiate.token);
    rig_accept(&rig->server, rig_token(&rig->negotiate), &rig->challenge);
    if (rig->challenge.status != SEC_I_CONTINUE_NEEDED) {
        rig->done = rig->challenge;
        return;
    }
    rig_finish(rig, bytes_of(message, forge_authenticate(rig, forge, message, sizeof message)));
}
