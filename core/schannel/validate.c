/*
 * Is the peer who it should be: the server's chain and name against the trust of the credential, and the reasons of a
 * refusal as statuses.
 */
#include <openssl/x509v3.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "certificate/info.h"
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
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
        return CRYPT_E_NO_REVOCATION_CHECK;
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
        return CRYPT_E_REVOCATION_OFFLINE;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return SEC_E_WRONG_PRINCIPAL;
    case X509_V_ERR_INVALID_PURPOSE:
        return SEC_E_CERT_WRONG_USAGE;
    default:
        return SEC_E_CERT_UNKNOWN;
    }
}

/* The names are the certificate's alternative ones: of its subject nobody can tell what is meant, RFC 9525. */
#define NAMES (X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

static SECURITY_STATUS name_check(struct schannel_context *context, struct step *step)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(context->ssl);

    if (!context->target || !*context->target)
        return failure_set(step->failure, SEC_E_TARGET_UNKNOWN, SSPI_REASON_TARGET,
                           "pszTargetName is needed to check the server's certificate against");
    if (X509_VERIFY_PARAM_set1_ip_asc(param, context->target) == 1)
        return SEC_E_OK;
    X509_VERIFY_PARAM_set_hostflags(param, NAMES);
    /* To OpenSSL a dot in front means any name below, and stars are those of the certificate. */
    if (context->target[0] != '.' && !strchr(context->target, '*')
        && X509_VERIFY_PARAM_set1_host(param, context->target, 0) == 1)
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
    SSL_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
    return credential->flags & SCH_CRED_NO_SERVERNAME_CHECK ? SEC_E_OK : name_check(context, step);
}

int64_t schannel_validate_expiry(const SSL *ssl)
{
    const X509 *peer = SSL_get0_peer_certificate(ssl);
    int64_t ends;

    return peer && certificate_time(X509_get0_notAfter(peer), &ends) ? ends : CLOCK_FOREVER;
}

/* Nobody keeps an account whose certificate a further handshake took away. */
static SECURITY_STATUS account_lost(struct schannel_context *context, const struct failure *why,
                                    struct failure *failure)
{
    wire_drop(&context->wire);
    context->broken = true;
    context->failure =
        failure_set(failure, SEC_E_LOGON_DENIED, SSPI_REASON_PEER_CERTIFICATE,
                    "after a further handshake the client %s is no longer proven: %s", context->peer_name,
                    why->text[0] ? why->text : "it showed no certificate, or one that is not trusted");
    return context->failure;
}

static bool is_verified(const struct schannel_context *context, const X509 *peer)
{
    return peer && SSL_get_verify_result(context->ssl) == X509_V_OK;
}

/* A client whose certificate names no account is let in all the same: the program sees it by ASC_RET_MUTUAL_AUTH, the
 * operator reads why. */
SECURITY_STATUS schannel_validate_peer(struct schannel_context *context, struct failure *failure)
{
    struct schannel_credential *credential = (struct schannel_credential *)context->base.credential;
    X509 *peer = SSL_get0_peer_certificate(context->ssl);
    char name[sizeof((struct login){0}).client], *told;
    struct failure why = {0};
    SECURITY_STATUS status;

    if (!context->base.acceptor)
        return SEC_E_OK;
    if (!is_verified(context, peer))
        return context->peer_name ? account_lost(context, &why, failure) : SEC_E_OK;
    mem_free(context->nameless);
    context->nameless = NULL;
    status = schannel_map(credential, peer, name, sizeof name, &why);
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return status;
    if (status != SEC_E_OK && context->peer_name)
        return account_lost(context, &why, failure);
    if (status != SEC_E_OK && why.reason != SSPI_REASON_NO_STORE)
        context->nameless = mem_strdup(why.text);
    if (status != SEC_E_OK)
        return SEC_E_OK;
    told = mem_strdup(name);
    if (!told)
        return SEC_E_INSUFFICIENT_MEMORY;
    mem_free(context->peer_name);
    context->peer_name = told;
    return SEC_E_OK;
}
