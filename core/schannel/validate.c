/*
 * Is the peer who it should be: the server's chain and name against the trust of the credential, and the reasons of a
 * refusal as statuses.
 */
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "schannel/engine.h"

SECURITY_STATUS schannel_validate_status(int reason)
{
    switch (reason) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return SEC_E_CERT_EXPIRED;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        return SEC_E_UNTRUSTED_ROOT;
    case X509_V_ERR_CERT_REVOKED:
        return CRYPT_E_REVOKED;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return SEC_E_WRONG_PRINCIPAL;
    case X509_V_ERR_INVALID_PURPOSE:
        return SEC_E_CERT_WRONG_USAGE;
    default:
        return SEC_E_CERT_UNKNOWN;
    }
}

/* Keeps why OpenSSL refused, since its queue says only that it did. */
static int verify_watch(int good, X509_STORE_CTX *store)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct schannel_context *context = ssl ? schannel_context_of(ssl) : NULL;

    if (!good && context && context->refused == X509_V_OK)
        context->refused = X509_STORE_CTX_get_error(store);
    return good;
}

static SECURITY_STATUS name_check(struct schannel_context *context, struct step *step)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(context->ssl);

    if (!context->target || !*context->target)
        return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET,
                           "pszTargetName is needed to check the server's certificate against");
    if (X509_VERIFY_PARAM_set1_ip_asc(param, context->target) == 1)
        return SEC_E_OK;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(param, context->target, 0) == 1)
        return SEC_E_OK;
    return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET, "the target is no server's name");
}

SECURITY_STATUS schannel_validate_prepare(struct schannel_context *context, struct step *step)
{
    const struct schannel_credential *credential = (const struct schannel_credential *)context->base.credential;

    if ((step->requested & ISC_REQ_MANUAL_CRED_VALIDATION) || (credential->flags & SCH_CRED_MANUAL_CRED_VALIDATION)) {
        SSL_set_verify(context->ssl, SSL_VERIFY_NONE, NULL);
        return SEC_E_OK;
    }
    SSL_set_verify(context->ssl, SSL_VERIFY_PEER, verify_watch);
    return credential->flags & SCH_CRED_NO_SERVERNAME_CHECK ? SEC_E_OK : name_check(context, step);
}

/* FILETIME of an ASN.1 time. */
static int64_t time_of(const ASN1_TIME *when)
{
    static const int64_t unix_epoch = INT64_C(11644473600);
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int64_t result = CLOCK_FOREVER;

    if (epoch && ASN1_TIME_diff(&days, &seconds, epoch, when))
        result = ((int64_t)days * 86400 + seconds + unix_epoch) * CLOCK_TICKS_PER_SECOND;
    ASN1_TIME_free(epoch);
    return result;
}

int64_t schannel_validate_expiry(const SSL *ssl)
{
    const X509 *peer = SSL_get0_peer_certificate(ssl);

    return peer ? time_of(X509_get0_notAfter(peer)) : CLOCK_FOREVER;
}

SECURITY_STATUS schannel_validate_peer(struct schannel_context *context, struct step *step)
{
    (void)context, (void)step;
    return SEC_E_OK;
}
