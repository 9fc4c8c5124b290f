/*
 * QueryContextAttributes for NTLM, and an operator's sentence on an established context.
 * Strings are borrowed from the context; what NTLM does not know answers SEC_E_UNSUPPORTED_FUNCTION.
 */
#include <stdio.h>

#include "ntlm/ntlm.h"

/* Algorithm identifiers as wincrypt.h numbers them. */
#define CALG_ID_CRC32 0U /* has none */
#define CALG_ID_HMAC 0x8009U
#define CALG_ID_RC4 0x6801U

static SECURITY_STATUS sizes_query(const struct ntlm_context *context, struct attribute_value *value)
{
    const bool open = context->state != NTLM_ESTABLISHED;

    value->sizes.max_token = NTLM_MAX_TOKEN;
    value->sizes.max_signature = open || ntlm_protects(context->flags) ? NTLM_SIGNATURE_SIZE : 0;
    value->sizes.security_trailer = open || (context->flags & NTLM_SEAL) ? NTLM_SIGNATURE_SIZE : 0;
    value->sizes.block_size = 1;
    return SEC_E_OK;
}

static SECURITY_STATUS key_info_query(const struct ntlm_context *context, struct attribute_value *value)
{
    const bool extended = (context->flags & NTLM_ESS) != 0;

    if (!ntlm_protects(context->flags))
        return SEC_E_UNSUPPORTED_FUNCTION;
    value->key_info.sign = extended ? "HMAC-MD5" : "CRC-32";
    value->key_info.sign_id = extended ? CALG_ID_HMAC : CALG_ID_CRC32;
    value->key_info.encrypt = "RC4";
    value->key_info.encrypt_id = CALG_ID_RC4;
    value->key_info.bits = ntlm_key_bits(context->flags);
    return SEC_E_OK;
}

/* The key of a null session is known to everybody, so nobody gets it for one. */
static SECURITY_STATUS session_key_query(const struct ntlm_context *context, struct attribute_value *value)
{
    if (context->anonymous)
        return SEC_E_UNSUPPORTED_FUNCTION;
    value->blob = bytes_of(context->session_key, sizeof context->session_key);
    return SEC_E_OK;
}

static SECURITY_STATUS native_names_query(struct ntlm_context *context, struct attribute_value *value)
{
    const struct settings *settings = &context->base.credential->settings;
    const char *own = context->base.acceptor ? settings->netbios_computer_name : NULL;

    value->native_names.client = context->client;
    value->native_names.server = context->target ? context->target : own ? own : "";
    return SEC_E_OK;
}

static SECURITY_STATUS text_answer(const char *text, struct attribute_value *value)
{
    value->text = text;
    return SEC_E_OK;
}

SECURITY_STATUS ntlm_query(struct context *base, ULONG attribute, struct attribute_value *value)
{
    struct ntlm_context *context = (struct ntlm_context *)base;

    if (attribute == SECPKG_ATTR_SIZES)
        return sizes_query(context, value);
    if (context->state != NTLM_ESTABLISHED)
        return SEC_E_UNSUPPORTED_FUNCTION;
    switch (attribute) {
    case SECPKG_ATTR_NAMES:
        return text_answer(context->client, value);
    case SECPKG_ATTR_NATIVE_NAMES:
        return native_names_query(context, value);
    case SECPKG_ATTR_AUTHORITY:
        return context->authority ? text_answer(context->authority, value) : SEC_E_UNSUPPORTED_FUNCTION;
    case SECPKG_ATTR_TARGET:
        return text_answer(context->target ? context->target : "", value);
    case SECPKG_ATTR_CLIENT_SPECIFIED_TARGET:
        return context->base.acceptor ? text_answer(context->target, value) : SEC_E_UNSUPPORTED_FUNCTION;
    case SECPKG_ATTR_SESSION_KEY:
        return session_key_query(context, value);
    case SECPKG_ATTR_KEY_INFO:
        return key_info_query(context, value);
    case SECPKG_ATTR_LIFESPAN:
        value->lifespan.start = context->started;
        value->lifespan.expiry = CLOCK_FOREVER;
        return SEC_E_OK;
    case SECPKG_ATTR_PASSWORD_EXPIRY:
        value->time = CLOCK_FOREVER;
        return SEC_E_OK;
    case SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS:
        value->number = SecPkgAttrLastClientTokenYes;
        return SEC_E_OK;
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

void ntlm_describe(struct context *base, char *text, size_t size)
{
    const struct ntlm_context *context = (const struct ntlm_context *)base;
    const char *protection = context->flags & NTLM_SEAL ? "signing and sealing" : "signing";
    const char *version = context->extended ? "NTLMv2" : "NTLMv1";
    const char *mic = context->mic_verified ? "with MIC" : "without MIC";

    if (context->anonymous)
        snprintf(text, size, "an anonymous client by NTLM, no message protection");
    else if (!ntlm_protects(context->flags))
        snprintf(text, size, "%s by %s %s, no message protection", context->client, version, mic);
    else
        snprintf(text, size, "%s by %s %s, %s with %u-bit keys", context->client, version, mic, protection,
                 (unsigned)ntlm_key_bits(context->flags));
}
