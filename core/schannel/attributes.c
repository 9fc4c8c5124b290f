/*
 * QueryContextAttributes and SetContextAttributes of a TLS connection: which function answers what. The answers are in
 * connection.c, bindings.c, peer.c and material.c.
 */
#include <string.h>

#include "base/memory.h"
#include "schannel/answers.h"

static SECURITY_STATUS answer_sizes(struct schannel_context *context, struct attribute_value *value)
{
    value->sizes.max_token = SCHANNEL_MAX_TOKEN;
    value->sizes.max_signature = 0;
    value->sizes.block_size = context->sizes.block;
    value->sizes.security_trailer = context->sizes.header + context->sizes.trailer;
    return SEC_E_OK;
}

static SECURITY_STATUS answer_stream_sizes(struct schannel_context *context, struct attribute_value *value)
{
    SecPkgContext_StreamSizes *sizes = schannel_answer(context, sizeof *sizes);

    if (!sizes)
        return SEC_E_INSUFFICIENT_MEMORY;
    *sizes = (SecPkgContext_StreamSizes){context->sizes.header, context->sizes.trailer + context->key_update_room,
                                         context->sizes.content, 4, context->sizes.block};
    value->blob = bytes_of(sizes, sizeof *sizes);
    return SEC_E_OK;
}

/* The account that a client's certificate maps to; the name that a server's certificate was checked against. */
static SECURITY_STATUS answer_names(struct schannel_context *context, struct attribute_value *value)
{
    if (!context->base.acceptor && SSL_get_verify_mode(context->ssl) & SSL_VERIFY_PEER)
        value->text = context->target;
    else
        value->text = context->peer_name;
    return value->text ? SEC_E_OK : SEC_E_NO_CREDENTIALS;
}

static SECURITY_STATUS answer_lifespan(struct schannel_context *context, struct attribute_value *value)
{
    value->lifespan.start = context->opened;
    value->lifespan.expiry = schannel_validate_expiry(context->ssl);
    return SEC_E_OK;
}

static SECURITY_STATUS answer_app_data(struct schannel_context *context, struct attribute_value *value)
{
    value->numbered.content = bytes_of(context->session_data, context->session_data_size);
    value->numbered.number = 0;
    return SEC_E_OK;
}

static const struct answer_row {
    ULONG attribute;
    bool while_open; /* also before the handshake is done */
    SECURITY_STATUS (*answer)(struct schannel_context *context, struct attribute_value *value);
} answer_rows[] = {
    {SECPKG_ATTR_SIZES, true, answer_sizes},
    {SECPKG_ATTR_NAMES, false, answer_names},
    {SECPKG_ATTR_LIFESPAN, false, answer_lifespan},
    {SECPKG_ATTR_STREAM_SIZES, false, answer_stream_sizes},
    {SECPKG_ATTR_KEY_INFO, false, answer_key_info},
    {SECPKG_ATTR_UNIQUE_BINDINGS, false, answer_unique_bindings},
    {SECPKG_ATTR_ENDPOINT_BINDINGS, false, answer_endpoint_bindings},
    {SSPI_ATTR_EXPORTER_BINDINGS, false, answer_exporter_bindings},
    {SECPKG_ATTR_APPLICATION_PROTOCOL, false, answer_application_protocol},
    {SECPKG_ATTR_REMOTE_CERT_CONTEXT, false, answer_remote_certificate},
    {SECPKG_ATTR_REMOTE_CERT_CHAIN, false, answer_remote_certificate},
    {SECPKG_ATTR_LOCAL_CERT_CONTEXT, false, answer_local_certificate},
    {SECPKG_ATTR_ISSUER_LIST_EX, true, answer_issuers},
    {SECPKG_ATTR_SUPPORTED_SIGNATURES, false, answer_signatures},
    {SECPKG_ATTR_CONNECTION_INFO, false, answer_connection},
    {SECPKG_ATTR_CONNECTION_INFO_EX, false, answer_connection_ex},
    {SECPKG_ATTR_CIPHER_INFO, false, answer_cipher},
    {SECPKG_ATTR_SESSION_INFO, false, answer_session},
    {SECPKG_ATTR_APP_DATA, false, answer_app_data},
    {SECPKG_ATTR_EAP_KEY_BLOCK, false, answer_eap_keys},
    {SECPKG_ATTR_KEYING_MATERIAL, false, answer_material},
    {SECPKG_ATTR_KEYING_MATERIAL_INPROC, false, answer_material_asked},
    {SECPKG_ATTR_REMOTE_CERTIFICATES, false, answer_remote_certificates},
    {SECPKG_ATTR_LOCAL_CERT_INFO, false, answer_local_info},
    {SECPKG_ATTR_AUTHORITY, false, answer_authority},
};

SECURITY_STATUS schannel_query(struct context *base, ULONG attribute, struct attribute_value *value)
{
    struct schannel_context *context = (struct schannel_context *)base;

    for (size_t i = 0; i < sizeof answer_rows / sizeof *answer_rows; i++)
        if (answer_rows[i].attribute == attribute && (answer_rows[i].while_open || context->stage != STAGE_HANDSHAKE))
            return answer_rows[i].answer(context, value);
    return SEC_E_UNSUPPORTED_FUNCTION;
}

/* ---- Setting ---- */

SECURITY_STATUS attribute_refused(struct failure *failure)
{
    return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE,
                       "cbBuffer is not the size of the attribute's structure, or what is in it is out of range");
}

static SECURITY_STATUS app_data_set(struct schannel_context *context, struct bytes value, struct failure *failure)
{
    const SecPkgContext_SessionAppData *given = (const void *)value.data;
    void *copy;

    if (value.size < sizeof *given || (given->cbAppData && !given->pbAppData) || given->cbAppData > SESSION_DATA_LIMIT)
        return attribute_refused(failure);
    copy = mem_dup(given->pbAppData, given->cbAppData);
    if (!copy)
        return SEC_E_INSUFFICIENT_MEMORY;
    mem_free(context->session_data);
    context->session_data = copy;
    context->session_data_size = given->cbAppData;
    return SEC_E_OK;
}

/*
 * A client's permission to send data before the server's Finished. OpenSSL never makes use of it, which the permission
 * allows.
 */
static SECURITY_STATUS early_start_set(const struct schannel_context *context, struct bytes value,
                                       struct failure *failure)
{
    const SecPkgContext_EarlyStart *given = (const void *)value.data;

    if (context->base.acceptor)
        return failure_set(failure, SEC_E_UNSUPPORTED_FUNCTION, SSPI_REASON_UNSUPPORTED,
                           "an early start is something that clients do");
    if (value.size < sizeof *given || (given->dwEarlyStartFlags & ~(DWORD)ENABLE_TLS_CLIENT_EARLY_START))
        return attribute_refused(failure);
    return SEC_E_OK;
}

SECURITY_STATUS schannel_set(struct context *base, ULONG attribute, struct bytes value, struct failure *failure)
{
    struct schannel_context *context = (struct schannel_context *)base;

    switch (attribute) {
    case SECPKG_ATTR_APP_DATA:
        return app_data_set(context, value, failure);
    case SECPKG_ATTR_KEYING_MATERIAL_INFO:
        return material_set(context, value, failure);
    case SECPKG_ATTR_EAP_PRF_INFO:
        return material_eap_set(context, value, failure);
    case SECPKG_ATTR_EARLY_START:
        return early_start_set(context, value, failure);
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}
