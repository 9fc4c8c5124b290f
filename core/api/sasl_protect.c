/*
 * One protected message of SASL: what GSS-API calls a wrap token, whatever the package.
 */
#include <string.h>

#include "api/sasl.h"

#define PADDING_ROOM 32

ULONG sasl_overhead(const struct provider *provider, struct context *context)
{
    struct attribute_value value = {0};
    ULONG trailer;

    if (!provider->query || provider->query(context, SECPKG_ATTR_SIZES, &value) != SEC_E_OK)
        return SASL_MESSAGE_ROOM;
    trailer = value.sizes.security_trailer ? value.sizes.security_trailer : SASL_PLAIN_TRAILER;
    return value.sizes.block_size + trailer + value.sizes.max_signature;
}

SECURITY_STATUS sasl_seal(const struct provider *provider, struct context *context, bool sealed, uint8_t *room,
                          size_t size, size_t *used, struct failure *failure)
{
    uint8_t token[SASL_MESSAGE_ROOM], *data = room + SASL_MESSAGE_ROOM;
    SecBuffer buffers[3] = {
        {sizeof token, SECBUFFER_TOKEN, token},
        {(ULONG)size, SECBUFFER_DATA, data},
        {PADDING_ROOM, SECBUFFER_PADDING, data + size},
    };
    struct message message = {.buffers = buffers, .count = 3, .failure = failure};
    SECURITY_STATUS status;

    *used = 0;
    if (!provider->seal)
        return SEC_E_UNSUPPORTED_FUNCTION;
    message.qop = sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    status = provider->seal(context, &message);
    if (status != SEC_E_OK)
        return status;
    size += buffers[2].cbBuffer;
    memmove(room + buffers[0].cbBuffer, data, size);
    memcpy(room, token, buffers[0].cbBuffer);
    *used = buffers[0].cbBuffer + size;
    return SEC_E_OK;
}

SECURITY_STATUS sasl_unseal(const struct provider *provider, struct context *context, bool sealed, uint8_t *message,
                            size_t size, struct bytes *plain, struct failure *failure)
{
    SecBuffer buffers[2] = {{(ULONG)size, SECBUFFER_STREAM, message}, {0, SECBUFFER_DATA, NULL}};
    struct message call = {.buffers = buffers, .count = 2, .failure = failure};
    SECURITY_STATUS status;

    *plain = (struct bytes){0};
    if (!provider->unseal)
        return SEC_E_UNSUPPORTED_FUNCTION;
    call.qop = sealed ? 0 : SECQOP_WRAP_NO_ENCRYPT;
    status = provider->unseal(context, &call);
    if (status < 0)
        return status;
    if (sealed && call.qop == SECQOP_WRAP_NO_ENCRYPT)
        return failure_set(failure, SEC_E_QOP_NOT_SUPPORTED, SSPI_REASON_POLICY,
                           "SASL: a message that is only signed came where confidentiality was agreed");
    *plain = bytes_of(buffers[1].pvBuffer, buffers[1].cbBuffer);
    return SEC_E_OK;
}
