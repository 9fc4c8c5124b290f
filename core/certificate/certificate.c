/*
 * The objects behind PCCERT_CONTEXT.
 */
#include "certificate/certificate.h"

#include "base/live.h"
#include "base/memory.h"
#include "certificate/info.h"
#include "certificate/openssl.h"
#include "certificate/store.h"

static void destroy(struct certificate *certificate)
{
    X509_free(certificate->x509);
    sk_X509_pop_free(certificate->chain, X509_free);
    EVP_PKEY_free(certificate->key);
    certificate_store_release(certificate->store);
    mem_free(certificate->context.pbCertEncoded);
    mem_free(certificate->info_memory);
    mem_free(certificate->ocsp);
    mem_free(certificate->where);
    pthread_mutex_destroy(&certificate->lock);
    mem_free(certificate);
}

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a certificate");
}

static bool encode(struct certificate *certificate)
{
    int size = i2d_X509(certificate->x509, NULL);
    uint8_t *place;

    if (size <= 0)
        return false;
    place = mem_alloc((size_t)size);
    if (!place)
        return false;
    certificate->context.pbCertEncoded = place;
    certificate->context.cbCertEncoded = (DWORD)size;
    return i2d_X509(certificate->x509, &place) == size;
}

/* References of its own to what the caller has. */
static bool parts_take(struct certificate *certificate, X509 *x509, STACK_OF(X509) * chain, EVP_PKEY *key,
                       const char *where)
{
    if (X509_up_ref(x509) == 1)
        certificate->x509 = x509;
    if (key && EVP_PKEY_up_ref(key) == 1)
        certificate->key = key;
    if (chain)
        certificate->chain = X509_chain_up_ref(chain);
    certificate->where = mem_strdup(where ? where : "in memory");
    return certificate->x509 && certificate->where && (certificate->key != NULL) == (key != NULL)
           && (certificate->chain != NULL) == (chain != NULL);
}

static SECURITY_STATUS fill(struct certificate *certificate, X509 *x509, STACK_OF(X509) * chain, EVP_PKEY *key,
                            const char *where, struct failure *failure)
{
    SECURITY_STATUS status;

    if (!parts_take(certificate, x509, chain, key, where) || !encode(certificate))
        return no_memory(failure);
    status = certificate_info_fill(certificate->x509, &certificate->info, &certificate->info_memory);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return no_memory(failure);
    if (status != SEC_E_OK)
        return failure_set(failure, status, SSPI_REASON_CERTIFICATE,
                           "certificate %s: a time or an identifier in it cannot be read", certificate->where);
    certificate->context.dwCertEncodingType = X509_ASN_ENCODING;
    certificate->context.pCertInfo = &certificate->info;
    if (key && X509_check_private_key(x509, key) != 1)
        return failure_set(failure, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
                           "certificate %s: the private key belongs to another certificate", certificate->where);
    return live_add(certificate, LIVE_CERTIFICATE) ? SEC_E_OK : no_memory(failure);
}

SECURITY_STATUS certificate_new(X509 *x509, STACK_OF(X509) * chain, EVP_PKEY *key, const char *where,
                                struct certificate **out, struct failure *failure)
{
    struct certificate *certificate = mem_zalloc(sizeof *certificate);
    SECURITY_STATUS status;

    *out = NULL;
    if (!certificate)
        return no_memory(failure);
    pthread_mutex_init(&certificate->lock, NULL);
    openssl_enter();
    status = fill(certificate, x509, chain, key, where, failure);
    openssl_leave();
    if (status == SEC_E_OK)
        *out = certificate;
    else
        destroy(certificate);
    return status;
}

struct certificate *certificate_retain(struct certificate *certificate)
{
    return live_hold(certificate, LIVE_CERTIFICATE) ? certificate : NULL;
}

struct certificate *certificate_hold(PCCERT_CONTEXT context)
{
    union {
        PCCERT_CONTEXT context;
        struct certificate *certificate;
    } pun = {.context = context};

    return certificate_retain(pun.certificate);
}

void certificate_release(struct certificate *certificate)
{
    bool last;

    if (live_drop(certificate, LIVE_CERTIFICATE, &last) && last)
        destroy(certificate);
}

bool certificate_context_free(PCCERT_CONTEXT context)
{
    struct certificate *certificate = certificate_hold(context);

    if (!certificate)
        return false;
    certificate_release(certificate);
    certificate_release(certificate);
    return true;
}
