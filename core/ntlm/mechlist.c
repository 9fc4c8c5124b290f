/*
 * NTLM under Negotiate: the MIC over the list of mechanisms, made with the keys of the context.
 */
#include "ntlm/ntlm.h"

/* The RC4 states go back to where they were, the sequence numbers stay advanced ([MS-SPNG] 3.3.5.1). */
SECURITY_STATUS ntlm_mechlist_mic(struct context *base, struct message *message, bool make)
{
    struct ntlm_context *context = (struct ntlm_context *)base;
    struct ntlm_seal_state state;
    SECURITY_STATUS status = ntlm_seal_snapshot(context, &state);

    if (status != SEC_E_OK)
        return status;
    status = make ? ntlm_sign(base, message) : ntlm_verify_signature(base, message);
    ntlm_seal_restore(context, &state);
    return status;
}

/* [MS-SPNG] 3.3.5.1: an AUTHENTICATE with a MIC obliges both sides to a mechListMIC. */
bool ntlm_mechlist_mic_due(const struct context *context)
{
    return ((const struct ntlm_context *)context)->mic_verified;
}
