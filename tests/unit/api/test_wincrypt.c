/*
 * Certificates and stores as Windows programs use them: wincrypt.c, wincrypt_store.c, certificate.c, credential_tls.c.
 */
#include "trial.h"

#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/live.h"
#include "compat/wincrypt.h"
#include "doubles.h"
#include "pki.h"
#include "schannel.h"

#define NAME "www.example.com"
#define ALIEN ((PCCERT_CONTEXT)(uintptr_t)0x1230)

static const char *pem(void)
{
    static const char *text;
    const struct pki_spec spec = {.name = NAME};
    X509 *x509;

    if (text)
        return text;
    (void)pki_authority();
    x509 = pki_certificate(&spec);
    text = pki_pem(x509, pki_private(PKI_P256));
    X509_free(x509);
    return text;
}

static const char *authority(void)
{
    static const char *text;

    return text ? text : (text = pki_pem(pki_authority(), NULL));
}

static PCCERT_CONTEXT certificate(const char *text)
{
    PCCERT_CONTEXT made = NULL;

    assert_status(SspiCertificateFromBytes(text, (ULONG)strlen(text), NULL, 0, NULL, &made), SEC_E_OK);
    return made;
}

static void explained(const char *words)
{
    char *text = NULL;

    assert_status(SspiExplainLastFailure(&text), SEC_E_OK);
    cr_assert_not_null(strstr(text, words), "\"%s\" does not say \"%s\"", text, words);
    assert_status(FreeContextBuffer(text), SEC_E_OK);
}

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "/tmp/sspi-api-%d-%s", (int)getpid(), name);
    return path;
}

static void write_file(const char *path, const char *content)
{
    FILE *file = fopen(path, "w");

    cr_assert(file && fputs(content, file) >= 0);
    fclose(file);
    cr_assert_eq(chmod(path, 0600), 0);
}

Test(wincrypt, certificates_live_as_long_as_referenced)
{
    PCCERT_CONTEXT first = certificate(pem()), decoded;

    cr_assert_eq(CertDuplicateCertificateContext(first), first);
    cr_assert(CertFreeCertificateContext(first));
    decoded = CertCreateCertificateContext(X509_ASN_ENCODING, first->pbCertEncoded, first->cbCertEncoded);
    cr_assert(decoded && decoded != first);
    cr_assert_eq(decoded->cbCertEncoded, first->cbCertEncoded);
    assert_mem_eq(decoded->pbCertEncoded, first->pbCertEncoded, first->cbCertEncoded);
    cr_assert(CertFreeCertificateContext(first));
    cr_assert_not(CertFreeCertificateContext(first));
    explained("no certificate");
    cr_assert_null(CertDuplicateCertificateContext(first));
    cr_assert(CertFreeCertificateContext(decoded));
    cr_assert(CertFreeCertificateContext(NULL));
    cr_assert_null(CertDuplicateCertificateContext(NULL));
    cr_assert_not(CertFreeCertificateContext(ALIEN));
    cr_assert_null(CertCreateCertificateContext(X509_ASN_ENCODING, (const BYTE *)"nonsense", 8));
    cr_assert_null(CertCreateCertificateContext(0, (const BYTE *)"nonsense", 8));
    cr_assert_null(CertCreateCertificateContext(X509_ASN_ENCODING, NULL, 8));
    cr_assert_eq(live_count(), 0);
}

