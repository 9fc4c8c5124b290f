/*
 * Credentials of Schannel: gathered from pAuthData and options, turned into an SSL_CTX with the first context.
 */
#include "schannel/credential.h"

#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "account/fork_lock.h"
#include "base/memory.h"
#include "certificate/openssl.h"
#include "certificate/trust.h"

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
    credential->key_log = -1;
    status = schannel_auth_data_take(credential, request->auth_data, request->failure);
    if (status == SEC_E_OK)
        *out = &credential->base;
    else
        schannel_credential_free(&credential->base);
    return status;
}

static void certificates_drop(struct schannel_credential *credential)
{
    for (size_t i = 0; i < credential->certificate_count; i++)
        certificate_release(credential->certificates[i]);
    mem_free(credential->certificates);
    credential->certificates = NULL;
    credential->certificate_count = 0;
    schannel_hashes_drop(credential);
}

void schannel_credential_free(struct credential *base)
{
    struct schannel_credential *credential = (struct schannel_credential *)base;

    if (!credential)
        return;
    SSL_CTX_free(atomic_load(&credential->tls));
    schannel_names_free(credential->names);
    schannel_tickets_free(credential->tickets);
    schannel_sessions_free(credential->sessions);
    X509_STORE_free(credential->trust);
    certificates_drop(credential);
    schannel_alpn_limits_drop(credential);
    if (credential->key_log >= 0)
        close(credential->key_log);
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

/* Asked for or demanded; the answer is checked against the trust given, without any by SCH_CRED_MANUAL_CRED_VALIDATION.
 */
static int verify_mode(const struct schannel_credential *credential, bool mutual)
{
    switch (credential->base.settings.tls_client_certificate) {
    case TLS_CLIENT_CERTIFICATE_REQUIRE:
        return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    case TLS_CLIENT_CERTIFICATE_REQUEST:
        return SSL_VERIFY_PEER;
    default:
        return mutual ? SSL_VERIFY_PEER : SSL_VERIFY_NONE;
    }
}

SECURITY_STATUS schannel_credential_attach(struct schannel_credential *credential, SSL *ssl, bool acceptor, bool mutual,
                                           const char *target, struct failure *failure)
{
    bool ok = true;

    openssl_enter();
    if (acceptor)
        SSL_set_verify(ssl, verify_mode(credential, mutual), NULL);
    else
        ok = schannel_sessions_attach(credential->sessions, ssl, target);
    openssl_leave();
    return ok ? SEC_E_OK : no_memory(failure);
}

/* ---- What a program says between acquiring and the first context ---- */

SECURITY_STATUS schannel_set_certificate(struct credential *base, const struct certificate_source *source, bool more,
                                         struct failure *failure)
{
    struct schannel_credential *credential = (struct schannel_credential *)base;
    struct certificate *certificate;
    SECURITY_STATUS status = certificate_load(source, &certificate, failure);

    if (status != SEC_E_OK)
        return status;
    if (!more)
        certificates_drop(credential);
    if (credential->certificate_count >= SCH_CRED_MAX_SUPPORTED_CERTS)
        status = failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE,
                             "a credential has at most 100 certificates");
    else if (!schannel_credential_add(credential, certificate))
        status = no_memory(failure);
    certificate_release(certificate);
    return status;
}

SECURITY_STATUS schannel_set_trust(struct credential *base, struct bytes anchors, struct failure *failure)
{
    struct schannel_credential *credential = (struct schannel_credential *)base;
    X509_STORE *trust = trust_new();
    SECURITY_STATUS status = trust ? trust_add_bytes(trust, anchors, "in memory", failure) : no_memory(failure);

    if (status != SEC_E_OK) {
        X509_STORE_free(trust);
        return status;
    }
    X509_STORE_free(credential->trust);
    credential->trust = trust;
    credential->trust_is_listed = true;
    return SEC_E_OK;
}

SECURITY_STATUS schannel_set_ocsp(struct credential *base, struct bytes response, struct failure *failure)
{
    struct schannel_credential *credential = (struct schannel_credential *)base;

    if (!credential->certificate_count)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                           "the credential has no certificate yet that an OCSP response could be about");
    return certificate_ocsp_set(credential->certificates[credential->certificate_count - 1], response, failure);
}
