/*
 * QueryContextAttributes: a package's answer, free of A and W, put into the caller's structure.
 */
#include <stddef.h>
#include <string.h>

#include "api/calls.h"
#include "api/context_buffer.h"
#include "api/entries.h"
#include "api/explain.h"
#include "api/packages.h"
#include "api/text.h"
#include "schannel.h"

/* Every structure with text has one layout in its A and W forms, so the A form stands for both. */
_Static_assert(sizeof(SecPkgContext_KeyInfoA) == sizeof(SecPkgContext_KeyInfoW), "one layout");
_Static_assert(sizeof(SecPkgContext_NativeNamesA) == sizeof(SecPkgContext_NativeNamesW), "one layout");

/* Makes the caller's structure in `out`, zeroed before. On failure whatever it allocated is in `out` for `drop`. */
typedef SECURITY_STATUS attribute_marshal(bool wide, const struct attribute_value *value, void *out);

static SECURITY_STATUS marshal_sizes(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_Sizes *sizes = out;

    (void)wide;
    sizes->cbMaxToken = value->sizes.max_token;
    sizes->cbMaxSignature = value->sizes.max_signature;
    sizes->cbBlockSize = value->sizes.block_size;
    sizes->cbSecurityTrailer = value->sizes.security_trailer;
    return SEC_E_OK;
}

/* Structures that are one string; a value that is not there is an empty one. */
static SECURITY_STATUS marshal_text(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_NamesA *names = out;

    return text_to_caller(wide, value->text ? value->text : "", (void **)&names->sUserName);
}

/* UTF-16 in both forms; NULL when the client named no target it vouches for. */
static SECURITY_STATUS marshal_client_target(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_ClientSpecifiedTarget *target = out;

    (void)wide;
    return value->text ? text_to_caller(true, value->text, (void **)&target->sTargetName) : SEC_E_OK;
}

static SECURITY_STATUS marshal_blob(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_SessionKey *key = out;

    (void)wide;
    if (value->blob.size == 0)
        return SEC_E_OK;
    key->SessionKey = context_buffer_dup(value->blob);
    if (!key->SessionKey)
        return SEC_E_INSUFFICIENT_MEMORY;
    key->SessionKeyLength = (ULONG)value->blob.size;
    return SEC_E_OK;
}

/* Counted 8-bit text, with a terminator that is not counted. */
static SECURITY_STATUS marshal_counted(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_Target *target = out;

    (void)wide;
    if (!value->text)
        return SEC_E_OK;
    target->TargetLength = (ULONG)strlen(value->text);
    return text_to_caller(false, value->text, (void **)&target->Target);
}

/* What an RPC server authorizes by: the client's name. */
static SECURITY_STATUS marshal_dce_info(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_DceInfo *info = out;

    info->AuthzSvc = RPC_C_AUTHZ_NAME;
    return text_to_caller(wide, value->text ? value->text : "", &info->pPac);
}

static SECURITY_STATUS marshal_lifespan(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_Lifespan *lifespan = out;

    (void)wide;
    lifespan->tsStart.QuadPart = clock_to_local(value->lifespan.start);
    lifespan->tsExpiry.QuadPart = clock_to_local(value->lifespan.expiry);
    return SEC_E_OK;
}

static SECURITY_STATUS marshal_time(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_PasswordExpiry *expiry = out;

    (void)wide;
    expiry->tsPasswordExpires.QuadPart = clock_to_local(value->time);
    return SEC_E_OK;
}

static SECURITY_STATUS marshal_number(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_Flags *flags = out;

    (void)wide;
    flags->Flags = value->number;
    return SEC_E_OK;
}

static SECURITY_STATUS marshal_key_info(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_KeyInfoA *info = out;
    SECURITY_STATUS status =
        text_to_caller(wide, value->key_info.sign ? value->key_info.sign : "", (void **)&info->sSignatureAlgorithmName);

    info->KeySize = value->key_info.bits;
    info->SignatureAlgorithm = value->key_info.sign_id;
    info->EncryptAlgorithm = value->key_info.encrypt_id;
    if (status == SEC_E_OK)
        status = text_to_caller(wide, value->key_info.encrypt ? value->key_info.encrypt : "",
                                (void **)&info->sEncryptAlgorithmName);
    if (status != SEC_E_OK)
        context_buffer_free(info->sSignatureAlgorithmName);
    return status;
}

static SECURITY_STATUS marshal_native_names(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_NativeNamesA *names = out;
    SECURITY_STATUS status = text_to_caller(wide, value->native_names.client ? value->native_names.client : "",
                                            (void **)&names->sClientName);

    if (status == SEC_E_OK)
        status = text_to_caller(wide, value->native_names.server ? value->native_names.server : "",
                                (void **)&names->sServerName);
    if (status != SEC_E_OK)
        context_buffer_free(names->sClientName);
    return status;
}

