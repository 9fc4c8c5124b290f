/*
 * A whole acceptor: policy byte, repair byte, size of NEGOTIATE, NEGOTIATE, AUTHENTICATE. Repaired, the proof and the
 * MIC are those of the password's owner, so everything behind them is reached; not repaired, nobody but an allowed
 * anonymous gets in.
 */
#include "crypto/random.h"
#include "ntlm_rig.h"

enum { REPAIR_PROOF = 1, REPAIR_MIC = 2, ALLOW_NULL = 4 };

static void use_context(struct context *context)
{
    struct attribute_value value;
    uint8_t text[4] = "text", signature[16];
    SecBuffer buffers[2] = {{16, SECBUFFER_TOKEN, signature}, {4, SECBUFFER_DATA, text}};
    struct failure failure = {0};
    struct message message = {.buffers = buffers, .count = 2, .failure = &failure};
    SECURITY_STATUS status = ntlm_provider.seal(context, &message);

    must(status == SEC_E_OK || status == SEC_E_QOP_NOT_SUPPORTED, "sealing works or was not agreed");
    for (ULONG attribute = 0; attribute < 40; attribute++) {
        value = (struct attribute_value){0};
        status = ntlm_provider.query(context, attribute, &value);
        must(status == SEC_E_OK || status == SEC_E_UNSUPPORTED_FUNCTION, "queries answer");
    }
}

static void second_leg(struct credential *credential, struct context **context, struct bytes negotiate,
                       struct bytes challenge, struct bytes rest, uint8_t mode)
{
    static struct leg leg;
    uint8_t *token = malloc(rest.size + 1), key[16];
    const uint32_t flags = ((struct ntlm_context *)*context)->flags;
    bool honest = false;

    must(token != NULL, "there is memory");
    if (rest.size)
        memcpy(token, rest.data, rest.size);
    if ((mode & REPAIR_PROOF) && challenge.size >= 32)
        honest = proof_repair(token, rest.size, flags, challenge.data + 24, key);
    if (honest && (mode & REPAIR_MIC))
        mic_repair(token, rest.size, negotiate, challenge, key);
    step_run(credential, context, true, bytes_of(token, rest.size), mode & ALLOW_NULL ? ASC_REQ_ALLOW_NULL_SESSION : 0,
             &leg);
    must(leg.size == 0, "the last leg has no token");
    must(leg.status == SEC_E_OK || leg.status < 0, "the last leg ends the exchange");
    if (leg.status == SEC_E_OK) {
        must(honest || (leg.attributes & ASC_RET_NULL_SESSION), "nobody gets in without the password");
        must(!(leg.attributes & ASC_RET_NULL_SESSION) || (credential->settings.allow_anonymous && (mode & ALLOW_NULL)),
             "anonymous only where allowed");
        use_context(*context);
    }
    free(token);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct credential *credential;
    static struct leg first;
    struct context *context = NULL;
    struct bytes negotiate, rest;
    uint8_t skipped[24];

    if (size < 4)
        return 0;
    if (!credential) {
        credential = credential_make(SECPKG_CRED_INBOUND);
        credential->accounts = store_make();
    }
    if (!bytes_slice(bytes_of(data, size), 4, (size_t)data[2] | (size_t)data[3] << 8, &negotiate))
        return 0;
    rest = bytes_of(data + 4 + negotiate.size, size - 4 - negotiate.size);
    /* Away from the start of the sequence, where the corpus was recorded: no recorded answer fits. */
    random_script(NULL, 0);
    must(random_bytes(skipped, sizeof skipped), "there are random bytes");
    settings_from(&credential->settings, data[0]);
    step_run(credential, &context, true, negotiate, 0, &first);
    must((first.status == SEC_I_CONTINUE_NEEDED) == (context != NULL), "a failed first leg leaves nothing");
    if (context)
        second_leg(credential, &context, negotiate, bytes_of(first.token, first.size), rest, data[1]);
    ntlm_provider.context_free(context);
    return 0;
}
