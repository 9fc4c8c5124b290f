/*
 * AUTHENTICATE: any bytes. What decodes has its payload inside the message; its names become text or are refused;
 * what we encode of it decodes again.
 */
#include "ntlm_rig.h"

static bool inside(struct bytes part, struct bytes whole)
{
    return part.size == 0 || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

static void names_read(const struct ntlm_authenticate *message)
{
    struct failure failure = {0};
    struct ntlm_claim claim = {0};

    if (ntlm_claim_read(message, &claim, &failure) == SEC_E_OK)
        must(claim.hash_user_size <= claim.hash_name_size && strlen(claim.name) >= strlen(claim.user),
             "names are consistent");
    ntlm_claim_clear(&claim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes input = bytes_of(data, size);
    static uint8_t out[0x80000];
    struct ntlm_authenticate message, again;
    struct writer writer = writer_over(out, sizeof out);

    if (!ntlm_authenticate_decode(input, &message))
        return 0;
    must(inside(message.lm, input) && inside(message.nt, input) && inside(message.domain, input)
             && inside(message.user, input) && inside(message.workstation, input) && inside(message.session_key, input),
         "views lie inside");
    names_read(&message);
    ntlm_authenticate_encode(&message, true, &writer);
    must(writer_ok(&writer) && ntlm_authenticate_decode(bytes_of(out, writer.used), &again), "what is encoded decodes");
    must(again.flags == message.flags && again.nt.size == message.nt.size && again.user.size == message.user.size,
         "and means the same");
    return 0;
}
