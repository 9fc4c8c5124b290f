/*
 * Certificates and stores for programs: our own functions that load them, and the session cache of schannel.h.
 */
#include "certificate/certificate.h"

#include <string.h>

#include "api/calls.h"
#include "api/explain.h"
#include "api/text.h"
#include "base/memory.h"
#include "certificate/store.h"
#include "schannel.h"

static struct bytes password_of(const char *password)
{
    return password ? bytes_of(password, strnlen(password, CERTIFICATE_PASSWORD_LIMIT + 1)) : (struct bytes){0};
}

static SECURITY_STATUS hand_out(const char *function, SECURITY_STATUS status, struct certificate *made,
                                PCCERT_CONTEXT *certificate, struct failure *failure)
{
    if (status == SEC_E_OK)
        *certificate = &made->context;
    return explain_keep(function, status, failure);
}

SECURITY_STATUS SEC_ENTRY SspiCertificateFromFile(const char *path, const char *key_path, const char *password,
                                                  PCCERT_CONTEXT *certificate)
{
    static const char function[] = "SspiCertificateFromFile";
    struct certificate *made = NULL;
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (certificate)
        *certificate = NULL;
    if (!path || !certificate)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "path or certificate is NULL");
    status = certificate_load_file(path, key_path, password_of(password), key_path != NULL, &made, &failure);
    return hand_out(function, status, made, certificate, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiCertificateFromBytes(const void *content, ULONG content_size, const void *key,
                                                   ULONG key_size, const char *password, PCCERT_CONTEXT *certificate)
{
    static const char function[] = "SspiCertificateFromBytes";
    const struct certificate_source source = {
        .content = bytes_of(content, content_size),
        .key = bytes_of(key, key ? key_size : 0),
        .password = password_of(password),
        .key_wanted = key != NULL,
    };
    struct certificate *made = NULL;
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (certificate)
        *certificate = NULL;
    if (!content || !certificate)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "content or certificate is NULL");
    status = certificate_load(&source, &made, &failure);
    return hand_out(function, status, made, certificate, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiCertificateSetOcspResponse(PCCERT_CONTEXT certificate, const void *response,
                                                         ULONG response_size)
{
    static const char function[] = "SspiCertificateSetOcspResponse";
    struct certificate *held = certificate_hold(certificate);
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (!held)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "certificate is not one");
    if (response)
        status = certificate_ocsp_set(held, bytes_of(response, response_size), &failure);
    else
        status = failure_set(&failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE, "response is NULL");
    certificate_release(held);
    return explain_keep(function, status, &failure);
}

SECURITY_STATUS SEC_ENTRY SspiCertificateStoreFromPath(const char *path, HCERTSTORE *store)
{
    static const char function[] = "SspiCertificateStoreFromPath";
    struct certificate_store *made;
    struct failure failure = {0};
    SECURITY_STATUS status;

    if (store)
        *store = NULL;
    if (!path || !store)
        return explain_usage(function, SEC_E_INVALID_PARAMETER, "path or store is NULL");
    made = certificate_store_new();
    if (!made)
        return explain_keep(function, SEC_E_INSUFFICIENT_MEMORY, NULL);
    status = certificate_store_load_path(made, path, &failure);
    if (status == SEC_E_OK)
        *store = made;
    else
        certificate_store_release(made);
    return explain_keep(function, status, &failure);
}

/* ---- Sessions that clients keep ---- */

static BOOL cache_empty(const char *target, DWORD flags)
{
    const struct provider *provider;

    if (flags)
        return explain_usage("SslEmptyCache", SEC_E_INVALID_PARAMETER, "dwFlags is not 0") >= 0;
    for (size_t i = 0; (provider = registry_at(i)) != NULL; i++)
        if (provider->forget_sessions)
            provider->forget_sessions(target);
    return 1;
}

BOOL SEC_ENTRY SslEmptyCacheA(LPSTR pszTargetName, DWORD dwFlags)
{
    return cache_empty(pszTargetName, dwFlags);
}

BOOL SEC_ENTRY SslEmptyCacheW(LPWSTR pszTargetName, DWORD dwFlags)
{
    SECURITY_STATUS status;
    char *target;
    BOOL done;

    status = text_from_wide(pszTargetName, &target);
    if (status != SEC_E_OK)
        return explain_keep("SslEmptyCache", status, NULL) >= 0;
    done = cache_empty(target, dwFlags);
    mem_free(target);
    return done;
}
