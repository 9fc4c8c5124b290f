/*
 * Channel bindings for every package: the hash of RFC 4121 4.1.1.2 and the decisions of Extended Protection, and the
 * two public functions that lay bindings out.
 */
#include <string.h>

#include "api/context_buffer.h"
#include "api/explain.h"
#include "api/provider.h"
#include "base/secret.h"
#include "base/writer.h"
#include "crypto/hash.h"

static struct bytes u32le_pair(uint8_t out[8], uint32_t first, size_t second)
{
    struct writer writer = writer_over(out, 8);

    writer_u32le(&writer, first);
    writer_u32le(&writer, (uint32_t)second);
    return bytes_of(out, 8);
}

bool step_bindings_hash(const struct step *step, uint8_t hash[16])
{
    uint8_t initiator[8], acceptor[8], application[8];
    struct bytes parts[6];

    parts[0] = u32le_pair(initiator, step->bindings_initiator_type, step->bindings_initiator.size);
    parts[1] = step->bindings_initiator;
    parts[2] = u32le_pair(acceptor, step->bindings_acceptor_type, step->bindings_acceptor.size);
    parts[3] = step->bindings_acceptor;
    parts[4] = u32le_pair(application, (uint32_t)step->bindings_application.size, 0);
    parts[4].size = 4;
    parts[5] = step->bindings_application;
    return md5_digest(parts, 6, hash);
}

/* The flags of a client that sent no value: none at all, or zeroes. */
static ULONG absent_flags(enum client_bindings client)
{
    return SEC_CHANNEL_BINDINGS_RESULT_ABSENT
           | (client == CLIENT_BINDINGS_EMPTY ? SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT : 0);
}

/* Bindings are needed and the client sent no value. One that says nothing may be let pass; one that says "none" never.
 */
static ULONG result_absent(const struct step *step, enum client_bindings client)
{
    if (client == CLIENT_BINDINGS_NONE && (step->requested & ASC_REQ_ALLOW_MISSING_BINDINGS))
        return absent_flags(client) | SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING;
    return absent_flags(client) | SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING;
}

/* The client sent a value: it must be ours, or, behind a proxy, any. */
static SECURITY_STATUS result_value(const struct step *step, const uint8_t client_hash[16], ULONG *result)
{
    uint8_t own[16];

    *result = SEC_CHANNEL_BINDINGS_RESULT_CLIENT_SUPPORT;
    if (!step->has_bindings) {
        *result |= SEC_CHANNEL_BINDINGS_RESULT_VALID_PROXY;
        return SEC_E_OK;
    }
    if (!step_bindings_hash(step, own))
        return failure_set(step->failure, SEC_E_INTERNAL_ERROR, SSPI_REASON_CRYPTO_UNAVAILABLE,
                           "MD5 failed on the channel bindings");
    *result |= secret_equal(own, client_hash, sizeof own) ? SEC_CHANNEL_BINDINGS_RESULT_VALID_MATCHED
                                                          : SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH;
    return SEC_E_OK;
}

SECURITY_STATUS step_bindings_decide(struct step *step, enum client_bindings client, const uint8_t client_hash[16])
{
    bool needed = step->has_bindings || (step->requested & ASC_REQ_PROXY_BINDINGS);
    SECURITY_STATUS status = SEC_E_OK;

    step->bindings_result = 0;
    if (client == CLIENT_BINDINGS_VALUE)
        status = result_value(step, client_hash, &step->bindings_result);
    else if (needed)
        step->bindings_result = result_absent(step, client);
    else
        step->bindings_result = absent_flags(client) | SEC_CHANNEL_BINDINGS_RESULT_VALID_MISSING;
    if (status != SEC_E_OK || !needed || step->bindings_audit)
        return status;
    if (step->bindings_result & SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISMATCH)
        return failure_set(step->failure, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_WRONG,
                           "the client's channel bindings are those of another channel: possibly a relayed login");
    if (step->bindings_result & SEC_CHANNEL_BINDINGS_RESULT_NOTVALID_MISSING)
        return failure_set(
            step->failure, SEC_E_BAD_BINDINGS, SSPI_REASON_BINDINGS_MISSING,
            "channel bindings are required and the client sent none; ASC_REQ_ALLOW_MISSING_BINDINGS lets "
            "such clients in");
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SspiMakeChannelBindings(const void *application_data, ULONG application_data_size,
                                                  ULONG *bindings_size, PSEC_CHANNEL_BINDINGS *bindings)
{
    static const char function[] = "SspiMakeChannelBindings";
    SEC_CHANNEL_BINDINGS *made;

    if (bindings_size)
        *bindings_size = 0;
    if (bindings)
        *bindings = NULL;
    if (!bindings_size || !bindings || (!application_data && application_data_size)
        || application_data_size > UINT32_MAX - sizeof *made)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "an argument is NULL, or the data is too long");
    made = context_buffer_new(sizeof *made + application_data_size);
    if (!made)
        return explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    made->cbApplicationDataLength = application_data_size;
    made->dwApplicationDataOffset = sizeof *made;
    if (application_data_size)
        memcpy(made + 1, application_data, application_data_size);
    *bindings_size = (ULONG)sizeof *made + application_data_size;
    *bindings = made;
    return SEC_E_OK;
}

