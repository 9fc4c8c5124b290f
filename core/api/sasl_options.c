/*
 * SaslSetContextOption and SaslGetContextOption, and our own questions on what was agreed.
 */
#include <string.h>

#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"
#include "api/sasl.h"
#include "base/memory.h"
#include "base/utf.h"

/* The state of a context that the Sasl functions began, locked; NULL with the status. */
static struct context_entry *entry_lock(const SecHandle *handle, SECURITY_STATUS *status)
{
    struct context_entry *entry = context_entry_lock(handle);

    *status = SEC_E_INVALID_HANDLE;
    if (!entry)
        return NULL;
    if (entry->context->phase != CONTEXT_FAILED && entry->sasl)
        return entry;
    if (entry->context->phase != CONTEXT_FAILED)
        *status = SEC_E_UNSUPPORTED_FUNCTION;
    context_entry_unlock(entry);
    return NULL;
}

/* ---- Setting ---- */

static SECURITY_STATUS wrong(struct failure *failure, SECURITY_STATUS status, const char *what)
{
    return failure_set(failure, status, SSPI_REASON_USAGE, "%s", what);
}

static SECURITY_STATUS number_take(const void *value, ULONG size, ULONG *number, struct failure *failure)
{
    if (size < sizeof *number)
        return wrong(failure, SEC_E_BUFFER_TOO_SMALL, "the option's value is a ULONG");
    memcpy(number, value, sizeof *number);
    return SEC_E_OK;
}

/* What the peer was told, or follows from it, stands. */
static bool agreement_begun(const struct sasl *sasl)
{
    return sasl->pending || sasl->phase == SASL_CHOICE_DUE || sasl->phase == SASL_ANSWER_DUE
           || sasl->phase == SASL_DONE;
}

static SECURITY_STATUS size_set(struct sasl *sasl, ULONG *member, ULONG number, struct failure *failure)
{
    if (agreement_begun(sasl))
        return wrong(failure, SEC_E_OUT_OF_SEQUENCE, "the sizes of messages are agreed on already");
    if (number == 0 || number > SASL_SIZE_MAX)
        return wrong(failure, SEC_E_INVALID_PARAMETER, "the size of messages must be 1 to 0xFFFFFF");
    *member = number;
    return SEC_E_OK;
}

static SECURITY_STATUS authz_set(struct sasl *sasl, const void *value, ULONG size, struct failure *failure)
{
    uint8_t *copy;

    if (sasl->authz_forbidden || sasl->acceptor || !sasl->profile->agrees_layer)
        return wrong(failure, SEC_E_UNSUPPORTED_FUNCTION,
                     "an authorization identity is forbidden here, or nothing that this side and mechanism can send");
    if (agreement_begun(sasl))
        return wrong(failure, SEC_E_OUT_OF_SEQUENCE, "the authorization identity was sent already");
    if (size > SASL_AUTHZ_MAX || !utf8_valid(bytes_of(value, size)))
        return wrong(failure, SEC_E_INVALID_PARAMETER, "an authorization identity is at most 1024 bytes of UTF-8");
    copy = mem_dup(value, size);
    if (!copy)
        return SEC_E_INSUFFICIENT_MEMORY;
    mem_free(sasl->authz);
    sasl->authz = copy;
    sasl->authz_size = size;
    return SEC_E_OK;
}

static SECURITY_STATUS processing_set(struct sasl *sasl, ULONG number, struct failure *failure)
{
    if (number > Sasl_AuthZIDProcessed)
        return wrong(failure, SEC_E_INVALID_PARAMETER, "the option's value is one of SASL_AUTHZID_STATE");
    if (sasl->phase == SASL_DONE)
        return wrong(failure, SEC_E_OUT_OF_SEQUENCE, "the exchange is over");
    sasl->authz_forbidden = number == Sasl_AuthZIDForbidden;
    return SEC_E_OK;
}

static SECURITY_STATUS option_set(struct sasl *sasl, ULONG option, const void *value, ULONG size,
                                  struct failure *failure)
{
    ULONG number = 0;
    SECURITY_STATUS status;

    if (option == SASL_OPTION_AUTHZ_STRING)
        return authz_set(sasl, value, size, failure);
    if (option != SASL_OPTION_SEND_SIZE && option != SASL_OPTION_RECV_SIZE && option != SASL_OPTION_AUTHZ_PROCESSING)
        return wrong(failure, SEC_E_UNSUPPORTED_FUNCTION, "there is no SASL option of that number");
    status = number_take(value, size, &number, failure);
    if (status != SEC_E_OK)
        return status;
    if (option == SASL_OPTION_AUTHZ_PROCESSING)
        return processing_set(sasl, number, failure);
    return size_set(sasl, option == SASL_OPTION_SEND_SIZE ? &sasl->send_limit : &sasl->receive_size, number, failure);
}

