/*
 * The functions of wincrypt.h on stores of certificates.
 */
#include <string.h>

#include "api/explain.h"
#include "api/text.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/settings.h"
#include "base/utf.h"
#include "certificate/certificate.h"
#include "certificate/name.h"
#include "certificate/store.h"

/* ---- Opening ---- */

static SECURITY_STATUS configured_add(void *argument, struct certificate *certificate, struct failure *failure)
{
    if (certificate_store_add(argument, certificate))
        return SEC_E_OK;
    return failure_set(failure, SEC_E_INSUFFICIENT_MEMORY, SSPI_REASON_OUT_OF_MEMORY, "no memory for a store");
}

/* "MY" and "ROOT", as the operator configured them. */
static SECURITY_STATUS system_fill(struct certificate_store *store, const char *name, struct failure *failure)
{
    struct settings settings;
    SECURITY_STATUS status = settings_load(&settings, failure);

    if (status != SEC_E_OK)
        return status;
    if (utf8_same_name(name, "MY"))
        status = certificate_configured_each(&settings, configured_add, store, failure);
    else if (!utf8_same_name(name, "ROOT"))
        status = failure_set(failure, SEC_E_INVALID_PARAMETER, SSPI_REASON_USAGE,
                             "the system has the stores MY and ROOT, not \"%.64s\"", name);
    else if (settings.tls_trust && strcmp(settings.tls_trust, "system") != 0)
        status = certificate_store_load_path(store, settings.tls_trust, failure);
    settings_clear(&settings);
    return status;
}

enum store_kind { STORE_MEMORY, STORE_FILE, STORE_SYSTEM };

/* `name` is not NULL but for memory. */
static HCERTSTORE store_open(const char *function, enum store_kind kind, const char *name)
{
    struct certificate_store *store = certificate_store_new();
    struct failure failure = {0};
    SECURITY_STATUS status = store ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;

    if (store && kind == STORE_FILE)
        status = certificate_store_load_path(store, name, &failure);
    if (store && kind == STORE_SYSTEM)
        status = system_fill(store, name, &failure);
    if (explain_keep(function, status, &failure) == SEC_E_OK)
        return store;
    certificate_store_release(store);
    return NULL;
}

static HCERTSTORE store_open_wide(const char *function, enum store_kind kind, LPCWSTR wide)
{
    char *name;
    HCERTSTORE store;
    SECURITY_STATUS status = text_from_wide(wide, &name);

    if (status != SEC_E_OK) {
        (void)explain_keep(function, status, NULL);
        return NULL;
    }
    store = store_open(function, kind, name);
    mem_free(name);
    return store;
}

HCERTSTORE WINAPI CertOpenStore(LPCSTR lpszStoreProvider, DWORD dwEncodingType, HCRYPTPROV_LEGACY hCryptProv,
                                DWORD dwFlags, const void *pvPara)
{
    static const char function[] = "CertOpenStore";
    const uintptr_t provider = (uintptr_t)lpszStoreProvider;

    (void)dwEncodingType, (void)hCryptProv, (void)dwFlags;
    if (provider == (uintptr_t)CERT_STORE_PROV_MEMORY)
        return store_open(function, STORE_MEMORY, NULL);
    if (!pvPara)
        (void)explain_usage(function, SEC_E_INVALID_PARAMETER, "pvPara is NULL");
    else if (provider == (uintptr_t)CERT_STORE_PROV_FILENAME_A)
        return store_open(function, STORE_FILE, pvPara);
    else if (provider == (uintptr_t)CERT_STORE_PROV_FILENAME_W)
        return store_open_wide(function, STORE_FILE, pvPara);
    else if (provider == (uintptr_t)CERT_STORE_PROV_SYSTEM_A)
        return store_open(function, STORE_SYSTEM, pvPara);
    else if (provider == (uintptr_t)CERT_STORE_PROV_SYSTEM_W)
        return store_open_wide(function, STORE_SYSTEM, pvPara);
    else
        (void)explain_usage(function, SEC_E_UNSUPPORTED_FUNCTION, "there are no stores of this kind");
    return NULL;
}

HCERTSTORE WINAPI CertOpenSystemStoreA(HCRYPTPROV_LEGACY hProv, LPCSTR szSubsystemProtocol)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_A, 0, hProv, 0, szSubsystemProtocol);
}