Test(wincrypt, names_and_hash)
{
    PCCERT_CONTEXT made = certificate(pem());
    WCHAR wide[32];
    char text[32];
    BYTE hash[20];
    DWORD size = 0;

    cr_assert_eq(CertGetNameStringA(made, CERT_NAME_DNS_TYPE, 0, NULL, NULL, 0), sizeof NAME);
    cr_assert_eq(CertGetNameStringA(made, CERT_NAME_DNS_TYPE, 0, NULL, text, sizeof text), sizeof NAME);
    cr_assert_str_eq(text, NAME);
    cr_assert_eq(CertGetNameStringA(made, CERT_NAME_DNS_TYPE, 0, NULL, text, 4), 4);
    cr_assert_str_eq(text, "www");
    cr_assert_eq(CertGetNameStringW(made, CERT_NAME_SIMPLE_DISPLAY_TYPE, CERT_NAME_ISSUER_FLAG, NULL, wide, 32), 18);
    cr_assert_eq(memcmp(wide, u"Example Authority", 36), 0);
    cr_assert_eq(CertGetNameStringW(made, CERT_NAME_EMAIL_TYPE, 0, NULL, wide, 32), 1);
    cr_assert_eq(wide[0], 0);
    cr_assert_eq(CertGetNameStringA(ALIEN, CERT_NAME_DNS_TYPE, 0, NULL, text, sizeof text), 1);
    cr_assert_str_eq(text, "");
    cr_assert(CertGetCertificateContextProperty(made, CERT_HASH_PROP_ID, NULL, &size));
    cr_assert_eq(size, 20);
    size = 19;
    cr_assert_not(CertGetCertificateContextProperty(made, CERT_HASH_PROP_ID, hash, &size));
    cr_assert_eq(size, 20);
    cr_assert(CertGetCertificateContextProperty(made, CERT_HASH_PROP_ID, hash, &size));
    cr_assert_not(CertGetCertificateContextProperty(made, 2, hash, &size));
    cr_assert_not(CertGetCertificateContextProperty(ALIEN, CERT_HASH_PROP_ID, hash, &size));
    cr_assert_not(CertGetCertificateContextProperty(made, CERT_HASH_PROP_ID, hash, NULL));
    cr_assert(CertFreeCertificateContext(made));
}

/* ---- Stores ---- */

static DWORD count(HCERTSTORE store)
{
    PCCERT_CONTEXT each = NULL;
    DWORD found = 0;

    while ((each = CertEnumCertificatesInStore(store, each)) != NULL)
        found++;
    return found;
}

static bool finds(HCERTSTORE store, DWORD type, const void *parameter)
{
    PCCERT_CONTEXT found = CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, type, parameter, NULL);

    return found && CertFreeCertificateContext(found);
}

Test(wincrypt, stores_keep_and_find)
{
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, NULL);
    PCCERT_CONTEXT server = certificate(pem()), root = certificate(authority()), added = NULL;
    BYTE hash[20] = {0};
    CRYPT_HASH_BLOB blob = {20, hash};
    DWORD size = sizeof hash;

    cr_assert_not_null(store);
    cr_assert_eq(count(store), 0);
    cr_assert(CertAddCertificateContextToStore(store, server, CERT_STORE_ADD_NEW, NULL));
    cr_assert_not(CertAddCertificateContextToStore(store, server, CERT_STORE_ADD_NEW, &added));
    cr_assert_null(added);
    cr_assert(CertAddCertificateContextToStore(store, server, CERT_STORE_ADD_USE_EXISTING, &added));
    cr_assert_eq(added, server);
    cr_assert(CertFreeCertificateContext(added));
    cr_assert(CertAddCertificateContextToStore(store, root, CERT_STORE_ADD_ALWAYS, NULL));
    cr_assert_eq(count(store), 2);
    cr_assert(finds(store, CERT_FIND_ANY, NULL));
    cr_assert(finds(store, CERT_FIND_SUBJECT_STR_A, "WWW.example"));
    cr_assert(finds(store, CERT_FIND_SUBJECT_STR_W, u"Example Auth"));
    cr_assert(finds(store, CERT_FIND_ISSUER_STR_A, "authority"));
    cr_assert_not(finds(store, CERT_FIND_SUBJECT_STR_A, "nobody"));
    cr_assert_not(finds(store, CERT_FIND_SUBJECT_STR_A, NULL));
    cr_assert_not(finds(store, CERT_FIND_SHA1_HASH, &blob));
    cr_assert(CertGetCertificateContextProperty(root, CERT_HASH_PROP_ID, hash, &size));
    cr_assert(finds(store, CERT_FIND_SHA1_HASH, &blob));
    cr_assert(finds(store, CERT_FIND_SUBJECT_NAME, &server->pCertInfo->Subject));
    cr_assert(finds(store, CERT_FIND_ISSUER_NAME, &server->pCertInfo->Issuer));
    cr_assert(finds(store, CERT_FIND_EXISTING, root));
    cr_assert_not(finds(store, CERT_FIND_EXISTING, ALIEN));
    cr_assert(finds(store, CERT_FIND_HAS_PRIVATE_KEY, NULL));
    cr_assert_not(finds(store, 0x00990000, NULL));
    cr_assert(CertFreeCertificateContext(server));
    cr_assert_eq(count(store), 2);
    cr_assert(CertCloseStore(store, 0));
    cr_assert_not(CertCloseStore(store, 0));
    cr_assert_eq(count(store), 0);
    cr_assert_not(CertAddCertificateContextToStore(store, root, CERT_STORE_ADD_ALWAYS, NULL));
    cr_assert(CertFreeCertificateContext(root));
    cr_assert(CertCloseStore(NULL, 0));
    cr_assert_eq(live_count(), 0);
}

