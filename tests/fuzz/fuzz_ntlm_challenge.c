/*
 * CHALLENGE: any bytes. What decodes has its payload inside the message, and what we encode of it decodes again.
 */
#include "ntlm_rig.h"

static bool inside(struct bytes part, struct bytes whole)
{
    return part.size == 0 || (part.data >= whole.data && part.data + part.size <= whole.data + whole.size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes input = bytes_of(data, size);
    static uint8_t out[0x40000];
    struct ntlm_challenge message, again;
    struct writer writer = writer_over(out, sizeof out);

    if (!ntlm_challenge_decode(input, &message))
        return 0;
    must(inside(message.target_name, input) && inside(message.target_info, input), "views lie inside");
    ntlm_challenge_encode(&message, &writer);
    must(writer_ok(&writer) && ntlm_challenge_decode(bytes_of(out, writer.used), &again), "what is encoded decodes");
    must(again.flags == message.flags && memcmp(again.server_challenge, message.server_challenge, 8) == 0
             && again.target_info.size == message.target_info.size,
         "and means the same");
    return 0;
}