HCERTSTORE WINAPI CertOpenSystemStoreW(HCRYPTPROV_LEGACY hProv, LPCWSTR szSubsystemProtocol)
{
    return CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, hProv, 0, szSubsystemProtocol);
}

BOOL WINAPI CertCloseStore(HCERTSTORE hCertStore, DWORD dwFlags)
{
    (void)dwFlags;
    if (!hCertStore || certificate_store_close(hCertStore))
        return 1;
    (void)explain_usage("CertCloseStore", SEC_E_INVALID_HANDLE, "hCertStore is no store");
    return 0;
}

/* PKCS#12 only: PEM would be a store without its key. */
static HCERTSTORE pfx_open(const char *function, const CRYPT_DATA_BLOB *pfx, const char *password)
{
    struct certificate_store *store = certificate_store_new();
    struct failure failure = {0};
    const struct bytes text = password ? bytes_of(password, strlen(password)) : (struct bytes){0};
    SECURITY_STATUS status = SEC_E_INSUFFICIENT_MEMORY;

    if (store)
        status = certificate_store_load(store, bytes_of(pfx->pbData, pfx->cbData), NULL, text, &failure);
    if (explain_keep(function, status, &failure) == SEC_E_OK)
        return store;
    certificate_store_release(store);
    return NULL;
}

HCERTSTORE WINAPI PFXImportCertStore(CRYPT_DATA_BLOB *pPFX, LPCWSTR szPassword, DWORD dwFlags)
{
    static const char function[] = "PFXImportCertStore";
    HCERTSTORE store = NULL;
    char *password = NULL;
    SECURITY_STATUS status;

    (void)dwFlags;
    if (!pPFX || !pPFX->pbData) {
        (void)explain_usage(function, SEC_E_INVALID_PARAMETER, "pPFX is NULL or empty");
        return NULL;
    }
    status = text_from_wide(szPassword, &password);
    if (explain_keep(function, status, NULL) == SEC_E_OK)
        store = pfx_open(function, pPFX, password);
    if (password)
        mem_free_secret(password, strlen(password));
    return store;
}

/* ---- Adding ---- */

static bool same_der(const struct certificate *certificate, const void *argument)
{
    const CERT_CONTEXT *wanted = argument;

    return certificate->context.cbCertEncoded == wanted->cbCertEncoded
           && memcmp(certificate->context.pbCertEncoded, wanted->pbCertEncoded, wanted->cbCertEncoded) == 0;
}

/* The certificate that is in the store in the end, retained; NULL: a failure. */
static struct certificate *add(struct certificate_store *store, struct certificate *certificate, DWORD disposition,
                               SECURITY_STATUS *status)
{
    struct certificate *present = NULL;
    size_t index = 0;

    *status = SEC_E_OK;
    if (disposition < CERT_STORE_ADD_NEW || disposition > CERT_STORE_ADD_ALWAYS)
        *status = SEC_E_INVALID_PARAMETER;
    else if (disposition != CERT_STORE_ADD_ALWAYS)
        present = certificate_store_find(store, same_der, &certificate->context, &index);
    if (present && disposition == CERT_STORE_ADD_NEW)
        *status = SEC_E_INVALID_PARAMETER;
    if (*status == SEC_E_OK && present)
        return present;
    certificate_release(present);
    if (*status == SEC_E_OK && !certificate_store_add(store, certificate))
        *status = SEC_E_INSUFFICIENT_MEMORY;
    return *status == SEC_E_OK ? certificate_retain(certificate) : NULL;
}

BOOL WINAPI CertAddCertificateContextToStore(HCERTSTORE hCertStore, PCCERT_CONTEXT pCertContext, DWORD dwAddDisposition,
                                             PCCERT_CONTEXT *ppStoreContext)
{
    struct certificate_store *store = certificate_store_hold(hCertStore);
    struct certificate *certificate = certificate_hold(pCertContext), *added = NULL;
    SECURITY_STATUS status = SEC_E_INVALID_HANDLE;

    if (ppStoreContext)
        *ppStoreContext = NULL;
    if (store && certificate)
        added = add(store, certificate, dwAddDisposition, &status);
    if (added && ppStoreContext)
        *ppStoreContext = &added->context;
    else
        certificate_release(added);
    certificate_release(certificate);
    certificate_store_release(store);
    return explain_keep("CertAddCertificateContextToStore", status, NULL) >= 0;
}

/* ---- Finding ---- */

struct search {
    DWORD type;
    const void *parameter;
    char *text; /* of CERT_FIND_..._STR */
};

