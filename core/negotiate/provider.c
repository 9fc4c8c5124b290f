/*
 * The Negotiate package's table.
 */
#include "negotiate/negotiate.h"

const struct provider negotiate_provider = {
    .name = "Negotiate",
    .comment = "Microsoft Package Negotiator",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_CONNECTION | SECPKG_FLAG_MULTI_REQUIRED
                    | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_ACCEPT_WIN32_NAME | SECPKG_FLAG_NEGOTIABLE
                    | SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_LOGON | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .rpc_id = RPC_C_AUTHN_GSS_NEGOTIATE,
    .max_token = NEGO_MAX_TOKEN,
    .uses = SECPKG_CRED_INBOUND | SECPKG_CRED_OUTBOUND,
    .both_allowed = true,
    .acquire = nego_acquire,
    .credential_free = nego_credential_free,
    .check = nego_check,
    .prepare = nego_prepare,
    .settle = nego_settle,
    .set_nt_hash = nego_set_nt_hash,
    .set_keytab = nego_set_keytab,
    .set_keytab_bytes = nego_set_keytab_bytes,
    .set_ticket_cache = nego_set_ticket_cache,
    .query_credential_name = nego_query_credential_name,
    .accept = nego_accept,
    .initiate = nego_initiate,
    .context_free = nego_context_free,
    .query = nego_query,
    .sign = nego_sign,
    .verify = nego_verify,
    .seal = nego_seal,
    .unseal = nego_unseal,
    .delegated = nego_delegated,
    .constrained = nego_constrained,
    .for_user = nego_for_user,
    .identity_at = nego_identity_at,
    .describe = nego_describe,
};