Test(wincrypt, stores_of_files_and_of_the_system)
{
    const char *path = path_of("store.pem");
    HCERTSTORE store;

    write_file(path, pem());
    store = CertOpenStore(CERT_STORE_PROV_FILENAME_A, 0, 0, 0, path);
    cr_assert_eq(count(store), 1);
    cr_assert(CertCloseStore(store, 0));
    assert_status(SspiCertificateStoreFromPath(path, &store), SEC_E_OK);
    cr_assert_eq(count(store), 1);
    cr_assert(CertCloseStore(store, 0));
    cr_assert_eq(setenv("SSPI_TLS_CERTIFICATE", path, 1), 0);
    store = CertOpenSystemStoreA(0, "My");
    cr_assert(finds(store, CERT_FIND_HAS_PRIVATE_KEY, NULL));
    cr_assert(CertCloseStore(store, 0));
    store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, u"MY");
    cr_assert_eq(count(store), 1);
    cr_assert(CertCloseStore(store, 0));
    unsetenv("SSPI_TLS_CERTIFICATE");
    store = CertOpenSystemStoreW(0, u"ROOT");
    cr_assert_not_null(store);
    cr_assert(CertCloseStore(store, 0));
    cr_assert_null(CertOpenSystemStoreA(0, "AddressBook"));
    explained("MY and ROOT");
    cr_assert_null(CertOpenStore(CERT_STORE_PROV_FILENAME_A, 0, 0, 0, "/tmp/there/is/nothing"));
    explained("/tmp/there/is/nothing");
    cr_assert_null(CertOpenStore(CERT_STORE_PROV_FILENAME_A, 0, 0, 0, NULL));
    cr_assert_null(CertOpenStore((LPCSTR)3, 0, 0, 0, path));
    assert_status(SspiCertificateStoreFromPath(NULL, &store), SEC_E_INVALID_PARAMETER);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(live_count(), 0);
}