/* An offset of the plain form in the EX form, whose header is longer; absent data keeps none. */
static bool offset_moved(ULONG size, ULONG offset, ULONG total, ULONG *moved)
{
    const ULONG longer = sizeof(SEC_CHANNEL_BINDINGS_EX) - sizeof(SEC_CHANNEL_BINDINGS);

    *moved = size ? offset + longer : 0;
    return size == 0 || (offset >= sizeof(SEC_CHANNEL_BINDINGS) && offset <= total && size <= total - offset);
}

static bool bindings_extend(const SEC_CHANNEL_BINDINGS *from, ULONG size, ULONG flags, SEC_CHANNEL_BINDINGS_EX *to)
{
    to->magicNumber = SEC_CHANNEL_BINDINGS_EX_MAGIC;
    to->flags = flags;
    to->cbHeaderLength = sizeof *to;
    to->cbStructureLength = (ULONG)sizeof *to + (size - (ULONG)sizeof *from);
    to->dwInitiatorAddrType = from->dwInitiatorAddrType;
    to->cbInitiatorLength = from->cbInitiatorLength;
    to->dwAcceptorAddrType = from->dwAcceptorAddrType;
    to->cbAcceptorLength = from->cbAcceptorLength;
    to->cbApplicationDataLength = from->cbApplicationDataLength;
    memcpy(to + 1, from + 1, size - sizeof *from);
    return offset_moved(from->cbInitiatorLength, from->dwInitiatorOffset, size, &to->dwInitiatorOffset)
           && offset_moved(from->cbAcceptorLength, from->dwAcceptorOffset, size, &to->dwAcceptorOffset)
           && offset_moved(from->cbApplicationDataLength, from->dwApplicationDataOffset, size,
                           &to->dwApplicationDataOffset);
}

SECURITY_STATUS SEC_ENTRY SspiSetChannelBindingFlags(PSecPkgContext_Bindings pBindings, ULONG flags)
{
    static const char function[] = "SspiSetChannelBindingFlags";
    const ULONG longer = sizeof(SEC_CHANNEL_BINDINGS_EX) - sizeof(SEC_CHANNEL_BINDINGS);
    SEC_CHANNEL_BINDINGS_EX *extended;
    SEC_CHANNEL_BINDINGS *plain;

    if (!pBindings || !pBindings->Bindings || pBindings->BindingsLength < sizeof(SEC_CHANNEL_BINDINGS)
        || pBindings->BindingsLength > UINT32_MAX - longer || (flags & ~(ULONG)SEC_CHANNEL_BINDINGS_VALID_FLAGS))
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the bindings are malformed, or a flag is unknown");
    plain = pBindings->Bindings;
    extended = context_buffer_new((size_t)pBindings->BindingsLength + longer);
    if (!extended)
        return explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    if (!bindings_extend(plain, pBindings->BindingsLength, flags, extended) || !context_buffer_free(plain)) {
        context_buffer_free(extended);
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "the bindings are malformed, or not the library's");
    }
    pBindings->BindingsLength += longer;
    pBindings->Bindings = (SEC_CHANNEL_BINDINGS *)extended;
    return SEC_E_OK;
}
