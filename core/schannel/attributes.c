/*
 * QueryContextAttributes of a TLS connection: what api/ does not know itself.
 */
#include <string.h>

#include "schannel/engine.h"

SECURITY_STATUS schannel_query(struct context *base, ULONG attribute, struct attribute_value *value)
{
    struct schannel_context *context = (struct schannel_context *)base;

    switch (attribute) {
    case SECPKG_ATTR_SIZES:
        value->sizes.max_token = SCHANNEL_MAX_TOKEN;
        value->sizes.block_size = context->sizes.block;
        value->sizes.security_trailer = context->sizes.header + context->sizes.trailer;
        return SEC_E_OK;
    case SECPKG_ATTR_STREAM_SIZES: {
        SecPkgContext_StreamSizes *sizes = schannel_answer(context, sizeof *sizes);

        if (!sizes)
            return SEC_E_INSUFFICIENT_MEMORY;
        *sizes = (SecPkgContext_StreamSizes){context->sizes.header, context->sizes.trailer + context->key_update_room,
                                             context->sizes.content, 4, context->sizes.block};
        value->blob = bytes_of(sizes, sizeof *sizes);
        return SEC_E_OK;
    }
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

SECURITY_STATUS schannel_set(struct context *base, ULONG attribute, struct bytes value, struct failure *failure)
{
    (void)base, (void)attribute, (void)value, (void)failure;
    return SEC_E_UNSUPPORTED_FUNCTION;
}

void schannel_describe(struct context *base, char *text, size_t size)
{
    const struct schannel_context *context = (const struct schannel_context *)base;

    BIO_snprintf(text, size, "%s with %s", SSL_get_version(context->ssl),
                 SSL_CIPHER_get_name(SSL_get_current_cipher(context->ssl)));
}
