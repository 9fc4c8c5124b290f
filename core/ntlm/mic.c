/*
 * The message integrity code over the three raw messages ([MS-NLMP] 3.1.5.1.2, 3.2.5.1.2).
 * Made by the initiator as its last step, checked by the acceptor before it believes any flag.
 */
#include "ntlm/ntlm.h"

bool ntlm_mic_compute(const uint8_t session_key[16], struct bytes negotiate, struct bytes challenge,
                      struct bytes authenticate, uint8_t out[NTLM_MIC_SIZE])
{
    static const uint8_t zeros[NTLM_MIC_SIZE];
    const size_t end = NTLM_MIC_OFFSET + NTLM_MIC_SIZE;
    struct bytes before, after;

    if (!bytes_slice(authenticate, 0, NTLM_MIC_OFFSET, &before) || authenticate.size < end
        || !bytes_slice(authenticate, end, authenticate.size - end, &after))
        return false;

    const struct bytes parts[] = {negotiate, challenge, before, bytes_of(zeros, sizeof zeros), after};
    return hmac_md5(bytes_of(session_key, NTLM_KEY_SIZE), parts, sizeof parts / sizeof *parts, out);
}
