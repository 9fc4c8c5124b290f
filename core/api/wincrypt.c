/*
 * The functions of wincrypt.h that Windows programs use around Schannel: certificates.
 */
#include <string.h>

#include "api/explain.h"
#include "api/text.h"
#include "base/memory.h"
#include "base/utf.h"
#include "certificate/certificate.h"
#include "certificate/name.h"

PCCERT_CONTEXT WINAPI CertCreateCertificateContext(DWORD dwCertEncodingType, const BYTE *pbCertEncoded,
                                                   DWORD cbCertEncoded)
{
    static const char function[] = "CertCreateCertificateContext";
    const struct certificate_source source = {.content = bytes_of(pbCertEncoded, cbCertEncoded)};
    struct certificate *made = NULL;
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (!(dwCertEncodingType & X509_ASN_ENCODING) || !pbCertEncoded)
        status = explain_usage(function, SEC_E_INVALID_PARAMETER, "the encoding is not X.509, or the bytes are NULL");
    else
        status = explain_keep(function, certificate_load(&source, &made, &failure), &failure);
    return status == SEC_E_OK && made ? &made->context : NULL;
}

static PCCERT_CONTEXT foreign(const char *function)
{
    (void)explain_usage(function, SEC_E_INVALID_HANDLE, "pCertContext is no certificate");
    return NULL;
}

PCCERT_CONTEXT WINAPI CertDuplicateCertificateContext(PCCERT_CONTEXT pCertContext)
{
    if (!pCertContext)
        return NULL;
    return certificate_hold(pCertContext) ? pCertContext : foreign("CertDuplicateCertificateContext");
}

BOOL WINAPI CertFreeCertificateContext(PCCERT_CONTEXT pCertContext)
{
    if (!pCertContext || certificate_context_free(pCertContext))
        return 1;
    (void)foreign("CertFreeCertificateContext");
    return 0;
}

static SECURITY_STATUS hash_give(const struct certificate *certificate, DWORD property, void *data, DWORD *size)
{
    uint8_t hash[CERTIFICATE_HASH_SIZE];
    const DWORD room = *size;

    if (property != CERT_SHA1_HASH_PROP_ID)
        return SEC_E_UNSUPPORTED_FUNCTION;
    *size = sizeof hash;
    if (!data)
        return SEC_E_OK;
    if (room < sizeof hash)
        return SEC_E_BUFFER_TOO_SMALL;
    if (!certificate_hash(certificate, hash))
        return SEC_E_INTERNAL_ERROR;
    memcpy(data, hash, sizeof hash);
    return SEC_E_OK;
}

BOOL WINAPI CertGetCertificateContextProperty(PCCERT_CONTEXT pCertContext, DWORD dwPropId, void *pvData, DWORD *pcbData)
{
    static const char function[] = "CertGetCertificateContextProperty";
    struct certificate *certificate = certificate_hold(pCertContext);
    SECURITY_STATUS status;

    if (!certificate || !pcbData) {
        certificate_release(certificate);
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "pCertContext is no certificate, or pcbData is NULL")
               >= 0;
    }
    status = hash_give(certificate, dwPropId, pvData, pcbData);
    certificate_release(certificate);
    return explain_keep(function, status, NULL) >= 0;
}

/* ---- Names ---- */

/* The name as the caller wants it; NULL after a failure that was explained. */
static char *name_make(const char *function, PCCERT_CONTEXT context, DWORD type, DWORD flags, const void *parameter)
{
    struct certificate *certificate = certificate_hold(context);
    const char *oid = type == CERT_NAME_ATTR_TYPE ? parameter : NULL;
    char *name;

    if (!certificate) {
        (void)foreign(function);
        return NULL;
    }
    name = certificate_name(certificate, type, (flags & CERT_NAME_ISSUER_FLAG) != 0, oid);
    certificate_release(certificate);
    if (!name)
        (void)explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    return name;
}

/* No such name: an empty text, as on Windows. */
static DWORD nothing(void *out, DWORD room, size_t unit)
{
    if (out && room)
        memset(out, 0, unit);
    return 1;
}

DWORD WINAPI CertGetNameStringA(PCCERT_CONTEXT pCertContext, DWORD dwType, DWORD dwFlags, void *pvTypePara,
                                LPSTR pszNameString, DWORD cchNameString)
{
    char *name = name_make("CertGetNameString", pCertContext, dwType, dwFlags, pvTypePara);
    size_t size;

    if (!name)
        return nothing(pszNameString, cchNameString, 1);
    size = strlen(name) + 1;
    if (pszNameString && cchNameString) {
        if (size > cchNameString)
            size = cchNameString;
        memcpy(pszNameString, name, size - 1);
        pszNameString[size - 1] = '\0';
    }
    mem_free(name);
    return (DWORD)size;
}

DWORD WINAPI CertGetNameStringW(PCCERT_CONTEXT pCertContext, DWORD dwType, DWORD dwFlags, void *pvTypePara,
                                LPWSTR pszNameString, DWORD cchNameString)
{
    char *name = name_make("CertGetNameString", pCertContext, dwType, dwFlags, pvTypePara);
    uint8_t *wide = NULL;
    size_t size = 0, count;

    if (!name || utf16le_from_utf8(bytes_of(name, strlen(name)), &wide, &size) != SEC_E_OK) {
        mem_free(name);
        return nothing(pszNameString, cchNameString, sizeof(WCHAR));
    }
    count = size / sizeof(WCHAR) + 1;
    if (pszNameString && cchNameString) {
        if (count > cchNameString)
            count = cchNameString;
        memcpy(pszNameString, wide, (count - 1) * sizeof(WCHAR));
        pszNameString[count - 1] = 0;
    }
    mem_free(wide);
    mem_free(name);
    return (DWORD)count;
}