static SECURITY_STATUS marshal_package(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_PackageInfoA *info = out;

    return package_info_make(wide, value->negotiation.provider, (void **)&info->PackageInfo);
}

static SECURITY_STATUS marshal_negotiation(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_NegotiationInfoA *info = out;

    info->NegotiationState = value->negotiation.state;
    return package_info_make(wide, value->negotiation.provider, (void **)&info->PackageInfo);
}

/* Several certificates, DER, one behind the other. */
static SECURITY_STATUS marshal_certificates(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_Certificates *certificates = out;

    (void)wide;
    certificates->pbCertificateChain = context_buffer_dup(value->numbered.content);
    if (!certificates->pbCertificateChain)
        return SEC_E_INSUFFICIENT_MEMORY;
    certificates->cbCertificateChain = (DWORD)value->numbered.content.size;
    certificates->cCertificates = value->numbered.number;
    return SEC_E_OK;
}

/* Without its terminator, as UNICODE_STRING counts. */
static DWORD wide_bytes(const WCHAR *text)
{
    size_t units = 0;

    while (text[units])
        units++;
    return (DWORD)(units * sizeof *text);
}

/* UTF-16 in both forms. */
static SECURITY_STATUS marshal_certificate_info(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_CertInfo *info = out;
    SECURITY_STATUS status = text_to_caller(true, value->certificate.subject, (void **)&info->pwszSubjectName);

    (void)wide;
    if (status == SEC_E_OK)
        status = text_to_caller(true, value->certificate.issuer, (void **)&info->pwszIssuerName);
    if (status != SEC_E_OK) {
        context_buffer_free(info->pwszSubjectName);
        return status;
    }
    info->dwVersion = KERN_CONTEXT_CERT_INFO_V1;
    info->cbSubjectName = wide_bytes(info->pwszSubjectName);
    info->cbIssuerName = wide_bytes(info->pwszIssuerName);
    info->dwKeySize = value->certificate.bits;
    return SEC_E_OK;
}

