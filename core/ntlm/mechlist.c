/*
 * NTLM under Negotiate: the MIC over the list of mechanisms, made with the keys of the context.
 */
#include "ntlm/ntlm.h"

/* Nothing has gone this way yet: a state at its start is given back by letting it go, the next message makes it. */
static SECURITY_STATUS first_mic(struct ntlm_context *context, struct ntlm_stream *stream, struct message *message,
                                 bool make)
{
    SECURITY_STATUS status = ntlm_streams_make(context);

    if (status != SEC_E_OK)
        return status;
    status = make ? ntlm_sign(&context->base, message) : ntlm_verify_signature(&context->base, message);
    rc4_free(stream->rc4);
    stream->rc4 = NULL;
    return status;
}

/* The RC4 states go back to where they were, the sequence numbers stay advanced ([MS-SPNG] 3.3.5.1). */
SECURITY_STATUS ntlm_mechlist_mic(struct context *base, struct message *message, bool make)
{
    struct ntlm_context *context = (struct ntlm_context *)base;
    struct ntlm_stream *stream = make ? &context->sending : &context->receiving;
    struct ntlm_seal_state state;
    SECURITY_STATUS status;

    if (context->state == NTLM_ESTABLISHED && ntlm_protects(context->flags) && (context->flags & NTLM_ESS)
        && stream->sequence == 0)
        return first_mic(context, stream, message, make);
    status = ntlm_seal_snapshot(context, &state);
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
