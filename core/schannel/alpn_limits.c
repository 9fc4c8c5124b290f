/*
 * TLS_PARAMETERS for single application protocols. An acceptor sees in the ClientHello which protocol it will choose
 * and limits the connection before anything is agreed; an initiator limits what it offers only as far as all its
 * protocols agree. What was agreed is looked at again in the end, since a resumed session has its suite from before.
 */
#include <openssl/err.h>
#include <string.h>

#include "base/cursor.h"
#include "base/memory.h"
#include "schannel/engine.h"

#define NAME_LIMIT 255 /* RFC 7301 3.1 */

static SECURITY_STATUS refuse(struct failure *failure, const char *why)
{
    return failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "pAuthData: %s", why);
}

static SECURITY_STATUS no_memory(struct failure *failure)
{
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a credential");
}

/* Names of protocols are bytes, given as UTF-16: one byte a unit. */
static bool name_append(struct schannel_alpn_limits *limits, const UNICODE_STRING *name)
{
    const size_t size = name->Length / sizeof(WCHAR);

    if (!size || size > NAME_LIMIT || !name->Buffer)
        return false;
    limits->names[limits->names_size++] = (uint8_t)size;
    for (size_t i = 0; i < size; i++) {
        if (name->Buffer[i] > UINT8_MAX)
            return false;
        limits->names[limits->names_size++] = (uint8_t)name->Buffer[i];
    }
    return true;
}

static SECURITY_STATUS one_take(struct schannel_alpn_limits *limits, const TLS_PARAMETERS *given,
                                struct failure *failure)
{
    SECURITY_STATUS status = schannel_parameters_limits(&limits->limits, given, failure);

    if (status != SEC_E_OK)
        return status;
    if (!given->rgstrAlpnIds)
        return refuse(failure, "rgstrAlpnIds is NULL");
    limits->names = mem_zalloc((size_t)given->cAlpnIds * (1 + NAME_LIMIT));
    if (!limits->names)
        return no_memory(failure);
    for (DWORD i = 0; i < given->cAlpnIds; i++)
        if (!name_append(limits, &given->rgstrAlpnIds[i]))
            return refuse(failure, "rgstrAlpnIds holds what is no name of an application protocol");
    return SEC_E_OK;
}

SECURITY_STATUS schannel_alpn_limits_take(struct schannel_credential *credential, const TLS_PARAMETERS *parameters,
                                          DWORD count, struct failure *failure)
{
    SECURITY_STATUS status = SEC_E_OK;

    if (!count)
        return SEC_E_OK;
    credential->alpn_limits = mem_array(count, sizeof *credential->alpn_limits);
    if (!credential->alpn_limits)
        return no_memory(failure);
    for (DWORD i = 0; i < count && status == SEC_E_OK; i++)
        if (parameters[i].cAlpnIds && !(parameters[i].dwFlags & TLS_PARAMS_OPTIONAL))
            status = one_take(&credential->alpn_limits[credential->alpn_limit_count++], &parameters[i], failure);
    return status;
}

void schannel_alpn_limits_drop(struct schannel_credential *credential)
{
    for (size_t i = 0; i < credential->alpn_limit_count; i++)
        mem_free(credential->alpn_limits[i].names);
    mem_free(credential->alpn_limits);
}

static bool names_hold(const struct schannel_alpn_limits *limits, struct bytes name)
{
    struct cursor in = cursor_over(bytes_of(limits->names, limits->names_size));
    struct bytes one;
    uint8_t size;

    while (cursor_u8(&in, &size) && cursor_take(&in, size, &one))
        if (one.size == name.size && memcmp(one.data, name.data, name.size) == 0)
            return true;
    return false;
}

/* All limits on one protocol. */
static bool narrow(const struct schannel_credential *credential, SSL *ssl, struct bytes name)
{
    bool left = true;

    for (size_t i = 0; i < credential->alpn_limit_count && left; i++)
        if (names_hold(&credential->alpn_limits[i], name))
            left = schannel_policy_narrow(&credential->alpn_limits[i].limits, ssl);
    return left;
}

/* The client's list, RFC 7301 3.1; empty where it sent none, or a malformed one, which OpenSSL refuses later. */
static struct bytes offer_of(SSL *ssl)
{
    const unsigned char *extension = NULL;
    size_t size = 0;
    struct cursor in;
    uint16_t listed;
    struct bytes list;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension, &size) != 1)
        return (struct bytes){0};
    in = cursor_over(bytes_of(extension, size));
    if (!cursor_u16be(&in, &listed) || !cursor_take(&in, listed, &list) || !cursor_at_end(&in))
        return (struct bytes){0};
    return list;
}

int schannel_alpn_limits_hello(SSL *ssl, int *alert)
{
    const struct schannel_context *context = schannel_context_of(ssl);
    unsigned char *chosen, size;
    struct bytes offer;

    if (!schannel_credential_of(ssl)->alpn_limit_count)
        return SSL_CLIENT_HELLO_SUCCESS;
    offer = offer_of(ssl);
    if (!context || !context->protocols.size || !offer.size
        || SSL_select_next_proto(&chosen, &size, context->protocols.data, (unsigned)context->protocols.size, offer.data,
                                 (unsigned)offer.size)
               != OPENSSL_NPN_NEGOTIATED)
        return SSL_CLIENT_HELLO_SUCCESS;
    if (narrow(schannel_credential_of(ssl), ssl, bytes_of(chosen, size)))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_INSUFFICIENT_SECURITY;
    return SSL_CLIENT_HELLO_ERROR;
}

/* Each name of the offer is among those of the limits. */
static bool names_hold_all(const struct schannel_alpn_limits *limits, struct bytes offered)
{
    struct cursor in = cursor_over(offered);
    struct bytes one;
    uint8_t size;

    while (cursor_u8(&in, &size) && cursor_take(&in, size, &one))
        if (!names_hold(limits, one))
            return false;
    return offered.size != 0;
}

void schannel_alpn_limits_offer(const struct schannel_credential *credential, SSL *ssl, struct bytes offered)
{
    for (size_t i = 0; i < credential->alpn_limit_count; i++)
        if (names_hold_all(&credential->alpn_limits[i], offered)
            && !schannel_policy_narrow(&credential->alpn_limits[i].limits, ssl))
            break; /* nothing is left, which OpenSSL says itself */
    ERR_clear_error();
}

bool schannel_alpn_limits_hold(const struct schannel_credential *credential, const SSL *ssl, bool acceptor)
{
    const ULONG side = acceptor ? SP_PROT_TLS1_X_SERVER : SP_PROT_TLS1_X_CLIENT;
    const unsigned char *name = NULL;
    unsigned size = 0;

    if (!credential->alpn_limit_count)
        return true;
    SSL_get0_alpn_selected(ssl, &name, &size);
    for (size_t i = 0; i < credential->alpn_limit_count && size; i++) {
        const struct schannel_alpn_limits *one = &credential->alpn_limits[i];

        if (names_hold(one, bytes_of(name, size))
            && ((schannel_policy_version(ssl) & side & one->limits.protocols_off)
                || !schannel_suite_allowed(&one->limits, SSL_get_current_cipher(ssl))))
            return false;
    }
    return true;
}
