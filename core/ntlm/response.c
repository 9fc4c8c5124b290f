/*
 * The client's answer to a challenge ([MS-NLMP] 3.3.1, 3.3.2, 3.1.5.1.2): NTLMv2, NTLMv1 by policy, or nothing
 * (anonymous). Pure computation for initiator.c; what it returns is wiped by ntlm_answer_clear().
 */
#include <string.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/utf.h"
#include "ntlm/ntlm.h"

#define PROOF_SIZE 16

void ntlm_answer_clear(struct ntlm_answer *answer)
{
    mem_free_secret(answer->nt, answer->nt_size);
    secret_wipe(answer, sizeof *answer);
}

/* NTLMv2_CLIENT_CHALLENGE, 2.2.2.7: the time is the server's own where it told one. */
static void temp_write(const struct ntlm_answer_input *input, bool with_mic, struct writer *out)
{
    const struct ntlm_av_pairs *av = input->av;
    const uint32_t av_flags =
        (with_mic ? NTLM_AV_FLAG_MIC : 0) | (input->target_unverified ? NTLM_AV_FLAG_UNVERIFIED_TARGET : 0);
    uint8_t flags[4];
    struct writer flags_out = writer_over(flags, sizeof flags);

    writer_u16le(out, 0x0101);
    writer_zeros(out, 6);
    writer_u64le(out, av->present[NTLM_AV_TIMESTAMP] ? av->timestamp : (uint64_t)clock_now());
    writer_bytes(out, bytes_of(input->client_challenge, NTLM_CHALLENGE_SIZE));
    writer_zeros(out, 4);
    ntlm_av_write_repeated(out, input->challenge->target_info);
    writer_u32le(&flags_out, av_flags);
    if (av_flags)
        ntlm_av_write(out, NTLM_AV_FLAGS, bytes_of(flags, sizeof flags));
    ntlm_av_write(out, NTLM_AV_BINDINGS, bytes_of(input->bindings, 16));
    ntlm_av_write(out, NTLM_AV_TARGET_NAME, input->target);
    ntlm_av_write(out, NTLM_AV_EOL, (struct bytes){0});
    writer_zeros(out, 4);
}

static bool ntowf_make(const struct ntlm_credential *credential, uint8_t ntowf[16], bool *memory)
{
    uint8_t *upper = mem_alloc(credential->user16_size);
    struct writer out = writer_over(upper, credential->user16_size);
    bool ok;

    *memory = upper != NULL;
    if (!upper)
        return false;
    writer_bytes(&out, bytes_of(credential->user16, credential->user16_size));
    utf16le_uppercase(upper, credential->user16_size);
    ok = ntlm_ntowf_v2(credential->nt_hash, bytes_of(upper, credential->user16_size),
                       bytes_of(credential->domain16, credential->domain16_size), ntowf);
    mem_free(upper);
    return ok;
}

/* LMv2: the same proof over the two challenges alone. Clients that were told a time send zeros instead. */
static bool lm_v2(const uint8_t ntowf[16], const struct ntlm_answer_input *input, uint8_t lm[NTLM_V1_RESPONSE_SIZE])
{
    for (size_t i = 0; i < NTLM_CHALLENGE_SIZE; i++)
        lm[PROOF_SIZE + i] = input->client_challenge[i];
    return ntlm_v2_proof(ntowf, input->challenge->server_challenge,
                         bytes_of(input->client_challenge, NTLM_CHALLENGE_SIZE), lm);
}

static bool prove_v2(const uint8_t ntowf[16], const struct ntlm_answer_input *input, struct ntlm_answer *answer)
{
    const struct bytes temp = bytes_of(answer->nt + PROOF_SIZE, answer->nt_size - PROOF_SIZE);

    answer->lm_size = sizeof answer->lm;
    return ntlm_v2_proof(ntowf, input->challenge->server_challenge, temp, answer->nt)
           && ntlm_v2_session_key(ntowf, answer->nt, answer->key_exchange_key)
           && (answer->with_mic || lm_v2(ntowf, input, answer->lm));
}

SECURITY_STATUS ntlm_answer_v2(const struct ntlm_credential *credential, const struct ntlm_answer_input *input,
                               struct ntlm_answer *answer)
{
    struct writer count = writer_over(NULL, 0), out;
    uint8_t ntowf[16] = {0};
    bool memory, ok;

    answer->extended = true;
    answer->with_mic = input->av->present[NTLM_AV_TIMESTAMP];
    temp_write(input, answer->with_mic, &count);
    answer->nt = mem_zalloc(PROOF_SIZE + count.used);
    if (!answer->nt)
        return SEC_E_INSUFFICIENT_MEMORY;
    answer->nt_size = PROOF_SIZE + count.used;
    out = writer_over(answer->nt + PROOF_SIZE, count.used);
    temp_write(input, answer->with_mic, &out);
    ok = ntowf_make(credential, ntowf, &memory);
    if (!memory)
        return SEC_E_INSUFFICIENT_MEMORY;
    ok = ok && prove_v2(ntowf, input, answer);
    secret_wipe(ntowf, sizeof ntowf);
    return ok ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

/* The LM field of NTLMv1: the client's challenge under ESS, a true LM response by policy, else the NT response again.
 */
static bool lm_v1(const struct ntlm_credential *credential, const struct ntlm_answer_input *input,
                  struct ntlm_answer *answer)
{
    const uint8_t *hash = credential->nt_hash;

    answer->lm_size = sizeof answer->lm;
    if (input->flags & NTLM_ESS) {
        for (size_t i = 0; i < sizeof answer->lm; i++)
            answer->lm[i] = i < NTLM_CHALLENGE_SIZE ? input->client_challenge[i] : 0;
        return true;
    }
    if (credential->base.settings.allow_insecure_lm && credential->has_lm_hash)
        hash = credential->lm_hash;
    return ntlm_v1_response(hash, 0, input->challenge->server_challenge, input->client_challenge, answer->lm);
}

SECURITY_STATUS ntlm_answer_v1(const struct ntlm_credential *credential, const struct ntlm_answer_input *input,
                               struct ntlm_answer *answer)
{
    uint8_t base_key[16];
    bool ok;

    answer->extended = answer->with_mic = false;
    answer->nt = mem_zalloc(NTLM_V1_RESPONSE_SIZE);
    if (!answer->nt)
        return SEC_E_INSUFFICIENT_MEMORY;
    answer->nt_size = NTLM_V1_RESPONSE_SIZE;
    ok = ntlm_v1_response(credential->nt_hash, input->flags, input->challenge->server_challenge,
                          input->client_challenge, answer->nt)
         && lm_v1(credential, input, answer) && ntlm_v1_session_key(credential->nt_hash, base_key)
         && ntlm_v1_key_exchange_key(input->flags, base_key, input->challenge->server_challenge, answer->lm, NULL,
                                     answer->key_exchange_key);
    secret_wipe(base_key, sizeof base_key);
    return ok ? SEC_E_OK : SEC_E_INTERNAL_ERROR;
}

void ntlm_answer_anonymous(struct ntlm_answer *answer)
{
    *answer = (struct ntlm_answer){.lm_size = 1};
}
