/*
 * The only place where A and W differ: UTF-8 or UTF-16 towards the caller, UTF-8 inside. Each pair ends in one function
 * of calls.h.
 */
#include <string.h>

#include "api/calls.h"
#include "api/context_buffer.h"
#include "api/explain.h"
#include "api/text.h"
#include "base/memory.h"
#include "base/utf.h"

static size_t wide_length(const SEC_WCHAR *text)
{
    size_t length = 0;

    while (length <= TEXT_MAX && text[length])
        length++;
    return length;
}

SECURITY_STATUS text_from_counted(bool wide, const void *text, size_t count, char **out)
{
    struct bytes view = bytes_of(text, wide ? count * sizeof(SEC_WCHAR) : count);

    *out = NULL;
    if (!text)
        return count ? SEC_E_INVALID_PARAMETER : SEC_E_OK;
    if (count > TEXT_MAX)
        return SEC_E_INVALID_PARAMETER;
    if (wide)
        return utf8_from_utf16le(view, out);
    if (!utf8_valid(view))
        return SEC_E_INVALID_PARAMETER;
    *out = mem_alloc(count + 1);
    if (!*out)
        return SEC_E_INSUFFICIENT_MEMORY;
    if (count)
        memcpy(*out, text, count);
    (*out)[count] = '\0';
    return SEC_E_OK;
}

SECURITY_STATUS text_from_wide(const SEC_WCHAR *text, char **out)
{
    return text_from_counted(true, text, text ? wide_length(text) : 0, out);
}

SECURITY_STATUS text_check_ansi(const char *text)
{
    size_t size = text ? strnlen(text, TEXT_MAX + 1) : 0;

    return size <= TEXT_MAX && utf8_valid(bytes_of(text, size)) ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
}

SECURITY_STATUS text_measure(bool wide, const char *text, size_t *size)
{
    uint8_t *converted = NULL;
    SECURITY_STATUS status;

    *size = strlen(text) + 1;
    if (!wide)
        return SEC_E_OK;
    status = utf16le_from_utf8(bytes_of(text, strlen(text)), &converted, size);
    mem_free(converted);
    *size += sizeof(SEC_WCHAR);
    return status == SEC_E_INVALID_PARAMETER ? SEC_E_INTERNAL_ERROR : status;
}

SECURITY_STATUS text_store(bool wide, const char *text, void *out, size_t size)
{
    uint8_t *converted = NULL;
    size_t converted_size = 0;
    SECURITY_STATUS status;

    if (!wide) {
        if (strlen(text) >= size)
            return SEC_E_INTERNAL_ERROR;
        memcpy(out, text, strlen(text) + 1);
        return SEC_E_OK;
    }
    status = utf16le_from_utf8(bytes_of(text, strlen(text)), &converted, &converted_size);
    if (status != SEC_E_OK)
        return status == SEC_E_INVALID_PARAMETER ? SEC_E_INTERNAL_ERROR : status;
    if (converted_size + sizeof(SEC_WCHAR) > size)
        status = SEC_E_INTERNAL_ERROR;
    else
        memcpy(out, converted, converted_size + sizeof(SEC_WCHAR));
    mem_free(converted);
    return status;
}

SECURITY_STATUS text_to_caller(bool wide, const char *text, void **out)
{
    size_t size;
    SECURITY_STATUS status = text_measure(wide, text, &size);

    *out = NULL;
    if (status != SEC_E_OK)
        return status;
    *out = context_buffer_new(size);
    if (!*out)
        return SEC_E_INSUFFICIENT_MEMORY;
    status = text_store(wide, text, *out, size);
    if (status != SEC_E_OK) {
        context_buffer_free(*out);
        *out = NULL;
    }
    return status;
}

static SECURITY_STATUS text_refused(const char *function, SECURITY_STATUS status)
{
    if (status == SEC_E_INSUFFICIENT_MEMORY)
        return explain_keep(function, status, NULL);
    return explain_usage(function, status, "a string is not well-formed text, or too long");
}

/* ---- Packages ---- */

SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesA(ULONG *pcPackages, PSecPkgInfoA *ppPackageInfo)
{
    return call_enumerate("EnumerateSecurityPackages", false, pcPackages, (void **)ppPackageInfo);
}

SECURITY_STATUS SEC_ENTRY EnumerateSecurityPackagesW(ULONG *pcPackages, PSecPkgInfoW *ppPackageInfo)
{
    return call_enumerate("EnumerateSecurityPackages", true, pcPackages, (void **)ppPackageInfo);
}

SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoA(SEC_CHAR *pszPackageName, PSecPkgInfoA *ppPackageInfo)
{
    return call_package_info("QuerySecurityPackageInfo", false, pszPackageName, (void **)ppPackageInfo);
}

SECURITY_STATUS SEC_ENTRY QuerySecurityPackageInfoW(SEC_WCHAR *pszPackageName, PSecPkgInfoW *ppPackageInfo)
{
    static const char function[] = "QuerySecurityPackageInfo";
    char *name;
    SECURITY_STATUS status = text_from_wide(pszPackageName, &name);

    if (ppPackageInfo)
        *ppPackageInfo = NULL;
    if (status != SEC_E_OK)
        return text_refused(function, status);
    status = call_package_info(function, true, name, (void **)ppPackageInfo);
    mem_free(name);
    return status;
}

/* ---- Credentials ---- */

SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleA(SEC_CHAR *pszPrincipal, SEC_CHAR *pszPackage, ULONG fCredentialUse,
                                                    void *pvLogonId, void *pAuthData, SEC_GET_KEY_FN pGetKeyFn,
                                                    void *pvGetKeyArgument, PCredHandle phCredential,
                                                    PTimeStamp ptsExpiry)
{
    struct acquire_call call = {
        .function = "AcquireCredentialsHandle",
        .principal = pszPrincipal,
        .package = pszPackage,
        .use = fCredentialUse,
        .logon_id = pvLogonId,
        .auth_data = pAuthData,
        .handle = phCredential,
        .expiry = ptsExpiry,
    };

    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    if (text_check_ansi(pszPrincipal) != SEC_E_OK) {
        if (phCredential)
            SecInvalidateHandle(phCredential);
        if (ptsExpiry)
            ptsExpiry->QuadPart = 0;
        return text_refused(call.function, SEC_E_INVALID_PARAMETER);
    }
    return call_acquire(&call);
}

SECURITY_STATUS SEC_ENTRY AcquireCredentialsHandleW(SEC_WCHAR *pszPrincipal, SEC_WCHAR *pszPackage,
                                                    ULONG fCredentialUse, void *pvLogonId, void *pAuthData,
                                                    SEC_GET_KEY_FN pGetKeyFn, void *pvGetKeyArgument,
                                                    PCredHandle phCredential, PTimeStamp ptsExpiry)
{
    char *principal = NULL, *package = NULL;
    struct acquire_call call = {
        .function = "AcquireCredentialsHandle",
        .wide = true,
        .use = fCredentialUse,
        .logon_id = pvLogonId,
        .auth_data = pAuthData,
        .handle = phCredential,
        .expiry = ptsExpiry,
    };
    SECURITY_STATUS status;

    (void)pGetKeyFn;
    (void)pvGetKeyArgument;
    if (phCredential)
        SecInvalidateHandle(phCredential);
    if (ptsExpiry)
        ptsExpiry->QuadPart = 0;
    status = text_from_wide(pszPrincipal, &principal);
    if (status == SEC_E_OK)
        status = text_from_wide(pszPackage, &package);
    if (status != SEC_E_OK) {
        status = text_refused(call.function, status);
        goto out;
    }
    call.principal = principal;
    call.package = package;
    status = call_acquire(&call);
out:
    mem_free(principal);
    mem_free(package);
    return status;
}

/* ---- Contexts ---- */

