/*
 * The Kerberos package's table, and its message functions: what was not agreed is not done.
 */
#include "kerberos/kerberos.h"

static SECURITY_STATUS allowed(const struct krb_context *context, uint32_t any_of, struct message *message)
{
    if (context->state == KRB_STATE_ESTABLISHED && (context->gss_flags & any_of))
        return SEC_E_OK;
    return failure_set(message->failure, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_UNSUPPORTED,
                       "this protection of messages was not agreed on");
}

#define SIGNS (KRB_GSS_INTEGRITY | KRB_GSS_REPLAY | KRB_GSS_SEQUENCE | KRB_GSS_CONFIDENTIALITY)

static SECURITY_STATUS krb_sign(struct context *base, struct message *message)
{
    struct krb_context *context = (struct krb_context *)base;
    SECURITY_STATUS status = allowed(context, SIGNS, message);

    return status == SEC_E_OK ? krb_session_sign(&context->session, message) : status;
}

static SECURITY_STATUS krb_verify(struct context *base, struct message *message)
{
    struct krb_context *context = (struct krb_context *)base;
    SECURITY_STATUS status = allowed(context, SIGNS, message);

    return status == SEC_E_OK ? krb_session_verify(&context->session, message) : status;
}

/* A wrap that only signs needs no agreement on secrecy. */
static SECURITY_STATUS krb_seal(struct context *base, struct message *message)
{
    struct krb_context *context = (struct krb_context *)base;
    const bool sealed = message->qop != SECQOP_WRAP_NO_ENCRYPT;
    SECURITY_STATUS status = allowed(context, sealed ? KRB_GSS_CONFIDENTIALITY : SIGNS, message);

    return status == SEC_E_OK ? krb_session_seal(&context->session, message) : status;
}

static SECURITY_STATUS krb_unseal(struct context *base, struct message *message)
{
    struct krb_context *context = (struct krb_context *)base;
    SECURITY_STATUS status = allowed(context, SIGNS, message);

    return status == SEC_E_OK ? krb_session_unseal(&context->session, message) : status;
}

/* Negotiate offers and chooses Kerberos only where there is a key. */
static bool krb_usable(struct credential *base, struct failure *why)
{
    struct krb_keys *keys;

    if (krb_credential_keys((struct krb_credential *)base, false, &keys, why) != SEC_E_OK)
        return false;
    krb_keys_release(keys);
    return true;
}

const struct provider kerberos_provider = {
    .name = "Kerberos",
    .comment = "Kerberos Security Package",
    .capabilities = SECPKG_FLAG_INTEGRITY | SECPKG_FLAG_PRIVACY | SECPKG_FLAG_TOKEN_ONLY | SECPKG_FLAG_CONNECTION
                    | SECPKG_FLAG_MULTI_REQUIRED | SECPKG_FLAG_EXTENDED_ERROR | SECPKG_FLAG_ACCEPT_WIN32_NAME
                    | SECPKG_FLAG_NEGOTIABLE | SECPKG_FLAG_GSS_COMPATIBLE | SECPKG_FLAG_LOGON | SECPKG_FLAG_MUTUAL_AUTH
                    | SECPKG_FLAG_DELEGATION | SECPKG_FLAG_READONLY_WITH_CHECKSUM,
    .rpc_id = RPC_C_AUTHN_GSS_KERBEROS,
    .max_token = KRB_MAX_TOKEN,
    .uses = SECPKG_CRED_INBOUND | SECPKG_CRED_OUTBOUND,
    .both_allowed = true,
    .usable = krb_usable,
    .check = krb_check,
    .prepare = krb_prepare,
    .acquire = krb_acquire,
    .credential_free = krb_credential_free,
    .set_keytab = krb_set_keytab,
    .set_keytab_bytes = krb_set_keytab_bytes,
    .set_ticket_cache = krb_set_cache,
    .query_credential_name = krb_credential_name,
    .accept = krb_accept,
    .initiate = krb_initiate,
    .context_free = krb_context_free,
    .query = krb_query,
    .sign = krb_sign,
    .verify = krb_verify,
    .seal = krb_seal,
    .unseal = krb_unseal,
    .identity_at = krb_identity_at,
    .delegated = krb_delegated_credential,
    .constrained = krb_constrained_credential,
    .for_user = krb_credential_for_user,
    .describe = krb_describe,
};
