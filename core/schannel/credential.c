/*
 * Credentials of Schannel: gathered from pAuthData and options, turned into an SSL_CTX with the first context.
 */
#include "schannel/credential.h"

#include <stdatomic.h>

#include "account/fork_lock.h"
#include "base/memory.h"

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
}

SECURITY_STATUS schannel_acquire(const struct acquire *request, struct credential **out)
{
    struct schannel_credential *credential = mem_zalloc(sizeof *credential);
    SECURITY_STATUS status;

    *out = NULL;
    if (!credential)
        return no_memory(request->failure);
    pthread_mutex_init(&credential->lock, NULL);
    credential->base.use = request->use;
    status = schannel_auth_data_take(credential, request->auth_data, request->failure);
    if (status == SEC_E_OK)
        *out = &credential->base;
    else
        schannel_credential_free(&credential->base);
    return status;
}

void schannel_credential_free(struct credential *base)
{
    struct schannel_credential *credential = (struct schannel_credential *)base;

    if (!credential)
        return;
    SSL_CTX_free(atomic_load(&credential->tls));
    for (size_t i = 0; i < credential->certificate_count; i++)
        certificate_release(credential->certificates[i]);
    mem_free(credential->certificates);
    pthread_mutex_destroy(&credential->lock);
    mem_free(credential);
}

bool schannel_credential_add(struct schannel_credential *credential, struct certificate *certificate)
{
    const size_t count = credential->certificate_count;
    struct certificate **longer = mem_array(count + 1, sizeof(struct certificate *));

    if (!longer)
        return false;
    for (size_t i = 0; i < count; i++)
        longer[i] = credential->certificates[i];
    longer[count] = certificate_retain(certificate);
    mem_free(credential->certificates);
    credential->certificates = longer;
    credential->certificate_count = count + 1;
    return true;
}

/* Under the lock: of several threads with the first context of a credential one makes it. */
static SECURITY_STATUS tls_make(struct schannel_credential *credential, bool acceptor, struct failure *failure)
{
    SSL_CTX *made = NULL;
    SECURITY_STATUS status;

    if (atomic_load(&credential->tls))
        return SEC_E_OK;
    status = schannel_tls_new(credential, acceptor, &made, failure);
    if (status == SEC_E_OK)
        atomic_store_explicit(&credential->tls, made, memory_order_release);
    return status;
}

SECURITY_STATUS schannel_credential_tls(struct schannel_credential *credential, bool acceptor, SSL_CTX **tls,
                                        struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    *tls = atomic_load_explicit(&credential->tls, memory_order_acquire);
    if (*tls)
        return SEC_E_OK;
    fork_lock_enter();
    pthread_mutex_lock(&credential->lock);
    status = tls_make(credential, acceptor, failure);
    pthread_mutex_unlock(&credential->lock);
    fork_lock_leave();
    *tls = atomic_load_explicit(&credential->tls, memory_order_acquire);
    return status;
}

SECURITY_STATUS schannel_credential_attach(struct schannel_credential *credential, SSL *ssl, bool acceptor, bool mutual,
                                           const char *target, struct failure *failure)
{
    (void)credential, (void)target, (void)failure;
    if (acceptor && mutual)
        SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return SEC_E_OK;
}
