/*
 * SCHANNEL_CRED and SCH_CREDENTIALS: what Windows programs give AcquireCredentialsHandle. The first member tells which
 * it is.
 */
#include "certificate/store.h"
#include "certificate/trust.h"
#include "schannel/credential.h"

static SECURITY_STATUS refuse(struct failure *failure, SECURITY_STATUS status, const char *why)
{
    return failure_set(failure, status, SSPI_REASON_USAGE, "pAuthData: %s", why);
}

/* A certificate itself is taken whatever the format says: Windows programs were seen to give one with that of a hash.
 */
static SECURITY_STATUS certificate_take(struct schannel_credential *credential, DWORD format, PCCERT_CONTEXT context,
                                        struct failure *failure)
{
    struct certificate *certificate = certificate_hold(context);
    SECURITY_STATUS status = SEC_E_OK;

    if (!certificate && format != SCH_CRED_FORMAT_CERT_CONTEXT)
        return schannel_hash_take(credential, format, context, failure);
    if (!certificate)
        return refuse(failure, SEC_E_UNKNOWN_CREDENTIALS, "paCred holds a pointer that is no certificate");
    if (!certificate->key)
        status = refuse(failure, SEC_E_NO_CREDENTIALS, "paCred holds a certificate without its private key");
    else if (!schannel_credential_add(credential, certificate))
        status =
            failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
    certificate_release(certificate);
    return status;
}

static SECURITY_STATUS certificates_take(struct schannel_credential *credential, DWORD format, DWORD count,
                                         const PCCERT_CONTEXT *contexts, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (format > SCH_CRED_FORMAT_CERT_HASH_STORE)
        return refuse(failure, SEC_E_UNSUPPORTED_FUNCTION, "dwCredFormat is unknown");
    if (count > SCH_CRED_MAX_SUPPORTED_CERTS || (count && !contexts))
        return refuse(failure, SEC_E_INVALID_PARAMETER, "cCreds is larger than 100, or paCred is NULL");
    for (DWORD i = 0; i < count && status == SEC_E_OK; i++)
        status = certificate_take(credential, format, contexts[i], failure);
    return status;
}

/* The roots of clients' certificates; a client's own trust is the system's, or of option tls_trust. */
static SECURITY_STATUS roots_take(struct schannel_credential *credential, HCERTSTORE handle, struct failure *failure)
{
    struct certificate_store *store;
    SECURITY_STATUS status;

    if (!handle)
        return SEC_E_OK;
    store = certificate_store_hold(handle);
    if (!store)
        return refuse(failure, SEC_E_UNKNOWN_CREDENTIALS, "hRootStore is no store of certificates");
    credential->trust = trust_new();
    credential->trust_is_listed = true;
    if (credential->trust)
        status = trust_add_store(credential->trust, store, failure);
    else
        status =
            failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for trust anchors");
    certificate_store_release(store);
    return status;
}

static SECURITY_STATUS old_form_take(struct schannel_credential *credential, const SCHANNEL_CRED *given,
                                     struct failure *failure)
{
    SECURITY_STATUS status;

    credential->flags = given->dwFlags;
    credential->limits = (struct schannel_limits){
        .protocols_on = given->grbitEnabledProtocols,
        .old_form = true,
        .bits_least = given->dwMinimumCipherStrength,
        .bits_most = given->dwMaximumCipherStrength,
        .lifespan_ms = given->dwSessionLifespan,
    };
    status = schannel_algorithms_take(&credential->limits, given->palgSupportedAlgs, given->cSupportedAlgs, failure);
    if (status == SEC_E_OK)
        status = roots_take(credential, given->hRootStore, failure);
    if (status != SEC_E_OK)
        return status;
    return certificates_take(credential, given->dwCredFormat, given->cCreds, given->paCred, failure);
}

static SECURITY_STATUS new_form_take(struct schannel_credential *credential, const SCH_CREDENTIALS *given,
                                     struct failure *failure)
{
    SECURITY_STATUS status;

    credential->flags = given->dwFlags;
    credential->limits = (struct schannel_limits){.lifespan_ms = given->dwSessionLifespan};
    status = schannel_parameters_take(&credential->limits, given->pTlsParameters, given->cTlsParameters, failure);
    if (status == SEC_E_OK)
        status = schannel_alpn_limits_take(credential, given->pTlsParameters, given->cTlsParameters, failure);
    if (status == SEC_E_OK)
        status = roots_take(credential, given->hRootStore, failure);
    if (status != SEC_E_OK)
        return status;
    return certificates_take(credential, given->dwCredFormat, given->cCreds, given->paCred, failure);
}

SECURITY_STATUS schannel_auth_data_take(struct schannel_credential *credential, const void *auth_data,
                                        struct failure *failure)
{
    const DWORD *version = auth_data;

    if (!version)
        return SEC_E_OK;
    if (*version == SCHANNEL_CRED_VERSION)
        return old_form_take(credential, auth_data, failure);
    if (*version == SCH_CREDENTIALS_VERSION)
        return new_form_take(credential, auth_data, failure);
    return refuse(failure, SEC_E_UNKNOWN_CREDENTIALS, "is neither a SCHANNEL_CRED nor a SCH_CREDENTIALS");
}
