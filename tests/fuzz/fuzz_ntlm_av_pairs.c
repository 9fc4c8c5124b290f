/*
 * AV pairs, alone and inside an NTLMv2 response: any bytes. A list repeated by a client decodes, and repeats itself.
 */
#include "ntlm_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes input = bytes_of(data, size);
    static uint8_t out[0x40000];
    struct writer writer = writer_over(out, sizeof out);
    struct ntlm_v2_response response;
    struct ntlm_av_pairs av, again;

    if (ntlm_v2_response_decode(input, &response))
        must(response.proof.size == 16 && response.temp.size == size - 16 && response.client_challenge.size == 8,
             "a response has its parts");
    if (!ntlm_av_decode(input, &av))
        return 0;
    must(ntlm_av_repeated(&av, &av), "a list repeats itself");
    ntlm_av_write_repeated(&writer, input);
    ntlm_av_write(&writer, NTLM_AV_EOL, (struct bytes){0});
    must(writer_ok(&writer) && ntlm_av_decode(bytes_of(out, writer.used), &again), "a repeated list decodes");
    must(!again.present[NTLM_AV_FLAGS] && !again.present[NTLM_AV_BINDINGS] && ntlm_av_repeated(&again, &av),
         "and holds nothing but the server's");
    return 0;
}