SECURITY_STATUS SEC_ENTRY AcceptSecurityContext(PCredHandle phCredential, PCtxtHandle phContext, PSecBufferDesc pInput,
                                                ULONG fContextReq, ULONG TargetDataRep, PCtxtHandle phNewContext,
                                                PSecBufferDesc pOutput, PULONG pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "AcceptSecurityContext",
        .acceptor = true,
        .credential = phCredential,
        .context = phContext,
        .new_context = phNewContext,
        .requested = fContextReq,
        .data_representation = TargetDataRep,
        .input = pInput,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    return call_leg(&call);
}

SECURITY_STATUS SEC_ENTRY InitializeSecurityContextA(PCredHandle phCredential, PCtxtHandle phContext,
                                                     SEC_CHAR *pszTargetName, ULONG fContextReq, ULONG Reserved1,
                                                     ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
                                                     PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                     ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "InitializeSecurityContext",
        .credential = phCredential,
        .context = phContext,
        .new_context = phNewContext,
        .target = pszTargetName,
        .requested = fContextReq,
        .data_representation = TargetDataRep,
        .input = pInput,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };

    (void)Reserved1;
    (void)Reserved2;
    if (text_check_ansi(pszTargetName) != SEC_E_OK) {
        call_leg_clear(&call);
        return text_refused(call.function, SEC_E_INVALID_PARAMETER);
    }
    return call_leg(&call);
}

SECURITY_STATUS SEC_ENTRY InitializeSecurityContextW(PCredHandle phCredential, PCtxtHandle phContext,
                                                     SEC_WCHAR *pszTargetName, ULONG fContextReq, ULONG Reserved1,
                                                     ULONG TargetDataRep, PSecBufferDesc pInput, ULONG Reserved2,
                                                     PCtxtHandle phNewContext, PSecBufferDesc pOutput,
                                                     ULONG *pfContextAttr, PTimeStamp ptsExpiry)
{
    struct leg_call call = {
        .function = "InitializeSecurityContext",
        .credential = phCredential,
        .context = phContext,
        .new_context = phNewContext,
        .requested = fContextReq,
        .data_representation = TargetDataRep,
        .input = pInput,
        .output = pOutput,
        .attributes = pfContextAttr,
        .expiry = ptsExpiry,
    };
    char *target;
    SECURITY_STATUS status = text_from_wide(pszTargetName, &target);

    (void)Reserved1;
    (void)Reserved2;
    if (status != SEC_E_OK) {
        call_leg_clear(&call);
        return text_refused(call.function, status);
    }
    call.target = target;
    status = call_leg(&call);
    mem_free(target);
    return status;
}

/* ---- Attributes ---- */

SECURITY_STATUS SEC_ENTRY QueryContextAttributesA(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer)
{
    return call_query_context("QueryContextAttributes", false, phContext, ulAttribute, pBuffer, CALL_SIZE_UNKNOWN);
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesW(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer)
{
    return call_query_context("QueryContextAttributes", true, phContext, ulAttribute, pBuffer, CALL_SIZE_UNKNOWN);
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesExA(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer,
                                                    ULONG cbBuffer)
{
    return call_query_context("QueryContextAttributesEx", false, phContext, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS SEC_ENTRY QueryContextAttributesExW(PCtxtHandle phContext, ULONG ulAttribute, void *pBuffer,
                                                    ULONG cbBuffer)
{
    return call_query_context("QueryContextAttributesEx", true, phContext, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesA(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer)
{
    return call_query_credential("QueryCredentialsAttributes", false, phCredential, ulAttribute, pBuffer,
                                 CALL_SIZE_UNKNOWN);
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesW(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer)
{
    return call_query_credential("QueryCredentialsAttributes", true, phCredential, ulAttribute, pBuffer,
                                 CALL_SIZE_UNKNOWN);
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExA(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer,
                                                        ULONG cbBuffer)
{
    return call_query_credential("QueryCredentialsAttributesEx", false, phCredential, ulAttribute, pBuffer, cbBuffer);
}

SECURITY_STATUS SEC_ENTRY QueryCredentialsAttributesExW(PCredHandle phCredential, ULONG ulAttribute, void *pBuffer,
                                                        ULONG cbBuffer)
{
    return call_query_credential("QueryCredentialsAttributesEx", true, phCredential, ulAttribute, pBuffer, cbBuffer);
}
