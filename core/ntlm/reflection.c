/*
 * Challenges that a credential has issued and that wait for their answer. A credential for both directions must never
 * answer one of them: somebody would be using this process as its own client. Exact, and bounded by the contexts that
 * exist.
 */
#include <string.h>

#include "ntlm/ntlm.h"

/* Only such credentials can be made to answer themselves, so only they pay for the list. */
static bool both_directions(const struct ntlm_credential *credential)
{
    return (credential->base.use & SECPKG_CRED_BOTH) == SECPKG_CRED_BOTH;
}

void ntlm_outstanding_add(struct ntlm_context *context)
{
    struct ntlm_credential *credential = ntlm_credential_of(&context->base);

    if (!both_directions(credential))
        return;
    pthread_mutex_lock(&credential->outstanding_lock);
    context->outstanding = true;
    context->outstanding_previous = NULL;
    context->outstanding_next = credential->outstanding;
    if (credential->outstanding)
        credential->outstanding->outstanding_previous = context;
    credential->outstanding = context;
    pthread_mutex_unlock(&credential->outstanding_lock);
}

void ntlm_outstanding_remove(struct ntlm_context *context)
{
    struct ntlm_credential *credential = ntlm_credential_of(&context->base);

    if (!context->outstanding)
        return;
    pthread_mutex_lock(&credential->outstanding_lock);
    if (context->outstanding_next)
        context->outstanding_next->outstanding_previous = context->outstanding_previous;
    if (context->outstanding_previous)
        context->outstanding_previous->outstanding_next = context->outstanding_next;
    else
        credential->outstanding = context->outstanding_next;
    context->outstanding = false;
    pthread_mutex_unlock(&credential->outstanding_lock);
}

bool ntlm_outstanding_find(struct ntlm_credential *credential, const uint8_t challenge[NTLM_CHALLENGE_SIZE])
{
    bool found = false;

    if (!both_directions(credential))
        return false;
    pthread_mutex_lock(&credential->outstanding_lock);
    for (const struct ntlm_context *at = credential->outstanding; at && !found; at = at->outstanding_next)
        found = memcmp(at->server_challenge, challenge, NTLM_CHALLENGE_SIZE) == 0;
    pthread_mutex_unlock(&credential->outstanding_lock);
    return found;
}
