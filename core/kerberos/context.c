/*
 * The life of a Kerberos context, whichever side it is on: made on the first leg, stripped once the exchange ended,
 * wiped at last.
 */
#include "base/memory.h"
#include "kerberos/kerberos.h"

struct krb_context *krb_context_new(struct credential *credential, bool acceptor)
{
    struct krb_context *context = mem_zalloc(sizeof *context);

    if (!context)
        return NULL;
    context->base.provider = credential->provider;
    context->base.credential = credential;
    context->base.acceptor = acceptor;
    context->session.acceptor = acceptor;
    return context;
}

void krb_context_forget_exchange(struct krb_context *context)
{
    krb_key_wipe(&context->ticket_key);
}

void krb_context_free(struct context *base)
{
    struct krb_context *context = (struct krb_context *)base;

    if (!context)
        return;
    mem_free(context->realm);
    mem_free(context->native_client);
    mem_free(context->service);
    mem_free(context->account);
    mem_free(context->target);
    krb_identity_free(context->identity);
    krb_cache_release(context->delegated);
    mem_free(context->evidence);
    mem_free_secret(context, sizeof *context);
}
