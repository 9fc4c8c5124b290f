/*
 * The Schannel package's table.
 */
#include "schannel/engine.h"

/* Without anchors each client that shows a certificate is refused, unless the program checks them itself. */
static bool clients_checkable(const struct schannel_credential *credential, struct failure *why)
{
    if (credential->base.settings.tls_client_certificate == TLS_CLIENT_CERTIFICATE_NONE || credential->trust
        || (credential->flags & SCH_CRED_MANUAL_CRED_VALIDATION))
        return true;
    (void)failure_set(
        why, SEC_E_NO_CREDENTIALS, SSPI_REASON_CERTIFICATE,
        "clients are asked for certificates (option tls_client_certificate), and there is nothing to check "
        "them against: option tls_trust is needed");
    return false;
}

static bool schannel_usable(struct credential *base, struct failure *why)
{
    struct schannel_credential *credential = (struct schannel_credential *)base;
    SSL_CTX *tls;

    return schannel_credential_tls(credential, true, &tls, why) == SEC_E_OK && clients_checkable(credential, why);
}

static bool schannel_initiator_usable(struct credential *credential, struct failure *why)
{
    SSL_CTX *tls;

    return schannel_credential_tls((struct schannel_credential *)credential, false, &tls, why) == SEC_E_OK;
}

const struct provider schannel_provider = {
    .name = "Schannel",
    .aliases = {UNISP_NAME_A, DEFAULT_TLS_SSP_NAME_A},
    .comment = "Schannel Security Package",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED
                    | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_STREAM
                    | SECPKG_FLAG_MUTUAL_AUTH,
    .rpc_id = UNISP_RPC_ID,
    .max_token = SCHANNEL_MAX_TOKEN,
    .uses = SECPKG_CRED_INBOUND | SECPKG_CRED_OUTBOUND,
    .own_auth_data = true,
    .accept_again = true,
    .other_credential = true,
    .acquire = schannel_acquire,
    .credential_free = schannel_credential_free,
    .usable = schannel_usable,
    .initiator_usable = schannel_initiator_usable,
    .set_certificate = schannel_set_certificate,
    .set_trust = schannel_set_trust,
    .set_ocsp = schannel_set_ocsp,
    .forget_sessions = schannel_sessions_forget,
    .query_credential = schannel_query_credential,
    .accept = schannel_accept,
    .initiate = schannel_initiate,
    .context_free = schannel_context_free,
    .control = schannel_control,
    .query = schannel_query,
    .set = schannel_set,
    .seal = schannel_seal,
    .unseal = schannel_unseal,
    .identity_at = schannel_identity_at,
    .describe = schannel_describe,
};
