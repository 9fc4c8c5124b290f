/*
 * What the NTLM fuzzers share: one store with User:Password, credentials, single legs through the package's table, and
 * repairs that make a fuzzed message true again so that what lies behind the proof is reached as well.
 */
#ifndef SSPI_TESTS_FUZZ_NTLM_RIG_H
#define SSPI_TESTS_FUZZ_NTLM_RIG_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "account/stores.h"
#include "base/memory.h"
#include "doubles.h"
#include "ntlm/ntlm.h"

#define ROOM 8192

struct leg {
    SECURITY_STATUS status;
    ULONG attributes;
    struct failure failure;
    struct login login;
    uint8_t token[ROOM];
    size_t size;
};

static inline void must(bool holds, const char *truth)
{
    if (holds)
        return;
    fprintf(stderr, "broken: %s\n", truth);
    abort();
}

static inline SspiAccountStore *store_make(void)
{
    static char user[] = "User", domain[] = "Domain";
    struct account account = {.user = user, .domain = domain, .has_nt_hash = true};
    struct failure failure = {0};
    SspiAccountStore *store = NULL;

    must(account_nt_hash(bytes_of("Password", 8), account.nt_hash) == SEC_E_OK
             && memory_store_new(&store, &failure) == SEC_E_OK
             && account_store_put(store, &account, 1, &failure) == SEC_E_OK,
         "the store can be made");
    return store;
}

static inline struct credential *credential_make(ULONG use)
{
    struct failure failure = {0};
    const struct acquire request = {.use = use,
                                    .has_identity = true,
                                    .user = "User",
                                    .domain = "Domain",
                                    .password = bytes_of("Password", 8),
                                    .failure = &failure};
    struct credential *credential = NULL;

    must(ntlm_provider.acquire(&request, &credential) == SEC_E_OK, "the credential can be made");
    credential->provider = &ntlm_provider;
    credential->use = use;
    credential->settings.netbios_computer_name = mem_strdup("Server");
    credential->settings.netbios_domain_name = mem_strdup("Domain");
    credential->settings.dns_computer_name = mem_strdup("server.domain.example");
    return credential;
}

/* The policy switches of one byte; the rest of the settings stay. */
static inline void settings_from(struct settings *settings, uint8_t bits)
{
    settings->allow_insecure_ntlmv1 = bits & 1;
    settings->allow_insecure_56bit = (bits >> 1) & 1;
    settings->allow_anonymous = (bits >> 2) & 1;
    settings->ntlm_policy = (bits >> 3) & 1 ? NTLM_POLICY_STRICT : NTLM_POLICY_NORMAL;
    settings->ntlm_max_age_seconds = (bits >> 4) & 1 ? 60 : 0;
}

static inline void step_run(struct credential *credential, struct context **context, bool accept, struct bytes token,
                            ULONG requested, struct leg *leg)
{
    struct step step = {.token = token,
                        .has_token = token.data != NULL,
                        .requested = requested,
                        .output = {.data = leg->token, .size = sizeof leg->token, .present = true},
                        .expiry = CLOCK_FOREVER,
                        .login = &leg->login,
                        .failure = &leg->failure};

    leg->failure = (struct failure){0};
    leg->login = (struct login){0};
    leg->status =
        accept ? ntlm_provider.accept(credential, context, &step) : ntlm_provider.initiate(credential, context, &step);
    leg->attributes = step.attributes;
    leg->size = step.output.used;
    must(leg->status >= 0 || leg->failure.reason != SSPI_REASON_NONE, "every failure is explained");
}

/* The same for NTLMv1, whose proof is the response itself. */
static inline bool v1_repair(const struct ntlm_authenticate *message, uint8_t *nt, uint32_t flags,
                             const uint8_t challenge[8])
{
    uint8_t hash[16];

    return account_nt_hash(bytes_of("Password", 8), hash) == SEC_E_OK
           && ntlm_v1_response(hash, flags, challenge, message->lm.size == 24 ? message->lm.data : challenge, nt);
}

/* Recomputes the proof of a message in place, as the owner of the password could; then the session key in `key`. */
static inline bool proof_repair(uint8_t *token, size_t size, uint32_t offered, const uint8_t challenge[8],
                                uint8_t key[16])
{
    struct ntlm_authenticate message;
    struct ntlm_claim claim = {0};
    struct failure failure = {0};
    uint8_t hash[16], ntowf[16];
    bool done;

    memset(key, 0, 16);
    if (!ntlm_authenticate_decode(bytes_of(token, size), &message))
        return false;
    uint8_t *nt = message.nt.size ? token + (message.nt.data - token) : NULL;

    if (message.nt.size == NTLM_V1_RESPONSE_SIZE)
        return v1_repair(&message, nt, offered, challenge);
    if (message.nt.size < 44 || ntlm_claim_read(&message, &claim, &failure) != SEC_E_OK)
        return false;

    done = account_nt_hash(bytes_of("Password", 8), hash) == SEC_E_OK
           && ntlm_ntowf_v2(
               hash, bytes_of(claim.hash_name, claim.hash_user_size),
               bytes_of(claim.hash_name + claim.hash_user_size, claim.hash_name_size - claim.hash_user_size), ntowf)
           && ntlm_v2_proof(ntowf, challenge, bytes_of(nt + 16, message.nt.size - 16), nt)
           && ntlm_v2_session_key(ntowf, nt, key);
    if (done && (message.flags & NTLM_KEY_EXCH) && ntlm_protects(message.flags) && message.session_key.size == 16)
        done = rc4_once(bytes_of(key, 16), message.session_key.data, key, 16);
    ntlm_claim_clear(&claim);
    return done;
}

static inline void mic_repair(uint8_t *token, size_t size, struct bytes negotiate, struct bytes challenge,
                              const uint8_t key[16])
{
    uint8_t mic[16];

    if (ntlm_mic_compute(key, negotiate, challenge, bytes_of(token, size), mic))
        memcpy(token + NTLM_MIC_OFFSET, mic, sizeof mic);
}

#endif
