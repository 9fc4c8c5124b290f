/*
 * A whole initiator: policy byte, two bytes of requested flags, CHALLENGE. What it answers, our own decoders read; it
 * never agrees to what it did not ask for, and never sends NTLMv1 unless that is allowed.
 */
#include "ntlm_rig.h"

static void answer_check(const struct settings *settings, const struct leg *first, const struct leg *leg)
{
    struct ntlm_negotiate asked;
    struct ntlm_authenticate sent;
    const uint32_t free_flags = NTLM_TARGET_INFO | NTLM_ANONYMOUS;

    must(ntlm_negotiate_decode(bytes_of(first->token, first->size), &asked), "our NEGOTIATE decodes");
    must(leg->size <= NTLM_MAX_TOKEN && ntlm_authenticate_decode(bytes_of(leg->token, leg->size), &sent),
         "our AUTHENTICATE decodes");
    must((sent.flags & ~(asked.flags | free_flags)) == 0, "nothing is agreed that was not asked for");
    must(sent.nt.size != NTLM_V1_RESPONSE_SIZE || settings->allow_insecure_ntlmv1, "NTLMv1 only where allowed");
    must(!ntlm_protects(sent.flags) || (sent.flags & NTLM_128) || settings->allow_insecure_56bit,
         "128 bits unless less is allowed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct credential *credential;
    static struct leg first, second;
    struct context *context = NULL;
    ULONG requested;

    if (size < 3)
        return 0;
    if (!credential)
        credential = credential_make(SECPKG_CRED_BOTH);
    random_script(NULL, 0);
    settings_from(&credential->settings, data[0]);
    requested = ((ULONG)data[1] & 0x1c) | ((ULONG)(data[2] & 0x87) << 16) | ((ULONG)(data[1] & 1) << 29);
    step_run(credential, &context, false, (struct bytes){0}, requested, &first);
    must(first.status == SEC_I_CONTINUE_NEEDED && context, "the first leg works");
    step_run(credential, &context, false, bytes_of(data + 3, size - 3), requested, &second);
    if (second.status == SEC_E_OK)
        answer_check(&credential->settings, &first, &second);
    else
        must(second.status < 0 && second.size == 0, "a failure has no token");
    ntlm_provider.context_free(context);
    return 0;
}