Test(wincrypt, pkcs12)
{
    const struct pki_spec spec = {.name = NAME};
    X509 *x509 = (pki_authority(), pki_certificate(&spec));
    PKCS12 *archive = PKCS12_create("Zebra9", "web", pki_private(PKI_P256), x509, NULL, 0, 0, 100, 100, 0);
    CRYPT_DATA_BLOB blob = {0};
    HCERTSTORE store;
    int size = i2d_PKCS12(archive, &blob.pbData);

    blob.cbData = (DWORD)size;
    store = PFXImportCertStore(&blob, u"Zebra9", CRYPT_EXPORTABLE);
    cr_assert(finds(store, CERT_FIND_HAS_PRIVATE_KEY, NULL));
    cr_assert(CertCloseStore(store, 0));
    cr_assert_null(PFXImportCertStore(&blob, u"zebra9", 0));
    explained("password of the PKCS#12 file is wrong");
    cr_assert_null(PFXImportCertStore(&blob, NULL, 0));
    cr_assert_null(PFXImportCertStore(NULL, u"Zebra9", 0));
    OPENSSL_free(blob.pbData);
    PKCS12_free(archive);
    X509_free(x509);
    cr_assert_eq(live_count(), 0);
}

Test(wincrypt, nothing_is_left_without_memory)
{
    PCCERT_CONTEXT root = certificate(authority());

    for (size_t n = 1;; n++) {
        const size_t live = memory_live();
        HCERTSTORE store;
        bool done;

        memory_fail_at(n);
        store = CertOpenStore(CERT_STORE_PROV_MEMORY, 0, 0, 0, NULL);
        done = store && CertAddCertificateContextToStore(store, root, CERT_STORE_ADD_ALWAYS, NULL);
        if (store)
            cr_assert(CertCloseStore(store, 0));
        if (memory_count() < n) {
            cr_assert(done);
            break;
        }
        cr_assert_not(done);
        cr_assert_eq(memory_live(), live);
    }
    memory_fail_at(0);
    cr_assert(CertFreeCertificateContext(root));
}

/* ---- Our own ---- */

Test(certificate, from_a_file)
{
    const char *path = path_of("web.pem");
    PCCERT_CONTEXT made = ALIEN;

    write_file(path, pem());
    assert_status(SspiCertificateFromFile(path, NULL, NULL, &made), SEC_E_OK);
    cr_assert(CertFreeCertificateContext(made));
    assert_status(SspiCertificateFromFile(path, "/tmp/there/is/nothing", NULL, &made), SEC_E_NO_CREDENTIALS);
    cr_assert_null(made);
    explained("/tmp/there/is/nothing");
    assert_status(SspiCertificateFromFile(NULL, NULL, NULL, &made), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCertificateFromFile(path, NULL, NULL, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCertificateFromBytes(NULL, 0, NULL, 0, NULL, &made), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCertificateSetOcspResponse(ALIEN, "x", 1), SEC_E_INVALID_PARAMETER);
    made = certificate(pem());
    assert_status(SspiCertificateSetOcspResponse(made, NULL, 1), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCertificateSetOcspResponse(made, "x", 1), SEC_E_NO_CREDENTIALS);
    cr_assert(CertFreeCertificateContext(made));
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(live_count(), 0);
}

Test(credential_tls, for_packages_that_take_it)
{
    SecHandle credential = trial_credential("Trial", SECPKG_CRED_INBOUND);
    const ULONG size = (ULONG)strlen(pem());

    assert_status(SspiCredentialSetCertificate(&credential, pem(), size, NULL, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiCredentialAddCertificate(&credential, pem(), size, NULL, 0, NULL), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiCredentialSetTrust(&credential, pem(), size), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiCredentialSetOcspResponse(&credential, pem(), size), SEC_E_UNSUPPORTED_FUNCTION);
    assert_status(SspiCredentialSetTrust(&credential, NULL, size), SEC_E_INVALID_PARAMETER);
    assert_status(SspiCredentialSetCertificate(&credential, NULL, size, NULL, 0, NULL), SEC_E_INVALID_PARAMETER);
    assert_status(FreeCredentialsHandle(&credential), SEC_E_OK);
    assert_status(SspiCredentialSetTrust(&credential, pem(), size), SEC_E_INVALID_HANDLE);
    assert_status(SspiCredentialAddCertificate(&credential, pem(), size, NULL, 0, NULL), SEC_E_INVALID_HANDLE);
}