SECURITY_STATUS SEC_ENTRY SaslSetContextOption(PCtxtHandle ContextHandle, ULONG Option, PVOID Value, ULONG Size)
{
    static const char function[] = "SaslSetContextOption";
    struct failure failure = {0};
    SECURITY_STATUS status;
    struct context_entry *entry;

    if (!Value && Size)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "Value is NULL");
    entry = entry_lock(ContextHandle, &status);
    if (!entry)
        return explain_keep(function, status, NULL);
    status = option_set(entry->sasl, Option, Value, Size, &failure);
    context_entry_unlock(entry);
    return explain_keep(function, status, &failure);
}

/* ---- Getting ---- */

static SECURITY_STATUS option_get(const struct sasl *sasl, ULONG option, ULONG *number, struct bytes *value)
{
    *value = bytes_of(number, sizeof *number);
    switch (option) {
    case SASL_OPTION_SEND_SIZE:
        *number = sasl->phase == SASL_DONE ? sasl->send_size : sasl->send_limit;
        return SEC_E_OK;
    case SASL_OPTION_RECV_SIZE:
        *number = sasl->receive_size;
        return SEC_E_OK;
    case SASL_OPTION_AUTHZ_PROCESSING:
        *number = sasl->authz_forbidden ? Sasl_AuthZIDForbidden : Sasl_AuthZIDProcessed;
        return SEC_E_OK;
    case SASL_OPTION_AUTHZ_STRING:
        *value = bytes_of(sasl->authz, sasl->authz_size);
        return sasl->authz_forbidden ? SEC_E_UNSUPPORTED_FUNCTION : SEC_E_OK;
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

static SECURITY_STATUS value_out(struct bytes value, void *out, ULONG size, PULONG needed)
{
    if (needed)
        *needed = (ULONG)value.size;
    if (size < value.size || (!out && value.size))
        return SEC_E_BUFFER_TOO_SMALL;
    if (value.size)
        memcpy(out, value.data, value.size);
    return SEC_E_OK;
}

SECURITY_STATUS SEC_ENTRY SaslGetContextOption(PCtxtHandle ContextHandle, ULONG Option, PVOID Value, ULONG Size,
                                               PULONG Needed)
{
    static const char function[] = "SaslGetContextOption";
    struct context_entry *entry;
    SECURITY_STATUS status;
    struct bytes value;
    ULONG number;

    if (Needed)
        *Needed = 0;
    entry = entry_lock(ContextHandle, &status);
    if (!entry)
        return explain_keep(function, status, NULL);
    status = option_get(entry->sasl, Option, &number, &value);
    if (status == SEC_E_OK)
        status = value_out(value, Value, Size, Needed);
    context_entry_unlock(entry);
    return explain_keep(function, status, NULL);
}

SECURITY_STATUS SEC_ENTRY SspiSaslQueryLayer(PCtxtHandle phContext, ULONG *layer)
{
    static const char function[] = "SspiSaslQueryLayer";
    struct context_entry *entry;
    SECURITY_STATUS status;

    if (!layer)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "layer is NULL");
    *layer = 0;
    entry = entry_lock(phContext, &status);
    if (!entry)
        return explain_keep(function, status, NULL);
    if (entry->sasl->phase == SASL_DONE) {
        *layer = entry->sasl->layer;
        status = SEC_E_OK;
    }
    context_entry_unlock(entry);
    return explain_keep(function, status, NULL);
}

SECURITY_STATUS SEC_ENTRY SspiSaslQueryAuthorization(PCtxtHandle phContext, char **authorization)
{
    static const char function[] = "SspiSaslQueryAuthorization";
    struct context_entry *entry;
    SECURITY_STATUS status;
    char *text;

    if (!authorization)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "authorization is NULL");
    *authorization = NULL;
    entry = entry_lock(phContext, &status);
    if (!entry)
        return explain_keep(function, status, NULL);
    text = context_buffer_new(entry->sasl->authz_size + 1);
    if (text && entry->sasl->authz_size)
        memcpy(text, entry->sasl->authz, entry->sasl->authz_size);
    context_entry_unlock(entry);
    *authorization = text;
    return explain_keep(function, text ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY, NULL);
}
