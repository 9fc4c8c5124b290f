/*
 * QueryCredentialsAttributes: what a package says of a credential, put into the caller's structure.
 */
#include <string.h>

#include "api/calls.h"
#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"
#include "api/text.h"
#include "schannel.h"

_Static_assert(sizeof(SecPkgCredentials_NamesA) == sizeof(SecPkgCredentials_NamesW), "one layout");

static SECURITY_STATUS marshal_name(bool wide, const struct credential_value *value, void *out)
{
    SecPkgCredentials_NamesA *names = out;

    return text_to_caller(wide, value->text ? value->text : "", (void **)&names->sUserName);
}

static SECURITY_STATUS marshal_algorithms(bool wide, const struct credential_value *value, void *out)
{
    SecPkgCred_SupportedAlgs *algorithms = out;

    (void)wide;
    algorithms->palgSupportedAlgs = context_buffer_dup(bytes_of(value->numbers, value->count * sizeof(ALG_ID)));
    if (!algorithms->palgSupportedAlgs)
        return SEC_E_INSUFFICIENT_MEMORY;
    algorithms->cSupportedAlgs = (DWORD)value->count;
    return SEC_E_OK;
}

static SECURITY_STATUS marshal_strengths(bool wide, const struct credential_value *value, void *out)
{
    SecPkgCred_CipherStrengths *strengths = out;

    (void)wide;
    *strengths = (SecPkgCred_CipherStrengths){value->numbers[0], value->numbers[1]};
    return SEC_E_OK;
}

static SECURITY_STATUS marshal_protocols(bool wide, const struct credential_value *value, void *out)
{
    SecPkgCred_SupportedProtocols *protocols = out;

    (void)wide;
    protocols->grbitProtocol = value->numbers[0];
    return SEC_E_OK;
}

static const struct credential_row {
    ULONG id;
    size_t size;
    SECURITY_STATUS (*marshal)(bool wide, const struct credential_value *value, void *out);
} rows[] = {
    {SECPKG_CRED_ATTR_NAMES, sizeof(SecPkgCredentials_NamesA), marshal_name},
    {SECPKG_ATTR_SUPPORTED_ALGS, sizeof(SecPkgCred_SupportedAlgs), marshal_algorithms},
    {SECPKG_ATTR_CIPHER_STRENGTHS, sizeof(SecPkgCred_CipherStrengths), marshal_strengths},
    {SECPKG_ATTR_SUPPORTED_PROTOCOLS, sizeof(SecPkgCred_SupportedProtocols), marshal_protocols},
};

static const struct credential_row *row_find(ULONG attribute)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].id == attribute)
            return &rows[i];
    return NULL;
}

/* Under the lock, so that nobody sets an option meanwhile. */
static SECURITY_STATUS query(struct credential_entry *entry, const struct credential_row *row, bool wide, void *buffer,
                             struct failure *failure)
{
    const struct provider *provider = entry->credential->provider;
    struct credential_value value = {0};
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    pthread_mutex_lock(&entry->lock);
    if (row->id == SECPKG_CRED_ATTR_NAMES && provider->query_credential_name)
        status = provider->query_credential_name(entry->credential, &value.text);
    else if (row->id != SECPKG_CRED_ATTR_NAMES && provider->query_credential)
        status = provider->query_credential(entry->credential, row->id, &value, failure);
    if (status == SEC_E_OK)
        status = row->marshal(wide, &value, buffer);
    pthread_mutex_unlock(&entry->lock);
    return status;
}

SECURITY_STATUS call_query_credential(const char *function, bool wide, const SecHandle *credential, ULONG attribute,
                                      void *buffer, size_t size)
{
    const struct credential_row *row = row_find(attribute);
    struct credential_entry *entry;
    struct failure failure = {0};
    struct handle_slot *pin;
    SECURITY_STATUS status;

    if (!buffer)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "pBuffer is NULL");
    if (size != CALL_SIZE_UNKNOWN)
        memset(buffer, 0, size);
    else if (row)
        memset(buffer, 0, row->size);
    entry = handle_pin(credential, HANDLE_CREDENTIAL, &pin);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    if (!row)
        status = SEC_E_UNSUPPORTED_FUNCTION;
    else if (size < row->size)
        status = SEC_E_BUFFER_TOO_SMALL;
    else
        status = query(entry, row, wide, buffer, &failure);
    handle_unpin(pin);
    return explain_keep(function, status, &failure);
}