static bool blob_equals(const CRYPT_DATA_BLOB *blob, const void *data, size_t size)
{
    return blob && blob->cbData == size && blob->pbData && memcmp(blob->pbData, data, size) == 0;
}

static bool fits(const struct certificate *certificate, const void *argument)
{
    const struct search *search = argument;
    const CERT_INFO *info = &certificate->info;
    uint8_t hash[CERTIFICATE_HASH_SIZE];

    switch (search->type) {
    case CERT_FIND_ANY:
        return true;
    case CERT_FIND_SHA1_HASH:
        return certificate_hash(certificate, hash) && blob_equals(search->parameter, hash, sizeof hash);
    case CERT_FIND_SUBJECT_NAME:
        return blob_equals(search->parameter, info->Subject.pbData, info->Subject.cbData);
    case CERT_FIND_ISSUER_NAME:
        return blob_equals(search->parameter, info->Issuer.pbData, info->Issuer.cbData);
    case CERT_FIND_SUBJECT_STR_A:
    case CERT_FIND_SUBJECT_STR_W:
        return search->text && certificate_name_holds(certificate, false, search->text);
    case CERT_FIND_ISSUER_STR_A:
    case CERT_FIND_ISSUER_STR_W:
        return search->text && certificate_name_holds(certificate, true, search->text);
    case CERT_FIND_EXISTING:
        return same_der(certificate, search->parameter);
    case CERT_FIND_HAS_PRIVATE_KEY:
        return certificate->key != NULL;
    default:
        return false;
    }
}

static SECURITY_STATUS search_begin(struct search *search, DWORD type, const void *parameter)
{
    struct certificate *existing;

    *search = (struct search){.type = type, .parameter = parameter};
    if (type == CERT_FIND_EXISTING) {
        existing = certificate_hold(parameter);
        certificate_release(existing); /* the caller holds it as long as the call lasts */
        return existing ? SEC_E_OK : SEC_E_INVALID_PARAMETER;
    }
    if (type == CERT_FIND_SUBJECT_STR_W || type == CERT_FIND_ISSUER_STR_W)
        return text_from_wide(parameter, &search->text);
    if (type != CERT_FIND_SUBJECT_STR_A && type != CERT_FIND_ISSUER_STR_A)
        return SEC_E_OK;
    search->text = mem_strdup(parameter);
    return search->text || !parameter ? SEC_E_OK : SEC_E_INSUFFICIENT_MEMORY;
}

/* From the place behind `previous` on, whose reference the caller gave away. */
static PCCERT_CONTEXT find(struct certificate_store *store, const struct search *search, PCCERT_CONTEXT previous)
{
    struct certificate *found, *before = certificate_hold(previous);
    size_t index = 0;

    if (before && certificate_store_index(store, before, &index))
        index++;
    found = certificate_store_find(store, fits, search, &index);
    certificate_release(before);
    return found ? &found->context : NULL;
}

PCCERT_CONTEXT WINAPI CertFindCertificateInStore(HCERTSTORE hCertStore, DWORD dwCertEncodingType, DWORD dwFindFlags,
                                                 DWORD dwFindType, const void *pvFindPara,
                                                 PCCERT_CONTEXT pPrevCertContext)
{
    static const char function[] = "CertFindCertificateInStore";
    struct certificate_store *store = certificate_store_hold(hCertStore);
    PCCERT_CONTEXT found = NULL;
    struct search search;
    SECURITY_STATUS status;

    (void)dwCertEncodingType, (void)dwFindFlags;
    status = store ? search_begin(&search, dwFindType, pvFindPara) : SEC_E_INVALID_HANDLE;
    if (explain_keep(function, status, NULL) == SEC_E_OK) {
        found = find(store, &search, pPrevCertContext);
        mem_free(search.text);
    }
    if (pPrevCertContext && !certificate_context_free(pPrevCertContext))
        (void)explain_usage(function, SEC_E_INVALID_HANDLE, "pPrevCertContext is no certificate");
    certificate_store_release(store);
    return found;
}

PCCERT_CONTEXT WINAPI CertEnumCertificatesInStore(HCERTSTORE hCertStore, PCCERT_CONTEXT pPrevCertContext)
{
    return CertFindCertificateInStore(hCertStore, X509_ASN_ENCODING, 0, CERT_FIND_ANY, NULL, pPrevCertContext);
}
