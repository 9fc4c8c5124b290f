/*
 * QueryContextAttributes for Kerberos, and an operator's sentence on an established context.
 * Strings are borrowed from the context; what Kerberos does not know answers SEC_E_UNSUPPORTED_FUNCTION.
 */
#include <stdio.h>

#include "kerberos/kerberos.h"

static SECURITY_STATUS sizes_query(const struct krb_context *context, struct attribute_value *value)
{
    const uint32_t seals = KRB_GSS_CONFIDENTIALITY,
                   signs = seals | KRB_GSS_INTEGRITY | KRB_GSS_REPLAY | KRB_GSS_SEQUENCE;

    value->sizes.max_token = KRB_MAX_TOKEN;
    value->sizes.block_size = 1;
    if (context->state != KRB_STATE_ESTABLISHED)
        return SEC_E_OK;
    krb_session_sizes(&context->session, &value->sizes.max_signature, &value->sizes.security_trailer,
                      &value->sizes.block_size);
    if (!(context->gss_flags & signs))
        value->sizes.max_signature = 0;
    if (!(context->gss_flags & seals))
        value->sizes.security_trailer = 0;
    return SEC_E_OK;
}

static SECURITY_STATUS key_info_query(const struct krb_context *context, struct attribute_value *value)
{
    const struct krb_etype *etype = context->session.key.etype;

    value->key_info.encrypt = etype->name;
    value->key_info.encrypt_id = (ULONG)etype->number;
    value->key_info.sign_id = (ULONG)etype->checksum;
    value->key_info.sign = etype->number == KRB_ETYPE_RC4             ? "hmac-md5"
                           : etype->number == KRB_ETYPE_AES128_SHA256 ? "hmac-sha256-128"
                           : etype->number == KRB_ETYPE_AES256_SHA384 ? "hmac-sha384-192"
                           : etype->number == KRB_ETYPE_AES128_SHA1   ? "hmac-sha1-96-aes128"
                                                                      : "hmac-sha1-96-aes256";
    value->key_info.bits = etype->key_size * 8u;
    return SEC_E_OK;
}

static SECURITY_STATUS text_answer(const char *text, struct attribute_value *value)
{
    value->text = text;
    return SEC_E_OK;
}

/* On the client NAMES is who it logged in as. */
static SECURITY_STATUS identity_query(const struct krb_context *context, ULONG attribute, struct attribute_value *value)
{
    const struct krb_identity *identity = context->identity;

    if (!identity)
        return SEC_E_UNSUPPORTED_FUNCTION;
    if (attribute == SECPKG_ATTR_USER_FLAGS)
        value->number = identity->user_flags;
    else
        value->time = attribute == SECPKG_ATTR_LOGOFF_TIME ? identity->logoff_time : identity->password_expiry;
    return SEC_E_OK;
}

SECURITY_STATUS krb_query(struct context *base, ULONG attribute, struct attribute_value *value)
{
    struct krb_context *context = (struct krb_context *)base;

    if (attribute == SECPKG_ATTR_SIZES)
        return sizes_query(context, value);
    if (context->state != KRB_STATE_ESTABLISHED)
        return SEC_E_UNSUPPORTED_FUNCTION;
    switch (attribute) {
    case SECPKG_ATTR_NAMES:
        return text_answer(context->account, value);
    case SECPKG_ATTR_NATIVE_NAMES:
        value->native_names.client = context->native_client;
        value->native_names.server = context->service;
        return SEC_E_OK;
    case SECPKG_ATTR_AUTHORITY:
        return text_answer(context->realm, value);
    case SECPKG_ATTR_TARGET:
        return text_answer(context->target ? context->target : context->service, value);
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return context->base.acceptor ? text_answer(context->target, value) : SEC_E_UNSUPPORTED_FUNCTION;
    case SECPKG_ATTR_SESSION_KEY:
        value->blob = bytes_of(context->session.key.data, context->session.key.etype->key_size);
        return SEC_E_OK;
    case SECPKG_ATTR_KEY_INFO:
        return key_info_query(context, value);
    case SECPKG_ATTR_LIFESPAN:
        value->lifespan.start = context->start;
        value->lifespan.expiry = context->expiry;
        return SEC_E_OK;
    case SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS:
        value->number = SecPkgAttrLastClientTokenYes;
        return SEC_E_OK;
    case SECPKG_ATTR_USER_FLAGS:
    case SECPKG_ATTR_LOGOFF_TIME:
    case SECPKG_ATTR_PASSWORD_EXPIRY:
        return identity_query(context, attribute, value);
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

void krb_describe(struct context *base, char *text, size_t size)
{
    const struct krb_context *context = (const struct krb_context *)base;
    const uint32_t flags = context->gss_flags;
    const char *protection = flags & KRB_GSS_CONFIDENTIALITY ? "signing and sealing"
                             : flags & KRB_GSS_INTEGRITY     ? "signing"
                                                             : "no message protection";

    snprintf(text, size, "%s (%s) by Kerberos to %s, %s, %s, %s", context->account, context->native_client,
             context->service, context->session.key.etype->name, flags & KRB_GSS_MUTUAL ? "mutual" : "one-sided",
             protection);
}