/* The caller's own structure asks for it. */
static SECURITY_STATUS marshal_material(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_KeyingMaterial_Inproc *material = out;

    (void)wide;
    material->pbKeyingMaterial = context_buffer_dup(value->blob);
    return material->pbKeyingMaterial ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

static SECURITY_STATUS marshal_numbered(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_SessionAppData *data = out;

    (void)wide;
    data->dwFlags = value->numbered.number;
    if (value->numbered.content.size == 0)
        return SEC_E_OK;
    data->pbAppData = context_buffer_dup(value->numbered.content);
    if (!data->pbAppData)
        return SEC_E_INSUFFICIENT_MEMORY;
    data->cbAppData = (DWORD)value->numbered.content.size;
    return SEC_E_OK;
}

static SECURITY_STATUS marshal_signatures(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_SupportedSignatures *signatures = out;

    (void)wide;
    signatures->pSignatureAndHashAlgorithms = context_buffer_dup(value->blob);
    if (!signatures->pSignatureAndHashAlgorithms)
        return SEC_E_INSUFFICIENT_MEMORY;
    signatures->cSignatureAndHashAlgorithms = (WORD)(value->blob.size / sizeof(WORD));
    return SEC_E_OK;
}

/* One piece of memory: the array, then the names. */
static SECURITY_STATUS marshal_issuers(bool wide, const struct attribute_value *value, void *out)
{
    SecPkgContext_IssuerListInfoEx *issuers = out;
    size_t size = value->list.count * sizeof *issuers->aIssuers;
    uint8_t *end;

    (void)wide;
    if (value->list.count == 0)
        return SEC_E_OK;
    for (size_t i = 0; i < value->list.count; i++)
        size += value->list.items[i].size;
    issuers->aIssuers = context_buffer_new(size);
    if (!issuers->aIssuers)
        return SEC_E_INSUFFICIENT_MEMORY;
    end = (uint8_t *)(issuers->aIssuers + value->list.count);
    for (size_t i = 0; i < value->list.count; i++) {
        issuers->aIssuers[i] = (CERT_NAME_BLOB){(DWORD)value->list.items[i].size, end};
        memcpy(end, value->list.items[i].data, value->list.items[i].size);
        end += value->list.items[i].size;
    }
    issuers->cIssuers = (DWORD)value->list.count;
    return SEC_E_OK;
}

static const struct attribute_row {
    ULONG id;
    USHORT size;
    bool while_open;            /* also before the context is established */
    attribute_marshal *marshal; /* NULL: the package gives the structure itself, as `blob` */
} attribute_rows[] = {
    {SECPKG_ATTR_SIZES, sizeof(SecPkgContext_Sizes), true, marshal_sizes},
    {SECPKG_ATTR_NAMES, sizeof(SecPkgContext_NamesA), false, marshal_text},
    {SECPKG_ATTR_LIFESPAN, sizeof(SecPkgContext_Lifespan), false, marshal_lifespan},
    {SECPKG_ATTR_DCE_INFO, sizeof(SecPkgContext_DceInfo), false, marshal_dce_info},
    {SECPKG_ATTR_KEY_INFO, sizeof(SecPkgContext_KeyInfoA), false, marshal_key_info},
    {SECPKG_ATTR_AUTHORITY, sizeof(SecPkgContext_AuthorityA), false, marshal_text},
    {SECPKG_ATTR_PASSWORD_EXPIRY, sizeof(SecPkgContext_PasswordExpiry), false, marshal_time},
    {SECPKG_ATTR_SESSION_KEY, sizeof(SecPkgContext_SessionKey), false, marshal_blob},
    {SECPKG_ATTR_PACKAGE_INFO, sizeof(SecPkgContext_PackageInfoA), true, marshal_package},
    {SECPKG_ATTR_USER_FLAGS, sizeof(SecPkgContext_UserFlags), false, marshal_number},
    {SECPKG_ATTR_NEGOTIATION_INFO, sizeof(SecPkgContext_NegotiationInfoA), true, marshal_negotiation},
    {SECPKG_ATTR_NATIVE_NAMES, sizeof(SecPkgContext_NativeNamesA), false, marshal_native_names},
    {SECPKG_ATTR_FLAGS, sizeof(SecPkgContext_Flags), true, marshal_number},
    {SECPKG_ATTR_TARGET_INFORMATION, sizeof(SecPkgContext_TargetInformation), false, marshal_blob},
    {SECPKG_ATTR_TARGET, sizeof(SecPkgContext_Target), false, marshal_counted},
    {SECPKG_ATTR_AUTHENTICATION_ID, sizeof(SecPkgContext_AuthzID), false, marshal_counted},
    {SECPKG_ATTR_LOGOFF_TIME, sizeof(SecPkgContext_LogoffTime), false, marshal_time},
    {SECPKG_ATTR_UNIQUE_BINDINGS, sizeof(SecPkgContext_Bindings), false, marshal_blob},
    {SECPKG_ATTR_ENDPOINT_BINDINGS, sizeof(SecPkgContext_Bindings), false, marshal_blob},
    {SECPKG_ATTR_CLIENT_SPECIFIED_TARGET, sizeof(SecPkgContext_ClientSpecifiedTarget), false, marshal_client_target},
    {SECPKG_ATTR_LAST_CLIENT_TOKEN_STATUS, sizeof(SecPkgContext_LastClientTokenStatus), false, marshal_number},
    {SECPKG_ATTR_STREAM_SIZES, sizeof(SecPkgContext_StreamSizes), false, NULL},
    {SECPKG_ATTR_APPLICATION_PROTOCOL, sizeof(SecPkgContext_ApplicationProtocol), false, NULL},
    {SECPKG_ATTR_REMOTE_CERT_CONTEXT, sizeof(PCCERT_CONTEXT), false, NULL},
    {SECPKG_ATTR_LOCAL_CERT_CONTEXT, sizeof(PCCERT_CONTEXT), false, NULL},
    {SECPKG_ATTR_REMOTE_CERT_CHAIN, sizeof(PCCERT_CONTEXT), false, NULL},
    {SECPKG_ATTR_ISSUER_LIST_EX, sizeof(SecPkgContext_IssuerListInfoEx), true, marshal_issuers},
    {SECPKG_ATTR_CONNECTION_INFO, sizeof(SecPkgContext_ConnectionInfo), false, NULL},
    {SECPKG_ATTR_CONNECTION_INFO_EX, sizeof(SecPkgContext_ConnectionInfoEx), false, NULL},
    {SECPKG_ATTR_CIPHER_INFO, sizeof(SecPkgContext_CipherInfo), false, NULL},
    {SECPKG_ATTR_SESSION_INFO, sizeof(SecPkgContext_SessionInfo), false, NULL},
    {SECPKG_ATTR_APP_DATA, sizeof(SecPkgContext_SessionAppData), false, marshal_numbered},
    {SECPKG_ATTR_EAP_KEY_BLOCK, sizeof(SecPkgContext_EapKeyBlock), false, NULL},
    {SECPKG_ATTR_KEYING_MATERIAL, sizeof(SecPkgContext_KeyingMaterial), false, marshal_blob},
    {SECPKG_ATTR_SUPPORTED_SIGNATURES, sizeof(SecPkgContext_SupportedSignatures), false, marshal_signatures},
    {SECPKG_ATTR_REMOTE_CERTIFICATES, sizeof(SecPkgContext_Certificates), false, marshal_certificates},
    {SECPKG_ATTR_LOCAL_CERT_INFO, sizeof(SecPkgContext_CertInfo), false, marshal_certificate_info},
    {SECPKG_ATTR_KEYING_MATERIAL_INPROC, sizeof(SecPkgContext_KeyingMaterial_Inproc), false, marshal_material},
    {SSPI_ATTR_EXPORTER_BINDINGS, sizeof(SecPkgContext_Bindings), false, marshal_blob},
};

static const struct attribute_row *row_find(ULONG attribute)
{
    for (size_t i = 0; i < sizeof attribute_rows / sizeof *attribute_rows; i++)
        if (attribute_rows[i].id == attribute)
            return &attribute_rows[i];
    return NULL;
}

/* Bytes at the structure's beginning that are the caller's question. */
static size_t asked_size(const struct attribute_row *row)
{
    return row && row->id == SECPKG_ATTR_KEYING_MATERIAL_INPROC
               ? offsetof(SecPkgContext_KeyingMaterial_Inproc, pbKeyingMaterial)
               : 0;
}

/* Clears what the caller's structure shall be filled with, but not what it asks. */
static void answer_clear(const struct attribute_row *row, void *buffer, size_t size)
{
    const size_t asked = asked_size(row), whole = size != CALL_SIZE_UNKNOWN ? size : row ? row->size : 0;

    if (whole > asked)
        memset((uint8_t *)buffer + asked, 0, whole - asked);
}

/* What api/ knows itself when the package has no answer of its own. */
static SECURITY_STATUS value_generic(struct context *context, ULONG attribute, struct attribute_value *value)
{
    *value = (struct attribute_value){0};
    switch (attribute) {
    case SECPKG_ATTR_FLAGS:
        value->number = context->attributes;
        return SEC_E_OK;
    case SECPKG_ATTR_DCE_INFO:
        return context->acceptor && context->provider->query
                   ? context->provider->query(context, SECPKG_ATTR_NAMES, value)
                   : SEC_E_UNSUPPORTED_FUNCTION;
    case SECPKG_ATTR_PACKAGE_INFO:
    case SECPKG_ATTR_NEGOTIATION_INFO:
        value->negotiation.provider = context->provider;
        value->negotiation.state =
            context->phase == CONTEXT_ESTABLISHED ? SECPKG_NEGOTIATION_COMPLETE : SECPKG_NEGOTIATION_IN_PROGRESS;
        return SEC_E_OK;
    default:
        return SEC_E_UNSUPPORTED_FUNCTION;
    }
}

/* A structure that the package made. Wiped where it was made: here it goes to the caller alone. */
static SECURITY_STATUS marshal_whole(const struct attribute_row *row, const struct attribute_value *value, void *out)
{
    if (value->blob.size != row->size)
        return SEC_E_INTERNAL_ERROR;
    memcpy(out, value->blob.data, row->size);
    return SEC_E_OK;
}

/* Asks the package, then fills the caller's structure; strings are borrowed from the context, which is locked. */
static SECURITY_STATUS query_locked(struct context *context, const struct attribute_row *row, bool wide, void *buffer)
{
    struct attribute_value value = {0};
    SECURITY_STATUS status = SEC_E_UNSUPPORTED_FUNCTION;

    if (context->phase == CONTEXT_FAILED || (context->phase == CONTEXT_OPEN && !row->while_open))
        return SEC_E_INVALID_HANDLE;
    value.asked = bytes_of(buffer, asked_size(row));
    if (context->provider->query)
        status = context->provider->query(context, row->id, &value);
    if (status == SEC_E_UNSUPPORTED_FUNCTION)
        status = value_generic(context, row->id, &value);
    if (status == SEC_E_OK)
        status = row->marshal ? row->marshal(wide, &value, buffer) : marshal_whole(row, &value, buffer);
    if (status != SEC_E_OK)
        answer_clear(row, buffer, CALL_SIZE_UNKNOWN);
    return status;
}

SECURITY_STATUS call_query_context(const char *function, bool wide, const SecHandle *context, ULONG attribute,
                                   void *buffer, size_t size)
{
    const struct attribute_row *row = row_find(attribute);
    struct context_entry *entry;
    SECURITY_STATUS status;

    if (!buffer)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "pBuffer is NULL");
    answer_clear(row, buffer, size);
    entry = context_entry_lock(context);
    if (!entry)
        return explain_keep(function, SEC_E_INVALID_HANDLE, NULL);
    if (!row)
        status = entry->context->phase == CONTEXT_ESTABLISHED ? SEC_E_UNSUPPORTED_FUNCTION : SEC_E_INVALID_HANDLE;
    else if (size < row->size)
        status = SEC_E_BUFFER_TOO_SMALL;
    else
        status = query_locked(entry->context, row, wide, buffer);
    context_entry_unlock(entry);
    return explain_keep(function, status, NULL);
}
