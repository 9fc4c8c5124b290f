/*
 * The life of an NTLM context, whichever side it is on: made on the first leg, stripped once the exchange ended,
 * wiped at last.
 */
#include "base/memory.h"
#include "base/secret.h"
#include "ntlm/ntlm.h"

struct ntlm_context *ntlm_context_new(struct credential *credential, bool acceptor)
{
    struct ntlm_context *context = mem_zalloc(sizeof *context);

    if (!context)
        return NULL;
    context->base.provider = &ntlm_provider;
    context->base.credential = credential;
    context->base.acceptor = acceptor;
    context->state = NTLM_WAITING;
    context->started = clock_now();
    return context;
}

void ntlm_context_forget_exchange(struct ntlm_context *context)
{
    ntlm_outstanding_remove(context);
    mem_free_secret(context->transcript, context->negotiate_size + context->challenge_size);
    context->transcript = NULL;
    context->negotiate_size = context->challenge_size = 0;
    secret_wipe(context->server_challenge, sizeof context->server_challenge);
}

void ntlm_context_free(struct context *base)
{
    struct ntlm_context *context = (struct ntlm_context *)base;

    if (!context)
        return;
    ntlm_context_forget_exchange(context);
    ntlm_stream_clear(&context->sending);
    ntlm_stream_clear(&context->receiving);
    mem_free(context->client);
    mem_free(context->authority);
    mem_free(context->target);
    mem_free_secret(context, sizeof *context);
}
